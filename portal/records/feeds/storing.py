"""One batch of children into the database: rows planned child by child, then written with a few Core statements.

Everything new is sealed and fingerprinted; nothing is opened. Keys are minted in the keyring, and committed there,
before the first row that uses them (design section 8, 3).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from portal import audit, db
from portal.audit import Act
from portal.records.feeds import joining, statements
from portal.records.feeds.held import Held
from portal.records.feeds.items import FeedChild, FeedItem, FeedProblem
from portal.records.feeds.joining import Key, Known, Mark
from portal.records.feeds.report import Tally
from portal.records.models import Child, Entry, FeedMark, Lookup, Mentioned, Source, Version, mark_row
from portal.vault import Owner, Vault, vault_of

TWICE = "The same child is already on line {line}."
ALIKE = "Another record has the same {number}, but that is not enough to join them. A person has to compare the two."
_NUMBERS = {
    "local_id": "council’s number",
    "directory_id": "directory number",
    "nhs_number": "NHS number",
    "upn": "pupil number",
}
IMPORT_LOCK = 0x706F7274  # one import at a time: two could each make a record of the same child


@dataclass
class Outcome:
    """What came of one batch; added to the report once its transaction is committed."""

    children: Tally = field(default_factory=Tally)
    entries: Tally = field(default_factory=Tally)
    problems: list[FeedProblem] = field(default_factory=list)
    lines: dict[uuid.UUID, int] = field(default_factory=dict)  # record -> line of the child that it is
    sources: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Run:
    """What is known of the run so far: records and sources it has met already."""

    format: str
    lines: Mapping[uuid.UUID, int]
    sources: set[str]


def called(child: FeedChild) -> str:
    """How the file calls a child."""
    return child.local_id or child.directory_id or child.upn or child.nhs_number


def store(session: Session, run: Run, children: Sequence[FeedChild]) -> Outcome:
    """Takes the children in inside the caller's write transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(IMPORT_LOCK)))
    vault, outcome = vault_of(session), Outcome()
    told = _matched(session, vault, run, children, outcome)
    vault.mint({owner for one in told for owner in one.owners} | {Owner.system()})
    vault.preload({owner for one in told for owner in one.owners} | {Owner.system()})
    news = [one for one in told if _is_news(vault, one, outcome)]
    there = Held.of(session, [one.known.id for one in news if not one.new])
    rows = _Rows(vault, run, outcome, there)
    for one in news:
        rows.plan(one)
    rows.write(session)
    return outcome


@dataclass
class _Told:
    """One child of the batch with the record it is."""

    child: FeedChild
    feed: str
    known: Known
    new: bool
    said: list[str] = field(default_factory=list)  # by its items, in their order
    fingerprint: bytes = b""

    @property
    def owners(self) -> set[Owner]:
        classes = {"core", *(item.cls for item in self.child.items)}
        return {Owner.child(self.known.id, cls) for cls in classes}

    @property
    def core(self) -> Owner:
        return Owner.child(self.known.id, "core")


def _matched(session: Session, vault: Vault, run: Run, children: Sequence[FeedChild], outcome: Outcome) -> list[_Told]:
    """Each child with its record, in order, so that the outcome is the same however the file is cut into batches."""
    records, told = joining.Records(session, vault, children), []
    for child in children:
        feed = joining.feed_of(run.format, child)
        known = records.match(child, feed)
        if known and (line := run.lines.get(known.id) or outcome.lines.get(known.id)):
            outcome.problems.append(FeedProblem(child.line, called(child), TWICE.format(line=line)))
            continue
        if known is None and (number := records.alike(child, feed)):
            reason = ALIKE.format(number=_NUMBERS[number])
            outcome.problems.append(FeedProblem(child.line, called(child), reason, refused=False))
        one = _Told(child, feed, known or Known(db.new_id()), new=known is None)
        if known is None:
            records.add(one.known, joining.all_keys(vault, child, shielded=False))
            one.known.marks[feed] = Mark(b"", joining.is_numbered(child))
        outcome.lines[one.known.id] = child.line
        told.append(one)
    return told


