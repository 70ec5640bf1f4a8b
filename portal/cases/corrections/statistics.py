"""What became of challenged lines in the last twelve months, as counts: which feed is wrong most often, and how long
a decision takes. No record is opened for it, and no number is shown that could point at one family."""

from __future__ import annotations

import datetime
import statistics
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.cases.corrections.models import ChallengedLine
from portal.cases.models import Case

PERIOD = datetime.timedelta(days=365)
MOST_LINES = 5000  # the newest: a page must not grow with the authority
SMALL = 5  # fewer than this could point at a family
MOST_SOURCES = 20
UPHELD = frozenset({"corrected", "completed", "opinion_labelled", "erased", "moved", "partly"})


@dataclass(frozen=True)
class Count:
    """How many lines; None where there are too few to say, or where saying it would give away another that is."""

    what: str
    lines: int | None
    days: int | None  # the usual number of days from receipt to decision (the median)


@dataclass(frozen=True)
class SourceCount:
    """How often what one body supplied was challenged, and how often the challenge was right."""

    source_id: uuid.UUID
    challenged: int
    upheld: int | None


@dataclass(frozen=True)
class Figures:
    """The counts of one period. `more` says that there were more lines than are counted."""

    since: datetime.date
    kinds: tuple[Count, ...]
    outcomes: tuple[Count, ...]
    sources: tuple[SourceCount, ...]
    more: bool


@dataclass(frozen=True)
class _Row:
    kind: str
    outcome: str
    source_id: uuid.UUID | None
    days: int


def figures(session: Session, today: datetime.date) -> Figures:
    """Lines decided in the twelve months before `today`, of the whole authority, with one query."""
    since = today - PERIOD
    rows = _rows(session, since)
    more, rows = len(rows) > MOST_LINES, rows[:MOST_LINES]
    return Figures(
        since=since,
        kinds=_counts([(row.kind, row.days) for row in rows]),
        outcomes=_counts([(row.outcome, row.days) for row in rows]),
        sources=_sources(rows),
        more=more,
    )


def hidden(counts: Mapping[str, int]) -> set[str]:
    """Which counts are not shown: those under SMALL, and where that is one alone, the next smallest as well, so that
    no sum of another table gives it away."""
    small = {what for what, number in counts.items() if number < SMALL}
    if len(small) == 1 and len(counts) > 1:
        small.add(min((what for what in counts if what not in small), key=lambda what: counts[what]))
    return small


def _rows(session: Session, since: datetime.date) -> list[_Row]:
    line = ChallengedLine
    query = (
        sa.select(col(line.kind), col(line.outcome), col(line.source_id), col(line.decided_on), col(Case.received_on))
        .join(Case, col(Case.id) == col(line.case_id))
        .where(col(line.decided_on) >= since, col(line.decided_on).is_not(None), col(line.state) == "decided")
        .order_by(col(line.decided_on).desc(), col(line.id).desc())
        .limit(MOST_LINES + 1)
    )
    return [
        _Row(kind, outcome, source_id, (decided_on - received_on).days)
        for kind, outcome, source_id, decided_on, received_on in session.execute(query)
    ]


def _counts(told: Sequence[tuple[str, int]]) -> tuple[Count, ...]:
    """Each name with its number and its usual days, the largest first."""
    numbers = Counter(what for what, _days in told)
    unsaid = hidden(dict(numbers))
    return tuple(
        Count(what, None, None)
        if what in unsaid
        else Count(what, number, round(statistics.median(days for one, days in told if one == what)))
        for what, number in sorted(
            numbers.items(), key=lambda one: (one[0] in unsaid, 0 if one[0] in unsaid else -one[1], one[0])
        )
    )


def _sources(rows: Sequence[_Row]) -> tuple[SourceCount, ...]:
    """Bodies by how often a challenge to what they supplied was right; one with few challenges is left out whole. Where
    few were right, or few were not, neither number is said: the one gives away the other."""
    challenged = Counter(row.source_id for row in rows if row.source_id)
    upheld = Counter(row.source_id for row in rows if row.source_id and row.outcome in UPHELD)
    told = [
        SourceCount(source_id, number, upheld[source_id] if _may_be_said(upheld[source_id], number) else None)
        for source_id, number in challenged.items()
        if number >= SMALL
    ]
    return tuple(sorted(told, key=lambda one: (-(one.upheld or 0), -one.challenged, one.source_id))[:MOST_SOURCES])


def _may_be_said(part: int, whole: int) -> bool:
    return part >= SMALL and (part == whole or whole - part >= SMALL)
