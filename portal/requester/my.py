"""A person's own page: who they are to us, their requests for each child, how they come in, and where they are in.

Every change needs a second factor shown just now, and is told to the person on a channel that is safe for them."""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any

from flask import Response, flash, make_response, render_template
from flask_babel import gettext as _
from sqlmodel import Session

from portal import audit, db, device_words, forms, gate
from portal.cases import verbs, ways_in
from portal.errors import NotThere
from portal.gate import page
from portal.people import cards, contact, factors, family_factors, identities, limits, recovery, sessions
from portal.people.models import Factor, Person
from portal.requester import blueprint, tries
from portal.requester.app_codes import address_for_app
from portal.requester.cases import PROVEN, day, line
from portal.requester.question_forms import CodeForm
from portal.vault import vault_of

Answer = Response | tuple[str, int]
CARD = "sign_in"


class Press(forms.Form):
    """A form of one button."""


@page(blueprint, "/my", who=PROVEN, opens=("case",), why="see one's own details, requests, ways in and sessions")
def my() -> str:
    me, found, now = _me(), gate.reader().found, db.now()
    with gate.runtime().database.read() as session:
        person = session.get(Person, me)
        told = vault_of(session).get(person) if person else {}
        waits = recovery.waits_until(session, me, now=now)
        card = cards.live(session, me, CARD)
        return render_template(
            "requester/my/page.html",
            told=told,
            ways=_ways(session, me),
            card=day(card.made_at) if card else "",
            elsewhere=_joined(session, me),
            may_end_card=bool(card and _has_mail(person, told)),
            children=_by_child(session, me),
            sessions=[
                {"label": device_words.label(one), "prefix": one.prefix, "here": bool(found) and one == found}
                for one in sessions.all_of(session, "family", me, now=now)
            ],
            waits=day(waits) if waits else "",
            button=Press(formdata=None),
        )


@page(
    blueprint,
    "/my/ways-in/<uuid:factor_id>/end",
    methods=("POST",),
    who=PROVEN,
    step_up=True,
    why="end one of one's own second factors, never the last that works",
)
def end_way_in(factor_id: uuid.UUID) -> Response:
    def end(session: Session) -> str:
        ended = family_factors.end(session, _me(), factor_id, now=db.now())
        if ended is None:
            raise NotThere
        _changed(session, "end_factor", ended.kind)
        return "/my"

    return _press(end, _("It has ended. It opens nothing any more."))


@page(
    blueprint,
    "/my/card/end",
    methods=("POST",),
    who=PROVEN,
    step_up=True,
    why="end one's own card, where there is an email address to sign in with",
)
def end_my_card() -> Response:
    def end(session: Session) -> str:
        person = session.get(Person, _me())
        if person is None or not _has_mail(person, vault_of(session).get(person)):
            raise family_factors.LastOne
        cards.end(session, person.id, CARD, now=db.now())
        _changed(session, "end_factor", "card")
        return "/my"

    return _press(end, _("Your card has ended. Nobody can sign in with it."))


@page(
    blueprint,
    "/my/openid/end",
    methods=("POST",),
    who=PROVEN,
    step_up=True,
    why="come in by the national sign-in no more: a factor of one's own is always left",
)
def end_joined() -> Response:
    def end(session: Session) -> str:
        identities.unlink(session, "family", _me())
        _changed(session, "end_openid", "directory")
        return "/my"

    return _press(end, _("It has ended. It opens nothing any more."))


@page(blueprint, "/my/ways-in/app", methods=("POST",), who=PROVEN, step_up=True, why="begin to set up another app")
def begin_app() -> Response:
    def begin(session: Session) -> str:
        return f"/my/ways-in/app/{factors.begin_app(session, _me(), now=db.now()).id}"

    return _press(begin)


@page(
    blueprint,
    "/my/ways-in/app/<uuid:factor_id>",
    methods=("GET", "POST"),
    who=PROVEN,
    step_up=True,
    keeps=False,
    why="set up another app: it counts once its first code was right",
)
def set_up_app(factor_id: uuid.UUID) -> Answer:
    form, secret, found = CodeForm(), _secret(factor_id), gate.reader().found
    if found and form.validate_on_submit():
        with gate.runtime().database.write() as session:
            over = tries.used_up(session, _me(), found)
            app = None if over else factors.begun(session, _me(), factor_id)
            done = app is not None and factors.confirm_app(session, app, str(form["code"].data), now=db.now())
            if done:
                tries.forgive(session, _me(), found)
                _changed(session, "add_factor", "totp")
        if over:
            raise limits.limited(over, now=db.now())
        if done:
            flash(_("Your app is set up. You can use it the next time you sign in."), "success")
            return gate.see_other("/my")
        form["code"].errors = [_("This code is not right. Wait for the next one and try again")]
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template(
        "requester/my/app.html", form=form, spaced=spaced, factor_id=factor_id, back="/my"
    ), form.status


