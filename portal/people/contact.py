"""How a person may be reached: the one place that answers "may this be used now" (security.md 6a).

A channel is used only when the person said that it is safe, when what belongs to it can be used at all, and when it is
not on the list of what must never be used. While a new address waits, nothing is sent by itself: whatever would have
gone out becomes a caseworker's task. Hours bind what we send of our own accord; a link that somebody asks for this
minute comes this minute.
"""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from portal.people.contact_models import ContactChange
from workflows.days import LONDON

CHANNELS = ("email", "text", "voice", "post")
TELEPHONE_WAYS = ("text", "voice")
POINTS = {"email": "email", "text": "phone", "voice": "phone", "post": "address"}  # channel -> what belongs to it
HOURS = {"morning": (8, 12), "afternoon": (12, 17), "evening": (17, 21)}
WEEKEND = "weekend"
BY_TELEPHONE = (8, 21)  # what is fit for a call or a text message where nobody has said
MAY_SAY = ("nothing", "who", "all")  # on the telephone; nothing unless the person chose

# One address and nothing else: neither a second recipient nor another header can hide in it (ASVS V1.3.11).
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9.-]{1,190}", re.ASCII)
# One telephone number as people write it. In this country only landlines and mobiles: a number at a price per minute
# would let whoever types it earn from our calls.
_NUMBER_GAPS = re.compile(r"[\s().-]")
_AT_HOME = re.compile(r"\+44(?:[123][0-9]{8,9}|7(?!0|6(?!24))[0-9]{9})", re.ASCII)
_MOBILE = re.compile(r"\+447(?!0|6(?!24))[0-9]{9}", re.ASCII)
_ABROAD = re.compile(r"\+(?!44)[1-9][0-9]{7,14}", re.ASCII)
_POSTCODE = re.compile(r"\b([a-z]{1,2}[0-9][a-z0-9]?) +([0-9][a-z]{2})\b")
_SHORTEST_NEVER = 5  # characters that compare; less would forbid half of all addresses


@dataclass(frozen=True)
class Wishes:
    """What somebody who rings or writes has to keep to."""

    hours: tuple[str, ...]
    may_say: str
    leave_message: bool
    notes: str
    never: tuple[str, ...]
    has_code_word: bool


def wishes(told: dict[str, Any]) -> Wishes:
    """The person's wishes as they were said; the careful answer where nothing was."""
    return Wishes(
        hours=tuple(told.get("hours") or ()),
        may_say=told["may_say"] if told.get("may_say") in MAY_SAY else "nothing",
        leave_message=told.get("leave_message") is True,
        notes=str(told.get("safe_notes") or ""),
        never=tuple(told.get("never") or ()),
        has_code_word=bool(told.get("code_word_hash")),
    )


# May it be used


def usable(told: dict[str, Any], channel: str) -> str | None:
    """The address or number of this channel as it is written to or dialled, or None where the channel is not safe."""
    if channel == "email":
        return mail_address(told)
    if channel == "post":
        return post_address(told)
    return phone_number(told, channel)


def safe_ways(told: dict[str, Any]) -> tuple[str, ...]:
    """The channels by which this person can be reached at all."""
    return tuple(channel for channel in CHANNELS if usable(told, channel))


def mail_address(told: dict[str, Any]) -> str | None:
    """The e-mail address of a person's sealed payload, if there is one and e-mail is safe for them."""
    email = str(told.get("email") or "").strip()
    if not _is_safe(told, "email") or not is_address(email) or is_never(told, email):
        return None
    return email


def phone_number(told: dict[str, Any], way: str) -> str | None:
    """The number of a person's sealed payload as it is dialled, if there is one and that way ("text" or "voice") is
    safe for them."""
    if way not in TELEPHONE_WAYS or not _is_safe(told, way):
        return None
    typed = str(told.get("phone") or "")
    number = as_dialled(typed)
    if number is None or is_never(told, typed):
        return None
    return None if way == "text" and not takes_texts(number) else number


def post_address(told: dict[str, Any]) -> str | None:
    """The postal address of a person's sealed payload, if there is one and post is safe for them."""
    address = str(told.get("address") or "").strip()
    return address if address and _is_safe(told, "post") and not is_never(told, address) else None


def waiting_change(session: Session, person_id: uuid.UUID) -> ContactChange | None:
    """The new way to reach this person that still waits. While there is one nothing is sent to them by itself."""
    query = select(ContactChange).where(
        col(ContactChange.person_id) == person_id, col(ContactChange.state) == "waiting"
    )
    return session.exec(query).first()


def opens_at(told: dict[str, Any], channel: str, now: datetime.datetime) -> datetime.datetime:
    """When the channel may next be used for what we send of our own accord: `now`, or the start of the next hours that
    the person named. Where nobody has said, mail goes at any time and telephones rest at night."""
    named = [HOURS[name] for name in HOURS if name in (told.get("hours") or ())]
    if not named and channel not in TELEPHONE_WAYS:
        return now
    spans = named or [BY_TELEPHONE]
    weekend = not told.get("hours") or WEEKEND in told["hours"]
    for days in range(8):
        day = (now.astimezone(LONDON) + datetime.timedelta(days=days)).date()
        if day.weekday() >= 5 and not weekend:
            continue
        for first, last in spans:
            begins, ends = (datetime.datetime.combine(day, datetime.time(hour), LONDON) for hour in (first, last))
            if now < ends:
                return max(now, begins.astimezone(datetime.UTC))
    return now  # eight days hold every day of the week, so one of them was open


# What an address or a number is


def is_address(typed: str) -> bool:
    """Whether this is one e-mail address that mail can be sent to."""
    return _ADDRESS.fullmatch(typed.strip()) is not None


def as_dialled(typed: str) -> str | None:
    """A telephone number in the form every provider takes (+44…), or None for what is no number we may ring."""
    bare = _NUMBER_GAPS.sub("", typed.strip().replace("(0)", ""))
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    elif bare.startswith("0"):
        bare = f"+44{bare[1:]}"
    return bare if _AT_HOME.fullmatch(bare) or _ABROAD.fullmatch(bare) else None


def takes_texts(number: str) -> bool:
    """Whether text messages reach this number: not a landline of this country."""
    return _MOBILE.fullmatch(number) is not None or _ABROAD.fullmatch(number) is not None


def is_never(told: dict[str, Any], value: str) -> bool:
    """Whether the person said that this address or number must never be used, however it is written: part of an
    address forbids the whole."""
    here = _comparable(value)
    listed = filter(None, map(_comparable, told.get("never") or ()))
    return any(f" {there} " in f" {here} " for there in listed)


def _is_safe(told: dict[str, Any], channel: str) -> bool:
    return channel in (told.get("safe_channels") or ())


def _comparable(value: str) -> str:
    """Words in small letters; a number as it is dialled, a mail address whole, a postcode without its space."""
    plain = value.strip().casefold()
    if "@" in plain or as_dialled(value):
        return as_dialled(value) or plain
    words = " ".join(re.findall(r"\w+", _POSTCODE.sub(r"\1\2", plain)))
    return words if len(words) >= _SHORTEST_NEVER else ""
