"""What each table is processed for: the record of processing activities (UK GDPR Article 30) comes from the schema.

A column's own comment says what it holds. Its table says why, about whom, how long and who sees it; both together stand
as the column's comment in the database, so that whoever opens the database without the code reads the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import SQLModel

Model = TypeVar("Model", bound=type[SQLModel])


@dataclass(frozen=True)
class Activity:
    """One purpose for which data is kept: about whom, for how long, and who sees it."""

    name: str
    purpose: str
    people: str
    kept: str
    seen_by: str

    def comment(self, holds: str) -> str:
        """A column's comment in the database; `holds` says what the column itself is."""
        return f"{holds} | for: {self.purpose} | about: {self.people} | kept: {self.kept} | seen by: {self.seen_by}"


RECORD = Activity(
    "The child's record",
    "giving access to the record and putting it right (Articles 15 to 19)",
    "the child and people mentioned in the file",
    "as the law on the record says, never shortened here (R-152)",
    "staff with an open case about the child; requesters, what is released to them",
)
CASE = Activity(
    "Cases",
    "answering a request, a challenge or a breach within the law's time (Articles 12 to 19, 33 and 34)",
    "the requester, the child, people who are asked",
    "three years after the last act of the case (R-150)",
    "staff of the case's team; the requester, what is told to them",
)
ASKING_OUTSIDE = Activity(
    "Asking and telling bodies outside",
    "asking the source of an entry, and telling those who received a wrong one (Article 19)",
    "the child and the body's staff",
    "three years after the last act of the case (R-150)",
    "staff of the case's team; the body, the one entry it is asked or told about",
)
RELEASE = Activity(
    "Copies and letters",
    "giving out copies, letters and decisions, and proving what was given (Articles 12, 15 and 19)",
    "the child, the requester and people mentioned in the file",
    "three years after the last act of the case (R-150)",
    "staff of the case's team; the person it was made for",
)
PERSON = Activity(
    "Requesters",
    "knowing who asks, and reaching them safely (Articles 11 and 12)",
    "requesters and those who act for them",
    "as long as one of the person's cases",
    "staff of the person's cases; the person",
)
SIGN_IN = Activity(
    "Signing in",
    "letting in the right person and nobody else (Article 32)",
    "requesters, children who are asked, and staff",
    "until it ends or runs out, and a day beyond",
    "nobody reads it; the portal compares",
)
STAFF = Activity(
    "Staff",
    "knowing who may do what, and who did it (Articles 5(2) and 32)",
    "staff",
    "as long as the log that names them",
    "administrators; auditors",
)
LOG = Activity(
    "The log",
    "proving who saw and did what (Articles 5(2) and 32)",
    "whoever opens a page, and the child it is about",
    "six years (security of the record)",
    "auditors; the family, what concerns their child and may be told",
)
REGISTER = Activity(
    "Registers of the authority",
    "knowing the bodies that supply and receive, and the authority's teams",
    "nobody: bodies and teams",
    "while the installation lives",
    "staff",
)
RUNNING = Activity(
    "Running the portal",
    "doing each thing once and finishing what was begun (Article 32)",
    "nobody: ids alone",
    "until done, and a day beyond; what failed waits for a person",
    "administrators",
)


def processed(activity: Activity) -> Callable[[Model], Model]:
    """Says for which activity a table is kept; each of its columns then says so too."""

    def mark(model: Model) -> Model:
        table = table_of(model)
        table.info["activity"] = activity
        for column in table.columns:
            column.comment = activity.comment(column.comment or "")
        return model

    return mark


def table_of(model: type[SQLModel]) -> sa.Table:
    return model.__table__  # type: ignore[attr-defined]


def activity_of(table: sa.Table) -> Activity | None:
    """The activity a table belongs to; None where nobody has said so, which the tests refuse."""
    found = table.info.get("activity")
    return found if isinstance(found, Activity) else None


def record(*, controller: str) -> Iterator[str]:
    """The record of processing activities as lines of Markdown."""
    yield f"# Record of processing activities of {controller}"
    yield ""
    yield "UK GDPR Article 30. Made from the schema by `portal docs processing-record`: what is not here is not kept."
    yield "Personal data stands in sealed columns (AES-256-GCM, keys in a store of their own). None of it leaves the"
    yield "United Kingdom through this portal; copies go to requesters, notices to the bodies named in a case."
    for activity, tables in _by_activity().items():
        yield from ("", f"## {activity.name}", "")
        yield f"- Purpose: {activity.purpose}"
        yield f"- People: {activity.people}"
        yield f"- Kept: {activity.kept}"
        yield f"- Seen by: {activity.seen_by}"
        for table in tables:
            yield from ("", f"### {table.name}", "", "| Column | Holds |", "|---|---|")
            yield from (f"| {column.name} | {_held(column)} |" for column in table.columns)


def _held(column: sa.Column[object]) -> str:
    return (column.comment or "").split(" | for: ")[0]


def _by_activity() -> dict[Activity, list[sa.Table]]:
    grouped: dict[Activity, list[sa.Table]] = {}
    for table in sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name):
        activity = activity_of(table)
        if activity is not None:
            grouped.setdefault(activity, []).append(table)
    return dict(sorted(grouped.items(), key=lambda pair: pair[0].name))
