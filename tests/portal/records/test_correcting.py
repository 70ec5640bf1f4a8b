"""A decision changes the record at once, keeps what was there, and no feed undoes it."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from portal import audit, records
from portal.errors import PortalError
from portal.records import clashes, correcting
from portal.records.correcting import Moved, NewValue, NotHeld, NoValue
from portal.records.models import FeedClash, Version
from portal.runtime import Runtime
from tests.builders import feed_child, item
from tests.portal.records.records_of import (
    CASE,
    SCHOOL,
    accept,
    clashes_of,
    come_in,
    correct,
    counts,
    directory,
    ends,
    entry_of,
    erase,
    looking,
    only_child,
    queries,
    row_of,
    where,
)

OTHER_CASE = uuid.UUID(int=78)
BORN = item("born", "health", "First visit", "2019-04-20", kind="date", about_on=None)
CODED = item("sex", "identity", "Sex", "F", kind="code", code="F", code_set="sex", plain="Female")


def history(runtime: Runtime, entry_id: uuid.UUID) -> list[correcting.OldVersion]:
    with runtime.database.read() as session, runtime.vault.unlocked():
        return records.versions(session, looking(only_child(runtime)), entry_id)


# The change itself


def test_the_new_value_counts_and_the_old_one_is_kept_with_why_and_case(runtime: Runtime) -> None:
    directory(runtime)
    was = entry_of(runtime)
    new_id = correct(runtime, "School", "Lock Street")
    now = entry_of(runtime)
    assert (now.value, now.version_id, now.version_why) == ("Lock Street", new_id, "correction")
    assert (now.label, now.category, now.source) == (was.label, was.category, was.source)
    old, new = history(runtime, was.id)
    assert (old.value, old.why, old.case_id, old.current) == ("Kiln Lane", "feed", None, False)
    assert (new.value, new.why, new.case_id, new.current) == ("Lock Street", "correction", CASE, True)
    with runtime.database.read() as session:
        assert [act.detail["entries"] for act in audit.of_case(session, CASE, "look_history")] == [1]
        assert len(audit.of_case(session, CASE, "correct")) == 1


def test_of_two_decisions_about_the_same_version_one_counts_and_the_other_is_told(runtime: Runtime) -> None:
    directory(runtime)
    seen = entry_of(runtime)
    correct(runtime, "School", "Lock Street")
    for decide in (correcting.correct, correcting.complete):
        with runtime.database.write() as session, runtime.vault.unlocked(), pytest.raises(Moved):
            decide(session, **where(runtime, seen), value=NewValue(value="Mine"), expected_version_id=seen.version_id)
    assert entry_of(runtime).value == "Lock Street"


@pytest.mark.parametrize(
    ("label", "new", "value", "text"),
    [
        ("First visit", NewValue("date", "27/03/2020"), "2020-03-27", "27 March 2020"),
        ("First visit", NewValue("text", "in spring"), "in spring", "in spring"),
        ("Sex", NewValue("code", code="M"), "M", "Male"),
        ("Sex", NewValue("code", "x9"), "x9", "x9"),
        ("School", NewValue(value="  Lock Street \n"), "Lock Street", "Lock Street"),
    ],
)
def test_a_value_is_kept_in_the_form_of_its_kind(
    runtime: Runtime, label: str, new: NewValue, value: str, text: str
) -> None:
    directory(runtime, SCHOOL, BORN, CODED)
    correct(runtime, label, new)
    assert (entry_of(runtime, label).value, entry_of(runtime, label).text) == (value, text)


@pytest.mark.parametrize("new", [NewValue(), NewValue(value=" "), NewValue("date", "soon"), NewValue("code")])
def test_a_value_that_cannot_be_kept_is_refused_in_words_and_changes_nothing(runtime: Runtime, new: NewValue) -> None:
    directory(runtime)
    with pytest.raises(NoValue) as refused:
        correct(runtime, "School", new)
    assert str(refused.value)
    assert entry_of(runtime).value == "Kiln Lane"


def test_flags_told_of_the_old_value_and_go_with_it(runtime: Runtime) -> None:
    directory(runtime, replace(BORN, flags=("implausible-date",)))
    assert entry_of(runtime, "First visit").flags == ("implausible-date",)
    correct(runtime, "First visit", NewValue("date", "2020-03-27"))
    assert entry_of(runtime, "First visit").flags == ()


def test_another_body_can_be_named_as_the_one_that_says_so(runtime: Runtime) -> None:
    directory(runtime, replace(SCHOOL, source="Millrace Surgery", source_key="body:millrace surgery"))
    correct(runtime, "School", NewValue(value="Kiln Lane", source="Kiln Lane Primary School"))
    assert (entry_of(runtime).source, entry_of(runtime).source_key) == ("Kiln Lane Primary School", "")


def test_to_complete_is_to_add_and_never_to_take_away(runtime: Runtime) -> None:
    directory(runtime)
    seen = entry_of(runtime)
    more = {**where(runtime, seen), "expected_version_id": seen.version_id}
    with runtime.database.write() as session, runtime.vault.unlocked(), pytest.raises(NoValue):
        correcting.complete(session, **more, value=NewValue(value="Lock Street"))
    with runtime.database.write() as session, runtime.vault.unlocked():
        correcting.complete(session, **more, value=NewValue(value="Kiln Lane, until 2025"))
    assert entry_of(runtime).value == "Kiln Lane, until 2025"


def test_an_opinion_is_marked_as_one_with_whose_it_is(runtime: Runtime) -> None:
    directory(runtime)
    seen = entry_of(runtime)
    with runtime.database.write() as session, runtime.vault.unlocked():
        more = {"expected_version_id": seen.version_id, "author": "Orla Penhale"}
        correcting.label_opinion(session, **where(runtime, seen), **more)  # type: ignore[arg-type]
    now = entry_of(runtime)
    assert (now.value, now.opinion, now.author) == ("Kiln Lane", True, "Orla Penhale")
    directory(runtime)
    assert ends(runtime, now.id) == [], "the source still says the same words"


@pytest.mark.parametrize("which", ["other record", "no entry", "destroyed"])
def test_nothing_is_decided_of_what_is_not_in_the_record(runtime: Runtime, which: str) -> None:
    directory(runtime)
    at = where(runtime, entry_of(runtime))
    if which == "destroyed":
        erase(runtime, "School")
    else:
        at["child_id" if which == "other record" else "entry_id"] = uuid.UUID(int=1)
    with runtime.database.write() as session, runtime.vault.unlocked():
        with pytest.raises(NotHeld):
            correcting.correct(session, **at, value=NewValue(value="x"), expected_version_id=uuid.UUID(int=1))
        with pytest.raises(PortalError):
            correcting.erase(session, **at)
        with pytest.raises(PortalError):
            correcting.accept_source(session, **at)


# A feed says it again


def test_the_same_file_after_a_correction_leaves_it_and_records_one_clash(runtime: Runtime) -> None:
    directory(runtime)
    school = entry_of(runtime)
    correct(runtime, "School", "Lock Street")
    again = directory(runtime)
    assert again.children.as_json() == {"new": 0, "changed": 0, "unchanged": 1}
    assert again.entries.as_json() == {"new": 0, "changed": 0, "unchanged": 1}
    assert entry_of(runtime).value == "Lock Street"
    (clash,) = clashes_of(runtime, school.id)
    assert (clash.case_id, clash.version_id, clash.feed, clash.ended) == (CASE, school.version_id, "directory", None)
    before = counts(runtime)
    assert directory(runtime).children.unchanged == 1
    after = counts(runtime)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"log": 1}


@pytest.mark.parametrize(
    "said",
    [
        SCHOOL,
        replace(SCHOOL, value="Kiln lane"),
        replace(SCHOOL, value="Somewhere else"),
        replace(SCHOOL, value="Kiln Lane", cls="sensitive"),
    ],
)
def test_whatever_else_the_source_says_the_decision_stays(runtime: Runtime, said: object) -> None:
    directory(runtime)
    correct(runtime, "School", "Lock Street")
    directory(runtime, said)  # type: ignore[arg-type]
    school = entry_of(runtime)
    assert school.value == "Lock Street"
    assert ends(runtime, school.id) == [None]


@pytest.mark.parametrize("right", ["Lock Street", " Lock  Street "])
def test_a_clash_closes_itself_when_the_source_sends_the_right_value(runtime: Runtime, right: str) -> None:
    directory(runtime)
    correct(runtime, "School", "Lock Street")
    directory(runtime)
    assert directory(runtime, replace(SCHOOL, value=right)).entries.changed == 1
    school = entry_of(runtime)
    assert (school.value, ends(runtime, school.id)) == ("Lock Street", ["agreed"])
    directory(runtime)
    assert ends(runtime, school.id) == ["agreed", None], "and it is seen when the source falls back"


def test_a_date_and_a_code_are_right_however_they_are_written(runtime: Runtime) -> None:
    directory(runtime, BORN, CODED)
    correct(runtime, "First visit", NewValue("date", "2020-03-27"))
    correct(runtime, "Sex", NewValue("code", code="M"))
    directory(runtime, BORN, CODED)
    assert [ends(runtime, entry_of(runtime, label).id) for label in ("First visit", "Sex")] == [[None], [None]]
    directory(runtime, replace(BORN, value="27/03/2020"), replace(CODED, value="m", code="m", plain="Male"))
    assert [ends(runtime, entry_of(runtime, label).id) for label in ("First visit", "Sex")] == [["agreed"], ["agreed"]]


def test_a_person_who_settled_a_clash_is_asked_again_only_when_something_new_is_said(runtime: Runtime) -> None:
    directory(runtime)
    correct(runtime, "School", "Lock Street")
    directory(runtime)
    (clash,) = clashes_of(runtime, entry_of(runtime).id)
    with runtime.database.write() as session:
        assert clashes.close(session, clash.child_id, clash.id)
        assert not clashes.close(session, clash.child_id, clash.id)
    directory(runtime, SCHOOL, item("more", "contact", "Note", "Something else"))
    assert ends(runtime, entry_of(runtime).id) == ["decided"]
    directory(runtime, replace(SCHOOL, value="Third School"))
    assert ends(runtime, entry_of(runtime).id) == ["decided", None]


def test_while_a_clash_is_open_it_holds_what_the_source_said_last(runtime: Runtime) -> None:
    directory(runtime)
    correct(runtime, "School", "Lock Street")
    directory(runtime)
    directory(runtime, replace(SCHOOL, value="Third School"))
    school = entry_of(runtime)
    (clash,) = clashes_of(runtime, school.id)
    assert clash.version_id == row_of(runtime, school.id).source_head_id
    accept(runtime, "School")
    assert entry_of(runtime).value == "Third School"


def test_another_decision_ends_the_clash_with_the_first(runtime: Runtime) -> None:
    directory(runtime)
    correct(runtime, "School", "Lock Street")
    directory(runtime)
    correct(runtime, "School", "Mill Street", case_id=OTHER_CASE)
    school = entry_of(runtime)
    assert ends(runtime, school.id) == ["decided"]
    directory(runtime)
    assert [(one.ended, one.case_id) for one in clashes_of(runtime, school.id)] == [
        ("decided", CASE),
        (None, OTHER_CASE),
    ]


def test_a_decision_for_the_source_lets_the_entry_follow_it_again(runtime: Runtime) -> None:
    directory(runtime)
    correct(runtime, "School", "Lock Street")
    directory(runtime)
    accept(runtime, "School", case_id=OTHER_CASE)
    school = entry_of(runtime)
    assert (school.value, ends(runtime, school.id)) == ("Kiln Lane", ["accepted"])
    assert [(one.value, one.case_id) for one in history(runtime, school.id)] == [
        ("Kiln Lane", None),
        ("Lock Street", CASE),
        ("Kiln Lane", OTHER_CASE),
    ]
    directory(runtime)
    directory(runtime, replace(SCHOOL, value="Third School"))
    assert (entry_of(runtime).value, ends(runtime, school.id)) == ("Third School", ["accepted"])


def test_to_accept_a_source_that_counts_already_changes_nothing(runtime: Runtime) -> None:
    directory(runtime)
    accept(runtime, "School")
    assert len(history(runtime, entry_of(runtime).id)) == 1


def test_the_source_is_told_once_of_a_clash(runtime: Runtime) -> None:
    directory(runtime)
    correct(runtime, "School", "Lock Street")
    directory(runtime)
    (clash,) = clashes_of(runtime, entry_of(runtime).id)
    told = []
    for _again in range(2):
        with runtime.database.write() as session:
            told.append(clashes.tell_once(session, clash.child_id, clash.id))
    assert told == [True, False]


def test_open_clashes_are_listed_a_page_at_a_time_oldest_first(runtime: Runtime) -> None:
    many = [feed_child(SCHOOL, line=n, local_id=f"LA-{n}") for n in range(3)]
    come_in(runtime, *many)
    with runtime.database.write() as session, runtime.vault.unlocked():
        for row in session.scalars(sa.select(Version)).all():
            at = {"child_id": row.child_id, "entry_id": row.entry_id, "case_id": CASE}
            correcting.correct(session, **at, value=NewValue(value="Lock Street"), expected_version_id=row.id)
    come_in(runtime, *many)
    with runtime.database.read() as session:
        first = clashes.open_clashes(session, 2)
        rest = clashes.open_clashes(session, 2, after=(first[-1].found_at, first[-1].id))
        everyone = clashes.of_case(session, CASE)
    assert [one.id for one in (*first, *rest)] == [one.id for one in everyone]
    assert len(everyone) == 3


def test_a_correction_leaves_no_word_in_the_clear(runtime: Runtime) -> None:
    directory(runtime)
    correct(runtime, "School", NewValue(value="canary school", source="canary house"))
    directory(runtime)
    with runtime.database.read() as session:
        for table in counts(runtime):
            assert "canary" not in repr(session.execute(sa.text(f"SELECT * FROM {table}")).all()).lower(), table


def test_a_feed_that_comes_in_while_somebody_decides_waits_for_the_decision(runtime: Runtime) -> None:
    """Whoever reads and then decides must not wait for an import that waits for them."""
    directory(runtime)
    school = entry_of(runtime)
    new = {"value": NewValue(value="Lock Street"), "expected_version_id": school.version_id}
    with ThreadPoolExecutor(1) as pool, runtime.vault.unlocked():
        with runtime.database.write() as session:
            records.read(session, looking(only_child(runtime)), [school.id])
            import_ = pool.submit(directory, runtime, replace(SCHOOL, value="Third School"))
            _wait_until_it_waits(runtime)
            correcting.correct(session, **where(runtime, school), **new)  # type: ignore[arg-type]
        assert import_.result(timeout=30).entries.changed == 1
    assert (entry_of(runtime).value, ends(runtime, school.id)) == ("Lock Street", [None])


def _wait_until_it_waits(runtime: Runtime) -> None:
    """Until another transaction of this PostgreSQL database waits for a lock; SQLite has one writer anyway."""
    if runtime.database.engine.dialect.name == "sqlite":
        return
    waits = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _moment in range(600):
        with runtime.database.read() as session:
            if session.scalar(waits):
                return
        time.sleep(0.05)
    pytest.fail("the import did not come to wait")


# What it costs


def test_an_import_asks_as_much_for_a_hundred_decided_entries_as_for_one(runtime: Runtime) -> None:
    def costs(number: int) -> list[int]:
        notes = [item(f"n{n}", "contact", "Note", f"Note {n}") for n in range(number)]
        child = feed_child(*notes, local_id=f"LA-{number}", line=number)
        found = []
        with queries(runtime) as seen:
            come_in(runtime, child)
        with runtime.database.write() as session, runtime.vault.unlocked():
            ids = session.scalars(sa.select(FeedClash.entry_id)).all()
            for row in session.scalars(sa.select(Version).where(Version.entry_id.not_in(ids))).all():  # type: ignore[attr-defined]
                at = {"child_id": row.child_id, "entry_id": row.entry_id, "case_id": CASE}
                correcting.correct(session, **at, value=NewValue(value="Right"), expected_version_id=row.id)
        for _again in range(2):
            with queries(runtime) as seen:
                come_in(runtime, child)
            found.append(len(seen))
        return found

    few, many = costs(2), costs(100)
    assert few == many
