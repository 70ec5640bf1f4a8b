"""The child's own voice: a question that reaches them without the person who asked, and what they say to it.

A child who can decide, or may be able to, answers for themselves (R-42 to R-46): by a printed card that somebody they
trust hands over, or by a link to an address of their own, with six words given another way. Nothing here shows to the
requester: neither that a question was put, nor when it was answered, nor what was said (R-92).
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.cases import clocking, ledger, verbs, voice_told
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.cases.voice_models import ChildQuestion
from portal.people import cards, contact, outbox
from portal.people.cards import Card, NewCard
from portal.people.models import Person
from portal.people.outbox import Addressee
from portal.vault import vault_of
from workflows.facts import ChildAnswer
from workflows.kinds import WORKFLOWS
from workflows.table import Answer, Step, StepRefused
from workflows.words import mark as _

PURPOSE = "voice"
MAIL = "voice"  # the mail that carries a link
KINDS = ("subject_access", "correction")  # kinds of case in which a child is asked
LIFE = datetime.timedelta(days=42)
VISIT = datetime.timedelta(minutes=60)  # reading takes a child a while; nothing prolongs it
ANSWERS = (ChildAnswer.YES, ChildAnswer.NO, ChildAnswer.SOME, ChildAnswer.TALK)
_STEPS = ("record_child_answer", "child_answer_changed")
# Who hands a card over. Nobody who asks, and nobody who lives with them, is among them.
HANDED_BY = {
    "school": _("A teacher, school nurse or somebody else at school"),
    "worker": _("A social worker, youth worker or family worker"),
    "health": _("A doctor, nurse or therapist"),
    "foster": _("A foster carer or key worker"),
    "advocate": _("An advocate or a guardian of the court"),
    "other": _("Somebody else whom the child trusts, who does not ask and does not live with who asks"),
}


@dataclass(frozen=True, kw_only=True)
class Put:
    """How the question reaches the child, and what they read of who asks."""

    way: str  # card or link
    who: str  # who asks, in words for the child
    safe: str  # why asking in this way is safe
    handed_by: str = ""  # a code of HANDED_BY
    handed_to: str = ""  # name and role of whoever hands the card over
    email: str = ""  # of the child's own, found safe
    words_by: str = ""  # how the six words reach a child who gets a link


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a child answers. `parts` are those of a yes to some of it; `talk` is how and when it is safe to talk."""

    answer: str
    parts: str = ""
    talk: str = ""
    not_safe: bool = False
    views: str = ""

    def answers(self) -> dict[str, Answer]:
        """As the step asks for them."""
        told: dict[str, Answer] = {"answer": self.answer, "not_safe": self.not_safe}
        if self.answer == ChildAnswer.SOME:
            told["parts"] = self.parts
        if self.answer == ChildAnswer.TALK and self.talk:
            told["talk"] = self.talk
        return told


@dataclass(frozen=True)
class Question:
    """A question in plain values, for staff and for the child who reads it."""

    id: uuid.UUID
    case_id: uuid.UUID
    way: str
    made_at: datetime.datetime
    until: datetime.date
    answered_at: datetime.datetime | None
    read_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    link_used_at: datetime.datetime | None
    put: Put = field(repr=False)

    def live(self, today: datetime.date) -> bool:
        return self.ended_at is None and today <= self.until

    @property
    def unread(self) -> bool:
        return self.answered_at is not None and (self.read_at is None or self.read_at < self.answered_at)


def new_card(pepper: bytes) -> NewCard:
    """Number and six words for a question; slow, so outside any transaction."""
    return cards.new_card(pepper)


# Asking


def ask(
    session: Session, case_id: uuid.UUID, put: Put, new: NewCard, *, by: Actor, today: datetime.date, seen_seq: int
) -> uuid.UUID:
    """Puts the question: the step, the card, and with a link its mail, in one transaction. An earlier one ends.

    Raises StepRefused, LostRace."""
    _check(put)
    if put.way == "link":
        _refuse_theirs(session, session.get_one(Case, case_id), put.email)
    answers = {"way": _in_words(put), "safe": put.safe}
    verbs.take_step(session, case_id, "ask_child", by=by, answers=answers, today=today, seen_seq=seen_seq)
    now = db.now()
    _end_all(session, case_id, now=now)
    row = ChildQuestion(case_id=case_id, way=put.way, sealed=b"", made_at=now, until=today + LIFE)
    token = secrets.token_urlsafe(32) if put.way == "link" else None
    row.link_hash = _hash(token) if token else None
    told = {name: getattr(put, name) for name in ("who", "handed_by", "handed_to", "email", "words_by", "safe")}
    vault_of(session).put(row, told)
    session.add(row)
    session.flush()
    cards.issue(session, purpose=PURPOSE, holder_id=row.id, new=new, now=now)
    if token:
        outbox.queue(session, MAIL, person_id=None, case_id=case_id, key=f"voice:{row.id.hex}", token=token)
    return row.id


