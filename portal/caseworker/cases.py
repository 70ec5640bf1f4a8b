"""A case's own page: where it is, why its day is where it is, who asks about whom, and what can be done now."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col, select

from portal import forms, gate
from portal.cases import clocking, mailbox, verbs, voice
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.desk import Desk
from portal.documents import availability, correspondence, release
from portal.documents.availability import Period
from portal.gate import page
from portal.people import contact
from portal.people.models import Person, Staff
from portal.security_headers import as_download
from portal.vault import vault_of
from workflows import authority, guards
from workflows.clock import received_day
from workflows.facts import RequesterKind
from workflows.table import Offered

EVENTS_SHOWN = 100
GIVING = frozenset({"release", "release_part"})
Part = Callable[[Session, Case], dict[str, Any]]
_parts: list[Part] = []


def on_overview(part: Part) -> Part:
    """Registers what a subpackage gives to the case's own page: values for its template."""
    _parts.append(part)
    return part


@dataclass(frozen=True)
class CopyOut:
    """A copy that was released, and how it stands with it in words."""

    id: uuid.UUID
    number: str
    lawful: bool
    words: str


class Assign(forms.Form):
    """Who works on the case."""

    to = forms.SelectField(_l("Give it to"))
    save = forms.SubmitField(_l("Give"))


@page(
    blueprint,
    "/cases/<string:reference>",
    who=desk.STAFF,
    opens=("case",),
    why="work on a case: state, clock, who asks, what can be done",
)
def case_page(reference: str) -> str:
    with desk.looking(reference, "overview") as opened:
        session, case = opened.session, opened.case
        told, person = verbs.told(session, case), requester_of(session, case)
        return render_template(
            "caseworker/case/overview.html",
            case=case,
            state=opened.workflow.state(case.state),
            tag=tag_of(opened),
            clock=clocking.reading(session, case, opened.events, today=opened.today),
            told=told,
            person=person,
            safe_ways=", ".join(str(staff_words.WAYS[way]) for way in contact.safe_ways(person)),
            right=_right(opened, told["subject"]),
            steps=_steps(opened),
            linked=_linked(session, case, opened.by),
            holder=_holder(session, case),
            assign=_assign_form(session, case) if opened.by.role == "caseworker" else None,
            button=desk.Button(),
            unread=mailbox.with_unread(session, [case.id]),
            child_said=voice.with_unread(session, [case.id]),
            heard=opened.heard,
            wished=opened.wished,
            channels=staff_words.CHANNELS,
            mine=case.assignee_id == opened.by.id,
            copies=copies_out(opened),
            met=case.clock_status == "met" or case.closed_at is not None,
            caseworker=opened.by.role == "caseworker",
            **{name: more for part in _parts for name, more in part(session, case).items()},
        )


@page(
    blueprint,
    "/cases/<string:reference>/timeline",
    who=desk.STAFF,
    opens=("case",),
    why="everything that happened to a case, in staff words",
)
def case_timeline(reference: str) -> str:
    with desk.looking(reference, "timeline") as opened:
        before = _number(request.args.get("before"))
        earlier = [event for event in opened.events if before is None or event.seq < before]
        shown = earlier[-EVENTS_SHOWN:]
        here = desk.address(opened.case, "timeline")
        return render_template(
            "caseworker/case/timeline.html",
            case=opened.case,
            tag=tag_of(opened),
            lines=staff_words.timeline(opened.session, opened.workflow, shown),
            older=f"{here}?before={shown[0].seq}" if len(earlier) > len(shown) else "",
            newer=here if before is not None else "",
        )


@page(blueprint, "/cases/<string:reference>/letters", who=desk.STAFF, opens=("case",), why="see the letters of a case")
def case_letters(reference: str) -> str:
    with desk.looking(reference, "letters") as opened:
        letters = correspondence.of_case(opened.session, opened.case, by=opened.by)
        return render_template("caseworker/case/letters.html", case=opened.case, tag=tag_of(opened), letters=letters)


@page(
    blueprint,
    "/cases/<string:reference>/letters/<uuid:letter_id>",
    who=desk.STAFF,
    opens=("case",),
    why="open one letter of a case as PDF, to print it",
)
def case_letter(reference: str, letter_id: uuid.UUID) -> Response:
    by, runtime = gate.actor(), gate.runtime()
    with runtime.database.read() as session:
        case = desk.find(session, reference, by)
        data = correspondence.pdf(session, runtime.files, case, letter_id, by=by)
    response = make_response(data)
    response.mimetype = "application/pdf"
    return as_download(response, f"{case.reference}-letter.pdf")


@page(
    blueprint,
    "/cases/<string:reference>/assignment",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="give a case to a colleague of the team, or back to the team",
)
def assign_case(reference: str) -> Response:
    form = Assign()
    with gate.runtime().database.read() as session:
        case = desk.find(session, reference, gate.actor())
        _offer(form, _colleagues(session, case))
    if not form.validate_on_submit():
        return desk.told(_("Choose a colleague of this team."), desk.address(case))
    return desk.act(reference, form, lambda session, case, by: _give(session, case, by, str(form.to.data or "")))


@page(
    blueprint,
    "/cases/<string:reference>/take",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="take a case oneself",
)
def take_case(reference: str) -> Response:
    def take(session: Session, case: Case, by: Actor) -> None:
        verbs.assign(session, case.id, session.get(Staff, by.id), by=by)

    return desk.press(reference, f"/staff/cases/{reference}", take)


