"""A case is its ledger: what was said, by whom, in which order, and nothing is lost or done twice."""

from __future__ import annotations

import datetime
import threading

import pytest
import sqlalchemy as sa

from portal import db
from portal.cases import clocking, ledger, searching, verbs, worklist
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.people.models import Team
from portal.runtime import Runtime
from workflows.table import Role, StepRefused

TODAY = clocking.uk_today()


def team(runtime: Runtime, name: str = "Records") -> Team:
    with runtime.database.write() as session:
        row = Team(name=name)
        session.add(row)
    return row


def caseworker(of: Team) -> Actor:
    return Actor("staff", db.new_id(), Role.CASEWORKER, team_id=of.id)


def opened(runtime: Runtime, *subjects: Subject, on: datetime.date = TODAY) -> tuple[Case, ...]:
    subjects = subjects or (Subject("parent", "mother", "Bo Example", birth_date=datetime.date(2019, 1, 2)),)
    asked = Asked(Requester("Ada Example", "ada@example.org"), subjects)
    with runtime.database.write() as session:
        return open_cases(session, asked, by=visitor(), received_on=on).cases


def step(runtime: Runtime, case: Case, name: str, by: Actor, **answers: object) -> None:
    with runtime.database.write() as session:
        verbs.take_step(session, case.id, name, by=by, answers=answers, today=TODAY)  # type: ignore[arg-type]


def test_a_request_about_two_children_is_two_linked_cases_with_one_receipt_each(runtime: Runtime) -> None:
    team(runtime)
    one, two = opened(runtime, Subject("parent", "mother", "Bo Example"), Subject("parent", "mother", "Cy Example"))
    assert one.reference != two.reference
    assert one.group_id == two.group_id is not None
    with runtime.database.read() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM outbox WHERE template = 'receipt'")) == 2


def test_nothing_a_requester_typed_stands_in_the_database_in_the_clear(runtime: Runtime) -> None:
    team(runtime)
    (case,) = opened(runtime, Subject("parent", "mother", "Canaryname Example", school="Canaryschool"))
    step(runtime, case, "start_checking", caseworker(Team(name="x", id=case.team_id)))
    with runtime.database.read() as session:
        for table in ("case", "event", "person", "outbox", "job", "log", "message"):
            rows = session.execute(sa.text(f'SELECT * FROM "{table}"')).all()
            assert "anary" not in repr(rows), table
            assert "ada@example.org" not in repr(rows), table


def test_a_step_moves_the_state_with_its_event_its_mail_and_its_log_row(runtime: Runtime) -> None:
    own = team(runtime)
    (case,) = opened(runtime)
    step(runtime, case, "start_checking", caseworker(own))
    with runtime.database.read() as session:
        again = verbs.visible_case(session, case.reference, caseworker(own))
        events = ledger.history(session, again)
        assert again.state == "checking"
        assert [event.name for event in events] == ["opened", "start_checking"]
        assert session.scalar(sa.text("SELECT count(*) FROM outbox WHERE template = 'update'")) == 1
        assert session.scalar(sa.text("SELECT count(*) FROM log WHERE act = 'step'")) == 1


def test_a_refused_step_changes_nothing_and_says_why(runtime: Runtime) -> None:
    own = team(runtime)
    (case,) = opened(runtime)
    step(runtime, case, "start_checking", caseworker(own))
    with pytest.raises(StepRefused, match="who is asking"):
        step(runtime, case, "start_finding", caseworker(own))
    with runtime.database.read() as session:
        assert len(ledger.history(session, session.get(Case, case.id))) == 2  # type: ignore[arg-type]


def test_a_form_that_saw_an_older_case_is_a_lost_race(runtime: Runtime) -> None:
    own = team(runtime)
    (case,) = opened(runtime)
    step(runtime, case, "start_checking", caseworker(own))
    with pytest.raises(LostRace), runtime.database.write() as session:
        verbs.take_step(
            session,
            case.id,
            "accept_identity",
            by=caseworker(own),
            answers={"known_by": "known"},
            today=TODAY,
            seen_seq=1,
        )


