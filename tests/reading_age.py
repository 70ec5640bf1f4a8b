"""How old one must be to read what a family reads: measured over the words of the pages themselves, not over samples.

`python -m tests.reading_age` writes docs/reading-age.md. Two formulas that count letters and sentences are used, as
they need no dictionary: the Automated Readability Index and Coleman and Liau's. Both answer with a school year of the
United States; five years later is the age.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import textstat
from jinja2 import Environment

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "docs" / "reading-age.md"
FAMILY = ("templates/requester", "templates/emails")
ALSO_READ = (
    ROOT / "templates" / "parts" / "voice.html",  # the question to a child; staff see it beforehand
    ROOT / "templates" / "disclosure" / "_short.html",  # the short version of a child's copy
)
TARGET = 9.0
FEWEST_WORDS = 30  # the formulas say nothing about less
_FIRST_YEAR = 5  # age in the year before the first
_GAP = re.compile(r"%\(\w+\)s|{{.*?}}")
_TAG = re.compile(r"<[^>]+>")
_ENDED = re.compile(r"[.?!:]$")


def age(text: str) -> float:
    """Reading age in years: the mean of both formulas."""
    textstat.set_lang("en_GB")
    years = (textstat.automated_readability_index(text) + textstat.coleman_liau_index(text)) / 2
    return round(float(years) + _FIRST_YEAR, 1)


@cache
def pages() -> dict[str, str]:
    """The words of each page and mail of the family's door, as sentences."""
    found = {path.relative_to(ROOT / "templates").as_posix(): " ".join(_sentences(path)) for path in _templates()}
    return {name: text for name, text in found.items() if len(text.split()) >= FEWEST_WORDS}


def whole() -> float:
    """Reading age of everything a family reads, taken as one text."""
    return age(" ".join(pages().values()))


def report() -> str:
    ages = sorted(((age(text), name, len(text.split())) for name, text in pages().items()), reverse=True)
    lines = [
        "# Reading age of the family's pages",
        "",
        "Made by `python -m tests.reading_age`; a test keeps it true. The mean of the Automated Readability Index and",
        "Coleman and Liau's formula (library: textstat), five added to the school year. Both count letters, so names",
        "of things that have no short name (representative, responsibility) weigh on them; headings and links count",
        "as short sentences. What is measured is the templates' own words: not those of the forms' fields, and",
        "nothing that people wrote. The target is nine (R-163).",
        "",
        f"Everything together: **{whole()}**",
        "",
        "| Page | Words | Reading age |",
        "|---|---:|---:|",
        *(f"| {name} | {words} | {years} |" for years, name, words in ages),
        "",
    ]
    return "\n".join(lines)


def _templates() -> Iterator[Path]:
    for folder in FAMILY:
        yield from sorted((ROOT / folder).rglob("*.html"))
        yield from sorted((ROOT / folder).rglob("*.txt"))
    yield from ALSO_READ


def _sentences(path: Path) -> Iterator[str]:
    jinja = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for _line, _function, message in jinja.extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]
        for said in message if isinstance(message, tuple) else (message,):
            plain = " ".join(_TAG.sub(" ", _GAP.sub("it", said or "")).split())
            if len(plain.split()) > 1:
                yield plain if _ENDED.search(plain) else plain + "."


if __name__ == "__main__":
    REPORT.write_text(report(), encoding="utf-8")
