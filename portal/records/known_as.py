"""A child as one source knows them: what it is asked about must not tell it more than it told us (R-56, R-111)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal.records.looking import Looking, LookRefused, log_look
from portal.records.models import Entry, FeedMark
from portal.vault import vault_of

# The number by which the bodies of a field know a child, by the category of what they supply.
_NUMBERS = {"education": "upn", "health": "nhs_number"}
_USUAL = "local_id"


@dataclass(frozen=True)
class KnownAs:
    """Name, birth date and number as the feed gave them that brought an entry in; empty where it gave none."""

    name: str = ""
    born: datetime.date | None = None
    number: str = ""


def known_as(session: Session, looking: Looking, entry_id: uuid.UUID, category: str) -> KnownAs:
    """How the source of an entry knows the child, logged as a look at the core class. `category` is the entry's.

    Raises LookRefused for an entry of another record."""
    entry = session.get(Entry, (looking.child_id, entry_id))
    if entry is None:
        raise LookRefused
    log_look(session, looking, "look_identity", ("core",), 1)
    told = _latest(session, entry)
    names, born = told.get("names") or (), told.get("birth_date")
    numbers = told.get("identifiers") or {}
    return KnownAs(
        name=str(names[0]) if names else "",
        born=datetime.date.fromisoformat(born) if born else None,
        number=str(numbers.get(_NUMBERS.get(category, _USUAL), "")),
    )


def _latest(session: Session, entry: Entry) -> dict[str, Any]:
    """What the entry's feed says of the child; of several bodies that send the same feed, the newest."""
    of_feed = sa.or_(col(FeedMark.feed) == entry.feed, col(FeedMark.feed).startswith(f"{entry.feed}:", autoescape=True))
    query = select(FeedMark).where(col(FeedMark.child_id) == entry.child_id, of_feed)
    mark = session.exec(query.order_by(col(FeedMark.seen_at).desc())).first()
    return vault_of(session).get_many([mark], look=True)[0] if mark else {}
