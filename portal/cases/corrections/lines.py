"""The challenged lines of a correction case: opened by a requester, matched to entries by staff, disputed from the
passed check to decision or withdrawal.

What a requester says is kept under the case's key; only the mark and its day reach the record (R-105)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from sqlmodel import Session, col, select

from portal import audit, db
from portal.cases import clocking, ledger, opening, verbs
from portal.cases.actors import Actor
from portal.cases.corrections.models import ChallengedLine
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.cases.opening import Asked
from portal.cases.references import new_reference
from portal.records import marks
from portal.records.models import Entry
from portal.vault import vault_of
from workflows import lines as table
from workflows.table import Step, StepRefused
from workflows.words import mark as _

KIND = "correction"
MOST_LINES = 40
MATCHED_IN = ("checking", "finding", "weighing", "reconsidering")
ENDING = {  # steps that end every open line with the case: state and outcome
    "withdraw": ("withdrawn", None),
    "record_withdrawal": ("withdrawn", None),
    "refuse": ("decided", "not_answered_here"),
    "refuse_for_identity": ("decided", "not_answered_here"),
    "refuse_for_authority": ("decided", "not_answered_here"),
}
REVIEWING = ("ask_review", "record_review_asked")
CLOSING = ("collect", "close", "close_uncollected")
ANSWER_OUT = ("ready", "collected")


@dataclass(frozen=True)
class Value:
    """What an entry says, or should say: a text, a day or a code in words, as the entry's own kind asks for."""

    kind: Literal["text", "date", "code"] = "text"
    value: str = ""
    code: str = ""
    plain: str = ""


@dataclass(frozen=True)
class Pinned:
    """The entry and version that a released copy printed under a number."""

    child_id: uuid.UUID
    entry_id: uuid.UUID
    version_id: uuid.UUID
    cls: str


@dataclass(frozen=True)
class Claim:
    """What a requester says of one entry. `about` is what it is, in their words or as their copy printed it; `reads` is
    what it says there now, `source` who it came from. `pinned` only where their own released copy shows the entry."""

    kind: str
    about: str
    why: str
    should_say: Value = field(default_factory=Value)
    reads: str = ""
    number: int | None = None
    copy_number: str = ""
    restrict: bool = False
    pinned: Pinned | None = None
    source: str = ""


@dataclass(frozen=True)
class Decided:
    """What was decided of a line, or is proposed: words the requester reads, and what only staff read."""

    outcome: str
    reasons: str  # the requester reads them
    weighed: str  # evidence and steps taken to check
    rule: str
    says: Value = field(default_factory=Value)
    words: str = ""  # of a statement, a label, or what became of a mistake or an allegation
    before: str = ""  # what the entry said, kept for the letter
    child_words: str = ""


@dataclass(frozen=True)
class Line:
    """One line in plain values."""

    case_id: uuid.UUID
    id: uuid.UUID
    version: int
    number: int
    state: str
    kind: str
    outcome: str | None
    matched: bool
    child_id: uuid.UUID | None
    entry_id: uuid.UUID | None
    version_id: uuid.UUID | None
    cls: str | None
    shown: bool
    restrict: bool
    proposed_by: uuid.UUID | None
    decided_by: uuid.UUID | None
    decided_on: datetime.date | None
    claim: Claim
    decided: Decided | None = None
    added: tuple[str, ...] = ()
    statement: str = ""
    kept_as: str = ""  # of what is kept as history: "mistake" or "allegation"
    taken_back: bool = False  # by its requester, when it was decided already

    @property
    def open(self) -> bool:
        return self.state in {"received", "disputed", "proposed"}


def open_challenge(
    session: Session,
    asked: Asked,
    claims: Sequence[Claim],
    *,
    by: Actor,
    received_on: datetime.date,
    person_id: uuid.UUID | None = None,
    refer: Callable[[str], str] = new_reference,
) -> Case:
    """Opens a correction case about one data subject with its lines, inside the caller's transaction.

    Staff see *challenge received, not yet checked* at the entries it names; nothing else follows yet. Raises
    StepRefused where nothing, or too much at once, is challenged."""
    if not claims:
        raise StepRefused(_("Say at least one thing that is wrong."))
    check_room(len(claims))
    opened = opening.open_cases(
        session, replace(asked, kind=KIND), by=by, received_on=received_on, person_id=person_id, refer=refer
    )
    case = opened.cases[0]
    for number, claim in enumerate(claims, start=1):
        put(session, case, number, claim, received_on)
    session.flush()
    ledger.append(session, case, "lines_added", by=by, on_date=received_on, answers={"lines": len(claims)})
    return case


