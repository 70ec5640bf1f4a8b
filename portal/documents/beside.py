"""What a copy says beside an entry: that it is challenged or was put right, whose opinion it is, a family's statement
(R-110), what was wrong with it or became of it (R-102, R-103).

The requester's own marks are printed; those of others only where the reviewer ticked them, and words only where they
were decided to be given. What is left out leaves no trace (R-92)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from portal.cases.models import Case
from portal.documents.pack import Text, Words
from portal.records import OpenEntry
from portal.review import standing
from portal.review.deciding import Decision
from portal.review.standing import CORRECTED, DISPUTED, Standing

Decided = tuple[OpenEntry, Decision]
Cut = Callable[[OpenEntry, Decision], Words]


@dataclass(frozen=True)
class Beside:
    """What stands beside the entries of one copy, by entry."""

    marks: Mapping[uuid.UUID, Standing] = field(default_factory=dict)
    words: Mapping[uuid.UUID, Sequence[Decided]] = field(default_factory=dict)

    def fields(self, entry: OpenEntry, said: Decision, *, cut: Cut) -> dict[str, Any]:
        """The fields of the printed entry that come from beside it; `cut` takes out what is not given."""
        there = self.marks.get(entry.id, Standing())
        return {
            "disputed": there.printed(DISPUTED, said.show_marks),
            "corrected": there.printed(CORRECTED, said.show_marks),
            "opinion": entry.opinion,
            "statement": self._said(entry, {"statement"}, cut),
            "known_since": self._said(entry, {"mistake", "allegation"}, cut),
        }

    def _said(self, entry: OpenEntry, kinds: set[str], cut: Cut) -> Words:
        """Words of these kinds, each in a paragraph of its own."""
        some = [cut(words, said) for words, said in self.words.get(entry.id, ()) if words.category in kinds]
        return tuple(part for at, words in enumerate(some) for part in ((Text("\n\n"),) if at else ()) + words)


NOTHING = Beside()


def printed(given: Iterable[Decided]) -> list[Decided]:
    """What is given, without words beside an entry that is not: they have no place in the copy."""
    some = list(given)
    entries = {entry.id for entry, _said in some}
    return [one for one in some if one[0].beside is None or one[0].beside in entries]


def of_copy(session: Session, case: Case, given: Iterable[Decided]) -> Beside:
    """What is given beside the entries that are given."""
    words: dict[uuid.UUID, list[Decided]] = {}
    entries: set[uuid.UUID] = set()
    for one, said in given:
        if one.beside is None:
            entries.add(one.id)
        else:
            words.setdefault(one.beside, []).append((one, said))
    return Beside(standing.at(session, case, entries), words)
