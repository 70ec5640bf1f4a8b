"""What each kind of row of the directory's CSV may hold, what it must, and when it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portal.records import words
from portal.records.feeds.csv_stream import Row

NOTE_CATEGORIES = ("contact", "social care", "education", "health", "youth justice")


def _nothing(_row: Row) -> str:
    return ""


@dataclass(frozen=True)
class Shape:
    """The columns a record may fill, those it must, and why a row with all of them may still be refused."""

    columns: tuple[str, ...]
    needed: tuple[str, ...] = ()
    refuse: Callable[[Row], str] = _nothing


def _refuse_address(row: Row) -> str:
    if row.code("kind") in ("none-known", "left-england") or row.get("address") or row.get("postcode"):
        return ""
    return "An address needs address or postcode, unless its kind is none-known or left-england."


def _refuse_service(row: Row) -> str:
    """A service whose kind is unclear must not pass for an open one, nor a sensitive one come in without its ground."""
    if row.code("kind") not in ("targeted", "sensitive"):
        return "The kind of a service must be targeted or sensitive."
    if row.code("kind") == "sensitive" and row.code("consent") not in words.CODES["consent_ground"]:
        return "A sensitive service needs consent: child, parent, or harm where significant harm is suspected (R-125)."
    return ""


def _refuse_note(row: Row) -> str:
    if row.code("category") and row.code("category") not in NOTE_CATEGORIES:
        return f"The category of a note must be one of {', '.join(NOTE_CATEGORIES)}."
    if row.code("opinion") and not words.plain("yes_no", row.code("opinion")):
        return "Whether a note is an opinion must be yes or no."
    return ""


_REACH = ("phone", "email", "address", "postcode")
_PERIOD = ("from", "to", "source")
RECORDS: Mapping[str, Shape] = {
    "child": Shape(("surname", "forenames", "former_names", "birth_date", "sex", "died_on", "source")),
    "address": Shape(("kind", "address", "postcode", "returns", *_PERIOD), ("kind",), _refuse_address),
    "carer": Shape(("name", "relationship", "parental_responsibility", *_REACH, *_PERIOD), ("name",)),
    "school": Shape(("name", *_REACH, *_PERIOD), ("name",)),
    "gp": Shape(("name", *_REACH, *_PERIOD), ("name",)),
    "service": Shape(
        ("name", "kind", "contact", "consent", "consent_on", *_REACH, *_PERIOD), ("name", "kind"), _refuse_service
    ),
    "lead": Shape(("name", "role", *_REACH, *_PERIOD), ("name",)),
    "assessment": Shape(("name", "on", "phone", "email", "source"), ("name",)),
    "flag": Shape(("name", "phone", "email", *_PERIOD), ("name",)),
    "note": Shape(("text", "author", "on", "opinion", "category", "people", "source"), ("text",), _refuse_note),
}
COLUMNS = {"record", "local_id", "directory_id", "upn", "nhs_number"}.union(*(one.columns for one in RECORDS.values()))
