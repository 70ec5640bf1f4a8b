"""Reads the finished bytes back and looks for what was removed (design.md section 5, security.md section 7).

Fail closed: bytes that cannot be read, or that hold what a copy never holds (files, scripts, forms, layers), raise
GateFailed. What is found must go, or stay for a reason that the approver sees; a shielded string stops the release
whatever anyone says, and a long passage until it has been cleared as boilerplate.

Text is compared without case, accents, white space and hyphens, so that a word broken at a line's end, or written
another way, is still the word. Hyphens and ligatures are off in packs for the same reason.
"""

from __future__ import annotations

import enum
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pypdfium2

from portal.documents.finder import Finder, pressed
from portal.documents.inner import GateFailed, drawn_texts, inner_texts

WORD_LETTERS = 4
LONG = 40  # characters of a removed passage: more is no coincidence
NUMBER_LETTERS = 3  # shorter numbers stand on every page; they are looked for at their own place
UNCASED_LETTERS = 2  # a name in a script like Han is often no longer
_HYPHENS = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}-"
CONTEXT = 12  # letters on each side that make out the place of a short removed word

# Words of every letter. Removed as parts of sentences, they say nothing about what was removed.
_ORDINARY = """
about after again also although always another anyone anything around because been before being between both came
could does doing done down during each even ever every everything from gave getting give given goes going gone have
having hers herself himself into itself just kept know knows like made make many might more most much must myself
never next nothing often once only other ours over said same says seemed seems several shall should since some
someone something soon still such than that their theirs them themselves then there these they thing things this
those though through told took toward towards under until upon used very want wanted wants well went were what when
where which while whom whose will with within without would your yours yourself
"""
ORDINARY = frozenset(_ORDINARY.split())


class Rule(enum.StrEnum):
    """What it takes for a found needle to stay."""

    STAYS = "a reason that the approver sees"
    BOILERPLATE = "clearing as boilerplate, with a reason"
    NEVER = "nothing: it is shielded"


@dataclass(frozen=True, kw_only=True)
class RemovedSpan:
    """A removed text and where it was: `place` names its entry for staff; `before` and `after` are what stayed
    beside it (empty where nothing did). `shield`: it could tell where a protected family is."""

    text: str
    place: str = ""
    before: str = ""
    after: str = ""
    shield: bool = False


@dataclass(frozen=True)
class Needle:
    """What is looked for: `text` as staff read it, `sought` as it is compared. `whole`: not looked for inside longer
    words, where ordinary and short words stand by chance."""

    text: str
    sought: str
    rule: Rule
    whole: bool = False


@dataclass(frozen=True)
class Leak:
    """A needle that was found, and in what. `given_elsewhere`: it also stands in text that is given rightly, as a
    surname shared by child and mother does."""

    needle: str
    rule: Rule
    found_in: tuple[str, ...]
    places: tuple[str, ...]
    given_elsewhere: bool

    @property
    def absolute(self) -> bool:
        return self.rule is Rule.NEVER


@dataclass(frozen=True)
class Allowance:
    """Somebody's decision that a found needle stays, because ..."""

    needle: str
    reason: str
    boilerplate: bool = False


