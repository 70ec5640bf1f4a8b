"""What is destroyed in the record goes from the papers of all cases too, in the transaction of the decision.

Of a line on the entry there stay the family's own words, the outcome and its reasons. What was copied into it from the
record goes, also from what bodies outside were shown or told of it, and with it the copies in which the entry stands.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from sqlmodel import Session, col, select

from portal import audit
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import outside
from portal.cases.corrections.models import ChallengedLine, OutsideLink, RecipientNotice
from portal.cases.models import Case
from portal.vault import vault_of

Destroy = Callable[[Session, uuid.UUID, uuid.UUID], None]
_copies: list[Destroy] = []


def copies_with(function: Destroy) -> Destroy:
    """Registers who destroys the copies in which an entry stands: (session, child, entry)."""
    if function not in _copies:
        _copies.append(function)
    return function


def forget(session: Session, case: Case, decided: ChallengedLine) -> None:
    """Takes what the destroyed entry of this line said out of every case; other cases are told that it is gone, and not
    by which one."""
    if decided.child_id is None or decided.entry_id is None:
        return
    for row in _lines_on(session, decided):
        if row.case_id != case.id:
            other = ledger.locked(session, row.case_id)
            answers, system = {"line": row.id.hex, "number": row.number}, Actor.system()
            ledger.append(session, other, "entry_erased", by=system, on_date=clocking.uk_today(), answers=answers)
            audit.append(session, verbs.act(other, system, "entry_erased"))
        _empty_line(session, row, own=row.case_id == case.id)
        _empty_links(session, row)
        _empty_notices(session, row)
    session.flush()
    for destroy in _copies:
        destroy(session, decided.child_id, decided.entry_id)


def _lines_on(session: Session, decided: ChallengedLine) -> Sequence[ChallengedLine]:
    """Lines of all cases about the entry; cases are locked in the order of their ids."""
    query = select(ChallengedLine).where(
        col(ChallengedLine.child_id) == decided.child_id, col(ChallengedLine.entry_id) == decided.entry_id
    )
    return session.exec(query.order_by(col(ChallengedLine.case_id), col(ChallengedLine.number))).all()


def _empty_line(session: Session, row: ChallengedLine, *, own: bool) -> None:
    """What it read goes where a copy printed it; what somebody else typed themselves are their own words."""
    told = vault_of(session).get(row)
    if own or told["claim"].get("pinned"):
        told["claim"]["reads"] = ""
    if told.get("decided"):
        told["decided"] |= {"before": "", "says": {"kind": "text", "value": "", "code": "", "plain": ""}}
    vault_of(session).put(row, told)
    row.version += 1
    session.add(row)


def _empty_links(session: Session, row: ChallengedLine) -> None:
    query = select(OutsideLink).where(col(OutsideLink.case_id) == row.case_id, col(OutsideLink.line_id) == row.id)
    for link in session.exec(query).all():
        told = vault_of(session).get(link)
        told["shown"] |= {"value": "", "now": ""}
        vault_of(session).put(link, told)
        session.add(link)
        if link.state == "waiting" and link.purpose == "ask_source":
            outside.close(session, link, "ended")


def _empty_notices(session: Session, row: ChallengedLine) -> None:
    """That somebody was told, when and how stays."""
    query = select(RecipientNotice).where(
        col(RecipientNotice.case_id) == row.case_id, col(RecipientNotice.line_id) == row.id
    )
    for notice in session.exec(query).all():
        told = vault_of(session).get(notice)
        told["words"] = ""
        if told.get("letter"):
            told["letter"]["now"] = ""
        vault_of(session).put(notice, told)
        notice.version += 1
        session.add(notice)