def _is_news(vault: Vault, one: _Told, outcome: Outcome) -> bool:
    """Whether the feed says anything that it did not say before."""
    one.said = [statements.said(item) for item in one.child.items]
    one.fingerprint = vault.fingerprint(one.core, "child", statements.said_of_child(one.child, one.said))
    mark = one.known.marks.get(one.feed)
    if mark and mark.fingerprint == one.fingerprint:
        outcome.children.unchanged += 1
        outcome.entries.unchanged += len(one.child.items)
        return False
    return True


class _Rows:
    """The rows of one batch."""

    def __init__(self, vault: Vault, run: Run, outcome: Outcome, there: Held) -> None:
        self._vault, self._run, self._outcome, self._there = vault, run, outcome, there
        self._now = db.now()
        self._new: dict[Any, list[dict[str, Any]]] = {
            table: [] for table in (Child, Lookup, FeedMark, Mentioned, Entry, Version)
        }
        self._sources: list[dict[str, Any]] = []
        self._moved: list[dict[str, Any]] = []
        self._marked: list[dict[str, Any]] = []
        self._acts: list[Act] = []

    def plan(self, one: _Told) -> None:
        """Everything that is new of one child."""
        if one.new:
            self._child(one)
        self._mark(one)
        self._lookups(one)
        people = self._people(one)
        tally = Tally()
        for item, said in zip(one.child.items, one.said, strict=True):
            self._source(item)
            self._item(one, item, said, people, tally)
        self._outcome.entries.add(tally)
        if one.new:
            self._outcome.children.new += 1
        else:
            self._outcome.children.changed += 1
        self._acts.append(_act(one, tally, self._run.format))

    def write(self, session: Session) -> None:
        """Parents first; the log last, because it locks the heads of its chains."""
        for row in self._sources:
            db.insert_ignore(session, Source, [row])
        for table, rows in self._new.items():
            if rows:
                session.execute(sa.insert(table.__table__), rows)
        if self._moved:
            session.connection().execute(_MOVE, self._moved)
        if self._marked:
            session.connection().execute(_MARK, self._marked)
        if self._acts:
            audit.append(session, *self._acts)

    def _child(self, one: _Told) -> None:
        child_id = one.known.id
        sealed = self._vault.seal(one.core, f"child:{child_id.hex}", {})
        row = {"id": child_id, "version": 1, "sealed": sealed, "access_group": "", "created_at": self._now}
        self._new[Child].append({**row, "shielded_at": None})

    def _mark(self, one: _Told) -> None:
        row = mark_row(one.known.id, one.feed)
        said = {
            "fingerprint": one.fingerprint,
            "numbered": joining.is_numbered(one.child),
            "sealed": self._vault.seal(one.core, row, statements.identity(one.child)),
            "seen_at": self._now,
        }
        if not one.new and one.feed in one.known.marks:
            self._marked.append({"of_child": one.known.id, "of_feed": one.feed, **said})
        else:
            self._new[FeedMark].append({"child_id": one.known.id, "feed": one.feed, **said})

    def _lookups(self, one: _Told) -> None:
        keys: set[Key] = joining.all_keys(self._vault, one.child, shielded=one.known.shielded)
        for kind, blind in keys:
            if (one.known.id, kind, blind) not in self._there.lookups:
                self._new[Lookup].append({"kind": kind, "blind": blind, "child_id": one.known.id})

    def _people(self, one: _Told) -> dict[str, str]:
        """The ids of everybody named, by the key of their name."""
        ids: dict[str, str] = {}
        for key, told in statements.people(one.child).items():
            name_hash = self._vault.fingerprint(one.core, "mentioned", key)
            person_id = self._there.people.get((one.known.id, name_hash))
            if person_id is None:
                person_id = db.new_id()
                sealed = self._vault.seal(one.core, f"person_mentioned:{person_id.hex}", told)
                row = {"child_id": one.known.id, "id": person_id, "version": 1, "sealed": sealed}
                self._new[Mentioned].append({**row, "name_hash": name_hash})
            ids[key] = person_id.hex
        return ids

    def _item(self, one: _Told, item: FeedItem, said: str, people: Mapping[str, str], tally: Tally) -> None:
        child_id, vault = one.known.id, self._vault
        # Under the core key whatever its class, so that an item whose class grew stricter is the same item.
        natural = vault.fingerprint(one.core, "natural", one.child.authority, item.natural_key)
        fingerprint = vault.fingerprint(Owner.child(child_id, item.cls), "entry", said)
        before = self._there.entries.get((child_id, self._run.format, natural))
        if before is not None and before.fingerprint == fingerprint:
            tally.unchanged += 1
            return
        entry_id = before.id if before is not None else db.new_id()
        version_id = self._version(child_id, entry_id, item, people)
        if before is None:
            tally.new += 1
            self._entry(child_id, version_id, id=entry_id, cls=item.cls, natural_hash=natural, fingerprint=fingerprint)
        else:
            tally.changed += 1
            self._move(before, version_id, item, fingerprint)

    def _version(
        self, child_id: uuid.UUID, entry_id: uuid.UUID, item: FeedItem, people: Mapping[str, str]
    ) -> uuid.UUID:
        version_id = db.new_id()
        owner = Owner.child(child_id, item.cls)
        sealed = self._vault.seal(owner, f"entry_version:{version_id.hex}", statements.payload(item, people))
        row = {"child_id": child_id, "entry_id": entry_id, "id": version_id, "cls": item.cls, "sealed": sealed}
        self._new[Version].append({**row, "why": "feed", "made_at": self._now, "case_id": None})
        return version_id

    def _entry(self, child_id: uuid.UUID, version_id: uuid.UUID, **said: Any) -> None:
        """A statement that is new: both its heads are its first version."""
        self._there.positions[child_id] += 1
        row = {"child_id": child_id, "version": 1, "feed": self._run.format, **said}
        heads = {"current_id": version_id, "source_head_id": version_id}
        position = self._there.positions[child_id]
        self._new[Entry].append({**row, **heads, "position": position, "created_at": self._now, "ended_at": None})

    def _move(self, before: Any, version_id: uuid.UUID, item: FeedItem, fingerprint: bytes) -> None:
        """The source's head moves; what counts moves with it only while nobody has corrected it."""
        follows = before.current_id == before.source_head_id
        self._moved.append(
            {
                "of_child": before.child_id,
                "of_entry": before.id,
                "version": before.version + 1,
                "cls": item.cls if follows else before.cls,
                "fingerprint": fingerprint,
                "source_head_id": version_id,
                "current_id": version_id if follows else before.current_id,
            }
        )

    def _source(self, item: FeedItem) -> None:
        if not item.source_key or item.source_key in self._run.sources | self._outcome.sources:
            return
        self._outcome.sources.add(item.source_key)
        source_id = db.new_id()
        sealed = self._vault.seal(Owner.system(), f"source:{source_id.hex}", {"name": item.source, "kind": "feed"})
        self._sources.append(
            {"id": source_id, "key_blind": self._vault.blind("source", item.source_key), "sealed": sealed}
        )


def _act(one: _Told, tally: Tally, format_: str) -> Act:
    classes = tuple(sorted({item.cls for item in one.child.items}))
    detail: dict[str, str | int | list[str]] = {"feed": format_, "new": tally.new, "changed": tally.changed}
    return Act(
        chain=audit.child_chain(one.known.id),
        act="import_new" if one.new else "import_changed",
        actor="system",
        child_id=one.known.id,
        classes=classes,
        reason="feed",
        detail=detail,
    )


_ENTRIES, _MARKS = Entry.__table__, FeedMark.__table__  # type: ignore[attr-defined]
_MOVE = (
    sa.update(_ENTRIES)
    .where(_ENTRIES.c.child_id == sa.bindparam("of_child"), _ENTRIES.c.id == sa.bindparam("of_entry"))
    .values({name: sa.bindparam(name) for name in ("version", "cls", "fingerprint", "source_head_id", "current_id")})
)
_MARK = (
    sa.update(_MARKS)
    .where(_MARKS.c.child_id == sa.bindparam("of_child"), _MARKS.c.feed == sa.bindparam("of_feed"))
    .values({name: sa.bindparam(name) for name in ("fingerprint", "numbered", "sealed", "seen_at")})
)
