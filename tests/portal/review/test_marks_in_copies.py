"""What challenges mean for a review: another person's words wait for a decision, and nobody decides unread."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlmodel import Session

from portal import records
from portal.cases import verbs
from portal.cases.corrections.lines import Decided, Value
from portal.cases.models import Case
from portal.documents import release
from portal.records import marks
from portal.review import deciding, standing
from portal.review.deciding import Decision, Pick
from portal.runtime import Runtime
from tests import builders
from tests.builders import Staff, Walk, make_staff
from tests.client import client_for, runtime_of, sign_in
from tests.copies import brought_in, challenged, decided, labelled, of_entry, stated, under_review
from tests.corrections import REFUSED, claim, confirm, decide, entry_of, lines_of
from workflows.table import StepRefused

READING, FLAG = "Reading", "Someone else holds information too"
WORDS = "I was there that day, and it was not like this."
OLD, NEW = "Ahead of what is usual at this age.", "As is usual at this age."
RIGHT = Decided("corrected", "The school says so.", "Their letter.", "R-101", Value("text", NEW))


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A parent's case in review."""
    return builders.case_in(runtime, "review")


def refused(walk: Walk, about: str, *, own: bool) -> Walk:
    """A challenge that was not followed, with the family's statement beside the entry."""
    challenge = challenged(walk, "weighing", about, own=own)
    decide(challenge, REFUSED)
    confirm(challenge)
    stated(challenge, WORDS)
    return challenge


def states(walk: Walk, text: str) -> list[str]:
    return [item.state for item, entry in under_review(walk) if entry.text == text]


def restricted(walk: Walk, label: str) -> None:
    """Somebody else challenges this entry and asks that it is not used until that is settled."""
    challenged(walk, "weighing", label, own=False, claims=(claim(label, restrict=True),))


def open_for(session: Session, walk: Walk, who: Staff, entry_id: uuid.UUID) -> None:
    """Somebody states why they need a restricted entry."""
    case = session.get_one(Case, walk.case_id)
    records.open_restricted(session, verbs.look_for(case, who.actor), entry_id, "consent")


@pytest.mark.parametrize(("own", "state"), [(True, "give"), (False, "undecided")])
def test_somebody_else_s_statement_waits_for_a_decision_and_one_s_own_does_not(
    walk: Walk, own: bool, state: str
) -> None:
    refused(walk, READING, own=own)
    assert brought_in(walk) == 1
    assert states(walk, WORDS) == [state]


def test_a_statement_written_again_is_decided_again(walk: Walk) -> None:
    challenge = refused(walk, READING, own=False)
    brought_in(walk)
    item, entry = next(both for both in under_review(walk) if both[1].text == WORDS)
    decided(walk, item, entry, Decision("give"))
    stated(challenge, "We live at 7 Weir Row now.")
    item, entry = of_entry(walk, item.entry_id)
    assert (item.state, entry.text) == ("give", "")
    with pytest.raises(StepRefused, match="has changed since"):
        decided(walk, item, entry, Decision("give"))
    assert brought_in(walk) == 1
    item, entry = of_entry(walk, item.entry_id)
    assert (item.state, entry.text) == ("undecided", "We live at 7 Weir Row now.")


def test_words_that_were_taken_away_leave_the_review(walk: Walk) -> None:
    challenge = refused(walk, READING, own=False)
    brought_in(walk)
    line = lines_of(challenge)[0]
    walk.act(lambda session: marks.lift_marks(session, challenge.case_id, line.id, ("statement",)))
    assert states(walk, WORDS) == []
    with walk.runtime.database.read() as session:
        assert deciding.missing(session, walk.case) == 1
    assert brought_in(walk) == 1
    assert "statement" not in {entry.category for _item, entry in under_review(walk)}


