"""Words of the names of bodies, by which the register is searched however many bodies there are.

Names are sealed, because one can betray a family. So each word of a name, and each beginning of one from three letters
on, stands in an index as a keyed hash."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db, jobs
from portal.records.models import BodyWord, Source
from portal.records.names import key
from portal.vault import Vault, vault_of

JOB = "index_bodies"
FEWEST_LETTERS = 3
MOST_LETTERS = 12  # of a word that is looked up: what follows makes no difference
MOST_WORDS = 6
BATCH = 200
_INDEXED = ""  # stands for every body that was indexed, whatever it is called


def index(session: Session, source_id: uuid.UUID, name: str) -> None:
    """Enters the words of a body's name, in place of those of an earlier one."""
    vault = vault_of(session)
    session.execute(sa.delete(BodyWord).where(col(BodyWord.source_id) == source_id))
    words = sorted(_kept(name) | {_INDEXED})
    rows = [{"blind": _blind(vault, word), "source_id": source_id} for word in words]
    session.execute(sa.insert(BodyWord), rows)


def have_indexed(session: Session) -> None:
    """Queues the indexing of bodies that an import has entered."""
    jobs.enqueue(session, JOB, f"{JOB}:{db.new_id().hex}", {})


@jobs.handler(JOB)
def _index_all(work: jobs.Work) -> None:
    """Indexes every body that is not indexed yet, a few in each transaction."""
    while True:
        with work.database.write() as session:
            done = sa.exists().where(col(BodyWord.source_id) == col(Source.id))
            rows = session.exec(select(Source).where(~done).order_by(col(Source.id)).limit(BATCH)).all()
            for row, told in zip(rows, vault_of(session).get_many(rows), strict=True):
                index(session, row.id, str(told.get("name", "")))
        if len(rows) < BATCH:
            return


def asked(vault: Vault, words: str) -> list[bytes]:
    """What to look up for these words; those too short to be a beginning are left out where longer ones are there."""
    parts = key(words).split()[:MOST_WORDS]
    long = [part[:MOST_LETTERS] for part in parts if len(part) >= FEWEST_LETTERS]
    return [_blind(vault, part) for part in long or parts]


def _kept(name: str) -> set[str]:
    """What stands in the index of a name: each word, and its beginnings."""
    return {one for word in key(name).split() for one in _beginnings(word)}


def _beginnings(word: str) -> Iterable[str]:
    yield word[:MOST_LETTERS]
    for letters in range(FEWEST_LETTERS, min(len(word), MOST_LETTERS)):
        yield word[:letters]


def _blind(vault: Vault, word: str) -> bytes:
    return vault.blind("body_word", word)
