"""A decision changes the record: a new version counts from now on, the old ones stay, and no feed can undo it (R-111).

Each function belongs to the transaction of the verb that decides, which has locked its case; here the child's row is
locked, as an import does, so that a feed and a decision come one after the other. What opens an entry logs it first.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit, db
from portal.audit import Act
from portal.errors import Conflict, NotThere, PortalError
from portal.records import clashes, erasures, recognised, words
from portal.records.feeds import dates, statements
from portal.records.models import Child, Entry, FeedMark, Version
from portal.records.reading import OldVersion, versions
from portal.vault import Owner, vault_of
from workflows.words import mark as _

__all__ = [
    "Moved",
    "NewValue",
    "NoValue",
    "NotHeld",
    "OldVersion",
    "accept_source",
    "complete",
    "correct",
    "erase",
    "label_opinion",
    "versions",
]


class Moved(Conflict):
    """The entry has another version by now than the one that was weighed."""

    words = _("This entry has changed since you opened it, so nothing was decided. Look at what it says now.")


class NoValue(PortalError):
    """What the entry should say cannot be kept like that."""

    words = _("Say what the entry should say.")


class NotHeld(NotThere):
    """No such entry in this record, or one that is destroyed."""

    words = _("This entry is not in the record any more.")


@dataclass(frozen=True)
class NewValue:
    """What an entry shall say. A date is written as a feed may write it; of a code, `value` may be left out. `source`
    names another body as the one that says so; without it the source stays."""

    kind: Literal["text", "date", "code"] = "text"
    value: str = ""
    code: str = ""
    plain: str = ""
    about_on: datetime.date | None = None
    source: str = ""


@dataclass(frozen=True)
class _Which:
    """The entry that is decided, the version that was weighed, and who decides in which case."""

    child_id: uuid.UUID
    entry_id: uuid.UUID
    case_id: uuid.UUID
    expected: uuid.UUID | None
    by: str


@dataclass(frozen=True)
class _Open:
    """An entry under its child's lock, with what it says now."""

    child: Child
    entry: Entry
    told: dict[str, Any]
    case_id: uuid.UUID


def correct(
    session: Session,
    *,
    child_id: uuid.UUID,
    entry_id: uuid.UUID,
    case_id: uuid.UUID,
    value: NewValue,
    expected_version_id: uuid.UUID,
    by: str = "system",
) -> uuid.UUID:
    """Makes `value` what the entry says; answers the id of the new version. Where the entry tells who the child is,
    search and identity follow at once.

    Raises Moved when `expected_version_id` does not count any more, NoValue, NotHeld."""
    found = _opened(session, _Which(child_id, entry_id, case_id, expected_version_id, by), "correct")
    return _decide(session, found, _with_value(found.told, value))


def complete(
    session: Session,
    *,
    child_id: uuid.UUID,
    entry_id: uuid.UUID,
    case_id: uuid.UUID,
    value: NewValue,
    expected_version_id: uuid.UUID,
    by: str = "system",
) -> uuid.UUID:
    """Adds what is missing (R-101): like `correct`, but a text keeps all that it said. Raises NoValue where it does
    not, because that is a correction."""
    found = _opened(session, _Which(child_id, entry_id, case_id, expected_version_id, by), "complete")
    new = _with_value(found.told, value)
    if new["kind"] == "text" and _squeezed(str(found.told["value"])) not in _squeezed(str(new["value"])):
        raise NoValue(_("To complete an entry is to add to it. Keep what it says now, or choose “corrected”."))
    return _decide(session, found, new)


def label_opinion(
    session: Session,
    *,
    child_id: uuid.UUID,
    entry_id: uuid.UUID,
    case_id: uuid.UUID,
    expected_version_id: uuid.UUID,
    author: str = "",
    by: str = "system",
) -> uuid.UUID:
    """Marks what the entry says as an opinion, and whose it is where `author` is given (R-102). As `correct`."""
    found = _opened(session, _Which(child_id, entry_id, case_id, expected_version_id, by), "label_opinion")
    return _decide(session, found, {**found.told, "opinion": True, **({"author": author} if author else {})})


def accept_source(
    session: Session, child_id: uuid.UUID, entry_id: uuid.UUID, case_id: uuid.UUID, *, by: str = "system"
) -> uuid.UUID:
    """A person decides that what the source says now counts: as a version of its own, so that the history tells who
    decided when. From then on the entry follows its source again. Raises NotHeld."""
    child, entry = _held(session, child_id, entry_id)
    if entry.current_id == entry.source_head_id:
        return entry.current_id
    source = session.get_one(Version, (child_id, entry_id, entry.source_head_id))
    _log(session, entry, case_id, "accept_source", by)
    vault = vault_of(session)
    told = vault.open(source.vault_owner(), source.vault_row(), source.sealed or b"", look=True)
    before = _told(session, entry)
    entry.cls = source.cls
    entry.current_id = entry.source_head_id = _version(session, entry, case_id, told)
    entry.decided_value = None
    entry.version += 1
    session.add(entry)
    clashes.close_at(session, child_id, entry_id, "accepted")
    if kind := told.get("identifies"):
        recognised.follow_feeds(session, child, kind, was=recognised.value_of(before), now=recognised.value_of(told))
    _look_again(session, child_id)
    session.flush()
    return entry.current_id


