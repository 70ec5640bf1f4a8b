"""People mentioned in the file: each is decided once per case, for every occurrence; exceptions are made by entry.

Who is named in a professional role is shown unless a person decides otherwise (R-84).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, records
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, LostRace
from portal.records import Looking, OpenEntry, Third
from portal.records.models import Mentioned
from portal.review import lawful, suggestions, words_of_text
from portal.review.lawful import Ground, in_review, own
from portal.review.models import MentionChange, MentionDecision, ReviewItem
from portal.review.redaction import Redaction
from portal.vault import vault_of
from workflows.exemptions import DataKind
from workflows.table import StepRefused
from workflows.words import mark as _

DECISIONS = ("show", "hide", "undecided")
Mention = tuple[Third, MentionDecision, dict[str, Any]]


def begin(session: Session, looking: Looking) -> None:
    """Makes a decision for everybody mentioned who has none, and notes in which entries each is named."""
    query = select(MentionDecision).where(*own(MentionDecision, looking.case_id))
    there = {row.mentioned_id: row for row in session.exec(query)}
    people = records.mentioned(session, looking)
    named = _named_in(session, looking, people)
    for third in people:
        row = there.get(third.id)
        told: dict[str, Any] = vault_of(session).get(row) if row else {"code": "", "reason": "", "test": {}}
        if row is None:
            row = MentionDecision(
                case_id=looking.case_id,
                mentioned_id=third.id,
                child_id=looking.child_id,
                decision="undecided",
                sealed=b"",
            )
            if third.professional:
                row.decision, told["reason"] = "show", "R-84: named in their professional role"
        elif told.get("in") == named[third.id]:
            continue
        vault_of(session).put(row, {**told, "in": named[third.id]})
        session.add(row)
    session.flush()


def mentions(session: Session, looking: Looking) -> list[Mention]:
    """The people mentioned with what was decided about each; logged as a look.

    The last part holds `code`, `reason`, `test` (answers to R-83), `in` (ids of the entries that name them), and once
    decided `consultations` (ids)."""
    query = select(MentionDecision).where(*own(MentionDecision, looking.case_id))
    rows = {row.mentioned_id: row for row in session.exec(query)}
    people = [third for third in records.mentioned(session, looking) if third.id in rows]
    told = vault_of(session).get_many([rows[third.id] for third in people])
    return [(third, rows[third.id], payload) for third, payload in zip(people, told, strict=True)]


def undecided(session: Session, case_id: uuid.UUID) -> int:
    """How many people mentioned wait for a decision."""
    there = sa.and_(  # somebody may be off the list by now, because what named them was destroyed
        col(Mentioned.child_id) == col(MentionDecision.child_id), col(Mentioned.id) == col(MentionDecision.mentioned_id)
    )
    query = sa.select(sa.func.count()).select_from(MentionDecision).join(Mentioned, there)
    undecided_ones = (*own(MentionDecision, case_id), col(MentionDecision.decision) == "undecided")
    return session.scalar(query.where(*undecided_ones)) or 0


def add_person(
    session: Session,
    looking: Looking,
    *,
    names: Sequence[str],
    relation: str,
    professional: bool,
    alive: bool,
    by: Actor,
) -> uuid.UUID:
    """Enters somebody whom the reviewer found in the file; a decision about them is open like any other."""
    case = in_review(session, looking.case_id)
    if not any(name.strip() for name in names):
        raise StepRefused(_("Enter a name."), need="names")
    person_id = records.add_mentioned(
        session, looking, names=names, relation=relation, professional=professional, alive=alive
    )
    session.flush()
    begin(session, looking)
    audit.append(session, verbs.act(case, by, "add_person"))
    return person_id


def decide_mention(
    session: Session,
    case_id: uuid.UUID,
    mentioned_id: uuid.UUID,
    *,
    version: int,
    decision: str,
    code: str,
    reason: str,
    test: dict[str, str],
    by: Actor,
    today: datetime.date,
    consultations: Sequence[str] = (),
) -> None:
    """Decides once for every occurrence of a person; "undecided" takes a decision back.

    Hiding needs a code; hiding as a third party needs answers to R-83 on which that stands (W-12 to W-14); and whoever
    must be consulted for the code was, in one of `consultations` (ids)."""
    case = in_review(session, case_id)
    row = db.lock(session, MentionDecision, case_id=case_id, mentioned_id=mentioned_id)
    if row is None:
        raise CaseNotFound
    if row.version != version:
        raise LostRace
    if decision not in DECISIONS:
        raise StepRefused(_("Choose whether this person is shown."), need="decision")
    if decision == "hide":
        _check_hiding(Ground.of(session, case, by=by, today=today), code, test, consultations)
    if decision != "undecided" and not reason.strip():
        raise StepRefused(_("Say why, in a few words."), need="reason")
    told = vault_of(session).get(row)
    row.decision, row.version, row.decided_by = decision, version + 1, by.id
    kept = (
        {"code": code, "consultations": list(consultations)}
        if decision == "hide"
        else {"code": "", "consultations": []}
    )
    vault_of(session).put(row, {**told, **kept, "reason": reason, "test": test})
    session.add(row)
    if by.id is not None:
        change = MentionChange(
            case_id=case_id, mentioned_id=mentioned_id, seq=row.version, decision=decision, actor=by.id, at=db.now()
        )
        session.add(change)
    session.flush()
    audit.append(session, verbs.act(case, by, "review_person"))


def shown_but_marked(text: str, spans: Iterable[Redaction], people: Sequence[Mention]) -> str:
    """The name of somebody who is shown to the requester and whom one of the spans would remove; else nothing.

    A worker named in their role is not taken out as a third party (R-84, W-12), nor anybody decided to be shown."""
    shown = {third.id: third for third, row, _told in people if row.decision == "show"}
    marks = list(spans)
    if not shown or not marks:
        return ""
    for one in suggestions.suggest(text, known_people=known(people), subject_names=()):
        if one.person_id in shown and any(mark.start < one.end and one.start < mark.end for mark in marks):
            return shown[one.person_id].names[0]
    return ""


def known(people: Iterable[Mention]) -> list[suggestions.Known]:
    """The people as suggestions look for them."""
    return [suggestions.Known(third.id, third.names) for third, _row, _told in people]


def not_of_hidden(text: str, spans: Iterable[Redaction], people: Sequence[Mention]) -> list[Redaction]:
    """The spans that remove more than the names of people who are hidden as third parties.

    Those names rest on the answers given about the person; everything else on answers of its own (R-83)."""
    marks = list(spans)
    hidden = {third.id for third, row, told in people if row.decision == "hide" and told["code"] == "EX-TP"}
    if not hidden or not marks:
        return marks
    found = suggestions.suggest(text, known_people=known(people), subject_names=())
    theirs = {number for one in found if one.person_id in hidden for number in one.numbers}
    words = words_of_text.number(text)
    return [span for span in marks if not theirs.issuperset(words_of_text.numbers_in(words, span.start, span.end))]


def _check_hiding(ground: Ground, code: str, test: dict[str, str], named: Sequence[str]) -> None:
    if not code:
        raise StepRefused(_("Choose the exemption under which this person is hidden."), need="code")
    if fault := ground.fault(code, DataKind.OTHER):
        raise StepRefused(f"{code}: {fault}", need="code")
    if code == "EX-TP":
        lawful.check_third_party(test)
    if fault := ground.consultation_fault(code, named, test):
        raise StepRefused(f"{code}: {fault}", need="consultations")


def _named_in(session: Session, looking: Looking, people: Sequence[Third]) -> dict[uuid.UUID, list[str]]:
    """Ids of the entries under review that name each person, in the order of the review; one look at them all."""
    named: dict[uuid.UUID, list[str]] = {third.id: [] for third in people}
    everybody = [suggestions.Known(third.id, third.names) for third in people]
    for entry in _under_review(session, looking) if people else ():
        text = f"{entry.label}\n{entry.text}\n{entry.author}\n{entry.source}"
        some = suggestions.who_may_be_named(text, everybody)
        found = suggestions.suggest(text, known_people=some, subject_names=()) if some else ()
        for person_id in {one.person_id for one in found if one.person_id}:
            named[person_id].append(entry.id.hex)
    return named


def _under_review(session: Session, looking: Looking) -> list[OpenEntry]:
    query = select(ReviewItem).where(*own(ReviewItem, looking.case_id)).order_by(col(ReviewItem.position))
    pinned = {row.entry_id: row.version_id for row in session.exec(query)}
    return lawful.entries(session, looking, pinned)
