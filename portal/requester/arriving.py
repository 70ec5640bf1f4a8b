"""How a family's session begins, whatever brought the person here: a link by mail, the code beside it, or a card.

This is the first step alone: it shows where a case is. Record data needs a second factor (security.md 6a)."""

from __future__ import annotations

import datetime
import uuid

from flask import Response, request
from flask import session as form_session
from sqlmodel import Session

from portal import audit, gate, links
from portal.audit import Act
from portal.people import sessions


def begin(session: Session, person_id: uuid.UUID, *, by: str, now: datetime.datetime) -> str:
    """Begins a session and answers its cookie; whoever was signed in at this browser no longer is."""
    old = gate.reader().found
    if old:
        sessions.end(session, old)
    cookie = sessions.start(session, "family", person_id, now=now, device=gate.device())
    audit.append(session, _act(person_id, cookie, by))
    return cookie


def refuse(session: Session, *, by: str) -> None:
    """Logs a try that opened nothing. It names nobody: a stranger's tries are no act of the person."""
    chain = audit.visitor_chain()
    audit.append(session, Act(chain=chain, act="sign_in", actor="visitor", outcome="denied", detail={"by": by}))


def keep_next() -> None:
    """The page to go to after signing in; it stays in this browser, not in the mail."""
    then = links.safe_next(request.args.get("next"))
    if then:
        form_session["next"] = then


def onward(cookie: str) -> Response:
    """Into the pages that need a session, first to the one that was asked for."""
    then = links.safe_next(form_session.get("next")) or gate.HOME["family"]
    return gate.let_in(gate.see_other(then), cookie)


def _act(person_id: uuid.UUID, cookie: str, by: str) -> Act:
    return Act(
        chain=audit.account_chain("family", person_id),
        act="sign_in",
        actor=f"family:{person_id.hex}",
        role="family",
        session=sessions.hash_of(cookie).hex()[:16],
        detail={"by": by},
    )
