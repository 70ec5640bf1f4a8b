"""A decision about an entry that tells who the child is: identity and look-ups follow in the same transaction.

What was replaced is remembered beside what is right, because feeds keep saying it: they keep joining the record by it,
and nobody finds or reads it any more. What was destroyed is remembered nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db
from portal.records import identifiers, names
from portal.records.feeds import dates
from portal.records.identities import NUMBERS, Identity, among, identities, without
from portal.records.models import Child, FeedMark, Lookup
from portal.vault import Vault, vault_of

Key = tuple[str, bytes]
NAMED = ("surname", "former_surname", "forename", "phonetic_surname")  # look-ups of a name, each with the birth date
BY_BIRTH_DATE = (*NAMED, "postcode")
_WRITTEN = {
    "local_id": identifiers.local_id,
    "upn": identifiers.upn,
    "nhs_number": identifiers.nhs_number,
    "directory_id": identifiers.local_id,
}
_LISTED = {"name": "names", "former_name": "former_names"}


def put_right(session: Session, child: Child, kind: str, *, was: str, now: str) -> None:
    """`now` is what the child is known by; `was` counts no more, whichever feed says it. `kind` is of
    identities.KINDS; the child's row is locked."""
    was, now = written(kind, was), written(kind, now)
    own = vault_of(session).get(child, look=True)
    _take_out(own, kind, [was])
    if kind == "name":
        own["names"] = [now]
    elif kind == "former_name":
        own["former_names"] = [*own.get("former_names", []), now]
    elif kind in NUMBERS:
        own["identifiers"] = {**own.get("identifiers", {}), kind: now}
    else:
        own[kind] = now
    replaced = own.setdefault("replaced", {})
    replaced[kind] = [one for one in (*replaced.get(kind, []), was) if not among(kind, one, [now])]
    _keep(session, child, own, corrected=True)
    _look_ups(session, child, kind, [was])


def follow_feeds(session: Session, child: Child, kind: str, *, was: str, now: str) -> None:
    """What was decided (`was`) ends, and what the feeds say (`now`) counts again."""
    was, now = written(kind, was), written(kind, now)
    own = vault_of(session).get(child, look=True)
    _take_out(own, kind, [was])
    replaced = own.get("replaced", {})
    replaced[kind] = [one for one in replaced.get(kind, []) if not among(kind, one, [now])]
    _keep(session, child, own, corrected=any(own.get(name) for name in own if name != "replaced"))
    _look_ups(session, child, kind, [was])


def forget(session: Session, child: Child, kind: str, said: Sequence[str]) -> None:
    """Leaves nothing of what a destroyed entry said, in what people here put right or in what feeds said."""
    gone = [written(kind, one) for one in said]
    vault = vault_of(session)
    own = vault.get(child, look=True)
    _take_out(own, kind, gone)
    replaced = own.get("replaced", {})
    replaced[kind] = [one for one in replaced.get(kind, []) if not among(kind, one, gone)]
    _keep(session, child, own, corrected=True)
    marks = session.exec(select(FeedMark).where(col(FeedMark.child_id) == child.id)).all()
    for mark, told in zip(marks, vault.get_many(marks, look=True), strict=True):
        vault.put(mark, without(told, {kind: gone}))
        session.add(mark)
    _look_ups(session, child, kind, gone)


def value_of(told: dict[str, Any]) -> str:
    """What an entry that identifies the child says: a code in plain words, as feeds tell it."""
    return str(told.get("plain") or told["value"])


def written(kind: str, value: str) -> str:
    """A value of this kind in the one way of writing that feeds keep."""
    if kind in _WRITTEN:
        return _WRITTEN[kind](value)
    if kind == "birth_date":
        day = dates.parse(value)
        return day.isoformat() if day else value
    return " ".join(value.split())


def _take_out(own: dict[str, Any], kind: str, values: Sequence[str]) -> None:
    """Of the name, birth date, sex or number there is one; of former names only those that are meant go."""
    if kind in NUMBERS:
        own["identifiers"] = {name: one for name, one in own.get("identifiers", {}).items() if name != kind}
    elif kind == "former_name":
        own["former_names"] = [one for one in own.get("former_names", []) if not among(kind, one, values)]
    else:
        own.pop(_LISTED.get(kind, kind), None)


