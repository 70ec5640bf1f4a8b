"""Marks in a text what may be somebody else's: names of people mentioned, ways to reach them, places, birth days.

Suggestions help a person who decides; they decide nothing. Every search takes a bounded look at each place, so that
the time grows with the length of the text alone, whatever is in it.
"""

from __future__ import annotations

import datetime
import enum
import re
import unicodedata
import uuid
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from portal.review.words_of_text import Word, canonical, number, numbers_in


class Why(enum.StrEnum):
    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    POSTCODE = "postcode"
    ADDRESS = "address"
    BIRTH = "birth"
    NHS_NUMBER = "nhs_number"


@dataclass(frozen=True, slots=True)
class Known:
    """A person mentioned in the record. `names`: each way their full name is written, forename first."""

    person_id: uuid.UUID
    names: tuple[str, ...]
    born: datetime.date | None = None


@dataclass(frozen=True, order=True, slots=True)
class Suggestion:
    """A span of whole words, why it is suggested, whose it is when that is plain, and the numbers of its words."""

    start: int
    end: int
    why: Why
    person_id: uuid.UUID | None = None
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Atom:
    """A run of letters and digits, as it stands and folded for comparing."""

    start: int
    end: int
    text: str
    folded: str


_PLACES = frozenset(
    ("street", "road", "avenue", "crescent", "terrace", "lane", "gardens", "rd", "ave", "stryd", "heol")
)
_PLACES_CAPITAL = _PLACES | {
    "st",
    "close",
    "drive",
    "way",
    "court",
    "place",
    "grove",
    "square",
    "hill",
    "park",
    "row",
}
_PLACES_CAPITAL |= {
    "walk",
    "green",
    "rise",
    "view",
    "mews",
    "ln",
    "cl",
    "dr",
    "house",
    "lodge",
    "cottages",
    "wharf",
}
_TITLES = frozenset(("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "rev", "pc", "dc", "sgt", "aunt", "auntie"))
_TITLES |= {
    "aunty",
    "uncle",
    "nan",
    "nana",
    "gran",
    "granny",
    "grandma",
    "grandad",
    "grandpa",
    "cllr",
    "lady",
    "lord",
}
_SUBJECT = "subject"
_MOST_ATOMS = 6
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ATOM = re.compile(r"[^\W_][\w\u0300-\u036f]*(?:['’][^\W_][\w\u0300-\u036f]*)*")
_POSTCODE = re.compile(r"(?<![^\W_])[A-Z]{1,2}\d[A-Z\d]?\s{0,2}\d[A-Z]{2}(?![^\W_])", re.IGNORECASE | re.ASCII)
_PHONE_START = re.compile(r"(?<![\d+])(?:\+44|0044|\(?0)", re.ASCII)
_NHS = re.compile(r"(?<![\d])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\d])", re.ASCII)
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-")
_DATE = re.compile(
    r"(?<![\d])(?:(\d{4})-(\d{1,2})-(\d{1,2})"
    r"|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})"
    r"|(\d{1,2})(?:st|nd|rd|th)?\s{1,2}([A-Za-z]{3,9}),?\s{1,2}(\d{4}))(?![\d])",
    re.ASCII,
)
_BIRTH_CUE = re.compile(r"\b(?:born|d\.?o\.?b\b|birthday|date\s{1,2}of\s{1,2}birth|birth\s{1,2}date)", re.IGNORECASE)
_CUE_REACH = 25


def suggest(
    text: str,
    *,
    known_people: Iterable[Known],
    subject_names: Iterable[str],
    subject_born: datetime.date | None = None,
    subject_numbers: Collection[str] = (),
) -> tuple[Suggestion, ...]:
    """What in `text` may be somebody else's, in order. Spans are whole words of `words_of_text.number`.

    A name that is also the subject's is left alone unless a title or another name stands with it. A person is named
    in a suggestion only when the words fit one of the known people alone."""
    pinned = canonical(text)
    people = tuple(known_people)
    atoms = [_Atom(m.start(), m.end(), m.group(), _folded(m.group())) for m in _ATOM.finditer(pinned)]
    found = [
        *_names(pinned, atoms, people, tuple(subject_names)),
        *_phones(pinned),
        *_emails(pinned),
        *(Suggestion(m.start(), m.end(), Why.POSTCODE) for m in _POSTCODE.finditer(pinned)),
        *_addresses(pinned, atoms),
        *_births(pinned, people, subject_born),
        *_nhs_numbers(pinned, subject_numbers),
    ]
    return _in_words(number(pinned), _outermost(found))


# Names


def who_may_be_named(text: str, people: Iterable[Known]) -> list[Known]:
    """The people of whose names at least one part stands in the text: a quick look before `suggest`."""
    there = {_folded(match.group()) for match in _ATOM.finditer(canonical(text))}
    return [one for one in people if any(not there.isdisjoint(_atoms_of(name)) for name in one.names)]


def _folded(text: str) -> str:
    """For comparing: no case, accent, apostrophe or possessive."""
    plain = text.replace("’", "'").casefold().removesuffix("'s").replace("'", "")
    return "".join(mark for mark in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(mark))


def _atoms_of(name: str) -> tuple[str, ...]:
    atoms = tuple(_folded(match.group()) for match in _ATOM.finditer(canonical(name)))
    return tuple(atom for atom in atoms if atom not in _TITLES)[:_MOST_ATOMS]


def _ways(name: str) -> Iterator[tuple[str, ...]]:
    """How a full name may be written: whole, without middle names, with an initial, surname first, or in part."""
    atoms = _atoms_of(name)
    if not atoms:
        return
    yield atoms
    if len(atoms) == 1:
        return
    forename, surname = atoms[0], atoms[-1]
    yield from ((forename, surname), (surname, forename), (forename[0], surname), (surname, forename[0]))
    initials = tuple(atom[0] for atom in atoms[:-1])
    yield (*initials, surname)
    if "-" in name and len(atoms) > 2:  # Ada Smith-Jones: the surname has two atoms
        yield from (atoms[-2:], (forename[0], *atoms[-2:]), (*atoms[-2:], forename))
    yield from ((atom,) for atom in atoms if len(atom) > 1)


def _patterns(people: Iterable[Known], subject: Iterable[str]) -> dict[tuple[str, ...], set[uuid.UUID | str]]:
    patterns: dict[tuple[str, ...], set[uuid.UUID | str]] = {}
    for person in people:
        for name in person.names:
            for way in _ways(name):
                patterns.setdefault(way, set()).add(person.person_id)
    for name in subject:
        for way in _ways(name):
            patterns.setdefault(way, set()).add(_SUBJECT)
    return patterns


def _names(text: str, atoms: list[_Atom], people: tuple[Known, ...], subject: tuple[str, ...]) -> Iterator[Suggestion]:
    patterns = _patterns(people, subject)
    at = 0
    while at < len(atoms):
        length, whose = _longest(text, atoms, at, patterns)
        if not length:
            at += 1
            continue
        titled = at > 0 and atoms[at - 1].folded in _TITLES and _near(text, atoms[at - 1], atoms[at])
        others = {owner for owner in whose if isinstance(owner, uuid.UUID)}
        if others and (_SUBJECT not in whose or titled):
            start = atoms[at - 1].start if titled else atoms[at].start
            person = next(iter(others)) if len(others) == 1 else None
            yield Suggestion(start, atoms[at + length - 1].end, Why.NAME, person)
        at += length


def _longest(
    text: str, atoms: list[_Atom], at: int, patterns: dict[tuple[str, ...], set[uuid.UUID | str]]
) -> tuple[int, set[uuid.UUID | str]]:
    run = [atoms[at].folded]
    while len(run) < _MOST_ATOMS and at + len(run) < len(atoms):
        following = atoms[at + len(run)]
        if not _near(text, atoms[at + len(run) - 1], following):
            break
        run.append(following.folded)
    for length in range(len(run), 0, -1):
        if whose := patterns.get(tuple(run[:length])):
            return length, whose
    return 0, set()


def _near(text: str, before: _Atom, after: _Atom) -> bool:
    return after.start - before.end <= 4 and not text[before.end : after.start].strip(" .,-\u2010\u2011\n\t\u00a0")


# Ways to reach somebody


def _phones(text: str) -> Iterator[Suggestion]:
    done = 0
    for match in _PHONE_START.finditer(text):
        if match.start() >= done and (end := _phone_end(text, match.start())):
            yield Suggestion(match.start(), end, Why.PHONE)
            done = end


def _phone_end(text: str, start: int) -> int | None:
    """Where the United Kingdom number that starts here ends, if one does: ten or eleven digits with its 0."""
    digits, ends = "", None
    for at in range(start, min(start + 26, len(text))):
        letter = text[at]
        if letter.isascii() and letter.isdigit():
            digits += letter
            national = _national(digits)
            after = text[at + 1 : at + 2]
            if not after.isdigit() and re.fullmatch(r"0(?:[1235789]\d{9}|1\d{8})", national):
                ends = at + 1
        elif letter not in " ()+-.\u00a0\u2010\u2011":
            break
    return ends


def _national(digits: str) -> str:
    for prefix in ("0044", "44"):
        if digits.startswith(prefix):
            return "0" + digits[len(prefix) :].removeprefix("0")
    return digits


def _emails(text: str) -> Iterator[Suggestion]:
    for match in re.finditer("@", text):
        start = end = match.start()
        while start > 0 and match.start() - start < 64 and _in_local(text[start - 1]):
            start -= 1
        end += 1
        while end < len(text) and end - match.end() < 253 and (text[end].isalnum() or text[end] in ".-"):
            end += 1
        domain = text[match.end() : end].rstrip(".-")
        if start < match.start() and "." in domain.strip("."):
            yield Suggestion(start, match.end() + len(domain), Why.EMAIL)


def _in_local(letter: str) -> bool:
    return letter in _LOCAL or (not letter.isascii() and letter.isalnum())


# Places


def _addresses(text: str, atoms: list[_Atom]) -> Iterator[Suggestion]:
    """A house number with a street within four words of it, on one line; a flat's number before it goes along."""
    for at, atom in enumerate(atoms):
        if not atom.text[0].isdigit() or len(atom.text) > 5:
            continue
        end = _street_end(text, atoms, at)
        if end is not None:
            flat = at >= 2 and atoms[at - 2].folded in ("flat", "unit", "apartment", "apt", "room")
            yield Suggestion(atoms[at - 2].start if flat else atom.start, end, Why.ADDRESS)


def _street_end(text: str, atoms: list[_Atom], at: int) -> int | None:
    previous = atoms[at]
    capitals = True
    for step, atom in enumerate(atoms[at + 1 : at + 6]):
        if not _near(text, previous, atom) or "\n" in text[previous.end : atom.start]:
            return None
        capitals = capitals and not atom.text[0].islower()
        if step and atom.folded in (_PLACES_CAPITAL if capitals else _PLACES) and (capitals or step <= 2):
            return atom.end
        previous = atom
    return None


# Days and numbers


def _births(text: str, people: tuple[Known, ...], subject_born: datetime.date | None) -> Iterator[Suggestion]:
    """A known person's birth day anywhere; any other day that follows a word for birth, unless the subject's."""
    born: dict[datetime.date, set[uuid.UUID]] = {}
    for person in people:
        if person.born:
            born.setdefault(person.born, set()).add(person.person_id)
    cues = [match.end() for match in _BIRTH_CUE.finditer(text)]
    for match in _DATE.finditer(text):
        day = _day(match)
        if day is not None and day == subject_born:
            continue
        whose = born.get(day, set()) if day else set()
        cue = bisect_left(cues, match.start() - _CUE_REACH)
        if whose or (cue < len(cues) and cues[cue] <= match.start()):
            person_id = next(iter(whose)) if len(whose) == 1 else None
            yield Suggestion(match.start(), match.end(), Why.BIRTH, person_id)


def _day(match: re.Match[str]) -> datetime.date | None:
    """The day a written date names, day before month as the field writes it; None when there is no such day."""
    if match[1]:
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif match[4]:
        day, month, year = int(match[4]), int(match[5]), int(match[6])
        year += 0 if year > 99 else 2000 if year < 50 else 1900
    else:
        name = match[8][:3].casefold()
        day, month, year = int(match[7]), _MONTHS.index(name) + 1 if name in _MONTHS else 0, int(match[9])
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _nhs_numbers(text: str, subject_numbers: Collection[str]) -> Iterator[Suggestion]:
    own = {re.sub(r"\D", "", mine) for mine in subject_numbers}
    for match in _NHS.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if digits not in own and _nhs_check(digits):
            yield Suggestion(match.start(), match.end(), Why.NHS_NUMBER)


def _nhs_check(digits: str) -> bool:
    check = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check == int(digits[9])  # a remainder of 10 has no check digit


# Putting together


def _outermost(found: Iterable[Suggestion]) -> Iterator[Suggestion]:
    """In order, without those that lie inside another."""
    reach = 0
    for suggestion in sorted(found, key=lambda each: (each.start, -each.end, each.why)):
        if suggestion.end > reach:
            reach = suggestion.end
            yield suggestion


def _in_words(words: tuple[Word, ...], found: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Each suggestion widened to whole words."""
    whole: dict[tuple[int, int], Suggestion] = {}
    for suggestion in found:
        numbers = numbers_in(words, suggestion.start, suggestion.end)
        first, last = words[numbers[0] - 1], words[numbers[-1] - 1]
        key = (first.start, last.end)
        whole.setdefault(key, Suggestion(*key, suggestion.why, suggestion.person_id, tuple(numbers)))
    return tuple(whole.values())
