"""The log: every look and act is written before anything is shown, chained per record (security.md section 4).

A row holds who, when, what kind of data and why, as codes and ids: never a value. `append` belongs to the transaction
of the act it records and is called last in it, because it locks the chains' heads.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from portal import db
from portal.audit.models import ChainHead, LogRow

__all__ = [
    "Act",
    "Broken",
    "Logged",
    "account_chain",
    "append",
    "before_showing",
    "broken_chains",
    "child_chain",
    "of_case",
    "visitor_chain",
]

DOMAIN = b"portal-log-v1\0"
START = b"\0" * 32
VISITOR_SHARDS = 16
_HEADS = SQLModel.metadata.tables["chain_head"]
_ROWS = SQLModel.metadata.tables["log"]


@dataclass(frozen=True)
class Act:
    """What the log says. `detail` holds codes, counts and ids only: no name, value or search word."""

    chain: str
    act: str
    actor: str
    role: str = ""
    team: str = ""
    child_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    classes: tuple[str, ...] = ()
    reason: str = ""
    outcome: str = "allowed"
    session: str = ""
    detail: dict[str, str | int | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """A row at which a chain does not hold."""

    chain: str
    seq: int
    why: str


def child_chain(child_id: uuid.UUID) -> str:
    return f"child:{child_id.hex}"


def account_chain(kind: str, account_id: uuid.UUID) -> str:
    """The chain of one account's acts that concern no child's record."""
    return f"{kind}:{account_id.hex}"


def visitor_chain() -> str:
    """One of 16 chains for people who are not signed in: one chain would be a queue."""
    return f"visitor:{secrets.randbelow(VISITOR_SHARDS):x}"


def append(session: Session, *acts: Act) -> None:
    """Adds the acts to their chains inside the caller's transaction; heads are locked in order of name."""
    heads = _locked_heads(session, sorted({act.chain for act in acts}))
    at = db.now()
    rows = []
    for act in acts:
        head = heads[act.chain]
        body = _canonical(act, head["seq"] + 1, at.isoformat())
        head["seq"] += 1
        head["hash"] = link(head["hash"], body)
        rows.append(
            {
                "chain": act.chain,
                "seq": head["seq"],
                "at": at,
                "act": act.act,
                "actor": act.actor,
                "child_id": act.child_id,
                "case_id": act.case_id,
                "outcome": act.outcome,
                "body": body,
                "hash": head["hash"],
            }
        )
    session.execute(sa.insert(LogRow), rows)
    session.execute(
        sa.update(_HEADS)
        .where(_HEADS.c.chain == sa.bindparam("_chain"))
        .values(seq=sa.bindparam("seq"), hash=sa.bindparam("hash")),
        [{"_chain": chain, **head} for chain, head in heads.items()],
        execution_options={"synchronize_session": False},
    )


def before_showing(session: Session, *acts: Act) -> None:
    """Logs what is about to be shown: as part of a write transaction, otherwise committed by itself at once."""
    if db.is_writable(session):
        append(session, *acts)
        return
    with db.database_of(session).write() as writing:
        append(writing, *acts)


@dataclass(frozen=True)
class Logged:
    """An act that the log holds of a case."""

    at: datetime.datetime
    actor: str
    detail: dict[str, Any]


def of_case(session: Session, case_id: uuid.UUID, act: str) -> list[Logged]:
    """The acts of this name that were allowed in a case, oldest first."""
    query = (
        sa.select(col(LogRow.at), col(LogRow.actor), col(LogRow.body))
        .where(col(LogRow.case_id) == case_id, col(LogRow.act) == act, col(LogRow.outcome) == "allowed")
        .order_by(col(LogRow.at))
    )
    return [Logged(at, actor, json.loads(body)["detail"]) for at, actor, body in session.execute(query)]


def of_chain(session: Session, chain: str, limit: int) -> list[Logged]:
    """The newest acts of one chain, newest first."""
    query = sa.select(col(LogRow.at), col(LogRow.actor), col(LogRow.body)).where(col(LogRow.chain) == chain)
    rows = session.execute(query.order_by(col(LogRow.seq).desc()).limit(limit))
    return [Logged(at, actor, json.loads(body)["detail"]) for at, actor, body in rows]


def link(previous: bytes, body: bytes) -> bytes:
    return hashlib.sha256(DOMAIN + previous + body).digest()


def broken_chains(session: Session) -> Iterator[Broken]:
    """Walks every chain and names the first row of each that does not hold: changed, missing or added."""
    heads = {row.chain: (row.seq, row.hash) for row in session.exec(select(ChainHead))}
    seen: dict[str, tuple[int, bytes]] = {}
    bad: set[str] = set()
    query = sa.select(*_ROWS.c).order_by(col(LogRow.chain), col(LogRow.seq))
    for row in session.execute(query.execution_options(yield_per=1000)):
        if row.chain in bad:
            continue
        seq, previous = seen.get(row.chain, (0, START))
        why = _fault(row, seq, previous)
        if why:
            bad.add(row.chain)
            yield Broken(row.chain, row.seq, why)
        seen[row.chain] = (row.seq, row.hash)
    for chain in sorted((heads.keys() | seen.keys()) - bad):
        if heads.get(chain) != seen.get(chain, (0, START)):
            yield Broken(chain, seen.get(chain, (0, START))[0], "rows are missing at the end of the chain")


def _fault(row: sa.Row[tuple[object, ...]], seq: int, previous: bytes) -> str:
    if row.seq != seq + 1:
        return "a row before this one is missing"
    if not isinstance(row.body, bytes) or link(previous, row.body) != row.hash:
        return "the row was changed"
    told = json.loads(row.body)
    if (told["act"], told["actor"], told["at"]) != (row.act, row.actor, row.at.isoformat()):
        return "the row's columns were changed"
    return ""


def _locked_heads(session: Session, chains: list[str]) -> dict[str, dict[str, Any]]:
    db.insert_ignore(session, ChainHead, [{"chain": c, "seq": 0, "hash": START} for c in chains])
    query = (
        sa.select(*_HEADS.c).where(col(ChainHead.chain).in_(chains)).order_by(col(ChainHead.chain)).with_for_update()
    )
    return {row.chain: {"seq": row.seq, "hash": row.hash} for row in session.execute(query)}


def _canonical(act: Act, seq: int, at: str) -> bytes:
    told = {
        "act": act.act,
        "actor": act.actor,
        "at": at,
        "case": act.case_id.hex if act.case_id else None,
        "chain": act.chain,
        "child": act.child_id.hex if act.child_id else None,
        "classes": sorted(act.classes),
        "detail": act.detail,
        "outcome": act.outcome,
        "reason": act.reason,
        "role": act.role,
        "seq": seq,
        "session": act.session,
        "team": act.team,
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
