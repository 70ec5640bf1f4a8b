"""The end of a seat and absences: first the work moves, then nothing of the seat is open."""

from __future__ import annotations

import datetime
import uuid

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from portal import checking, db, jobs
from portal.cases import ledger, sealing, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people import closing, invitations, looking_after, seats
from portal.people.models import OutboxMessage, SignInSession, Staff
from portal.people.seat_models import Grant, HandOver, LentCase, Seat
from portal.records.models import Child, RecordSeal
from portal.runtime import Runtime
from portal.work import queue_daily_duties
from tests.builders import case_in, make_staff, make_team
from tests.client import mails, sign_in
from tests.judge import Page
from tests.portal.caseworker.desk import TODAY, Office
from tests.portal.caseworker.desk import Seat as Sitting
from workflows.table import StepRefused


def held(office: Office, seat: Sitting, count: int = 3) -> list[uuid.UUID]:
    """Cases that this caseworker has."""
    found = []
    for number in range(count):
        case = office.case(email=f"ada{number}@example.org")
        with office.runtime.database.write() as session:
            verbs.assign(session, case.id, seat.staff, by=seat.actor)
        found.append(case.id)
    return found


def holders(runtime: Runtime, cases: list[uuid.UUID]) -> set[uuid.UUID | None]:
    with runtime.database.read() as session:
        return set(session.scalars(select(Case.assignee_id).where(col(Case.id).in_(cases))))


def closes(boss: Sitting, seat: Sitting, expect: int = 303, **more: str) -> Page:
    page = boss.client.get(f"/staff/seats/{seat.staff.id}/close")
    return boss.client.submit(page, {"sure": "y", **more}, expect)


def work(runtime: Runtime) -> int:
    return jobs.run_all(runtime.database, runtime)


def row(runtime: Runtime, table: type, **which: object):
    with runtime.database.read() as session:
        return session.execute(sa.select(table).filter_by(**which)).scalars().all()


def test_closing_a_seat_moves_its_cases_then_ends_it(office: Office) -> None:
    boss, leaver, heir = office.seat("administrator"), office.seat(name="Noor Ash"), office.seat(name="Kit Marsh")
    cases = held(office, leaver)
    page = boss.client.get(f"/staff/seats/{leaver.staff.id}/close")
    assert "Open cases 3" in page.text
    assert not any(one in page.text for one in ("SAR-", "Bo Example", "Ada"))
    assert "Is being closed" in boss.client.follow(closes(boss, leaver, to=f"staff:{heir.staff.id.hex}")).text
    leaver.client.get("/staff/")  # what is open may be finished
    work(office.runtime)
    assert holders(office.runtime, cases) == {heir.staff.id}
    assert leaver.client.get("/staff/", 303).location.startswith("/staff/sign-in")
    assert row(office.runtime, SignInSession, holder_id=leaver.staff.id) == []
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        events = ledger.history(session, session.get_one(Case, cases[0]))
    assert events[-1].name == "assigned"
    assert events[-1].answers == {"to": heir.staff.id.hex, "why": "closed"}
    assert list(checking.faults(office.runtime)) == []
    assert "Closed" in boss.client.get(f"/staff/seats/{leaver.staff.id}").text


def test_without_a_worker_the_seat_is_dead_within_a_minute_all_the_same(office: Office) -> None:
    boss, leaver = office.seat("administrator"), office.seat(name="Noor Ash")
    closes(boss, leaver)
    with time_machine.travel(db.now() + datetime.timedelta(seconds=59), tick=False):
        assert leaver.client.get("/staff/", 303).location.startswith("/staff/sign-in")


def test_from_the_first_moment_nothing_new_reaches_the_seat(office: Office) -> None:
    boss, leaver = office.seat("administrator"), office.seat(name="Noor Ash")
    case = office.case()
    closes(boss, leaver)
    with office.runtime.database.write() as session, pytest.raises(StepRefused):
        verbs.assign(session, case.id, leaver.staff, by=leaver.actor)
    with office.runtime.database.read() as session:
        assert leaver.staff.id.hex not in {found for found, _name in seats.colleagues(session)}


