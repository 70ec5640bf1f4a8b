"""What a day itself does: birthdays, ends of authority, bank holidays proclaimed late."""

from __future__ import annotations

import dataclasses
import datetime

import time_machine
from sqlmodel import Session

from portal import checking, jobs, work
from portal.cases import clocking, ledger, verbs
from portal.cases.models import Case
from portal.runtime import Runtime
from portal.vault import Owner
from tests import builders

NOON = datetime.time(12, tzinfo=datetime.UTC)


def day_comes(runtime: Runtime, day: datetime.date) -> None:
    with time_machine.travel(datetime.datetime.combine(day, NOON), tick=True):
        work.queue_daily_duties(runtime)
        work.queue_daily_duties(runtime)  # whichever worker is second changes nothing
        jobs.run_all(runtime.database, runtime)


def names(session: Session, case: Case) -> list[str]:
    return [event.name for event in ledger.history(session, case)]


def test_an_eighteenth_birthday_sends_the_case_back_to_checking_by_itself(runtime: Runtime) -> None:
    today = clocking.uk_today()
    born = (today + datetime.timedelta(days=3)).replace(year=today.year - 18)
    walk = builders.case_in(runtime, "finding")
    case = builders.open_case(runtime, born=born, email="other@example.org")
    for step, answers in (
        ("start_checking", {}),
        ("accept_identity", {"known_by": "known"}),
        ("accept_authority", {"basis": "mother", "orders": "None"}),
        ("start_finding", {}),
    ):
        with runtime.database.write() as session:
            verbs.take_step(session, case.id, step, by=walk.worker.actor, answers=answers, today=today)
    day_comes(runtime, today + datetime.timedelta(days=2))
    with runtime.database.read() as session:
        assert session.get_one(Case, case.id).state == "finding"
    day_comes(runtime, today + datetime.timedelta(days=3))
    with runtime.database.read() as session:
        assert session.get_one(Case, case.id).state == "checking"
        assert names(session, session.get_one(Case, case.id))[-1] == "eighteenth_birthday"
        assert session.get_one(Case, walk.case_id).state == "finding"  # the younger child's case sleeps on


def test_the_end_of_an_authority_sends_the_case_back_to_checking(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "checking")
    until = walk.today + datetime.timedelta(days=5)
    walk.step("accept_identity", known_by="known")
    walk.step("accept_authority", basis="mother", orders="An order until then", valid_until=until)
    walk.step("start_finding")
    day_comes(runtime, until)
    assert walk.case.state == "finding"
    day_comes(runtime, until + datetime.timedelta(days=1))
    assert walk.case.state == "checking"


def test_a_bank_holiday_proclaimed_late_moves_the_day_and_the_ledger_says_so(runtime: Runtime, tmp_path) -> None:
    walk = builders.case_in(runtime, "checking")
    due = walk.case.due_on
    assert due is not None
    file = tmp_path / "holidays.toml"
    file.write_text(f"[england-and-wales]\nadd = [{due.isoformat()}]\n")
    other = Runtime.open(dataclasses.replace(runtime.settings, holidays_file=str(file)))
    day_comes(other, walk.today)
    with other.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        assert case.due_on is not None
        assert case.due_on > due
        assert names(session, case)[-1] == "due_day_moved"
    assert list(checking.faults(other)) == []
    other.close()


def test_files_that_no_row_names_go_after_a_day_and_all_others_stay(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "checking")
    jobs.run_all(runtime.database, runtime)  # the acknowledgement is a stored file with its row
    kept = runtime.files.names()
    orphan = runtime.files.write(Owner.case(walk.case_id), b"its row was never written")
    day_comes(runtime, walk.today)
    assert orphan in runtime.files.names()
    day_comes(runtime, walk.today + datetime.timedelta(days=2))
    assert kept
    assert runtime.files.names() == kept
