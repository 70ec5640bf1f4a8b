"""Signing in with a printed card, for whoever has no mailbox of their own or one that somebody else reads.

The card stands in the place of the link: number and six words bring as far as the link would, and no further."""

from __future__ import annotations

from flask import Response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import db, forms, gate
from portal.gate import page
from portal.people import cards, limits, tokens
from portal.requester import arriving, blueprint


class UseCard(forms.Form):
    """What stands on the card. An error never says which of the two was wrong."""

    number = forms.TextField(
        _l("Number on your card"),
        needed=_l("Enter the number on your card"),
        hint=_l("It looks like 7K3M-92QX."),
        longest=40,
    )
    words = forms.TextField(
        _l("The six words on your card"),
        needed=_l("Enter the six words on your card"),
        hint=_l("In the order they are printed, with a space between them."),
        longest=200,
    )
    go = forms.SubmitField(_l("Sign in"))


@page(
    blueprint,
    "/sign-in/card",
    methods=("GET", "POST"),
    who=("visitor",),
    why="sign in with the number and the words of a printed card",
)
def sign_in_by_card() -> Response | tuple[str, int]:
    form = UseCard()
    if form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        cookie = _use_card(str(form.number.data), str(form.words.data))
        if cookie:
            return arriving.onward(cookie)
        form.words.raw_data, form.words.data = [], None  # a secret is not shown again
        form.words.errors = [_("The number or the words are not right. Check each word, and the order they are in")]
    else:
        arriving.keep_next()
    return render_template("requester/sign_in/card.html", form=form), form.status


def _use_card(number: str, words: str) -> str | None:
    """A session, for a card that is right; None otherwise. The slow hash runs before the write transaction, and as
    long where nobody has the number."""
    runtime, now = gate.runtime(), db.now()
    tried = (cards.normal_number(number), gate.network())
    with runtime.database.read() as session:
        found = cards.find(session, "sign_in", number, words, pepper=runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        cookie, allowed = None, limits.within(session, limits.CARDS, *tried)
        if allowed and found is not None and cards.use(session, found, now=now):
            tokens.kill(session, "sign_in", found.holder_id)  # a link that was asked for before is not needed any more
            cookie = arriving.begin(session, found.holder_id, by="card", now=now)
            limits.forgive(session, limits.CARDS, *tried)
        else:
            arriving.refuse(session, by="card")
    if not allowed:
        raise limits.limited(limits.CARDS, now=now)
    return cookie
