"""Invented packs."""

import datetime

from portal.documents.pack import (
    Article15,
    Authority,
    Category,
    Entry,
    Gap,
    Pack,
    Regulator,
    Searched,
    Shared,
    Text,
    in_words,
)
from workflows.exemptions import OFFICE, PRIVATE

AUTHORITY = Authority(
    name="Example Council",
    lines=("1 Market Place", "Exampleton", "EX1 1AA"),
    email="records@example.org",
    phone="01632 960 100",
)
REGULATOR = Regulator(name="Example Regulator", link="https://regulator.example.org/complain")
INFORMATION = Article15(
    purposes=("To keep children safe and help families.",),
    categories=("Names and addresses.", "Health.", "Notes of visits."),
    recipients=("Schools.", "Health services."),
    retention=("Until the child's 75th birthday, then it is destroyed.",),
    sources=("You, schools and health services.",),
    automated=("No decision is made by a computer alone.",),
    transfers=("Nothing is sent to other countries.",),
)


def entry(number, value, label="Note of a visit", **more):
    value = in_words(value) if isinstance(value, str) else value
    source = more.pop("source", in_words("Example Primary School"))
    when = more.pop("when", "3 March 2024")
    return Entry(number=number, label=in_words(label), value=value, when=when, source=source, **more)


def pack(*entries, **more):
    given = {
        "reference": "SAR-7K3M-92QX",
        "copy_number": "COP-4T9W-H2MN",
        "language": "en",
        "cut_off": datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC),
        "date": datetime.date(2026, 3, 4),
        "received": datetime.date(2026, 2, 9),
        "recipient_name": "Rowan Ashdown",
        "recipient_lines": ("12 Kiln Yard", "Exampleton", "EX2 9ZZ"),
        "authority": AUTHORITY,
        "regulator": REGULATOR,
        "about": "Wren Ashdown, born 4 May 2015",
        "asked_for": "everything",
        "information": INFORMATION,
        "searched": (
            Searched(place="The children's directory", outcome="We found the record in this copy."),
            Searched(place="Paper files", outcome="We found nothing."),
        ),
        "categories": (Category(name="Visits and meetings", entries=entries),) if entries else (),
        "shared": (
            Shared(recipient=in_words("Example Surgery"), what=in_words("Name and address"), when="5 April 2024"),
        ),
        "withheld_because": ("It is about another person.",),
        "portal_link": "https://records.example.org/",
    }
    return Pack(**{**given, **more})


def rich_pack():
    """One of everything."""
    return pack(
        entry(1, "Wren was happy at school.\nShe drew a boat."),
        entry(2, (Text("Her uncle "), Gap(PRIVATE), Text(" came to the door.")), corrected=True),
        entry(
            3,
            (Text("A call from "), Gap(PRIVATE), Text(" about "), Gap(OFFICE), Text(" and then "), Gap(PRIVATE)),
            disputed=True,
            statement=in_words("I was not there that day."),
        ),
        entry(4, "There was shouting at home.", content_note="It is about a row at home.", source=(Gap(PRIVATE),)),
        entry(5, "Siân Ó Briain, Ngọc Ánh, דנה, ليلى, 山田"),
        support=("A helpline for children: 0800 496 0001",),
        still_to_come="The paper file from 2019.",
    )
