"""One batch of children into the database: rows planned child by child, then written with a few Core statements.

Everything new is sealed and fingerprinted; nothing is opened. Keys are minted in the keyring, and committed there,
before the first row that uses them (design section 8, 3).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from portal import audit, db
from portal.audit import Act
from portal.records import body_words, identities, names, recognised
from portal.records.feeds import joining, statements
from portal.records.feeds.clashing import Clashes
from portal.records.feeds.held import Held, is_decided
from portal.records.feeds.items import FeedChild, FeedItem
from portal.records.feeds.joining import Key
from portal.records.feeds.matched import Outcome, Run, Told, is_news, matched
from portal.records.feeds.report import Tally
from portal.records.models import Child, Entry, FeedMark, Lookup, Mentioned, Source, Version, mark_row
from portal.vault import Owner, Vault, vault_of

IMPORT_LOCK = 0x706F7274  # one import at a time: two could each make a record of the same child


def store(session: Session, run: Run, children: Sequence[FeedChild]) -> Outcome:
    """Takes the children in inside the caller's write transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(IMPORT_LOCK)))
    vault, outcome, run = vault_of(session), Outcome(), replace(run, home=joining.home_of(session))
    told = matched(session, vault, run, children, outcome)
    vault.mint({owner for one in told for owner in one.owners} | {Owner.system()})
    vault.preload({owner for one in told for owner in one.owners} | {Owner.system()})
    news = [one for one in told if is_news(vault, run, one, outcome)]
    there = Held.of(session, [one.known.id for one in news if not one.new])
    rows = _Rows(vault, run, outcome, there)
    for one in news:
        rows.plan(one)
    rows.write(session)
    return outcome


@dataclass(frozen=True)
class _Item:
    """One item of a child with the entry that it is, where there is one already."""

    said: FeedItem
    natural: bytes
    fingerprint: bytes
    before: Any | None

    @property
    def erased(self) -> bool:
        return self.before is not None and self.before.erased_at is not None

    @property
    def decided(self) -> bool:
        return self.before is not None and is_decided(self.before)


def _only_in_destroyed(items: Iterable[_Item]) -> set[str]:
    """Keys of the names that stand in items that are destroyed here, and in no other."""
    named: dict[bool, set[str]] = {True: set(), False: set()}
    for item in items:
        named[item.erased] |= {names.key(name) for name in item.said.people}
    return named[True] - named[False]


