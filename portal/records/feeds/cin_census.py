"""The children-in-need census, the yearly return of English authorities: XML without names (issue of the Department
for Education), read by element name with stray text ignored.

Values are kept as they came. What looks wrong (an unknown code, an impossible day, a wrong check letter) is flagged.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from portal.records import identifiers, words
from portal.records.feeds import dates
from portal.records.feeds.census_layout import CHILD, GROUPS, LEAVES, Group, Leaf
from portal.records.feeds.items import FeedChild, FeedItem, FeedProblem, FeedUnreadable, Kind
from portal.records.feeds.seen import Seen
from portal.records.feeds.xml_stream import Broken, Element, Records
from workflows.words import mark as _

NOBODY = _("It has no number of the council, and no birth date with a pupil number that is right.")
NOTHING_AFTER = _("Nothing after this line was read.")
_LONGEST_NAME = 100


def read(stream: BinaryIO, *, today: datetime.date | None = None) -> Iterator[FeedChild | FeedProblem]:
    """The children of a census file, one at a time. `today` stands in for a reference date the file does not give.

    Raises FeedUnreadable when the file is broken, hostile or of another kind before its first child ends; later it
    yields a last problem with the line from which nothing was read."""
    records = Records(stream, root="Message", record="Child")
    seen = Seen()
    children = 0
    try:
        for element in records:
            head = Head.of(records.head, today)
            children += 1
            yield _child_or_problem(element, head, seen)
        Head.of(records.head, today)
    except Broken as broken:
        if not children:
            raise FeedUnreadable(f"Line {broken.line}: {broken.reason}") from None
        open_child = _value(broken.record, "lachildid") if broken.record else ""
        yield FeedProblem(broken.line, open_child, f"{broken.reason} {NOTHING_AFTER}")


@dataclass(frozen=True)
class Head:
    """What the file says of itself: whose return it is, and the day it was drawn up."""

    authority: str
    reference: datetime.date | None

    @classmethod
    def of(cls, texts: dict[str, str], today: datetime.date | None) -> Head:
        """From the texts before the first child. Raises FeedUnreadable for the return of another collection."""
        if texts.get("Collection", "CIN").upper() != "CIN":
            raise FeedUnreadable("This is not a children-in-need census: its Collection is another one.")
        reference = dates.parse(texts.get("ReferenceDate", "")) or dates.parse(f"{texts.get('Year', '')}-03-31")
        return cls(identifiers.local_id(texts.get("LEA", "")), reference or today)

    @property
    def source(self) -> str:
        return f"Children’s social care, authority {self.authority}" if self.authority else "Children’s social care"

    @property
    def source_key(self) -> str:
        return f"authority:{self.authority}:childrens-social-care"


def _child_or_problem(element: Element, head: Head, seen: Seen) -> FeedChild | FeedProblem:
    child = _child(element, head)
    name = child.local_id or child.upn
    if element.fault:
        return FeedProblem(element.line, name, element.fault)
    if not child.joins_by:
        return FeedProblem(element.line, name, NOBODY)
    if earlier := seen.earlier(name, element.line):
        return FeedProblem(element.line, name, f"The same child is already on line {earlier}.")
    return child


def _child(element: Element, head: Head) -> FeedChild:
    birth = dates.parse(_value(element, "personbirthdate"))
    items = _Items(head, dates.Bounds(head.reference, birth))
    items.add_group(element, CHILD, "")
    return FeedChild(
        line=element.line,
        authority=head.authority,
        local_id=identifiers.local_id(_value(element, "lachildid")),
        upn=identifiers.upn(_value(element, "upn")),
        nhs_number="",
        directory_id="",
        surname="",
        forenames="",
        former_names=(),
        birth_date=birth,
        sex=next((item.plain for item in items.found if item.label == LEAVES["sex"].label), ""),
        items=tuple(items.found),
    )


@dataclass
class _Place:
    """Where in a child's record a leaf stands: its group, what the group's other leaves say, and what is counted."""

    group: Group
    path: str
    texts: dict[str, str]
    ordinals: Counter[str] = field(default_factory=Counter)

    @property
    def start(self) -> datetime.date | None:
        """The day on which the group begins."""
        return dates.parse(self.texts.get(self.group.start, ""))

    def key(self, name: str) -> str:
        """The same name again gets the next ordinal, so that two plans with the same days stay two."""
        self.ordinals[name] += 1
        return f"{self.path}{name}#{self.ordinals[name]}]"


@dataclass
class _Items:
    """Collects the items of one child, group by group."""

    head: Head
    bounds: dates.Bounds
    found: list[FeedItem] = field(default_factory=list)

    def add_group(self, element: Element, group: Group, path: str) -> None:
        """The leaves of a group, then the groups within it."""
        leaves = [
            (leaf.name.lower()[:_LONGEST_NAME], leaf.name, text) for leaf in _leaves(element) if (text := _text(leaf))
        ]
        place = _Place(group, path, {name: text for name, _written, text in reversed(leaves)})
        for name, written, text in leaves:
            self.found.append(
                self._item(LEAVES.get(name) or Leaf(written[:_LONGEST_NAME], "unknown"), name, text, place)
            )
        for inner, kind in _groups(element):
            self.add_group(inner, kind, place.key(f"{kind.name}[{_value(inner, kind.start)}") + "/")

    def _item(self, leaf: Leaf, name: str, text: str, place: _Place) -> FeedItem:
        return FeedItem(
            natural_key=place.key(f"{leaf.key or name}[{text if leaf.many else ''}"),
            category=leaf.category,
            label=leaf.label,
            kind=_KINDS.get(leaf.form, "text"),
            value=text,
            code=text if leaf.code_set else "",
            code_set=leaf.code_set,
            plain=words.plain(leaf.code_set, text),
            about_on=dates.parse(text if leaf.form in ("date", "birth") else place.texts.get(leaf.day, ""))
            or place.start,
            source=self.head.source,
            source_key=self.head.source_key,
            flags=self._flags(leaf, text, None if name == place.group.start else place.start),
            identifies=leaf.identifies if place.group is CHILD else "",
        )

    def _flags(self, leaf: Leaf, text: str, start: datetime.date | None) -> tuple[str, ...]:
        """What looks wrong; `start` is the day before which a day of the group cannot lie."""
        if leaf.form in ("date", "birth"):
            return self.bounds.flags_of(text, start=start, birth=leaf.form == "birth")
        wrong = ""
        if leaf.form == "unknown":
            wrong = "unknown-element"
        elif leaf.form == "upn" and not identifiers.is_upn(identifiers.upn(text)):
            wrong = "invalid-upn"
        elif leaf.form == "number" and not (text.isascii() and text.isdecimal()):
            wrong = "unreadable-number"
        elif leaf.code_set and not words.plain(leaf.code_set, text):
            wrong = "unknown-code"
        return (wrong,) if wrong else ()


_KINDS: dict[str, Kind] = {"date": "date", "birth": "date", "code": "code", "flag": "flag"}


def _leaves(element: Element) -> Iterator[Element]:
    """Elements with a value that belong to this group, through wrappers, in order."""
    for child in element.children:
        if not child.children:
            yield child
        elif _kind(child) is None:
            yield from _leaves(child)


def _groups(element: Element) -> Iterator[tuple[Element, Group]]:
    """The groups next below this one, through wrappers, in order."""
    for child in element.children:
        if not child.children:
            continue
        kind = _kind(child)
        if kind is None:
            yield from _groups(child)
        else:
            yield child, kind


def _kind(element: Element) -> Group | None:
    """The group that an element is; None for a mere wrapper, also one that carries the name of what it wraps."""
    kind = GROUPS.get(element.name.lower())
    if kind is None or any(GROUPS.get(child.name.lower()) is kind for child in element.children):
        return None
    return kind


def _value(element: Element, name: str) -> str:
    return next((_text(leaf) for leaf in _leaves(element) if leaf.name.lower() == name and _text(leaf)), "")


def _text(element: Element) -> str:
    return " ".join(unicodedata.normalize("NFC", element.text).split())
