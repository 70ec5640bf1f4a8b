"""What is destroyed by decision is nowhere any more, and nothing brings it back: no feed and no backup."""

from __future__ import annotations

import datetime
import json
import uuid
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from portal import db, jobs, records
from portal.records import correcting, erasures, marks
from portal.records.correcting import Moved
from portal.records.models import Entry, Version
from portal.runtime import Runtime
from tests.builders import item
from tests.portal.records.records_of import (
    CASE,
    SCHOOL,
    clashes_of,
    correct,
    counts,
    directory,
    ends,
    entries,
    entry_of,
    erase,
    looking,
    only_child,
    row_of,
    sealed_cells,
    where,
)

NOTE = item("note", "contact", "Note", "Something")


def test_every_version_is_destroyed_and_a_tombstone_tells_when_and_in_which_case(runtime: Runtime) -> None:
    directory(runtime, SCHOOL, NOTE)
    correct(runtime, "School", "Lock Street")
    gone = erase(runtime, "School")
    with runtime.database.read() as session, runtime.vault.unlocked():
        assert sealed_cells(session, gone.id) == [None, None, None]
        assert records.read(session, looking(only_child(runtime)), [gone.id]) == []
        told = records.versions(session, looking(only_child(runtime)), gone.id)
    assert [(one.destroyed, one.value, one.entry) for one in told] == [(True, "", None)] * 3
    assert (told[-1].case_id, told[-1].current) == (CASE, True)
    row = row_of(runtime, gone.id)
    assert row.erased_at is not None
    assert (row.fingerprint, row.decided_value) == (b"", None), "no hash of what it said is left"
    assert [entry.label for entry in entries(runtime)] == ["Note"]


def test_what_somebody_wrote_beside_it_goes_too(runtime: Runtime) -> None:
    directory(runtime)
    school = entry_of(runtime)
    with runtime.database.write() as session, runtime.vault.unlocked():
        at = {**where(runtime, school), "line_id": uuid.UUID(int=5), "since": datetime.date(2026, 3, 2)}
        for kind, words in (("statement", "Kiln Lane is wrong"), ("disputed", "")):
            marks.put_mark(session, **at, cls=school.cls, kind=kind, words=words)  # type: ignore[arg-type]
    erase(runtime, "School")
    with runtime.database.read() as session:
        assert session.execute(sa.text("SELECT sealed FROM entry_mark")).scalars().all() == [None, None]
        assert marks.open_marks(session, only_child(runtime), [school.id]) == {}


def test_a_version_that_nobody_weighed_is_not_destroyed(runtime: Runtime) -> None:
    directory(runtime)
    seen = entry_of(runtime)
    directory(runtime, replace(SCHOOL, value="Lock Street"))
    with runtime.database.write() as session, runtime.vault.unlocked():
        try:
            correcting.erase(session, **where(runtime, seen), expected_version_id=seen.version_id)
        except Moved:
            session.rollback()
    assert entry_of(runtime).value == "Lock Street"


def test_no_feed_brings_it_back_and_that_it_tries_is_told_once(runtime: Runtime) -> None:
    directory(runtime, SCHOOL, NOTE)
    correct(runtime, "School", "Lock Street")
    directory(runtime, SCHOOL, NOTE)
    gone = erase(runtime, "School")
    before = counts(runtime, "entry", "entry_version")
    for value in ("Kiln Lane", "Kiln Lane", "Third School"):
        directory(runtime, replace(SCHOOL, value=value), NOTE)
        assert ends(runtime, gone.id) == ["decided", None]
    assert clashes_of(runtime, gone.id)[-1].version_id is None
    assert counts(runtime, "entry", "entry_version") == before
    assert [entry.label for entry in entries(runtime)] == ["Note"]


# The list outside the database


def list_of(runtime: Runtime) -> Path:
    return runtime.settings.instance / erasures.LIST


def test_the_list_names_what_was_destroyed_by_ids_alone_and_only_once(runtime: Runtime) -> None:
    directory(runtime)
    gone = erase(runtime, "School")
    assert not list_of(runtime).exists(), "the line follows the commit"
    jobs.run_all(runtime.database, runtime)
    with runtime.database.write() as session:
        session.execute(sa.update(jobs.Job).values(state="waiting", attempts=0, run_after=db.now()))
    jobs.run_all(runtime.database, runtime)
    (line,) = list_of(runtime).read_text().splitlines()
    assert set(json.loads(line)) == {"child_id", "entry_id", "at"}
    (told,) = erasures.listed(runtime.settings.instance)
    assert (told.child_id, told.entry_id, told.at) == (
        only_child(runtime),
        gone.id,
        row_of(runtime, gone.id).erased_at,
    )
    assert list_of(runtime).stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_left_half_written_spoils_no_other(runtime: Runtime) -> None:
    list_of(runtime).write_text('{"child_id": "00')
    directory(runtime)
    gone = erase(runtime, "School")
    jobs.run_all(runtime.database, runtime)
    assert [one.entry_id for one in erasures.listed(runtime.settings.instance)] == [gone.id]


