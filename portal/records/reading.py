"""The one way to the plain values of a record. Log first, then open; refuse by default.

`read` takes a `Looking` (issued by cases after the assignment was checked) and logs one look per child and page.
In a read-only transaction the look is committed by itself before anything is opened; in a write transaction it is
part of it. Before a record is attached to a case there is only `candidates`.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa
from babel.dates import format_date
from sqlmodel import Session, col, select

from portal import audit
from portal.audit import Act
from portal.errors import NotThere
from portal.records import identifiers
from portal.records.models import Child, Entry, FeedMark, Lookup, Mentioned, Sharing, Version
from portal.records.names import key, phonetic
from portal.vault import Owner, SealedRow, vault_of
from workflows.words import mark as _

MOST_CANDIDATES = 5
PAGE = 50


class LookRefused(NotThere):
    """The record may not be opened by this reader for this case."""


@dataclass(frozen=True)
class Looking:
    """A reader with a reason. Only portal.cases makes one, after it has checked that the case is open, attached to
    this child and assigned to the reader or their team."""

    reader: str
    role: str
    team: str
    case_id: uuid.UUID
    child_id: uuid.UUID
    reason: str
    session: str = ""


@dataclass(frozen=True)
class OpenEntry:
    """One entry in plain values, as its pinned version says it."""

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

    @property
    def text(self) -> str:
        """What a reader sees as the value: a code in plain words, a day as it is said, a text as it is."""
        return self.plain or (_day_in_words(self.value) if self.kind == "date" else self.value)


@dataclass(frozen=True)
class Identity:
    """What recognises a child."""

    child_id: uuid.UUID
    names: tuple[str, ...]
    former_names: tuple[str, ...]
    birth_date: datetime.date | None
    sex: str
    identifiers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.names[0] if self.names else ""


@dataclass(frozen=True)
class Candidate:
    """The minimum with which a caseworker can tell one child from another."""

    child_id: uuid.UUID
    name: str
    birth_date: datetime.date | None
    local_id: str
    matched_by: str


@dataclass(frozen=True)
class Third:
    """A person mentioned in the file."""

    id: uuid.UUID
    names: tuple[str, ...]
    relation: str
    professional: bool
    alive: bool
    known_to_requester: bool = False


def _day_in_words(value: str) -> str:
    """2019-04-02 is 2 April 2019; what is no day stays as the source wrote it."""
    try:
        return format_date(datetime.date.fromisoformat(value), "long", locale="en_GB")
    except ValueError:
        return value


def heads(session: Session, child_id: uuid.UUID) -> Sequence[Entry]:
    """The entries of a record without their contents, in order: what a review or a page is planned from."""
    query = (
        select(Entry)
        .where(col(Entry.child_id) == child_id, col(Entry.ended_at).is_(None))
        .order_by(col(Entry.position), col(Entry.id))
    )
    return session.exec(query).all()


def read(
    session: Session,
    looking: Looking,
    entry_ids: Sequence[uuid.UUID],
    *,
    versions: dict[uuid.UUID, uuid.UUID] | None = None,
) -> list[OpenEntry]:
    """Opens entries, in the order of `entry_ids`; `versions` pins an entry to one of its versions.

    Raises LookRefused for an entry of another child. The look is in the log before this returns."""
    if not entry_ids:
        return []
    by_id = _entries(session, looking.child_id, entry_ids)
    pinned = {entry.id: (versions or {}).get(entry.id, entry.current_id) for entry in by_id.values()}
    rows = _versions(session, looking.child_id, list(pinned.values()))
    classes = tuple(sorted({entry.cls for entry in by_id.values()} | {row.cls for row in rows}))
    _log(session, looking, "look", classes, len(by_id))
    opened = vault_of(session).get_many(cast("list[SealedRow]", rows), look=True)
    payloads = {row.id: payload for row, payload in zip(rows, opened, strict=True)}
    return [_opened(by_id[one], pinned[one], payloads[pinned[one]]) for one in entry_ids]


def identity(session: Session, looking: Looking) -> Identity:
    """Names, birth date and identifiers of the child, logged as a look at the core class."""
    _log(session, looking, "look_identity", ("core",), 1)
    child = session.get(Child, looking.child_id)
    if child is None:
        raise LookRefused("There is no such record.")
    return _identities(session, [child])[child.id]


def mentioned(session: Session, looking: Looking) -> list[Third]:
    """The people mentioned in the file, logged as a look at the core class."""
    _log(session, looking, "look_mentioned", ("core",), 1)
    rows = session.exec(
        select(Mentioned).where(col(Mentioned.child_id) == looking.child_id).order_by(col(Mentioned.id))
    ).all()
    return [
        _third(row, payload) for row, payload in zip(rows, vault_of(session).get_many(rows, look=True), strict=True)
    ]


def add_mentioned(
    session: Session, looking: Looking, *, names: Sequence[str], relation: str, professional: bool, alive: bool
) -> uuid.UUID:
    """Enters somebody mentioned in the file, found by a reviewer; logged."""
    row = Mentioned(child_id=looking.child_id, sealed=b"", name_hash=_name_hash(session, looking.child_id, names))
    payload = {"names": list(names), "relation": relation, "professional": professional, "alive": alive}
    vault_of(session).put(row, payload)
    session.add(row)
    _log(session, looking, "add_mentioned", ("core",), 1)
    return row.id


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
    _log(session, looking, "look_sharings", tuple(sorted({row.cls for row in rows})), len(rows))
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


def candidates(
    session: Session,
    looking: Looking,
    *,
    identifier: str = "",
    surname: str = "",
    forename: str = "",
    birth_date: datetime.date | None = None,
) -> list[Candidate]:
    """At most five children that may be the one asked for; the search is logged, without its words.

    By identifier, or by name with birth date: nobody can browse by name alone. `looking.child_id` is not used."""
    found = _blind_hits(session, identifier, surname, forename, birth_date)
    acts = [_search_act(looking, None, len(found))]
    acts += [_search_act(looking, child_id, len(found)) for child_id in found]
    audit.before_showing(session, *acts)
    rows = session.exec(select(Child).where(col(Child.id).in_(list(found)), col(Child.access_group) == "")).all()
    return sorted(
        (_candidate(who, found[who.child_id]) for who in _identities(session, rows).values()),
        key=lambda one: (_strength(one.matched_by), one.name),
    )


def _blind_hits(
    session: Session, identifier: str, surname: str, forename: str, birth_date: datetime.date | None
) -> dict[uuid.UUID, str]:
    blind = vault_of(session).blind
    wanted: list[tuple[str, bytes]] = []
    if identifier:
        wanted += [(kind, blind(kind, written(identifier))) for kind, written in _WRITTEN.items()]
    if surname and birth_date:
        day = birth_date.isoformat()
        wanted += [(kind, blind(kind, key(surname), day)) for kind in ("surname", "former_surname")]
        wanted.append(("phonetic_surname", blind("phonetic_surname", phonetic(surname), day)))
    if forename and birth_date:
        wanted.append(("forename", blind("forename", key(forename), birth_date.isoformat())))
    if not wanted:
        return {}
    query = sa.select(col(Lookup.kind), col(Lookup.child_id)).where(
        sa.or_(*(sa.and_(col(Lookup.kind) == kind, col(Lookup.blind) == value) for kind, value in wanted))
    )
    hits: dict[uuid.UUID, str] = {}
    for kind, child_id in session.execute(query.limit(200)):
        hits[child_id] = min(hits.get(child_id, kind), kind, key=_strength)
    best = sorted(hits.items(), key=lambda hit: (_strength(hit[1]), hit[0]))
    return dict(best[:MOST_CANDIDATES])


_WRITTEN = {  # how an identifier is written before it is looked up
    "local_id": identifiers.local_id,
    "upn": identifiers.upn,
    "nhs_number": identifiers.nhs_number,
    "directory_id": identifiers.local_id,
}


def _strength(kind: str) -> int:
    order = (
        "local_id",
        "nhs_number",
        "upn",
        "directory_id",
        "surname",
        "former_surname",
        "phonetic_surname",
        "forename",
    )
    return order.index(kind)


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


def _opened(entry: Entry, version_id: uuid.UUID, told: dict[str, Any]) -> OpenEntry:
    plain = {name: told[name] for name in _PLAIN if name in told}
    about = told.get("about_on")
    return OpenEntry(
        id=entry.id,
        version_id=version_id,
        cls=entry.cls,
        position=entry.position,
        about_on=datetime.date.fromisoformat(str(about)) if about else None,
        flags=tuple(told.get("flags") or ()),
        people=tuple(told.get("people") or ()),
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
)


def _identities(session: Session, children: Sequence[Child]) -> dict[uuid.UUID, Identity]:
    """Who these children are, with two queries for all of them."""
    if not children:
        return {}
    vault = vault_of(session)
    query = select(FeedMark).where(col(FeedMark.child_id).in_([child.id for child in children]))
    marks = sorted(session.exec(query).all(), key=_precedence)
    told = {child.id: [payload] for child, payload in zip(children, vault.get_many(children, look=True), strict=True)}
    for mark, payload in zip(marks, vault.get_many(marks, look=True), strict=True):
        told[mark.child_id].append(payload)
    return {child_id: merged(child_id, tellings) for child_id, tellings in told.items()}


def _precedence(mark: FeedMark) -> tuple[bool, float]:
    """The directory is kept to know children by; among other feeds, the newest."""
    return mark.feed != "directory", -mark.seen_at.timestamp()


def merged(child_id: uuid.UUID, tellings: Sequence[dict[str, Any]]) -> Identity:
    """One identity out of several, the one that counts most first: what people here put right, then each feed's.

    Feeds seal what they say of a child side by side, because a feed may not open what another said. The first to give
    a birth date, a sex or an identifier is believed; names are all kept, the first one's in front."""
    identifiers_of: dict[str, str] = {}
    for told in reversed(tellings):
        identifiers_of |= told.get("identifiers") or {}
    born = _first(tellings, "birth_date")
    return Identity(
        child_id=child_id,
        names=_all(tellings, "names"),
        former_names=_all(tellings, "former_names"),
        birth_date=datetime.date.fromisoformat(born) if born else None,
        sex=_first(tellings, "sex"),
        identifiers=identifiers_of,
    )


