"""Every word a person reads can be translated: templates hold no bare text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import reading_age

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
SPOKEN = re.compile(r"""\b(?:alt|title|placeholder|aria-label)\s*=\s*["']([^"']*)["']""")
WORD = re.compile(r"[A-Za-z]{2,}")
ENTITY = re.compile(r"&[a-z]+;|&#\d+;")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_template_holds_no_bare_text(path: Path) -> None:
    left = JINJA.sub(" ", path.read_text(encoding="utf-8"))
    spoken = " ".join(SPOKEN.findall(left))
    assert WORD.findall(ENTITY.sub(" ", TAG.sub(" ", left)) + " " + spoken) == []


def test_what_a_family_reads_can_be_read_at_nine() -> None:
    assert reading_age.whole() <= reading_age.TARGET


@pytest.mark.parametrize("page", reading_age.pages())
def test_no_page_of_a_family_is_much_harder(page: str) -> None:
    assert reading_age.age(reading_age.pages()[page]) <= reading_age.TARGET + 1


def test_the_reading_ages_are_published_as_they_are() -> None:
    assert reading_age.REPORT.read_text(encoding="utf-8") == reading_age.report(), "python -m tests.reading_age"
