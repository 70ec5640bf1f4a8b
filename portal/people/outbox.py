"""Messages to families, by mail or by text message. Whatever wants to write queues a row with ids; one function sends,
and asks `contact` whether it may (design section 8, 8). What may not leave waits for a caseworker.

Every message is neutral: somebody else in the home may read it (security.md 6a). It names a reference and nothing of a
child, an authority, a service or a decision. The Message-ID comes from the row, so a message that was sent twice
because the portal died in between is one message to the mail programme that gets it.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import sqlalchemy as sa
from babel.support import Translations
from sqlmodel import Session, col

from portal import db, jobs, links
from portal.people import contact, shields, telephone, tokens, transports
from portal.people.models import OutboxMessage, Person, Staff
from portal.settings import ROOT, Settings
from portal.vault import Owner, vault_of

# Template -> purpose of the link it carries. The others carry none: they say to go to the service and sign in.
LINKS = {
    "sign_in": "sign_in",
    "resume": "resume_draft",
    "outside_question": "outside",
    "outside_notice": "outside",
    "voice": "voice",
    "seat_invitation": "invitation",  # to staff, at their work e-mail
}
SHORT_LIVED = ("sign_in", "resume")  # asked for this minute: they come at any hour
WARNING = "contact_changing"  # tells the old channel that a new one waits
WHILE_ONE_WAITS = (*SHORT_LIVED, WARNING)
EMAILS, TEXTS = ROOT / "templates" / "emails", ROOT / "templates" / "texts"


@dataclass(frozen=True)
class Addressee:
    """Whom a message goes to; `told` is the payload that holds address and safe channels."""

    told: dict[str, Any]
    language: str = "en"


@dataclass(frozen=True)
class Text:
    """A text message that is ready to leave."""

    number: str
    words: str
    reference: str


Ready = EmailMessage | Text
ReferenceOf = Callable[[Session, uuid.UUID], str | None]
AddresseeOf = Callable[[Session, uuid.UUID], Addressee | None]
WhenHeld = Callable[[Session, OutboxMessage], None]
_references: list[ReferenceOf] = []
_when_held: list[WhenHeld] = []
_writers: dict[str, AddresseeOf] = {}


def refer_with(function: ReferenceOf) -> None:
    """Registers who knows the reference of a case: this package does not know what a case is."""
    if function not in _references:
        _references.append(function)


def when_held(function: WhenHeld) -> WhenHeld:
    """Registers what a package does about a message that may not leave, in the transaction that says so; twice changes
    nothing."""
    if function not in _when_held:
        _when_held.append(function)
    return function


def address_with(template: str, function: AddresseeOf) -> None:
    """Registers who knows the addressee of messages to nobody's account, such as the link to a draft; the function
    gets the row's `case_id`."""
    _writers[template] = function


def queue(
    session: Session,
    template: str,
    *,
    person_id: uuid.UUID | None,
    case_id: uuid.UUID | None,
    key: str,
    token: str | None = None,
    staff_id: uuid.UUID | None = None,
) -> None:
    """Queues a message inside the caller's transaction; the same `key` twice is one message.

    A sign-in link that was asked for with an unknown address is queued too, without a person, and goes nowhere: the
    page must not answer more quickly because there was nothing to do."""
    message_id = db.new_id()
    row = {
        "id": message_id,
        "key": key,
        "template": template,
        "language": "en",
        "person_id": person_id,
        "staff_id": staff_id,
        "case_id": case_id,
        "token_sealed": _sealed_token(session, message_id, token) if token else None,
        "state": "waiting",
        "made_at": db.now(),
    }
    if db.insert_ignore(session, OutboxMessage, [row]):
        jobs.enqueue(session, "send_mail", f"mail:{message_id.hex}", {"message": message_id.hex})


@jobs.handler("send_mail")
def send(work: jobs.Work) -> None:
    """Sends one message, the only place where one leaves. Raises jobs.Hold while the way out cannot take it, and
    outside the hours that the person named."""
    settings: Settings = work.runtime.settings
    message_id = uuid.UUID(work.args["message"])
    with work.database.read() as session:
        ready = _prepare(session, settings, message_id, now=db.now())
    state = ready if isinstance(ready, str) else _deliver(settings, ready)
    with work.database.write() as session:
        _close(session, message_id, state)


def _deliver(settings: Settings, ready: Ready) -> str:
    try:
        if isinstance(ready, Text):
            telephone.deliver(settings, "text", ready.number, ready.words, reference=ready.reference)
        elif settings.mail_url:
            transports.deliver(settings.mail_url, ready)
        else:
            raise jobs.Hold("no mail server is set", minutes=10)
    except (transports.ServerAway, telephone.ProviderAway) as away:
        raise jobs.Hold(f"the way out is away: {away}") from None
    except (transports.AddressRefused, telephone.NumberRefused):
        return "held"
    return "sent"


def _prepare(session: Session, settings: Settings, message_id: uuid.UUID, *, now: datetime.datetime) -> Ready | str:
    """The message, or the state in which it ends without being sent."""
    row = session.get(OutboxMessage, message_id)
    if row is None or row.state != "waiting":
        return "sent"
    if row.template in SHORT_LIVED and now - row.made_at >= tokens.LIFE:
        return "void"  # a link that is dead before it arrives only confuses
    addressee = _addressee(session, row)
    if addressee is None:
        return "void"
    waits = row.person_id is not None and row.template not in WHILE_ONE_WAITS
    if waits and contact.waiting_change(session, row.person_id):  # type: ignore[arg-type]
        return "held"
    return _addressed(session, settings, row, addressee, now=now) or "held"


