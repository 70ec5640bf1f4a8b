"""What the rows of the directory's CSV say of a child, as items in plain words.

Classes follow what a shield hides (R-127): whatever tells where the family lives or can be met is `location`, a
school or GP practice as much as an address; all of a sensitive service is `sensitive`.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.records import identifiers, names, words
from portal.records.feeds import dates
from portal.records.feeds.csv_stream import Row
from portal.records.feeds.items import DataClass, FeedItem, FeedPerson, Kind
from workflows.words import mark as _

DIRECTORY = _("Children’s directory")
_REACHED: Mapping[str, str] = {"phone": _("Phone number"), "email": _("E-mail address"), "address": _("Address")}


@dataclass
class Statements:
    """Collects what the rows of one child say."""

    bounds: dates.Bounds
    found: list[FeedItem] = field(default_factory=list)
    people: list[FeedPerson] = field(default_factory=list)
    former_names: list[str] = field(default_factory=list)
    postcodes: list[str] = field(default_factory=list)
    sex: str = ""
    _ordinals: Counter[str] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """Takes in a row that has no fault."""
        adders = {"child": self._child, "address": self._address, "carer": self._carer, "note": self._note}
        adders |= {"school": self._place, "gp": self._place, "service": self._service, "lead": self._lead}
        adders |= {"assessment": self._assessment, "flag": self._flag}
        record = row.code("record")
        adders[record](_Telling(self, row, f"{record}[{self._name_of(record, row)}]"))

    @property
    def everyone(self) -> tuple[FeedPerson, ...]:
        """The people named, each once; the same name with another relation is another person until someone decides."""
        return tuple({(names.key(one.name), names.key(one.relation)): one for one in reversed(self.people)}.values())[
            ::-1
        ]

    def _name_of(self, record: str, row: Row) -> str:
        """What tells a row from the child's other rows of the same record, and stays when the row's values change."""
        on = row.get("from") or row.get("on")
        who = names.key(row.get("name") or row.get("author"))
        special = {"child": "", "carer": who, "address": on or names.postcode(row.get("postcode"))}
        by = special.get(record, f"{who}|{on}")
        self._ordinals[f"{record}|{by}"] += 1
        return f"{by}#{self._ordinals[f'{record}|{by}']}"

    def _child(self, tell: _Telling) -> None:
        row = tell.row
        self.sex = words.plain("sex", row.get("sex"))
        former_names = (" ".join(part.split()) for part in row.get("former_names").split(";"))
        self.former_names = list(dict.fromkeys(filter(None, former_names)))
        tell("name", _("Name"), " ".join(f"{row.get('forenames')} {row.get('surname')}".split()), identifies="name")
        for former in self.former_names:
            tell(f"former_names[{former}]", _("Earlier name"), former, identifies="former_name")
        tell.date("birth_date", _("Date of birth"), birth=True, identifies="birth_date")
        tell.date("died_on", _("Date of death"))
        tell.code("sex", _("Sex"), "sex", identifies="sex")
        tell("local_id", _("The council’s number for the child"), row.get("local_id"), identifies="local_id")
        tell(
            "directory_id",
            _("The directory’s number for the child"),
            row.get("directory_id"),
            identifies="directory_id",
        )
        upn, nhs_number = identifiers.upn(row.get("upn")), identifiers.nhs_number(row.get("nhs_number"))
        wrong = {"upn": () if identifiers.is_upn(upn) else ("invalid-upn",)}
        wrong["nhs_number"] = () if identifiers.is_nhs_number(nhs_number) else ("invalid-nhs-number",)
        tell("upn", _("Pupil number (UPN)"), row.get("upn"), flags=wrong["upn"], identifies="upn")
        tell("nhs_number", _("NHS number"), row.get("nhs_number"), flags=wrong["nhs_number"], identifies="nhs_number")

    def _address(self, tell: _Telling) -> None:
        row, kind = tell.row, tell.row.code("kind")
        told = words.plain("address_kind", kind)
        flags = [] if told else ["unknown-code"]
        if row.get("postcode"):
            self.postcodes.append(row.get("postcode"))
            flags += [] if names.postcode(row.get("postcode")) else ["invalid-postcode"]
        where = ", ".join(filter(None, (row.get("address"), row.get("postcode"))))
        if kind == "left-england":
            where = words.plain("returns", row.get("returns")) or row.get("returns") or where
        label = told or f"{_('Address')} ({kind})"
        tell("address", label, where or told, category="address", cls="location", flags=tuple(flags), dated=True)

    def _carer(self, tell: _Telling) -> None:
        row, name = tell.row, tell.row.get("name")
        self.people.append(FeedPerson(name, row.get("relationship")))
        who = ", ".join(filter(None, (name, row.get("relationship"))))
        tell("name", _("Parent or carer"), who, category="carers", people=(name,), dated=True)
        if responsible := row.get("parental_responsibility"):
            told = words.plain("parental_responsibility", responsible)
            flags = () if told else ("unknown-code",)
            label = _("Has parental responsibility (may decide for the child)")
            value = f"{name}: {told or responsible}"
            tell("parental_responsibility", label, value, category="carers", flags=flags, people=(name,))
        tell.reach(_("of a parent or carer"), category="carers", cls="location", people=(name,))

    def _place(self, tell: _Telling) -> None:
        school = tell.row.code("record") == "school"
        category = "education" if school else "health"
        label = _("School or college") if school else _("Family doctor’s practice (GP)")
        tell("name", label, tell.row.get("name"), category=category, cls="location", dated=True)
        whose = _("of the school or college") if school else _("of the family doctor’s practice (GP)")
        tell.reach(whose, category=category, cls="location")

    def _service(self, tell: _Telling) -> None:
        row = tell.row
        sensitive = row.code("kind") == "sensitive"
        category = "sensitive service" if sensitive else "service"
        reach_cls: DataClass = "sensitive" if sensitive else "location"
        cls: DataClass = "sensitive" if sensitive else "core"
        people = (row.get("contact"),) if row.get("contact") else ()
        if not sensitive:  # the list of people is sealed with the core of the record, which more may open
            self.people += [FeedPerson(name) for name in people]
        tell("name", _("A service that helps"), row.get("name"), category=category, cls=cls, dated=True)
        for name in people:
            label = _("Who to talk to at the service")
            tell("contact", label, f"{row.get('name')}: {name}", category=category, cls=reach_cls, people=people)
        tell.code("consent", _("Why the service may be listed here"), "consent_ground", category=category, cls=cls)
        tell.date("consent_on", _("When it was agreed that the service may be listed"), category=category, cls=cls)
        tell.reach(_("of the service"), category=category, cls=reach_cls)

    def _lead(self, tell: _Telling) -> None:
        row, name = tell.row, tell.row.get("name")
        self.people.append(FeedPerson(name, row.get("role"), professional=True))
        who = ", ".join(filter(None, (name, row.get("role"))))
        label = _("The worker who leads the help (lead professional)")
        tell("name", label, who, category="contact", people=(name,), dated=True)
        tell.reach(_("of the lead professional"), category="contact", people=(name,))

    def _assessment(self, tell: _Telling) -> None:
        told = _("A common assessment was done by")
        tell("name", told, tell.row.get("name"), category="social care", dated=True)
        tell.reach(_("of who did the common assessment"), category="social care")

    def _flag(self, tell: _Telling) -> None:
        tell("name", _("Someone else holds information too"), tell.row.get("name"), category="flag", dated=True)
        tell.reach(_("of who holds the information"), category="flag")

    def _note(self, tell: _Telling) -> None:
        row = tell.row
        mentioned = [_person(part) for part in row.get("people").split(";") if part.strip()]
        self.people += mentioned
        tell(
            "text",
            _("Note"),
            row.get("text"),
            category=row.code("category") or "contact",
            author=row.get("author"),
            opinion=words.plain("yes_no", row.get("opinion")) == words.YES_NO["yes"],
            people=tuple(person.name for person in mentioned),
            flags=tell.flags,
        )


class _Telling:
    """Makes the items of one row: same source, same day, keys under the row's own."""

    def __init__(self, into: Statements, row: Row, key: str) -> None:
        self._into, self.row, self._key = into, row, key
        self._about = self._day("from") or self._day("on")
        self._source = row.get("source") or DIRECTORY
        self._source_key = f"body:{names.key(row.get('source'))}" if row.get("source") else "directory"

    @property
    def period(self) -> str:
        """From when to when, in words, after the value it belongs to; "" where the row has no days."""
        words_of = {"on": _("on"), "from": _("from"), "to": _("to")}
        told = [f"{words_of[column]} {_in_words(self.row.get(column))}" for column in words_of if self.row.get(column)]
        return f" ({' '.join(told)})" if told else ""

    def __call__(
        self,
        column: str,
        label: str,
        value: str,
        *,
        category: str = "identity",
        cls: DataClass = "core",
        kind: Kind = "text",
        flags: tuple[str, ...] = (),
        people: tuple[str, ...] = (),
        about_on: datetime.date | None = None,
        code: tuple[str, str, str] = ("", "", ""),
        author: str = "",
        opinion: bool = False,
        dated: bool = False,
        identifies: str = "",
    ) -> None:
        """Adds an item, unless its value is empty. `code` is code, set and plain words; a `dated` item also tells the
        row's period and bears what looks wrong with it."""
        if not value:
            return
        item = FeedItem(
            natural_key=f"{self._key}/{column}",
            category=category,
            label=label,
            kind=kind,
            value=value + self.period if dated else value,
            source=self._source,
            source_key=self._source_key,
            cls=cls,
            flags=tuple(dict.fromkeys((*flags, *(self.flags if dated else ())))),
            people=people,
            about_on=about_on or self._about,
            code=code[0],
            code_set=code[1],
            plain=code[2],
            author=author,
            opinion=opinion,
            identifies=identifies,
        )
        self._into.found.append(item)

    def date(
        self,
        column: str,
        label: str,
        *,
        birth: bool = False,
        category: str = "identity",
        cls: DataClass = "core",
        identifies: str = "",
    ) -> None:
        """A column that holds a day."""
        text = self.row.get(column)
        flags = self._into.bounds.flags_of(text, birth=birth)
        self(
            column,
            label,
            text,
            category=category,
            cls=cls,
            kind="date",
            flags=flags,
            about_on=dates.parse(text),
            identifies=identifies,
        )

    def code(
        self,
        column: str,
        label: str,
        code_set: str,
        *,
        category: str = "identity",
        cls: DataClass = "core",
        identifies: str = "",
    ) -> None:
        """A column that holds a code of ours."""
        code = self.row.code(column)
        plain = words.plain(code_set, code)
        flags = () if plain else ("unknown-code",)
        told = (code, code_set, plain)
        self(
            column, label, code, category=category, cls=cls, kind="code", flags=flags, code=told, identifies=identifies
        )

    def reach(self, whose: str, *, category: str, cls: DataClass = "core", people: tuple[str, ...] = ()) -> None:
        """Phone, e-mail and address of whoever the row names."""
        for column, label in _REACHED.items():
            value = self.row.get(column)
            if column == "address":
                value = ", ".join(filter(None, (value, self.row.get("postcode"))))
            if value:
                said = f"{self.row.get('name')}: {value}"
                self(column, f"{label} {whose}", said, category=category, cls=cls, people=people)

    def _day(self, column: str) -> datetime.date | None:
        return dates.parse(self.row.get(column))

    @property
    def flags(self) -> tuple[str, ...]:
        """What looks wrong with the days of the row."""
        flags: tuple[str, ...] = ()
        for column in ("from", "to", "on"):
            if text := self.row.get(column):
                flags += self._into.bounds.flags_of(text, start=self._day("from") if column == "to" else None)
        return flags


def _in_words(text: str) -> str:
    day = dates.parse(text)
    return f"{day.day} {day:%B %Y}" if day else text


def _person(text: str) -> FeedPerson:
    """From "name = relation", or a bare name."""
    name, _equals, relation = text.partition("=")
    return FeedPerson(" ".join(name.split()), " ".join(relation.split()))
