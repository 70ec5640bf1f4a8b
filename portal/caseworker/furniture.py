"""What stands on every page of the staff's door: the menu, and how days and marked words are said."""

from __future__ import annotations

from flask import request
from flask_babel import gettext as _

from portal import gate
from portal.cases.models import Case
from portal.caseworker import blueprint, staff_words
from portal.people.models import STAFF_ROLES

# Pages that a kind of case has no use for.
NOT_FOR = {
    "subject_access": ("lines", "answer", "sources", "recipients"),
    "correction": ("review",),
    "breach": (
        "authority",
        "lines",
        "answer",
        "sources",
        "recipients",
        "child",
        "letters",
        "contact",
        "paper",
        "consultations",
        "review",
        "approval",
    ),
}


@blueprint.context_processor
def on_every_page() -> dict[str, object]:
    return {
        "day": staff_words.day,
        "moment": staff_words.moment,
        "iso_day": staff_words.iso_day,
        "case_tabs": case_tabs,
        "mark_tags": staff_words.mark_tags,
        "navigation_items": _menu(),
    }


def _menu() -> list[dict[str, object]]:
    roles = gate.reader().roles
    items = [
        ("/staff/", _("Worklist"), {"caseworker", "approver"}),
        ("/staff/requests/new", _("Enter a request"), {"caseworker"}),
        ("/staff/calls", _("People to ring"), {"caseworker"}),
        ("/staff/clashes", _("Feeds that disagree"), {"caseworker"}),
        ("/staff/seats", _("Seats"), {"administrator"}),
        ("/staff/teams", _("Teams"), {"administrator"}),
        ("/staff/bodies", _("Register of bodies"), {"administrator"}),
        ("/staff/paper", _("Paper"), {"caseworker", "approver"}),
        ("/staff/grants", _("Roles to confirm"), {"approver", "auditor", "administrator"}),
        ("/staff/waiting", _("Waiting for a person"), {"caseworker", "administrator"}),
        ("/staff/statistics", _("Figures"), {"caseworker", "approver"}),
        ("/staff/passkeys", _("How I sign in"), set(STAFF_ROLES)),
    ]
    return [{"href": href, "text": text, "current": request.path == href} for href, text, who in items if roles & who]


def case_tabs(case: Case, unread: int = 0) -> list[dict[str, object]]:
    """The pages of a case; those of review and approval once they are there."""
    known = {row.rule for row in gate.MATRIX.values() if row.endpoint.startswith("caseworker.")}
    pages = [
        ("", _("Overview")),
        ("messages", _("Messages")),
        ("files", _("Files")),
        ("authority", _("Authority")),
        ("finding", _("Find the record")),
        ("lines", _("Lines")),
        ("answer", _("Answer")),
        ("sources", _("Bodies asked")),
        ("recipients", _("Who received it")),
        ("child", _("Their own voice")),
        ("letters", _("Letters")),
        ("contact", _("Contact")),
        ("paper", _("On paper")),
        ("consultations", _("Consultations")),
        ("review", _("Review")),
        ("approval", _("Approval")),
        ("timeline", _("Timeline")),
    ]
    base, rule = f"/staff/cases/{case.reference}", "/cases/<string:reference>"
    tabs: list[dict[str, object]] = []
    for page, text in pages:
        if (page and f"{rule}/{page}" not in known) or page in NOT_FOR.get(case.kind, ()):
            continue
        href = f"{base}/{page}" if page else base
        tab: dict[str, object] = {"text": text, "href": href, "current": request.path == href}
        if page == "messages" and unread:
            tab["count"] = _("%(number)s new", number=unread)
        tabs.append(tab)
    return tabs