def test_nothing_stays_with_a_closed_seat(office: Office) -> None:
    boss, leaver, heir = office.seat("administrator"), office.seat("approver", name="Noor Ash"), office.seat("approver")
    ward = office.seat(name="Kit Marsh")
    with office.runtime.database.write() as session:
        told = {"owner_id": leaver.staff.id, "stand_in_id": leaver.staff.id}
        soon = db.now() + datetime.timedelta(days=1)
        session.execute(sa.update(Seat).where(col(Seat.staff_id) == leaver.staff.id).values(way_in_until=soon))
        session.execute(sa.update(Seat).where(col(Seat.staff_id) == ward.staff.id).values(**told))
        invitations.by_mail(session, leaver.staff.id, now=db.now())
        from portal.people import grants

        asked = seats.Asked("Una Bell", "una@example.org", "auditor", None, None, None)
        grants.seat(session, asked, by=leaver.staff.id, now=db.now())
    closes(boss, leaver, to=f"staff:{heir.staff.id.hex}")
    work(office.runtime)
    kept = row(office.runtime, Seat, staff_id=ward.staff.id)[0]
    assert (kept.owner_id, kept.stand_in_id) == (heir.staff.id, None)
    assert [one.state for one in row(office.runtime, Grant)] == ["withdrawn"]
    assert [one.state for one in row(office.runtime, OutboxMessage, staff_id=leaver.staff.id)] == ["void"]
    with office.runtime.database.write() as session:  # the same person may come back, to a seat of their own
        email = seats.one(session, leaver.staff.id).email
        seats.make(session, seats.Asked("Noor Ash", email, "caseworker", None, None, None), by=None)