def test_twenty_takers_of_one_step_take_it_once(runtime: Runtime) -> None:
    own = team(runtime)
    (case,) = opened(runtime)
    taken: list[int] = []

    def take() -> None:
        try:
            step(runtime, case, "start_checking", caseworker(own))
            taken.append(1)
        except StepRefused:
            pass

    threads = [threading.Thread(target=take) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_the_clock_waits_while_identity_is_awaited_and_begins_when_it_came(runtime: Runtime) -> None:
    own = team(runtime)
    (case,) = opened(runtime, on=TODAY)
    by = caseworker(own)
    step(runtime, case, "start_checking", by)
    step(runtime, case, "ask_identity", by, doubt="not-known", proof="A letter from the school")
    with runtime.database.read() as session:
        row = session.get(Case, case.id)
        assert (row.due_on, row.clock_status) == (None, "stopped")
    step(runtime, case, "record_identity", by, came_on=TODAY)
    with runtime.database.read() as session:
        row = session.get(Case, case.id)
        assert row.due_on is not None
        assert row.clock_status in {"running", "provisional"}


def test_another_team_and_an_unknown_reference_read_the_same(runtime: Runtime) -> None:
    team(runtime)
    (case,) = opened(runtime)
    other = caseworker(Team(name="Other"))
    with runtime.database.read() as session:
        for reference in (case.reference, "SAR-2222-2222"):
            with pytest.raises(CaseNotFound):
                verbs.visible_case(session, reference, other)


def test_an_event_cannot_be_changed_or_deleted(runtime: Runtime) -> None:
    team(runtime)
    opened(runtime)
    for statement in ("UPDATE event SET name = 'x'", "DELETE FROM event"):
        with pytest.raises(sa.exc.DBAPIError), runtime.database.write() as session:
            session.execute(sa.text(statement))


def test_nothing_held_needs_every_place_answered_and_a_second_person(runtime: Runtime) -> None:
    own = team(runtime)
    (case,) = opened(runtime)
    by, second = caseworker(own), Actor("staff", db.new_id(), Role.APPROVER, team_id=own.id)
    step(runtime, case, "start_checking", by)
    step(runtime, case, "accept_identity", by, known_by="known")
    step(runtime, case, "accept_authority", by, basis="mother", orders="none")
    step(runtime, case, "start_finding", by)
    with pytest.raises(StepRefused):
        step(runtime, case, "propose_nothing_held", by, reason="Nothing anywhere")
    with runtime.database.write() as session:
        place = searching.add_place(session, case.id, "directory", by=by)
    with pytest.raises(StepRefused):
        step(runtime, case, "propose_nothing_held", by, reason="Nothing anywhere")
    with runtime.database.write() as session:
        searching.answer_place(
            session,
            case.id,
            place,
            version=1,
            answer="nothing",
            owner="",
            terms="name",
            words="",
            asked_on=TODAY,
            by=by,
        )
    step(runtime, case, "propose_nothing_held", by, reason="Nothing anywhere")
    with pytest.raises(StepRefused):
        step(runtime, case, "confirm_nothing_held", Actor("staff", by.id, Role.APPROVER, team_id=own.id))
    step(runtime, case, "confirm_nothing_held", second)
    with runtime.database.read() as session:
        row = session.get(Case, case.id)
        assert row.state == "nothing_held"
        assert row.closed_at is not None


@pytest.mark.parametrize("which", ["mine", "team", "unassigned", "overdue"])
def test_a_worklist_pages_by_key_in_the_order_of_the_law_and_asks_no_more_with_more_cases(
    runtime: Runtime, which: str
) -> None:
    own = team(runtime)
    by = caseworker(own)
    for number in range(30):
        opened(runtime, on=TODAY - datetime.timedelta(days=60 + number))
    with runtime.database.read() as session:
        first = worklist.page(session, by, which, today=TODAY)
        if which == "mine":  # none of them is assigned to this caseworker
            assert first.lines == []
            return
        assert len(first.lines) == worklist.PAGE
        rest = worklist.page(session, by, which, today=TODAY, after=first.following)
        assert len(rest.lines) == 5
        days = [line.due_on for line in (*first.lines, *rest.lines)]
        assert days == sorted(days)
        assert len({line.case_id for line in (*first.lines, *rest.lines)}) == 30
        assert worklist.counts(session, by, today=TODAY)["team"] == 30
