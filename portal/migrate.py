"""Brings a database to this version's schema, and puts back what a migration may drop: triggers and rights."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlmodel import SQLModel

from portal import db
from portal.schema import APPEND_ONLY


class MigrationBroken(Exception):
    """A migration would have left the database inconsistent."""


def migrate(owner_url: str, app_url: str) -> None:
    """Migrates as the owner; on PostgreSQL the role of `app_url` then gets the rights of the running portal.

    Safe to run again, and after having been killed half-way: everything is one transaction."""
    engine = db.connect(owner_url, pool_size=1)
    if engine.dialect.name == "sqlite":
        # A table that SQLite cannot alter is made anew, and dropping the old one would drop what refers to it. The
        # pragma does nothing inside a transaction; what it would have caught is looked for before the commit.
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys=OFF"))
    try:
        with engine.execution_options(portal_writable=True).begin() as connection:
            command.upgrade(_config(connection), "head")
            _check_references(connection)
            _protect(connection)
            _comment(connection)
            _grant(connection, app_url)
    finally:
        engine.dispose()


def _check_references(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise MigrationBroken("rows refer to rows that are not there; nothing was changed")


def pending(engine: sa.Engine) -> bool:
    """Whether the database is not at this version's schema."""
    with engine.execution_options(portal_writable=False).connect() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
    return at != ScriptDirectory.from_config(_config(None)).get_current_head()


def unprotected(connection: sa.Connection) -> list[str]:
    """Names of append-only tables whose triggers are missing (for `portal check`)."""
    if connection.dialect.name == "sqlite":
        found = set(connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    else:
        found = set(
            connection.scalars(sa.text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"))
        )
    return [table for table in APPEND_ONLY if not {f"{table}_no_update", f"{table}_no_delete"} <= found]


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _protect(connection: sa.Connection) -> None:
    for table in APPEND_ONLY:
        for act in ("update", "delete"):
            for statement in _trigger(connection.dialect.name, table, act):
                connection.exec_driver_sql(statement)


def _trigger(dialect: str, table: str, act: str) -> list[str]:
    name = f"{table}_no_{act}"
    said = f"rows of {table} are never changed"
    if dialect == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {act.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END",
        ]
    return [
        (
            f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$"
        ),
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE {act.upper()} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()",
    ]


def _comment(connection: sa.Connection) -> None:
    """Says in the database what each column is kept for (portal.processing). Words change no data, so they follow the
    models without a migration. SQLite keeps no comments."""
    if connection.dialect.name != "postgresql":
        return
    there = {
        (table, column): said
        for table, column, said in connection.execute(
            sa.text(
                "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c "
                "JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace "
                "AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
            )
        )
    }
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if there.get((table.name, column.name)) != column.comment:
                connection.execute(sa.schema.SetColumnComment(column))


def _grant(connection: sa.Connection, app_url: str) -> None:
    if connection.dialect.name != "postgresql":
        return
    role = sa.make_url(app_url).username
    if not role or role == connection.engine.url.username:
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        *(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quoted}" for table in APPEND_ONLY),
    ):
        connection.exec_driver_sql(statement)