def test_a_worker_that_is_killed_half_way_leaves_nothing_half_moved(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.cases import handing_over

    boss, leaver, heir = office.seat("administrator"), office.seat(name="Noor Ash"), office.seat(name="Kit Marsh")
    cases = held(office, leaver, 5)
    monkeypatch.setattr(handing_over, "BATCH", 2)
    closes(boss, leaver, to=f"staff:{heir.staff.id.hex}")
    stop = Stopping(2, handing_over._move)
    with monkeypatch.context() as half_way:
        half_way.setattr(handing_over, "_move", stop)
        with pytest.raises(KeyboardInterrupt):
            work(office.runtime)
    assert holders(office.runtime, cases) == {leaver.staff.id, heir.staff.id}
    with time_machine.travel(db.now() + datetime.timedelta(minutes=5)):
        work(office.runtime)
        assert holders(office.runtime, cases) == {heir.staff.id}
        assert row(office.runtime, HandOver)[0].ended_at is not None
        with office.runtime.database.read() as session:
            for case_id in cases:
                names = [one.name for one in ledger.history(session, session.get_one(Case, case_id))]
                assert names.count("assigned") == 2


class Stopping:
    """Does what it stands for a few times, then the process ends."""

    def __init__(self, times: int, real) -> None:
        self.left, self.real = times, real

    def __call__(self, *args, **options):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return self.real(*args, **options)


def test_a_case_that_is_damaged_holds_up_neither_the_others_nor_the_end(office: Office) -> None:
    boss, leaver, heir = office.seat("administrator"), office.seat(name="Noor Ash"), office.seat(name="Kit Marsh")
    cases = held(office, leaver)
    with office.runtime.database.write() as session:
        session.execute(sa.update(Case).where(col(Case.id) == cases[0]).values(seq=Case.seq - 1))
    closes(boss, leaver, to=f"staff:{heir.staff.id.hex}")
    work(office.runtime)
    assert holders(office.runtime, cases[1:]) == {heir.staff.id}
    assert row(office.runtime, SignInSession, holder_id=leaver.staff.id) == []
    assert row(office.runtime, HandOver)[0].moved_at is None


def test_cases_can_go_to_a_team_and_stay_with_their_own_when_nobody_is_named(office: Office) -> None:
    boss, leaver, other = office.seat("administrator"), office.seat(), office.seat(team="Other team")
    cases = held(office, leaver, 1)
    closes(boss, leaver, to=f"team:{other.actor.team_id.hex}")  # type: ignore[union-attr]
    work(office.runtime)
    found = row(office.runtime, Case, id=cases[0])[0]
    assert (found.assignee_id, found.team_id) == (None, other.actor.team_id)
    second = office.seat(name="Kit Marsh")
    more = held(office, second, 1)
    closes(boss, second)
    work(office.runtime)
    found = row(office.runtime, Case, id=more[0])[0]
    assert (found.assignee_id, found.team_id) == (None, office.team.id)


def test_what_waits_for_a_teams_only_approver_goes_with_the_named_one(office: Office) -> None:
    boss, leaver = office.seat("administrator"), office.seat("approver")
    worker, heir = office.seat(), office.seat("approver", team="Other team")
    case = office.case_in("approval", worker.actor)
    with office.runtime.database.write() as session:
        verbs.assign(session, case.id, worker.staff, by=worker.actor)
    page = boss.client.get(f"/staff/seats/{leaver.staff.id}/close")
    assert "Nobody else in this team can approve" in page.text
    closes(boss, leaver, to=f"staff:{heir.staff.id.hex}")
    work(office.runtime)
    found = row(office.runtime, Case, id=case.id)[0]
    assert (found.assignee_id, found.team_id) == (worker.staff.id, heir.actor.team_id)


def test_an_absence_lends_the_cases_and_brings_them_back(office: Office) -> None:
    third = office.seat(name="Una Bell")
    boss, away, heir = office.seat("administrator"), office.seat(name="Noor Ash"), office.seat(name="Kit Marsh")
    cases = held(office, away)
    last = TODAY + datetime.timedelta(days=7)
    told = {"stand_in": heir.staff.id.hex}
    for name, day in (("first", TODAY), ("last", last)):
        told |= {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}
    path = f"/staff/seats/{away.staff.id}/away"
    boss.client.submit(boss.client.get(path), told)
    work(office.runtime)
    assert holders(office.runtime, cases) == {heir.staff.id}
    assert "Away" in boss.client.get(f"/staff/seats/{away.staff.id}").text
    with office.runtime.database.write() as session:  # one was given on meanwhile: it stays there
        verbs.assign(session, cases[0], third.staff, by=heir.actor)
    with time_machine.travel(db.now() + datetime.timedelta(days=8)):
        queue_daily_duties(office.runtime)
        work(office.runtime)
        assert holders(office.runtime, cases[1:]) == {away.staff.id}
        assert holders(office.runtime, cases[:1]) == {third.staff.id}
    assert row(office.runtime, LentCase) == []
    assert list(checking.faults(office.runtime)) == []


def test_days_of_an_absence_come_in_pairs(office: Office) -> None:
    boss, away = office.seat("administrator"), office.seat()
    path = f"/staff/seats/{away.staff.id}/away"
    told = {"first-day": str(TODAY.day), "first-month": str(TODAY.month), "first-year": str(TODAY.year)}
    assert "Enter the last day too" in boss.client.submit(boss.client.get(path), told, 400).text


def look(runtime: Runtime, staff_id: uuid.UUID, days: int) -> None:
    with runtime.database.write() as session:
        looking_after.look_at(session, staff_id, now=db.now() + datetime.timedelta(days=days))


def test_an_unused_seat_closes_after_45_days_and_its_owner_hears_before(office: Office) -> None:
    owner, idle = office.seat("approver", name="Una Bell"), office.seat(name="Noor Ash")
    with office.runtime.database.write() as session:
        session.execute(sa.update(Seat).where(col(Seat.staff_id) == idle.staff.id).values(owner_id=owner.staff.id))
    look(office.runtime, idle.staff.id, 30)
    assert row(office.runtime, OutboxMessage) == []
    look(office.runtime, idle.staff.id, 40)
    look(office.runtime, idle.staff.id, 41)
    assert len(row(office.runtime, OutboxMessage)) == 1
    told = mails(office.runtime)[-1]
    assert "Noor" not in told.as_string()
    assert row(office.runtime, Staff, id=idle.staff.id)[0].disabled_at is None
    look(office.runtime, idle.staff.id, 46)
    assert row(office.runtime, Seat, staff_id=idle.staff.id)[0].closed_why == "unused"
    assert row(office.runtime, Staff, id=idle.staff.id)[0].disabled_at is not None


@pytest.mark.parametrize(("days", "why"), [(5, None), (10, None), (11, "ended")])
@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_seat_ends_when_its_last_day_is_over(office: Office, days: int, why: str | None) -> None:
    seat = office.seat()
    ends = TODAY + datetime.timedelta(days=10)
    with office.runtime.database.write() as session:
        session.execute(sa.update(Seat).where(col(Seat.staff_id) == seat.staff.id).values(ends_on=ends))
    look(office.runtime, seat.staff.id, days)
    assert row(office.runtime, Seat, staff_id=seat.staff.id)[0].closed_why == why


def test_the_day_looks_after_every_seat_once(office: Office) -> None:
    seat = office.seat()
    with office.runtime.database.write() as session:
        ended = TODAY - datetime.timedelta(days=1)
        session.execute(sa.update(Seat).where(col(Seat.staff_id) == seat.staff.id).values(ends_on=ended))
    queue_daily_duties(office.runtime)
    queue_daily_duties(office.runtime)
    work(office.runtime)
    assert len(row(office.runtime, HandOver)) == 1
    sign_in(seat.client, "staff", seat.staff.id)
    assert seat.client.get("/staff/", 303).location.startswith("/staff/sign-in")


def test_a_case_opened_again_does_not_go_back_to_a_closed_seat(office: Office) -> None:
    boss, leaver = office.seat("administrator"), office.seat(name="Noor Ash")
    case = office.case()
    with office.runtime.database.write() as session:
        verbs.assign(session, case.id, leaver.staff, by=leaver.actor)
    office.step(case, "withdraw", _requester(office, case), sure=True)
    closes(boss, leaver)
    work(office.runtime)
    assert office.row(case).assignee_id == leaver.staff.id
    with time_machine.travel(db.now() + datetime.timedelta(minutes=2)):
        office.step(case, "reopen", office.seat().actor, reason="They wrote again.")
    assert office.row(case).assignee_id is None
    assert list(checking.faults(office.runtime)) == []


def _requester(office: Office, case: Case):
    return Actor.requester(case.requester)


def test_what_a_closed_seat_asked_for_is_not_finished_in_its_name(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.documents import release, render
    from tests.builders import decide_all, pack_of, run_assembly

    walk = case_in(runtime, "review")
    decide_all(walk)
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))

    def closed_meanwhile(html: str, *, pages: int) -> bytes:
        with runtime.database.write() as session:
            closing.close(session, walk.worker.id, by=None, now=db.now())
        return render_pdf(html, pages=pages)

    render_pdf = render.pdf
    monkeypatch.setattr(render, "pdf", closed_meanwhile)
    run_assembly(walk)
    pack = pack_of(walk)
    assert (pack.state, pack.pdf_file) == ("failed", None)


