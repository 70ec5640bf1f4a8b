"""Where a package needs to know what only a package above it knows, it asks through a function registered here.

Both the web and the worker call this once, so that a job finds the same answers as a page.
"""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal.cases import (
    authorities,
    consulting,
    drafts,
    evidence,
    handing_over,
    posting,
    searching,
    voice,
    watching,
    ways_in,
)
from portal.cases.corrections import clashing, lines, outside, recipients
from portal.cases.corrections import deciding as decided_lines
from portal.cases.models import Case
from portal.documents import answering, assembly, correspondence, erased, holders, recipient_letter, release
from portal.people import outbox
from portal.review import deciding

# Importing these registers their facts for guards and their kinds of job; a guard without its facts refuses.
CONNECTED = (
    *(searching, consulting, drafts, evidence, deciding, release, assembly, answering, correspondence, holders),
    *(authorities, recipient_letter, erased, posting, watching, handing_over, ways_in),
    *(lines, decided_lines, outside, recipients, clashing),
    voice,
)


def connect_packages() -> None:
    """Registers the answers, and the handlers of jobs by importing them. Safe to call again."""
    outbox.refer_with(_reference_of)


def _reference_of(session: Session, case_id: uuid.UUID) -> str | None:
    case = session.get(Case, case_id)
    return case.reference if case else None
