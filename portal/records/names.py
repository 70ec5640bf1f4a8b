"""Names and postcodes as look-ups see them: two ways of writing one name give one key.

Keys only ever find candidates; what a person reads is always the name as it was written.
"""

from __future__ import annotations

import re
import unicodedata

import jellyfish

_APART = re.compile(r"[\s\-\u2010-\u2015/,]+")
_UNFOLDED = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"})
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")


def key(name: str) -> str:
    """One name without case, accents, apostrophes and stops, its parts joined by single blanks.

    "SIÂN  O’Brien-Hughes" and "sian obrien hughes" give the same key. A name in another script keeps its letters."""
    parts = (_letters(part) for part in _APART.split(name))
    return " ".join(part for part in parts if part)


def parts(name: str) -> tuple[str, ...]:
    """Keys by which a surname of several parts is found: the whole, and each part of two letters or more."""
    whole = key(name)
    found = [whole] if whole else []
    found += [part for part in whole.split() if len(part) > 1 and part not in found]
    return tuple(found)


def phonetic(surname: str) -> str:
    """A key that is the same for surnames that sound alike; a name it cannot sound out keys as itself."""
    plain = key(surname).replace(" ", "")
    return (jellyfish.metaphone(plain) if plain.isascii() else "") or plain


def postcode(text: str) -> str:
    """A postcode in capitals without blanks; "" where the text is no full postcode."""
    squeezed = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    return squeezed if _POSTCODE.fullmatch(squeezed) else ""


def _letters(part: str) -> str:
    taken_apart = unicodedata.normalize("NFKD", part.casefold()).translate(_UNFOLDED)
    return "".join(letter for letter in taken_apart if letter.isalnum())
