"""`portal check` finds whatever was changed behind the portal's back, says where, and is silent otherwise."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from portal import checking, db
from portal.cases import clocking, evidence, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case, Evidence
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.db import Database
from portal.people.models import Team
from portal.records.models import Child
from portal.runtime import Runtime
from portal.vault import SealBroken
from portal.vault.keyring import wrapped_key
from tests.client import enter_staff
from tests.crashing import PAPER
from workflows.table import Role

TODAY = clocking.uk_today()


@pytest.fixture
def case(runtime: Runtime) -> Case:
    """A case with a few events, a message, a file and an assignee; another one beside it."""
    bo = Subject("parent", "mother", "Bo Example", birth_date=datetime.date(2019, 1, 2))
    with runtime.database.write() as session:
        team = Team(name="Records")
        session.add(team)
        session.flush()
        asked = Asked(Requester("Ada Example", "ada@example.org"), (bo, Subject("self", "", "Cy Example")))
        made, _other = open_cases(session, asked, by=visitor(), received_on=TODAY).cases
        by = Actor("staff", db.new_id(), Role.CASEWORKER, team_id=team.id)
        verbs.take_step(session, made.id, "start_checking", by=by, answers={}, today=TODAY)
        verbs.write_message(session, made.id, "to_requester", "We have begun", by=by)
        evidence.add_to_case(session, runtime.files, made.id, PAPER, purpose="other", scanner="", by=by)
    return made


def faults(runtime: Runtime) -> list[str]:
    return list(checking.faults(runtime))


def after(runtime: Runtime, change: str, **values: object) -> list[str]:
    """What the check of the ledger says after a change by somebody with all rights on the database; it is undone."""
    everything = Database(runtime.settings.owner_database, runtime.vault, context=context(runtime))
    with everything._session(writable=True) as session:
        for act in ("update", "delete"):
            on = " ON event" if everything.engine.dialect.name == "postgresql" else ""
            session.execute(sa.text(f"DROP TRIGGER event_no_{act}{on}"))
        done = session.execute(sa.text(change), values)
        assert db.changed_rows(done) == 1, f"nothing was tampered with: {change}"
        found = list(checking._ledger_faults(session))
    everything.dispose()
    return found


def context(runtime: Runtime) -> dict[str, object]:
    with runtime.database.read() as session:
        return dict(session.info)


def test_an_untouched_portal_is_without_fault(runtime: Runtime, case: Case) -> None:
    assert faults(runtime) == []


OF_THE_CASE = {
    "state = 'closed'": "its state is not what its events say",
    "seq = seq + 1": "its state is not what its events say",
    "closed_at = created_at": "it is closed or open against what its events say",
    "due_on = '2031-01-01'": "its dates are not what its events say",
    "received_on = '2026-01-01'": "its dates are not what its events say",
    "clock_status = 'stopped'": "its dates are not what its events say",
    "assignee_id = (SELECT id FROM staff)": "it is not with whom its events say",
    "child_id = (SELECT id FROM child)": "the record attached to it is not the one its events say",
    "kind = 'nothing'": "there is no kind of case called 'nothing'",
    """sealed = (SELECT sealed FROM "case" WHERE reference <> :reference)""": "what was asked: a sealed cell of case",
}


def test_a_case_row_that_is_not_what_its_events_say_is_named(runtime: Runtime, case: Case) -> None:
    enter_staff(runtime)
    with runtime.database.write() as session:
        session.add(Child(sealed=b"", created_at=db.now()))
    for change, said in OF_THE_CASE.items():
        (fault,) = after(runtime, f'UPDATE "case" SET {change} WHERE reference = :reference', reference=case.reference)
        assert fault.startswith(f"ledger: case {case.reference}: {said}"), change


FIRST = "WHERE case_id = :case_id AND seq = 1"
SECOND = "WHERE case_id = :case_id AND seq = 2"
OF_ITS_EVENTS = {
    f"UPDATE event SET name = 'accept_identity' {SECOND}": "event 2: a sealed cell",
    f"UPDATE event SET actor = 'staff:1' {SECOND}": "event 2: a sealed cell",
    f"UPDATE event SET on_date = '2026-01-01' {SECOND}": "event 2: a sealed cell",
    f"UPDATE event SET at = '2026-01-01 12:00:00.000000' {SECOND}": "event 2: a sealed cell",
    f"UPDATE event SET clock = 'extended' {SECOND}": "event 2: a sealed cell",
    f"UPDATE event SET to_state = 'ready' {SECOND}": "event 2: a sealed cell",
    f"UPDATE event SET sealed = (SELECT sealed FROM event {FIRST}) {SECOND}": "event 2: a sealed cell",
    f"UPDATE event SET seq = 9 {SECOND}": "event 9: a sealed cell",
    f"DELETE FROM event {SECOND}": "event 2 is missing",
    "DELETE FROM event WHERE case_id = :case_id AND seq = 4": "its state is not what its events say",
    f"UPDATE message SET sealed = (SELECT sealed FROM event {SECOND})": "message:",
}


def test_an_event_that_was_changed_or_taken_away_is_named(runtime: Runtime, case: Case) -> None:
    given = case.id.hex if runtime.database.engine.dialect.name == "sqlite" else case.id
    for change, said in OF_ITS_EVENTS.items():
        (fault,) = after(runtime, change, case_id=given)
        assert fault.startswith(f"ledger: case {case.reference}: {said}"), change
    assert faults(runtime) == []


def test_one_bad_case_does_not_hide_the_next(runtime: Runtime, case: Case) -> None:
    with runtime.database.write() as session:
        session.execute(sa.text("""UPDATE "case" SET state = 'closed'"""))
    assert len(faults(runtime)) == 2


@pytest.mark.parametrize("trigger", ["event_no_update", "log_no_delete"])
def test_a_missing_trigger_is_named(runtime: Runtime, trigger: str) -> None:
    engine, table = db.connect(runtime.settings.owner_database), trigger.partition("_")[0]
    on = f" ON {table}" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}{on}")
    engine.dispose()
    assert faults(runtime) == [f"schema: the triggers that protect {table} are missing; run `portal migrate`"]


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_every_byte_of_a_stored_file_counts_and_none_may_be_missing(runtime: Runtime, case: Case) -> None:
    path = stored(runtime)
    whole = path.read_bytes()
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for damaged in (*changed, *(whole[:left] for left in range(len(whole))), whole + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(SealBroken):
            runtime.files.read(case.vault_owner(), uuid.UUID(path.name))
    (fault,) = faults(runtime)
    assert fault.startswith(f"files: {path.name} of case {case.id.hex}: ")


def test_a_stored_file_that_is_gone_is_named(runtime: Runtime, case: Case) -> None:
    path = stored(runtime)
    path.unlink()
    assert faults(runtime) == [f"files: {path.name} of case {case.id.hex}: a stored file is missing"]


def test_a_file_that_no_row_names_is_no_fault(runtime: Runtime, case: Case) -> None:
    runtime.files.write(case.vault_owner(), b"left behind by a killed process")
    stored(runtime).with_suffix(".part").write_bytes(b"half")
    assert faults(runtime) == []


def test_a_lost_key_is_named_with_what_it_opened(runtime: Runtime, case: Case) -> None:
    with runtime.vault.keyring._engine.begin() as connection:
        connection.execute(sa.delete(wrapped_key).where(wrapped_key.c.owner_id == case.id))
    found = faults(runtime)
    assert f"ledger: case {case.reference}: event 1: there is no key for this case" in found
    assert any(fault.startswith("files: ") for fault in found)


def test_nothing_of_a_case_is_told_by_its_faults(runtime: Runtime, case: Case) -> None:
    with runtime.database.write() as session:
        session.execute(sa.text("""UPDATE "case" SET state = 'closed', received_on = '2020-01-01'"""))
    stored(runtime).unlink()
    told = " ".join(faults(runtime))
    assert all(word not in told for word in ("Bo", "Example", "letter.png", "begun"))


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
def test_a_server_in_another_time_zone_finds_no_fault(
    runtime: Runtime, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    elsewhere = Runtime.open(runtime.settings)
    assert faults(elsewhere) == []
    elsewhere.close()


def test_a_check_in_the_midst_of_work_finds_no_fault(runtime: Runtime, case: Case) -> None:
    """A step is taken after the check has read the case and before it reads the events."""
    with runtime.database.read() as session:
        cases = checking._cases(session)
        first = next(cases)
        by = Actor("staff", db.new_id(), Role.CASEWORKER, team_id=first.team_id)
        with runtime.database.write() as meanwhile:
            verbs.write_message(meanwhile, first.id, "note", "Rang the school", by=by)
        assert list(checking._replay(session, first, ledger.history(session, first))) == []


def stored(runtime: Runtime) -> Path:
    """Where the case's file lies."""
    with runtime.database.read() as session:
        row = session.exec(select(Evidence)).one()
    assert row.file_id is not None
    return next(runtime.settings.files.glob(f"*/{row.file_id.hex}"))
