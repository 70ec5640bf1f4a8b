"""What stopped and waits for a person: work that failed three times, and messages that could not be mailed.

An administrator sees what failed and when; only the team of a case sees which case it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col, select

from portal import audit, gate, jobs
from portal.cases import verbs
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.gate import page
from portal.people import held_mail
from portal.people.contact_models import ContactChange
from portal.people.models import OutboxMessage, Person

MOST = 100
WHO = ("caseworker", "administrator")
JOBS = {
    "send_mail": _l("Send a mail"),
    "make_letter": _l("Make a letter"),
    "make_notice": _l("Make a letter"),
    "contact_change": _l("Use a new way to reach somebody"),
    "scan_evidence": _l("Scan a file"),
    "destroy_file": _l("Destroy a file"),
    "assemble_pack": _l("Put a pack together"),
    "hand_over": _l("Move the work of a seat"),
    "give_back": _l("Bring cases back after an absence"),
    "look_after_seats": _l("Look after the seats"),
}
MESSAGES = {
    "receipt": _l("Receipt of the request"),
    "update": _l("There is news about the case"),
    "sign_in": _l("Link to sign in"),
    "contact_changing": _l("Warning that a new way to reach them waits"),
    "seat_invitation": _l("Invitation to a seat"),
    "seat_ending": _l("A seat to look at"),
    "way_in": _l("A way to sign in has changed"),
    "voice": _l("Link to a question for a child"),
    "seat_way": _l("A new way in to a seat was made"),
}


@dataclass(frozen=True)
class Waiting:
    """One thing that waits; `case` is empty where the reader may not know it."""

    id: uuid.UUID
    what: str
    when: str
    case: Case | None
    fault: str = ""


@page(blueprint, "/waiting", who=WHO, why="what failed or could not be mailed, and waits for a person")
def waiting_page() -> str:
    with gate.runtime().database.read() as session:
        lists: dict[str, Any] = {"failed": _failed(session), "held": _held(session)}
        lists |= {"new_ways": _new_ways(session), "watched": _watched(session)}
    return render_template("caseworker/waiting.html", **lists, button=desk.Button(), most=MOST)


@page(blueprint, "/waiting/jobs/<uuid:job_id>", methods=("POST",), who=WHO, why="let failed work try again")
def retry_job(job_id: uuid.UUID) -> Response:
    form = desk.Button()
    if not form.validate_on_submit():
        return desk.told(_("Nothing was done: the page was not complete. Try again."), "/staff/waiting")

    def again(session: Session) -> str:
        if not any(one.id == job_id for one in _failed(session)):
            raise CaseNotFound
        jobs.retry(session, job_id)
        audit.append(session, gate.act("retry_job", detail={"job": job_id.hex}))
        flash(_("It will be tried again in a moment."), "success")
        return "/staff/waiting"

    return gate.perform(form.form_key.data, again)


@page(
    blueprint,
    "/waiting/messages/<uuid:message_id>",
    methods=("POST",),
    who=("caseworker",),
    why="note that a message which could not be mailed was passed on another way",
)
def settle_message(message_id: uuid.UUID) -> Response:
    form = desk.Button()
    if not form.validate_on_submit():
        return desk.told(_("Nothing was done: the page was not complete. Try again."), "/staff/waiting")

    def settle(session: Session) -> str:
        one = next((one for one in _held(session) if one.id == message_id), None)
        if one is None or one.case is None:
            raise CaseNotFound
        if held_mail.settle(session, message_id):
            audit.append(session, verbs.act(one.case, gate.actor(), "mail_settled"))
        flash(_("Noted. Log the call, visit or letter on the case as well."), "success")
        return desk.address(one.case, "messages", "new", "contact")

    return gate.perform(form.form_key.data, settle)


def _failed(session: Session) -> list[Waiting]:
    query = select(jobs.Job).where(col(jobs.Job.state) == "failed", *_of_own_cases(col(jobs.Job.args)))
    query = query.order_by(col(jobs.Job.id).desc()).limit(MOST)
    rows = session.exec(query).all()
    of_mail = _cases_of_messages(session, {_id(row.args, "message") for row in rows})
    about = {row.id: _id(row.args, "case") or of_mail.get(_id(row.args, "message")) for row in rows}
    cases = _own_cases(session, set(about.values()))
    return [
        Waiting(
            id=row.id,
            what=str(JOBS.get(row.kind, row.kind)),
            when=staff_words.moment(row.run_after),
            case=cases.get(about[row.id]),
            fault=row.error or "",
        )
        for row in rows
    ]


def _held(session: Session) -> list[Waiting]:
    query = (
        select(OutboxMessage)
        .where(col(OutboxMessage.state) == "held", *_own(col(OutboxMessage.case_id)))
        .order_by(col(OutboxMessage.id).desc())
        .limit(MOST)
    )
    rows = session.exec(query).all()
    cases = _own_cases(session, {row.case_id for row in rows})
    return [
        Waiting(
            row.id,
            str(MESSAGES.get(row.template, row.template)),
            staff_words.moment(row.made_at),
            cases.get(row.case_id),
        )
        for row in rows
    ]


def _new_ways(session: Session) -> list[Case]:
    """Open cases whose requester gets a new address or number: what would be sent to them is done by hand."""
    return _cases_of(session, select(ContactChange.person_id).where(col(ContactChange.state) == "waiting"))


def _watched(session: Session) -> list[Case]:
    """Open cases whose requester told us that somebody was watching."""
    return _cases_of(session, select(Person.id).where(col(Person.watched_at).is_not(None)))


def _cases_of(session: Session, people: Any) -> list[Case]:
    if gate.reader().role == "administrator":
        return []
    mine = select(Case).where(col(Case.requester_id).in_(people), col(Case.closed_at).is_(None), _mine())
    return list(session.exec(mine.order_by(col(Case.id)).limit(MOST)).all())


def _of_own_cases(args: Any) -> list[Any]:
    """Keeps to jobs of cases that the reader may see; a mail's job names its message, not the case. An administrator
    sees the jobs of all. In the query, so that what others left waiting never pushes these off the page."""
    if gate.reader().role == "administrator":
        return []
    message = select(OutboxMessage.id).where(col(OutboxMessage.id) == _id_in(args, "message"))
    return [sa.or_(_is_mine(_id_in(args, "case")), message.where(_is_mine(col(OutboxMessage.case_id))).exists())]


def _own(case_id: Any) -> list[Any]:
    """As _of_own_cases, for a column that names a case."""
    return [] if gate.reader().role == "administrator" else [_is_mine(case_id)]


def _is_mine(case_id: Any) -> Any:
    return select(Case.id).where(col(Case.id) == case_id, _mine()).exists()


def _mine() -> Any:
    who = gate.reader()
    team = (col(Case.team_id) == who.team_id,) if who.team_id else ()
    return sa.or_(col(Case.assignee_id) == who.id, *team)


def _id_in(args: Any, name: str) -> Any:
    """An id of a job's arguments as the database compares it."""
    return sa.cast(args[name].as_string(), sa.Uuid)


def _own_cases(session: Session, ids: set[uuid.UUID | None]) -> dict[uuid.UUID | None, Case]:
    """Those of the cases that the reader may see, in one query; an administrator sees none."""
    who = gate.reader()
    wanted = [one for one in ids if one]
    if who.role == "administrator" or not wanted:
        return {}
    rows = session.exec(select(Case).where(col(Case.id).in_(wanted), _mine()))
    return {row.id: row for row in rows}


def _cases_of_messages(session: Session, ids: set[uuid.UUID | None]) -> dict[uuid.UUID | None, uuid.UUID | None]:
    wanted = [one for one in ids if one]
    if not wanted:
        return {}
    rows = session.exec(select(OutboxMessage.id, OutboxMessage.case_id).where(col(OutboxMessage.id).in_(wanted)))
    return dict(rows.all())


def _id(args: dict[str, str], name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(args.get(name, ""))
    except ValueError:
        return None
