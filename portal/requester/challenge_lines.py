"""What somebody says is wrong, while it is being written: kept in a draft, read back, and turned into claims.

An entry `line:3` of a draft is one answer, and may be about several numbers of a copy: the same mistake in ten places
is told once."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from portal.cases.corrections.lines import Claim, Pinned, Value
from portal.documents.pack import Entry, Text, Words
from portal.requester.challenge_forms import SayForm, in_text
from workflows.lines import LineKind

LINE = "line:"
Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One answer of the draft. `numbers` are those of a copy; empty for what has none. `count` is its version."""

    at: int
    count: int
    numbers: tuple[int, ...]
    value_kind: str
    answers: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """The answers as the form's fields hold them."""
        day = self.answers.get("should_say") if self.value_kind == "date" else None
        return {**self.answers, "version": self.count, **({"should_say": _day(day)} if day else {})}

    @property
    def should_say(self) -> str:
        """In words."""
        told = self.answers.get("should_say") or ""
        return in_words(Value("date", told)) if told and self.value_kind == "date" else str(told)

    @property
    def title(self) -> str:
        """What it is about: the person's own words, or the numbers in their copy."""
        return entries_named(self.numbers) if self.numbers else str(self.answers.get("about") or "")


def said_in(answers: Answers) -> list[Said]:
    """The lines of a draft in the order in which they were begun."""
    found = [(int(name.removeprefix(LINE)), kept) for name, kept in answers.items() if name.startswith(LINE) and kept]
    return [
        Said(at, kept["count"], tuple(kept["numbers"]), kept["value_kind"], kept["said"]) for at, kept in sorted(found)
    ]


def next_line(answers: Answers) -> int:
    """The number of a line that is not there yet. A number is never used again."""
    return max((int(name.removeprefix(LINE)) for name in answers if name.startswith(LINE)), default=0) + 1


def entry_for(at: int, form: SayForm, numbers: tuple[int, ...], value_kind: str, count: int) -> dict[str, Any]:
    """The entry of the draft that keeps one answered form."""
    said = {
        name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in form.said().items()
    }
    return {f"{LINE}{at}": {"said": said, "numbers": list(numbers), "value_kind": value_kind, "count": count}}


def how_many(lines: list[Said]) -> int:
    """How many claims these lines become."""
    return sum(len(line.numbers) or 1 for line in lines)


def rows(line: Said, *, change: str) -> list[dict[str, Any]]:
    """One answered form as rows to check."""
    there = {"href": change, "text": _("Change")}
    said = line.answers
    own = [] if line.numbers else [(_("What it is about"), said.get("about")), (_("What we have"), said.get("reads"))]
    told = [
        *own,
        (_("What is wrong"), _(LineKind(said["kind"]).words)),
        (_("It should say"), line.should_say),
        (_("Why"), said.get("why")),
        (_("Use it as little as possible"), _("Yes") if said.get("restrict") else _("No")),
    ]
    return [{"key": key, "text": text or "", "links": [{**there, "hidden": key}]} for key, text in told]


def claim(line: Said) -> Claim:
    """The claim of a line without a number."""
    return Claim(
        kind=line.answers["kind"],
        about=line.answers.get("about") or "",
        why=line.answers["why"],
        should_say=_value(line),
        reads=line.answers.get("reads") or "",
        restrict=bool(line.answers.get("restrict")),
    )


def claim_on(line: Said, entry: Entry, copy_number: str, pinned: Pinned) -> Claim:
    """The claim about one entry that the requester's own copy printed."""
    return Claim(
        kind=line.answers["kind"],
        about=as_printed(entry.label),
        why=line.answers["why"],
        should_say=_value(line),
        reads=as_printed(entry.value),
        number=entry.number,
        copy_number=copy_number,
        restrict=bool(line.answers.get("restrict")),
        pinned=pinned,
        source=as_printed(entry.source),
    )


def as_printed(words: Words) -> str:
    """Words of a copy as one text, its gaps as the copy shows them."""
    return "".join(part.text if isinstance(part, Text) else f"[{part.phrase}]" for part in words)


def in_words(value: Value) -> str:
    """A value for a reader: a day as it is said, a code in plain words."""
    if value.kind == "date" and (day := _day(value.value)):
        return format_date(day, "d MMMM yyyy")
    return value.plain or value.value


def entries_named(numbers: tuple[int, ...]) -> str:
    """Entries by their numbers."""
    one = len(numbers) == 1
    return _("Entry %(number)s", number=numbers[0]) if one else _("Entries %(numbers)s", numbers=in_text(numbers))


def _value(line: Said) -> Value:
    told = str(line.answers.get("should_say") or "")
    if line.value_kind == "date" and told:
        return Value("date", told)
    return Value("code", told, plain=told) if line.value_kind == "code" and told else Value("text", told)


def _day(told: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(told or "")
    except ValueError:
        return None
