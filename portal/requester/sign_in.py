"""How a family comes in: a link by mail, used once in the browser that asked, then a code from another channel.

The link alone shows where a case is. Record data needs the second factor (security.md 6a).
"""

from __future__ import annotations

import hmac
import uuid

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col, select
from wtforms.validators import ValidationError

from portal import audit, db, forms, gate, links
from portal.audit import Act
from portal.cases.models import Case
from portal.cases.references import normal_reference
from portal.gate import page
from portal.people import factors, limits, outbox, sessions, tokens
from portal.people.models import Person
from portal.people.tokens import State
from portal.requester import arriving, blueprint, screens, tries
from portal.requester.screens import WithScreen
from portal.vault import vault_of

ANYONE = ("visitor",)
SIGNED_IN = ("family", "family+2")


class AskForLink(forms.Form):
    """Address and reference: a person has one account per reference, and neither alone brings a mail."""

    email = forms.EmailField(_l("Email address"), needed=_l("Enter your email address"))
    reference = forms.TextField(
        _l("Your reference"),
        needed=_l("Enter your reference"),
        hint=_l("It looks like SAR-7K3M-92QX. It is in the first message we sent you."),
        longest=40,
    )
    send = forms.SubmitField(_l("Send me a link"))

    def validate_reference(self, field: forms.TextField) -> None:
        if normal_reference(field.data or "") is None:
            raise ValidationError(_("Check your reference. Part of it is missing or mistyped"))


class UseLink(forms.Form):
    """The button that uses a link up: opening the page does not, because programmes open links too."""

    go = forms.SubmitField(_l("Sign in"))


class EnterCode(WithScreen):
    """A code from the app or the sheet."""

    code = forms.TextField(_l("Code"), needed=_l("Enter the code"), longest=40)
    go = forms.SubmitField(_l("Continue"))


@page(blueprint, "/sign-in", methods=("GET", "POST"), who=ANYONE, why="ask for a link to sign in")
def ask_for_link() -> Response | str | tuple[str, int]:
    form = AskForLink()
    if not form.validate_on_submit():
        arriving.keep_next()
        return render_template("requester/sign_in/ask.html", form=form), form.status
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    _send_link(str(form.email.data), str(normal_reference(form.reference.data or "")))
    return gate.see_other("/sign-in/sent")


@page(
    blueprint,
    "/sign-in/open/<string:signed>",
    methods=("GET", "POST"),
    who=ANYONE,
    why="use a link: opening it shows a button, pressing it signs in",
)
def open_link(signed: str) -> Response | str | tuple[str, int]:
    token = links.opened(gate.runtime().settings, "sign_in", signed)
    form = UseLink()
    if token and form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        cookie = _use_link(token)
        if cookie:
            return arriving.onward(cookie)
    return _link_page(_state_of(token), form)


@page(blueprint, "/sign-in/code", methods=("GET", "POST"), who=SIGNED_IN, why="show the second factor")
def second_factor() -> Response | str | tuple[str, int]:
    form, person_id = EnterCode(), _person_id()
    with gate.runtime().database.read() as session:
        kinds = factors.kinds(session, "family", person_id)
        number = factors.asked_number(session, person_id) if "code_sheet" in kinds else None
    by = _way(kinds, number)
    if kinds == {"passkey"}:
        return gate.see_other(links.with_query("/sign-in/passkey", request.args.to_dict()))
    if by and form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        cookie = _use_factor(person_id, by, form)
        if cookie:
            then = links.safe_next(request.args.get("next")) or gate.HOME["family"]
            return gate.let_in(gate.see_other(then), cookie)
        form.code.raw_data, form.code.data = [], None  # a code is not shown again
        form.code.errors = [_("This code is not right, or it was used before. Check it and try again")]
    facts = {"by": by, "kinds": kinds, "number": number, "action": _here(by), "ways": _by_telephone(kinds)}
    return render_template("requester/sign_in/code.html", form=form, **facts), form.status


@page(blueprint, "/sign-out", methods=("POST",), who=(*ANYONE, *SIGNED_IN, "watched"), why="end the session")
def sign_out() -> Response:
    who = gate.reader()
    if who.found:
        with gate.runtime().database.write() as session:
            sessions.end(session, who.found)
            audit.append(session, gate.act("sign_out"))
    return gate.let_out(gate.see_other("/signed-out"))


@page(blueprint, "/signed-out", who=ANYONE, why="say that the session has ended, and what stays on the computer")
def signed_out() -> str:
    return render_template("requester/sign_in/signed_out.html")


def _send_link(email: str, reference: str) -> None:
    """Queues a link. Known or not, the same is done: the page, the rows written and the time tell nothing apart."""
    now = db.now()
    with gate.runtime().database.write() as session:
        allowed = limits.within(session, limits.LINKS, email, reference)
        case_id, person_id = _match(session, email, reference)
        if allowed:
            holder = person_id or uuid.uuid4()
            token = tokens.make(session, "sign_in", holder, gate.browser_hash(), now=now)
            key = f"sign_in:{uuid.uuid4().hex}"
            outbox.queue(session, "sign_in", person_id=person_id, case_id=case_id, key=key, token=token)
        outcome = "allowed" if allowed and person_id else "denied"
        audit.append(session, _visitor_act("sign_in_link", case_id, outcome))
    if not allowed:
        raise limits.limited(limits.LINKS, now=now)


