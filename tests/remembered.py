"""Cases that many tests begin with, built by the verbs once per process and then copied: database, keys and files.

A copy is used only where nothing was entered yet and the clock is the true one; otherwise it is built anew."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Hashable
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import time_machine

from portal.cases import clocking
from portal.runtime import Runtime
from tests.databases import Templates

if TYPE_CHECKING:
    from tests.builders import Walk

EMPTY = ("case", "child", "person", "staff", "draft", "outbox", "job", "log")
NOT_COPIED = ("keys", "keyring.db")  # the keys are the same for all tests of a process
OF_THE_PLACE = ("instance", "secrets", "database_url", "owner_database_url", "mail_url", "telephone_url")
_kept: dict[Hashable, Kept] = {}


@dataclass(frozen=True)
class Kept:
    """A case as it was once built."""

    walk: Walk
    database: str
    folder: Path


def remembered(runtime: Runtime, key: Hashable, build: Callable[[], Walk]) -> Walk:
    """The case that `build` makes on this empty installation."""
    templates = Templates.current
    if templates is None or time_machine.escape_hatch.is_travelling() or not _is_empty(runtime):
        return build()
    whole = (runtime.database.engine.dialect.name, _told(runtime), key)
    there = _kept.get(whole)
    if there is None:
        walk = build()
        _kept[whole] = Kept(walk, *_keep(runtime, templates))
        return walk
    _bring_back(runtime, there, templates)
    return replace(there.walk, runtime=runtime)


def _told(runtime: Runtime) -> tuple[Hashable, ...]:
    """The day, the bank holidays and the settings on which a case depends."""
    told = ((one.name, getattr(runtime.settings, one.name)) for one in fields(runtime.settings))
    return (
        clocking.uk_today(),
        runtime.calendar.fingerprint,
        *((name, value) for name, value in told if name not in OF_THE_PLACE),
    )


def _is_empty(runtime: Runtime) -> bool:
    with runtime.database.read() as session:
        return not any(session.execute(sa.text(f'SELECT 1 FROM "{table}" LIMIT 1')).first() for table in EMPTY)


def _keep(runtime: Runtime, templates: Templates) -> tuple[str, Path]:
    folder = Path(tempfile.mkdtemp(prefix="portal-kept-"))
    runtime.database.dispose()
    if (there := _sqlite_file(runtime.database.engine)) is not None:
        database = str(folder / "portal.db")
        _copy(there, Path(database))
    else:
        database = templates.copy_postgresql(str(runtime.database.engine.url.database))
    _copy(_keyring(runtime), folder / "keyring.db")
    _copy_folder(runtime.settings.instance, folder / "instance")
    return database, folder


def _bring_back(runtime: Runtime, kept: Kept, templates: Templates) -> None:
    runtime.database.dispose()
    if (there := _sqlite_file(runtime.database.engine)) is not None:
        _copy(Path(kept.database), there)
    else:
        templates.replace_postgresql(str(runtime.database.engine.url.database), kept.database)
    _copy(kept.folder / "keyring.db", _keyring(runtime))
    _copy_folder(kept.folder / "instance", runtime.settings.instance)


def _sqlite_file(engine: sa.Engine) -> Path | None:
    return Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None


def _keyring(runtime: Runtime) -> Path:
    return runtime.settings.instance / "keyring.db"


def _copy(origin: Path, target: Path) -> None:
    """As SQLite itself copies, so that whoever has the target open goes on with what is in it then."""
    with closing(sqlite3.connect(origin)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def _copy_folder(origin: Path, target: Path) -> None:
    def left_out(_folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name in NOT_COPIED or ".db" in name]

    shutil.copytree(origin, target, ignore=left_out, dirs_exist_ok=True)
