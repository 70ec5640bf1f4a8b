"""Where a case is read together with its child's record.

A page of the review is one short write transaction: the look goes into the child's chain, then its entries open, and
nothing is shown before both are committed. Views gather in it and draw the page behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask_babel import gettext as _

from portal import audit, gate
from portal.cases import clocking, verbs
from portal.cases.ledger import CaseNotFound
from portal.caseworker import desk
from portal.caseworker.desk import Desk
from portal.errors import Conflict
from portal.records import Looking
from workflows.table import StepRefused

RECORD = ("case", "core", "location", "sensitive")


@dataclass
class Room(Desk):
    """A case lying open before a reader, with the right to open its record."""

    looking: Looking

    @property
    def in_review(self) -> bool:
        return self.case.state == "review"


@contextmanager
def room(reference: str) -> Iterator[Room]:
    """Raises CaseNotFound alike for a case of another team and for one that never was; the try is logged. Raises
    Conflict, in words, for a case whose record cannot be opened."""
    by = gate.actor()
    try:
        with gate.runtime().database.write() as session:
            case = desk.find(session, reference, by)
            yield Room(session, case, by, clocking.uk_today(), verbs.look_for(case, by))
    except CaseNotFound:
        with gate.runtime().database.write() as session:
            audit.append(session, desk.look(by, "review", outcome="denied"))
        raise
    except StepRefused as refused:
        raise Conflict(_(refused.reason)) from refused
