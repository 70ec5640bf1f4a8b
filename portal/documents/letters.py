"""The facts a letter states. Words are in `templates/letters/<workflow>/<letter>.html`, one short file each."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.documents import render
from portal.documents.pack import Authority, Regulator, Searched
from portal.text import printable

ADDRESS_LINES = 6  # what the window of an envelope shows below the name


class TooManyLines(ValueError):
    """An address that does not fit the window."""


@dataclass(frozen=True, kw_only=True)
class LetterFacts:
    """What every letter may say.

    `answers` holds the answers of the step that sends the letter, in words and by the names the workflow gives them;
    a letter that needs one that is missing is not made. `due` is None while the clock stands still. Nothing here names
    the child or says why something was withheld: a letter is opened in a home (R-92)."""

    reference: str
    recipient_name: str
    recipient_lines: tuple[str, ...]
    authority: Authority
    regulator: Regulator
    date: datetime.date
    received: datetime.date
    due: datetime.date | None = None
    language: str = "en"
    portal_link: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    searched: tuple[Searched, ...] = ()

    def __post_init__(self) -> None:
        if len(self.recipient_lines) > ADDRESS_LINES:
            raise TooManyLines(f"an address on a letter has at most {ADDRESS_LINES} lines")


def letter_html(workflow: str, letter: str, facts: LetterFacts) -> str:
    """The letter as a whole HTML document. Raises jinja2.TemplateNotFound, and jinja2.UndefinedError where a fact that
    it states is missing."""
    return printable(render.letter_html(f"{workflow}/{letter}", facts, facts.language))


def letter_pdf(workflow: str, letter: str, facts: LetterFacts) -> bytes:
    """The letter as PDF/UA-1; equal facts give equal bytes. Raises as letter_html, and limited.Failed."""
    return render.letter_pdf(letter_html(workflow, letter, facts))
