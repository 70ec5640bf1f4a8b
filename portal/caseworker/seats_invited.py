"""How somebody takes the seat they were invited to: by a link, by words on paper, or, as the very first, by words that
the console printed. They choose their own way in; nobody else ever knows it (ASVS V6.4.1, V6.4.6).

Opening a page or a link uses nothing up. The invitation is used when the way in is there, in one transaction."""

from __future__ import annotations

import uuid

from flask import Response, make_response, render_template
from flask import session as form_session
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from wtforms.validators import ValidationError

from portal import audit, db, elsewhere, forms, gate, links
from portal.audit import Act
from portal.caseworker import arriving, blueprint
from portal.caseworker.arriving import Arrived
from portal.gate import page
from portal.people import cards, contact, factors, hashing, invitations, limits, seats, staff
from portal.people.models import STAFF_ROLES, Staff
from portal.people.seat_models import Invitation
from portal.vault import vault_of

ANYONE = ("visitor", *STAFF_ROLES)
CHOOSE = "/staff/invitation/choose"


class Words(forms.Form):
    """What stands on the card."""

    number = forms.TextField(
        _l("Number"), needed=_l("Enter the number"), hint=_l("It looks like 7K3M-92QX."), longest=40
    )
    words = forms.TextField(_l("The six words"), needed=_l("Enter the six words"), longest=200)
    go = forms.SubmitField(_l("Continue"))


class First(Words):
    """As the first administrator says who they are."""

    name = forms.TextField(_l("Your name"), needed=_l("Enter your name"))
    email = forms.EmailField(_l("Your work email address"), needed=_l("Enter your work email address"))

    def validate_email(self, field: forms.EmailField) -> None:
        if not contact.is_address(field.data or ""):
            raise ValidationError(_("Enter an email address in the right form, like name@example.org"))


class OpenInvitation(forms.Form):
    """The button that a link leads to: programmes open links too."""

    go = forms.SubmitField(_l("Continue"))


class Choose(forms.Form):
    """A password and an app, together: half a way in is none."""

    password = forms.PasswordField(
        _l("Password"),
        needed=_l("Choose a password"),
        hint=_l("15 characters or more. Four words that do not belong together are easy to keep in mind."),
    )
    again = forms.PasswordField(_l("The same password again"), needed=_l("Type the password again"))
    code = forms.TextField(_l("Code from your app"), needed=_l("Enter the code that your app shows"), longest=40)
    save = forms.SubmitField(_l("Take my seat"))


@page(
    blueprint, "/first-administrator", methods=("GET", "POST"), who=("visitor",), why="the first administrator comes in"
)
def first_administrator() -> Response | tuple[str, int]:
    with gate.runtime().database.read() as session:
        invitations.refuse_where_two_are(session)
    form = First()
    if form.validate_on_submit():
        found = _tried(invitations.FIRST, form)
        if found and _said_who(found, form):
            return _go_on(found)
        form.words.errors = [_("The number or the words are not right, or they are too old")]
    return render_template("caseworker/seats/first.html", form=form), form.status


@page(blueprint, "/invitation", methods=("GET", "POST"), who=ANYONE, why="use an invitation that was printed")
def invitation_on_paper() -> Response | tuple[str, int]:
    form = Words()
    if form.validate_on_submit():
        found = _tried(invitations.SEAT, form)
        if found:
            return _go_on(found)
        form.words.errors = [_("The number or the words are not right, or they were used before")]
    return render_template("caseworker/seats/words.html", form=form), form.status


@page(
    blueprint,
    "/invitation/open/<string:signed>",
    methods=("GET", "POST"),
    who=ANYONE,
    why="use an invitation that was mailed: opening it shows a button",
)
def invitation_by_mail(signed: str) -> Response | tuple[str, int]:
    token = links.opened(gate.runtime().settings, "invitation", signed)
    form = OpenInvitation()
    with gate.runtime().database.read() as session:
        found = invitations.by_token(session, token, now=db.now()) if token else None
    if found is None:
        return _dead()
    if form.validate_on_submit():
        return _go_on(found.id)
    return render_template("caseworker/seats/open.html", form=form), form.status


