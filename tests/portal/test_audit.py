"""The log grows, cannot be changed, and says where it was."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from portal import audit, db
from portal.audit import Act
from portal.runtime import Runtime


def look(chain: str = "child:1", act: str = "look") -> Act:
    return Act(chain=chain, act=act, actor="staff:1", classes=("core",), reason="case")


def fill(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        audit.append(session, look(), look("child:2"), look())
    with runtime.database.write() as session:
        audit.append(session, look())


def faults(session: Session) -> list[tuple[str, int]]:
    return [(broken.chain, broken.seq) for broken in audit.broken_chains(session)]


def test_an_untouched_log_holds(runtime: Runtime) -> None:
    fill(runtime)
    with runtime.database.read() as session:
        assert faults(session) == []
        assert session.scalar(sa.text("SELECT count(*) FROM log")) == 4


@pytest.mark.parametrize("statement", ["UPDATE log SET act = 'x'", "DELETE FROM log", "DELETE FROM log WHERE seq = 1"])
def test_the_portal_itself_cannot_change_or_delete_a_row(runtime: Runtime, statement: str) -> None:
    fill(runtime)
    with pytest.raises(DBAPIError), runtime.database.write() as session:
        session.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE log SET body = body || ' ' WHERE chain = 'child:1' AND seq = 2", ("child:1", 2)),
        ("UPDATE log SET actor = 'staff:9' WHERE chain = 'child:1' AND seq = 2", ("child:1", 2)),
        ("DELETE FROM log WHERE chain = 'child:1' AND seq = 2", ("child:1", 3)),
        ("DELETE FROM log WHERE chain = 'child:1' AND seq = 3", ("child:1", 2)),
        ("DELETE FROM log WHERE chain = 'child:2'", ("child:2", 0)),
    ],
)
def test_tampering_with_full_rights_is_named_by_its_row(
    runtime: Runtime, tampering: str, found: tuple[str, int]
) -> None:
    fill(runtime)
    engine = db.connect(runtime.settings.owner_database)
    with engine.begin() as connection:
        for act in ("update", "delete"):
            on = " ON log" if engine.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER log_no_{act}{on}")
        if engine.dialect.name == "postgresql":
            tampering = tampering.replace("|| ' '", r"|| '\x20'::bytea")
        connection.exec_driver_sql(tampering)
    engine.dispose()
    with runtime.database.read() as session:
        assert faults(session) == [found]
