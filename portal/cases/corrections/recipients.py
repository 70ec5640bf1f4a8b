"""Who received the wrong version, and how each is told (Article 19, R-107).

The list is made with the decision, in its transaction: nobody can be told of a change that does not exist. A relative
who holds an earlier copy is told only by a reasoned decision, in words that tell nothing of whose case
it was (R-56). Which names the family may read is reviewed, like everything that is told them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import outside
from portal.cases.corrections.models import ChallengedLine, RecipientNotice
from portal.cases.corrections.outside import Shown
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.people.models import Person
from portal.records import sharing_heads
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

WAYS = ("email", "letter", "file", "phone", "message")
WITHOUT_TELLING = ("impossible", "disproportionate", "not_concerned")

LETTER = "recipient"  # its template; no family reads it

Holder = tuple[uuid.UUID, uuid.UUID]  # case and person of a released copy
Holders = Callable[[Session, uuid.UUID, uuid.UUID], Sequence[Holder]]
_holders: list[Holders] = []


@dataclass(frozen=True)
class Addressed:
    """To whom a letter is posted, of which child and what it speaks, what that says `now` (empty where it is gone), and
    a note, if any."""

    name: str
    lines: tuple[str, ...]
    child: str
    what: str
    now: str = ""
    note: str = ""


@dataclass(frozen=True)
class Notice:
    """One recipient of one line's wrong version, in plain values. The recipient's name is read from the register of
    sharings, in the record, by whoever may open it."""

    case_id: uuid.UUID
    id: uuid.UUID
    version: int
    line_id: uuid.UUID
    kind: str
    state: str
    source_id: uuid.UUID | None
    copy_case_id: uuid.UUID | None
    link_id: uuid.UUID | None
    told_on: datetime.date | None
    acknowledged_on: datetime.date | None
    sharing_id: uuid.UUID | None
    who: str
    way: str
    words: str
    reason: str
    named: str  # the name under which the family may read of them; empty while that is not decided


def holders_with(function: Holders) -> Holders:
    """Registers who knows which released copies hold an entry: (session, child, entry) -> cases with their persons."""
    if function not in _holders:
        _holders.append(function)
    return function


def list_holders(session: Session, case: Case, row: ChallengedLine) -> None:
    """Enters everybody who may have received the wrong version of this line's entry, once each; called with the
    decision. The requester's own copies are left out: they get the answer itself."""
    if row.child_id is None or row.entry_id is None or _there(session, case, row):
        return
    for sharing_id, _cls in sharing_heads(session, row.child_id):
        _enter(session, case, row, kind="body", sharing=sharing_id.hex)
    seen: set[uuid.UUID] = set()
    for holders in _holders:
        for copy_case_id, person_id in holders(session, row.child_id, row.entry_id):
            if person_id != case.requester_id and copy_case_id not in seen:
                seen.add(copy_case_id)
                _enter(session, case, row, kind="person", copy_case_id=copy_case_id)


def add(session: Session, case_id: uuid.UUID, line_id: uuid.UUID, who: str, *, by: Actor) -> uuid.UUID:
    """Enters a recipient that no register knows of: somebody remembers that it was passed on."""
    case = ledger.locked(session, case_id)
    row = session.get(ChallengedLine, (case.id, line_id))
    if row is None or row.state != "decided":
        raise StepRefused(_("Recipients are listed once the line is decided."))
    notice_id = _enter(session, case, row, kind="body", who=who)
    answers = {"line": line_id.hex, "notice": notice_id.hex}
    ledger.append(session, case, "recipient_added", by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, "recipient_added"))
    return notice_id


