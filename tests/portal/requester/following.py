"""Requests that were sent already, with their requester signed in."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask

from portal import db
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.people import factors
from portal.runtime import Runtime
from tests.client import client_for, runtime_of, sign_in
from tests.judge import JudgingClient
from workflows.table import Role

ASKED = Asked(
    Requester("Robin Vale", email="robin.vale@example.org", safe_channels=("email",)),
    (Subject("parent", "Mother", "Ash Vale", birth_date=datetime.date(2014, 3, 27)),),
)


@dataclass(frozen=True)
class Sent:
    """A request and who sent it."""

    client: JudgingClient
    runtime: Runtime
    person_id: uuid.UUID
    case_id: uuid.UUID
    reference: str

    @property
    def page(self) -> str:
        return f"/cases/{self.reference}"

    def take(self, step: str, role: Role = Role.CASEWORKER, **answers: Any) -> None:
        """A step that staff take."""
        by = Actor("staff", uuid.UUID(int=7), role)
        with self.runtime.database.write() as session:
            verbs.take_step(session, self.case_id, step, by=by, answers=answers, today=uk_today())

    def case(self) -> Case:
        with self.runtime.database.read() as session:
            return session.get(Case, self.case_id)


def sent_request(
    app: Flask,
    *,
    second_factor: bool = True,
    ago: datetime.timedelta | None = None,
    email: str = "robin.vale@example.org",
    names: str = "Ash Vale",
) -> Sent:
    """A parent's request, received today, whose requester is signed in."""
    runtime, client = runtime_of(app), client_for(app)
    (subject,) = ASKED.subjects
    asked = replace(ASKED, requester=replace(ASKED.requester, email=email), subjects=(replace(subject, names=names),))
    with runtime.database.write() as session:
        opened = open_cases(session, asked, by=visitor(), received_on=uk_today())
        factors.add_app(session, "family", opened.person_id, factors.new_secret(), used_step=0, now=db.now())
        case = opened.cases[0]
        sent = Sent(client, runtime, opened.person_id, case.id, case.reference)
    sign_in(client, "family", sent.person_id, second_factor=second_factor, ago=ago)
    return sent
