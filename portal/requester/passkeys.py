"""Passkeys of a family: made while a request is written, or later by whoever has just shown who they are; then shown
in place of a code.

As with an app, whoever only reads the mailbox can make none (design section 8, 12)."""

from __future__ import annotations

import uuid

from flask import Response, flash, render_template, request, url_for
from flask_babel import format_date, to_user_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import audit, ceremony, db, forms, gate, going_on, links
from portal.cases import ways_in
from portal.errors import NotThere
from portal.gate import page
from portal.people import factors, family_factors, limits, passkeys, sessions
from portal.people.passkeys import Passkey
from portal.requester import ask, blueprint, draft, screens, tries
from portal.requester.journey import NAMED, Stop, key, way
from portal.requester.screens import WithScreen
from portal.requester.sign_in import SIGNED_IN

OWN = "/my/passkeys"
PROVEN = ("family+2",)


going_on.register(blueprint, PROVEN)


class ShowForm(WithScreen, ceremony.ShowForm):
    """The button that asks for the passkey, and which screen to show."""


class EndForm(forms.Form):
    """The button that ends a passkey."""

    go = forms.SubmitField(_l("Stop this passkey"))


@page(blueprint, "/ask/passkey", methods=("GET", "POST"), who=("visitor",), why="make a passkey while asking")
def ask_passkey() -> ask.Answer:
    journey, stop = draft.here()[1], Stop(NAMED["passkey"])
    if stop not in way(journey):
        return gate.see_other(ask.onward(journey, None))
    form, options = ceremony.MakeForm(), ""
    if form.validate_on_submit() and form.answer.data:
        with gate.runtime().database.write() as session:
            made = ceremony.made(session, str(form.answer.data))
        if made:
            said = {**made.as_text(), "name": form["name"].data or ""}
            changed = draft.change({key("passkey", 0): {"said": said, "count": journey.count("passkey") + 1}})
            return gate.see_other(ask.onward(changed, stop))
        ceremony.say_not_made(form)
    elif form.is_submitted() and not form.errors:
        options = ceremony.to_make(_("my request"), [])
    return render_template(
        "requester/ask/passkey.html",
        form=form,
        options=options,
        action=url_for("requester.ask_passkey", **ask.changing()),
        back=ask.back(stop, journey),
        set_up=stop.done(journey),
    ), form.status


@page(blueprint, "/sign-in/passkey", methods=("GET", "POST"), who=SIGNED_IN, why="show the passkey as second factor")
def sign_in_passkey() -> ask.Answer:
    then, own = links.safe_next(request.args.get("next")), _own()
    query = {"next": then} if then else {}
    if not own:
        return gate.see_other(links.with_query("/sign-in/code", query))
    form, options = ShowForm(), ""
    if form.validate_on_submit() and form.answer.data:
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        cookie = _shown(form)
        if cookie:
            return gate.let_in(gate.see_other(then or gate.HOME["family"]), cookie)
        ceremony.say_not_shown(form)
    elif form.is_submitted():
        options = ceremony.to_show(own)
    with gate.runtime().database.read() as session:
        more = factors.kinds(session, "family", _me()) != {"passkey"}
    return render_template(
        "requester/sign_in/passkey.html",
        form=form,
        options=options,
        action=links.with_query("/sign-in/passkey", query),
        by_code=links.with_query("/sign-in/code", query) if more else "",
    ), form.status


@page(blueprint, OWN, who=PROVEN, step_up=True, why="see one's own passkeys, and when each was last used")
def own_passkeys() -> str:
    told = [
        {"id": one.id, "name": one.name or _("A passkey"), "made": _day(one.made_at), "used": _day(one.used_at)}
        for one in _own()
    ]
    return render_template("requester/sign_in/passkeys.html", told=told, form=EndForm(formdata=None), back="/my")


@page(
    blueprint,
    f"{OWN}/new",
    methods=("GET", "POST"),
    who=PROVEN,
    step_up=True,
    why="make a further passkey, having just shown who one is",
)
def new_passkey() -> ask.Answer:
    form, options = ceremony.MakeForm(), ""
    if form.validate_on_submit() and form.answer.data:
        if _added(str(form.answer.data), str(form["name"].data or "")):
            flash(_("Your passkey is ready. You can use it the next time you sign in."), "success")
            return gate.see_other(OWN)
        ceremony.say_not_made(form)
    elif form.is_submitted() and not form.errors:
        options = ceremony.to_make(_("my request"), _own())
    facts = {"options": options, "action": f"{OWN}/new", "back": OWN}
    return render_template("requester/sign_in/make_passkey.html", form=form, **facts), form.status


@page(
    blueprint, f"{OWN}/<uuid:passkey_id>/end", methods=("POST",), who=PROVEN, step_up=True, why="end one's own passkey"
)
def end_passkey(passkey_id: uuid.UUID) -> Response:
    if not EndForm().validate_on_submit():
        return gate.see_other(OWN)
    try:
        with gate.runtime().database.write() as session:
            if passkey_id not in {one.id for one in _own_in(session)}:
                raise NotThere
            if family_factors.end(session, _me(), passkey_id, now=db.now()) is None:
                raise NotThere
            _changed(session, "factor_ended")
    except family_factors.LastOne:
        flash(_("This passkey is the only way for you to show it is you. Make another one first."))
    else:
        flash(_("The passkey has stopped. It opens nothing any more."), "success")
    return gate.see_other(OWN)


def _shown(form: ShowForm) -> str | None:
    """A session with the second factor, for the right passkey; None for a wrong one, which counts."""
    now, found, cookie = db.now(), gate.reader().found, None
    if found is None:
        return None
    with gate.runtime().database.write() as session:
        over = tries.used_up(session, _me(), found)
        if over is None and ceremony.shown(session, str(form.answer.data)):
            cookie = sessions.renew(session, found, now=now, factor_kind="passkey")
            screens.heed(session, form, cookie, _me(), now=now)
            tries.forgive(session, _me(), found)
        outcome = "allowed" if cookie else "denied"
        audit.append(session, gate.act("second_factor", outcome=outcome, detail={"by": "passkey"}))
    if over:
        raise limits.limited(over, now=now)
    return cookie


def _added(answer: str, name: str) -> bool:
    with gate.runtime().database.write() as session:
        made = ceremony.made(session, answer)
        factor = passkeys.add(session, "family", _me(), made, name=name, now=db.now()) if made else None
        if factor:
            _changed(session, "factor_added")
    return factor is not None


def _changed(session: Session, act: str) -> None:
    """What follows from every change: it is logged and told, and whoever is in somewhere else comes in anew."""
    sessions.end_others(session, "family", _me(), gate.cookie("family") or "", now=db.now())
    ways_in.tell_person(session, _me())
    audit.append(session, gate.act(act, detail={"by": "passkey"}))


def _own() -> list[Passkey]:
    with gate.runtime().database.read() as session:
        return _own_in(session)


def _own_in(session: Session) -> list[Passkey]:
    return passkeys.all_of(session, "family", _me())


def _day(at: object) -> str:
    return format_date(to_user_timezone(at), "d MMMM y") if at else ""


def _me() -> uuid.UUID:
    person_id = gate.reader().id
    if person_id is None:  # the gate lets nobody without one come here
        raise PermissionError
    return person_id
