"""Decisions on challenged lines, each joined to the change of the record in one transaction.

A decision that gives less than was asked, or destroys something, waits for a second person before it counts. Nothing
changes in the record without its decision, and whatever was prepared from the record before is void from then on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import forgetting, recipients
from portal.cases.corrections.lines import KIND, Decided, Value, held
from portal.cases.corrections.models import ChallengedLine, OutsideLink, RecipientNotice
from portal.cases.facts import provides
from portal.cases.ledger import Happened, LostRace
from portal.cases.models import Case
from portal.records import Looking, OpenEntry, bodies, correcting, marks, read
from portal.records.models import Entry
from portal.vault import vault_of
from workflows import lines as table
from workflows.lines import LineFacts
from workflows.table import StepRefused
from workflows.words import mark as _

DECIDED_IN = ("weighing", "reconsidering")
CHANGES = ("corrected", "completed", "opinion_labelled", "partly", "erased", "moved", "restricted", "kept_marked")
SAYS_ANEW = ("corrected", "completed", "partly")
MARKED_AS = {  # what readers of the entry see once it is decided
    "corrected": "corrected",
    "completed": "corrected",
    "partly": "corrected",
    "opinion_labelled": "labelled",
    "restricted": "restricted",
    "refused": "refused",
    "statement_added": "statement",
}
VOIDED_BY = {"approval": "void_approval", "approval_again": "void_approval_again"}
KEPT_AS = ("mistake", "allegation")


@dataclass(frozen=True)
class Pick:
    """A line with the version that the decider saw."""

    line_id: uuid.UUID
    version: int


def decide(
    session: Session,
    case_id: uuid.UUID,
    picks: Sequence[Pick],
    said: Decided,
    *,
    kept_as: str = "",
    by: Actor,
    looking: Looking | None,
) -> tuple[uuid.UUID, ...]:
    """Decides one line, or several of which the same is true, for one reason; answers the lines that now wait for a
    second person. `looking` opens the entries, so that the letter can say what they said before.

    Raises StepRefused with words, LostRace when somebody decided a line meanwhile: nothing is decided then."""
    case = _in_hand(session, case_id)
    _check_words(said, kept_as)  # before anything is opened for it
    events, waiting = ledger.history(session, case), list[uuid.UUID]()
    for pick in picks:
        row = held(session, case, pick.line_id, pick.version)
        entry = _as_it_stands(session, row, looking)
        if reason := table.may_decide(facts_of_line(session, case, row, entry, events, by=by), said.outcome):
            raise StepRefused(reason, need="outcome")
        # What it said before goes into the letter of somebody who may see it, and nowhere else.
        says = said.says if _says_anew(said, entry) else Value()
        full = replace(said, before=entry.text if entry and row.shown else "", says=says)
        told = vault_of(session).get(row)
        vault_of(session).put(row, {**told, "decided": asdict(full), "kept_as": kept_as})
        row.outcome, row.version = said.outcome, row.version + 1
        row.source_id = _supplier(session, entry)
        session.add(row)
        if table.needs_second(said.outcome, shown=row.shown):
            row.state, row.proposed_by = "proposed", by.id
            waiting.append(row.id)
            _note(session, case, "line_proposed", row, by)
        else:
            _settle(session, case, row, full, kept_as, by=by)
    return tuple(waiting)


def confirm(
    session: Session, case_id: uuid.UUID, line_id: uuid.UUID, *, version: int, by: Actor, looking: Looking | None
) -> None:
    """A second person confirms what was proposed, and it counts from this moment."""
    case = _in_hand(session, case_id)
    row = held(session, case, line_id, version)
    entry, events = _as_it_stands(session, row, looking), ledger.history(session, case)
    facts = facts_of_line(session, case, row, entry, events, by=by)
    if reason := table.may_confirm(facts):
        raise StepRefused(reason)
    told = vault_of(session).get(row)
    decided = told["decided"]
    said = Decided(**{**decided, "says": Value(**decided["says"])})
    # What was true when it was proposed must be true when it counts: an access case may have come in since.
    if reason := table.may_decide(facts, said.outcome, confirming=True):
        raise StepRefused(reason)
    row.version += 1
    _settle(session, case, row, said, told.get("kept_as", ""), by=by, confirmed=True)


def decline(session: Session, case_id: uuid.UUID, line_id: uuid.UUID, reason: str, *, version: int, by: Actor) -> None:
    """A second person turns the proposal down: the line is open again, with their reason."""
    case = _in_hand(session, case_id)
    row = held(session, case, line_id, version)
    if fault := table.may_confirm(facts_of_line(session, case, row, None, ledger.history(session, case), by=by)):
        raise StepRefused(fault)
    row.state, row.outcome, row.proposed_by, row.version = "disputed", None, None, row.version + 1
    told = vault_of(session).get(row)
    told.pop("decided", None)
    vault_of(session).put(row, told)
    session.add(row)
    _note(session, case, "line_declined", row, by, reason=reason)


def state_disagreement(session: Session, case_id: uuid.UUID, line_id: uuid.UUID, words: str, *, by: Actor) -> None:
    """Attaches the family's statement to the entry: printed with it from then on (R-110). Written again, it is
    replaced."""
    case = ledger.locked(session, case_id)
    row = held(session, case, line_id, None)
    if reason := table.may_state(row.state, row.outcome, shown=row.shown):
        raise StepRefused(reason)
    if not words.strip() or len(words.split()) > table.MOST_WORDS:
        raise StepRefused(_("Write your statement in up to 2,000 words."), need="words")
    told = vault_of(session).get(row)
    vault_of(session).put(row, {**told, "statement": words})
    row.version += 1
    session.add(row)
    _put(session, row, "statement", words)
    ledger.append(session, case, "statement", by=by, on_date=clocking.uk_today(), answers={"line": row.id.hex})
    void_what_was_prepared(session, case, "correction")
    audit.append(session, verbs.act(case, by, "statement"))


def facts_of_line(
    session: Session,
    case: Case,
    row: ChallengedLine,
    entry: OpenEntry | None,
    events: Sequence[Happened],
    *,
    by: Actor,
) -> LineFacts:
    """What the table of lines may look at; `events` are those of the case."""
    return LineFacts(
        state=row.state,
        kind=row.kind,
        outcome=row.outcome,
        matched=row.matched,
        has_entry=row.entry_id is not None,
        shown=row.shown,
        gone=_is_gone(session, row),
        category=entry.category if entry else "",
        actor=str(by),
        role=by.role,
        proposed_by=f"staff:{row.proposed_by.hex}" if row.proposed_by else None,
        involved_before=_deciders_before_review(events),
        access_case_open=_access_case_open(session, case),
        breach_opened=any(event.name == "breach_opened" for event in events),
    )


@provides
def provide(session: Session, case: Case, events: Sequence[Happened]) -> dict[str, Any]:
    """Facts of the lines for the guards of the case."""
    if case.kind != KIND:
        return {}
    rows = session.execute(
        sa.select(
            col(ChallengedLine.state),
            col(ChallengedLine.outcome),
            col(ChallengedLine.matched),
            col(ChallengedLine.shown),
        ).where(col(ChallengedLine.case_id) == case.id)
    ).all()
    live = [row for row in rows if row.state != "withdrawn"]
    notices = session.scalar(
        sa.select(sa.func.count()).where(col(RecipientNotice.case_id) == case.id, col(RecipientNotice.state) == "open")
    )
    waiting = session.scalar(
        sa.select(sa.func.count()).where(
            col(OutsideLink.case_id) == case.id,
            col(OutsideLink.purpose) == "ask_source",
            col(OutsideLink.state) == "waiting",
        )
    )
    return {
        "lines": len(live),
        "lines_unmatched": sum(not row.matched for row in live),
        "lines_undecided": sum(row.state in {"received", "disputed"} for row in live),
        "lines_proposed": sum(row.state == "proposed" for row in live),
        "something_refused": any(
            table.answer(row.outcome, shown=row.shown) in table.REVIEWABLE for row in live if row.state == "decided"
        ),
        "recipients_open": int(notices or 0),
        "sources_waiting": int(waiting or 0),
        "reviewed_by": _deciders(events),
    }


def _supplier(session: Session, entry: OpenEntry | None) -> uuid.UUID | None:
    """The body of the register that supplied the entry, to count by which feed is wrong most often."""
    body = bodies.of_key(session, entry.source_key) if entry else None
    return body.id if body else None


def _settle(
    session: Session,
    case: Case,
    row: ChallengedLine,
    said: Decided,
    kept_as: str,
    *,
    by: Actor,
    confirmed: bool = False,
) -> None:
    """The decision counts: the record changes, the marks change, those who must be told are listed, in one go."""
    today = clocking.uk_today()
    row.state, row.decided_by, row.decided_on = "decided", by.id, today
    session.add(row)
    session.flush()
    marks.lift_marks(session, case.id, row.id, ("challenged", "disputed"))
    if row.entry_id is not None and row.child_id is not None and not _is_gone(session, row):
        _change(session, row, said, by)
        if said.outcome in table.DESTROYING:
            forgetting.forget(session, case, row)
        if kind := (kept_as or MARKED_AS.get(said.outcome)):
            _put(session, row, kind, said.words if kind in {*KEPT_AS, "statement", "labelled"} else "")
        if said.outcome in CHANGES:
            recipients.list_holders(session, case, row)
            void_what_was_prepared(session, case, "restriction" if said.outcome == "restricted" else "correction")
    # Nobody is written to yet: the day of a decision would tell that the check was passed, and when.
    _note(session, case, "line_decided", row, by, outcome=said.outcome, confirmed=confirmed)


def _change(session: Session, row: ChallengedLine, said: Decided, by: Actor) -> None:
    """What the outcome does to the entry; see portal.records.correcting."""
    if row.child_id is None or row.entry_id is None or row.version_id is None:
        return
    at: dict[str, Any] = {
        "child_id": row.child_id,
        "entry_id": row.entry_id,
        "case_id": row.case_id,
        "expected_version_id": row.version_id,
        "by": str(by),
    }
    value = correcting.NewValue(said.says.kind, said.says.value, said.says.code, said.says.plain)
    if said.outcome == "completed":
        correcting.complete(session, **at, value=value)
    elif said.outcome == "corrected" or (said.outcome == "partly" and said.says.value):
        correcting.correct(session, **at, value=value)
    elif said.outcome == "opinion_labelled":
        correcting.label_opinion(session, **at, author=said.words)
    elif said.outcome in table.DESTROYING:
        correcting.erase(session, **at)


def _says_anew(said: Decided, entry: OpenEntry | None) -> bool:
    """Whether the decision gives the entry another value; a change in part can leave it as it is."""
    if said.outcome not in SAYS_ANEW:
        return False
    now = {entry.value, entry.code} if entry else set()
    return said.outcome != "partly" or said.says.value not in now


def _check_words(said: Decided, kept_as: str) -> None:
    if not said.reasons.strip() and said.outcome != "not_answered_here":
        raise StepRefused(_("Give the reasons, in the words of the letter."), need="reasons")
    if said.outcome in {"corrected", "completed"} and not said.says.value.strip():
        raise StepRefused(_("Say what the entry is to say from now on."), need="value")
    if said.outcome in {"statement_added", "opinion_labelled", "kept_marked"} and not said.words.strip():
        raise StepRefused(_("Write the words that stand beside the entry from now on."), need="words")
    if (said.outcome == "kept_marked") != (kept_as in KEPT_AS):
        raise StepRefused(_("Say whether it is a mistake that was put right, or an allegation."), need="kept_as")


def _as_it_stands(session: Session, row: ChallengedLine, looking: Looking | None) -> OpenEntry | None:
    """The entry of the line as it is now; None where none is matched, it is destroyed, or the reader may not open it.
    Raises LostRace where it is not the version that the line was matched to: somebody has to look at it again."""
    if row.entry_id is None or looking is None or looking.child_id != row.child_id or _is_gone(session, row):
        return None
    entry = session.get(Entry, (row.child_id, row.entry_id))
    if entry is None or entry.current_id != row.version_id:
        raise LostRace
    # Whether it is right is the very reason for which a restricted entry may be opened here (Art 18(1)(a)).
    opened = read(session, replace(looking, restricted_because="checking"), [row.entry_id])
    return opened[0] if opened else None


def _is_gone(session: Session, row: ChallengedLine) -> bool:
    """Whether the entry was destroyed already: by a decision for somebody else, while this line was open."""
    entry = session.get(Entry, (row.child_id, row.entry_id)) if row.entry_id else None
    return entry is not None and entry.erased_at is not None


def void_what_was_prepared(session: Session, case: Case, because: str) -> None:
    """Whatever was made from the record as it stood before is stopped: approved copies go back to review, assembled
    ones are stale from here (design section 5)."""
    if case.child_id is None:
        return
    query = (
        select(col(Case.id), col(Case.state))
        .where(
            col(Case.child_id) == case.child_id,
            col(Case.kind).in_(("subject_access", KIND)),
            col(Case.id) != case.id,
            col(Case.closed_at).is_(None),
        )
        .order_by(col(Case.id))
    )
    today, system = clocking.uk_today(), Actor.system()
    for other_id, state in session.execute(query).all():
        if state in VOIDED_BY:
            answers = {"because": because}
            verbs.take_step(session, other_id, VOIDED_BY[state], by=system, answers=answers, today=today)
        elif state in {"finding", "review"}:
            other = ledger.locked(session, other_id)
            ledger.append(session, other, "record_corrected", by=system, on_date=today, answers={"because": because})


def _put(session: Session, row: ChallengedLine, kind: str, words: str = "") -> None:
    assert row.child_id is not None and row.entry_id is not None and row.cls is not None  # noqa: PT018
    marks.put_mark(
        session,
        child_id=row.child_id,
        entry_id=row.entry_id,
        cls=row.cls,
        kind=kind,
        case_id=row.case_id,
        line_id=row.id,
        since=clocking.uk_today(),
        words=words,
    )


def _in_hand(session: Session, case_id: uuid.UUID) -> Case:
    case = ledger.locked(session, case_id)
    if case.kind != KIND or case.state not in DECIDED_IN:
        raise StepRefused(
            _("Lines are decided once it is checked who asks, and before the answer is sent to approval.")
        )
    return case


def _deciders(events: Sequence[Happened]) -> frozenset[str]:
    """Whoever decided or proposed a line had a hand in the answer, and does not approve it. Who only confirmed what
    another proposed is the second pair of eyes already."""
    own = (event for event in events if event.name in {"line_decided", "line_proposed"})
    return frozenset(event.actor for event in own if not event.answers.get("confirmed"))


def _deciders_before_review(events: Sequence[Happened]) -> frozenset[str]:
    """Who had a hand in the first answer, once a review of it is asked for."""
    asked = [event.seq for event in events if event.name in {"ask_review", "record_review_asked"}]
    if not asked:
        return frozenset()
    names = {"line_decided", "line_proposed", "approve", "release"}
    return frozenset(event.actor for event in events if event.seq < asked[-1] and event.name in names)


def _access_case_open(session: Session, case: Case) -> bool:
    query = sa.select(col(Case.id)).where(
        col(Case.child_id) == case.child_id, col(Case.kind) == "subject_access", col(Case.closed_at).is_(None)
    )
    return case.child_id is not None and session.execute(query.limit(1)).first() is not None


def _note(session: Session, case: Case, name: str, row: ChallengedLine, by: Actor, **more: Any) -> None:
    answers = {"line": row.id.hex, "number": row.number, **more}
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, name))