def of_case(session: Session, case: Case) -> list[Line]:
    """The lines of the case in order, opened with one keyring query."""
    query = select(ChallengedLine).where(col(ChallengedLine.case_id) == case.id).order_by(col(ChallengedLine.number))
    rows = session.exec(query).all()
    return [_plain(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def line(session: Session, case: Case, line_id: uuid.UUID) -> Line:
    """One line of the case, or CaseNotFound."""
    row = session.get(ChallengedLine, (case.id, line_id))
    if row is None:
        raise CaseNotFound
    return _plain(row, vault_of(session).get(row))


def match(
    session: Session,
    case_id: uuid.UUID,
    line_id: uuid.UUID,
    entry_id: uuid.UUID | None,
    *,
    version: int,
    shown: bool,
    reason: str = "",
    by: Actor,
) -> None:
    """Settles which entry of the attached record a line means; None: none that is held says this.

    `shown` is a decision that the requester may be told of the entry, with its `reason`: where a family is, only a copy
    they were given can show them (R-56), so such an entry cannot be matched as one they may be told of here."""
    case = open_case(session, case_id)
    if case.state not in MATCHED_IN or case.child_id is None:
        raise StepRefused(_("Lines are matched once the record is attached. Find the record first."))
    row = held(session, case, line_id, version)
    if row.state not in {"received", "disputed"}:
        raise StepRefused(_("This line is decided already."))
    entry = session.get(Entry, (case.child_id, entry_id)) if entry_id else None
    if entry_id and (entry is None or entry.erased_at):
        raise CaseNotFound
    given = _given(session, row)
    if entry and shown and not (given and given.entry_id == entry.id):
        _check_may_be_told(entry, reason)
    marks.lift_marks(session, case.id, row.id, ("challenged", "disputed", "restricted"))
    row.matched, row.child_id = True, case.child_id
    row.entry_id, row.version_id, row.cls = (entry.id, entry.current_id, entry.cls) if entry else (None, None, None)
    row.shown = entry is not None and shown
    # Disputed stays disputed, wherever the case is by now: the mark stands while it is checked again who asks.
    past_check = row.state == "disputed" or case.state in {"weighing", "reconsidering"}
    if entry and past_check:
        _dispute(session, row, clocking.uk_today())
    elif past_check:
        row.state = "disputed"
    elif entry:
        _mark(session, row, "challenged", clocking.uk_today())
    row.version += 1
    session.add(row)
    answers = {"line": row.id.hex, "entry": entry.id.hex if entry else None, "shown": row.shown, "reason": reason}
    ledger.append(session, case, "line_matched", by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, "line_matched"))


def withdraw_line(session: Session, case_id: uuid.UUID, line_id: uuid.UUID, *, by: Actor) -> None:
    """The requester takes one line back: its marks end with it. The last open line is taken back with the case.

    A decision that was made already stands, and the answer tells it; until then the requester reads the same of such a
    line as of any other that they took back (R-92)."""
    case = open_case(session, case_id)
    row = held(session, case, line_id, None)
    told = vault_of(session).get(row)
    late = row.state == "decided" and not answer_is_out(case) and not told.get("taken_back")
    if not late and (reason := table.may_withdraw(row.state)):
        raise StepRefused(reason)
    if late:
        keep(session, row, {**told, "taken_back": True})
    else:
        _end(session, row, "withdrawn")
    answers = {"line": row.id.hex, "late": late}
    ledger.append(session, case, "line_withdrawn", by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, "line_withdrawn"))


def answer_is_out(case: Case) -> bool:
    """Whether what is decided may be known to the requester. While an answer is looked at again it is not."""
    return case.state in ANSWER_OUT


