"""A feed says the old thing again: the source is told once, by mail or by a person, and people settle it."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa

from portal import audit, db, jobs, work
from portal.cases import ledger
from portal.cases.corrections import clashing
from portal.cases.corrections.clashing import Clash
from portal.cases.corrections.lines import Value
from portal.cases.ledger import CaseNotFound, Happened, LostRace
from portal.cases.models import Case
from portal.people import outbox
from portal.records import bodies
from portal.records.feeds import importing
from portal.records.models import Source
from portal.runtime import Runtime
from portal.vault import vault_of
from tests.builders import Walk, feed_child, item, make_staff, make_team
from tests.client import mails
from tests.corrections import CORRECTED, challenge_in, decide, entry_of, open_marks
from workflows.table import StepRefused

READING = "Reading"
OURS, THEIRS = "As is usual at this age.", "Ahead of what is usual at this age."
NEWS = "Behind what is usual at this age."
DECIDED = replace(CORRECTED, says=Value("text", OURS))
OFFICE = "office@kiln-lane.example.org"
KEY = "body:kiln lane primary school"


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A corrected entry, and its school on file with an address."""
    made = challenge_in(runtime, "weighing", about=[READING], shown=True)
    decide(made, DECIDED)
    reach_school(runtime, OFFICE)
    return made


def reach_school(runtime: Runtime, email: str) -> None:
    """The address of the school, as the administrator entered it."""
    with runtime.database.write() as session, runtime.vault.unlocked():
        body = bodies.of_key(session, KEY)
        assert body is not None
        reach = replace(body.reach, email=email)
        bodies.keep(session, reach, body_id=body.id, version=body.version, actor="staff:test", role="administrator")


def feed(runtime: Runtime, says: str = THEIRS, *, note: str = "") -> None:
    """The school's data once more. `note` is something else that is new, so that the child is looked at again."""
    school = {"source": "Kiln Lane Primary School", "source_key": KEY}
    items = [item("reading", "education", READING, says, opinion=True, **school)]
    if note:
        items.append(item(f"news|{note}", "education", "News", note, **school))
    importing.take_in(runtime.database, "directory", [feed_child(*items)])


def tell(runtime: Runtime) -> None:
    """What the day does."""
    with runtime.vault.unlocked():
        clashing.tell_of_clashes(runtime.database)


def told_by_mail(runtime: Runtime) -> list[str]:
    return [str(one["To"]) for one in mails(runtime) if "something again" in one.get_content()]


def events(walk: Walk, name: str) -> list[Happened]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return [one for one in ledger.history(session, session.get_one(Case, walk.case_id)) if one.name == name]


def listed(walk: Walk) -> list[Clash]:
    with walk.runtime.database.read() as session:
        return clashing.open_clashes(session, walk.worker.actor)


def only(walk: Walk) -> Clash:
    with walk.runtime.database.read() as session:
        (found,) = clashing.of_case(session, session.get_one(Case, walk.case_id))
    return found


def test_the_source_is_told_once_however_often_the_feed_comes(walk: Walk) -> None:
    for note in ("one", "two"):
        feed(walk.runtime, note=note)
        tell(walk.runtime)
        tell(walk.runtime)
    assert told_by_mail(walk.runtime) == [OFFICE]
    assert [one.answers["way"] for one in events(walk, "feed_clash")] == ["email"]
    assert entry_of(walk, READING).text == OURS


def test_the_mail_names_nobody_and_nothing(walk: Walk) -> None:
    feed(walk.runtime)
    tell(walk.runtime)
    (message,) = [one for one in mails(walk.runtime) if one["To"] == OFFICE]
    for hidden in ("Ashdown", "Lark", READING, OURS, THEIRS, walk.case.reference, "Kiln", "child"):
        assert hidden not in message.as_string().replace(OFFICE, "")


