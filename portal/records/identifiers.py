"""Identifiers of children, in one way of writing, with their check digits tested.

A wrong check digit never refuses a value: it is kept, marked, and joins nothing by itself (design section 3).
"""

from __future__ import annotations

import re
import unicodedata

_CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # no I, O or S: they are read as digits
_UPN = re.compile(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]")
_NHS_NUMBER = re.compile(r"[0-9]{10}")


def local_id(text: str) -> str:
    """An authority's own number of a child: compatible characters made plain, no white space, case kept."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def upn(text: str) -> str:
    """A unique pupil number as typed, without white space and in capitals; not tested."""
    return local_id(text).upper()


def nhs_number(text: str) -> str:
    """An NHS number as typed, without blanks and hyphens; not tested."""
    return re.sub(r"[-\u2010-\u2015]", "", local_id(text))


def is_upn(number: str) -> bool:
    """Whether a normalised number has the form of a UPN and its check letter is right (law.md W-20).

    Twelve characters weigh 2 to 13; the remainder by 23 picks the letter. The last one is a letter in a temporary
    number and counts by its place in the same alphabet."""
    if not _UPN.fullmatch(number):
        return False
    total = sum(weight * _worth(letter) for weight, letter in enumerate(number[1:], start=2))
    return _CHECK_LETTERS[total % 23] == number[0]


def is_nhs_number(number: str) -> bool:
    """Whether a normalised number has ten digits and the right check digit (modulus 11, law.md W-19).

    Ten equal digits pass the sum but are what people type when they do not know, so they are not valid."""
    if not _NHS_NUMBER.fullmatch(number) or len(set(number)) == 1:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), number, strict=False))
    return (11 - total % 11) % 11 == int(number[9])  # a remainder that asks for 10 fits no digit


def _worth(letter: str) -> int:
    return int(letter) if letter.isdecimal() else _CHECK_LETTERS.index(letter)