def others_on(session: Session, case: Case, entry_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[tuple[Case, Line]]]:
    """Lines of other cases about the same entries, for staff alone: neither requester learns of the other (R-56)."""
    if case.child_id is None or not entry_ids:
        return {}
    query = (
        select(ChallengedLine, Case)
        .join(Case, col(Case.id) == col(ChallengedLine.case_id))
        .where(
            col(ChallengedLine.child_id) == case.child_id,
            col(ChallengedLine.entry_id).in_(list(entry_ids)),
            col(ChallengedLine.case_id) != case.id,
        )
        .order_by(col(ChallengedLine.id))
    )
    found: dict[uuid.UUID, list[tuple[Case, Line]]] = {}
    rows = session.exec(query).all()
    payloads = vault_of(session).get_many([row for row, _case in rows])
    for (row, other), told in zip(rows, payloads, strict=True):
        if row.entry_id is not None:
            found.setdefault(row.entry_id, []).append((other, _plain(row, told)))
    return found


@verbs.follows
def move_lines(session: Session, case: Case, step: Step) -> None:
    """What a step of the case means for its lines and for the marks in the record."""
    if case.kind != KIND:
        return
    if step.name == "pass_check":
        for row in _rows(session, case, ("received",)):
            _dispute(session, row, clocking.uk_today())
    elif step.name in ENDING:
        state, outcome = ENDING[step.name]
        for row in _rows(session, case, ("received", "disputed", "proposed")):
            _end(session, row, state, outcome=outcome)
    elif step.name in REVIEWING:
        for row in _rows(session, case, ("decided",)):
            _again(session, row)
    if step.name in CLOSING or case.closed_at is not None:
        # The family has read, or could read, that the restriction ends: only now may it be lifted (Art 18(3)).
        _lift_restrictions(session, case)


@verbs.when_detached
def unmatch(session: Session, case: Case) -> None:
    """It was the wrong record: nothing of this challenge stays on it, and each line is matched anew. What was decided
    is not undone by this: a decision is changed by a decision."""
    if case.kind != KIND:
        return
    if _rows(session, case, ("decided",)):
        raise StepRefused(_("A line is decided on this record already, so it cannot be taken off the case."))
    for row in _rows(session, case, ("received", "disputed", "proposed")):
        marks.lift_marks(session, case.id, row.id, ("challenged", "disputed", "restricted"))
        row.matched, row.state, row.shown = False, "received", False
        row.child_id = row.entry_id = row.version_id = row.cls = None
        row.outcome = row.proposed_by = None
        row.version += 1
        session.add(row)


def _lift_restrictions(session: Session, case: Case) -> None:
    for row in _rows(session, case, ("decided", "withdrawn")):
        if row.outcome != "restricted":
            marks.lift_marks(session, case.id, row.id, ("restricted",))


def held(session: Session, case: Case, line_id: uuid.UUID, version: int | None) -> ChallengedLine:
    """The line's row, locked; the case is locked already. Raises LostRace when it is another version by now."""
    row = db.lock(session, ChallengedLine, case_id=case.id, id=line_id)
    if row is None:
        raise CaseNotFound
    if version is not None and row.version != version:
        raise LostRace
    return row


def put(session: Session, case: Case, number: int, claim: Claim, on: datetime.date) -> None:
    """Enters a claim as a line of the case; what their own copy printed is marked as challenged."""
    pinned = claim.pinned
    row = ChallengedLine(
        case_id=case.id,
        number=number,
        kind=claim.kind,
        restrict=claim.restrict,
        shown=pinned is not None,
        sealed=b"",
    )
    if pinned:
        row.child_id, row.entry_id, row.version_id = pinned.child_id, pinned.entry_id, pinned.version_id
        row.cls = pinned.cls
    vault_of(session).put(row, {"claim": _jsonable(claim)})
    session.add(row)
    if pinned:
        session.flush()
        _mark(session, row, "challenged", on)


def _dispute(session: Session, row: ChallengedLine, on: datetime.date) -> None:
    """From here everybody who reads the entry sees the mark and the day, not the family's words."""
    row.state = "disputed"
    if row.entry_id is not None:
        marks.lift_marks(session, row.case_id, row.id, ("challenged",))
        _mark(session, row, "disputed", on)
        if row.restrict or clocking.settings_of(session).restrict_by_default:
            _mark(session, row, "restricted", on)
    session.add(row)


