"""What an entry says beside what it should say, word by word."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

_WORDS = re.compile(r"\s+|\S+")
MOST_WORDS = 4000  # a comparison takes time that grows with the square of them


@dataclass(frozen=True)
class Piece:
    """Words that both texts have ("same"), or one of them alone ("gone" or "new")."""

    kind: str
    text: str


def difference(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order. Blanks alone do not count as words that both have: a sentence that is
    replaced is read as one sentence and then the other, not word for word in turn."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        return _pieces([("gone", before), ("new", after)])
    found: list[tuple[str, str]] = []
    gone = fresh = ""
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for what, first, last, start, end in matcher.get_opcodes():
        was, is_now = "".join(old[first:last]), "".join(new[start:end])
        if what == "equal" and (was.strip() or not (gone or fresh)):
            found += [("gone", gone), ("new", fresh), ("same", was)]
            gone = fresh = ""
        else:
            gone, fresh = gone + was, fresh + is_now
    return _pieces([*found, ("gone", gone), ("new", fresh)])


def _pieces(found: list[tuple[str, str]]) -> list[Piece]:
    return [Piece(kind, text) for kind, text in found if text]