def _keep(session: Session, child: Child, own: dict[str, Any], *, corrected: bool) -> None:
    own["replaced"] = {kind: values for kind, values in own.get("replaced", {}).items() if values}
    vault_of(session).put(child, {name: value for name, value in own.items() if value})
    child.version += 1
    child.corrected_at = (child.corrected_at or db.now()) if corrected else None
    session.add(child)
    session.flush()


def _look_ups(session: Session, child: Child, kind: str, gone: Sequence[str]) -> None:
    """People find the child by what counts now, and no longer by what is gone.

    The keys by which feeds join stay: a source that says the old value still means this child. A directory's own
    number is such a key as well; a hit by it is compared with the identity once it is opened (finding)."""
    vault = vault_of(session)
    own = col(Lookup.child_id) == child.id
    if kind in NUMBERS and kind != "directory_id":
        blind = [vault.blind(kind, one) for one in gone]
        session.execute(sa.delete(Lookup).where(own, col(Lookup.kind) == kind, col(Lookup.blind).in_(blind)))
    elif kind not in NUMBERS:
        ends = BY_BIRTH_DATE if kind == "birth_date" else NAMED
        session.execute(sa.delete(Lookup).where(own, col(Lookup.kind).in_(ends)))
    keys = _keys(vault, identities(session, [child])[child.id])
    db.insert_ignore(session, Lookup, [{"kind": one, "blind": blind, "child_id": child.id} for one, blind in keys])


def _keys(vault: Vault, who: Identity) -> list[Key]:
    """Every look-up of this identity: each number, and with the birth date names and what feeds may join by."""
    found: set[tuple[str, tuple[str, ...]]] = {
        (kind, (number,)) for kind, numbers in who.numbers.items() for number in numbers
    }
    if who.birth_date is not None:
        born = who.birth_date.isoformat()
        found |= {(kind, (part, born)) for kind, part in _of_names(who)}
        found |= {(kind, (number, born)) for kind, number in _joining(who.numbers)}
    return [(kind, vault.blind(kind, *values)) for kind, values in sorted(found)]


def _joining(numbers: dict[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    """The numbers by which a feed may join together with the birth date (design section 3)."""
    yield from (("local_id_born", one) for one in numbers.get("local_id", ()))
    yield from (("upn_born", one) for one in numbers.get("upn", ()) if identifiers.is_upn(one))
    yield from (("nhs_number_born", one) for one in numbers.get("nhs_number", ()) if identifiers.is_nhs_number(one))


def _of_names(who: Identity) -> set[tuple[str, str]]:
    """Look-ups of whole names: nobody said which part is the surname, so whatever may be one is found."""
    found: set[tuple[str, str]] = set()
    for name in who.names:
        parts = names.key(name).split()
        found |= {("forename", one) for one in _starts(parts)}
        found |= {("surname", one) for one in _ends(parts)}
        found |= {("phonetic_surname", sound) for one in _ends(parts) if (sound := names.phonetic(one))}
    for name in who.former_names:
        parts = names.key(name).split()
        found |= {("former_surname", one) for one in {" ".join(parts), *_ends(parts)} if one}
        found |= {("phonetic_surname", sound) for one in parts[-1:] if (sound := names.phonetic(one))}
    return found


def _starts(parts: Sequence[str]) -> set[str]:
    """Each part but the last, and each beginning of the name; the only part of a name of one."""
    rest = parts[:-1] or parts
    return {one for one in rest if len(one) > 1} | {" ".join(rest[:end]) for end in range(1, len(rest) + 1)}


def _ends(parts: Sequence[str]) -> set[str]:
    """Each part but the first, and each end of the name; the only part of a name of one."""
    rest = parts[1:] or parts
    return {one for one in rest if len(one) > 1} | {" ".join(rest[start:]) for start in range(len(rest))}
