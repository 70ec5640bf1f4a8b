"""The decision page: may this person act? Law, facts, proof, what is still open, and who else there is, on one page.

It decides nothing. From here the caseworker goes to the step, which begins with the reasons drafted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.cases import authorities, evidence, holders_beside, signed, verbs
from portal.cases.facts import facts_of
from portal.cases.family import Looked
from portal.cases.ledger import CaseNotFound
from portal.caseworker import authority_draft, blueprint, desk, family_words, staff_words
from portal.caseworker.cases import step_line, tag_of
from portal.caseworker.desk import Desk
from portal.caseworker.evidence import PURPOSES, STATUSES
from portal.caseworker.staff_words import Tag
from portal.gate import page
from workflows import authority as law
from workflows import guards
from workflows.family import BIRTH_PARENTS, Relation
from workflows.findings import Standing
from workflows.who_may_ask import Routes, School, pupil_record_routes

STANDINGS = {
    Standing.HOLDS: (_l("Yes, on these facts"), "green"),
    Standing.DOES_NOT_HOLD: (_l("No, on these facts"), "red"),
    Standing.NOT_KNOWN: (_l("Not known yet"), "yellow"),
}
RECORDS = {
    "counts": (_l("Counts"), "green"),
    "later": (_l("Begins later"), "blue"),
    "in_doubt": (_l("In question again"), "orange"),
    "ended": (_l("Ended"), "grey"),
}
STEPS = (
    "ask_authority",
    "record_authority",
    "accept_authority",
    "refuse_authority_evidence",
    "record_right",
    "new_order",
)


@dataclass(frozen=True)
class Line:
    """One record of an authority in words."""

    tag: Tag
    basis: str
    days: str
    by: str
    told: dict[str, Any]


@page(
    blueprint,
    "/cases/<string:reference>/authority",
    who=desk.STAFF,
    opens=("case",),
    why="decide whether the requester may act: law, facts, proof, open questions, other holders",
)
def authority_page(reference: str) -> str:
    with desk.looking(reference, "authority") as opened:
        if opened.case.requester_id is None:  # nobody asks, so nobody's authority is looked at
            raise CaseNotFound
        found = authority_draft.looked(opened)
        session, case = opened.session, opened.case
        facts = facts_of(session, case, opened.events, actor=opened.by, today=opened.today)
        return render_template(
            "caseworker/authority/page.html",
            case=case,
            tag=tag_of(opened),
            standing=Tag(*map(str, STANDINGS[found.answer.footing.standing])),
            answer=found.answer,
            found=found,
            settled=guards.authority_settled(facts) is None,
            by=staff_words.names_of(session, [found.recorded_by]).get(found.recorded_by, ""),
            rows=family_words.rows(found.told),
            draft=authority_draft.reasons(found),
            routes=_routes(found, opened),
            papers=[one for one in evidence.listed(session, case.id) if one[0].purpose == "authority"],
            purposes=PURPOSES,
            statuses=STATUSES,
            lines=_lines(opened),
            signed=signed.for_case(session, case.id),
            others=holders_beside.others(session, case, opened.by),
            records=RECORDS,
            asks_for=staff_words.ASKS_FOR,
            bases={one.code: one.label for one in law.BASES},
            steps=_steps(opened),
            caseworker=opened.by.role == "caseworker",
        )


def _lines(opened: Desk) -> list[Line]:
    kept = authorities.of_case(opened.session, opened.case.id)
    names = staff_words.names_of(opened.session, [one.row.decided_by for one in kept])
    return [
        Line(
            tag=Tag(*map(str, RECORDS[one.status(opened.today)])),
            basis=_basis(one.told.get("basis")),
            days=_days(one),
            by=staff_words.by_whom(one.row.decided_by, names),
            told=one.told,
        )
        for one in kept
    ]


def _days(one: authorities.Kept) -> str:
    first, last = staff_words.day(one.row.valid_from), staff_words.day(one.row.ended_on or one.row.valid_until)
    return _("From %(first)s to %(last)s", first=first, last=last) if last else _("From %(first)s", first=first)


def _basis(code: object) -> str:
    footing = law.basis(code if isinstance(code, str) else None)
    return _(footing.label) if footing else ""


def _routes(found: Looked, opened: Desk) -> Routes | None:
    """Education law's way, where somebody has written down what kind of school keeps the pupil's record."""
    kind = next((one for one in School if one == found.told.get("school_kind")), School.UNKNOWN)
    if kind is School.UNKNOWN:
        return None
    facts = facts_of(opened.session, opened.case, opened.events, actor=opened.by, today=opened.today)
    return pupil_record_routes(
        nation=facts.nation,
        school=kind,
        holds_responsibility=found.answer.footing.standing is Standing.HOLDS,
        natural_parent=found.told.get("relation") in {*map(str, BIRTH_PARENTS - {Relation.SECOND_FEMALE_PARENT})},
        cares=found.told.get("cares") == "yes",
    )


def _steps(opened: Desk) -> list[dict[str, str]]:
    """The steps about authority that this reader has now, closed ones with the reason."""
    offers = verbs.offered(opened.session, opened.case, opened.events, by=opened.by, today=opened.today)
    return [step_line(opened.case, offer) for offer in offers if offer.step.name in STEPS]
