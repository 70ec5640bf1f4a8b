"""A request for a copy beside challenges to the same record, for tests of what copies say of corrections."""

from __future__ import annotations

import uuid
from typing import Any

from sqlmodel import Session

from portal.cases import verbs
from portal.cases.corrections import deciding as lines_decided
from portal.cases.models import Case
from portal.documents import assembly, release
from portal.documents.pack import Entry, Pack
from portal.records import OpenEntry
from portal.review import deciding
from portal.review.deciding import Decision, Item
from tests import builders
from tests.builders import Staff, Walk
from tests.corrections import challenge_in, lines_of


def challenged(walk: Walk, state: str, about: str, *, own: bool, shown: bool = True, **more: Any) -> Walk:
    """A challenge to an entry of the record under review, made by the requester of this copy or by somebody else."""
    person = walk.case.requester_id if own else None
    return challenge_in(walk.runtime, state, about=[about], shown=shown, record=walk.record, person_id=person, **more)


def stated(challenge: Walk, words: str) -> None:
    """The family writes a statement to what was refused."""
    line = lines_of(challenge)[0]
    by = challenge.requester
    challenge.act(lambda session: lines_decided.state_disagreement(session, challenge.case_id, line.id, words, by=by))


def brought_in(walk: Walk) -> int:
    """Brings what is new or has changed into the review; how much that was."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        return deciding.begin(session, builders.looking(session, walk))


def under_review(walk: Walk, *, by: Staff | None = None) -> list[tuple[Item, OpenEntry]]:
    """The items with what a reviewer reads of each."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        items = deciding.items(session, case, limit=1000)
        look = verbs.look_for(case, (by or walk.worker).actor)
        return list(zip(items, deciding.entries_of(session, look, items), strict=True))


def labelled(walk: Walk, label: str, *, by: Staff | None = None) -> tuple[Item, OpenEntry]:
    """The first item with this label."""
    return next(both for both in under_review(walk, by=by) if both[1].label == label)


def of_entry(walk: Walk, entry_id: uuid.UUID) -> tuple[Item, OpenEntry]:
    """The item of this entry."""
    return next(both for both in under_review(walk) if both[0].entry_id == entry_id)


def decided(walk: Walk, item: Item, entry: OpenEntry, said: Decision, *, by: Staff | None = None) -> None:
    """Decides one item as the caseworker unless somebody else is named."""

    def act(session: Session) -> None:
        deciding.decide(
            session,
            walk.case_id,
            item.id,
            said,
            version=item.version,
            text=entry.text,
            category=entry.category,
            by=(by or walk.worker).actor,
            today=walk.today,
        )

    walk.act(act)


def packed(walk: Walk) -> Pack:
    """The frozen copy of this review, everything that is open given; without its PDF."""
    builders.decide_all(walk)
    by = walk.worker.actor
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=by))
    stored = builders.pack_of(walk)
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        return assembly.assemble(session, session.get_one(Case, walk.case_id), stored, by=by).pack


def printed(pack: Pack, label: str) -> Entry:
    """The first printed entry with this label."""
    return next(one for one in pack.entries if words(one.label) == label)


def words(parts: Any) -> str:
    """A printed text without its gaps."""
    return "".join(getattr(part, "text", "") for part in parts)
