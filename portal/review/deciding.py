"""The review: one decision per entry, each tied to the version that was read.

Words that stand beside entries are items of their own: the requester's own are given unless somebody decides otherwise,
another person's wait for a decision (design section 5).

Redactions are spans of the pinned version; a changed version puts its item back to undecided. A code that the
register does not allow for this requester, age, nation or kind of data cannot be saved (law.md section 10).
"""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.audit import Act
from portal.cases import ledger, verbs
from portal.cases.actors import Actor
from portal.cases.facts import provides
from portal.cases.ledger import CaseNotFound, Happened, LostRace
from portal.cases.models import Case
from portal.records import Looking, OpenEntry, beside
from portal.review import lawful, people_mentioned, standing, under_review, unread
from portal.review.lawful import Ground, in_review, kind_of, own
from portal.review.models import MentionChange, MentionDecision, ReviewChange, ReviewItem
from portal.review.people_mentioned import decide_mention as decide_mention
from portal.review.people_mentioned import mentions as mentions
from portal.review.redaction import Redaction
from portal.review.words_of_text import canonical
from portal.vault import vault_of
from workflows.exemptions import DataKind
from workflows.table import StepRefused
from workflows.words import mark as _

GIVES = ("give", "redact")
THIRD_PARTY, HARM, UNSEEN = "EX-TP", "EX-H5", "EX-H6"


@dataclass(frozen=True)
class Decision:
    """What a reviewer says of one entry."""

    decision: str
    spans: tuple[Redaction, ...] = ()
    code: str = ""  # of a withheld entry
    reason: str = ""  # the test's answer, in the reviewer's words
    about: str = "child"  # child, subject or both
    already_known: bool = False  # the requester has seen it or knows it (EX-H6, R-66)
    wish: str = ""  # workflows.exemptions.Wish, where the exemption rests on it
    consultations: tuple[str, ...] = ()  # ids of those it rests on
    test: dict[str, str] = field(default_factory=dict)  # answers to R-83, where EX-TP is used here by itself
    opinion: str = ""  # id of the health opinion it rests on; found by `check`, looked at again before a release
    hide_source: str = ""  # code under which the source's name is removed
    shown_people: tuple[str, ...] = ()  # people hidden elsewhere who are shown in this entry
    show_marks: tuple[str, ...] = ()  # ids of other people's marks that the copy shows here, while they stand
    upsetting: bool = False
    content_note: str = ""

    @property
    def codes(self) -> set[str]:
        return {code for code in (self.code, self.hide_source, *(span.code for span in self.spans)) if code}

    def uses_third_party(self, text: str, people: Sequence[people_mentioned.Mention]) -> bool:
        """Whether something is kept back under EX-TP that is no name of somebody hidden as a third party."""
        spans = [span for span in self.spans if span.code == THIRD_PARTY]
        whole = THIRD_PARTY in {self.code, self.hide_source}
        return whole or bool(people_mentioned.not_of_hidden(text, spans, people))


@dataclass(frozen=True)
class Item:
    """A review item without the entry's contents."""

    id: uuid.UUID
    version: int
    entry_id: uuid.UUID
    version_id: uuid.UUID
    cls: str
    position: int
    state: str
    decided_by: uuid.UUID | None
    said: Decision = field(default_factory=lambda: Decision("undecided"))
    decided_at: datetime.datetime | None = None

    @property
    def changed(self) -> bool:
        """Its entry has changed since somebody decided it, so it waits for a decision again."""
        return self.state == "undecided" and self.decided_at is not None


@dataclass(frozen=True)
class Pick:
    """One item with the version that its page showed, what is said of it, and the words and category that were read."""

    item_id: uuid.UUID
    version: int
    said: Decision
    text: str
    category: str


@dataclass(frozen=True)
class Past:
    """A decision that an item once had. `same_words`: it was made on the version that is under review now."""

    at: datetime.datetime
    by: uuid.UUID
    said: Decision
    same_words: bool


