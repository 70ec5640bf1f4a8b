"""Setting up an app that shows codes, in the session in which the request is written.

Whoever only reads the mailbox later cannot do this: a factor is never enrolled after an e-mail link alone (design
section 8, 12)."""

from __future__ import annotations

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext as _

from portal import db, gate
from portal.gate import page
from portal.people import factors
from portal.requester import ask, blueprint, draft
from portal.requester.journey import NAMED, Journey, Stop, key, way
from portal.requester.question_forms import CodeForm
from portal.settings import Settings


def address_for_app(settings: Settings, secret: str) -> str:
    """What the app shows beside its codes: neutral words, because others may see the phone."""
    return factors.app_address(secret, account=_("my request"), issuer=settings.mail_from_name)


def _secret(journey: Journey) -> str:
    return str(journey.said("app-secret").get("secret") or "")


@page(blueprint, "/ask/app", methods=("GET", "POST"), who=("visitor",), why="set up an app that shows codes")
def app() -> ask.Answer:
    journey = draft.here()[1]
    stop, secret = Stop(NAMED["app"]), _secret(journey)
    if stop not in way(journey) or not secret:
        return gate.see_other(ask.onward(journey, None))
    form = CodeForm()
    if form.validate_on_submit():
        step = factors.step_of(secret, form["code"].data, now=db.now())
        if step is not None:
            changed = draft.change({key("app", 0): {"said": {"step": step}, "count": journey.count("app") + 1}})
            return gate.see_other(ask.onward(changed, stop))
        form["code"].errors = [_("This code is not right. Wait for the next one and try again")]
    facts = {"spaced": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)), "set_up": stop.done(journey)}
    return render_template(
        "requester/ask/app.html",
        form=form,
        action=url_for("requester.app", **ask.changing()),
        back=ask.back(stop, journey),
        **facts,
    ), form.status


@page(blueprint, "/ask/app/picture", who=("visitor",), why="the picture that an app reads its secret from")
def app_picture() -> Response:
    secret = _secret(draft.here()[1])
    if not secret:
        raise draft.NoDraft
    picture = make_response(factors.qr_picture(address_for_app(gate.runtime().settings, secret)))
    picture.mimetype = "image/svg+xml"
    return picture