def erase(
    session: Session,
    *,
    child_id: uuid.UUID,
    entry_id: uuid.UUID,
    case_id: uuid.UUID,
    expected_version_id: uuid.UUID | None = None,
    by: str = "system",
) -> None:
    """Destroys what the entry says in every version; a tombstone with the case and the moment stays, and nothing that a
    feed says of it is taken in again. Whether the law allows it is decided before (R-81, R-152).

    Raises Moved, NotHeld."""
    found = _opened(session, _Which(child_id, entry_id, case_id, expected_version_id, by), "erase")
    entry, at = found.entry, db.now()
    tombstone = Version(
        child_id=child_id, entry_id=entry_id, sealed=None, why="correction", made_at=at, case_id=case_id
    )
    tombstone.cls = entry.cls
    session.add(tombstone)
    entry.current_id = entry.source_head_id = tombstone.id
    clashes.close_at(session, child_id, entry_id, "decided")
    _look_again(session, child_id)
    erasures.destroy(session, found.child, entry, at)
    erasures.note(session, erasures.Erased(child_id, entry_id, at))


def _opened(session: Session, which: _Which, act: str) -> _Open:
    """The entry with what it says now. Raises Moved where another version than the expected one counts."""
    child, entry = _held(session, which.child_id, which.entry_id)
    if which.expected is not None and entry.current_id != which.expected:
        raise Moved
    _log(session, entry, which.case_id, act, which.by)
    return _Open(child, entry, _told(session, entry), which.case_id)


def _held(session: Session, child_id: uuid.UUID, entry_id: uuid.UUID) -> tuple[Child, Entry]:
    child = db.lock(session, Child, id=child_id)
    entry = db.lock(session, Entry, child_id=child_id, id=entry_id)
    if child is None or entry is None or entry.erased_at is not None:
        raise NotHeld
    return child, entry


def _told(session: Session, entry: Entry) -> dict[str, Any]:
    row = session.get_one(Version, (entry.child_id, entry.id, entry.current_id))
    return vault_of(session).open(row.vault_owner(), row.vault_row(), row.sealed or b"", look=True)


def _decide(session: Session, found: _Open, told: dict[str, Any]) -> uuid.UUID:
    """The new version counts, and is remembered as decided."""
    entry = found.entry
    entry.current_id = _version(session, entry, found.case_id, told)
    core = Owner.child(entry.child_id, "core")
    entry.decided_value = statements.value_hash(vault_of(session), core, told["value"], told.get("code", ""))
    entry.version += 1
    session.add(entry)
    clashes.close_at(session, entry.child_id, entry.id, "decided")
    if kind := told.get("identifies"):
        recognised.put_right(
            session, found.child, kind, was=recognised.value_of(found.told), now=recognised.value_of(told)
        )
    _look_again(session, entry.child_id)
    session.flush()
    return entry.current_id


def _version(session: Session, entry: Entry, case_id: uuid.UUID, told: dict[str, Any]) -> uuid.UUID:
    row = Version(
        child_id=entry.child_id, entry_id=entry.id, sealed=b"", why="correction", made_at=db.now(), case_id=case_id
    )
    row.cls = entry.cls
    row.sealed = vault_of(session).seal(row.vault_owner(), row.vault_row(), told)
    session.add(row)
    return row.id


def _with_value(told: dict[str, Any], new: NewValue) -> dict[str, Any]:
    """What the entry says, with the new value; flags told of the old one."""
    kept = {name: value for name, value in told.items() if name not in {"flags", "plain", "code"}}
    kept |= {"kind": new.kind, "value": new.value.strip()}
    if new.kind == "date":
        kept |= _as_date(told, new)
    elif new.kind == "code":
        kept |= _as_code(told, new)
    if not kept["value"]:
        raise NoValue
    if new.about_on:
        kept["about_on"] = new.about_on.isoformat()
    if new.source:
        kept |= {"source": new.source, "source_key": ""}
    return kept


def _as_date(told: dict[str, Any], new: NewValue) -> dict[str, Any]:
    day = _day(new.value)
    was = dates.parse(str(told.get("value", "")))
    own = was is not None and told.get("about_on") == was.isoformat()  # an entry about the very day it states
    return {"value": day, **({"about_on": day} if own else {})}


def _as_code(told: dict[str, Any], new: NewValue) -> dict[str, Any]:
    code = (new.code or new.value).strip()
    plain = new.plain or words.plain(str(told.get("code_set", "")), code)
    return {"value": code, "code": code, **({"plain": plain} if plain else {})}


def _day(text: str) -> str:
    day = dates.parse(text.strip())
    if day is None:
        raise NoValue(_("Give the date with day, month and year, like 27 3 2024."))
    return day.isoformat()


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()


def _look_again(session: Session, child_id: uuid.UUID) -> None:
    """Lets the next import look at what feeds say of this child, even in a file that has not changed."""
    session.execute(sa.update(FeedMark).where(col(FeedMark.child_id) == child_id).values(fingerprint=b""))


def _log(session: Session, entry: Entry, case_id: uuid.UUID, act: str, by: str) -> None:
    told = Act(
        chain=audit.child_chain(entry.child_id),
        act=act,
        actor=by,
        child_id=entry.child_id,
        case_id=case_id,
        classes=(entry.cls,),
        reason="correction",
        detail={"entry": entry.id.hex},
    )
    audit.append(session, told)