def end(session: Session, case_id: uuid.UUID, reason: str, *, by: Actor) -> None:
    """Ends the question: its card and its link open nothing any more. What was answered stands."""
    case = ledger.locked(session, case_id)
    if not _end_all(session, case_id, now=db.now()):
        raise StepRefused(_("No card or link is out in this case."))
    answers = {"reason": reason}
    ledger.append(session, case, "child_question_ended", by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, "child_question_ended"))


def mark_read(session: Session, case_id: uuid.UUID, *, by: Actor) -> None:
    """What the child said was read by staff."""
    case = ledger.locked(session, case_id)
    mine = (col(ChildQuestion.case_id) == case.id, col(ChildQuestion.answered_at).is_not(None))
    session.execute(sa.update(ChildQuestion).where(*mine).values(read_at=db.now()))
    audit.append(session, verbs.act(case, by, "child_answer_read"))


def questions(session: Session, case_id: uuid.UUID) -> list[Question]:
    """The questions of a case, newest first."""
    query = select(ChildQuestion).where(col(ChildQuestion.case_id) == case_id)
    rows = session.exec(query.order_by(col(ChildQuestion.id).desc())).all()
    return [_plain(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def with_unread(session: Session, case_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the cases in which a child has said something by a card or link that staff have not read. One query."""
    if not case_ids:
        return set()
    unread = sa.or_(col(ChildQuestion.read_at).is_(None), col(ChildQuestion.read_at) < col(ChildQuestion.answered_at))
    query = sa.select(col(ChildQuestion.case_id)).where(
        col(ChildQuestion.case_id).in_(list(case_ids)), col(ChildQuestion.answered_at).is_not(None), unread
    )
    return set(session.execute(query.distinct()).scalars())


# The child's visit


def by_link(session: Session, token: str, *, today: datetime.date) -> bool:
    """Whether a link still opens. It changes nothing, so a programme that opens every link burns none."""
    query = select(ChildQuestion.id).where(*_link(token), *_live(today))
    return session.exec(query).first() is not None


def card_of_link(session: Session, token: str, words: str, *, pepper: bytes, today: datetime.date) -> Card | None:
    """The card behind a link, if these are its words. As slow for a link that never was."""
    query = select(Card.number).where(
        col(Card.purpose) == PURPOSE,
        col(Card.ended_at).is_(None),
        col(Card.holder_id).in_(select(ChildQuestion.id).where(*_link(token), *_live(today))),
    )
    number = session.exec(query).first() or ""
    return cards.find(session, PURPOSE, number, words, pepper=pepper)


def begin_visit(
    session: Session, card: Card, *, now: datetime.datetime, today: datetime.date, token: str = ""
) -> str | None:
    """Lets this browser see the question for a while; the random value it keeps. An earlier visit ends.

    With a link's `token`, the link is used up by it: of twenty at once one wins. None: the question has ended."""
    if not cards.use(session, card, now=now):
        return None
    cookie = secrets.token_urlsafe(32)
    changed: dict[str, Any] = {"visit_hash": _hash(cookie), "visit_at": now}
    only = _link(token) if token else ()
    if token:
        changed["link_used_at"] = now
    begun = (
        sa.update(ChildQuestion).where(col(ChildQuestion.id) == card.holder_id, *_live(today), *only).values(**changed)
    )
    return cookie if db.changed_rows(session.execute(begun)) == 1 else None


def visited(session: Session, cookie: str | None, *, now: datetime.datetime, today: datetime.date) -> Question | None:
    """The question that this browser may see now. A clock that was set back opens nothing."""
    if not cookie:
        return None
    query = select(ChildQuestion).where(
        col(ChildQuestion.visit_hash) == _hash(cookie),
        col(ChildQuestion.visit_at) > now - VISIT,
        col(ChildQuestion.visit_at) <= now,
        *_live(today),
    )
    row = session.exec(query).first()
    return _plain(row, vault_of(session).get(row)) if row else None


def end_visit(session: Session, question_id: uuid.UUID) -> None:
    """Whoever sits at this computer next finds nothing."""
    mine = col(ChildQuestion.id) == question_id
    session.execute(sa.update(ChildQuestion).where(mine).values(visit_hash=None, visit_at=None))


def log_look(session: Session, case: Case, question: Question) -> None:
    """Logs that the child reads the question, before it is shown: in a chain of its own, never in that of the record,
    of which others may read parts (R-92)."""
    audit.append(session, verbs.act(case, Actor.child(question.id), "child_question_read"))


# Answering


def asked_step(case: Case) -> Step | None:
    """The step that an answer takes where the case stands now; None where it counts no more."""
    steps = WORKFLOWS[case.kind].steps
    return next((one for one in steps if one.name in _STEPS and case.state in {s.name for s in one.from_states}), None)


def answer(session: Session, question_id: uuid.UUID, said: Said, *, today: datetime.date) -> None:
    """Keeps what the child says: a step of the case by the child, and their views. Said once more in the same words,
    it moves nothing, so that nobody calls a copy back by looking at their answer again.

    Raises StepRefused where an answer counts no more; then nothing was kept."""
    row = session.get(ChildQuestion, question_id)
    if row is None:
        raise CaseNotFound
    case, by = ledger.locked(session, row.case_id), Actor.child(question_id)
    session.refresh(row)
    if row.ended_at is not None or row.until < today:
        raise StepRefused(_("This card has ended. Ask the person who gave it to you, or ring us."))
    step = asked_step(case)
    if step is None or said.answer not in ANSWERS:
        raise StepRefused(_("Your answer is not needed any more. You do not have to do anything."))
    if said.views:
        add_views(session, case.id, said.views, by=by)
    if not _said_before(voice_told.heard(ledger.history(session, case)), said):
        verbs.take_step(session, case.id, step.name, by=by, answers=said.answers(), today=today)
    row.answered_at = db.now()
    session.add(row)
    session.flush()


def add_views(session: Session, case_id: uuid.UUID, words: str, *, by: Actor, way: str = "") -> None:
    """Keeps what a child or young person thinks, in their words, for those who decide (R-161). `way` says how it
    reached us where somebody else wrote it down."""
    case = ledger.locked(session, case_id)
    if case.kind not in KINDS:
        raise StepRefused(_("Nobody's views are asked for in this kind of case."))
    answers = {"words": words, "way": way}
    ledger.append(session, case, voice_told.VIEWS, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, voice_told.VIEWS))


def _said_before(there: voice_told.Heard, said: Said) -> bool:
    answers = said.answers()
    kept = {"parts": there.parts, "talk": there.talk}
    same_words = all(answers.get(name, "") == words for name, words in kept.items())
    return there.answer == said.answer and there.not_safe == said.not_safe and same_words


def _check(put: Put) -> None:
    if put.way == "card" and (put.handed_by not in HANDED_BY or not put.handed_to.strip()):
        raise StepRefused(_("Say who hands the card over."), need="handed_to")
    if put.way == "link" and not contact.is_address(put.email):
        raise StepRefused(_("Enter an email address of the child's own."), need="email")
    if not put.who.strip():
        raise StepRefused(_("Say who asks, in words for the child."), need="who")


def _refuse_theirs(session: Session, case: Case, email: str) -> None:
    """A link goes to the child and to nobody who asks about them: neither in this case nor in another of the same child
    or submission. What the requester must never be reached by is refused too: it is no stranger's."""
    about = [col(Case.id) == case.id]
    about += [col(Case.child_id) == case.child_id] if case.child_id else []
    about += [col(Case.group_id) == case.group_id] if case.group_id else []
    asking = select(Case.requester_id).where(sa.or_(*about))
    blind = vault_of(session).blind("email", email)
    theirs = select(Person.id).where(col(Person.id).in_(asking), col(Person.email_blind) == blind)
    person = session.get(Person, case.requester_id) if case.requester_id else None
    never = person is not None and contact.is_never(vault_of(session).get(person), email)
    if never or session.exec(theirs.limit(1)).first() is not None:
        raise StepRefused(_("This is no address of the child's own: somebody who asks uses it."), need="email")


def _in_words(put: Put) -> str:
    """How the question goes out, for the timeline that staff read; the address of a link stays with the question."""
    if put.way == "card":
        return f"{HANDED_BY[put.handed_by]}: {put.handed_to}"
    return f"{_('A link to an address of their own; the words by another way:')} {put.words_by}"


def _end_all(session: Session, case_id: uuid.UUID, *, now: datetime.datetime) -> int:
    """Ends every question of the case, cards first: a visit takes the same order."""
    live = (col(ChildQuestion.case_id) == case_id, col(ChildQuestion.ended_at).is_(None))
    for one in session.exec(select(ChildQuestion.id).where(*live)).all():
        cards.end(session, one, PURPOSE, now=now)
    ended = sa.update(ChildQuestion).where(*live).values(ended_at=now, visit_hash=None, visit_at=None)
    return db.changed_rows(session.execute(ended))


def _plain(row: ChildQuestion, told: dict[str, Any]) -> Question:
    return Question(
        row.id,
        row.case_id,
        row.way,
        row.made_at,
        row.until,
        row.answered_at,
        row.read_at,
        row.ended_at,
        row.link_used_at,
        replace(Put(way=row.way, who="", safe=""), **told),
    )


def _live(today: datetime.date) -> Sequence[sa.ColumnElement[bool]]:
    return (col(ChildQuestion.ended_at).is_(None), col(ChildQuestion.until) >= today)


def _link(token: str) -> Sequence[sa.ColumnElement[bool]]:
    return (col(ChildQuestion.link_hash) == _hash(token), col(ChildQuestion.link_used_at).is_(None))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _childs_address(session: Session, case_id: uuid.UUID) -> Addressee | None:
    """The address that a caseworker found safe for the child: nobody's account has it."""
    found = next((one for one in questions(session, case_id) if one.way == "link" and one.ended_at is None), None)
    return Addressee({"email": found.put.email, "safe_channels": ["email"]}) if found else None


outbox.address_with(MAIL, _childs_address)
