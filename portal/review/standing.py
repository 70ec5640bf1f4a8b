"""Whose marks stand at an entry: this requester's own, of which their copy may speak, and those of others, of which it
keeps silent unless a reviewer says otherwise (R-56; design section 5).

Own is a challenge of the same person to an entry of which they may be told. Everything else is somebody else's: when in
doubt, the reviewer decides.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.cases.corrections.models import ChallengedLine
from portal.cases.models import Case
from portal.records import beside, marks
from portal.records.marks import Mark
from portal.records.models import Version

# A copy reads alike whether a challenge is being checked, is under way or was refused: the mark would tell what the
# answer has not told yet.
DISPUTED = frozenset({"challenged", "disputed", "refused"})
CORRECTED = frozenset({"corrected", "labelled"})
# What others see of a challenge before its check is passed is nothing, also when a reviewer would tick it.
OF_OTHERS = (DISPUTED | CORRECTED) - {"challenged"}
ANSWER_OUT = frozenset({"ready", "collected", "closed"})


@dataclass(frozen=True)
class Standing:
    """The marks at one entry as a copy for one requester sees them."""

    own: tuple[Mark, ...] = ()
    others: tuple[Mark, ...] = ()

    def printed(self, kinds: Collection[str], ticked: Iterable[str]) -> bool:
        """Whether a mark of these kinds is in the copy: an own one, or one that the reviewer ticked."""
        shown = set(ticked)
        given = (*self.own, *(one for one in self.others if one.id.hex in shown))
        return any(mark.kind in kinds for mark in given)


@dataclass(frozen=True)
class _Line:
    """A challenged line that is the requester's own and that they may be told of."""

    answered: bool


def at(session: Session, case: Case, entry_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Standing]:
    """The marks that stand at entries of the record attached to `case`; an entry without any is left out."""
    if case.child_id is None or not entry_ids:
        return {}
    there = marks.open_marks(session, case.child_id, entry_ids)
    own = _own_lines(session, case, {mark.line_id for found in there.values() for mark in found})
    found = {entry_id: _sorted(some, own) for entry_id, some in there.items()}
    return {entry_id: one for entry_id, one in found.items() if one.own or one.others}


def own_words(session: Session, case: Case, heads: Collection[beside.Head]) -> set[uuid.UUID]:
    """Which of these words beside entries the requester wrote, or has been told already."""
    own = _own_lines(session, case, {head.line_id for head in heads})
    return {
        head.id
        for head in heads
        if (line := own.get(head.line_id)) is not None and (line.answered or head.kind == "statement")
    }


def changed_for_others(session: Session, case: Case, pinned: Mapping[uuid.UUID, uuid.UUID]) -> set[uuid.UUID]:
    """Of entries pinned to a version those whose value a correction decided for which somebody else asked: what it says
    could tell where another person is, or that there is a case of theirs."""
    if case.child_id is None or not pinned:
        return set()
    query = sa.select(col(Version.entry_id), col(Version.case_id)).where(
        col(Version.child_id) == case.child_id,
        col(Version.id).in_(list(pinned.values())),
        col(Version.why) == "correction",
    )
    changed = session.execute(query).all()
    if not changed:
        return set()
    mine = sa.select(col(ChallengedLine.entry_id), col(ChallengedLine.case_id)).where(
        *_of_requester(case), col(ChallengedLine.entry_id).in_([entry_id for entry_id, _case_id in changed])
    )
    own = {(entry_id, case_id) for entry_id, case_id in session.execute(mine)}
    return {entry_id for entry_id, case_id in changed if (entry_id, case_id) not in own}


def _sorted(some: Iterable[Mark], own: Mapping[uuid.UUID, _Line]) -> Standing:
    mine, others = [], []
    for mark in some:
        line = own.get(mark.line_id)
        if line is None:
            others.append(mark)
        elif line.answered or mark.kind in DISPUTED:
            mine.append(mark)
    return Standing(tuple(mine), tuple(mark for mark in others if mark.kind in OF_OTHERS))


def _own_lines(session: Session, case: Case, line_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, _Line]:
    if not line_ids:
        return {}
    query = sa.select(col(ChallengedLine.id), col(Case.state)).where(
        *_of_requester(case), col(ChallengedLine.id).in_(list(line_ids))
    )
    return {line_id: _Line(state in ANSWER_OUT) for line_id, state in session.execute(query)}


def _of_requester(case: Case) -> tuple[sa.ColumnElement[bool], ...]:
    """Lines of challenges that this requester made and of whose entry they may be told."""
    return (
        col(Case.id) == col(ChallengedLine.case_id),
        col(Case.requester_id) == case.requester_id,
        col(ChallengedLine.shown).is_(True),
    )
