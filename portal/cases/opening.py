"""A request becomes cases: one for each data subject, linked, each with its own reference and key."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.audit import Act
from portal.cases import clocking, ledger, worklist
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.cases.references import new_reference
from portal.people import outbox
from portal.people.models import Person, Team
from portal.vault import vault_of
from workflows.kinds import WORKFLOWS
from workflows.table import Role

CHANNELS = ("portal", "letter", "phone", "in_person", "email")


@dataclass(frozen=True)
class Subject:
    """A data subject as the requester describes them, and in what right the requester asks."""

    requester_kind: str  # workflows.facts.RequesterKind
    relationship: str
    names: str
    former_names: str = ""
    birth_date: datetime.date | None = None
    address: str = ""
    school: str = ""
    identifiers: str = ""
    family: Mapping[str, Any] = field(default_factory=dict)  # what they told of the family: workflows.family

    @property
    def label(self) -> str:
        """Initials and birth year: enough to recognise one's own case in a list, no more."""
        initials = "".join(part[0].upper() for part in self.names.split() if part)[:3] or "?"
        return f"{initials} {self.birth_date.year}" if self.birth_date else initials


@dataclass(frozen=True)
class Requester:
    """Who asks, and how they can safely be reached."""

    name: str
    email: str = ""
    phone: str = ""
    address: str = ""
    safe_channels: tuple[str, ...] = ()
    safe_notes: str = ""
    hours: tuple[str, ...] = ()
    may_say: str = "nothing"
    leave_message: bool = False
    code_word_hash: str = field(default="", repr=False)
    language: str = "en"


@dataclass(frozen=True)
class Asked:
    """A subject access request, however it came in."""

    requester: Requester
    subjects: tuple[Subject, ...]
    channel: str = "portal"
    everything: bool = True
    areas: tuple[str, ...] = ()
    from_date: datetime.date | None = None
    to_date: datetime.date | None = None
    words: str = ""
    format: str = "portal"
    needs: str = ""
    kind: str = "subject_access"


@dataclass(frozen=True)
class Opened:
    person_id: uuid.UUID
    cases: tuple[Case, ...] = field(default_factory=tuple)


def open_cases(
    session: Session,
    asked: Asked,
    *,
    by: Actor,
    received_on: datetime.date,
    person_id: uuid.UUID | None = None,
    refer: Callable[[str], str] = new_reference,
) -> Opened:
    """Opens one case per data subject inside the caller's transaction; the receipt is queued with it.

    `person_id` is given when a signed-in requester asks again; otherwise a new person is entered. `refer` makes the
    reference of a case from its prefix."""
    person = session.get(Person, person_id) if person_id else None
    if person is None:
        person = _enter_person(session, asked.requester)
    group_id = db.new_id() if len(asked.subjects) > 1 else None
    team = session.exec(select(Team).order_by(col(Team.id))).first()
    cases = tuple(
        _open_one(
            session,
            asked,
            subject,
            by=by,
            received_on=received_on,
            person=person,
            team_id=team.id if team else None,
            group_id=group_id,
            refer=refer,
        )
        for subject in asked.subjects
    )
    return Opened(person.id, cases)


def _enter_person(session: Session, requester: Requester) -> Person:
    vault = vault_of(session)
    blind = vault.blind("email", requester.email) if requester.email else None
    person = Person(sealed=b"", email_blind=blind, language=requester.language, created_at=db.now())
    vault.put(person, asdict(requester))
    session.add(person)
    session.flush()
    return person


def _open_one(
    session: Session,
    asked: Asked,
    subject: Subject,
    *,
    by: Actor,
    received_on: datetime.date,
    person: Person,
    team_id: uuid.UUID | None,
    group_id: uuid.UUID | None,
    refer: Callable[[str], str],
) -> Case:
    workflow, vault = WORKFLOWS[asked.kind], vault_of(session)
    case = Case(
        reference=refer(workflow.prefix),
        kind=workflow.name,
        state=workflow.start.name,
        received_on=received_on,
        team_id=team_id,
        requester_id=person.id,
        group_id=group_id,
        sealed=b"",
        label=b"",
        created_at=db.now(),
    )
    told = ledger.plain(asdict(subject))
    scope = {name: value for name, value in asdict(asked).items() if name not in {"requester", "subjects"}}
    vault.put(case, {"subject": told, "asked": ledger.plain(scope)})
    case.label = vault.seal(case.vault_owner(), worklist.label_row(case), {"label": subject.label})
    session.add(case)
    session.flush()
    ledger.append(session, case, "opened", by=by, on_date=received_on, answers={"channel": asked.channel})
    clocking.refresh(session, case)
    if workflow.opening_letter:
        args = {"case": case.id.hex, "seq": "1", "template": workflow.opening_letter}
        jobs.enqueue(session, "make_letter", f"letter:{case.id.hex}:1", args)
    outbox.queue(session, "receipt", person_id=person.id, case_id=case.id, key=f"receipt:{case.id.hex}")
    audit.append(session, _opened_act(case, by))
    return case


def _opened_act(case: Case, by: Actor) -> Act:
    chain = str(by) if by.id else audit.visitor_chain()
    return Act(chain=chain, act="open_case", actor=str(by), role=by.role, case_id=case.id, session=by.session)


def visitor() -> Actor:
    """Somebody who is not signed in: no account is needed to begin."""
    return Actor("visitor", None, Role.REQUESTER)
