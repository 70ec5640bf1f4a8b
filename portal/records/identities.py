"""Who a child is: what people here put right, then what each feed says of names, birth date, sex and numbers."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from portal.records import names
from portal.records.looking import Looking, LookRefused, log_look
from portal.records.models import Child, FeedMark
from portal.vault import normal, vault_of

NUMBERS = ("local_id", "upn", "nhs_number", "directory_id")
KINDS = ("name", "former_name", "birth_date", "sex", *NUMBERS)  # what an entry can tell of who the child is


@dataclass(frozen=True)
class Identity:
    """What recognises a child. `identifiers` are the numbers that count, `numbers` all that are given of each kind."""

    child_id: uuid.UUID
    names: tuple[str, ...]
    former_names: tuple[str, ...]
    birth_date: datetime.date | None
    sex: str
    identifiers: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.names[0] if self.names else ""


def identity(session: Session, looking: Looking) -> Identity:
    """Names, birth date and identifiers of the child, logged as a look at the core class."""
    log_look(session, looking, "look_identity", ("core",), 1)
    child = session.get(Child, looking.child_id)
    if child is None:
        raise LookRefused("There is no such record.")
    return identities(session, [child])[child.id]


def identities(session: Session, children: Sequence[Child]) -> dict[uuid.UUID, Identity]:
    """Who these children are, with two queries for all of them; the caller has logged the look."""
    return {child_id: merged(child_id, told) for child_id, told in tellings(session, children).items()}


def tellings(session: Session, children: Sequence[Child]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """What is said of each child, the one that counts most first: people here, then each feed."""
    if not children:
        return {}
    vault = vault_of(session)
    query = select(FeedMark).where(col(FeedMark.child_id).in_([child.id for child in children]))
    marks = sorted(session.exec(query).all(), key=_precedence)
    told = {child.id: [payload] for child, payload in zip(children, vault.get_many(children, look=True), strict=True)}
    for mark, payload in zip(marks, vault.get_many(marks, look=True), strict=True):
        told[mark.child_id].append(payload)
    return told


def _precedence(mark: FeedMark) -> tuple[bool, float]:
    """The directory is kept to know children by; among other feeds, the newest."""
    return mark.feed != "directory", -mark.seen_at.timestamp()


def merged(child_id: uuid.UUID, told: Sequence[dict[str, Any]]) -> Identity:
    """One identity out of several, the one that counts most first: what people here put right, then each feed's.

    Feeds seal what they say of a child side by side, because a feed may not open what another said. The first to give
    a birth date, a sex or an identifier is believed; names are all kept, the first one's in front. Where people here
    put something right, what they replaced counts no more, whichever feed says it; and of a name put right, only that
    name counts (R-111)."""
    decided, feeds = told[0], [without(one, told[0].get("replaced") or {}) for one in told[1:]]
    every = [decided, *feeds]
    numbers = {kind: _all([one.get("identifiers") or {} for one in every], kind) for kind in NUMBERS}
    born = _first(every, "birth_date")
    return Identity(
        child_id=child_id,
        names=tuple(decided.get("names") or ()) or _each(feeds, "names"),
        former_names=_each(every, "former_names"),
        birth_date=datetime.date.fromisoformat(born) if born else None,
        sex=_first(every, "sex"),
        identifiers={kind: found[0] for kind, found in numbers.items() if found},
        numbers=numbers,
    )


def without(told: Mapping[str, Any], gone: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What is said of a child less the values in `gone`, which are by kind (KINDS) and compared as look-ups are."""
    kept = dict(told)
    for kind, listed in (("name", "names"), ("former_name", "former_names")):
        if told.get(listed):
            kept[listed] = [one for one in told[listed] if not among(kind, one, gone.get(kind, ()))]
    for kind in ("birth_date", "sex"):
        if among(kind, str(told.get(kind, "")), gone.get(kind, ())):
            kept.pop(kind)
    kept["identifiers"] = {
        kind: number
        for kind, number in (told.get("identifiers") or {}).items()
        if not among(kind, number, gone.get(kind, ()))
    }
    return kept


def among(kind: str, value: str, values: Sequence[str]) -> bool:
    """Whether a value is one of `values`, however it is typed."""
    alike = names.key if kind in {"name", "former_name"} else normal
    return bool(value) and alike(value) in {alike(one) for one in values}


def _first(told: Sequence[Mapping[str, Any]], name: str) -> str:
    return next((str(value) for one in told if (value := one.get(name))), "")


def _all(told: Sequence[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for one in told if (value := one.get(name))))


def _each(told: Sequence[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for one in told for value in one.get(name) or ()))
