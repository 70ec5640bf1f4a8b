"""Text that people type or feeds bring: made safe to keep, to compare and to print (security.md section 7).

One ordinary field with 100,000 combining marks kept a renderer busy for 40 seconds; a cap of a few marks per letter
ended that and left Vietnamese, Hebrew, Arabic and Welsh names as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from workflows.words import mark as _

LONGEST = 20_000
MARKS = 4
UNSEEN = 8  # joiners and the like in a row; a flag made of letters has seven
PRINTED = frozenset({"LATIN", "GREEK", "COPTIC", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "MODIFIER"})
REPLACED = "\N{REPLACEMENT CHARACTER}"

_NEW_LINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Overrides and isolates turn the order of the letters round: what is read is then not what is stored. The marks that
# only help a script along (LRM, RLM, ALM, joiners) stay.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069\u206a-\u206f]")
_EMPTY_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){3,}")
_BEFORE_COMPOSING = 16  # sorting an endless run of marks is slow, so it is cut before marks and letters are joined


class TextRefused(ValueError):
    """The text cannot be kept as it is; the message is a marked sentence for the person who typed it."""


def clean_text(text: str, *, longest: int = LONGEST) -> str:
    """`text` in composed form (NFC), without what turns reading order round, with at most four marks to a letter.

    Every kind of line end becomes a line feed; tabs stay. Raises TextRefused for more than `longest` characters, and
    for NUL and other controls, surrogates, private use and what is no character at all."""
    if len(text) > longest:
        raise TextRefused(_("This text is too long. Make it shorter, or send it as a file."))
    lines = _NEW_LINES.sub("\n", text)
    if any(_is_refused(letter) for letter in lines):
        raise TextRefused(_("This text has characters in it that we cannot use. Type it again without them."))
    return _composed(lines)


def printable(text: str) -> str:
    """As clean_text, for what is held already: it must be shown, so what cannot be printed is replaced by a sign. Of
    many empty lines two stay."""
    lines = _EMPTY_LINES.sub("\n\n\n", _NEW_LINES.sub("\n", text))
    return _composed("".join(REPLACED if _is_refused(letter) else letter for letter in lines))


def beyond_the_fonts(text: str) -> bool:
    """Whether some of its letters are of a script that the fonts on paper (Liberation, DejaVu) do not have."""
    return any(letter > "\u02ff" and letter.isalpha() and _script(letter) not in PRINTED for letter in set(text))


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _composed(text: str) -> str:
    held = "".join(_capped(_TURNING.sub("", text), _BEFORE_COMPOSING))
    return "".join(_capped(unicodedata.normalize("NFC", held), MARKS))


def _is_refused(letter: str) -> bool:
    if letter in "\n\t" or letter.isprintable():
        return False
    code = ord(letter)
    no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return no_character or unicodedata.category(letter) in {"Cc", "Cs", "Co"}


def _capped(text: str, most: int) -> Iterator[str]:
    """The letters of `text`; behind each only the first `most` of its non-spacing or enclosing marks, and a few of the
    signs that cannot be seen at all."""
    marks = unseen = 0
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in {"Mn", "Me"}:
            marks += 1
        elif kind == "Cf":
            unseen += 1
        else:
            marks = unseen = 0
        if marks <= most and unseen <= UNSEEN:
            yield letter
