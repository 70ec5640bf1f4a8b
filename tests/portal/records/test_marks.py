"""Marks stand beside entries without the family's words; what is restricted stays shut until a reason is stated."""

from __future__ import annotations

import datetime
import uuid

import pytest
import sqlalchemy as sa

from portal import audit, db, records
from portal.errors import NotThere
from portal.records import marks, restrictions
from portal.records.models import Entry, EntryMark, RestrictedUse
from portal.records.restrictions import NoReason
from portal.runtime import Runtime
from portal.vault import Vault
from tests.builders import item
from tests.portal.records.records_of import (
    CASE,
    SCHOOL,
    directory,
    entries,
    erase,
    looking,
    only_child,
    queries,
)

LINE, OTHER_LINE, OTHER_CASE = uuid.UUID(int=5), uuid.UUID(int=6), uuid.UUID(int=78)
DAY = datetime.date(2026, 3, 2)


def put(runtime: Runtime, kind: str, *, line: uuid.UUID = LINE, words: str = "", case_id: uuid.UUID = CASE) -> None:
    """Marks the school."""
    child_id, entry = only_child(runtime), entry_of_row(runtime)
    with runtime.database.write() as session, runtime.vault.unlocked():
        where = {"child_id": child_id, "entry_id": entry.id, "case_id": case_id, "line_id": line}
        marks.put_mark(session, **where, cls=entry.cls, kind=kind, since=DAY, words=words)  # type: ignore[arg-type]


def lift(runtime: Runtime, *kinds: str, line: uuid.UUID = LINE) -> int:
    with runtime.database.write() as session:
        return marks.lift_marks(session, CASE, line, kinds)


def entry_of_row(runtime: Runtime) -> Entry:
    with runtime.database.read() as session:
        return records.heads(session, only_child(runtime))[0]


def read(runtime: Runtime, **more: object) -> records.OpenEntry:
    """The school as a reader gets it who states no reason."""
    child_id = only_child(runtime)
    with runtime.database.read() as session, runtime.vault.unlocked():
        return records.read(session, looking(child_id, **more), [entry_of_row(runtime).id])[0]  # type: ignore[arg-type]


def test_an_entry_carries_its_marks_and_the_day_since_which_it_is_disputed(runtime: Runtime) -> None:
    directory(runtime)
    assert (read(runtime).marks, read(runtime).disputed_since) == ((), None)
    put(runtime, "disputed")
    put(runtime, "refused", line=OTHER_LINE)
    entry = read(runtime)
    assert (entry.marks, entry.disputed_since, entry.value) == (("disputed", "refused"), DAY, "Kiln Lane")
    assert lift(runtime, "disputed") == 1
    assert (read(runtime).marks, read(runtime).disputed_since) == (("refused",), None)
    assert lift(runtime, "disputed") == 0


def test_the_same_mark_twice_is_one_and_one_that_was_lifted_is_kept_beside_its_successor(runtime: Runtime) -> None:
    directory(runtime)
    for _again in range(2):
        put(runtime, "disputed")
    lift(runtime, "disputed")
    put(runtime, "disputed")
    with runtime.database.read() as session:
        rows = session.execute(sa.select(EntryMark.lifted_at).order_by(EntryMark.id)).all()  # type: ignore[call-overload]
        assert [row.lifted_at is None for row in rows] == [False, True]
        assert marks.marked(session, only_child(runtime), "disputed") == {entry_of_row(runtime).id}
        assert marks.marked(session, only_child(runtime), "refused") == set()


def test_a_mark_is_put_at_no_entry_of_another_record_and_at_none_that_is_destroyed(runtime: Runtime) -> None:
    directory(runtime)
    where = {"case_id": CASE, "line_id": LINE, "cls": "core", "kind": "disputed", "since": DAY}
    with runtime.database.write() as session, pytest.raises(NotThere):
        marks.put_mark(session, child_id=only_child(runtime), entry_id=uuid.UUID(int=3), **where)  # type: ignore[arg-type]
    gone = erase(runtime, "School")
    with runtime.database.write() as session:
        assert marks.put_mark(session, child_id=only_child(runtime), entry_id=gone.id, **where) is None  # type: ignore[arg-type]


def test_a_statement_is_sealed_and_opened_only_after_the_log_holds_the_look(runtime: Runtime) -> None:
    directory(runtime)
    put(runtime, "statement", words="canary words of the family")
    put(runtime, "disputed")
    with runtime.database.read() as session:
        assert "canary" not in repr(session.execute(sa.text("SELECT * FROM entry_mark")).all())
    with runtime.database.read() as session, runtime.vault.unlocked():
        look, ids = looking(only_child(runtime)), [entry_of_row(runtime).id]
        ((_id, words, since, case_id),) = marks.statements(session, look, ids)[ids[0]]
        assert (words, since, case_id) == ("canary words of the family", DAY, CASE)
    with runtime.database.read() as session:
        assert len(audit.of_case(session, CASE, "look_statements")) == 1


