"""Frozen values as canonical JSON and back: what is approved is the hash of these bytes.

A value is made of dataclasses, tuples, texts, numbers, days and moments. Texts are made printable first, so that what
is approved is what is printed."""

from __future__ import annotations

import datetime
import hashlib
import json
import types
import typing
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from portal.text import printable

FORMAT = 1
LONGEST = 500_000  # characters of one text: more is no note but a mistake, or an attack on the renderer

Value = TypeVar("Value")


class PackUnreadable(ValueError):
    """Bytes that are no such value, one of another format, or one with a text too long to print."""


def written(name: str, value: object) -> bytes:
    """The value under its name: sorted keys, no spaces, UTF-8; equal values give equal bytes.

    Raises PackUnreadable when one text is longer than any note (LONGEST)."""
    return canonical({"format": FORMAT, name: _plain(made_printable(value))})


def read(kind: type[Value], name: str, data: bytes) -> Value:
    """The value that `written` wrote. Raises PackUnreadable for anything else."""
    try:
        told = json.loads(data)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise PackUnreadable("not of this format")
        value: Value = _built(kind, told[name])
    except (KeyError, TypeError, ValueError, RecursionError) as fault:
        raise PackUnreadable(f"not a {name}: {type(fault).__name__}") from fault
    return value


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """Plain values as JSON of which there is only one form."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def made_printable(value: Value) -> Value:
    """The value with every text as it can be printed; a second time changes nothing. Raises PackUnreadable."""
    made: Value = _printed(value)
    return made


def _printed(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise PackUnreadable("one text is too long to print")
        return printable(value)
    if isinstance(value, tuple):
        return tuple(_printed(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _printed(getattr(value, each.name)) for each in fields(value)})
    return value


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
        # What was stored before a field was thought of has nothing to say there, and can be opened all the same.
        later = {each.name for each in fields(kind) if each.metadata.get("later")}
        if not set(wanted) - later <= set(value) <= set(wanted):
            raise TypeError("other fields were expected")
        return kind(**{name: _built(each, value[name]) for name, each in wanted.items() if name in value})
    if kind in {datetime.date, datetime.datetime}:
        return kind.fromisoformat(value)
    if type(value) is not kind:
        raise TypeError("another type was expected")
    return value


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)