@pytest.mark.parametrize(("own", "shown", "mine"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_mark_is_one_s_own_only_where_one_asked_and_may_be_told(
    walk: Walk, own: bool, shown: bool, mine: bool
) -> None:
    challenge = challenged(walk, "weighing", READING, own=own, shown=shown)
    entry = entry_of(challenge, READING)
    with walk.runtime.database.read() as session:
        there = standing.at(session, walk.case, [entry.id])[entry.id]
    assert [bool(there.own), bool(there.others)] == [mine, not mine]


def test_a_challenge_of_somebody_else_that_is_not_checked_yet_cannot_be_shown(walk: Walk) -> None:
    challenge = challenged(walk, "weighing", READING, own=False)
    entry = entry_of(challenge, READING)
    line = lines_of(challenge)[0]
    walk.act(lambda session: marks.lift_marks(session, challenge.case_id, line.id, ("disputed",)))
    walk.act(
        lambda session: marks.put_mark(
            session,
            child_id=walk.record.child_id,  # type: ignore[union-attr]
            entry_id=entry.id,
            cls=entry.cls,
            kind="challenged",
            case_id=challenge.case_id,
            line_id=line.id,
            since=walk.today,
        )
    )
    with walk.runtime.database.read() as session:
        assert standing.at(session, walk.case, [entry.id]) == {}


def test_what_was_replaced_is_shown_to_no_reviewer_and_not_decided(walk: Walk) -> None:
    challenge = challenged(walk, "weighing", READING, own=False)
    item, entry = labelled(walk, READING)
    assert entry.text == OLD
    decide(challenge, RIGHT)
    assert all(OLD not in entry.text for _item, entry in under_review(walk))
    with pytest.raises(StepRefused, match="has changed since"):
        decided(walk, item, entry, Decision("give"))
    brought_in(walk)
    assert labelled(walk, READING)[1].text == NEW


@pytest.mark.parametrize(("own", "left"), [(False, 1), (True, 0)])
def test_what_somebody_else_had_corrected_is_not_given_among_many(walk: Walk, own: bool, left: int) -> None:
    decide(challenged(walk, "weighing", READING, own=own), RIGHT)
    brought_in(walk)
    item, entry = labelled(walk, READING)
    pick = Pick(item.id, item.version, Decision("give"), entry.text, entry.category)
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        refusals = deciding.decide_many(session, walk.case_id, [pick], by=walk.worker.actor, today=walk.today)
    assert len(refusals) == left
    if left:
        decided(walk, item, entry, Decision("give"))
    assert labelled(walk, READING)[0].state == "give"


def test_a_restricted_entry_is_decided_by_somebody_who_opened_it_for_a_reason(walk: Walk) -> None:
    restricted(walk, READING)
    other = make_staff(walk.runtime, name="Kit Lowe")
    entry_id = next(entry.id for _item, entry in under_review(walk) if entry.masked)
    for said in (Decision("give"), Decision("duplicate", reason="The same as another.")):
        with pytest.raises(StepRefused, match="is restricted"):
            decided(walk, *of_entry(walk, entry_id), said)
    walk.act(lambda session: open_for(session, walk, other, entry_id))
    with pytest.raises(StepRefused, match="is restricted"):
        decided(walk, *of_entry(walk, entry_id), Decision("give"))
    walk.act(lambda session: open_for(session, walk, walk.worker, entry_id))
    item, entry = of_entry(walk, entry_id)
    assert entry.text == OLD
    decided(walk, item, entry, Decision("give"))
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        look = verbs.look_for(case, other.actor)  # whoever asks for the copy did not open it themselves
        some = deciding.some(session, case, entries=[entry_id])
        assert [one.text for one in deciding.entries_as_decided(session, look, some)] == [OLD]
        assert deciding.lapsed(session, case, walk.today) is None


def test_what_is_restricted_after_it_was_decided_is_in_no_copy_before_it_is_read_again(walk: Walk) -> None:
    builders.decide_all(walk)
    restricted(walk, READING)
    with pytest.raises(StepRefused, match="restricted after it was decided"):
        walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))


def test_the_page_of_an_entry_offers_the_marks_of_others_and_asks_about_their_corrections(app: Flask) -> None:
    runtime = runtime_of(app)
    walk = builders.case_in(runtime, "review")
    decide(challenged(walk, "weighing", READING, own=False), RIGHT)
    challenged(walk, "weighing", FLAG, own=False)
    client = client_for(app)
    sign_in(client, "staff", walk.worker.id)
    base = f"/staff/cases/{walk.case.reference}/review"
    page = client.get(f"{base}/{next(item.id for item, entry in under_review(walk) if entry.category == 'changed')}")
    assert "corrected or taken away since" in page.text
    assert OLD not in page.text
    brought_in(walk)
    page = client.get(f"{base}/{labelled(walk, READING)[0].id}")
    assert "a correction that somebody else asked for" in page.text
    assert NEW in page.text
    item, entry = labelled(walk, FLAG)
    page = client.get(f"{base}/{item.id}")
    with runtime.database.read() as session:
        (mark,) = standing.at(session, walk.case, [entry.id])[entry.id].others
    fields = {"decision": "give", "about": "child", "show_marks": [mark.id.hex], "save": "1"}
    client.submit(page, fields, max_queries=45)
    assert labelled(walk, FLAG)[0].said.show_marks == (mark.id.hex,)


def test_a_decision_on_what_is_restricted_since_does_not_come_back_by_undoing(walk: Walk) -> None:
    decided(walk, *labelled(walk, READING), Decision("give"))
    decided(walk, *labelled(walk, READING), Decision("duplicate", reason="As the entry before."))
    _item, entry = labelled(walk, READING)
    restricted(walk, READING)
    item, _masked = of_entry(walk, entry.id)

    def undo(session: Session) -> None:
        said = {"version": item.version, "text": entry.text, "category": entry.category}
        deciding.undo(session, walk.case_id, item.id, **said, by=walk.worker.actor, today=walk.today)

    with pytest.raises(StepRefused, match="is restricted"):
        walk.act(undo)
    assert of_entry(walk, entry.id)[0].state == "duplicate"
