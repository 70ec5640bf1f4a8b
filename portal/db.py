"""The database: one way to write (a transaction that is one action) and one way to read (which cannot write).

SQLite runs in WAL with full sync and BEGIN IMMEDIATE for writes: the driver's default loses updates silently
(docs/decisions in the README). PostgreSQL reads run in READ ONLY transactions that see one moment, as SQLite's do:
otherwise a page, or `portal check`, would see a case from before a step and its events from after.
"""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlmodel import Field, Session, SQLModel
from uuid6 import uuid7

if TYPE_CHECKING:
    from portal.vault import Vault

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


_DATA_EXCEPTION = "22"  # class of SQLSTATE codes whose words hold the value that was refused


def new_id() -> uuid.UUID:
    """A time-ordered id made by the client, so that a payload can be sealed to its row before the row exists."""
    return uuid.UUID(int=uuid7().int)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def column(comment: str, **kwargs: Any) -> Any:
    """A model field whose database column says what it holds, why, and how long it is kept."""
    column_kwargs = dict(kwargs.pop("sa_column_kwargs", {}), comment=comment)
    return Field(sa_column_kwargs=column_kwargs, **kwargs)


def choice(*values: str, name: str) -> Any:
    """A text column that the database itself keeps to the given values."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


POOL_STRETCH = 3  # connections at most, as a multiple of the pool that is kept
WAIT_SECONDS = 30


class Database:
    """The engine of one installation with its vault; made once in create_app() or by a command."""

    def __init__(
        self, url: str, vault: Vault | None = None, *, pool_size: int = 5, context: dict[str, Any] | None = None
    ) -> None:
        self.engine = connect(url, pool_size=pool_size)
        self.vault = vault
        # A page that reads logs its look over a second connection. Only half of the pool may read or write first, so
        # that pages waiting to log can never wait for each other.
        self._first = threading.BoundedSemaphore(max(1, pool_size * POOL_STRETCH // 2))
        self._here = threading.local()
        self._context = context or {}  # what domain packages reach through their session: settings, holidays

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One action: commits when the block ends well, rolls back otherwise. The only place that commits."""
        with self._session(writable=True) as session:
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction the database itself keeps from writing."""
        with self._session(writable=False) as session:
            yield session

    @contextmanager
    def _session(self, *, writable: bool) -> Iterator[Session]:
        options: dict[str, Any] = {"portal_writable": writable}
        if not writable and self.engine.dialect.name == "postgresql":
            options.update(postgresql_readonly=True, isolation_level="REPEATABLE READ")
        bind = self.engine.execution_options(**options)
        with self._turn():
            session = Session(bind, expire_on_commit=False, autoflush=True)
            session.info.update(self._context, database=self, vault=self.vault, writable=writable)
            try:
                yield session
            finally:
                session.close()  # rolls back whatever was not committed

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Waits for a turn, unless this thread has one already."""
        depth = getattr(self._here, "depth", 0)
        if depth == 0 and not self._first.acquire(timeout=WAIT_SECONDS):
            raise TimeoutError("too many requests at once")
        self._here.depth = depth + 1
        try:
            yield
        finally:
            self._here.depth = depth
            if depth == 0:
                self._first.release()

    def dispose(self) -> None:
        self.engine.dispose()


def connect(url: str, *, pool_size: int = 5) -> Engine:
    """An engine with this project's transaction rules. Parameters never appear in its errors."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": 30}, **_pool(pool_size))
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    engine = sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, **_pool(pool_size))
    event.listen(engine, "handle_error", _without_values)
    return engine


def _without_values(context: ExceptionContext) -> None:
    """PostgreSQL quotes the row at fault in DETAIL, and the value itself in data exceptions: none may reach a log."""
    fault, wrapped = context.original_exception, context.sqlalchemy_exception
    if not isinstance(fault, psycopg.Error) or fault.diag.sqlstate is None or wrapped is None:
        return  # the connection's own faults quote nothing of any row
    primary = "" if fault.diag.sqlstate.startswith(_DATA_EXCEPTION) else fault.diag.message_primary
    fault.args = (" ".join(filter(None, (fault.diag.sqlstate, primary))),)
    wrapped.args = (f"({type(fault).__name__}) {fault}",)


def _pool(size: int) -> dict[str, int]:
    return {"pool_size": size, "max_overflow": size * (POOL_STRETCH - 1)}


def _sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "busy_timeout=30000",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    writable = connection.get_execution_options().get("portal_writable", True)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writable else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writable else "BEGIN")


def is_writable(session: Session) -> bool:
    return bool(session.info.get("writable"))


def database_of(session: Session) -> Database:
    return session.info["database"]


def lock(session: Session, model: type[Any], **key: object) -> Any | None:
    """The row with this key, held until the transaction ends (SQLite's write transaction holds all rows)."""
    query = sa.select(model).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one_or_none()


def insert_ignore(session: Session, table: Any, rows: list[dict[str, Any]]) -> int:
    """Inserts the rows that break no unique key; answers how many went in."""
    target = getattr(table, "__table__", table)
    # Counted by what comes back: the row count of such an insert is 0 or -1, depending on driver and kind of table.
    statement = inserting_new(session.get_bind().dialect.name, target).returning(*target.primary_key.columns)
    return len(session.execute(statement, rows).all()) if rows else 0


def inserting_new(dialect: str, table: Any) -> Any:
    """An INSERT of this dialect that leaves out rows whose unique key is there already."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


def changed_rows(result: Any) -> int:
    """How many rows a statement changed."""
    return int(getattr(result, "rowcount", 0) or 0)
