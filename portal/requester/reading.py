"""The copy in its requester's hands: a word of warning first, then by parts, as a whole, or as a file to keep; by
category or by time, as the reader likes, and for a child in a short version too.

Every opening is logged by `release` before anything is shown, and needs a second factor not older than five
minutes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from flask import Response, make_response, render_template, request, url_for
from markupsafe import Markup
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.documents import availability, ordering, release, render
from portal.documents.availability import Period
from portal.documents.models import StoredPack
from portal.documents.pack import Pack
from portal.documents.short import Places
from portal.errors import NotThere
from portal.gate import page
from portal.people import recovery
from portal.requester import blueprint
from portal.requester.cases import PROVEN, day, in_words, own_case
from portal.security_headers import as_download

RECORD = ("case", "core", "location", "sensitive")
Given = TypeVar("Given")


@page(
    blueprint,
    "/cases/<string:reference>/copies",
    who=PROVEN,
    opens=("case",),
    why="say which copies are ready, and what to think of before opening one",
)
def copies(reference: str) -> str:
    with gate.runtime().database.read() as session, in_words():
        case = own_case(session, reference)
        ready = [one for one in release.released(session, case) if one.content == "copy"]
        gone = release.destroyed(session, case)
        waits = recovery.waits_until(session, case.requester_id, now=db.now())
        periods = availability.periods(session, case, ready)
        rows = [
            {
                "id": one.id,
                "number": at,
                "day": day(one.released_at),
                "until": day(periods[one.id].until),
                "over": periods[one.id].over,
            }
            for at, one in enumerate(ready, start=1)
            if one.released_at
        ]
    if not rows and not gone:
        raise NotThere
    facts = {"reference": case.reference, "back": _back(reference), "button": OpenForm()}
    waiting = day(waits) if waits else ""
    return render_template("requester/reading/before.html", rows=rows, gone=gone, waits=waiting, **facts)


class OpenForm(forms.Form):
    """The button that opens a copy."""


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>/open",
    methods=("POST",),
    who=PROVEN,
    step_up=True,
    opens=("case",),
    why="open one's own copy: the first time the request counts as collected",
)
def open_copy(reference: str, pack_id: uuid.UUID) -> Response:
    with in_words(), gate.runtime().database.write() as session:
        release.collect(session, own_case(session, reference).id, pack_id, by=gate.actor())
    return gate.see_other(url_for("requester.copy_parts", reference=reference, pack_id=pack_id))


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>",
    who=PROVEN,
    step_up=True,
    opens=RECORD,
    why="the parts of one's own copy, with what may be upsetting",
)
def copy_parts(reference: str, pack_id: uuid.UUID) -> str:
    content, period = _given(reference, pack_id, _with_period)
    order, at = _order(), partial(_address, reference, pack_id)
    parts = [
        {
            "href": at("copy_part", number=number, order=order),
            "name": part.name,
            "count": len(part.entries),
            "notes": sorted({entry.content_note for entry in part.entries if entry.content_note}),
        }
        for number, part in enumerate(ordering.parts(content, order), start=1)
    ]
    back = url_for("requester.copies", reference=reference)
    return render_template(
        "requester/reading/parts.html",
        parts=parts,
        by_time=order == ordering.BY_TIME,
        other_order=at("copy_parts", order=_other(order)),
        whole=at("copy_whole", order=order),
        pack=content,
        pack_id=pack_id,
        reference=reference,
        back=back,
        until=day(period.until),
        downloads_left=max(0, period.most_downloads - period.downloads),
    )


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>/part/<int:number>",
    who=PROVEN,
    step_up=True,
    opens=RECORD,
    why="read one part of one's own copy",
)
def copy_part(reference: str, pack_id: uuid.UUID, number: int) -> str:
    content, order, at = _opened(reference, pack_id), _order(), partial(_address, reference, pack_id)
    parts = ordering.parts(content, order)
    if not 1 <= number <= len(parts):
        raise NotThere
    following = at("copy_part", number=number + 1, order=order)
    return render_template(
        "requester/reading/part.html",
        part=parts[number - 1],
        kinds=ordering.kinds(content, order),
        following=following if number < len(parts) else "",
        back=at("copy_parts", order=order),
        wrong=url_for("requester.wrong_say", reference=reference, pack_id=pack_id),
    )


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>/whole",
    who=PROVEN,
    step_up=True,
    opens=RECORD,
    why="read the whole of one's own copy",
)
def copy_whole(reference: str, pack_id: uuid.UUID) -> str:
    content, order, at = _opened(reference, pack_id), _order(), partial(_address, reference, pack_id)
    made = render.pack_html(content, for_screen=True, order=order)
    return render_template(
        "requester/reading/whole.html",
        content=Markup(made),  # noqa: S704  made by our own escaping templates
        by_time=order == ordering.BY_TIME,
        other_order=at("copy_whole", order=_other(order)),
        wrong=at("wrong_numbers"),
        back=at("copy_parts", order=order),
    )


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>/short",
    who=PROVEN,
    step_up=True,
    opens=RECORD,
    why="read the short version of one's own copy, as a child",
)
def copy_short(reference: str, pack_id: uuid.UUID) -> str:
    content, at = _opened(reference, pack_id), partial(_address, reference, pack_id)
    if not content.for_child:
        raise NotThere
    count, whole = len(content.categories), at("copy_whole")
    to_kinds = tuple(at("copy_part", number=number) for number in range(1, count + 1))
    made = render.short_html(content, Places(to_kinds, f"{whole}#part-shared", f"{whole}#part-rights"))
    return render_template(
        "requester/reading/short.html",
        content=Markup(made),  # noqa: S704  made by our own escaping templates
        wrong=at("wrong_numbers"),
        back=at("copy_parts"),
    )


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>/file",
    who=PROVEN,
    step_up=True,
    opens=RECORD,
    why="download one's own copy",
)
def copy_file(reference: str, pack_id: uuid.UUID) -> Response:
    def download(session: Session, case: Case, pack: StoredPack) -> bytes:
        return release.pdf(session, gate.runtime().files, case, pack, by=gate.actor())

    response = make_response(_given(reference, pack_id, download))
    response.mimetype = "application/pdf"
    return as_download(response, f"document-{pack_id.hex[-6:].upper()}.pdf")


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>/data",
    who=PROVEN,
    step_up=True,
    opens=RECORD,
    why="download one's own copy as data for a program",
)
def copy_data(reference: str, pack_id: uuid.UUID) -> Response:
    def download(session: Session, case: Case, pack: StoredPack) -> bytes:
        return release.data(session, gate.runtime().files, case, pack, by=gate.actor())

    response = make_response(_given(reference, pack_id, download))
    response.mimetype = "application/json"
    return as_download(response, f"document-{pack_id.hex[-6:].upper()}.json")


def _order() -> str:
    """The order that the reader chose, by a link."""
    return ordering.order_of(request.args.get("order"))


def _other(order: str) -> str:
    return ordering.BY_CATEGORY if order == ordering.BY_TIME else ordering.BY_TIME


def _address(
    reference: str, pack_id: uuid.UUID, view: str, *, order: str = ordering.BY_CATEGORY, number: int | None = None
) -> str:
    """Where a page of this copy is, in this order; by category the address says nothing of it."""
    said = order if order == ordering.BY_TIME else None
    return url_for(f"requester.{view}", reference=reference, pack_id=pack_id, number=number, order=said)


def _opened(reference: str, pack_id: uuid.UUID) -> Pack:
    return _given(reference, pack_id, _read)


def _read(session: Session, case: Case, pack: StoredPack) -> Pack:
    return release.reading(session, gate.runtime().files, case, pack, by=gate.actor())


def _with_period(session: Session, case: Case, pack: StoredPack) -> tuple[Pack, Period]:
    return _read(session, case, pack), availability.check(session, case, pack)


def _given(reference: str, pack_id: uuid.UUID, give: Callable[[Session, Case, StoredPack], Given]) -> Given:
    """Opens a released copy; what is not logged is not shown."""
    with gate.runtime().database.read() as session, in_words():
        case = own_case(session, reference)
        pack = session.get(StoredPack, pack_id)
        if pack is None or pack.case_id != case.id or pack.content != "copy" or pack.released_at is None:
            raise CaseNotFound
        release.check_there(pack)
        if pack.id not in {one.id for one in release.released(session, case)}:
            raise CaseNotFound
        return give(session, case, pack)


def _back(reference: str) -> str:
    return url_for("requester.case_page", reference=reference)