def copies_out(opened: Desk) -> list[CopyOut]:
    """The released copies of the case, oldest first."""
    if not any(event.name in GIVING for event in opened.events):
        return []
    session, case, today = opened.session, opened.case, opened.today
    there = [pack for pack in reversed(release.packs(session, case)) if pack.released_at is not None]
    lawful = {pack.id for pack in release.released(session, case, today=today)}
    periods = availability.periods(session, case, there, events=opened.events, today=today)
    return [
        CopyOut(
            pack.id,
            pack.copy_number,
            pack.id in lawful,
            _how_it_stands(periods[pack.id])
            if pack.id in lawful
            else _("It cannot be opened: it was called back, or the person may not have it today."),
        )
        for pack in there
    ]


def _how_it_stands(period: Period) -> str:
    kept = _(
        "Downloaded %(count)s of %(most)s times since %(day)s.",
        count=period.downloads,
        most=period.most_downloads,
        day=staff_words.day(received_day(period.since)),
    )
    if period.over:
        return _("The time to read it ended on %(day)s.", day=staff_words.day(period.until)) + " " + kept
    return _("It can be read until %(day)s.", day=staff_words.day(period.until)) + " " + kept


def tag_of(opened: Desk) -> staff_words.Tag | None:
    case = opened.case
    return staff_words.due_tag(case.due_on, case.clock_status, opened.today, closed=case.closed_at is not None)


def requester_of(session: Session, case: Case) -> dict[str, Any]:
    """Name and ways to reach whoever asks; empty where nobody does."""
    person = session.get(Person, case.requester_id) if case.requester_id else None
    return {**vault_of(session).get(person), "language": person.language} if person else {}


def _right(opened: Desk, subject: dict[str, Any]) -> dict[str, str]:
    """In what right the requester asks: as staff recorded it, or else as they said. Somebody who asks for themselves
    and is a child is named as such, because that answer lifts every check of authority."""
    facts = facts_of(opened.session, opened.case, opened.events, actor=opened.by, today=opened.today)
    footing, age = authority.basis(subject.get("relationship")), guards.subject_age(facts)
    warning = ""
    if facts.requester_kind is RequesterKind.SELF and (age is None or age < guards.ADULT):
        who = _("a child of %(age)s", age=age) if age is not None else _("a person of unknown age")
        warning = _(
            "The requester says that they are the person themselves: %(who)s. Nobody’s authority is checked then. Be "
            "sure that it is so, or record in what right they ask.",
            who=who,
        )
    return {
        "kind": str(staff_words.ASKS_FOR.get(facts.requester_kind, "")),
        "footing": _(footing.label) if footing else str(subject.get("relationship") or ""),
        "warning": warning,
    }


def _steps(opened: Desk) -> dict[str, list[dict[str, str]]]:
    """Open steps, and closed ones with the reason."""
    offers = verbs.offered(opened.session, opened.case, opened.events, by=opened.by, today=opened.today)
    lines = [(offer, step_line(opened.case, offer)) for offer in offers]
    return {
        "open": [line for offer, line in lines if offer.refused is None],
        "closed": [line for offer, line in lines if offer.refused is not None],
    }


def step_line(case: Case, offer: Offered) -> dict[str, str]:
    """A step as a page shows it: where it is taken, or why it is closed."""
    name = offer.step.name
    own = staff_words.OWN_PAGE.get(name)
    href = desk.address(case, own) if own else desk.address(case, "steps", name)
    return {"title": _(offer.step.label), "href": href, "reason": _(offer.refused) if offer.refused else ""}


def _linked(session: Session, case: Case, by: Actor) -> list[Case]:
    """The other cases of the same submission that this reader may see."""
    if case.group_id is None:
        return []
    query = select(Case).where(col(Case.group_id) == case.group_id, col(Case.id) != case.id).order_by(col(Case.id))
    return [
        one for one in session.exec(query) if by.id == one.assignee_id or (by.team_id and by.team_id == one.team_id)
    ]


def _holder(session: Session, case: Case) -> str:
    if case.assignee_id is None:
        return ""
    key = f"staff:{case.assignee_id.hex}"
    return staff_words.names_of(session, [key]).get(key, "")


def _colleagues(session: Session, case: Case) -> list[tuple[str, str]]:
    """The caseworkers of the case's team, by id and name."""
    query = select(Staff).where(
        col(Staff.team_id) == case.team_id, col(Staff.role) == "caseworker", col(Staff.disabled_at).is_(None)
    )
    rows = session.exec(query.limit(200)).all()
    named = [(row.id.hex, str(told["name"])) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]
    return sorted(named, key=lambda one: one[1].casefold())


def _assign_form(session: Session, case: Case) -> Assign:
    form = Assign(formdata=None, data={"to": case.assignee_id.hex if case.assignee_id else ""})
    _offer(form, _colleagues(session, case))
    return form


def _offer(form: Assign, colleagues: list[tuple[str, str]]) -> None:
    form.to.choices = [("", _("Nobody yet: it is the team’s")), *colleagues]


def _give(session: Session, case: Case, by: Actor, to: str) -> str:
    colleague = session.get(Staff, uuid.UUID(to)) if to else None
    verbs.assign(session, case.id, colleague, by=by)
    flash(_("The case has been given on.") if to else _("The case is the team’s again."), "success")
    return desk.address(case)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
