"""Mail to families. Whatever wants to write queues a row with ids; one function sends (design section 8, 8).

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
from typing import Any

import jinja2
import sqlalchemy as sa
from babel.support import Translations
from sqlmodel import Session, col

from portal import db, jobs, links
from portal.people import contact, tokens, transports
from portal.people.models import OutboxMessage, Person
from portal.settings import ROOT, Settings
from portal.vault import Owner, vault_of

# Template -> purpose of the link it carries. The others carry none: they say to go to the service and sign in.
LINKS = {
    "sign_in": "sign_in",
    "resume": "resume_draft",
    "outside_question": "outside",
    "outside_notice": "outside",
    "voice": "voice",
}
SHORT_LIVED = ("sign_in", "resume")


@dataclass(frozen=True)
class Addressee:
    """Whom a message goes to; `told` is the payload that holds address and safe channels."""

    told: dict[str, Any]
    language: str = "en"


ReferenceOf = Callable[[Session, uuid.UUID], str | None]
AddresseeOf = Callable[[Session, uuid.UUID], Addressee | None]
_references: list[ReferenceOf] = []
_writers: dict[str, AddresseeOf] = {}


def refer_with(function: ReferenceOf) -> None:
    """Registers who knows the reference of a case: this package does not know what a case is."""
    if function not in _references:
        _references.append(function)


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
        "case_id": case_id,
        "token_sealed": _sealed_token(session, message_id, token) if token else None,
        "state": "waiting",
        "made_at": db.now(),
    }
    if db.insert_ignore(session, OutboxMessage, [row]):
        jobs.enqueue(session, "send_mail", f"mail:{message_id.hex}", {"message": message_id.hex})


@jobs.handler("send_mail")
def send(work: jobs.Work) -> None:
    """Sends one message, the only place where mail leaves. Raises jobs.Hold while the server cannot take it."""
    settings: Settings = work.runtime.settings
    message_id = uuid.UUID(work.args["message"])
    with work.database.read() as session:
        ready = _prepare(session, settings, message_id, now=db.now())
    if isinstance(ready, EmailMessage):
        ready = _deliver(settings, ready)
    with work.database.write() as session:
        _close(session, message_id, ready)


def _deliver(settings: Settings, message: EmailMessage) -> str:
    if not settings.mail_url:
        raise jobs.Hold("no mail server is set", minutes=10)
    try:
        transports.deliver(settings.mail_url, message)
    except transports.ServerAway as away:
        raise jobs.Hold(f"mail server away: {away}") from None
    except transports.AddressRefused:
        return "held"
    return "sent"


def _prepare(
    session: Session, settings: Settings, message_id: uuid.UUID, *, now: datetime.datetime
) -> EmailMessage | str:
    """The message, or the state in which it ends without being sent."""
    row = session.get(OutboxMessage, message_id)
    if row is None or row.state != "waiting":
        return "sent"
    if row.template in SHORT_LIVED and now - row.made_at >= tokens.LIFE:
        return "void"  # a link that is dead before it arrives only confuses
    addressee = _addressee(session, row)
    if addressee is None:
        return "void"
    address = contact.mail_address(addressee.told)
    if address is None:
        return "held"
    return _written(session, settings, row, addressee, address)


def _addressee(session: Session, row: OutboxMessage) -> Addressee | None:
    if row.template in _writers:
        return _writers[row.template](session, row.case_id) if row.case_id else None
    person = session.get(Person, row.person_id) if row.person_id else None
    return Addressee(vault_of(session).get(person), person.language) if person else None


def _written(
    session: Session, settings: Settings, row: OutboxMessage, addressee: Addressee, address: str
) -> EmailMessage:
    facts = {
        "reference": _reference(session, row.case_id),
        "service_link": settings.family_url,
        "link": _link(session, settings, row),
        "minutes": int(tokens.LIFE.total_seconds() // 60),
    }
    subject, _blank, body = _render(row.template, addressee.language, facts).partition("\n")
    message = EmailMessage()
    message["Subject"] = subject.strip()
    message["From"] = formataddr((settings.mail_from_name, settings.mail_from))
    message["To"] = address
    message["Date"] = format_datetime(db.now())
    message["Message-ID"] = f"<{row.id.hex}@{settings.mail_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.lstrip("\n"))
    return message


def _reference(session: Session, case_id: uuid.UUID | None) -> str:
    found = [reference(session, case_id) for reference in _references] if case_id else []
    return next((one for one in found if one), "")


def _link(session: Session, settings: Settings, row: OutboxMessage) -> str:
    if row.token_sealed is None:
        return ""
    token = vault_of(session).open(Owner.system(), _token_row(row.id), row.token_sealed)["token"]
    return links.address(settings, LINKS[row.template], token)


def _close(session: Session, message_id: uuid.UUID, state: str) -> None:
    """Ends a waiting message; its link's token is destroyed with it."""
    waiting = (col(OutboxMessage.id) == message_id, col(OutboxMessage.state) == "waiting")
    at = db.now() if state == "sent" else None
    session.execute(sa.update(OutboxMessage).where(*waiting).values(state=state, sent_at=at, token_sealed=None))


def _sealed_token(session: Session, message_id: uuid.UUID, token: str) -> bytes:
    return vault_of(session).seal(Owner.system(), _token_row(message_id), {"token": token})


def _token_row(message_id: uuid.UUID) -> str:
    return f"outbox:{message_id.hex}"


def _render(template: str, language: str, facts: dict[str, object]) -> str:
    return _templates(language).get_template(f"{template}.txt").render(facts)


@cache
def _templates(language: str) -> jinja2.Environment:
    """Plain text: nothing is escaped, and a fact that is missing is a fault, not a gap in a letter."""
    made = jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(ROOT / "templates" / "emails"),
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        keep_trailing_newline=True,
    )
    words = Translations.load(ROOT / "portal" / "translations", [language])
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    return made