def begin(session: Session, looking: Looking) -> int:
    """Makes an item for every entry that has none, and puts items whose entry changed back to undecided.

    Answers how many items were new or changed. People mentioned in their professional role are shown (R-84);
    all others wait for a decision. Runs inside the caller's transaction; the case is locked by it."""
    case = ledger.locked(session, looking.case_id)
    rows = session.exec(select(ReviewItem).where(*own(ReviewItem, looking.case_id))).all()
    known = {row.entry_id: row for row in rows}
    place = max((row.position for row in rows), default=-1)
    words = beside.heads(session, looking.child_id)
    theirs = standing.own_words(session, case, words)
    touched = _drop_gone(session, looking.child_id, rows, words)
    for entry_id, version_id, data_class in under_review.there(session, looking.child_id, words):
        row = known.get(entry_id)
        if row is None:
            # Counted by the review itself: a page goes on behind a position, so no two items may share one.
            place += 1
            row = ReviewItem(
                case_id=looking.case_id,
                child_id=looking.child_id,
                position=place,
                entry_id=entry_id,
                version_id=version_id,
                sealed=b"",
            )
            row.cls = data_class  # not by keyword: SQLModel's __new__ takes `cls` for itself
        elif row.version_id != version_id:
            row.version_id, row.version = version_id, row.version + 1
            row.upsetting = False
        else:
            continue
        said = Decision("give" if entry_id in theirs else "undecided")
        row.decision = said.decision
        vault_of(session).put(row, asdict(said))
        session.add(row)
        touched += 1
    session.flush()
    people_mentioned.begin(session, looking)
    return touched


def missing(session: Session, case: Case) -> int:
    """How many statements of the record came in or changed since they were last brought into the review."""
    if case.child_id is None:
        return 0
    query = sa.select(col(ReviewItem.entry_id), col(ReviewItem.version_id)).where(*own(ReviewItem, case.id))
    there = dict(session.execute(query).all())
    words = beside.heads(session, case.child_id)
    new = sum(there.get(entry) != version for entry, version, _cls in under_review.there(session, case.child_id, words))
    return new + len(under_review.gone(session, case.child_id, there, words))


def _drop_gone(session: Session, child_id: uuid.UUID, rows: Sequence[ReviewItem], words: Sequence[beside.Head]) -> int:
    """Takes out of the review what is not there any more; who decided of it stays in its changes."""
    gone = under_review.gone(session, child_id, _pins(rows), words)
    for row in rows:
        if row.entry_id in gone:
            session.delete(row)
    return len(gone)


