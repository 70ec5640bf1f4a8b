"""Finds many strings in one pass over a text, however they are written there.

Texts are compared without case, accents, white space and hyphens: a word broken at a line's end, spaced out or written
in full-width letters is still the word.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


def pressed(text: str) -> str:
    """`text` as texts are compared: in the simplest form, without case, accents, white space and dashes."""
    return "".join(letter for letter in _simple(text) if not _is_air(letter))


def _pressed_with_edges(text: str) -> tuple[str, set[int]]:
    """As pressed, with the positions at which a word begins or ends."""
    letters: list[str] = []
    edges = {0}
    for letter in _simple(text):
        if _is_air(letter):
            if unicodedata.category(letter) not in {"Mn", "Me", "Cf"}:
                edges.add(len(letters))
            continue
        if not letter.isalnum():
            edges.update((len(letters), len(letters) + 1))
        letters.append(letter)
    edges.add(len(letters))
    return "".join(letters), edges


def _simple(text: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())


def _is_air(letter: str) -> bool:
    """White space, every dash, accents, and what has no shape of its own."""
    return letter.isspace() or unicodedata.category(letter) in {"Pd", "Cf", "Cc", "Mn", "Me"}


class Finder(Generic[Key]):
    """Aho and Corasick's automaton over pressed strings.

    Takes (pressed string, whole, key); a `whole` one is not found inside a longer word. `found` maps the key of each
    string found to the names of the texts it was found in, in order."""

    def __init__(self, sought: Iterable[tuple[str, bool, Key]]) -> None:
        self.found: dict[Key, dict[str, None]] = {}
        self._next: list[dict[str, int]] = [{}]
        self._ends: list[tuple[tuple[int, bool, Key], ...]] = [()]
        self._back = [0]
        for text, whole, key in sought:
            self._learn(text, (len(text), whole, key))
        self._join()

    def look(self, name: str, text: str) -> None:
        """Notes every string that `text` holds as found in `name`."""
        state = 0
        letters, edges = _pressed_with_edges(text)
        for behind, letter in enumerate(letters, start=1):
            while state and letter not in self._next[state]:
                state = self._back[state]
            state = self._next[state].get(letter, 0)
            for length, whole, key in self._ends[state]:
                if not whole or (behind in edges and behind - length in edges):
                    self.found.setdefault(key, {})[name] = None

    def _learn(self, text: str, end: tuple[int, bool, Key]) -> None:
        state = 0
        for letter in text:
            if letter not in self._next[state]:
                self._next[state][letter] = len(self._next)
                self._next.append({})
                self._ends.append(())
                self._back.append(0)
            state = self._next[state][letter]
        self._ends[state] += (end,)

    def _join(self) -> None:
        """Where to go on when a string breaks off: the longest end of it that begins another."""
        waiting = deque(self._next[0].values())
        while waiting:
            state = waiting.popleft()
            for letter, following in self._next[state].items():
                back = self._back[state]
                while back and letter not in self._next[back]:
                    back = self._back[back]
                self._back[following] = self._next[back].get(letter, 0)
                self._ends[following] += self._ends[self._back[following]]
                waiting.append(following)