def _match(session: Session, email: str, reference: str) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The case with this reference and its requester, when the address is theirs."""
    typed = vault_of(session).blind("email", email)
    query = (
        select(Case.id, Person.id, Person.email_blind)
        .join(Person, col(Person.id) == col(Case.requester_id))
        .where(Case.reference == reference)
    )
    case_id, person_id, stored = session.exec(query).first() or (None, None, None)
    return (case_id, person_id) if hmac.compare_digest(stored or b"", typed) else (None, None)


def _use_link(token: str) -> str | None:
    """Uses the link up and begins a session; None when it is dead, or another browser's."""
    now = db.now()
    with gate.runtime().database.write() as session:
        person_id = tokens.consume(session, "sign_in", token, gate.browser_hash(), now=now)
        if person_id is None or session.get(Person, person_id) is None:
            arriving.refuse(session, by="link")
            return None
        return arriving.begin(session, person_id, by="link", now=now)


def _state_of(token: str | None) -> State:
    if token is None:
        return State.DEAD
    with gate.runtime().database.read() as session:
        return tokens.look(session, "sign_in", token, gate.browser_hash(), now=db.now())


def _link_page(state: State, form: UseLink) -> tuple[str, int]:
    if state is State.USABLE:
        return render_template("requester/sign_in/open.html", form=form), form.status
    if state is State.OTHER_BROWSER:
        return render_template("requester/sign_in/other_browser.html"), 200
    return render_template("requester/sign_in/dead.html"), 410


def _use_factor(person_id: uuid.UUID, by: str, form: EnterCode) -> str | None:
    """A session with the second factor, for a right code; None for a wrong one, which counts."""
    runtime, now, found, code = gate.runtime(), db.now(), gate.reader().found, str(form.code.data)
    if found is None:
        return None
    on_sheet = _sheet_code(person_id, code) if by == "code_sheet" else None
    with runtime.database.write() as session:
        cookie, over = None, tries.used_up(session, person_id, found)
        if by == "code_sheet":
            right = over is None and on_sheet is not None and factors.use_code(session, *on_sheet, now=now)
        else:
            right = over is None and factors.check_app(session, "family", person_id, code, now=now)
        if right:
            cookie = sessions.renew(session, found, now=now, factor_kind=by)
            tries.forgive(session, person_id, found)
            screens.heed(session, form, cookie, person_id, now=now)
        audit.append(session, _factor_act(by, cookie))
    if over:
        raise limits.limited(over, now=now)
    return cookie


def _sheet_code(person_id: uuid.UUID, code: str) -> tuple[uuid.UUID, int] | None:
    """Tested outside the write transaction: the slow hash would hold everybody else up."""
    runtime = gate.runtime()
    with runtime.database.read() as session:
        return factors.check_sheet(session, person_id, code, pepper=runtime.settings.secrets.pepper)


def _way(kinds: set[str], number: int | None) -> str:
    """Which factor this page asks for: the app unless there is none or the sheet was chosen."""
    sheet = "code_sheet" in kinds and number is not None
    if sheet and (request.args.get("by") == "sheet" or "totp" not in kinds):
        return "code_sheet"
    return "totp" if "totp" in kinds else ""


def _here(by: str) -> dict[str, str]:
    """The address of this page with its `next`, and of the same page for the other factor."""
    then = links.safe_next(request.args.get("next"))
    kept = {"next": then} if then else {}
    own = {"by": "sheet", **kept} if by == "code_sheet" else kept
    other = kept if by == "code_sheet" else {"by": "sheet", **kept}
    return {
        "own": links.with_query("/sign-in/code", own),
        "other": links.with_query("/sign-in/code", other),
        "passkey": links.with_query("/sign-in/passkey", kept),
    }


def _by_telephone(kinds: set[str]) -> list[dict[str, str]]:
    """The pages for a code by telephone, where it is one of the person's ways."""
    then = links.safe_next(request.args.get("next"))
    kept = {"next": then} if then else {}
    ways = (
        ("phone", "/sign-in/phone", _("Get a code by phone")),
        ("call_back", "/sign-in/call", _("Ask us to ring you")),
    )
    return [{"href": links.with_query(path, kept), "text": text} for kind, path, text in ways if kind in kinds]


def _person_id() -> uuid.UUID:
    person_id = gate.reader().id
    if person_id is None:  # the gate lets nobody without one come here
        raise PermissionError
    return person_id


def _visitor_act(name: str, case_id: uuid.UUID | None, outcome: str) -> Act:
    return Act(chain=audit.visitor_chain(), act=name, actor="visitor", case_id=case_id, outcome=outcome)


def _factor_act(by: str, cookie: str | None) -> Act:
    return gate.act("second_factor", outcome="allowed" if cookie else "denied", detail={"by": by})