def items(session: Session, case: Case, *, only: str = "", after: int = -1, limit: int = 20) -> list[Item]:
    """Items of a case in order, opened with one keyring query; `only` filters by decision or "upsetting"."""
    query = select(ReviewItem).where(*own(ReviewItem, case.id), col(ReviewItem.position) > after)
    if only == "upsetting":
        query = query.where(col(ReviewItem.upsetting).is_(True))
    elif only:
        query = query.where(col(ReviewItem.decision) == only)
    rows = session.exec(query.order_by(col(ReviewItem.position)).limit(limit)).all()
    return [_item(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def item(session: Session, case: Case, item_id: uuid.UUID) -> Item:
    """One item of the case, or CaseNotFound."""
    row = session.get(ReviewItem, (case.id, item_id))
    if row is None or row.child_id != case.child_id:
        raise CaseNotFound
    return _item(row, vault_of(session).get(row))


def some(
    session: Session, case: Case, *, ids: Sequence[uuid.UUID] = (), entries: Sequence[uuid.UUID] = ()
) -> list[Item]:
    """The items with these ids, or those of these entries, in order."""
    query = select(ReviewItem).where(
        *own(ReviewItem, case.id),
        sa.or_(col(ReviewItem.id).in_(list(ids)), col(ReviewItem.entry_id).in_(list(entries))),
    )
    rows = session.exec(query.order_by(col(ReviewItem.position))).all()
    return [_item(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def taken_out(session: Session, case: Case, *, after: int = -1, limit: int = 20) -> list[Item]:
    """The items of which something or everything is not given, in order: what an approver weighs."""
    query = select(ReviewItem).where(
        *own(ReviewItem, case.id),
        col(ReviewItem.decision).in_(("redact", "withhold", "not_subject", "duplicate")),
        col(ReviewItem.position) > after,
    )
    rows = session.exec(query.order_by(col(ReviewItem.position)).limit(limit)).all()
    return [_item(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def neighbours(session: Session, case: Case, of: Item) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The undecided items before and behind this one, or None."""
    query = sa.select(col(ReviewItem.id)).where(*own(ReviewItem, case.id), col(ReviewItem.decision) == "undecided")
    before = query.where(col(ReviewItem.position) < of.position).order_by(sa.desc(col(ReviewItem.position)))
    behind = query.where(col(ReviewItem.position) > of.position).order_by(col(ReviewItem.position))
    both = sa.select(before.limit(1).scalar_subquery(), behind.limit(1).scalar_subquery())
    row = session.execute(both).one()
    return row[0], row[1]


def past(session: Session, case: Case, of: Item, *, limit: int = 10) -> list[Past]:
    """The decisions this item has had, newest first."""
    return [
        Past(row.at, row.actor, _decision(told["said"]), told["of"] == of.version_id.hex)
        for row, told in _changes(session, case.id, of.id, limit)
    ]


def upsetting(session: Session, case_id: uuid.UUID) -> int:
    """How many items of the case carry the mark."""
    query = sa.select(sa.func.count()).where(*own(ReviewItem, case_id), col(ReviewItem.upsetting).is_(True))
    return session.scalar(query) or 0


def counts(session: Session, case_id: uuid.UUID) -> dict[str, int]:
    """How many items of the case stand at each decision."""
    query = (
        sa.select(col(ReviewItem.decision), sa.func.count())
        .where(*own(ReviewItem, case_id))
        .group_by(ReviewItem.decision)
    )
    return dict(session.execute(query).all())


def decide(
    session: Session,
    case_id: uuid.UUID,
    item_id: uuid.UUID,
    said: Decision,
    *,
    version: int,
    text: str,
    category: str,
    by: Actor,
    today: datetime.date,
    people: Sequence[people_mentioned.Mention] = (),
) -> None:
    """Saves one decision. `text` and `category` are those of the pinned version the reviewer saw, `people` those
    mentioned in the file.

    Raises StepRefused when the case is not in review, a code may not be chosen, or somebody who is shown in this copy
    was marked as a third party; LostRace when somebody else decided meanwhile."""
    case = in_review(session, case_id)
    row = _row(session, case_id, item_id, version)
    spans = [span for span in said.spans if span.code == THIRD_PARTY]
    if name := people_mentioned.shown_but_marked(text, spans, people):
        words = _("%(name)s is shown in this copy. Take the mark away, or decide about the person first.")
        raise StepRefused(words % {"name": name}, need="words")
    if fault := unread.faults(session, verbs.look_for(case, by), _pins([row])).get(row.entry_id):
        raise StepRefused(fault, need="decision")
    said = check(said, Ground.of(session, case, by=by, today=today), text=text, category=category, people=people)
    _save(session, case, row, said, by)
    audit.append(session, _act(case, by, 1))


def decide_many(
    session: Session, case_id: uuid.UUID, picks: Sequence[Pick], *, by: Actor, today: datetime.date
) -> list[tuple[Pick, str]]:
    """Saves what can be saved, and answers with the rest, each with the reason in words.

    Raises StepRefused when the case is not in review."""
    case = in_review(session, case_id)
    ground = Ground.of(session, case, by=by, today=today)
    query = select(ReviewItem).where(
        *own(ReviewItem, case_id), col(ReviewItem.id).in_([pick.item_id for pick in picks])
    )
    rows = {row.id: row for row in session.exec(query.with_for_update().execution_options(populate_existing=True))}
    shut = _by_itself(session, case, list(rows.values()), by)
    left: list[tuple[Pick, str]] = []
    for pick in picks:
        row = rows.get(pick.item_id)
        if row is None or row.version != pick.version:
            left.append((pick, LostRace.words))
            continue
        if fault := shut.get(row.entry_id):
            left.append((pick, fault))
            continue
        try:
            said = check(pick.said, ground, text=pick.text, category=pick.category)
        except StepRefused as refused:
            left.append((pick, refused.reason))
        else:
            _save(session, case, row, said, by)
    if len(left) < len(picks):
        session.flush()
        audit.append(session, _act(case, by, len(picks) - len(left)))
    return left


def undo(
    session: Session,
    case_id: uuid.UUID,
    item_id: uuid.UUID,
    *,
    version: int,
    text: str,
    category: str,
    by: Actor,
    today: datetime.date,
    people: Sequence[people_mentioned.Mention] = (),
) -> None:
    """Puts the item back to the decision before the last one, if that was made on the same words and is lawful still.

    Undoing twice brings back what was undone. Raises StepRefused, LostRace."""
    case = in_review(session, case_id)
    row = _row(session, case_id, item_id, version)
    here = [told for _change, told in _changes(session, case_id, item_id, 2) if told["of"] == row.version_id.hex]
    if not here:
        raise StepRefused(_("There is nothing to undo."))
    before = _decision(here[1]["said"]) if len(here) > 1 else Decision("undecided")
    if before.decision != "undecided":
        if fault := unread.faults(session, verbs.look_for(case, by), _pins([row])).get(row.entry_id):
            raise StepRefused(fault)
        ground = Ground.of(session, case, by=by, today=today)
        before = check(before, ground, text=text, category=category, people=people)
    _save(session, case, row, before, by)
    audit.append(session, _act(case, by, 1))


def digest(session: Session, case_id: uuid.UUID) -> str:
    """A hash over every decision of the case: when it changes, whatever was assembled from the review is void."""
    told = hashlib.sha256(str(session.get_one(Case, case_id).child_id).encode())
    query = (
        sa.select(col(ReviewItem.id), col(ReviewItem.version), col(ReviewItem.version_id))
        .where(*own(ReviewItem, case_id))
        .order_by(col(ReviewItem.id))
    )
    for one in session.execute(query):
        told.update(f"{one[0]}:{one[1]}:{one[2]};".encode())
    people = (
        sa.select(col(MentionDecision.mentioned_id), col(MentionDecision.version))
        .where(*own(MentionDecision, case_id))
        .order_by(col(MentionDecision.mentioned_id))
    )
    for one in session.execute(people):
        told.update(f"{one[0]}:{one[1]};".encode())
    return told.hexdigest()


@provides
def provide(session: Session, case: Case, _events: Sequence[Happened]) -> dict[str, Any]:
    """Facts of the review: what is undecided and who decided."""
    there = counts(session, case.id)
    if not there:
        return {}
    deciders: sa.CompoundSelect[Any] = sa.union(
        sa.select(col(ReviewChange.actor)).where(col(ReviewChange.case_id) == case.id),
        sa.select(col(MentionChange.actor)).where(col(MentionChange.case_id) == case.id),
    )
    # Whoever ever decided has reviewed, also where another decided after them: they do not approve (security.md 5).
    reviewers = frozenset(f"staff:{one.hex}" for one in session.scalars(deciders) if one)
    return {
        "review_undecided": there.get("undecided", 0) + people_mentioned.undecided(session, case.id),
        "review_given": sum(there.get(decision, 0) for decision in GIVES),
        "reviewed_by": reviewers,
    }


def entries_of(session: Session, looking: Looking, some: Sequence[Item]) -> list[OpenEntry]:
    """The pinned versions of these items' entries, opened through records (logged). One whose version is not the
    item's is no longer what is under review: it says nothing, and waits to be brought in."""
    return lawful.entries(session, looking, _pins(some))


def entries_as_decided(session: Session, looking: Looking, some: Sequence[Item]) -> list[OpenEntry]:
    """The same for a copy: a restricted entry is opened for the reason for which its reviewer opened it, and stays
    masked where they did not (R-105)."""
    pinned, deciders = _pins(some), {one.entry_id: one.decided_by for one in some}
    because = unread.reasons(session, looking, pinned, deciders)
    return lawful.entries(session, looking, pinned, because=because)


def check(
    said: Decision,
    ground: Ground,
    *,
    text: str,
    category: str,
    people: Sequence[people_mentioned.Mention] = (),
) -> Decision:
    """Whether a decision is complete and lawful for an entry of this text and category; answers with what is to be
    kept: the decision with the health opinion it rests on. Raises StepRefused."""
    _check_complete(said, text)
    kind = kind_of(category)
    said = replace(said, opinion=_opinion_for(said, ground, kind))
    opinion = ground.heard.get(said.opinion)
    for code in sorted(said.codes):
        if fault := ground.fault(code, kind, wish=said.wish, already_known=said.already_known, opinion=opinion):
            raise StepRefused(f"{code}: {fault}", need="code")
    _check_consulted(said, ground, own_test=said.uses_third_party(text, people))
    if said.decision in GIVES:
        _check_given(said, ground, kind, opinion)
    return said


def _check_given(said: Decision, ground: Ground, kind: DataKind, opinion: lawful.Heard | None) -> None:
    """Whether health data may be given here. Where the harm is in the words taken out, the rest is given (R-82)."""
    cut_out = HARM in said.codes and ground.fault(HARM, kind, opinion=opinion) is None
    if not cut_out and (fault := ground.must_hold(kind, already_known=said.already_known, opinion=opinion)):
        raise StepRefused(fault, need="decision")


def _opinion_for(said: Decision, ground: Ground, kind: DataKind) -> str:
    """The health opinion a decision rests on, where it needs one: to give health data, or to keep it for its harm."""
    gives = said.decision in GIVES and not said.already_known
    if kind is not DataKind.HEALTH or not (gives or said.codes & {HARM, UNSEEN}):
        return ""
    return ground.opinion_for((*said.consultations, *([said.opinion] if said.opinion else [])))


def _check_consulted(said: Decision, ground: Ground, *, own_test: bool) -> None:
    """Whether the third-party test is answered where it is needed here, and whoever must be asked was (R-83, R-94)."""
    if own_test:
        lawful.check_third_party(said.test)
    named = {*said.consultations, said.opinion}
    for code in sorted(said.codes):
        if code == THIRD_PARTY and not own_test:
            continue
        if fault := ground.consultation_fault(code, named, said.test):
            raise StepRefused(f"{code}: {fault}", need="consultations")


def lapsed(session: Session, case: Case, today: datetime.date) -> str | None:
    """Why the decisions do not stand today, or None. Asked again before an approval and before a release."""
    return unread.restricted_since(session, case, GIVES) or _opinion_lapsed(session, case, today)


def _opinion_lapsed(session: Session, case: Case, today: datetime.date) -> str | None:
    """Why the health opinions that the decisions rest on do not carry them today, or None (EX-H5, EX-H6, V-90).

    An opinion goes stale, and a reply can be put right."""
    heard = lawful.consultations(session, case.id)
    if not any(one.kind == "health" for one in heard.values()):
        return None
    query = select(ReviewItem).where(*own(ReviewItem, case.id), col(ReviewItem.decision) != "undecided")
    rows = session.exec(query.order_by(col(ReviewItem.position))).all()
    for row, told in zip(rows, vault_of(session).get_many(rows), strict=True):
        if not _carried(_decision(told), heard, today):
            words = _(
                "The health opinion behind entry %(number)s is older than six months, or has changed. "
                "Send this back to review, ask for an opinion, and decide the entry again."
            )
            return words % {"number": row.position + 1}
    return None


def _carried(said: Decision, heard: Mapping[str, lawful.Heard], today: datetime.date) -> bool:
    """Whether what health professionals have said by now still lets this decision stand."""
    if UNSEEN in said.codes:
        return not any(heard[one].usable(today) for one in said.consultations if one in heard)
    if not said.opinion:
        return True
    one = heard.get(said.opinion)
    return one is not None and one.usable(today) and one.harm == (HARM in said.codes)


def _check_complete(said: Decision, text: str) -> None:
    if said.decision == "withhold" and not said.code:
        raise StepRefused(_("Choose the exemption under which this is withheld."), need="code")
    if said.decision == "redact" and not (said.spans or said.hide_source):
        raise StepRefused(_("Mark the words to remove, or choose another decision."), need="words")
    if said.codes and not said.reason.strip():
        raise StepRefused(_("Say how the test of the exemption is met."), need="reason")
    if said.decision in {"not_subject", "duplicate"} and not said.reason.strip():
        raise StepRefused(_("Say why this is left out: whom it is about, or which entry says the same."), need="reason")
    if said.upsetting and not said.content_note.strip():
        raise StepRefused(_("Say in a few words what the reader should be prepared for."), need="content_note")
    if any(span.end > len(canonical(text)) for span in said.spans):
        raise StepRefused(_("The marked words do not fit this text any more. Mark them again."), need="words")


def _by_itself(session: Session, case: Case, rows: Sequence[ReviewItem], by: Actor) -> dict[uuid.UUID, str]:
    """The entries that cannot be given among many at once, each with the reason."""
    words = _("Somebody else had this corrected. Look at it by itself: it could tell where they are, or of their case.")
    changed = standing.changed_for_others(session, case, _pins(rows))
    return {**dict.fromkeys(changed, words), **unread.faults(session, verbs.look_for(case, by), _pins(rows))}


def _pins(some: Iterable[Item | ReviewItem]) -> dict[uuid.UUID, uuid.UUID]:
    return {one.entry_id: one.version_id for one in some}


def _row(session: Session, case_id: uuid.UUID, item_id: uuid.UUID, version: int) -> ReviewItem:
    row: ReviewItem | None = db.lock(session, ReviewItem, case_id=case_id, id=item_id)
    if row is None:
        raise CaseNotFound
    if row.version != version:
        raise LostRace
    return row


def _changes(
    session: Session, case_id: uuid.UUID, item_id: uuid.UUID, limit: int
) -> list[tuple[ReviewChange, dict[str, Any]]]:
    query = select(ReviewChange).where(col(ReviewChange.case_id) == case_id, col(ReviewChange.item_id) == item_id)
    rows = session.exec(query.order_by(sa.desc(col(ReviewChange.seq))).limit(limit)).all()
    return list(zip(rows, vault_of(session).get_many(rows), strict=True))


def _save(session: Session, case: Case, row: ReviewItem, said: Decision, by: Actor) -> None:
    payload = asdict(said)
    row.decision, row.upsetting, row.version = said.decision, said.upsetting, row.version + 1
    row.decided_by, row.decided_at = (by.id, db.now()) if said.decision != "undecided" else (None, None)
    vault_of(session).put(row, payload)
    session.add(row)
    change = ReviewChange(
        case_id=case.id,
        item_id=row.id,
        seq=row.version,
        decision=said.decision,
        actor=_id_of(by),
        at=db.now(),
        sealed=b"",
    )
    vault_of(session).put(change, {"said": payload, "of": row.version_id.hex})
    session.add(change)
    session.flush()


def _item(row: ReviewItem, told: dict[str, Any]) -> Item:
    return Item(
        row.id,
        row.version,
        row.entry_id,
        row.version_id,
        row.cls,
        row.position,
        row.decision,
        row.decided_by,
        _decision(told),
        row.decided_at,
    )


def _decision(told: dict[str, Any]) -> Decision:
    spans = tuple(Redaction(**span) for span in told.get("spans", ()))
    lists = {name: tuple(told.get(name, ())) for name in ("shown_people", "consultations", "show_marks")}
    return Decision(**{**told, **lists, "spans": spans})


def _act(case: Case, by: Actor, items: int) -> Act:
    return replace(verbs.act(case, by, "review_decision"), detail={"items": items})


def _id_of(by: Actor) -> uuid.UUID:
    if by.id is None:
        raise StepRefused(_("A decision is taken by a person."))
    return by.id
