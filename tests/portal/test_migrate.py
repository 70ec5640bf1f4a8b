"""The schema in the models, the schema the migrations make, and what must not be lost between them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from portal import db
from portal.migrate import _config, migrate, pending, unprotected
from portal.schema import APPEND_ONLY


def test_migrations_make_exactly_what_the_models_say(database_urls: tuple[str, str]) -> None:
    engine = db.connect(database_urls[0])
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_migrating_again_changes_nothing_and_puts_lost_triggers_back(database_urls: tuple[str, str]) -> None:
    owner, app = database_urls
    engine = db.connect(owner)
    on = " ON event" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER event_no_update{on}")
        assert unprotected(connection) == ["event"]
    migrate(owner, app)
    with engine.begin() as connection:
        assert unprotected(connection) == []
    assert not pending(engine)
    engine.dispose()


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_on_postgresql_the_portals_role_cannot_rewrite_what_is_append_only(
    database_urls: tuple[str, str], table: str
) -> None:
    _owner, app = database_urls
    if not app.startswith("postgresql"):
        # SQLite has no roles; there the triggers stand in, and the test above proves that they are there
        return
    engine = db.connect(app)
    for right in ("UPDATE", "DELETE", "TRUNCATE"):
        with engine.begin() as connection:
            assert not connection.scalar(sa.text(f"SELECT has_table_privilege('{table}', '{right}')"))
    engine.dispose()


def test_an_empty_database_is_noticed_before_anything_is_served(tmp_path) -> None:
    engine = db.connect(f"sqlite:///{tmp_path / 'empty.db'}")
    assert pending(engine)
    engine.dispose()


def test_a_migration_that_makes_a_table_anew_keeps_the_rows_that_refer_to_it(tmp_path) -> None:
    """The second migration loosens a column of `case`; on SQLite that drops the table and makes it again."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = db.connect(url)
    with engine.execution_options(portal_writable=True).begin() as connection:
        command.upgrade(_config(connection), "0001")
        for statement in _AN_OLD_CASE:
            connection.exec_driver_sql(statement)
    migrate(url, url)
    with engine.connect() as connection:
        assert connection.scalar(sa.text('SELECT count(*) FROM "case"')) == 1
        assert connection.scalar(sa.text("SELECT name FROM event")) == "opened"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert "closed_at IS NULL" in connection.scalar(
            sa.text("SELECT sql FROM sqlite_master WHERE name = 'ix_case_open_due'")
        )
    engine.dispose()


_AN_OLD_CASE = (
    "INSERT INTO person (id, version, sealed, language, created_at) VALUES ('a1', 1, x'00', 'en', '2026-01-01')",
    (
        'INSERT INTO "case" (id, reference, kind, state, seq, version, received_on, clock_status, requester_id, sealed,'
        " label, created_at) VALUES ('b1', 'SAR-1', 'subject_access', 'received', 1, 1, '2026-01-01', 'running', 'a1',"
        " x'00', x'00', '2026-01-01')"
    ),
    (
        "INSERT INTO event (case_id, seq, at, on_date, name, from_state, to_state, actor, sealed) VALUES"
        " ('b1', 1, '2026-01-01', '2026-01-01', 'opened', 'received', 'received', 'visitor', x'00')"
    ),
)
