"""What the reviewers of the demo decide: the neighbour is hidden, confidences are cut out, the rest is given."""

from __future__ import annotations

import datetime

from sqlmodel import Session

from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.demo.notes import CONFIDENCES, TEXTS
from portal.records import OpenEntry
from portal.review import deciding
from portal.review.deciding import Decision, Pick
from portal.review.redaction import Redaction

THIRD_PARTY = "EX-TP"
# The answers to the questions about another person on which a neighbour is hidden.
_NEIGHBOUR = {
    "identifiable": "yes",
    "professional_in_role": "no",
    "known_to_requester": "no",
    "consented": "no",
    "asked": "no",
    "why_not_asked": "She was promised that nobody would come back to her about it.",
    "refused": "no",
    "confidence_owed": "yes",
    "able_to_consent": "yes",
    "reasonable_anyway": "no",
    "reasons": "She lives two doors away and was promised that her name stays with us.",
}
_CONFIDENCE = {
    **_NEIGHBOUR,
    "why_not_asked": "To ask would tell the family that something was said.",
    "reasons": "It was told in confidence. Who is meant would be known at once.",
}
_UPSETTING = {text.words.partition("{")[0]: text.upsetting for text in TEXTS if text.upsetting}


def decide(session: Session, case: Case, *, by: Actor, today: datetime.date, most: int = 1000) -> None:
    """Decides the first `most` undecided entries, and all people mentioned when nothing is left."""
    looking = verbs.look_for(case, by)
    waiting = deciding.items(session, case, only="undecided", limit=most)
    picks = [
        Pick(item.id, item.version, decision_on(entry), entry.text, entry.category)
        for item, entry in zip(waiting, deciding.entries_of(session, looking, waiting), strict=True)
    ]
    for pick, why in deciding.decide_many(session, case.id, picks, by=by, today=today):
        raise AssertionError(f"{pick.said.decision}: {why}")
    if len(waiting) < most:
        _decide_people(session, case, by, today)


def decision_on(entry: OpenEntry) -> Decision:
    """What a sensible reviewer says of an entry of the demo."""
    note = next((note for start, note in _UPSETTING.items() if entry.text.startswith(start)), "")
    spans = tuple(
        Redaction(start, start + len(words), THIRD_PARTY)
        for words in CONFIDENCES
        if (start := entry.text.find(words)) >= 0
    )
    return Decision(
        "redact" if spans else "give",
        spans=spans,
        reason="Told in confidence; nobody agreed that it is given." if spans else "",
        test=_CONFIDENCE if spans else {},
        already_known=entry.category in {"health", "sensitive service"},
        upsetting=bool(note),
        content_note=note,
    )


def _decide_people(session: Session, case: Case, by: Actor, today: datetime.date) -> None:
    for third, row, _told in deciding.mentions(session, verbs.look_for(case, by)):
        if row.decision != "undecided":
            continue
        hide = third.relation == "neighbour"
        deciding.decide_mention(
            session,
            case.id,
            third.id,
            version=row.version,
            decision="hide" if hide else "show",
            code=THIRD_PARTY if hide else "",
            reason="Asked not to be named." if hide else "The requester knows them well.",
            test=_NEIGHBOUR if hide else {},
            by=by,
            today=today,
        )
