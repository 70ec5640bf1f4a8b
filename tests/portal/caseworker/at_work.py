"""Correction cases on the desks of the people who work on them."""

from __future__ import annotations

from typing import Any

from portal.people.models import Team
from portal.records.models import Sharing
from portal.vault import vault_of
from tests.builders import Staff, Walk, make_staff
from tests.client import client_for, sign_in
from tests.corrections import CORRECTED, challenge_in, decide
from tests.judge import JudgingClient
from tests.portal.caseworker.desk import Office

SCHOOL = "Kiln Lane Primary School"
POLICE = "Harrowmere Police, public protection desk"


def client_of(office: Office, staff: Staff) -> JudgingClient:
    """A client at which this member of staff is signed in."""
    client = client_for(office.app)
    sign_in(client, "staff", staff.id)
    return client


def worker_of(office: Office, walk: Walk) -> JudgingClient:
    return client_of(office, walk.worker)


def desk_of(walk: Walk) -> str:
    """Path of the case's pages."""
    return f"/staff/cases/{walk.case.reference}"


def weighing(office: Office, **more: Any) -> Walk:
    """A challenge with one disputed line."""
    return challenge_in(office.runtime, "weighing", **more)


def decided(office: Office, *recipients: str, said: Any = CORRECTED, **more: Any) -> Walk:
    """A challenge whose line was put right, after the record was shared with these."""
    walk = challenge_in(office.runtime, "weighing", shown=True, about=("Reading",), **more)
    assert walk.record is not None
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        for name in recipients:
            row = Sharing(child_id=walk.record.child_id, sealed=b"")
            row.cls = "core"
            vault_of(session).put(
                row, {"recipient": name, "what": "How reading goes", "on": "2026-05-04", "how": "Meeting"}
            )
            session.add(row)
    decide(walk, said)
    return walk


def stranger_to(office: Office, role: str = "caseworker") -> JudgingClient:
    """Somebody of another team."""
    return office.seat(role, team="Other team").client


def colleague(office: Office, walk: Walk, role: str) -> JudgingClient:
    """Somebody of the case's own team."""
    with office.runtime.database.read() as session:
        team = session.get_one(Team, walk.worker.team_id)
    return client_of(office, make_staff(office.runtime, role=role, team=team, name="Kit Marsh"))
