"""Two pages that stand in for a mailbox and a phone. They exist in the demo alone: the blueprint is registered nowhere
else, and each view looks again."""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

import pyotp
import sqlalchemy as sa
from flask import Blueprint, render_template
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlmodel import Session, col, select
from werkzeug.exceptions import NotFound

from portal import db, gate
from portal.cases.models import Case, Draft
from portal.demo.people import SignIn, Told
from portal.gate import page
from portal.people.factors import PERIOD
from portal.people.models import Factor
from portal.runtime import Runtime
from portal.vault import vault_of

blueprint = Blueprint("demo_pages", __name__, url_prefix="/demo")

ANYONE = ("visitor",)
MAILS, NEWEST = 50, 10
_LINK = re.compile(r"(https?://\S+)")


@dataclass(frozen=True)
class Mail:
    """A mail as the page shows it. `parts` alternate: words, address of a link, words ..."""

    subject: str
    to: str
    when: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """One line of codes."""

    name: str
    told: str
    email: str
    reference: str
    now: str
    following: str


@page(blueprint, "/outbox", who=ANYONE, why="demo alone: stands in for everybody's mailbox")
def outbox() -> str:
    runtime = _demo()
    mails = [_mail(path.read_bytes()) for path in _newest(runtime.settings.mail_url, "*.eml")]
    calls = [_call(path.read_bytes()) for path in _newest(runtime.settings.telephone_url, "*.json")]
    return render_template("demo/outbox.html", mails=mails, calls=calls)


@page(blueprint, "/codes", who=ANYONE, why="demo alone: stands in for everybody's phone")
def codes() -> str:
    runtime = _demo()
    told = Told.read(runtime.settings.instance)
    with runtime.database.read() as session:
        new = _enrolled(session, {one.secret for one in told.sign_ins})
        begun = _being_set_up(session)
    return render_template(
        "demo/codes.html",
        staff=[_shown(one) for one in told.sign_ins if one.door == "staff"],
        families=[_shown(one) for one in (*begun, *new, *told.sign_ins) if one.door == "family"],
        papers=told.papers,
        password=told.password,
        seconds=PERIOD - int(db.now().timestamp()) % PERIOD,
    )


def _demo() -> Runtime:
    runtime = gate.runtime()
    if not runtime.settings.demo:
        raise NotFound
    return runtime


def _newest(url: str, pattern: str) -> list[Path]:
    files = Path(url.removeprefix("folder:")).glob(pattern)
    return sorted(files, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:MAILS]


def _call(data: bytes) -> Mail:
    told = json.loads(data)
    kind = _("Text message") if told["way"] == "text" else _("Call, read aloud")
    when = format_datetime(datetime.datetime.fromisoformat(told["at"]), "d MMMM yyyy, HH:mm")
    return Mail(kind, told["to"], when, tuple(_LINK.split(told["words"].strip())))


def _mail(data: bytes) -> Mail:
    message = message_from_bytes(data, policy=policy.default)
    when = format_datetime(parsedate_to_datetime(str(message["Date"])), "d MMMM yyyy, HH:mm")
    return Mail(str(message["Subject"]), str(message["To"]), when, tuple(_LINK.split(message.get_content().strip())))


def _enrolled(session: Session, known: set[str]) -> list[SignIn]:
    """Apps that whoever plays has set up since, the newest first."""
    query = (
        select(Factor)
        .where(col(Factor.door) == "family", col(Factor.kind) == "totp", col(Factor.ended_at).is_(None))
        .order_by(sa.desc(col(Factor.made_at)))
        .limit(NEWEST)
    )
    factors = session.exec(query).all()
    holders = {factor.holder_id for factor in factors}
    cases = session.exec(select(Case.requester_id, Case.reference).where(col(Case.requester_id).in_(holders))).all()
    references = dict(cases)
    return [
        SignIn("family", "", "", told["secret"], _("your own request"), references.get(factor.holder_id, ""))
        for factor, told in zip(factors, vault_of(session).get_many(factors), strict=True)
        if told["secret"] not in known
    ]


def _being_set_up(session: Session) -> list[SignIn]:
    """Apps of requests that are being written and not sent yet."""
    living = (col(Draft.submitted_at).is_(None), col(Draft.expires_at) > db.now())
    drafts = session.exec(select(Draft).where(*living).order_by(sa.desc(col(Draft.id))).limit(NEWEST)).all()
    secrets = [_secret(told) for told in vault_of(session).get_many(drafts)]
    return [SignIn("family", "", "", one, _("a request that is being written")) for one in secrets if one]


def _secret(answers: dict[str, object]) -> str:
    """The key of the app that a draft shows (portal.requester.app_codes)."""
    entry = answers.get("app-secret")
    said = entry.get("said") if isinstance(entry, dict) else None
    return str(said.get("secret") or "") if isinstance(said, dict) else ""


def _shown(one: SignIn) -> Shown:
    app, at = pyotp.TOTP(one.secret), int(db.now().timestamp())
    return Shown(one.name, one.told, one.email, one.reference, app.at(at), app.at(at + PERIOD))
