"""When a feed's child is a child we know, without a person: on (authority, local id), or on a valid UPN or NHS number
with the same birth date (design section 3). Everything else is a new record; where numbers are alike the report says
so, for a person to compare.

Nothing is opened to find out. Each record leaves blind keys of what it may be joined by; equal keys are equal values.
A record under an access group (adoption) is never found here.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.records import identifiers, names
from portal.records.feeds.items import FeedChild
from portal.records.models import Child, FeedMark, Lookup
from portal.vault import Vault

Key = tuple[str, bytes]  # kind of look-up, blind index


def feed_of(format_: str, child: FeedChild) -> str:
    """The feed a child comes by, with the body it comes from: what it said last is remembered under this name."""
    return f"{format_}:{child.authority}" if child.authority else format_


@dataclass(frozen=True)
class Mark:
    """What one feed left on a record."""

    fingerprint: bytes
    numbered: bool


@dataclass
class Known:
    """A record that a batch may join, or has just made."""

    id: uuid.UUID
    shielded: bool = False
    marks: dict[str, Mark] = field(default_factory=dict)


class Records:
    """The records that the children of one batch may be: from the database with one look-up, and made in the batch."""

    def __init__(self, session: Session, vault: Vault, children: Sequence[FeedChild], home: str = "") -> None:
        self._vault, self._home = vault, home
        self._by_key: dict[Key, dict[uuid.UUID, Known]] = {}
        self._known: dict[uuid.UUID, Known] = {}
        self._sealed: dict[Key, set[uuid.UUID]] = {}
        wanted = {key for child in children for keys in joining_keys(vault, child, home).values() for key in keys}
        wanted |= {key for child in children for _number, key in _number_keys(vault, child)}
        self._load(session, wanted)

    @property
    def ids(self) -> list[uuid.UUID]:
        return list(self._known)

    def match(self, child: FeedChild, feed: str) -> Known | None:
        """The record that this child is, or None. Two that it could be are none: a person chooses."""
        for level, keys in joining_keys(self._vault, child, self._home).items():
            found = self._only(keys)
            if found and _may_join(level, child, feed, found, self._home):
                return found
        return None

    def alike(self, child: FeedChild, feed: str) -> str:
        """Which number of a child without a record another record has too, or "": a person has to compare them."""
        for number, key in _number_keys(self._vault, child):
            level = "local" if number == "local_id" else number
            if any(
                _may_join(level, child, feed, known, self._home) or level != "local"
                for known in self._by_key.get(key, {}).values()
            ):
                return number
        return ""

    def add(self, known: Known, keys: Iterable[Key]) -> None:
        """Makes a record findable for the children that follow in the batch."""
        self._known[known.id] = known
        for key in keys:
            self._by_key.setdefault(key, {})[known.id] = known

    def is_sealed(self, session: Session, child: FeedChild) -> bool:
        """Whether a feed still tells of a child under an identity that is sealed (adoption): by its own number, and by
        name and birth date where it gives them. It must not come in anew beside the sealed record."""
        keys = joining_keys(self._vault, child, self._home)
        held = {one for level in ("own", "authority", "local") for key in keys.get(level, ()) for one in self._of(key)}
        if not held or not (child.surname and child.birth_date):
            return bool(held)
        named = [blind for kind, blind in _named_keys(self._vault, child, child.birth_date) if "surname" in kind]
        query = sa.select(col(Lookup.child_id)).where(col(Lookup.blind).in_(named), col(Lookup.child_id).in_(held))
        return session.scalar(query.limit(1)) is not None

    def _of(self, key: Key) -> set[uuid.UUID]:
        return self._sealed.get(key, set())

    def _only(self, keys: Iterable[Key]) -> Known | None:
        found = {known.id: known for key in keys for known in self._by_key.get(key, {}).values()}
        return next(iter(found.values())) if len(found) == 1 else None

    def _load(self, session: Session, wanted: set[Key]) -> None:
        query = (
            sa.select(
                col(Lookup.kind),
                col(Lookup.blind),
                col(Child.id),
                col(Child.shielded_at),
                col(Child.access_group),
                col(FeedMark.feed),
                col(FeedMark.fingerprint),
                col(FeedMark.numbered),
            )
            .join(Child, col(Child.id) == col(Lookup.child_id))
            .outerjoin(FeedMark, col(FeedMark.child_id) == col(Child.id))
            .where(
                col(Lookup.kind).in_({kind for kind, _blind in wanted}),
                col(Lookup.blind).in_({blind for _kind, blind in wanted}),  # a blind index is of one kind only
            )
        )
        for kind, blind, child_id, shielded_at, group, feed, fingerprint, numbered in session.execute(query):
            if group:
                self._sealed.setdefault((kind, blind), set()).add(child_id)
                continue
            known = self._known.setdefault(child_id, Known(child_id, shielded_at is not None))
            if feed is not None:
                known.marks[feed] = Mark(fingerprint, numbered)
            self.add(known, [(kind, blind)])


def is_numbered(child: FeedChild) -> bool:
    """Whether the feed itself tells this child from all its others."""
    return bool(child.local_id or child.directory_id)


def home_of(session: Session) -> str:
    """The authority whose directory this is, as the operator says (AUTHORITY_CODE); "" where nobody said."""
    return identifiers.local_id(session.info["settings"].authority_code)


def joining_keys(vault: Vault, child: FeedChild, home: str = "") -> dict[str, list[Key]]:
    """By what this child may be joined, strongest first.

    "own" are the feed's own numbers. "authority": the directory's rows do not name the authority; where `home` does,
    they join on it and the local id. "local": where it does not, they meet a census child only together with the birth
    date: another authority's child that has the same number is not taken for ours."""
    own = [_key(vault, "authority_local_id", child.authority, child.local_id)] if child.local_id else []
    own += [_key(vault, "directory_id", child.directory_id)] if child.directory_id else []
    found = {"own": own}
    if child.local_id and home and not child.authority:
        found["authority"] = [_key(vault, "authority_local_id", home, child.local_id)]
    found["local"] = _local_keys(vault, child) if child.local_id else []
    if child.birth_date:
        born = child.birth_date.isoformat()
        if "nhs_number" in child.joins_by:
            found["nhs_number"] = [_key(vault, "nhs_number_born", child.nhs_number, born)]
        if "upn" in child.joins_by:
            found["upn"] = [_key(vault, "upn_born", child.upn, born)]
    return found


