"""The one way to the plain values of a record. Log first, then open; refuse by default.

`read` takes a `Looking` (issued by cases after the assignment was checked) and logs one look per child and page.
In a read-only transaction the look is committed by itself before anything is opened; in a write transaction it is
part of it. Before a record is attached to a case there is only `candidates`.

What is destroyed is not read. What is restricted comes masked, and nothing of it is opened, until a reason is stated.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from babel.dates import format_date
from sqlmodel import Session, col, select

from portal.records import restrictions
from portal.records.looking import Looking, LookRefused, log_look
from portal.records.marks import Mark, classes, open_marks
from portal.records.models import Entry, EntryMark, Sharing, Version
from portal.vault import SealedRow, vault_of
from workflows.words import mark as _

PAGE = 50


@dataclass(frozen=True)
class OpenEntry:
    """One entry in plain values, as its pinned version says it.

    `current` while no other version counts. `marks` are the kinds of mark that stand at it. A `masked` one is
    restricted and was not opened: its label says so, and its value is empty. `identifies` is what it tells of who the
    child is (identities.KINDS), or empty. `beside` names the entry beside which these words stand, where they are no
    entry themselves."""

    id: uuid.UUID
    version_id: uuid.UUID
    cls: str
    position: int
    category: str
    label: str
    value: str
    kind: str = "text"
    code: str = ""
    code_set: str = ""
    plain: str = ""
    about_on: datetime.date | None = None
    source: str = ""
    source_key: str = ""
    author: str = ""
    opinion: bool = False
    flags: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    identifies: str = ""
    marks: tuple[str, ...] = ()
    disputed_since: datetime.date | None = None
    restricted: bool = False
    masked: bool = False
    version_why: str = ""
    current: bool = True
    beside: uuid.UUID | None = None

    @property
    def text(self) -> str:
        """What a reader sees as the value: a code in plain words, a day as it is said, a text as it is."""
        return self.plain or (_day_in_words(self.value) if self.kind == "date" else self.value)


@dataclass(frozen=True)
class OldVersion:
    """One version of an entry, for those who need its history. `entry` is None where nothing of it may be read:
    destroyed, or restricted and not opened."""

    id: uuid.UUID
    why: str
    made_at: datetime.datetime
    case_id: uuid.UUID | None
    current: bool
    destroyed: bool
    entry: OpenEntry | None

    @property
    def value(self) -> str:
        """What it says, or nothing where it may not be read."""
        return self.entry.value if self.entry else ""


def _day_in_words(value: str) -> str:
    """2019-04-02 is 2 April 2019; what is no day stays as the source wrote it."""
    try:
        return format_date(datetime.date.fromisoformat(value), "long", locale="en_GB")
    except ValueError:
        return value


def heads(session: Session, child_id: uuid.UUID) -> Sequence[Entry]:
    """The entries of a record without their contents, in order: what a review or a page is planned from.

    Without those that ended or were destroyed."""
    query = (
        select(Entry)
        .where(col(Entry.child_id) == child_id, col(Entry.ended_at).is_(None), col(Entry.erased_at).is_(None))
        .order_by(col(Entry.position), col(Entry.id))
    )
    return session.exec(query).all()


def unsettled(session: Session, child_id: uuid.UUID, pinned: Mapping[uuid.UUID, uuid.UUID]) -> set[uuid.UUID]:
    """Of entries pinned to a version those to look at more closely, with one query for all: another version counts by
    now, or their use is restricted."""
    at = sa.and_(
        col(EntryMark.child_id) == col(Entry.child_id),
        col(EntryMark.entry_id) == col(Entry.id),
        col(EntryMark.kind) == "restricted",
        col(EntryMark.lifted_at).is_(None),
    )
    query = sa.select(col(Entry.id), col(Entry.current_id), col(EntryMark.id)).outerjoin(EntryMark, at)
    rows = session.execute(query.where(col(Entry.child_id) == child_id, col(Entry.id).in_(list(pinned))))
    return {one for one, current, restricted in rows if restricted is not None or current != pinned[one]}


def destroyed(session: Session, child_id: uuid.UUID, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these entries a decision destroyed."""
    query = sa.select(col(Entry.id)).where(
        col(Entry.child_id) == child_id, col(Entry.id).in_(list(ids)), col(Entry.erased_at).is_not(None)
    )
    return set(session.scalars(query))