@page(
    blueprint,
    "/my/ways-in/app/<uuid:factor_id>/picture",
    who=PROVEN,
    step_up=True,
    why="the picture that another app reads its secret from",
)
def my_app_picture(factor_id: uuid.UUID) -> Response:
    picture = make_response(factors.qr_picture(address_for_app(gate.runtime().settings, _secret(factor_id))))
    picture.mimetype = "image/svg+xml"
    return picture


@page(blueprint, "/my/sessions/<string:prefix>/end", methods=("POST",), who=PROVEN, why="end one of one's own sessions")
def end_my_session(prefix: str) -> Response:
    found = gate.reader().found

    def end(session: Session) -> str:
        if not sessions.end_one(session, "family", _me(), prefix):
            raise NotThere
        audit.append(session, gate.act("end_session"))
        return "/my"

    ended = _press(end, _("It is signed out."))
    return gate.let_out(gate.see_other("/signed-out")) if found and found.prefix == prefix else ended


def _press(do: Any, words: str = "") -> Response:
    form = Press()
    if not form.validate_on_submit():
        return gate.see_other("/my")
    try:
        response = gate.perform(form.form_key.data, do)
    except family_factors.LastOne:
        flash(_("This is the last one you have, so it stays. Set up another one first, or ask us for a new sheet."))
        return gate.see_other("/my")
    if words:
        flash(words, "success")
    return response


def _changed(session: Session, act: str, kind: str) -> None:
    """What follows from every change: it is logged and told, and whoever is in somewhere else comes in anew."""
    sessions.end_others(session, "family", _me(), gate.cookie("family") or "", now=db.now())
    ways_in.tell_person(session, _me())
    audit.append(session, gate.act(act, detail={"by": kind}))


def _has_mail(person: Person | None, told: dict[str, Any]) -> bool:
    """Whether a link to sign in reaches this person: an address that is not safe for them brings none."""
    return person is not None and person.email_blind is not None and contact.mail_address(told) is not None


def _joined(session: Session, me: uuid.UUID) -> str:
    """The name of the national sign-in that opens this account, or nothing."""
    return gate.runtime().settings.family_openid_name if identities.is_linked(session, "family", me) else ""


def _ways(session: Session, me: uuid.UUID) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "what": _words(one.kind),
            "since": day(one.made_at),
            "more": _more(session, one),
        }
        for one in factors.all_live(session, "family", me)
    ]


def _words(kind: str) -> str:
    return {
        "totp": _("App that shows codes"),
        "code_sheet": _("Sheet of codes"),
        "passkey": _("Passkey"),
        "phone": _("Code by phone"),
        "call_back": _("Call from us with a code"),
    }.get(kind, kind)


def _more(session: Session, factor: Factor) -> str:
    if factor.kind == "code_sheet":
        left = factors.codes_left(session, factor.holder_id)
        told = _("%(count)s codes left", count=left)
        return told if left > factors.NEW_SHEET_AT else told + ". " + _("Ask us for a new sheet.")
    return "" if family_factors.works(session, factor) else _("It does not work now. Your number has changed.")


def _by_child(session: Session, me: uuid.UUID) -> list[dict[str, Any]]:
    """The person's requests under the name of whom each is about: for each child separately."""
    own = verbs.own_cases(session, me)
    told = [str((one.get("subject") or {}).get("names") or "") for one in vault_of(session).get_many(own)]
    named = sorted(zip(told, own, strict=True), key=lambda pair: pair[0].casefold())
    return [
        {"name": name, "lines": [line(case) for _name, case in group]}
        for name, group in groupby(named, key=lambda pair: pair[0])
    ]


def _secret(factor_id: uuid.UUID) -> str:
    with gate.runtime().database.read() as session:
        app = factors.begun(session, _me(), factor_id)
        if app is None:
            raise NotThere
        return str(vault_of(session).get(app)["secret"])


def _me() -> uuid.UUID:
    person_id = gate.reader().id
    if person_id is None:  # the gate lets nobody without one come here
        raise PermissionError
    return person_id