def _local_keys(vault: Vault, child: FeedChild) -> list[Key]:
    """With a birth date: records of the number with the same, or with none. Without: any record of the number."""
    if child.birth_date is None:
        return [_key(vault, "local_id", child.local_id)]
    days = (child.birth_date.isoformat(), "")
    return [_key(vault, "local_id_born", child.local_id, day) for day in days]


def _may_join(level: str, child: FeedChild, feed: str, found: Known, home: str) -> bool:
    """A feed that numbers its children never joins two of them, nor do two authorities' local ids meet."""
    if level == "own":
        return True
    mark = found.marks.get(feed)
    if mark and mark.numbered and is_numbered(child):
        return False
    authority = child.authority or home
    others = {feed.partition(":")[2] or home for feed in found.marks} - {"", authority}
    return not (level == "local" and authority and others)


def all_keys(vault: Vault, child: FeedChild, *, shielded: bool, home: str = "") -> set[Key]:
    """Every look-up that this child leaves: for joining, and for people who search.

    A name is found together with the birth date only, so that nobody can browse by name. While a shield is on,
    nothing that tells where the family lives is added."""
    found = {key for keys in joining_keys(vault, child, home).values() for key in keys}
    found.discard(_key(vault, "local_id_born", child.local_id, ""))
    found |= {key for _number, key in _number_keys(vault, child)}
    if child.local_id:
        born = child.birth_date.isoformat() if child.birth_date else ""
        found.add(_key(vault, "local_id_born", child.local_id, born))
    if child.birth_date:
        found |= _named_keys(vault, child, child.birth_date)
        if not shielded:
            found |= {_key(vault, "postcode", code, child.birth_date.isoformat()) for code in child.postcodes}
    return found


def _number_keys(vault: Vault, child: FeedChild) -> list[tuple[str, Key]]:
    """The look-ups of each number by itself, right or wrong, as people search for it."""
    kinds = ("local_id", "directory_id", "nhs_number", "upn")
    return [(kind, _key(vault, kind, number)) for kind in kinds if (number := getattr(child, kind))]


def _named_keys(vault: Vault, child: FeedChild, birth_date: datetime.date) -> set[Key]:
    born = birth_date.isoformat()
    found = {("surname", part) for part in names.parts(child.surname)}
    found |= {("forename", part) for part in names.parts(child.forenames)}
    found |= {("former_surname", part) for former in child.former_names for part in names.parts(former)}
    surnames = [child.surname, *(former.split()[-1] for former in child.former_names if former.split())]
    parts = {part for surname in surnames for part in names.parts(surname)}
    found |= {("phonetic_surname", sound) for part in parts if (sound := names.phonetic(part))}
    return {_key(vault, kind, part, born) for kind, part in found}


def _key(vault: Vault, kind: str, *values: str) -> Key:
    return kind, vault.blind(kind, *values)
