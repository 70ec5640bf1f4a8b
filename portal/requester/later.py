"""Stopping and coming back: the answers stay for seven days, behind a link by mail and a word chosen when stopping."""

from __future__ import annotations

import uuid

from flask import redirect, render_template, url_for
from flask import session as form_session
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import db, forms, gate, links
from portal.cases import drafts
from portal.cases.drafts import DraftGone
from portal.gate import page
from portal.people import limits, outbox, tokens
from portal.people.limits import Rule
from portal.people.tokens import State
from portal.requester import ask, blueprint, draft, typed_code
from portal.requester.question_forms import KeepForm

# Few tries for each link and few links an hour: a word is short, but guessing it takes months.
RESUME_WORDS = Rule("resume word", 3, 3600)
PURPOSE = "resume_draft"


class ResumeForm(forms.Form):
    """The address that was given when stopping."""

    email = forms.EmailField(_l("Email address"), needed=_l("Enter your email address"))
    go = forms.SubmitField(_l("Send me a link"))


class ResumeCode(typed_code.TypeCode):
    """The code from the mail, typed where the link was asked for."""

    go = forms.SubmitField(_l("Go on with my request"))


class WordForm(forms.Form):
    """The word that was chosen when stopping."""

    word = forms.TextField(
        _l("Your word"), needed=_l("Enter your word"), hint=_l("The word you chose when you stopped"), longest=60
    )
    go = forms.SubmitField(_l("Go on with my request"))


@page(blueprint, "/ask/keep", methods=("GET", "POST"), who=("visitor",), why="stop for now and keep the answers")
def keep() -> ask.Answer:
    draft_id, journey = draft.here()
    form = KeepForm(data={"email": journey.said("reach").get("email")})
    if form.validate_on_submit():
        try:
            _keep(draft_id, form)
        except DraftGone:
            raise draft.NoDraft from None
        form_session.pop("browser", None)  # whoever sits at this computer next does not find the answers
        return gate.see_other(url_for("requester.kept"))
    return render_template("requester/ask/keep.html", form=form, back=ask.onward(journey, None)), form.status


def _keep(draft_id: uuid.UUID, form: KeepForm) -> None:
    gate.hold_back_floods(limits.NETWORK_KEPT_DRAFTS)
    runtime = gate.runtime()
    hashed = drafts.word_hash(str(form.word.data), runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        drafts.keep_for_later(session, draft_id, draft.browser(), email=str(form.email.data), word_hash=hashed)


@page(blueprint, "/ask/kept", who=("visitor",), why="say how to come back")
def kept() -> str:
    settings = gate.runtime().settings
    address = settings.family_url.rstrip("/") + url_for("requester.resume")
    return render_template("requester/ask/kept.html", address=address)


@page(
    blueprint, "/ask/resume", methods=("GET", "POST"), who=("visitor",), why="ask for a link to a request being written"
)
def resume() -> ask.Answer:
    form = ResumeForm()
    if form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        _send_link(str(form.email.data))
        return gate.see_other(url_for("requester.resume_sent"))
    return render_template("requester/ask/resume.html", form=form), form.status


def _send_link(email: str) -> None:
    """Known or not, the same is done: nobody learns here who is writing a request."""
    now = db.now()
    with gate.runtime().database.write() as session:
        own = limits.within(session, limits.RESUME_LINKS, email, gate.network())
        allowed = own and limits.within(session, limits.RESUME_LINKS_OF_ALL, email)
        found = drafts.of_address(session, email)
        if allowed:
            holder = drafts.holder_of(session, email)
            token = tokens.make(session, PURPOSE, holder, gate.browser_hash(), now=now)
            outbox.queue(
                session,
                "resume",
                person_id=None,
                case_id=found.id if found else None,
                key=f"resume:{uuid.uuid4().hex}",
                token=token,
            )
    if not allowed:
        raise limits.limited(limits.RESUME_LINKS, now=now)


@page(
    blueprint,
    "/ask/resume/sent",
    methods=("GET", "POST"),
    who=("visitor",),
    why="say that a link is on its way, if there is one to send, and take the code that stands beside it",
)
def resume_sent() -> ask.Answer:
    form = ResumeCode()
    if form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        token = _link_of_code(str(form.code.data))
        if token:
            return gate.see_other(links.sealed_path(gate.runtime().settings, PURPOSE, token))
        typed_code.refuse(form)
    minutes = int(tokens.LIFE.total_seconds() // 60)
    return render_template("requester/ask/resume_sent.html", form=form, minutes=minutes), form.status


def _link_of_code(typed: str) -> str | None:
    """A link in the place of the one whose code was typed, for this browser: it asks for the word, as the other would.
    None for a wrong code, which counts against this browser's ten."""
    now, browser = db.now(), gate.browser_hash()
    key = links.derived_key(gate.runtime().settings, tokens.CODE_KEY)
    with gate.runtime().database.write() as session:
        allowed = limits.within(session, limits.TYPED_CODES, browser.hex())
        holder = tokens.consume_code(session, PURPOSE, typed, browser, key=key, now=now) if allowed else None
        token = tokens.make(session, PURPOSE, holder, browser, now=now) if holder else None
    if not allowed:
        raise limits.limited(limits.TYPED_CODES, now=now)
    return token


@page(
    blueprint,
    "/ask/resume/<string:signed>",
    methods=("GET", "POST"),
    who=("visitor",),
    why="go on with a request: the link asks for the word, and only the right word uses it up",
)
def resume_link(signed: str) -> ask.Answer:
    token = links.opened(gate.runtime().settings, PURPOSE, signed)
    form = WordForm()
    if token is None or _state(token) is not State.USABLE:
        other = token is not None and _state(token) is State.OTHER_BROWSER
        return render_template("requester/ask/resume_dead.html", other_browser=other), 200 if other else 410
    if form.validate_on_submit():
        if _resumed(token, str(form.word.data)):
            return redirect(url_for("requester.check"), 303)  # type: ignore[return-value]
        form.word.errors = [_("This is not the word you chose. After 3 tries you need a new link")]
    return render_template("requester/ask/resume_word.html", form=form), form.status


def _state(token: str) -> State:
    with gate.runtime().database.read() as session:
        return tokens.look(session, PURPOSE, token, gate.browser_hash(), now=db.now())


def _resumed(token: str, word: str) -> bool:
    """Gives the draft to this browser. A wrong word counts as a try and leaves the link as it is."""
    now, runtime = db.now(), gate.runtime()
    with runtime.database.write() as session:
        allowed = limits.within(session, RESUME_WORDS, token)
        holder = tokens.holder(session, PURPOSE, token, gate.browser_hash(), now=now)
        words = drafts.words_of(session, holder) if allowed and holder else []
    if not allowed:
        raise limits.limited(RESUME_WORDS, now=now)
    found = drafts.with_word(words, word, runtime.settings.secrets.pepper)
    if found is None:
        return False
    try:
        with runtime.database.write() as session:
            holder = tokens.consume(session, PURPOSE, token, gate.browser_hash(), now=now)
            if holder is None:
                return False
            drafts.resume(session, found, holder, browser=draft.browser())
    except DraftGone:
        return False
    return True
