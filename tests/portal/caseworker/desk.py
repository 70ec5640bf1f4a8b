"""Staff at their desks, and cases for them to work on."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from flask import Flask

from portal import db
from portal.cases import clocking, ledger, posting, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.people import staff as accounts
from portal.people.models import Staff, Team
from tests.client import PASSWORD, client_for, runtime_of, sign_in
from tests.judge import JudgingClient
from workflows.table import Role

TODAY = clocking.uk_today()
BORN = datetime.date(2019, 1, 2)
# Each state and a way into it, straight through the ledger: the guards are tested with the workflow itself.
STATES = (
    "received",
    "checking",
    "finding",
    "review",
    "approval",
    "ready",
    "collected",
    "closed",
    "refused",
    "withdrawn",
    "nothing_held",
)


@dataclass
class Seat:
    """Somebody signed in at the staff's door, and who they are to the workflow."""

    client: JudgingClient
    actor: Actor
    staff: Staff


class Office:
    """Teams and their people in one portal."""

    def __init__(self, app: Flask) -> None:
        self.app, self.runtime = app, runtime_of(app)
        self.team = self._team("Records team")

    def _team(self, name: str) -> Team:
        with self.runtime.database.write() as session:
            made = Team(name=name)
            session.add(made)
        return made

    def seat(self, role: str = "caseworker", *, team: str = "", name: str = "Sam Field") -> Seat:
        """Somebody of this role in the records team, or in another."""
        belongs = self._team(team) if team else self.team
        with self.runtime.database.write() as session:
            email = f"{db.new_id().hex[:12]}@example.org"
            pepper = self.runtime.settings.secrets.pepper
            made = accounts.create(
                session, name=name, email=email, password=PASSWORD, role=role, pepper=pepper, team_id=belongs.id
            )
        client = client_for(self.app)
        sign_in(client, "staff", made.id)
        acts_as = Role(role) if role in {"caseworker", "approver"} else Role.SYSTEM
        return Seat(client, Actor("staff", made.id, acts_as, team_id=belongs.id), made)

    def case(self, *subjects: Subject, on: datetime.date = TODAY, names: str = "Bo Example", **requester: Any) -> Case:
        """A request that came in through the family's door."""
        subjects = subjects or (Subject("parent", "mother", names, birth_date=BORN),)
        reached = {"name": "Ada Example", "email": "ada@example.org", "safe_channels": ("email",), **requester}
        asked = Asked(Requester(**reached), subjects)
        with self.runtime.database.write() as session:
            return open_cases(session, asked, by=visitor(), received_on=on).cases[0]

    def step(self, case: Case, name: str, by: Actor, **answers: Any) -> None:
        with self.runtime.database.write() as session:
            verbs.take_step(session, case.id, name, by=by, answers=answers, today=TODAY)

    def case_in(self, state: str, by: Actor, **options: Any) -> Case:
        """A case that stands in this state."""
        case = self.case(**options)
        if state == "received":
            return case
        with self.runtime.database.write() as session:
            row = ledger.locked(session, case.id)
            ledger.append(session, row, "start_checking", by=by, on_date=TODAY, to_state=state)
            row.closed_at = db.now() if state in STATES[7:] else None
            session.add(row)
        return case

    def place_by_post(self, case: Case, what: str) -> None:
        """A place in the queue for paper whose address, "1 Low Lane", two people have looked at."""
        pair = (self.seat(), self.seat(name="Kit Marsh"))
        with self.runtime.database.write() as session:
            posting.queue(session, case.id, what, way="post", key=f"test:{what}")
            for one in pair:
                row = posting.keyed(session, f"test:{what}")
                posting.check_address(session, row, "1 Low Lane", by=one.actor)

    def row(self, case: Case) -> Case:
        """The case as it stands now."""
        with self.runtime.database.read() as session:
            found = session.get(Case, case.id)
        assert found is not None
        return found
