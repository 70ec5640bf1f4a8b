"""The register of bodies that supply entries or have received them, and how each can be reached.

Whoever could change an address here could have questions about a child sent to themselves, so only an administrator
changes one, and each change is in the log (security.md section 5)."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.audit import Act, Logged
from portal.errors import Conflict, NotThere
from portal.people.contact import is_address
from portal.records import body_words
from portal.records.models import BodyWord, Source
from portal.vault import vault_of
from workflows.words import mark as _

PAGE = 50
MOST_FOUND = 20


class BodyNotFound(NotThere):
    words = _("There is no such body in the register.")


class BodyChanged(Conflict):
    words = _("Somebody else changed this entry of the register meanwhile. Look at it again.")


@dataclass(frozen=True)
class Reach:
    """How a body is reached: a question goes by e-mail, the code that opens it by telephone or letter."""

    name: str
    email: str = ""
    phone: str = ""
    address: str = ""

    @property
    def other_ways(self) -> tuple[str, ...]:
        """The ways besides e-mail by which a code can be given."""
        return tuple(way for way, value in (("phone", self.phone), ("letter", self.address)) if value.strip())


@dataclass(frozen=True)
class Body:
    id: uuid.UUID
    version: int
    reach: Reach


def listed(session: Session, *, after: uuid.UUID | None = None, limit: int = PAGE) -> list[Body]:
    """Bodies of the register in the order in which they came in."""
    query = select(Source).order_by(col(Source.id)).limit(limit)
    rows = session.exec(query.where(col(Source.id) > after) if after else query).all()
    return [plain(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def search(session: Session, words: str, *, limit: int = MOST_FOUND) -> list[Body]:
    """Bodies whose names hold all these words, or words that begin so, in the order in which they came in; one more
    than `limit` where there are more."""
    vault = vault_of(session)
    wanted = body_words.asked(vault, words)
    if not wanted:
        return []
    query = select(Source).order_by(col(Source.id)).limit(limit + 1)
    for blind in wanted:
        there = sa.select(col(BodyWord.source_id)).where(col(BodyWord.blind) == blind)
        query = query.where(col(Source.id).in_(there))
    rows = session.exec(query).all()
    return [plain(row, told) for row, told in zip(rows, vault.get_many(rows), strict=True)]


def body(session: Session, body_id: uuid.UUID) -> Body:
    """One body. Raises BodyNotFound."""
    row = session.get(Source, body_id)
    if row is None:
        raise BodyNotFound
    return plain(row, vault_of(session).get(row))


def of_key(session: Session, key: str) -> Body | None:
    """The body that supplies entries under this key of its own, or None."""
    blind = vault_of(session).blind("source", key)
    row = session.exec(select(Source).where(col(Source.key_blind) == blind)).first() if key else None
    return plain(row, vault_of(session).get(row)) if row else None


def keep(
    session: Session, reach: Reach, *, body_id: uuid.UUID | None = None, version: int = 0, actor: str, role: str
) -> uuid.UUID:
    """Enters a body, or changes how one is reached. Raises BodyNotFound, BodyChanged, ValueError for a bad address."""
    if reach.email and not is_address(reach.email):
        raise ValueError("not one e-mail address")
    row = db.lock(session, Source, id=body_id) if body_id else _new(session)
    if row is None:
        raise BodyNotFound
    if body_id and row.version != version:
        raise BodyChanged
    told = vault_of(session).get(row) if body_id else {"kind": "entered"}
    vault_of(session).put(row, {**told, **asdict(reach)})
    row.version += 1 if body_id else 0
    session.add(row)
    session.flush()
    body_words.index(session, row.id, reach.name)
    act = "body_changed" if body_id else "body_entered"
    changed = [name for name, value in asdict(reach).items() if value != told.get(name, "")]
    audit.append(
        session,
        Act(chain=actor, act=act, actor=actor, role=role, detail={"body": row.id.hex}),
        Act(chain=_chain(row.id), act=act, actor=actor, role=role, detail={"changed": changed}),
    )
    return row.id


def changes(session: Session, body_id: uuid.UUID, limit: int = PAGE) -> list[Logged]:
    """Who changed how this body is reached, and which parts of it, newest first."""
    return audit.of_chain(session, _chain(body_id), limit)


def _chain(body_id: uuid.UUID) -> str:
    return f"body:{body_id.hex}"


def _new(session: Session) -> Source:
    """A body that supplies no feed is known by a key of its own."""
    source_id = db.new_id()
    return Source(id=source_id, key_blind=vault_of(session).blind("source", f"entered:{source_id.hex}"), sealed=b"")


def plain(row: Source, told: dict[str, str]) -> Body:
    """A row of the register with what it says, opened."""
    return Body(row.id, row.version, Reach(**{name: str(told.get(name, "")) for name in _FIELDS}))


_FIELDS = ("name", "email", "phone", "address")