def _again(session: Session, row: ChallengedLine) -> None:
    """A review puts what was refused back to disputed; the first decision stays in the ledger."""
    if row.outcome is None or table.answer(row.outcome, shown=row.shown) not in table.REVIEWABLE:
        return
    row.state, row.outcome, row.proposed_by, row.decided_by, row.decided_on = "disputed", None, None, None, None
    row.version += 1
    if row.entry_id is not None:
        marks.lift_marks(session, row.case_id, row.id, ("refused", "mistake", "allegation"))
        _mark(session, row, "disputed", clocking.uk_today())
    session.add(row)


def _end(session: Session, row: ChallengedLine, state: str, *, outcome: str | None = None) -> None:
    row.state, row.outcome = state, outcome
    row.version += 1
    marks.lift_marks(session, row.case_id, row.id, ("challenged", "disputed"))
    session.add(row)


def _mark(session: Session, row: ChallengedLine, kind: str, on: datetime.date, words: str = "") -> None:
    if row.child_id is None or row.entry_id is None or row.cls is None:
        return
    marks.put_mark(
        session,
        child_id=row.child_id,
        entry_id=row.entry_id,
        cls=row.cls,
        kind=kind,
        case_id=row.case_id,
        line_id=row.id,
        since=on,
        words=words,
    )


def _given(session: Session, row: ChallengedLine) -> Pinned | None:
    return _claim(vault_of(session).get(row)["claim"]).pinned


def _check_may_be_told(entry: Entry, reason: str) -> None:
    if entry.cls != "core":
        raise StepRefused(
            _("Where a family is, and which sensitive service it uses, is told only to somebody whose copy shows it."),
            need="shown",
        )
    if not reason.strip():
        raise StepRefused(_("Say why the requester may be told of this entry."), need="reason")


def check_room(count: int) -> None:
    """Raises StepRefused where a case would have more lines than it can take."""
    if count > MOST_LINES:
        raise StepRefused(_("That is more than we can take in one go. Send these first, then tell us about the rest."))


def open_case(session: Session, case_id: uuid.UUID) -> Case:
    """The case, locked. Raises StepRefused where it is finished, or none in which anything is challenged."""
    case = ledger.locked(session, case_id)
    if case.kind != KIND or case.closed_at is not None:
        raise StepRefused(_("This case is finished, so nothing in it can be changed."))
    return case


def _rows(session: Session, case: Case, states: tuple[str, ...]) -> Sequence[ChallengedLine]:
    query = select(ChallengedLine).where(col(ChallengedLine.case_id) == case.id, col(ChallengedLine.state).in_(states))
    return session.exec(query.order_by(col(ChallengedLine.number)).with_for_update()).all()


def keep(session: Session, row: ChallengedLine, told: dict[str, Any]) -> None:
    """What is told of a line from now on, as a new version of it."""
    row.version += 1
    vault_of(session).put(row, told)
    session.add(row)


def _jsonable(claim: Claim) -> dict[str, Any]:
    told = asdict(claim)
    if claim.pinned:
        told["pinned"] = {name: getattr(claim.pinned, name).hex for name in ("child_id", "entry_id", "version_id")}
        told["pinned"]["cls"] = claim.pinned.cls
    return told


def _claim(told: dict[str, Any]) -> Claim:
    return Claim(**{**told, "should_say": Value(**told["should_say"]), "pinned": _pinned(told.get("pinned"))})


def _pinned(told: dict[str, str] | None) -> Pinned | None:
    if told is None:
        return None
    ids = {name: uuid.UUID(hex=told[name]) for name in ("child_id", "entry_id", "version_id")}
    return Pinned(**ids, cls=told["cls"])


def _plain(row: ChallengedLine, told: dict[str, Any]) -> Line:
    decided = told.get("decided")
    return Line(
        **{name: getattr(row, name) for name in _COLUMNS},
        claim=_claim(told["claim"]),
        decided=Decided(**{**decided, "says": Value(**decided["says"])}) if decided else None,
        added=tuple(told.get("added", ())),
        statement=told.get("statement", ""),
        kept_as=told.get("kept_as", ""),
        taken_back=bool(told.get("taken_back")),
    )


_COLUMNS = (
    "case_id",
    "id",
    "version",
    "number",
    "state",
    "kind",
    "outcome",
    "matched",
    "child_id",
    "entry_id",
    "version_id",
    "cls",
    "shown",
    "restrict",
    "proposed_by",
    "decided_by",
    "decided_on",
)
