"""Finds the few children that a request may be about, before a record is attached to a case."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit
from portal.audit import Act
from portal.records import identifiers, sealing
from portal.records.identities import Identity, identities
from portal.records.looking import Looking
from portal.records.models import Child, Lookup
from portal.records.names import key, phonetic
from portal.vault import normal, vault_of

MOST_CANDIDATES = 5


@dataclass(frozen=True)
class Candidate:
    """The minimum with which a caseworker can tell one child from another."""

    child_id: uuid.UUID
    name: str
    birth_date: datetime.date | None
    local_id: str
    matched_by: str


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
    found = _blind_hits(session, identifier, surname, forename, birth_date, team=looking.team)
    acts = [_search_act(looking, None, len(found))]
    acts += [_search_act(looking, child_id, len(found)) for child_id in found]
    audit.before_showing(session, *acts)
    rows = session.exec(select(Child).where(col(Child.id).in_(list(found)))).all()
    fit = [who for who in identities(session, rows).values() if _fits(who, found[who.child_id], identifier)]
    return sorted(
        (_candidate(who, found[who.child_id]) for who in fit),
        key=lambda one: (_strength(one.matched_by), one.name),
    )


def _blind_hits(
    session: Session, identifier: str, surname: str, forename: str, birth_date: datetime.date | None, *, team: str
) -> dict[uuid.UUID, str]:
    """What the look-ups find. A record sealed for another team is no hit: it takes no place among the best, and the
    count in the log does not tell of it either."""
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
    query = (
        sa.select(col(Lookup.kind), col(Lookup.child_id))
        .join(Child, col(Child.id) == col(Lookup.child_id))
        .where(
            sealing.findable(team),
            sa.or_(*(sa.and_(col(Lookup.kind) == kind, col(Lookup.blind) == value) for kind, value in wanted)),
        )
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


def _fits(who: Identity, matched_by: str, identifier: str) -> bool:
    """Whether a hit by number still holds once it is opened: feeds keep joining by a number that was put right, and
    nobody is found by it any more."""
    written = _WRITTEN.get(matched_by)
    return written is None or normal(written(identifier)) in {normal(one) for one in who.numbers.get(matched_by, ())}


def _candidate(who: Identity, matched_by: str) -> Candidate:
    return Candidate(who.child_id, who.name, who.birth_date, who.identifiers.get("local_id", ""), matched_by)


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
