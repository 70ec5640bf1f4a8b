"""A child who was asked in somebody else's case, with the card in their hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from portal.cases import ledger, voice
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.cases.ledger import Happened
from portal.cases.models import Case
from portal.cases.voice import Put
from portal.runtime import Runtime
from tests.client import client_for
from tests.judge import JudgingClient, Page

CARD = Put(
    way="card", who="Your mum", safe="At school, alone.", handed_by="school", handed_to="Mr Reed, Hill School, year 7"
)
LINK = Put(
    way="link", who="Your mum", safe="Nobody else has the password.", email="ash@example.org", words_by="By telephone"
)


@dataclass(frozen=True)
class Asked:
    """The case, its requester's page, and what stands on the child's card."""

    runtime: Runtime
    case_id: Any
    number: str
    words: str = field(repr=False)
    child: JudgingClient = field(repr=False)

    def enters(self, client: JudgingClient | None = None, **typed: str) -> Page:
        """Types number and words at the child's page, and follows where they lead."""
        here = client or self.child
        told = {"number": self.number, "words": self.words, **typed}
        return here.follow(here.submit(here.get("/voice"), told))

    def answers(self, **said: Any) -> Page:
        """From the card to the page of thanks; another day, another computer."""
        page = self.enters()
        page = self.child.submit(self.child.get("/voice/answer"), said, 200)
        done = self.child.submit(page, {"send": "1"})
        return self.child.follow(done)

    def events(self) -> list[Happened]:
        with self.runtime.database.read() as session:
            return ledger.history(session, session.get_one(Case, self.case_id))

    def answered(self) -> list[Happened]:
        return [one for one in self.events() if one.name in ("record_child_answer", "child_answer_changed")]


def ask(app: Flask, runtime: Runtime, case_id: Any, by: Actor, put: Put = CARD) -> Asked:
    """Puts the question, as a caseworker does at the staff's door."""
    new = voice.new_card(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        seq = session.get_one(Case, case_id).seq
        voice.ask(session, case_id, put, new, by=by, today=uk_today(), seen_seq=seq)
    return Asked(runtime, case_id, new.number, new.words, client_for(app))
