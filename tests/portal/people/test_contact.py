"""What may be used now: channels, hours, what must never be used."""

import datetime
from typing import Any

import pytest

from portal.people import contact

ALL = {
    "email": "robin.vale@example.org",
    "phone": "07700 900123",
    "address": "12 Kiln Yard\nExampleton\nEX2 9ZZ",
    "safe_channels": ["email", "text", "voice", "post"],
}


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize("off", contact.CHANNELS)
def test_a_channel_that_is_not_marked_safe_is_not_there(off: str) -> None:
    told = {**ALL, "safe_channels": [one for one in contact.CHANNELS if one != off]}
    assert contact.safe_ways(told) == tuple(one for one in contact.CHANNELS if one != off)
    assert contact.safe_ways({**ALL, "safe_channels": None}) == ()


@pytest.mark.parametrize(
    ("never", "lost"),
    [
        ("Robin.Vale@Example.org", ("email",)),
        ("+44 7700 900 123", ("text", "voice")),
        ("12 kiln yard, exampleton", ("post",)),
        ("EX29ZZ", ("post",)),
        ("2 Kiln Yard", ()),
        ("robin", ()),
        ("1", ()),
    ],
)
def test_what_must_never_be_used_is_not_used_however_it_is_written(never: str, lost: tuple[str, ...]) -> None:
    told = {**ALL, "never": [never]}
    assert set(contact.safe_ways(ALL)) - set(contact.safe_ways(told)) == set(lost)


@pytest.mark.parametrize(
    ("told", "channel", "now", "opens"),
    [
        ({}, "email", "2026-11-27T03:00", "2026-11-27T03:00"),
        ({}, "text", "2026-11-27T03:00", "2026-11-27T08:00"),
        ({}, "text", "2026-11-27T22:00", "2026-11-28T08:00"),
        ({"hours": ["morning"]}, "email", "2026-11-27T13:00", "2026-11-30T08:00"),  # a Friday: no weekend was named
        ({"hours": ["morning", "weekend"]}, "text", "2026-11-27T13:00", "2026-11-28T08:00"),
        ({"hours": ["morning", "evening"]}, "voice", "2026-11-27T13:00", "2026-11-27T17:00"),
        ({"hours": ["weekend"]}, "text", "2026-11-27T03:00", "2026-11-27T08:00"),
        ({"hours": ["morning"]}, "email", "2026-07-01T06:00", "2026-07-01T07:00"),  # summer time
    ],
)
def test_hours_are_kept_by_the_clock_on_the_wall(told: dict[str, Any], channel: str, now: str, opens: str) -> None:
    assert contact.opens_at(told, channel, at(now)) == at(opens)


def test_where_nothing_was_said_the_careful_answer_holds() -> None:
    kept = contact.wishes({"may_say": "everything", "leave_message": "yes"})
    assert (kept.may_say, kept.leave_message, kept.has_code_word) == ("nothing", False, False)
