"""What an import did: counted while it runs, told to an operator in words or to a program as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.records.feeds.items import FeedProblem


@dataclass
class Tally:
    """New, changed and unchanged of one kind of thing."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def add(self, other: Tally) -> None:
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged

    def as_json(self) -> dict[str, int]:
        return {"new": self.new, "changed": self.changed, "unchanged": self.unchanged}


@dataclass
class Report:
    """The counts of one run, and what was not taken in, with line and reason."""

    format: str
    file: str
    children: Tally = field(default_factory=Tally)
    entries: Tally = field(default_factory=Tally)
    problems: list[FeedProblem] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many children stayed out."""
        return sum(problem.refused for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "file": self.file,
            "children": {**self.children.as_json(), "refused": self.refused},
            "entries": self.entries.as_json(),
            "problems": [_problem(one) for one in self.problems],
        }

    def in_words(self) -> str:
        """A few lines for a terminal; each problem on a line of its own."""
        return "\n".join(
            [_line("Children", self.children, self.refused), _line("Entries", self.entries), *self._told()]
        )

    def _told(self) -> list[str]:
        return [f"Line {one.line}{f', child {one.child}' if one.child else ''}: {one.reason}" for one in self.problems]


def unreadable_report(format_: str, file: Path, reason: str) -> dict[str, Any]:
    """The report, as JSON, of a file of which nothing could be taken in."""
    report = Report(format_, str(file))
    return {**report.as_json(), "problems": [_problem(FeedProblem(0, "", reason))]}


def _problem(one: FeedProblem) -> dict[str, Any]:
    return {"line": one.line, "child": one.child, "reason": one.reason}


def _line(name: str, tally: Tally, refused: int | None = None) -> str:
    counts = [f"{tally.new} new", f"{tally.changed} changed", f"{tally.unchanged} unchanged"]
    return f"{name}: {', '.join(counts)}" + ("" if refused is None else f", {refused} refused") + "."