class _Rows:
    """The rows of one batch."""

    def __init__(self, vault: Vault, run: Run, outcome: Outcome, there: Held) -> None:
        self._vault, self._run, self._outcome, self._there = vault, run, outcome, there
        self._now = db.now()
        self._clashes = Clashes(vault, run.format, there, self._now)
        self._new: dict[Any, list[dict[str, Any]]] = {
            table: [] for table in (Child, Lookup, FeedMark, Mentioned, Entry, Version)
        }
        self._sources: list[dict[str, Any]] = []
        self._moved: list[dict[str, Any]] = []
        self._marked: list[dict[str, Any]] = []
        self._acts: list[Act] = []

    def plan(self, one: Told) -> None:
        """Everything that is new of one child."""
        if one.new:
            self._child(one)
        items = [self._found(one, item, said) for item, said in zip(one.child.items, one.said, strict=True)]
        self._mark(one, items)
        self._lookups(one, items)
        people = self._people(one, without=_only_in_destroyed(items))
        tally, clashes = Tally(), self._clashes.count
        for item in items:
            self._source(item.said)
            self._item(one, item, people, tally)
        self._outcome.entries.add(tally)
        self._count(one, tally)
        clashes = self._clashes.count - clashes
        if clashes or tally.new or tally.changed or not one.again:
            self._acts.append(_act(one, tally, self._run.format, clashes))

    def _count(self, one: Told, tally: Tally) -> None:
        """A child that is looked at again only because of a decision has not changed by that."""
        children = self._outcome.children
        if one.new:
            children.new += 1
        elif one.again and not tally.new and not tally.changed:
            children.unchanged += 1
        else:
            children.changed += 1

    def write(self, session: Session) -> None:
        """Parents first; the log last, because it locks the heads of its chains."""
        for row in self._sources:
            db.insert_ignore(session, Source, [row])
        if self._sources:
            body_words.have_indexed(session)
        for table, rows in self._new.items():
            if rows:
                session.execute(sa.insert(table.__table__), rows)
        if self._moved:
            session.connection().execute(_MOVE, self._moved)
        if self._marked:
            session.connection().execute(_MARK, self._marked)
        self._clashes.write(session)
        if self._acts:
            audit.append(session, *self._acts)

    def _child(self, one: Told) -> None:
        child_id = one.known.id
        sealed = self._vault.seal(one.core, f"child:{child_id.hex}", {})
        row = {"id": child_id, "version": 1, "sealed": sealed, "access_group": "", "created_at": self._now}
        self._new[Child].append({**row, "shielded_at": None})

    def _found(self, one: Told, item: FeedItem, said: str) -> _Item:
        child_id, vault = one.known.id, self._vault
        # Under the core key whatever its class, so that an item whose class grew stricter is the same item.
        natural = vault.fingerprint(one.core, "natural", one.child.authority, item.natural_key)
        fingerprint = vault.fingerprint(Owner.child(child_id, item.cls), "entry", said)
        return _Item(item, natural, fingerprint, self._there.entries.get((child_id, self._run.format, natural)))

    def _mark(self, one: Told, items: Sequence[_Item]) -> None:
        """Who the child is according to this feed, less what was destroyed by decision."""
        row = mark_row(one.known.id, one.feed)
        identity = identities.without(statements.identity(one.child), _destroyed(items))
        said = {
            "fingerprint": one.fingerprint,
            "numbered": joining.is_numbered(one.child),
            "sealed": self._vault.seal(one.core, row, identity),
            "seen_at": self._now,
        }
        if not one.new and one.feed in one.known.marks:
            self._marked.append({"of_child": one.known.id, "of_feed": one.feed, **said})
        else:
            self._new[FeedMark].append({"child_id": one.known.id, "feed": one.feed, **said})

    def _lookups(self, one: Told, items: Sequence[_Item]) -> None:
        """Joins always hold; people do not search by what was put right or destroyed (recognised)."""
        keys: set[Key] = joining.all_keys(self._vault, one.child, shielded=one.known.shielded, home=self._run.home)
        hidden = {item.said.identifies for item in items if item.decided}
        if one.known.id in self._there.corrected:
            hidden |= set(recognised.BY_BIRTH_DATE)
        for kind, blind in keys:
            if kind not in hidden and (one.known.id, kind, blind) not in self._there.lookups:
                self._new[Lookup].append({"kind": kind, "blind": blind, "child_id": one.known.id})

    def _people(self, one: Told, *, without: Collection[str]) -> dict[str, str]:
        """The ids of everybody named, by the key of their name; nobody is entered again whom only what is destroyed
        names."""
        ids: dict[str, str] = {}
        for key, told in statements.people(one.child).items():
            if key in without:
                continue
            name_hash = self._vault.fingerprint(one.core, "mentioned", key)
            person_id = self._there.people.get((one.known.id, name_hash))
            if person_id is None:
                person_id = db.new_id()
                sealed = self._vault.seal(one.core, f"person_mentioned:{person_id.hex}", told)
                row = {"child_id": one.known.id, "id": person_id, "version": 1, "sealed": sealed}
                self._new[Mentioned].append({**row, "name_hash": name_hash})
            ids[key] = person_id.hex
        return ids

    def _item(self, one: Told, item: _Item, people: Mapping[str, str], tally: Tally) -> None:
        child_id, before, said = one.known.id, item.before, item.said
        if before is None:
            tally.new += 1
            entry_id = db.new_id()
            version_id = self._version(child_id, entry_id, said, people)
            more = {"cls": said.cls, "natural_hash": item.natural, "fingerprint": item.fingerprint}
            self._entry(child_id, version_id, id=entry_id, **more)
        elif item.erased:  # destroyed for good: nothing of it comes in again
            tally.unchanged += 1
            self._clashes.still_said(before)
        elif before.fingerprint == item.fingerprint:
            tally.unchanged += 1
            self._clashes.compare(before, said, before.source_head_id)
        else:
            tally.changed += 1
            version_id = self._version(child_id, before.id, said, people)
            self._move(before, version_id, item)
            self._clashes.compare(before, said, version_id)

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

    def _move(self, before: Any, version_id: uuid.UUID, item: _Item) -> None:
        """The source's head moves; what counts moves with it only while nobody has decided what it is."""
        self._moved.append(
            {
                "of_child": before.child_id,
                "of_entry": before.id,
                "version": before.version + 1,
                "cls": before.cls if item.decided else item.said.cls,
                "fingerprint": item.fingerprint,
                "source_head_id": version_id,
                "current_id": before.current_id if item.decided else version_id,
            }
        )

    def _source(self, item: FeedItem) -> None:
        if not item.source_key or item.source_key in self._run.sources | self._outcome.sources:
            return
        self._outcome.sources.add(item.source_key)
        source_id = db.new_id()
        sealed = self._vault.seal(Owner.system(), f"source:{source_id.hex}", {"name": item.source, "kind": "feed"})
        self._sources.append(
            {
                "id": source_id,
                "version": 1,
                "key_blind": self._vault.blind("source", item.source_key),
                "sealed": sealed,
            }
        )


def _destroyed(items: Sequence[_Item]) -> dict[str, list[str]]:
    """What a feed still says of who the child is although it was destroyed by decision: by kind, as feeds write it."""
    gone: dict[str, list[str]] = {}
    for item in items:
        if item.erased and (kind := item.said.identifies):
            gone.setdefault(kind, []).append(recognised.written(kind, item.said.plain or item.said.value))
    return gone


def _act(one: Told, tally: Tally, format_: str, clashes: int) -> Act:
    classes = tuple(sorted({item.cls for item in one.child.items}))
    detail: dict[str, str | int | list[str]] = {"feed": format_, "new": tally.new, "changed": tally.changed}
    changed = "import_changed" if tally.new or tally.changed or not one.again else "import_clash"
    return Act(
        chain=audit.child_chain(one.known.id),
        act="import_new" if one.new else changed,
        actor="system",
        child_id=one.known.id,
        classes=classes,
        reason="feed",
        detail=detail | ({"clashes": clashes} if clashes else {}),
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
