"""What is kept of a feed's child: payloads to seal, and texts whose keyed hashes show a change without opening.

A fingerprint covers what the source said, not our labels, plain words or flags: rewording them is no change of the
record, and the same file stays the same on another day.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portal.records import names
from portal.records.feeds import dates
from portal.records.feeds.items import FeedChild, FeedItem, FeedPerson
from portal.vault import Owner, Vault

_ALWAYS = ("category", "label", "value", "kind", "source", "source_key")
_IF_SAID = ("code", "code_set", "plain", "author", "opinion", "identifies")

_STRAIGHT = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}


def said(item: FeedItem) -> str:
    """What the source says in this item, as one text to be hashed."""
    day = item.about_on.isoformat() if item.about_on else ""
    source = (item.source_key, item.source, item.author, item.opinion)
    return json.dumps((item.value, item.code, day, *source, item.people, item.cls), ensure_ascii=False)


def value_hash(vault: Vault, core: Owner, value: str, code: str = "") -> bytes:
    """A keyed hash by which a feed sees whether its source says what was decided, without opening either.

    Under the core key whatever the class, so that it holds when a class grows stricter. Capitals count, because a
    decision may be about them; the way a date, blanks or quotes are written does not."""
    text = unicodedata.normalize("NFC", code or value).translate(_STRAIGHT)
    day = None if code else dates.parse(text.strip())
    said_as = "".join(text.split()).upper() if code else day.isoformat() if day else " ".join(text.split())
    return vault.fingerprint(core, "decided", "code" if code else "value", said_as)


def said_of_child(child: FeedChild, of_items: Sequence[str]) -> str:
    """All that the feed says of this child, as one text to be hashed; `of_items` is `said` of each of its items."""
    people = [(one.name, one.relation, one.professional) for one in child.people]
    items = [(item.natural_key, text) for item, text in zip(child.items, of_items, strict=True)]
    return json.dumps((identity(child), child.postcodes, people, items), ensure_ascii=False)


def identity(child: FeedChild) -> dict[str, Any]:
    """Who the child is according to this feed, as `identities` merges it."""
    numbers = {kind: getattr(child, kind) for kind in ("local_id", "upn", "nhs_number", "directory_id")}
    told = {
        "names": list(child.names),
        "former_names": list(child.former_names),
        "birth_date": child.birth_date.isoformat() if child.birth_date else "",
        "sex": child.sex,
        "identifiers": {kind: number for kind, number in numbers.items() if number},
    }
    return {name: value for name, value in told.items() if value}


def payload(item: FeedItem, ids_of: Mapping[str, str]) -> dict[str, Any]:
    """An item as `reading` opens it. `ids_of` gives the people mentioned by the key of their name."""
    told = {name: getattr(item, name) for name in _ALWAYS}
    told |= {name: value for name in _IF_SAID if (value := getattr(item, name))}
    if item.about_on:
        told["about_on"] = item.about_on.isoformat()
    if item.flags:
        told["flags"] = list(item.flags)
    if people := [ids_of[key] for name in item.people if (key := names.key(name)) in ids_of]:
        told["people"] = people
    return told


def people(child: FeedChild) -> dict[str, dict[str, Any]]:
    """Everybody named in the items but the child, by the key of their name.

    Somebody who is named once as a professional and once not counts as private: nothing shows them unasked."""
    found: dict[str, dict[str, Any]] = {}
    own = {names.key(name) for name in child.names}
    for person in _named(child):
        key = names.key(person.name)
        if not key or key in own:
            continue
        told = found.setdefault(
            key, {"names": [person.name], "relation": "", "professional": person.professional, "alive": True}
        )
        told["relation"] = told["relation"] or person.relation
        told["professional"] = told["professional"] and person.professional
    return found


def _named(child: FeedChild) -> Iterable[FeedPerson]:
    """The people a feed lists, then those whom only an item names."""
    listed = {person.name for person in child.people}
    yield from child.people
    yield from (FeedPerson(name) for item in child.items for name in item.people if name not in listed)