def _first(tellings: Sequence[dict[str, Any]], name: str) -> str:
    return next((str(value) for told in tellings if (value := told.get(name))), "")


def _all(tellings: Sequence[dict[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for told in tellings for value in told.get(name) or ()))


def _name_hash(session: Session, child_id: uuid.UUID, names: Sequence[str]) -> bytes | None:
    """What keeps a feed from entering the same person again."""
    first = key(names[0]) if names else ""
    return vault_of(session).fingerprint(Owner.child(child_id, "core"), "mentioned", first) if first else None


def _candidate(who: Identity, matched_by: str) -> Candidate:
    return Candidate(who.child_id, who.name, who.birth_date, who.identifiers.get("local_id", ""), matched_by)


def _third(row: Mentioned, told: dict[str, Any]) -> Third:
    return Third(
        row.id,
        tuple(told["names"]),
        str(told.get("relation", "")),
        bool(told.get("professional")),
        bool(told.get("alive", True)),
    )


def _log(session: Session, looking: Looking, act: str, classes: tuple[str, ...], count: int) -> None:
    look = Act(
        chain=audit.child_chain(looking.child_id),
        act=act,
        actor=looking.reader,
        role=looking.role,
        team=looking.team,
        child_id=looking.child_id,
        case_id=looking.case_id,
        classes=classes,
        reason=looking.reason,
        session=looking.session,
        detail={"entries": count},
    )
    audit.before_showing(session, look)
    vault_of(session).preload({Owner.child(looking.child_id, cls) for cls in classes})


def _search_act(looking: Looking, child_id: uuid.UUID | None, count: int) -> Act:
    chain = audit.child_chain(child_id) if child_id else looking.reader
    return Act(
        chain=chain,
        act="search" if child_id is None else "look_candidate",
        actor=looking.reader,
        role=looking.role,
        team=looking.team,
        child_id=child_id,
        case_id=looking.case_id,
        classes=("core",) if child_id else (),
        reason=looking.reason,
        session=looking.session,
        detail={"hits": count},
    )
