"""What stands around the text of an entry: its heading, its source, who wrote it. Each is decided by itself.

A source that is called a refuge betrays a family, and a feed's own kind of address stands in a heading as it came
(design section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portal.records import OpenEntry
from workflows.words import mark as _

Around = Mapping[str, str]  # name of the part -> its words
NOTHING: Around = MappingProxyType({})
HEADING = "label"
PARTS = {HEADING: _("Heading"), "source": _("Source"), "author": _("Written by")}
CATEGORIES = {  # in the order of the copy
    "identity": _("Who this is about"),
    "address": _("Addresses"),
    "carers": _("Parents and carers"),
    "education": _("School and learning"),
    "health": _("Health"),
    "social care": _("Social care"),
    "youth justice": _("Youth justice"),
    "service": _("Services that help"),
    "sensitive service": _("Other services"),
    "flag": _("Where else something is held"),
    "contact": _("Contacts and notes"),
    "document": _("Documents"),
}
REST = _("Other")


def of(entry: OpenEntry) -> Around:
    """The words around this entry that a copy prints; around whom it was shared with, and around words that stand
    beside an entry, it prints none."""
    if entry.category == "shared" or entry.beside is not None:
        return NOTHING
    return {name: words for name in PARTS if (words := getattr(entry, name))}


def plain_word(category: str) -> str:
    """What stands in place of a heading that is not given: it is the same for every entry of its kind."""
    return CATEGORIES.get(category, REST)
