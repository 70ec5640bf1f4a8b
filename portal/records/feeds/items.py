"""What a feed says of a child, before anything is stored: plain values that every reader of a format yields."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from portal.records import identifiers

Kind = Literal["date", "text", "code", "flag"]
DataClass = Literal["core", "location", "sensitive"]


class FeedUnreadable(Exception):
    """Nothing of the file could be taken in. The words say why and what to do; they quote nothing from the file."""


@dataclass(frozen=True)
class FeedItem:
    """One statement about a child.

    `natural_key` tells the item from all others of the same child and feed, the same each time the file comes: its
    path, dates and ordinal. It may hold personal data and is stored only as a keyed hash. `value` is what the source
    wrote; `plain` a code's meaning in plain words, "" where it is not known. `source_key` is the key of the body that
    says so. `flags` say what looks wrong with a value that was kept all the same (`portal.records.words.FLAGS`).
    `identifies` is what the item tells of who the child is (`portal.records.identities.KINDS`), or ""."""

    natural_key: str
    category: str
    label: str
    kind: Kind
    value: str
    source: str
    source_key: str
    code: str = ""
    code_set: str = ""
    plain: str = ""
    about_on: datetime.date | None = None
    cls: DataClass = "core"
    flags: tuple[str, ...] = ()
    author: str = ""
    opinion: bool = False
    people: tuple[str, ...] = ()
    identifies: str = ""


@dataclass(frozen=True)
class FeedPerson:
    """Someone other than the child who is named in the items."""

    name: str
    relation: str = ""
    professional: bool = False


@dataclass(frozen=True)
class FeedChild:
    """One child of a feed, whole. Identifiers are in one way of writing (`identifiers`), tested or not."""

    line: int
    authority: str
    local_id: str
    upn: str
    nhs_number: str
    directory_id: str
    surname: str
    forenames: str
    former_names: tuple[str, ...]
    birth_date: datetime.date | None
    sex: str
    items: tuple[FeedItem, ...]
    people: tuple[FeedPerson, ...] = ()
    postcodes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The present name as one text; empty where the feed gives none, as the census does."""
        whole = " ".join(f"{self.forenames} {self.surname}".split())
        return (whole,) if whole else ()

    @property
    def joins_by(self) -> tuple[str, ...]:
        """The identifiers that may join this child to a record without a person (design section 3)."""
        by = ["local_id"] if self.local_id else []
        if self.birth_date:
            by += ["upn"] if identifiers.is_upn(self.upn) else []
            by += ["nhs_number"] if identifiers.is_nhs_number(self.nhs_number) else []
        return tuple(by)


@dataclass(frozen=True)
class FeedProblem:
    """Something that was not taken in. `child` is how the file calls the child, "" when it is about the file.

    `refused` is true once for each child that stays out, so that counting it counts children."""

    line: int
    child: str
    reason: str
    refused: bool = True