def overtaken(
    session: Session, child_id: uuid.UUID, pinned: Mapping[uuid.UUID, uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Of entries pinned to a version those that a correction changed or destroyed since, with the version that counts
    now: what was replaced is out of ordinary sight from that moment on, also where somebody is at work on it."""
    corrected = (
        sa.select(col(Version.entry_id), sa.func.max(col(Version.made_at)).label("last"))
        .where(
            col(Version.child_id) == child_id,
            col(Version.entry_id).in_(list(pinned)),
            col(Version.why) == "correction",
        )
        .group_by(col(Version.entry_id))
        .subquery()
    )
    query = (
        sa.select(col(Entry.id), col(Entry.current_id), col(Version.id))
        .join(corrected, corrected.c.entry_id == col(Entry.id))
        .join(Version, sa.and_(col(Version.child_id) == col(Entry.child_id), col(Version.entry_id) == col(Entry.id)))
        .where(col(Entry.child_id) == child_id, col(Version.made_at) >= corrected.c.last)
    )
    kept: dict[uuid.UUID, set[uuid.UUID]] = {}
    now: dict[uuid.UUID, uuid.UUID] = {}
    for entry_id, current_id, version_id in session.execute(query):
        kept.setdefault(entry_id, set()).add(version_id)
        now[entry_id] = current_id
    return {one: current for one, current in now.items() if pinned[one] not in kept[one]}


def read(
    session: Session,
    looking: Looking,
    entry_ids: Sequence[uuid.UUID],
    *,
    versions: dict[uuid.UUID, uuid.UUID] | None = None,
) -> list[OpenEntry]:
    """Opens entries, in the order of `entry_ids`; `versions` pins an entry to one of its versions.

    A destroyed entry is left out. A restricted one comes masked, unless `looking` gives a reason or the reader stated
    one before. Raises LookRefused for an entry of another child. The look is in the log before this returns."""
    if not entry_ids:
        return []
    by_id = _entries(session, looking.child_id, entry_ids)
    pinned = {entry.id: (versions or {}).get(entry.id, entry.current_id) for entry in by_id.values()}
    marks = open_marks(session, looking.child_id, list(pinned))
    shut = restrictions.masked(session, looking, marks)
    rows = {row.id: row for row in _versions(session, looking.child_id, list(pinned.values()))}
    to_open = [rows[version] for one, version in pinned.items() if version in rows and one not in shut]
    seen = classes({entry.cls for entry in by_id.values()} | {row.cls for row in to_open})
    log_look(session, looking, "look", seen, len(by_id), **_restricted(looking, shut))
    payloads = _open(session, to_open)
    found = []
    for one in entry_ids:
        if (row := rows.get(pinned[one])) is not None:
            said = _MASKED if one in shut else payloads[row.id]
            found.append(_opened(by_id[one], row, said, marks.get(one, []), masked=one in shut))
    return found


def versions(session: Session, looking: Looking, entry_id: uuid.UUID) -> list[OldVersion]:
    """Every version of an entry, the first one first: for staff who weigh it, logged as a look at its history.

    Raises LookRefused for an entry of another child."""
    entry = _entries(session, looking.child_id, [entry_id])[entry_id]
    marks = open_marks(session, looking.child_id, [entry_id])
    shut = restrictions.masked(session, looking, marks)
    query = select(Version).where(col(Version.child_id) == entry.child_id, col(Version.entry_id) == entry.id)
    rows = session.exec(query.order_by(col(Version.made_at), col(Version.id))).all()
    to_open = [] if shut else [row for row in rows if row.sealed is not None]
    seen = classes({entry.cls} | {row.cls for row in to_open})
    log_look(session, looking, "look_history", seen, 1, **_restricted(looking, shut))
    payloads = _open(session, to_open)
    return [
        OldVersion(
            row.id,
            row.why,
            row.made_at,
            row.case_id,
            row.id == entry.current_id,
            row.sealed is None,
            _opened(entry, row, payloads[row.id], marks.get(entry_id, [])) if row.id in payloads else None,
        )
        for row in rows
    ]


def sharing_heads(session: Session, child_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """Ids and classes of the lines that say with whom the record was shared, without their contents."""
    query = sa.select(col(Sharing.id), col(Sharing.cls)).where(col(Sharing.child_id) == child_id)
    return [(one, cls) for one, cls in session.execute(query.order_by(col(Sharing.id)))]


def shared_with(session: Session, looking: Looking, ids: Sequence[uuid.UUID]) -> list[OpenEntry]:
    """Whom the record was shared with, what, when and how (Art 15(1)(c)), as entries of their own; logged."""
    if not ids:
        return []
    query = select(Sharing).where(col(Sharing.child_id) == looking.child_id, col(Sharing.id).in_(list(ids)))
    rows = session.exec(query.order_by(col(Sharing.id))).all()
    if len(rows) != len(set(ids)):
        raise LookRefused("This entry does not belong to the record of this case.")
    log_look(session, looking, "look_sharings", tuple(sorted({row.cls for row in rows})), len(rows))
    payloads = vault_of(session).get_many(rows, look=True)
    return [_shared(place, row, told) for place, (row, told) in enumerate(zip(rows, payloads, strict=True))]


def _shared(place: int, row: Sharing, told: dict[str, Any]) -> OpenEntry:
    how = f" ({told['how']})" if told.get("how") else ""
    return OpenEntry(
        id=row.id,
        version_id=row.id,
        cls=row.cls,
        position=place,
        category="shared",
        label=_("Shared with"),
        value=f"{told.get('recipient', '')}: {told.get('what', '')}{how}",
        about_on=datetime.date.fromisoformat(told["on"]) if told.get("on") else None,
    )


def _entries(session: Session, child_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Entry]:
    rows = session.exec(select(Entry).where(col(Entry.child_id) == child_id, col(Entry.id).in_(list(ids)))).all()
    found = {row.id: row for row in rows}
    if len(found) != len(set(ids)):
        raise LookRefused("This entry does not belong to the record of this case.")
    return found


def _versions(session: Session, child_id: uuid.UUID, version_ids: list[uuid.UUID]) -> list[Version]:
    """These versions, still sealed; an older one can be of another class than its entry is now."""
    query = select(Version).where(col(Version.child_id) == child_id, col(Version.id).in_(version_ids))
    return [row for row in session.exec(query).all() if row.sealed is not None]


def _restricted(looking: Looking, shut: set[uuid.UUID]) -> dict[str, str | int]:
    """What the log says of restricted entries: how many stayed shut, and for what reason others were opened."""
    because: dict[str, str | int] = {"because": looking.restricted_because} if looking.restricted_because else {}
    return because | ({"masked": len(shut)} if shut else {})


def _open(session: Session, rows: Sequence[Version]) -> dict[uuid.UUID, dict[str, Any]]:
    """The payloads of versions whose look is in the log."""
    opened = vault_of(session).get_many(cast("list[SealedRow]", rows), look=True)
    return {row.id: payload for row, payload in zip(rows, opened, strict=True)}


_MASKED: dict[str, Any] = {"category": "restricted", "label": _("The use of this entry is restricted"), "value": ""}


def _opened(
    entry: Entry, row: Version, told: dict[str, Any], marks: Sequence[Mark], *, masked: bool = False
) -> OpenEntry:
    plain = {name: told[name] for name in _PLAIN if name in told}
    about = told.get("about_on")
    return OpenEntry(
        id=entry.id,
        version_id=row.id,
        cls=entry.cls,
        position=entry.position,
        about_on=datetime.date.fromisoformat(str(about)) if about else None,
        flags=tuple(told.get("flags") or ()),
        people=tuple(told.get("people") or ()),
        marks=tuple(dict.fromkeys(mark.kind for mark in marks)),
        disputed_since=min((mark.since for mark in marks if mark.kind == "disputed"), default=None),
        restricted=any(mark.kind == "restricted" for mark in marks),
        masked=masked,
        version_why=row.why,
        current=entry.current_id == row.id,
        **plain,
    )


_PLAIN = (
    "category",
    "label",
    "value",
    "kind",
    "code",
    "code_set",
    "plain",
    "source",
    "source_key",
    "author",
    "opinion",
    "identifies",
)