def _addressed(
    session: Session, settings: Settings, row: OutboxMessage, addressee: Addressee, *, now: datetime.datetime
) -> Ready | None:
    """The message on its way: by mail where that is safe, else by text message. None where neither is."""
    address = contact.mail_address(addressee.told)
    if address:
        _keep_hours(row, addressee.told, "email", now=now)
        return _written(session, settings, row, addressee, address)
    number = contact.phone_number(addressee.told, "text") if _may_be_texted(session, settings, row) else None
    if number is None:
        return None
    _keep_hours(row, addressee.told, "text", now=now)
    words = _render(TEXTS, row.template, addressee.language, _facts(session, settings, row))
    return Text(number, words.strip(), row.id.hex)


def _may_be_texted(session: Session, settings: Settings, row: OutboxMessage) -> bool:
    """Whether the message exists as a text message, this installation can send one, and no shield is on. A link never
    does: the telephone may be the second factor, and a link is the first."""
    there = row.template not in LINKS and telephone.available(settings) and (TEXTS / f"{row.template}.txt").exists()
    return there and not (row.person_id and shields.shielded(session, row.person_id))


def _keep_hours(row: OutboxMessage, told: dict[str, Any], channel: str, *, now: datetime.datetime) -> None:
    opens = contact.opens_at(told, channel, now) if row.person_id and row.template not in SHORT_LIVED else now
    if opens > now:
        raise jobs.Hold("not at this hour", minutes=(opens - now).total_seconds() / 60)


def _addressee(session: Session, row: OutboxMessage) -> Addressee | None:
    if row.template in _writers:
        return _writers[row.template](session, row.case_id) if row.case_id else None
    if row.staff_id:
        return _colleague(session, row.staff_id)
    person = session.get(Person, row.person_id) if row.person_id else None
    return Addressee(vault_of(session).get(person), person.language) if person else None


def _colleague(session: Session, staff_id: uuid.UUID) -> Addressee | None:
    """A member of staff, at their work e-mail while their seat lives."""
    staff = session.get(Staff, staff_id)
    if staff is None or staff.disabled_at is not None:
        return None
    return Addressee({**vault_of(session).get(staff), "safe_channels": ["email"]})


def _written(
    session: Session, settings: Settings, row: OutboxMessage, addressee: Addressee, address: str
) -> EmailMessage:
    written = _render(EMAILS, row.template, addressee.language, _facts(session, settings, row))
    subject, _blank, body = written.partition("\n")
    message = EmailMessage()
    message["Subject"] = subject.strip()
    message["From"] = formataddr((settings.mail_from_name, settings.mail_from))
    message["To"] = address
    message["Date"] = format_datetime(db.now())
    message["Message-ID"] = f"<{row.id.hex}@{settings.mail_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.lstrip("\n"))
    return message


def _facts(session: Session, settings: Settings, row: OutboxMessage) -> dict[str, object]:
    return {
        "reference": _reference(session, row.case_id),
        "service_link": settings.family_url,
        "staff_link": settings.staff_url.rstrip("/") + "/staff/",
        "link": _link(session, settings, row),
        "code": _code(session, settings, row),
        "minutes": int(tokens.LIFE.total_seconds() // 60),
    }


def _reference(session: Session, case_id: uuid.UUID | None) -> str:
    found = [reference(session, case_id) for reference in _references] if case_id else []
    return next((one for one in found if one), "")


def _link(session: Session, settings: Settings, row: OutboxMessage) -> str:
    token = _token(session, row)
    return links.address(settings, LINKS[row.template], token) if token else ""


def _code(session: Session, settings: Settings, row: OutboxMessage) -> str:
    """The code beside the link, for whoever reads the mail on another device."""
    token = _token(session, row)
    key = links.derived_key(settings, tokens.CODE_KEY)
    return tokens.code_of(key, LINKS[row.template], token) if token else ""


def _token(session: Session, row: OutboxMessage) -> str:
    if row.token_sealed is None:
        return ""
    return str(vault_of(session).open(Owner.system(), _token_row(row.id), row.token_sealed)["token"])


def _close(session: Session, message_id: uuid.UUID, state: str) -> None:
    """Ends a waiting message; its link's token is destroyed with it."""
    waiting = (col(OutboxMessage.id) == message_id, col(OutboxMessage.state) == "waiting")
    at = db.now() if state == "sent" else None
    closed = sa.update(OutboxMessage).where(*waiting).values(state=state, sent_at=at, token_sealed=None)
    if db.changed_rows(session.execute(closed)) and state == "held":
        row = session.get_one(OutboxMessage, message_id)
        for function in _when_held:
            function(session, row)


def _sealed_token(session: Session, message_id: uuid.UUID, token: str) -> bytes:
    return vault_of(session).seal(Owner.system(), _token_row(message_id), {"token": token})


def _token_row(message_id: uuid.UUID) -> str:
    return f"outbox:{message_id.hex}"


def _render(folder: Path, template: str, language: str, facts: dict[str, object]) -> str:
    return _templates(folder, language).get_template(f"{template}.txt").render(facts)


@cache
def _templates(folder: Path, language: str) -> jinja2.Environment:
    """Plain text: nothing is escaped, and a fact that is missing is a fault, not a gap in a letter."""
    made = jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        keep_trailing_newline=True,
    )
    words = Translations.load(ROOT / "portal" / "translations", [language])
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    return made