def test_a_statement_that_is_written_again_takes_the_place_of_the_first(runtime: Runtime) -> None:
    directory(runtime)
    put(runtime, "statement", words="first")
    put(runtime, "statement", words="second")
    put(runtime, "allegation", words="It was looked into and is not true.")
    with runtime.database.read() as session, runtime.vault.unlocked():
        ids = [entry_of_row(runtime).id]
        said = marks.statements(session, looking(only_child(runtime)), ids)
        every = marks.worded(session, looking(only_child(runtime)), ids)
    assert [words for _id, words, _since, _case in said[ids[0]]] == ["second"]
    assert [(one.kind, one.words) for one in every[ids[0]]] == [
        ("statement", "second"),
        ("allegation", "It was looked into and is not true."),
    ]


def test_a_restricted_entry_comes_masked_and_nothing_of_it_is_opened(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory(runtime)
    put(runtime, "restricted")
    opened: list[str] = []
    real = Vault.open

    def watched(vault: Vault, owner: object, row: str, *more: object, **named: object) -> object:
        opened.append(row)
        return real(vault, owner, row, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Vault, "open", watched)
    entry = read(runtime)
    assert (entry.restricted, entry.masked, entry.text, entry.source) == (True, True, "", "")
    assert not [row for row in opened if row.startswith("entry_version")]
    with runtime.database.read() as session, runtime.vault.unlocked():
        (version,) = records.versions(session, looking(only_child(runtime)), entry.id)
    assert (version.entry, version.value, version.destroyed) == (None, "", False)
    assert not [row for row in opened if row.startswith("entry_version")]


@pytest.mark.parametrize("reason", [one for one in restrictions.REASONS if one != "checking"])
def test_one_stated_reason_opens_it_without_delay_and_stands_in_the_log(runtime: Runtime, reason: str) -> None:
    directory(runtime)
    put(runtime, "restricted", case_id=OTHER_CASE)
    entry = read(runtime, because=reason)
    assert (entry.value, entry.restricted, entry.masked) == ("Kiln Lane", True, False)
    with runtime.database.read() as session:
        (look,) = audit.of_case(session, CASE, "look")
    assert look.detail == {"entries": 1, "because": reason}


def test_a_use_opens_one_entry_to_one_reader_for_one_case_for_eight_hours(runtime: Runtime) -> None:
    directory(runtime, SCHOOL, item("b", "contact", "Note", "Other"))
    put(runtime, "restricted")
    entry_id = read(runtime).id
    with runtime.database.write() as session:
        records.open_restricted(session, looking(only_child(runtime)), entry_id, "protect_another")
    assert read(runtime).value == "Kiln Lane"
    assert read(runtime, reader="staff:2").masked
    assert read(runtime, case_id=OTHER_CASE).masked
    with runtime.database.read() as session:
        (use,) = audit.of_case(session, CASE, "open_restricted")
    assert use.detail == {"because": "protect_another", "entry": entry_id.hex}
    with runtime.database.write() as session:
        past = db.now() - restrictions.OPEN_FOR - datetime.timedelta(seconds=1)
        session.execute(sa.update(RestrictedUse).values(at=past))
    assert read(runtime).masked


@pytest.mark.parametrize(("case_id", "opens"), [(CASE, True), (OTHER_CASE, False)])
def test_weighing_whether_it_is_right_is_a_reason_only_in_the_case_that_challenges_it(
    runtime: Runtime, case_id: uuid.UUID, opens: bool
) -> None:
    directory(runtime)
    put(runtime, "disputed", case_id=case_id)
    put(runtime, "restricted", line=OTHER_LINE, case_id=case_id)
    assert read(runtime, because="checking").masked is not opens
    with runtime.database.write() as session:
        look, entry_id = looking(only_child(runtime)), entry_of_row(runtime).id
        if opens:
            records.open_restricted(session, look, entry_id, "checking")
        else:
            with pytest.raises(NoReason):
                records.open_restricted(session, look, entry_id, "checking")


@pytest.mark.parametrize("reason", ["", "curious"])
def test_without_a_lawful_reason_it_stays_shut(runtime: Runtime, reason: str) -> None:
    directory(runtime)
    put(runtime, "restricted")
    with runtime.database.write() as session, pytest.raises(NoReason):
        records.open_restricted(session, looking(only_child(runtime)), entry_of_row(runtime).id, reason)
    if reason:
        with pytest.raises(NoReason):
            read(runtime, because=reason)


def test_a_page_costs_the_same_queries_however_many_of_its_entries_are_marked(runtime: Runtime) -> None:
    directory(runtime, *(item(f"n{n}", "contact", "Note", f"Note {n}") for n in range(12)))
    child_id = only_child(runtime)

    def cost() -> int:
        with queries(runtime) as seen:
            entries(runtime)
        return len(seen)

    plain = cost()
    with runtime.database.write() as session, runtime.vault.unlocked():
        for number, entry in enumerate(records.heads(session, child_id)):
            where = {"child_id": child_id, "entry_id": entry.id, "case_id": CASE, "line_id": uuid.UUID(int=number)}
            marks.put_mark(session, **where, cls=entry.cls, kind="disputed", since=DAY)  # type: ignore[arg-type]
    assert cost() == plain
