"""A breach: opened from the case where it was found, counted in hours, and nothing of it for the family."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from portal import checking, db
from portal.cases import breaches, clocking, ledger, verbs, worklist
from portal.cases.breaches import Summary
from portal.cases.ledger import CaseNotFound, Happened
from portal.cases.models import Case
from portal.records import Candidate
from portal.runtime import Runtime
from tests.builders import Walk, rich_child
from tests.corrections import challenge_in
from workflows.table import StepRefused

WORDS = {
    "about": "A note about another child was filed here.",
    "how": "The family saw it in their copy.",
    "whose": "One other child, not known yet.",
}
UTC = datetime.UTC


def breach_from(walk: Walk, aware_at: datetime.datetime | None = None, **more: Any) -> Walk:
    """A breach opened from a case a moment ago, with the same people."""
    made: list[Case] = []

    def enter(session: Session) -> None:
        said = {**WORDS, "aware_at": aware_at or db.now(), "by": walk.worker.actor, **more}
        made.append(breaches.open_breach(session, from_case=walk.case_id, **said))

    walk.act(enter)
    return Walk(walk.runtime, made[0].id, walk.worker, walk.approver, "", walk.record)


def seen(walk: Walk, *, now: datetime.datetime | None = None) -> tuple[Case, Summary, list[Happened]]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        events = ledger.history(session, case)
        return case, breaches.summary(session, case, events, now=now or db.now()), events


@pytest.fixture
def challenge(runtime: Runtime) -> Walk:
    return challenge_in(runtime, "weighing")


def test_it_is_about_the_record_where_it_was_found_and_belongs_to_the_same_team(challenge: Walk) -> None:
    breach = breach_from(challenge)
    case, told, events = seen(breach)
    assert (case.kind, case.state, case.reference[:4]) == ("breach", "assessing", "BRE-")
    assert case.requester_id is None
    assert (case.child_id, case.team_id) == (challenge.case.child_id, challenge.case.team_id)
    assert told.found.whose == WORDS["whose"]
    assert told.from_case == challenge.case_id
    assert [event.name for event in events] == ["opened", "record_attached", "note"]


def test_the_officer_finds_a_note_and_the_team_a_case_with_a_day(challenge: Walk) -> None:
    breach = breach_from(challenge)
    with challenge.runtime.database.read() as session, challenge.runtime.vault.unlocked():
        case = session.get_one(Case, breach.case_id)
        notes = verbs.messages(session, case, kinds=("note",))
        found = worklist.page(session, challenge.approver.actor, "team", today=challenge.today)
    assert "data protection officer" in notes[0][1]["words"]
    labels = {line.reference: line.label for line in found.lines}
    assert labels[case.reference] == labels[challenge.case.reference]


@pytest.mark.parametrize(
    ("ago", "left"),
    [
        (datetime.timedelta(hours=1), 71),
        (datetime.timedelta(hours=71, minutes=30), 0),
        (datetime.timedelta(hours=72, minutes=1), -1),
    ],
)
def test_seventy_two_hours_are_counted_from_the_moment_it_became_known(
    challenge: Walk, ago: datetime.timedelta, left: int
) -> None:
    now = db.now()
    breach = breach_from(challenge, now - ago)
    case, told, _events = seen(breach, now=now)
    assert told.hours_left == left
    assert told.deadline == now - ago + datetime.timedelta(hours=72)
    assert case.due_on == clocking.received_day(told.deadline)


@pytest.mark.parametrize(
    ("said", "need"),
    [
        ({"aware_at": datetime.datetime(2999, 1, 1, tzinfo=UTC)}, "aware_at"),
        ({"aware_at": datetime.datetime(2026, 7, 1)}, "aware_at"),  # noqa: DTZ001 that is the fault
        ({"aware_at": datetime.datetime(1926, 7, 1, tzinfo=UTC)}, "aware_at"),
        ({"about": " "}, "about"),
        ({"whose": ""}, "about"),
        ({"kind": "gossip"}, "kind"),
    ],
)
def test_a_breach_needs_words_and_a_moment_that_can_be(challenge: Walk, said: dict[str, Any], need: str) -> None:
    with pytest.raises(StepRefused) as refused:
        breach_from(challenge, **said)
    assert refused.value.need == need
    with challenge.runtime.database.read() as session:
        assert session.execute(sa.select(Case.id).where(Case.kind == "breach")).all() == []  # type: ignore[arg-type]


def test_a_family_opens_none_and_none_is_opened_from_another(challenge: Walk) -> None:
    with pytest.raises(StepRefused):
        breach_from(challenge, by=challenge.requester)
    breach = breach_from(challenge)
    with pytest.raises(StepRefused):
        breach_from(breach)


def test_the_case_where_it_was_found_says_so_and_a_line_may_then_be_moved(challenge: Walk) -> None:
    breach = breach_from(challenge, place="line", place_id=uuid.uuid4())
    with challenge.runtime.database.read() as session, challenge.runtime.vault.unlocked():
        events = ledger.history(session, session.get_one(Case, challenge.case_id))
    assert breaches.opened_from(events) == (breach.case.reference,)


def test_the_family_is_told_nothing_of_it(challenge: Walk) -> None:
    before = _messages_waiting(challenge.runtime)
    breach = breach_from(challenge)
    breach.step("describe", what="a", whose="b", effects="c", done="d")
    assert _messages_waiting(challenge.runtime) == before
    with challenge.runtime.database.read() as session:
        assert verbs.own_cases(session, challenge.case.requester_id or uuid.uuid4()) == [challenge.case]
        with pytest.raises(CaseNotFound):
            verbs.visible_case(session, breach.case.reference, challenge.requester)
    with pytest.raises(StepRefused):
        breach.act(
            lambda session: verbs.write_message(session, breach.case_id, "to_requester", "x", by=breach.worker.actor)
        )


def test_it_goes_its_way_with_two_people_and_its_ledger_replays(challenge: Walk) -> None:
    breach = breach_from(challenge)
    breach.step("describe", what="a", whose="b", effects="c", done="d")
    breach.step("record_copy_recalled", copy="One copy", outcome="returned", confirmed_by="The school, by telephone")
    breach.step("propose_regulator_decision", decision="tell", reason="A child could be found.")
    breach.step("confirm_regulator_decision", by=breach.approver)
    breach.step("record_regulator_told", told_on=breach.today)
    assert breach.case.due_on is None
    breach.step("decide_people_told", by=breach.approver, decision="no-high-risk", reason="It came back unread.")
    breach.step("close")
    assert breach.case.closed_at is not None
    assert list(checking.faults(challenge.runtime)) == []


def test_the_entry_is_offered_to_the_record_where_it_belongs_and_nothing_is_entered_there(challenge: Walk) -> None:
    breach = breach_from(challenge)
    other = rich_child(challenge.runtime, name="Linnet Marlow", local_id="LA-0002")
    entries_before = _count(challenge.runtime, "entry")
    there = Candidate(other.child_id, other.name, other.born, other.local_id, "local_id")
    _offer(breach, there, "The note of 3 May about reading.")
    _case, told, _events = seen(breach)
    assert [(one.child_id, one.number, one.words) for one in told.offers] == [
        (other.child_id, "LA-0002", "The note of 3 May about reading.")
    ]
    assert _count(challenge.runtime, "entry") == entries_before
    with challenge.runtime.database.read() as session:
        logged = session.execute(sa.text("SELECT chain FROM log WHERE act = 'offered_to_record'")).scalars().all()
    assert f"child:{other.child_id.hex}" in logged


def test_the_record_in_which_it_was_found_is_not_where_it_belongs(challenge: Walk) -> None:
    breach = breach_from(challenge)
    assert challenge.record is not None
    same = Candidate(challenge.record.child_id, "x", None, "LA-0001", "local_id")
    other = Candidate(uuid.uuid4(), "x", None, "LA-0009", "local_id")
    for child, words in ((same, "The note"), (other, " ")):
        with pytest.raises(StepRefused):
            _offer(breach, child, words)


def _offer(breach: Walk, child: Candidate, words: str) -> None:
    breach.act(lambda session: breaches.offer_to(session, breach.case_id, child, words, by=breach.worker.actor))


def _messages_waiting(runtime: Runtime) -> int:
    return _count(runtime, "outbox")


def _count(runtime: Runtime, table: str) -> int:
    with runtime.database.read() as session:
        return session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
