"""The frozen Pack: all that one recipient is given, and nothing that was removed (design.md section 5).

Review ends here. PDF, page, JSON and the approver's preview are made from this value alone and never read the record.
There is no place in it for an exemption code, a key or a count per code: packs that differ only in a code that may be
told and one that may not are the same value, but for reference, copy number and dates (R-91, R-92).
"""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass, field

from portal.documents import frozen
from portal.documents.frozen import FORMAT, LONGEST, PackUnreadable, made_printable, sha256
from portal.review.redaction import Gap, Text

__all__ = [
    "FORMAT",
    "LONGEST",
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
    "made_printable",
    "sha256",
    "to_json",
]

Words = tuple[Text | Gap, ...]


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
    `statement` is what the family wants read beside it (R-110). `content_note` announces an upsetting entry before it
    is opened (R-165). `opinion`: it says what somebody thinks (R-102). `known_since` says what was wrong with a
    mistake, or what became of an allegation (R-102, R-103)."""

    number: int
    label: Words
    value: Words
    source: Words
    when: str = ""
    disputed: bool = False
    corrected: bool = False
    statement: Words = ()
    content_note: str = ""
    opinion: bool = field(default=False, metadata={"later": True})
    known_since: Words = field(default=(), metadata={"later": True})

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

    `withheld_because` holds general reasons in words that may be told; `still_to_come` says in a release in parts that
    this is not all, and never what is missing; `support` names who can be talked to; `portal_link` is the family's
    door. `for_child`: a child asked in their own right, so the copy begins with a short version (R-160)."""

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
    for_child: bool = field(default=False, metadata={"later": True})

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
        return sha256(frozen.canonical(asdict(self)))


def in_words(text: str) -> Words:
    """A text that is given whole."""
    return (Text(text),) if text else ()


def to_json(pack: Pack) -> bytes:
    """The pack as canonical JSON: equal packs give equal bytes. Raises PackUnreadable as `frozen.written` does."""
    return frozen.written("pack", pack)


def from_json(data: bytes) -> Pack:
    """The pack that to_json wrote. Raises PackUnreadable for anything else."""
    return frozen.read(Pack, "pack", data)


def fingerprint(pack: Pack) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return sha256(to_json(pack))
