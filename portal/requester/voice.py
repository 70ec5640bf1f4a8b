"""How a child comes in who has no account: number and six words of a card, or a link and the words told another way.

A card that never was, one that has ended and wrong words are answered alike, after the same work. Opening a link shows
nothing and burns nothing: programmes open links too. What opens is one question, for an hour, in one browser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import audit, db, forms, gate, links
from portal.audit import Act
from portal.cases import clocking, voice
from portal.cases.voice import Question
from portal.gate import page
from portal.people import cards, limits
from portal.people.cards import Card
from portal.people.limits import Rule
from portal.requester import blueprint

Answer = Response | str | tuple[str, int]
Find = Callable[[Session, bytes], Card | None]

ANYONE = ("visitor",)
COOKIE = "voice"
CARD_WORDS = Rule("voice card", 10, 900)
CARD_LETTERS = 40
CARD_WORDS_LONG = 200


class NoVisit(Exception):
    """The browser has shown no card, or too long ago, or the card has ended."""


class CardForm(forms.Form):
    """What stands on the card."""

    number = forms.TextField(
        _l("Number on the card"),
        needed=_l("Enter the number on the card"),
        hint=_l("It looks like 7K3M-92QX"),
        longest=CARD_LETTERS,
        short=_l("The number"),
    )
    words = forms.TextField(
        _l("The six words"),
        needed=_l("Enter the six words"),
        hint=_l("With a space between them"),
        longest=CARD_WORDS_LONG,
    )
    go = forms.SubmitField(_l("Continue"))


class WordsForm(forms.Form):
    """The words that go with a link."""

    words = forms.TextField(
        _l("The six words"),
        needed=_l("Enter the six words"),
        hint=_l("Somebody you know gave them to you"),
        longest=CARD_WORDS_LONG,
    )
    go = forms.SubmitField(_l("Continue"))


class DoneForm(forms.Form):
    """The button that closes the question at this computer."""


@page(blueprint, "/voice", methods=("GET", "POST"), who=ANYONE, why="ask for number and words of a card")
def voice_card() -> Answer:
    form = CardForm()
    if form.validate_on_submit():
        number = cards.normal_number(str(form.number.data))
        words = str(form.words.data)
        opened = _open(number, lambda session, pepper: cards.find(session, voice.PURPOSE, number, words, pepper=pepper))
        if opened:
            return opened
        _forget(form.words)
        form.words.errors = [_("This number and these words do not open anything. Check them and try again")]
    return render_template("requester/voice/card.html", form=form), form.status


@page(
    blueprint,
    "/voice/open/<string:signed>",
    methods=("GET", "POST"),
    who=ANYONE,
    why="ask for the words that go with a link, before anything is shown",
)
def voice_link(signed: str) -> Answer:
    token, form = links.opened(gate.runtime().settings, voice.PURPOSE, signed), WordsForm()
    if token is None or not _alive(token):
        return render_template("requester/voice/dead.html"), HTTPStatus.GONE
    if form.validate_on_submit():
        words, today = str(form.words.data), clocking.uk_today()

        def find(session: Session, pepper: bytes) -> Card | None:
            return voice.card_of_link(session, token, words, pepper=pepper, today=today)

        opened = _open(hashlib.sha256(token.encode()).hexdigest(), find, token)
        if opened:
            return opened
        _forget(form.words)
        form.words.errors = [_("These words do not open anything. Check them and try again")]
    return render_template("requester/voice/words.html", form=form), form.status


@page(blueprint, "/voice/done", methods=("POST",), who=ANYONE, why="close the question at this computer")
def voice_done() -> Response:
    if DoneForm().validate_on_submit():
        with gate.runtime().database.write() as session:
            found = _visited(session)
            if found:
                voice.end_visit(session, found.id)
    return gate.let_out(gate.see_other(url_for("requester.voice_card")))


@blueprint.errorhandler(NoVisit)
def no_visit(_no: NoVisit) -> Response:
    return gate.see_other(url_for("requester.voice_card"))


def visit(session: Session) -> Question:
    """The question that this browser may see. Raises NoVisit."""
    found = _visited(session)
    if found is None:
        raise NoVisit
    return found


def _visited(session: Session) -> Question | None:
    return voice.visited(session, gate.cookie(COOKIE), now=db.now(), today=clocking.uk_today())


def _open(limited_as: str, find: Find, token: str = "") -> Response | None:
    """The way to the question, for right words. A wrong try is counted for what was typed, known or not, and for the
    network: whoever knows the number shuts the card out of their own network alone (portal.people.limits)."""
    tried = (limited_as, gate.network())
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    runtime, now = gate.runtime(), db.now()
    with runtime.database.read() as session:  # slow, so before the write transaction
        card = find(session, runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        cookie, allowed = None, limits.within(session, CARD_WORDS, *tried)
        if allowed and card:
            cookie = voice.begin_visit(session, card, now=now, today=clocking.uk_today(), token=token)
        if cookie:
            limits.forgive(session, CARD_WORDS, *tried)
        audit.append(session, _tried(card if cookie else None))
    if not allowed:
        raise limits.limited(CARD_WORDS, now=now)
    if cookie is None:
        return None
    gate.browser_hash()  # known from here on, so that an answer sent twice at once is known as one
    response = gate.see_other(url_for("requester.voice_question"))
    gate.give_cookie(response, COOKIE, cookie)
    return response


def _alive(token: str) -> bool:
    with gate.runtime().database.read() as session:
        return voice.by_link(session, token, today=clocking.uk_today())


def _tried(card: Card | None) -> Act:
    chain = audit.account_chain("voice", card.holder_id) if card else audit.visitor_chain()
    return Act(chain=chain, act="voice_card", actor="visitor", outcome="allowed" if card else "denied")


def _forget(field: forms.TextField) -> None:
    """Words are not shown again."""
    field.raw_data, field.data = [], None