def sealed(runtime: Runtime, team: uuid.UUID | None, case_id: uuid.UUID, proposer: Actor, confirmer: Actor) -> None:
    with runtime.database.write() as session:
        sealing.propose(session, case_id, what="seal", team_id=team, reason="Adoption", by=proposer)
    (proposed,) = row(runtime, RecordSeal)
    with runtime.database.write() as session:
        sealing.confirm(session, case_id, proposed.id, by=confirmer)


def lends(runtime: Runtime, holder: uuid.UUID, to: uuid.UUID | None, by: uuid.UUID, days: int | None = 3) -> None:
    first = TODAY if days else None
    last = TODAY + datetime.timedelta(days=days) if days else None
    with runtime.database.write() as session:
        version = seats.locked(session, holder).version
        told = {"first": first, "last": last, "stand_in_id": to, "by": by}
        closing.away(session, holder, version=version, **told)  # type: ignore[arg-type]
    work(runtime)


def test_a_case_whose_record_is_sealed_goes_to_nobody_outside_its_team(runtime: Runtime) -> None:
    walk = case_in(runtime, "review")
    team = walk.worker.actor.team_id
    outsider = make_staff(runtime, team=make_team(runtime, "Another team"), name="Kit Marsh")
    with runtime.database.write() as session:
        verbs.assign(session, walk.case_id, session.get_one(Staff, walk.worker.id), by=walk.worker.actor)
    sealed(runtime, team, walk.case_id, walk.worker.actor, walk.approver.actor)
    with runtime.database.write() as session, pytest.raises(StepRefused):
        verbs.assign(session, walk.case_id, session.get_one(Staff, outsider.id), by=walk.worker.actor)
    with runtime.database.write() as session, pytest.raises(StepRefused):
        verbs.assign(session, walk.case_id, None, by=walk.worker.actor, team_id=outsider.actor.team_id)
    lends(runtime, walk.worker.id, outsider.id, walk.approver.id)
    (found,) = row(runtime, Case, id=walk.case_id)
    assert (found.assignee_id, found.team_id) == (None, team)
    assert not verbs.may_see(found, outsider.actor)
    lends(runtime, walk.worker.id, None, walk.approver.id, days=None)
    assert holders(runtime, [walk.case_id]) == {walk.worker.id}  # theirs again: they are in the team
    with runtime.database.write() as session:
        closing.close(session, walk.worker.id, by=None, to_team_id=outsider.actor.team_id, now=db.now())
    work(runtime)
    (found,) = row(runtime, Case, id=walk.case_id)
    assert (found.assignee_id, found.team_id) == (None, team)


