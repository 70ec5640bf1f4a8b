"""Passwords that others try first: those of the lists of breaches, and those made of words that everybody knows.

The list is a file of this installation (BREACHED_PASSWORDS_FILE), as published: one SHA-1 and a count on each line, in
the order of the hashes. It has some 40 gigabytes, so it is searched where it lies, by halving; nobody else is asked.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

LEFT = 5  # letters that must remain of a password once words that everybody knows are taken out
OWN_WORD = 4  # letters that a word of the authority's name has at least
_WORDS = """
correcthorsebatterystaple thequickbrownfoxjumpsoverthelazydog passphrase password passwort welcome letmein
qwertyuiop qwerty asdfghjkl asdfgh zxcvbnm zxcvbn abcdefghijklm abcdefgh abcdef iloveyou administrator admin
changeme secret monkey dragon sunshine princess football liverpool arsenal chelsea manchester london january
february march april june july august september october november december monday tuesday wednesday thursday
friday saturday sunday spring summer autumn winter council records record service children portal staff
caseworker approver auditor please mypassword thisis login default temporary company hello trustno starwars
"""
COMMON = frozenset(_WORDS.split())


def is_common(password: str, own_names: Iterable[str] = ()) -> bool:
    """Whether hardly anything is left of it without figures, well-known words and those of the authority's names."""
    left = re.sub(r"[\W\d_]+", "", _normal(password))
    own = {word for name in own_names for word in re.findall(r"[^\W\d_]+", _normal(name)) if len(word) >= OWN_WORD}
    for word in sorted(COMMON | own, key=len, reverse=True):
        left = left.replace(word, "")
    return len(set(left)) < LEFT


def is_listed(password: str, file: Path) -> bool:
    """Whether the password stands in the file. Raises OSError when it cannot be read: unknown is not good."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as lines:
        low, high = 0, file.stat().st_size
        while low < high:  # the line wanted begins in [low, high), if there is one
            middle = (low + high) // 2
            start, line = _line_at(lines, middle, low)
            found = line[:40].upper()
            if found == wanted:
                return True
            if found < wanted:
                low = start + len(line)
            else:
                high = start
        return False


def _line_at(lines: BinaryIO, place: int, low: int) -> tuple[int, bytes]:
    """The line that holds the byte at `place`, and where it begins; lines begin at `low` or after it."""
    start = max(low, place - 200)  # a hash and a count are far shorter
    lines.seek(start)
    before = lines.read(place - start)
    cut = before.rfind(b"\n")
    start = start + cut + 1 if cut >= 0 else start
    lines.seek(start)
    return start, lines.readline()


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
