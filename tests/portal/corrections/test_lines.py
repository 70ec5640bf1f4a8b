"""Challenged lines: what a family says, what staff match, and from when to when the record says that it is disputed."""

from __future__ import annotations

import pytest
from sqlmodel import select

from portal.cases import clocking, verbs
from portal.cases.corrections import adding, lines
from portal.cases.corrections.models import ChallengedLine
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, visitor
from portal.runtime import Runtime
from tests.builders import Walk, rich_child
from tests.corrections import (
    CORRECTED,
    WRONG,
    challenge_in,
    claim,
    confirm,
    decide,
    entry_of,
    lines_of,
    match_all,
    open_challenge,
    open_marks,
)
from workflows.table import StepRefused

SCHOOL = "School"


def test_a_challenge_keeps_what_the_family_said_and_gets_a_reference(runtime: Runtime) -> None:
    case = open_challenge(runtime, [claim(), claim("Date of birth", kind="out_of_date")])
    assert case.reference.startswith("COR-")
    with runtime.database.read() as session, runtime.vault.unlocked():
        there = lines.of_case(session, session.get_one(Case, case.id))
    assert [(one.number, one.kind, one.state) for one in there] == [
        (1, "wrong_fact", "received"),
        (2, "out_of_date", "received"),
    ]
    assert there[0].claim.why == WRONG
    assert there[0].claim.should_say.value == "Larkfield Primary School"


def test_nothing_a_family_said_is_in_the_database_in_the_clear(runtime: Runtime) -> None:
    open_challenge(runtime, [claim(why="zanzibar-canary")])
    with runtime.database.read() as session:
        row = session.exec(select(ChallengedLine)).one()
        assert b"zanzibar" not in row.sealed


@pytest.mark.parametrize("count", [0, lines.MOST_LINES + 1])
def test_a_challenge_of_nothing_or_of_everything_is_refused_in_words(runtime: Runtime, count: int) -> None:
    asked = Asked(Requester("Ada Lark"), (Subject("parent", "mother", "Wren Ashdown"),))
    with pytest.raises(StepRefused), runtime.database.write() as session:
        lines.open_challenge(session, asked, [claim()] * count, by=visitor(), received_on=clocking.uk_today())


def test_the_clock_of_a_challenge_is_the_one_of_rectification(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "received")
    assert walk.case.due_on is not None
    assert walk.case.kind == "correction"


def test_an_entry_is_disputed_from_the_passed_check_and_not_before(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "finding")
    walk.record = record = rich_child(runtime)
    walk.act(
        lambda session: verbs.attach_record(session, walk.case_id, record.child_id, record.born, by=walk.worker.actor)
    )
    match_all(walk, [SCHOOL])
    entry = entry_of(walk, SCHOOL)
    assert open_marks(walk, entry.id) == {"challenged"}
    walk.step("pass_check")
    assert open_marks(walk, entry.id) == {"disputed"}
    assert lines_of(walk)[0].state == "disputed"


def test_the_check_is_not_passed_before_every_line_is_matched(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "finding")
    record = rich_child(runtime)
    walk.act(
        lambda session: verbs.attach_record(session, walk.case_id, record.child_id, record.born, by=walk.worker.actor)
    )
    with pytest.raises(StepRefused):
        walk.step("pass_check")


def test_restriction_is_on_only_where_the_family_asked_for_it(runtime: Runtime) -> None:
    about = [SCHOOL, "Where the child lived before"]
    walk = challenge_in(
        runtime, "weighing", [claim(), claim("Where the child lived before", restrict=True)], about=about
    )
    marks = [open_marks(walk, line.entry_id) for line in lines_of(walk) if line.entry_id]
    assert marks == [{"disputed"}, {"disputed", "restricted"}]