def test_the_daily_job_and_the_import_both_tell(walk: Walk) -> None:
    feed(walk.runtime)
    work.queue_daily_duties(walk.runtime)
    with walk.runtime.database.write() as session:
        clashing.have_told(session)
    jobs.run_all(walk.runtime.database, walk.runtime)
    assert told_by_mail(walk.runtime) == [OFFICE]


def test_telling_is_one_transaction(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the commit, nobody was told, nothing says so, and the next run tells."""
    feed(walk.runtime)
    queue = outbox.queue

    def stumble(*args: object, **more: object) -> None:
        queue(*args, **more)  # type: ignore[arg-type]
        raise RuntimeError("killed before the commit")

    with monkeypatch.context() as killed, pytest.raises(RuntimeError):
        killed.setattr(outbox, "queue", stumble)
        tell(walk.runtime)
    assert told_by_mail(walk.runtime) == [] and events(walk, "feed_clash") == [] and only(walk).told_at is None
    tell(walk.runtime)
    assert told_by_mail(walk.runtime) == [OFFICE]


def test_where_the_register_has_no_address_it_waits_for_a_person(walk: Walk) -> None:
    reach_school(walk.runtime, "")
    feed(walk.runtime)
    tell(walk.runtime)
    before = looks(walk)
    tell(walk.runtime)
    assert looks(walk) == before  # nothing is opened again every night
    assert told_by_mail(walk.runtime) == []
    (clash,) = listed(walk)
    assert clash.by_hand and clash.reference == walk.case.reference
    assert [one.answers["way"] for one in events(walk, "feed_clash")] == [""]
    walk.act(lambda session: clashing.told_by_staff(session, walk.case_id, clash.id, "phone", by=walk.worker.actor))
    assert not only(walk).by_hand
    with pytest.raises(LostRace):
        walk.act(
            lambda session: clashing.told_by_staff(session, walk.case_id, clash.id, "letter", by=walk.worker.actor)
        )


def looks(walk: Walk) -> int:
    with walk.runtime.database.read() as session:
        return len(audit.of_case(session, walk.case_id, "look_supplier"))


def test_a_body_that_left_the_register_meanwhile_gets_no_mail(walk: Walk) -> None:
    feed(walk.runtime)
    tell(walk.runtime)
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        for row in session.scalars(sa.select(Source)):
            vault_of(session).put(row, {"name": "Gone"})
            session.add(row)
    assert told_by_mail(walk.runtime) == []


def test_a_clash_is_told_of_after_the_case_is_closed(walk: Walk) -> None:
    walk.step("withdraw", by=walk.requester, sure=True)
    feed(walk.runtime)
    tell(walk.runtime)
    assert told_by_mail(walk.runtime) == [OFFICE]


def test_when_the_source_agrees_the_clash_is_gone_from_the_list(walk: Walk) -> None:
    feed(walk.runtime)
    assert len(listed(walk)) == 1
    feed(walk.runtime, OURS)
    assert listed(walk) == [] and only(walk).ended == "agreed"
    tell(walk.runtime)
    assert told_by_mail(walk.runtime) == []


def test_that_the_source_agrees_by_now_is_an_event_of_the_case_once(walk: Walk) -> None:
    feed(walk.runtime)
    tell(walk.runtime)
    feed(walk.runtime, OURS)
    assert events(walk, "feed_agrees") == [], "the case is told by a job, after the import"
    jobs.run_all(walk.runtime.database, walk.runtime)
    (agreed,) = events(walk, "feed_agrees")
    assert (agreed.actor, agreed.answers["clash"]) == ("system", only(walk).id.hex)
    with walk.runtime.database.write() as session:
        session.execute(sa.update(jobs.Job).values(state="waiting", attempts=0, run_after=db.now()))
    feed(walk.runtime, OURS, note="the same again")
    jobs.run_all(walk.runtime.database, walk.runtime)
    assert len(events(walk, "feed_agrees")) == 1


def test_another_team_sees_nothing_of_it(walk: Walk) -> None:
    feed(walk.runtime)
    other = make_staff(walk.runtime, team=make_team(walk.runtime, "Another team"))
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        assert clashing.open_clashes(session, other.actor) == []
        for stranger in (other.actor, walk.requester):  # the requester sees what was decided, not the record
            with pytest.raises(CaseNotFound):
                clashing.compare(session, case, only(walk).id, by=stranger)


def test_both_sides_are_read_side_by_side_and_logged(walk: Walk) -> None:
    feed(walk.runtime, NEWS)
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        both = clashing.compare(session, case, only(walk).id, by=walk.worker.actor)
    assert both.decided is not None and both.says is not None
    assert (both.decided.text, both.says.text) == (OURS, NEWS)
    with walk.runtime.database.read() as session:
        looked = [one.actor for one in audit.of_case(session, walk.case_id, "look")]
    assert looked[-2:] == [str(walk.worker.actor)] * 2


def test_what_the_source_says_now_can_be_accepted_by_somebody_else_with_a_reason(walk: Walk) -> None:
    feed(walk.runtime, NEWS)
    clash, entry = only(walk), entry_of(walk, READING)
    accept(walk, clash, message="The school has looked again. It says something new.")
    assert entry_of(walk, READING).text == NEWS
    assert open_marks(walk, entry.id) == set()
    assert only(walk).ended == "accepted" and listed(walk) == []
    assert events(walk, "source_value_accepted")[0].answers["reason"] == "A new test."
    assert len(events(walk, "to_requester")) == 1
    feed(walk.runtime, NEWS, note="again")
    assert listed(walk) == []


def accept(walk: Walk, clash: Clash, **more: object) -> None:
    given: dict[str, object] = {"by": walk.approver.actor, "seen": clash.version_id, **more}
    walk.act(
        lambda session: clashing.accept_source_value(session, walk.case_id, clash.id, "A new test.", **given)  # type: ignore[arg-type]
    )


def test_whoever_decided_does_not_undo_it(walk: Walk) -> None:
    feed(walk.runtime)
    with pytest.raises(StepRefused, match="somebody else"):
        accept(walk, only(walk), by=walk.worker.actor)
    assert entry_of(walk, READING).text == OURS


def test_what_nobody_has_looked_at_is_not_accepted(walk: Walk) -> None:
    feed(walk.runtime)
    seen = only(walk)
    feed(walk.runtime, NEWS)
    with pytest.raises(LostRace):
        accept(walk, seen)
    assert entry_of(walk, READING).text == OURS


def test_a_clash_is_settled_once(walk: Walk) -> None:
    feed(walk.runtime)
    clash = only(walk)
    keep(walk, clash)
    assert listed(walk) == [] and only(walk).ended == "decided"
    for again in (accept, keep):
        with pytest.raises(LostRace):
            again(walk, clash)
    feed(walk.runtime, note="the same again")
    assert listed(walk) == [] and entry_of(walk, READING).text == OURS


def keep(walk: Walk, clash: Clash) -> None:
    walk.act(
        lambda session: clashing.keep_decision(session, walk.case_id, clash.id, "The letter.", by=walk.worker.actor)
    )


def test_a_clash_of_another_case_is_not_there(walk: Walk) -> None:
    feed(walk.runtime)
    other = challenge_in(walk.runtime, "received", email="other@example.org")
    with pytest.raises(CaseNotFound):
        keep(other, only(walk))
    with pytest.raises(CaseNotFound):
        walk.act(lambda session: clashing.keep_decision(session, walk.case_id, uuid.uuid4(), "x", by=walk.worker.actor))


@pytest.mark.parametrize("reason", ["", "  "])
def test_settling_takes_a_reason(walk: Walk, reason: str) -> None:
    feed(walk.runtime)
    clash = only(walk)
    for settle, by in (
        (clashing.accept_source_value, walk.approver.actor),
        (clashing.keep_decision, walk.worker.actor),
    ):
        with pytest.raises(StepRefused):
            walk.act(lambda session, settle=settle, by=by: settle(session, walk.case_id, clash.id, reason, by=by))  # type: ignore[misc]
    assert len(listed(walk)) == 1