@page(blueprint, "/invitation/choose", methods=("GET", "POST"), who=ANYONE, why="choose how to come in to a new seat")
def choose_way_in() -> Response | tuple[str, int]:
    invitation_id, secret = _invited(), _secret()
    if invitation_id is None:
        return _dead()
    with gate.runtime().database.read() as session:
        email = _email(session, invitation_id)
    if email is None:
        return _dead()
    form, local = Choose(), gate.runtime().settings.staff_passwords
    if local and form.validate_on_submit():
        step = _checked(form, email, secret)
        if step is not None:
            arrived = _take_seat(invitation_id, str(form.password.data), secret, step)
            return _dead() if arrived is None else _taken(arrived)
    facts = {"email": email, "local": local, "elsewhere": elsewhere.offered(link="1"), "spaced": _spaced(secret)}
    return render_template("caseworker/seats/choose.html", form=form, **facts), form.status


@page(blueprint, "/invitation/app-picture", who=ANYONE, why="the picture that an app reads its secret from")
def invitation_app_picture() -> Response | tuple[str, int]:
    if _invited() is None:
        return _dead()
    settings = gate.runtime().settings
    told = factors.app_address(_secret(), account=_("staff"), issuer=settings.service_name)
    picture = make_response(factors.qr_picture(told))
    picture.mimetype = "image/svg+xml"
    return picture


def _tried(purpose: str, form: Words) -> uuid.UUID | None:
    """The invitation that these words open; each try counts. The slow hash runs before the transaction."""
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    runtime, now = gate.runtime(), db.now()
    number, words = str(form.number.data), str(form.words.data)
    with runtime.database.read() as session:
        found = invitations.by_words(session, purpose, number, words, pepper=runtime.settings.secrets.pepper, now=now)
    with runtime.database.write() as session:
        allowed = limits.within(session, limits.WORDS, f"invitation {purpose}", cards.normal_number(number))
        outcome = "allowed" if allowed and found else "denied"
        audit.append(session, Act(audit.visitor_chain(), "invitation", "visitor", outcome=outcome, reason=purpose))
    if not allowed:
        raise limits.limited(limits.WORDS, now=now)
    return found.id if found else None


def _said_who(invitation_id: uuid.UUID, form: First) -> bool:
    with gate.runtime().database.write() as session:
        told = {"name": str(form.name.data), "email": str(form.email.data)}
        return invitations.say_who(session, invitation_id, **told, now=db.now())


def _go_on(invitation_id: uuid.UUID) -> Response:
    """From now on this browser holds the invitation, in the form's session, which is signed."""
    form_session["invited"] = invitation_id.hex
    form_session["invited-secret"] = factors.new_secret()
    return gate.see_other(CHOOSE)


def _invited() -> uuid.UUID | None:
    held = form_session.get("invited")
    return uuid.UUID(held) if held else None


def _secret() -> str:
    return str(form_session.get("invited-secret") or "")


def _email(session: Session, invitation_id: uuid.UUID) -> str | None:
    """The work e-mail that the seat signs in with; None once the invitation is dead."""
    found: Invitation | None = invitations.live(session, invitation_id, now=db.now())
    if found is None:
        return None
    account = session.get(Staff, found.staff_id) if found.staff_id else None
    if account is None:
        return str(vault_of(session).get(found)["email"]) if found.sealed else None
    return None if account.disabled_at is not None else str(vault_of(session).get(account)["email"])


def _checked(form: Choose, email: str, secret: str) -> int | None:
    """The time step of the code, when password and code are good; otherwise the form says what is not."""
    try:
        staff.check_new_password(str(form.password.data), email, gate.runtime().settings)
    except staff.PasswordRefused as refused:
        form.password.errors = [_(refused.words)]
    if form.password.data != form.again.data:
        form.again.errors = [_("The two passwords are not the same")]
    step = factors.step_of(secret, str(form.code.data), now=db.now())
    form.code.raw_data, form.code.data = [], None  # a code is not shown again
    if step is None:
        form.code.errors = [_("This code is not right. Wait for the next one and try again")]
    return None if form.errors else step


def _take_seat(invitation_id: uuid.UUID, password: str, secret: str, step: int) -> Arrived | None:
    runtime, now = gate.runtime(), db.now()
    hashed = hashing.slow_hash(runtime.settings.secrets.pepper, password)  # slow, so before the transaction
    with runtime.database.write() as session:
        account = seats.come_in(session, invitation_id, now=now, password_hash=hashed, app=(secret, step))
        return arriving.arrive(session, account.id, shown_at=now, way="password") if account else None


def _taken(arrived: Arrived) -> Response:
    form_session.pop("invited", None)
    form_session.pop("invited-secret", None)
    return arriving.through_the_door(arrived, None)


def _dead() -> tuple[str, int]:
    return render_template("caseworker/seats/dead.html"), 410


def _spaced(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