def test_a_line_taken_back_leaves_no_mark(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing")
    line = lines_of(walk)[0]
    walk.act(lambda session: lines.withdraw_line(session, walk.case_id, line.id, by=walk.requester))
    assert line.entry_id
    assert open_marks(walk, line.entry_id) == set()
    assert lines_of(walk)[0].state == "withdrawn"


def test_a_challenge_taken_back_leaves_no_mark(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[SCHOOL, "Where the child lived before"])
    matched = [line.entry_id for line in lines_of(walk) if line.entry_id]
    walk.step("withdraw", by=walk.requester, sure=True)
    assert [open_marks(walk, entry) for entry in matched] == [set(), set()]


def test_a_place_is_never_told_by_decision_only_by_a_copy_that_shows_it(runtime: Runtime) -> None:
    """Whoever challenges *the address* must not learn it from us (R-56)."""
    walk = challenge_in(runtime, "weighing", about=["Where the child lived before"])
    line = lines_of(walk)[0]
    with pytest.raises(StepRefused):
        walk.act(
            lambda session: lines.match(
                session,
                walk.case_id,
                line.id,
                line.entry_id,
                version=line.version,
                shown=True,
                reason="They asked.",
                by=walk.worker.actor,
            )
        )


def test_two_people_matching_one_line_do_not_overwrite_each_other(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing")
    line = lines_of(walk)[0]

    def match(version: int) -> None:
        walk.act(
            lambda session: lines.match(
                session, walk.case_id, line.id, None, version=version, shown=False, by=walk.worker.actor
            )
        )

    match(line.version)
    with pytest.raises(LostRace):
        match(line.version)


def test_what_a_family_adds_stays_with_the_line_while_it_is_open(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing")
    line = lines_of(walk)[0]
    walk.act(lambda session: adding.add_words(session, walk.case_id, line.id, "Ask Mr Hale.", by=walk.requester))
    assert lines_of(walk)[0].added == ("Ask Mr Hale.",)


def test_staff_see_that_two_people_challenge_the_same_entry(runtime: Runtime) -> None:
    first = challenge_in(runtime, "weighing")
    second = challenge_in(
        runtime, "weighing", record=first.record, requester="Bram Lark", email="bram.lark@example.org"
    )
    assert _others(first) == {second.case_id}
    assert _others(second) == {first.case_id}


def _others(walk: Walk) -> set[object]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        wanted = [line.entry_id for line in lines.of_case(session, case) if line.entry_id]
        found = lines.others_on(session, case, wanted)
        return {other.id for pairs in found.values() for other, _line in pairs}


def test_one_persons_line_taken_back_leaves_the_others_mark(runtime: Runtime) -> None:
    first = challenge_in(runtime, "weighing")
    second = challenge_in(
        runtime, "weighing", record=first.record, requester="Bram Lark", email="bram.lark@example.org"
    )
    line = lines_of(first)[0]
    first.act(lambda session: lines.withdraw_line(session, first.case_id, line.id, by=first.requester))
    assert line.entry_id
    assert open_marks(second, line.entry_id) == {"disputed"}


def test_a_wrong_record_taken_off_keeps_no_mark_of_the_challenge(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "finding")
    walk.record = record = rich_child(runtime)
    by = walk.worker.actor
    walk.act(lambda session: verbs.attach_record(session, walk.case_id, record.child_id, record.born, by=by))
    match_all(walk, [SCHOOL])
    entry = entry_of(walk, SCHOOL)
    walk.act(lambda session: verbs.detach_record(session, walk.case_id, "Another child of the name.", by=by))
    assert open_marks(walk, entry.id) == set()
    assert [(one.matched, one.entry_id) for one in lines_of(walk)] == [(False, None)]


def test_a_line_matched_anew_while_it_is_checked_again_who_asks_stays_disputed(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing")
    (before,) = lines_of(walk)
    walk.step("back_to_checking", again="identity", reason="The photo is of somebody else.")
    walk.step("accept_identity", known_by="known")
    walk.step("start_finding")
    match_all(walk, ["Date of birth"])
    (after,) = lines_of(walk)
    assert before.entry_id and after.entry_id and before.entry_id != after.entry_id
    assert (open_marks(walk, before.entry_id), open_marks(walk, after.entry_id)) == (set(), {"disputed"})
    walk.step("pass_check")
    assert open_marks(walk, after.entry_id) == {"disputed"}


# Further lines of a challenge that was sent


def _add(walk: Walk, *about: str) -> None:
    more = [claim(one) for one in about]
    walk.act(lambda session: adding.add_lines(session, walk.case_id, more, by=walk.requester))


def test_a_line_added_before_the_check_waits_for_it_like_the_others(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "checking")
    _add(walk, "Date of birth", "Reading")
    assert [(one.number, one.state, one.matched) for one in lines_of(walk)] == [
        (1, "received", False),
        (2, "received", False),
        (3, "received", False),
    ]


def test_a_line_added_after_the_check_is_matched_first_and_disputed_from_then_on(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing")
    _add(walk, "Reading")
    new, entry = lines_of(walk)[1], entry_of(walk, "Reading")
    assert (new.state, open_marks(walk, entry.id)) == ("received", set())
    with pytest.raises(StepRefused):
        walk.step("send_to_approval")
    by = walk.worker.actor
    walk.act(
        lambda session: lines.match(
            session, walk.case_id, new.id, entry.id, version=new.version, shown=False, by=by, reason=""
        )
    )
    assert open_marks(walk, entry.id) == {"disputed"}
    decide(walk, CORRECTED, line=1)
    confirm(walk, line=1)
    assert lines_of(walk)[1].state == "decided"
    assert open_marks(walk, entry.id) == {"corrected"}


def test_a_line_added_while_the_answer_waits_for_approval_brings_the_case_back_to_weighing(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "approval")
    due = walk.case.due_on
    _add(walk, "Reading")
    assert (walk.case.state, walk.case.due_on) == ("weighing", due)
    with pytest.raises(StepRefused):
        walk.step("send_to_approval")


@pytest.mark.parametrize("state", ["ready", "collected", "reconsidering"])
def test_once_an_answer_is_out_nothing_is_added_to_it(runtime: Runtime, state: str) -> None:
    walk = challenge_in(runtime, state)
    with pytest.raises(StepRefused):
        _add(walk, "Reading")
    assert len(lines_of(walk)) == 1


def test_no_case_takes_more_lines_than_it_could_have_been_sent_with(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "received")
    with pytest.raises(StepRefused):
        _add(walk, *["Reading"] * lines.MOST_LINES)
