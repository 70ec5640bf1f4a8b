"""Narrow ways in for bodies outside: one link, one code given by another way, one entry, one answer.

The link goes to the body's registered address and nowhere else. What it shows is frozen when it is sent: the one entry
that this body supplied or received, the child only as this body knows them, and the evidence that the caseworker chose.
It names no requester, no other entry and no case (R-56, R-111)."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.audit import Act
from portal.cases import clocking, evidence, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections.lines import KIND, Value, held
from portal.cases.corrections.models import ChallengedLine, OutsideLink, RecipientNotice
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.cases.references import ALPHABET
from portal.people import contact, hashing, outbox
from portal.people.outbox import Addressee
from portal.records import bodies
from portal.vault import vault_of
from workflows.table import Role, StepRefused
from workflows.words import mark as _

ANSWERS = ("right", "wrong", "cannot_tell")
CODE_LETTERS = 8
MOST_TRIES = 5
REMIND_BEFORE = datetime.timedelta(days=3)
SILENT_AFTER = datetime.timedelta(days=5)
ASKED_ABOUT = ("disputed", "proposed")  # states of a line in which a source's answer can still count
BODY = Actor("outside", None, Role.SYSTEM)
# Whoever has an address there belongs to no body by it: a link registered to one cannot be passed on.
EVERYBODYS_MAIL = frozenset(
    {
        *("aol.com", "btinternet.com", "gmail.com", "gmx.com", "googlemail.com", "hotmail.co.uk", "hotmail.com"),
        *("icloud.com", "live.co.uk", "live.com", "mail.com", "me.com", "msn.com", "ntlworld.com", "outlook.com"),
        *("proton.me", "protonmail.com", "sky.com", "talktalk.net", "virginmedia.com", "yahoo.co.uk", "yahoo.com"),
    }
)


@dataclass(frozen=True)
class Shown:
    """All that the link shows. `child` is how this body itself knows the child."""

    child: str
    child_born: datetime.date | None
    child_number: str
    label: str
    value: str
    about_on: datetime.date | None
    claim: str = ""  # what the family says it should be
    now: str = ""  # of a notice: what it says from now on
    note: str = ""
    evidence: tuple[str, ...] = ()  # ids of the pictures that the caseworker chose to share
    evidence_names_claimant: bool = False


@dataclass(frozen=True)
class Said:
    """What the body answered."""

    answer: str
    reasons: str = ""
    value: Value = field(default_factory=Value)
    name: str = ""
    role: str = ""
    file_id: str = ""  # of the evidence of the case


@dataclass(frozen=True)
class Link:
    """One link in plain values, for staff. The code is never kept."""

    case_id: uuid.UUID
    id: uuid.UUID
    version: int
    line_id: uuid.UUID
    purpose: str
    source_id: uuid.UUID | None
    state: str
    sent_on: datetime.date
    answer_by: datetime.date
    chased_on: datetime.date | None
    opened_at: datetime.datetime | None
    answered_at: datetime.datetime | None
    body: str
    email: str
    way: str
    shown: Shown
    said: Said | None


def send(
    session: Session,
    case_id: uuid.UUID,
    line_id: uuid.UUID,
    *,
    purpose: str,
    source_id: uuid.UUID,
    way: str,
    shown: Shown,
    answer_by: datetime.date,
    by: Actor,
) -> tuple[uuid.UUID, str]:
    """Sends a link to the body's registered address; answers its id and the code, which is shown once to be given by
    `way`: telephone or letter, as the register has them. Raises StepRefused where the register lacks either."""
    case = _correction(session, case_id)
    row = held(session, case, line_id, None)
    if purpose == "ask_source" and row.state not in ASKED_ABOUT:
        raise StepRefused(_("A source is asked once the challenge has passed its check, and before it is decided."))
    body = bodies.body(session, source_id)
    if not body.reach.email:
        raise StepRefused(_("The register has no e-mail address for this body. Ask the administrator to enter it."))
    if way not in body.reach.other_ways:
        raise StepRefused(
            _("The code must go another way than the link. Choose one that the register has for this body."), need="way"
        )
    if answer_by <= clocking.uk_today():
        raise StepRefused(_("Choose a day that is still to come."), need="answer_by")
    link, code = _make(
        session,
        case,
        line_id=row.id,
        purpose=purpose,
        source_id=source_id,
        reach=body.reach,
        way=way,
        shown=shown,
        answer_by=answer_by,
    )
    answers = {"line": row.id.hex, "link": link.id.hex, "body": source_id.hex, "purpose": purpose}
    ledger.append(session, case, "body_asked", by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, "body_asked", purpose))
    return link.id, code


def of_case(session: Session, case: Case) -> list[Link]:
    """The links of a case, oldest first; they belong to the case and stay when staff leave."""
    query = select(OutsideLink).where(col(OutsideLink.case_id) == case.id).order_by(col(OutsideLink.id))
    rows = session.exec(query).all()
    return [_plain(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def end(session: Session, case_id: uuid.UUID, link_id: uuid.UUID, *, by: Actor) -> None:
    """Staff end a link: from then on it shows nothing."""
    case = _correction(session, case_id)
    row = _held(session, case_id, link_id)
    if row.state != "waiting":
        raise StepRefused(_("This link is ended or answered already."))
    close(session, row, "ended")
    _note(session, case, "link_ended", row, by)


# What the body does. A link that is unknown, ended, answered or used up is None: one polite page for all of them.


def waiting(session: Session, token: str) -> OutsideLink | None:
    """The live link with this random value. It changes nothing, so that a mail scanner ends no link."""
    query = select(OutsideLink).where(col(OutsideLink.token_hash) == _hash(token), col(OutsideLink.state) == "waiting")
    row = session.exec(query).first()
    return row if row is not None and row.tries < MOST_TRIES and not _settled(session, row) else None


def unlock(session: Session, token: str, code: str) -> bool:
    """Tries the code. After five wrong ones the link ends, and the case says so."""
    found = waiting(session, token)
    case = ledger.locked(session, found.case_id) if found else None
    row = _held(session, found.case_id, found.id) if found else None
    if row is None or case is None or row.state != "waiting":
        return hashing.matches(_pepper(session), None, _squeezed(code))  # does the same work, and says no
    if hashing.matches(_pepper(session), row.code_hash, _squeezed(code)):
        row.opened_at = row.opened_at or db.now()
        row.version += 1
        session.add(row)
        audit.append(session, _act(case, "outside_opened", row))
        return True
    row.tries += 1
    session.add(row)
    if row.tries >= MOST_TRIES:
        close(session, row, "ended")
        _note(session, case, "link_locked", row, BODY)
    else:
        audit.append(session, _act(case, "outside_wrong_code", row, outcome="refused"))
    return False


def look(session: Session, token: str) -> Link | None:
    """What the link shows; the look is in the log before this returns. The code was tried before."""
    row = waiting(session, token)
    if row is None or row.opened_at is None:
        return None
    case = session.get_one(Case, row.case_id)
    audit.before_showing(session, _act(case, "outside_look", row))
    return _plain(row, vault_of(session).get(row))


def picture(session: Session, token: str, evidence_id: uuid.UUID) -> tuple[dict[str, Any], bytes] | None:
    """One of the pictures that the caseworker chose to share, rebuilt; None for any other file of the case. A look."""
    link = look(session, token)
    if link is None or evidence_id not in {uuid.UUID(one) for one in link.shown.evidence}:
        return None
    try:
        return evidence.content(session, session.info["files"], link.case_id, evidence_id)
    except (StepRefused, CaseNotFound):  # destroyed, or held by the scanner, since it was chosen
        return None


def answer(session: Session, token: str, said: Said, *, draft_id: uuid.UUID | None = None) -> Link | None:
    """Takes the answer, once; the link ends with it. A notice is answered by acknowledging it. The file of the draft,
    where there is one, becomes evidence of the case."""
    row = _in_use(session, token)
    if row is None:
        return None
    case = ledger.locked(session, row.case_id)
    wanted = ANSWERS if row.purpose == "ask_source" else ("acknowledged",)
    if said.answer not in wanted:
        raise StepRefused(_("Choose one of the answers."), need="answer")
    if said.answer == "wrong" and not said.value.value.strip():
        raise StepRefused(_("Write what it should say."), need="value")
    if draft_id is not None:
        by = Actor("outside", row.id, Role.SYSTEM)
        moved = evidence.move(session, draft_id, case, session.info["files"], by=by)
        said = replace(said, file_id=moved[0].hex if moved else "")
    told = vault_of(session).get(row)
    vault_of(session).put(row, {**told, "said": asdict(said)})
    row.answer, row.answered_at = said.answer, db.now()
    close(session, row, "answered")
    if row.purpose != "ask_source":
        _acknowledge(session, row)
    _note(session, case, "body_answered", row, BODY, answer=said.answer)
    return _plain(row, {**told, "said": asdict(said)})


def pass_on(session: Session, token: str, email: str) -> str | None:
    """Passes the question on inside the same body: a new link to an address of the same domain, a new code which the
    passer hands over, and this link ends. Answers the new code, or None for a link that is no more."""
    row = _in_use(session, token)
    if row is None:
        return None
    case = ledger.locked(session, row.case_id)
    told = vault_of(session).get(row)
    if not contact.is_address(email):
        raise StepRefused(_("Enter an email address in the right form, like name@example.org"), need="email")
    if _domain(email) != _domain(told["email"]) or _domain(email) in EVERYBODYS_MAIL:
        raise StepRefused(
            _("Passing it on works only inside your own organisation: the address must end like yours."), need="email"
        )
    shown = _shown(told["shown"])
    reach = bodies.Reach(name=told["body"], email=email.strip())
    new, code = _make(
        session,
        case,
        line_id=row.line_id,
        purpose=row.purpose,
        source_id=row.source_id,
        reach=reach,
        way="in_person",
        shown=shown,
        answer_by=row.answer_by,
    )
    new.passed_from = row.id
    session.add(new)
    close(session, row, "passed_on")
    _move_notice(session, row, new)
    _note(session, case, "link_passed_on", new, BODY)
    return code


# Time


@jobs.handler("chase_bodies")
def chase_bodies(work: jobs.Work) -> None:
    """Reminds bodies three days before the agreed day and on it; five days after it silence is recorded as silence and
    the case goes on."""
    today = clocking.uk_today()
    with work.database.read() as session:
        query = sa.select(col(OutsideLink.case_id), col(OutsideLink.id)).where(
            col(OutsideLink.state) == "waiting", col(OutsideLink.answer_by) <= today + REMIND_BEFORE
        )
        due = session.execute(query.order_by(col(OutsideLink.answer_by))).all()
    wrong: Exception | None = None
    for case_id, link_id in due:
        try:
            with work.database.write() as session:
                _chase(session, case_id, link_id, today)
        except Exception as fault:  # noqa: BLE001  a damaged case stops none of the others; raised below
            wrong = fault
    if wrong:
        raise wrong


def _chase(session: Session, case_id: uuid.UUID, link_id: uuid.UUID, today: datetime.date) -> None:
    case = ledger.locked(session, case_id)
    row = _held(session, case_id, link_id)
    if row.state != "waiting":
        return
    if _settled(session, row):
        close(session, row, "ended")
        _note(session, case, "link_ended", row, Actor.system())
        return
    if today >= row.answer_by + SILENT_AFTER and row.purpose == "ask_source":
        close(session, row, "silent")
        _note(session, case, "body_silent", row, Actor.system())
        return
    reminders = (row.answer_by - REMIND_BEFORE, row.answer_by)
    if not any((row.chased_on or row.sent_on) < day <= today for day in reminders):
        return
    row.chased_on = today
    session.add(row)
    _queue(session, row, vault_of(session).get(row)["token"], again=today)
    _note(session, case, "body_chased", row, Actor.system())


def _make(
    session: Session,
    case: Case,
    *,
    line_id: uuid.UUID,
    purpose: str,
    source_id: uuid.UUID | None,
    reach: bodies.Reach,
    way: str,
    shown: Shown,
    answer_by: datetime.date,
) -> tuple[OutsideLink, str]:
    token, code = secrets.token_urlsafe(32), "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    row = OutsideLink(
        case_id=case.id,
        line_id=line_id,
        purpose=purpose,
        source_id=source_id,
        token_hash=_hash(token),
        code_hash=hashing.slow_hash(_pepper(session), code),
        sent_on=clocking.uk_today(),
        answer_by=answer_by,
        sealed=b"",
    )
    # The random value is kept under the case's key while the link lives, so that a reminder can carry it again.
    told = {"body": reach.name, "email": reach.email, "way": way, "token": token, "shown": ledger.plain(asdict(shown))}
    vault_of(session).put(row, told)
    session.add(row)
    session.flush()
    _queue(session, row, token)
    return row, f"{code[:4]}-{code[4:]}"


def _queue(session: Session, row: OutsideLink, token: str, *, again: datetime.date | None = None) -> None:
    template = "outside_question" if row.purpose == "ask_source" else "outside_notice"
    key = f"outside:{row.id.hex}" + (f":{again.isoformat()}" if again else "")
    outbox.queue(session, template, person_id=None, case_id=row.id, key=key, token=token)


def _addressee(session: Session, link_id: uuid.UUID) -> Addressee | None:
    """Whom the message of a link goes to; nobody once it has ended."""
    row = session.exec(select(OutsideLink).where(col(OutsideLink.id) == link_id)).first()
    if row is None or row.state != "waiting":
        return None
    return Addressee({"email": vault_of(session).get(row)["email"], "safe_channels": ["email"]})


for _template in ("outside_question", "outside_notice"):
    outbox.address_with(_template, _addressee)


def _settled(session: Session, row: OutsideLink) -> bool:
    """Whether nobody needs the answer any more: the line is decided or taken back, or the case is over. Then nothing
    of the entry is shown any longer. What somebody is told stands until they acknowledge it."""
    if row.purpose != "ask_source":
        return False
    query = (
        sa.select(col(Case.id))
        .join(ChallengedLine, col(ChallengedLine.case_id) == col(Case.id))
        .where(col(Case.id) == row.case_id, col(Case.closed_at).is_(None), col(ChallengedLine.id) == row.line_id)
    )
    return session.execute(query.where(col(ChallengedLine.state).in_(ASKED_ABOUT))).first() is None


def _in_use(session: Session, token: str) -> OutsideLink | None:
    """The link, held, where it was opened with its code. The case is locked first, as everywhere."""
    found = waiting(session, token)
    if found is None or found.opened_at is None:
        return None
    ledger.locked(session, found.case_id)
    row = _held(session, found.case_id, found.id)
    return row if row.state == "waiting" else None


def close(session: Session, row: OutsideLink, state: str) -> None:
    """Ends a link: its random value is forgotten, here and in what is kept of it."""
    row.state, row.token_hash, row.version = state, None, row.version + 1
    told = vault_of(session).get(row)
    told.pop("token", None)
    vault_of(session).put(row, told)
    session.add(row)
    session.flush()


def _acknowledge(session: Session, row: OutsideLink) -> None:
    query = select(RecipientNotice).where(
        col(RecipientNotice.case_id) == row.case_id, col(RecipientNotice.link_id) == row.id
    )
    for notice in session.exec(query.with_for_update()):
        notice.state, notice.acknowledged_on, notice.version = "acknowledged", clocking.uk_today(), notice.version + 1
        session.add(notice)


def _move_notice(session: Session, old: OutsideLink, new: OutsideLink) -> None:
    session.execute(
        sa.update(RecipientNotice)
        .where(col(RecipientNotice.case_id) == old.case_id, col(RecipientNotice.link_id) == old.id)
        .values(link_id=new.id)
    )


def _correction(session: Session, case_id: uuid.UUID) -> Case:
    case = ledger.locked(session, case_id)
    if case.kind != KIND or case.closed_at is not None:
        raise StepRefused(_("This case is finished, so nobody is asked or told from it."))
    return case


def _held(session: Session, case_id: uuid.UUID, link_id: uuid.UUID) -> OutsideLink:
    row: OutsideLink | None = db.lock(session, OutsideLink, case_id=case_id, id=link_id)
    if row is None:
        raise CaseNotFound
    return row


def _note(session: Session, case: Case, name: str, row: OutsideLink, by: Actor, **more: Any) -> None:
    answers = {"line": row.line_id.hex, "link": row.id.hex, **more}
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, _act(case, name, row) if by is BODY else verbs.act(case, by, name))


def _act(case: Case, what: str, row: OutsideLink, *, outcome: str = "allowed") -> Act:
    """The log row of a body's act: it has no account, so it is named by its link."""
    chain = audit.child_chain(case.child_id) if case.child_id else audit.visitor_chain()
    return Act(
        chain=chain,
        act=what,
        actor=f"outside:{row.id.hex}",
        role="outside",
        child_id=case.child_id,
        case_id=case.id,
        reason=row.purpose,
        outcome=outcome,
    )


def _plain(row: OutsideLink, told: dict[str, Any]) -> Link:
    said = told.get("said")
    return Link(
        **{name: getattr(row, name) for name in _COLUMNS},
        body=told["body"],
        email=told["email"],
        way=told["way"],
        shown=_shown(told["shown"]),
        said=Said(**{**said, "value": Value(**said["value"])}) if said else None,
    )


def _shown(told: dict[str, Any]) -> Shown:
    days = {name: datetime.date.fromisoformat(told[name]) if told.get(name) else None for name in _DAYS}
    return Shown(**{**told, **days, "evidence": tuple(told.get("evidence") or ())})


_DAYS = ("child_born", "about_on")
_COLUMNS = (
    "case_id",
    "id",
    "version",
    "line_id",
    "purpose",
    "source_id",
    "state",
    "sent_on",
    "answer_by",
    "chased_on",
    "opened_at",
    "answered_at",
)


def _pepper(session: Session) -> bytes:
    return clocking.settings_of(session).secrets.pepper


def _domain(email: str) -> str:
    return email.strip().rpartition("@")[2].casefold()


def _squeezed(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter in ALPHABET)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
