"""The letter that answers a challenge: asked for when every line is decided, then approved and released like a copy."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlmodel import Session

from portal.cases import clocking, ledger
from portal.cases.actors import Actor
from portal.cases.corrections.lines import KIND, of_case
from portal.cases.facts import facts_of
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.documents import release
from portal.documents.answer import Decision
from portal.documents.models import StoredPack
from portal.vault.files import FileStore
from workflows import line_guards
from workflows.table import StepRefused
from workflows.words import mark as _

ANSWERED_FROM = ("weighing", "reconsidering")
LONGEST_SUMMARY = 4000  # characters

__all__ = ["ANSWERED_FROM", "Decision", "reading", "request_decision"]


def request_decision(
    session: Session, case_id: uuid.UUID, *, by: Actor, summaries: Mapping[uuid.UUID, str] | None = None
) -> StoredPack:
    """Asks for the letter of a challenge whose lines are all decided; earlier ones that were not released become void.

    `summaries` says by line, in the caseworker's words, what those who were asked answered; where it says nothing the
    letter has a sentence of its own. Raises StepRefused with words."""
    case = ledger.locked(session, case_id)
    if case.kind != KIND or case.state not in ANSWERED_FROM:
        raise StepRefused(_("The letter is made once the lines are decided, and before it is sent to approval."))
    facts = facts_of(session, case, ledger.history(session, case), actor=by, today=clocking.uk_today())
    for guard in (line_guards.actor_not_involved_before, line_guards.lines_decided):
        if reason := guard(facts):
            raise StepRefused(reason)
    there = {line.id for line in of_case(session, case)}
    said = {line_id.hex: words.strip() for line_id, words in (summaries or {}).items() if words.strip()}
    if not {uuid.UUID(hex=one) for one in said} <= there:
        raise CaseNotFound
    if any(len(words) > LONGEST_SUMMARY for words in said.values()):
        raise StepRefused(_("This is too long for a letter. Say in a few sentences what the answer was."))
    return release.prepare(session, case, "decision", "assemble_decision", by=by, summaries=said)


def reading(session: Session, files: FileStore, case: Case, pack: StoredPack, *, by: Actor) -> Decision:
    """The released decision for its requester, once it was opened. Logged before it is shown; the PDF is
    `release.pdf`. Raises CaseNotFound, StepRefused as `release.reading` does."""
    release.give(session, case, pack, by, "read_pack")
    content = release.opened(files, case, pack)
    if not isinstance(content, Decision):
        raise CaseNotFound
    return content