def test_a_decision_that_is_rolled_back_leaves_no_line(runtime: Runtime) -> None:
    directory(runtime)
    school = entry_of(runtime)
    with runtime.database.write() as session, runtime.vault.unlocked():
        correcting.erase(session, **where(runtime, school))
        session.rollback()
    jobs.run_all(runtime.database, runtime)
    assert not list_of(runtime).exists()
    assert entry_of(runtime).value == "Kiln Lane"


def test_after_a_backup_was_put_back_the_list_destroys_it_again(runtime: Runtime) -> None:
    directory(runtime, SCHOOL, NOTE)
    with runtime.database.read() as session:
        backup = [dict(row) for row in session.execute(sa.select(Version.__table__)).mappings()]  # type: ignore[attr-defined]
        heads = [dict(row) for row in session.execute(sa.select(Entry.__table__)).mappings()]  # type: ignore[attr-defined]
    gone = erase(runtime, "School")
    jobs.run_all(runtime.database, runtime)
    with runtime.database.write() as session:
        session.execute(sa.delete(Version))
        session.execute(sa.delete(Entry))
        session.execute(sa.insert(Entry), heads)
        session.execute(sa.insert(Version), backup)
    assert entry_of(runtime).value == "Kiln Lane"
    assert [erasures.replay(runtime.database, runtime.settings.instance) for _again in range(2)] == [1, 0]
    with runtime.database.read() as session:
        assert sealed_cells(session, gone.id) == [None]
    assert [entry.label for entry in entries(runtime)] == ["Note"]


# People who were mentioned in it

MAUD = replace(NOTE, value="Maud Fenn came to the door.", people=("Maud Fenn",))
WITH_MAUD_TOO = item("other", "contact", "Call", "Ms Fenn rang again.")


def names_on_file(runtime: Runtime) -> list[str]:
    with runtime.database.read() as session, runtime.vault.unlocked():
        there = records.mentioned(session, looking(only_child(runtime)))
        return sorted(name for one in there for name in one.names)


def test_who_was_mentioned_only_there_is_forgotten_and_no_feed_brings_them_back(runtime: Runtime) -> None:
    directory(runtime, SCHOOL, MAUD)
    assert names_on_file(runtime) == ["Maud Fenn"]
    erase(runtime, "Note")
    jobs.run_all(runtime.database, runtime)
    assert names_on_file(runtime) == []
    directory(runtime, SCHOOL, MAUD)
    assert names_on_file(runtime) == []


def test_who_is_named_elsewhere_too_stays_also_by_a_part_of_the_name(runtime: Runtime) -> None:
    directory(runtime, MAUD, WITH_MAUD_TOO, item("aunt", "contact", "Aunt", "Isla Reed", people=("Isla Reed",)))
    erase(runtime, "Note")
    jobs.run_all(runtime.database, runtime)
    assert names_on_file(runtime) == ["Isla Reed", "Maud Fenn"]


def test_the_childs_own_surname_keeps_nobody_on_the_list(runtime: Runtime) -> None:
    name = item("child/name", "identity", "Name", "Wren Ashdown", identifies="name")
    directory(runtime, name, replace(NOTE, value="Uncle Bram Ashdown was there.", people=("Bram Ashdown",)))
    erase(runtime, "Note")
    jobs.run_all(runtime.database, runtime)
    assert names_on_file(runtime) == []


def test_whom_a_reviewer_found_in_it_is_forgotten_too_and_old_versions_count_as_elsewhere(runtime: Runtime) -> None:
    directory(runtime, replace(SCHOOL, value="Kiln Lane, with Rory Blake"), replace(NOTE, value="Ask Sol Moor."))
    correct(runtime, "School", "Kiln Lane")
    with runtime.database.write() as session, runtime.vault.unlocked():
        for who_else in ("Sol Moor", "Rory Blake"):
            look = looking(only_child(runtime))
            records.add_mentioned(session, look, names=[who_else], relation="", professional=False, alive=True)
    erase(runtime, "Note")
    jobs.run_all(runtime.database, runtime)
    assert names_on_file(runtime) == ["Rory Blake"]