def test_a_record_sealed_for_another_team_meanwhile_does_not_come_back(runtime: Runtime) -> None:
    walk, adoption = case_in(runtime, "review"), make_team(runtime, "Adoption team")
    with runtime.database.write() as session:
        verbs.assign(session, walk.case_id, session.get_one(Staff, walk.worker.id), by=walk.worker.actor)
    lends(runtime, walk.worker.id, None, walk.approver.id)
    sealed(runtime, adoption.id, walk.case_id, walk.worker.actor, walk.approver.actor)
    lends(runtime, walk.worker.id, None, walk.approver.id, days=None)
    (found,) = row(runtime, Case, id=walk.case_id)
    assert (found.assignee_id, found.team_id) == (None, adoption.id)


def test_what_waits_for_approval_and_is_sealed_stays_with_its_team(office: Office) -> None:
    boss, leaver = office.seat("administrator"), office.seat("approver")
    heir, case = office.seat("approver", team="Other team"), office.case_in("approval", office.seat().actor)
    with office.runtime.database.write() as session:
        child = Child(access_group=office.team.id.hex, sealed=b"", created_at=db.now())
        session.add(child)
        session.flush()
        session.execute(sa.update(Case).where(col(Case.id) == case.id).values(child_id=child.id))
    closes(boss, leaver, to=f"staff:{heir.staff.id.hex}")
    work(office.runtime)
    assert office.row(case).team_id == office.team.id


def test_a_damaged_case_holds_up_no_other_that_comes_back(office: Office) -> None:
    boss, away, heir = office.seat("administrator"), office.seat(name="Noor Ash"), office.seat(name="Kit Marsh")
    cases = held(office, away)
    lends(office.runtime, away.staff.id, heir.staff.id, boss.staff.id)
    with office.runtime.database.write() as session:
        session.execute(sa.update(Case).where(col(Case.id) == cases[0]).values(seq=Case.seq - 1))
    lends(office.runtime, away.staff.id, heir.staff.id, boss.staff.id, days=None)
    assert holders(office.runtime, cases[1:]) == {away.staff.id}
    assert [one.case_id for one in row(office.runtime, LentCase)] == cases[:1]
