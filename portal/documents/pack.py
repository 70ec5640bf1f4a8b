"""The frozen Pack: all that one recipient is given, and nothing that was removed (design.md section 5).

Review ends here. PDF, page, JSON and the approver's preview are made from this value alone and never read the record.
There is no place in it for an exemption code, a key or a count per code: packs that differ only in a code that may be
told and one that may not are the same value, but for reference, copy number and dates (R-91, R-92).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import types
import typing
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any

from portal.review.redaction import Gap, Text
from portal.text import printable

__all__ = [
    "Article15",
    "Authority",
    "Category",
    "Entry",
    "Gap",
    "Manifest",
    "Pack",
    "PackUnreadable",
    "Regulator",
    "Searched",
    "Shared",
    "Text",
    "Words",
    "fingerprint",
    "from_json",
    "in_words",
    "sha256",
    "to_json",
]

FORMAT = 1
LONGEST = 500_000  # characters of one text: more is no note but a mistake, or an attack on the renderer

Words = tuple[Text | Gap, ...]


class PackUnreadable(ValueError):
    """Bytes that are no pack, a pack of another format, or one with a text too long to print."""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """The controller, as it names itself in letters."""

    name: str
    lines: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Regulator:
    """Where complaints go; configuration, because it may change (R-98)."""

    name: str
    link: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Searched:
    """One place of the search plan, in words the family reads (R-74, R-77)."""

    place: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Article15:
    """The supplementary information of Article 15 (R-71), each list in plain sentences."""

    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: tuple[str, ...]
    sources: tuple[str, ...]
    automated: tuple[str, ...]
    transfers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One statement about the data subject.

    `number` is short, to quote, without gaps in the copy. `when` is the day it is about, in words, or empty.
    `statement` is what the family wants read beside it. `content_note` announces an upsetting entry before it is
    opened (R-165)."""

    number: int
    label: Words
    value: Words
    source: Words
    when: str = ""
    disputed: bool = False
    corrected: bool = False
    statement: Words = ()
    content_note: str = ""

    @property
    def phrases(self) -> tuple[str, ...]:
        """The different phrases of the gaps in the value, in order."""
        return tuple(dict.fromkeys(part.phrase for part in self.value if isinstance(part, Gap)))

    @property
    def gaps(self) -> int:
        return sum(isinstance(part, Gap) for part in self.value)


@dataclass(frozen=True, kw_only=True)
class Category:
    """A part of the record, under a name of ours."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Who was given what, when and how."""

    recipient: Words
    what: Words
    when: str
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """See the module. `about` says whose data it is, `asked_for` and `received` what was asked and when.

    `withheld_because` holds general reasons in words that may be told; `still_to_come` is for a release in parts;
    `support` names who can be talked to; `portal_link` is the family's door."""

    reference: str
    copy_number: str
    language: str
    cut_off: datetime.datetime
    date: datetime.date
    received: datetime.date
    recipient_name: str
    recipient_lines: tuple[str, ...]
    authority: Authority
    regulator: Regulator
    about: str
    asked_for: str
    information: Article15
    searched: tuple[Searched, ...]
    categories: tuple[Category, ...]
    shared: tuple[Shared, ...]
    withheld_because: tuple[str, ...] = ()
    still_to_come: str = ""
    support: tuple[str, ...] = ()
    portal_link: str = ""

    def __post_init__(self) -> None:
        numbers = [entry.number for entry in self.entries]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(
                "entries are numbered from one without gaps: a missing number would tell of a missing entry"
            )
        if self.cut_off.tzinfo is None:
            raise ValueError("the cut-off time needs a time zone")

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for category in self.categories for entry in category.entries)

    @property
    def upsetting(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.content_note)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an approval is bound to: exactly these bytes, for exactly this recipient."""

    pack_hash: str
    pdf_hash: str
    template_version: str
    copy_number: str
    recipient_id: str

    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal."""
        return sha256(_canonical(asdict(self)))


def in_words(text: str) -> Words:
    """A text that is given whole."""
    return (Text(text),) if text else ()


def to_json(pack: Pack) -> bytes:
    """The pack as canonical JSON: sorted keys, no spaces, UTF-8; equal packs give equal bytes.

    Texts are made printable first, so that what is approved is what is printed. Raises PackUnreadable when one text
    is longer than any note (LONGEST)."""
    return _canonical({"format": FORMAT, "pack": _plain(made_printable(pack))})


def from_json(data: bytes) -> Pack:
    """The pack that to_json wrote. Raises PackUnreadable for anything else."""
    try:
        read = json.loads(data)
        if not isinstance(read, dict) or read.get("format") != FORMAT:
            raise PackUnreadable("not a pack of this format")
        pack: Pack = _built(Pack, read["pack"])
    except (KeyError, TypeError, ValueError, RecursionError) as fault:
        raise PackUnreadable(f"not a pack: {type(fault).__name__}") from fault
    return pack


def fingerprint(pack: Pack) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return sha256(to_json(pack))


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def made_printable(pack: Pack) -> Pack:
    """The pack with every text as it can be printed; a second time changes nothing. Raises PackUnreadable."""
    made: Pack = _printed(pack)
    return made


def _printed(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise PackUnreadable("one text of the pack is too long to print")
        return printable(value)
    if isinstance(value, tuple):
        return tuple(_printed(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _printed(getattr(value, each.name)) for each in fields(value)})
    return value


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _plain(value: Any) -> Any:
    """As json takes it. A text is `{"text": ...}` and a gap `{"phrase": ...}`, so the two cannot be mixed up."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def _built(kind: Any, value: Any) -> Any:
    """Turns `value` back into `kind`; nothing missing, nothing more, nothing of another type is let through."""
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        kind = next((each for each in typing.get_args(kind) if set(_hints(each)) == set(value)), None)
        if kind is None:
            raise TypeError("neither text nor gap")
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError("a list was expected")
        return tuple(_built(typing.get_args(kind)[0], part) for part in value)
    if isinstance(kind, type) and is_dataclass(kind):
        wanted = _hints(kind)
        if set(wanted) != set(value):
            raise TypeError("other fields were expected")
        return kind(**{name: _built(each, value[name]) for name, each in wanted.items()})
    if kind in {datetime.date, datetime.datetime}:
        return kind.fromisoformat(value)
    if type(value) is not kind:
        raise TypeError("another type was expected")
    return value


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)