@dataclass(frozen=True)
class Needles:
    """All needles of a pack, with the places that each was removed from."""

    places: Mapping[Needle, tuple[str, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Needle]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def needles(removed: Iterable[RemovedSpan]) -> Needles:
    """What to look for after `removed` was taken out.

    The words of four letters or more (of three with a digit); each span as a whole where that is more than a word; a
    span with no such word together with the letters beside it, that is at its own place."""
    found: dict[Needle, dict[str, None]] = {}
    for span in removed:
        for needle in _of_span(span):
            found.setdefault(needle, {})[span.place] = None
    return Needles({needle: tuple(places) for needle, places in found.items()})


def search(
    pdf: bytes,
    html: str,
    json_bytes: bytes,
    filename: str,
    sought: Needles,
    *,
    given: Iterable[str] = (),
) -> list[Leak]:
    """Every needle found in the pack's PDF, HTML, JSON or file name, the strictest first.

    `given` is text (HTML too) that is rightly in the copy: the fixed wording, the recipient's and the subject's names,
    entries decided to be given whole. It only sets `given_elsewhere`. Raises GateFailed."""
    finder = _finder(sought)
    for name, text in _texts(pdf, html, json_bytes, filename):
        finder.look(name, text)
    known = _finder(sought)
    for text in given:
        known.look("given", "\n".join(_page_texts(text)))
    leaks = [
        Leak(needle.text, needle.rule, tuple(where), sought.places[needle], needle in known.found)
        for needle, where in finder.found.items()
    ]
    strictness = (Rule.NEVER, Rule.BOILERPLATE, Rule.STAYS)
    return sorted(leaks, key=lambda leak: (strictness.index(leak.rule), leak.given_elsewhere, leak.needle))


def standing(texts: Iterable[str], sought: Needles) -> set[tuple[str, Rule]]:
    """Which needles stand in these texts (HTML too): text and rule of each."""
    finder = _finder(sought)
    for text in texts:
        finder.look("text", "\n".join(_page_texts(text)))
    return {(needle.text, needle.rule) for needle in finder.found}


def blocking(leaks: Iterable[Leak], allowances: Iterable[Allowance] = ()) -> list[Leak]:
    """The leaks that still stand in the way of a release."""
    allowed = {each.needle: each for each in allowances if each.reason.strip()}
    return [leak for leak in leaks if not _may_stay(leak, allowed.get(leak.needle))]


def _finder(sought: Needles) -> Finder[Needle]:
    return Finder((needle.sought, needle.whole, needle) for needle in sought)


def _may_stay(leak: Leak, allowance: Allowance | None) -> bool:
    if allowance is None or leak.rule is Rule.NEVER:
        return False
    return leak.rule is Rule.STAYS or allowance.boilerplate


# Needles


def _of_span(span: RemovedSpan) -> Iterator[Needle]:
    words = [word for word in _words(span.text) if _counts(word)]
    whole = pressed(span.text)
    if span.shield:
        yield from _shielded(span)
    elif len(" ".join(span.text.split())) > LONG:
        yield Needle(" ".join(span.text.split()), whole, Rule.BOILERPLATE)
    elif len(whole) >= WORD_LETTERS and len(span.text.split()) > 1:
        yield Needle(" ".join(span.text.split()), whole, Rule.STAYS)
    for word in words:
        sought = pressed(word)
        yield Needle(word, sought, Rule.STAYS, whole=word.islower() or len(sought) < WORD_LETTERS)
    if not words and whole and (span.before or span.after):
        before, after = pressed(span.before)[-CONTEXT:], pressed(span.after)[:CONTEXT]
        yield Needle(" ".join(span.text.split()), before + whole + after, Rule.STAYS)


def _shielded(span: RemovedSpan) -> Iterator[Needle]:
    """The whole, and each line of it with a digit or of several words: a house, a postcode, a school."""
    lines = [line.strip() for line in re.split(r"[,;\n]", span.text)]
    strings = [line for line in lines if len(line.split()) > 1 or any(letter.isdigit() for letter in line)]
    for string in dict.fromkeys([" ".join(span.text.split()), *strings]):
        if sought := pressed(string):
            yield Needle(string, sought, Rule.NEVER, whole=len(sought) < WORD_LETTERS)


def _words(text: str) -> list[str]:
    """Words as written, without the marks around them; parts joined by a hyphen or a stop are words too."""
    found = re.findall(rf"[\w'’.{_HYPHENS}]+", unicodedata.normalize("NFC", text))
    whole = [word.strip(f"'’.{_HYPHENS}") for word in found]
    parts = [part for word in whole for part in re.split(f"[.{_HYPHENS}]", word) if part]
    return list(dict.fromkeys([*whole, *parts]))


def _counts(word: str) -> bool:
    letters = sum(letter.isalnum() for letter in word)
    if any(letter.isdigit() for letter in word):
        return letters >= NUMBER_LETTERS
    if any(unicodedata.category(letter) == "Lo" for letter in word):
        return letters >= UNCASED_LETTERS
    return letters >= WORD_LETTERS and word.casefold() not in ORDINARY


# What is looked at


def _texts(pdf: bytes, html: str, json_bytes: bytes, filename: str) -> Iterator[tuple[str, str]]:
    yield "file name", filename
    text, hidden = _page_texts(html)
    yield "page", text
    yield "page source", hidden
    yield "data", " \n ".join(_strings(_loaded(json_bytes)))
    drawn, shown = drawn_texts(pdf), _read_by_pdfium(pdf)
    if not drawn or len(drawn) != len(shown):
        raise GateFailed("the file's pages cannot be counted")
    yield "text of the file", "\n".join(drawn)
    yield "text of the file", "\n".join(shown)
    yield "inner parts of the file", " \n ".join(inner_texts(pdf))


_INLINE = frozenset({"a", "b", "bdi", "em", "i", "span", "strong"})


class _Page(HTMLParser):
    """Text as it runs on over inline tags, and what does not show: attributes (names of styles excepted), comments."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.hidden: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_endtag(tag)
        self.hidden.extend(value or "" for name, value in attrs if name != "class")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.text.append("\n")

    def handle_comment(self, data: str) -> None:
        self.hidden.append(data)

    unknown_decl = handle_comment
    handle_pi = handle_comment


def _page_texts(html: str) -> tuple[str, str]:
    page = _Page()
    page.feed(html)
    page.close()
    return "".join(page.text), " \n ".join(page.hidden)


def _loaded(json_bytes: bytes) -> object:
    try:
        return json.loads(json_bytes)
    except (ValueError, RecursionError) as fault:
        raise GateFailed("the data is not JSON") from fault


def _strings(value: object) -> Iterator[str]:
    """The values; names of fields are ours."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _read_by_pdfium(pdf: bytes) -> list[str]:
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as fault:
        raise GateFailed("the file cannot be read by the second reader") from fault
    try:
        return [_text_of(document, number) for number in range(len(document))]
    finally:
        document.close()


def _text_of(document: pypdfium2.PdfDocument, number: int) -> str:
    page = document[number]
    text = page.get_textpage()
    try:
        return str(text.get_text_range())
    finally:
        text.close()
        page.close()
