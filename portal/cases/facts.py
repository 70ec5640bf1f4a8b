"""What guards may look at, gathered from the ledger and from the packages that hold the rest.

A provider is registered in create_app() by the package that owns the facts; it answers with values for fields of
CaseFacts. Cases themselves fold the ledger.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from portal import db
from portal.cases import clocking
from portal.cases.actors import Actor
from portal.cases.ledger import Happened
from portal.cases.models import Case
from workflows.facts import CaseFacts

Provider = Callable[[Session, Case, Sequence[Happened]], dict[str, Any]]
_providers: list[Provider] = []


def provides(provider: Provider) -> Provider:
    """Registers a provider of facts; registering it again changes nothing."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def facts_of(
    session: Session, case: Case, events: Sequence[Happened], *, actor: Actor, today: datetime.date
) -> CaseFacts:
    """The case as it stands today, seen by this actor. What nobody provides stays unknown, which refuses."""
    facts = CaseFacts(today=today, actor=str(actor), received_on=case.received_on)
    return replace(facts, **_provided(session, case, events))


def _provided(session: Session, case: Case, events: Sequence[Happened]) -> dict[str, Any]:
    """What the providers answer; asked once while only reading, since a read sees one moment (portal.db)."""
    kept: dict[object, dict[str, Any]] = {} if db.is_writable(session) else session.info.setdefault("facts", {})
    key = (case.id, len(events))
    if key not in kept:
        kept[key] = {}
        for provider in (clocking.provide, *_providers):
            kept[key].update(provider(session, case, events))
    return kept[key]
