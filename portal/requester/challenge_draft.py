"""The challenge that somebody who is signed in is writing from one of their copies. They come back to it, within its
seven days, by signing in and opening the copy's case again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cached_property

from sqlmodel import Session

from portal import gate
from portal.cases import drafts, evidence, ledger
from portal.cases.corrections.lines import Pinned
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case, Draft
from portal.documents import availability, release
from portal.documents.models import StoredPack
from portal.requester.cases import own_case
from portal.requester.challenge_lines import Answers, Said, said_in
from workflows.table import StepRefused
from workflows.words import mark as _


@dataclass(frozen=True)
class Begun:
    """An open copy of the reader with what they have said of it so far; without a draft, nothing yet.

    `numbered` gives for each number of the copy its entry and the kind of its value."""

    case: Case
    pack: StoredPack
    holder: str
    numbered: dict[int, tuple[Pinned, str]]
    draft: Draft | None = None
    answers: Answers = field(default_factory=dict, repr=False)

    @cached_property
    def lines(self) -> list[Said]:
        return said_in(self.answers)

    def line(self, at: int) -> Said | None:
        return next((line for line in self.lines if line.at == at), None)

    def kinds(self, numbers: tuple[int, ...]) -> list[str]:
        """The kinds of these entries' values."""
        return [self.numbered[number][1] for number in numbers if number in self.numbered]

    def begin(self, session: Session) -> Draft:
        """Starts the draft, for the first thing that is said."""
        draft = drafts.begin_for(session, _reader())
        return drafts.save(session, draft.id, self.holder, {"pack": self.pack.id.hex, "case": self.case.id.hex})

    def papers(self, session: Session) -> list[str]:
        """Names of the files that go with it."""
        if self.draft is None:
            return []
        return [told["name"] for row, told in evidence.listed(session, self.draft.id) if row.status != "infected"]


def begun_at(session: Session, reference: str, pack_id: uuid.UUID, *, hold: bool = False, opens: bool = False) -> Begun:
    """What the reader has begun about this copy of theirs. `hold` keeps other windows from changing it until the
    transaction ends. Raises CaseNotFound for what is not theirs, StepRefused with words where the copy is not open.

    With `opens` the caller opens the copy next, by `release.reading`, which asks whether it is open."""
    case, pack = own_copy(session, reference, pack_id, opens=opens)
    if hold:
        ledger.locked(session, case.id)
    numbered, holder = release.numbered(session, case, pack), drafts.holder_for(_reader())
    for draft in drafts.of_person(session, _reader()):
        answers = drafts.answers(session, draft)
        if answers.get("pack") == pack.id.hex:
            return Begun(case, pack, holder, numbered, draft, answers)
    return Begun(case, pack, holder, numbered)


def own_copy(session: Session, reference: str, pack_id: uuid.UUID, *, opens: bool = False) -> tuple[Case, StoredPack]:
    """A copy of the record that this reader was given, that they have opened, and that lies open today."""
    case = own_case(session, reference)
    pack = session.get(StoredPack, pack_id)
    if pack is None or pack.case_id != case.id or pack.content != "copy" or pack.released_at is None:
        raise CaseNotFound
    release.check_there(pack)
    if not opens and pack.id not in {one.id for one in release.released(session, case)}:
        raise CaseNotFound
    if case.state == "ready":
        raise StepRefused(_("Open your copy first. Then you can tell us what is wrong in it."))
    if not opens:
        availability.check(session, case, pack)
    return case, pack


def _reader() -> uuid.UUID:
    person_id = gate.reader().id
    if person_id is None:
        raise CaseNotFound
    return person_id
