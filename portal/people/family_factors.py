"""A person's own second factors, as their own page lists and ends them: one can always end one, and never the last."""

from __future__ import annotations

import datetime
import uuid

from sqlmodel import Session, col, select

from portal.people import factors, spoken_codes
from portal.people.models import Factor


class LastOne(Exception):
    """The person would be left with nothing that opens their record."""


def end(session: Session, person_id: uuid.UUID, factor_id: uuid.UUID, *, now: datetime.datetime) -> Factor | None:
    """Ends one of the person's factors; None where it is not theirs. Raises LastOne when no other one works.

    All of them are held while it is looked, so that of two ended at once one stays."""
    mine = (col(Factor.holder_id) == person_id, col(Factor.door) == "family")
    counts = (col(Factor.confirmed_at).is_not(None), col(Factor.ended_at).is_(None))
    held = session.exec(select(Factor).where(*mine, *counts).order_by(col(Factor.id)).with_for_update()).all()
    ending = next((one for one in held if one.id == factor_id), None)
    if ending is None:
        return None
    if not any(works(session, one) for one in held if one.id != factor_id):
        raise LastOne
    factors.end(session, ending, now=now)
    return ending


def works(session: Session, factor: Factor) -> bool:
    """Whether the factor can open anything now: a sheet that is used up, or a number that is no longer safe, cannot."""
    if factor.kind == "code_sheet":
        return factors.codes_left(session, factor.holder_id) > 0
    if factor.kind in spoken_codes.KINDS:
        return spoken_codes.line(session, factor.holder_id, factor.kind) is not None
    return True