def of_case(session: Session, case: Case) -> list[Notice]:
    rows = _rows(session, case)
    return [_plain(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def told(
    session: Session,
    case_id: uuid.UUID,
    notice_id: uuid.UUID,
    *,
    version: int,
    way: str,
    words: str,
    reason: str = "",
    link_id: uuid.UUID | None = None,
    source_id: uuid.UUID | None = None,
    letter: Addressed | None = None,
    by: Actor,
) -> None:
    """Records that a recipient was told, in which words and how. A relative is told for a reason that is written down.
    With `letter` the letter is made as well; it stands among the letters of the case, for staff.

    Whoever sends something does it in the same transaction. Raises LostRace when somebody told them meanwhile: nobody
    is told twice."""
    case, row = _open(session, case_id, notice_id, version)
    if way not in WAYS:
        raise StepRefused(_("Say how they are told."), need="way")
    if row.kind == "person" and not reason.strip():
        raise StepRefused(_("Write down why this person is told."), need="reason")
    payload = vault_of(session).get(row)
    posted = {"letter": asdict(letter)} if letter else {}
    vault_of(session).put(row, {**payload, "way": way, "words": words, "reason": reason, **posted})
    row.state, row.told_on, row.version = "told", clocking.uk_today(), row.version + 1
    row.link_id, row.source_id = link_id, source_id or row.source_id
    session.add(row)
    _note(session, case, "recipient_told", row, by)
    if letter:
        args = {"case": case.id.hex, "notice": row.id.hex, "seq": str(case.seq)}
        jobs.enqueue(session, "make_recipient_letter", f"letter:{case.id.hex}:{case.seq}", args)


def tell_by_link(
    session: Session,
    case_id: uuid.UUID,
    notice_id: uuid.UUID,
    *,
    version: int,
    source_id: uuid.UUID,
    way: str,
    shown: Shown,
    answer_by: datetime.date,
    by: Actor,
) -> str:
    """Sends a link with what was changed to a body of the register, and answers the code, which is given by `way`. The
    body acknowledges on the page of the link. Raises as `told` and `outside.send`."""
    case, row = _open(session, case_id, notice_id, version)
    if row.kind != "body":
        raise StepRefused(_("A link goes to a body of the register only. Write to this person on their own case."))
    link_id, code = outside.send(
        session,
        case.id,
        row.line_id,
        purpose="tell_recipient",
        source_id=source_id,
        way=way,
        shown=shown,
        answer_by=answer_by,
        by=by,
    )
    told(
        session,
        case_id,
        notice_id,
        version=version,
        way="email",
        words=shown.now,
        link_id=link_id,
        source_id=source_id,
        by=by,
    )
    return code


def tell_relative(
    session: Session, case_id: uuid.UUID, notice_id: uuid.UUID, *, version: int, words: str, reason: str, by: Actor
) -> None:
    """Writes to a person who holds an earlier copy, on their own case, for a reason that is written down.

    Nothing in the words may tell of another case: they are refused where they hold this case's reference or a name of
    whoever asked here (R-56). Raises as `told`."""
    copy_case_id = _notice(session, case_id, notice_id).copy_case_id
    if copy_case_id is None:
        raise StepRefused(_("This person has no case of their own here. Tell them by letter or telephone."))
    for one in sorted((case_id, copy_case_id)):  # two cases are always locked in the same order
        ledger.locked(session, one)
    case, row = _open(session, case_id, notice_id, version)
    if row.kind != "person":
        raise StepRefused(_("A body is told by link, letter, file or telephone."))
    if not words.strip():
        raise StepRefused(_("Write what they are told."), need="words")
    if names_who_asks(session, case, words):
        raise StepRefused(
            _("Leave out every name and reference of the other case: nobody may learn from this that there is one."),
            need="words",
        )
    told(session, case_id, notice_id, version=version, way="message", words=words, reason=reason, by=by)
    verbs.write_message(session, copy_case_id, "to_requester", words, by=by)


def review_names(session: Session, case_id: uuid.UUID, names: Mapping[uuid.UUID, str], *, by: Actor) -> None:
    """Decides which names of recipients the family may read, by notice: an empty name is not told (Art 19).

    Nobody but a body can be named: whether a relative holds a copy is theirs alone (R-56). Raises StepRefused."""
    case = ledger.locked(session, case_id)
    rows = _rows(session, case)
    vault = vault_of(session)
    for row, payload in zip(rows, vault.get_many(rows), strict=True):
        name = names.get(row.id, payload.get("named", "")).strip()
        if name and row.kind != "body":
            raise StepRefused(_("A person who holds a copy is never named to somebody else."))
        if name != payload.get("named", ""):
            vault.put(row, {**payload, "named": name})
            row.version += 1
            session.add(row)
    answers = {"named": len([name for name in names.values() if name.strip()])}
    ledger.append(session, case, "recipients_reviewed", by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, "recipients_reviewed"))


def names_for_family(notices: Sequence[Notice], line_id: uuid.UUID | None = None) -> tuple[str, ...]:
    """The names of those who were told, of one line or of all, as far as they were released for the family."""
    told_ones = (one for one in notices if one.state in {"told", "acknowledged"})
    return tuple(dict.fromkeys(one.named for one in told_ones if one.named and line_id in (None, one.line_id)))


def not_concerned(
    session: Session, case_id: uuid.UUID, versions: Mapping[uuid.UUID, int], reason: str, *, by: Actor
) -> None:
    """Records of several bodies at once, by notice with the version that was seen, that they never got the wrong
    version: for one reason that is true of each. All of them or none."""
    for notice_id in sorted(versions):
        if _notice(session, case_id, notice_id).kind != "body":
            raise StepRefused(_("A person who holds a copy got the wrong version: that is settled one by one."))
        left_out(session, case_id, notice_id, version=versions[notice_id], state="not_concerned", reason=reason, by=by)


def left_out(
    session: Session, case_id: uuid.UUID, notice_id: uuid.UUID, *, version: int, state: str, reason: str, by: Actor
) -> None:
    """Records why a recipient is not told: impossible, out of proportion, or they never got the wrong version."""
    case, row = _open(session, case_id, notice_id, version)
    if state not in WITHOUT_TELLING:
        raise StepRefused(_("Choose why they are not told."), need="state")
    if not reason.strip():
        raise StepRefused(_("Give the reason."), need="reason")
    payload = vault_of(session).get(row)
    vault_of(session).put(row, {**payload, "reason": reason})
    row.state, row.version = state, row.version + 1
    session.add(row)
    _note(session, case, "recipient_left_out", row, by)


def acknowledged(session: Session, case_id: uuid.UUID, notice_id: uuid.UUID, *, version: int, by: Actor) -> None:
    """Records that a recipient who was told says that they put it right."""
    case = ledger.locked(session, case_id)
    row = _held(session, case, notice_id, version)
    if row.state != "told":
        raise StepRefused(_("Only somebody who was told can have confirmed it."))
    row.state, row.acknowledged_on, row.version = "acknowledged", clocking.uk_today(), row.version + 1
    session.add(row)
    _note(session, case, "recipient_acknowledged", row, by)


def names_who_asks(session: Session, case: Case, words: str) -> bool:
    """Whether the words hold this case's reference, or the name of whoever asked here. Nobody outside may learn
    either (R-56)."""
    said = words.casefold()
    if case.reference.casefold() in said or case.reference.replace("-", "").casefold() in said:
        return True
    person = session.get(Person, case.requester_id) if case.requester_id else None
    name = str(vault_of(session).get(person).get("name", "")) if person else ""
    return bool(name) and " ".join(name.casefold().split()) in " ".join(said.split())


def _rows(session: Session, case: Case) -> Sequence[RecipientNotice]:
    query = select(RecipientNotice).where(col(RecipientNotice.case_id) == case.id).order_by(col(RecipientNotice.id))
    return session.exec(query).all()


def _notice(session: Session, case_id: uuid.UUID, notice_id: uuid.UUID) -> RecipientNotice:
    row = session.get(RecipientNotice, (case_id, notice_id))
    if row is None:
        raise CaseNotFound
    return row


def _enter(
    session: Session,
    case: Case,
    row: ChallengedLine,
    *,
    kind: str,
    sharing: str = "",
    who: str = "",
    copy_case_id: uuid.UUID | None = None,
) -> uuid.UUID:
    notice = RecipientNotice(case_id=case.id, line_id=row.id, kind=kind, copy_case_id=copy_case_id, sealed=b"")
    vault_of(session).put(notice, {"sharing": sharing, "who": who})
    session.add(notice)
    session.flush()
    return notice.id


def _there(session: Session, case: Case, row: ChallengedLine) -> bool:
    query = select(RecipientNotice.id).where(
        col(RecipientNotice.case_id) == case.id,
        col(RecipientNotice.line_id) == row.id,
        col(RecipientNotice.state) == "open",
    )
    return session.exec(query.limit(1)).first() is not None


def _open(session: Session, case_id: uuid.UUID, notice_id: uuid.UUID, version: int) -> tuple[Case, RecipientNotice]:
    case = ledger.locked(session, case_id)
    row = _held(session, case, notice_id, version)
    if row.state != "open":
        raise StepRefused(_("This recipient is told already, or it is settled why not."))
    return case, row


def _held(session: Session, case: Case, notice_id: uuid.UUID, version: int) -> RecipientNotice:
    row: RecipientNotice | None = db.lock(session, RecipientNotice, case_id=case.id, id=notice_id)
    if row is None:
        raise CaseNotFound
    if row.version != version:
        raise LostRace
    return row


def _note(session: Session, case: Case, name: str, row: RecipientNotice, by: Actor) -> None:
    answers = {"line": row.line_id.hex, "notice": row.id.hex, "state": row.state}
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, name))


def _plain(row: RecipientNotice, payload: dict[str, Any]) -> Notice:
    sharing = payload.get("sharing", "")
    return Notice(
        **{name: getattr(row, name) for name in _COLUMNS},
        sharing_id=uuid.UUID(hex=sharing) if sharing else None,
        **{name: payload.get(name, "") for name in ("who", "way", "words", "reason", "named")},
    )


_COLUMNS = (
    "case_id",
    "id",
    "version",
    "line_id",
    "kind",
    "state",
    "source_id",
    "copy_case_id",
    "link_id",
    "told_on",
    "acknowledged_on",
)
