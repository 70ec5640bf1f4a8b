"""Help for somebody who reads their own file: a supporter, a meeting, and what they know of their family already.

Statutory guidance expects a support worker to be offered (R-65), and nothing is kept from a care leaver that they know
anyway (R-66), so they are asked early what that is.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from portal import audit
from portal.cases import clocking, ledger, verbs, voice_told
from portal.cases.actors import Actor
from portal.cases.models import Case
from workflows import guards
from workflows.facts import CaseFacts, RequesterKind
from workflows.table import StepRefused
from workflows.words import mark as _

OFFERED_FROM = guards.PRESUMED_CAPACITY


def in_own_right(facts: CaseFacts) -> bool:
    """Whether the requester asks for themselves, as far as is recorded."""
    return facts.requester_kind is RequesterKind.SELF


def offered(case: Case, facts: CaseFacts) -> bool:
    """Whether somebody asks for their own record here and is old enough to be asked what help they would like."""
    age = guards.subject_age(facts)
    old_enough = age is not None and age >= OFFERED_FROM
    return case.kind == "subject_access" and in_own_right(facts) and old_enough


def note_answers(session: Session, case_id: uuid.UUID, said: Mapping[str, Any], *, by: Actor) -> None:
    """Keeps what somebody wishes and knows, asked with the request or later: `supporter` and `meeting` (yes or no),
    `known` (a line for each person) and `more` in words. What is left empty changes nothing said before."""
    case, today = ledger.locked(session, case_id), clocking.uk_today()
    words, known = str(said.get("more") or ""), str(said.get("known") or "").strip()
    if said.get("supporter") or said.get("meeting") or words:
        wish = {name: said.get(name) == "yes" for name in ("supporter", "meeting")}
        answers = {**wish, "words": words}
        ledger.append(session, case, voice_told.WISHES, by=by, on_date=today, answers=answers)
    if known:
        ledger.append(session, case, voice_told.FAMILY, by=by, on_date=today, answers={"known": known})
    audit.append(session, verbs.act(case, by, voice_told.WISHES))


def arrange(session: Session, case_id: uuid.UUID, words: str, *, by: Actor) -> None:
    """Notes what was arranged: who supports them, when the meeting is. Raises StepRefused where nobody waits for it."""
    case = ledger.locked(session, case_id)
    if not voice_told.wished(ledger.history(session, case)).waits:
        raise StepRefused(_("Nobody waits for a supporter or a meeting in this case."))
    ledger.append(session, case, voice_told.ARRANGED, by=by, on_date=clocking.uk_today(), answers={"words": words})
    audit.append(session, verbs.act(case, by, voice_told.ARRANGED))
