"""Whether a decision is complete and lawful, and still is when a copy goes out (law.md section 10)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlmodel import Session, col, select

from portal.cases.models import Case
from portal.review import lawful, people_mentioned, unread
from portal.review.around import NOTHING, Around
from portal.review.decision import GIVES, HARM, THIRD_PARTY, UNSEEN, Decision, decision_of
from portal.review.lawful import Ground, kind_of, own
from portal.review.models import ReviewItem
from portal.review.words_of_text import canonical
from portal.vault import vault_of
from workflows.exemptions import DataKind
from workflows.table import StepRefused
from workflows.words import mark as _


def check(
    said: Decision,
    ground: Ground,
    *,
    text: str,
    category: str,
    people: Sequence[people_mentioned.Mention] = (),
    around: Around = NOTHING,
) -> Decision:
    """Whether a decision is complete and lawful for an entry of this text and category; answers with what is to be
    kept: the decision with the health opinion it rests on. Raises StepRefused."""
    _check_complete(said, text, around)
    kind = kind_of(category)
    said = replace(said, opinion=_opinion_for(said, ground, kind))
    opinion = ground.heard.get(said.opinion)
    for code in sorted(said.codes):
        if fault := ground.fault(code, kind, wish=said.wish, already_known=said.already_known, opinion=opinion):
            raise StepRefused(f"{code}: {fault}", need="code")
    _check_consulted(said, ground, own_test=said.uses_third_party(text, people, around))
    if said.decision in GIVES:
        _check_given(said, ground, kind, opinion)
    return said


def _check_complete(said: Decision, text: str, around: Around) -> None:
    if said.decision == "withhold" and not said.code:
        raise StepRefused(_("Choose the exemption under which this is withheld."), need="code")
    if said.decision == "redact" and not said.takes_out:
        raise StepRefused(_("Mark the words to remove, or choose another decision."), need="words")
    if said.codes and not said.reason.strip():
        raise StepRefused(_("Say how the test of the exemption is met."), need="reason")
    if said.decision in {"not_subject", "duplicate"} and not said.reason.strip():
        raise StepRefused(_("Say why this is left out: whom it is about, or which entry says the same."), need="reason")
    if said.upsetting and not said.content_note.strip():
        raise StepRefused(_("Say in a few words what the reader should be prepared for."), need="content_note")
    if not {*said.hides, *said.cuts} <= around.keys():
        raise StepRefused(_("What is taken out does not stand around this entry. Look at it again."), need="words")
    marked = [(text, said.spans), *((around[part], spans) for part, spans in said.cuts.items())]
    if any(span.end > len(canonical(words)) for words, spans in marked for span in spans):
        raise StepRefused(_("The marked words do not fit this text any more. Mark them again."), need="words")


def _check_given(said: Decision, ground: Ground, kind: DataKind, opinion: lawful.Heard | None) -> None:
    """Whether health data may be given here. Where the harm is in the words taken out, the rest is given (R-82)."""
    cut_out = HARM in said.codes and ground.fault(HARM, kind, opinion=opinion) is None
    if not cut_out and (fault := ground.must_hold(kind, already_known=said.already_known, opinion=opinion)):
        raise StepRefused(fault, need="decision")


def _opinion_for(said: Decision, ground: Ground, kind: DataKind) -> str:
    """The health opinion a decision rests on, where it needs one: to give health data, or to keep it for its harm."""
    gives = said.decision in GIVES and not said.already_known
    if kind is not DataKind.HEALTH or not (gives or said.codes & {HARM, UNSEEN}):
        return ""
    return ground.opinion_for((*said.consultations, *([said.opinion] if said.opinion else [])))


def _check_consulted(said: Decision, ground: Ground, *, own_test: bool) -> None:
    """Whether the third-party test is answered where it is needed here, and whoever must be asked was (R-83, R-94)."""
    if own_test:
        lawful.check_third_party(said.test)
    named = {*said.consultations, said.opinion}
    for code in sorted(said.codes):
        if code == THIRD_PARTY and not own_test:
            continue
        if fault := ground.consultation_fault(code, named, said.test):
            raise StepRefused(f"{code}: {fault}", need="consultations")


def lapsed(session: Session, case: Case, today: datetime.date) -> str | None:
    """Why the decisions do not stand today, or None. Asked again before an approval and before a release."""
    return unread.restricted_since(session, case, GIVES) or _opinion_lapsed(session, case, today)


def _opinion_lapsed(session: Session, case: Case, today: datetime.date) -> str | None:
    """Why the health opinions that the decisions rest on do not carry them today, or None (EX-H5, EX-H6, V-90).

    An opinion goes stale, and a reply can be put right."""
    heard = lawful.consultations(session, case.id)
    if not any(one.kind == "health" for one in heard.values()):
        return None
    query = select(ReviewItem).where(*own(ReviewItem, case.id), col(ReviewItem.decision) != "undecided")
    rows = session.exec(query.order_by(col(ReviewItem.position))).all()
    for row, told in zip(rows, vault_of(session).get_many(rows), strict=True):
        if not _carried(decision_of(told), heard, today):
            words = _(
                "The health opinion behind entry %(number)s is older than six months, or has changed. "
                "Send this back to review, ask for an opinion, and decide the entry again."
            )
            return words % {"number": row.position + 1}
    return None


def _carried(said: Decision, heard: Mapping[str, lawful.Heard], today: datetime.date) -> bool:
    """Whether what health professionals have said by now still lets this decision stand."""
    if UNSEEN in said.codes:
        return not any(heard[one].usable(today) for one in said.consultations if one in heard)
    if not said.opinion:
        return True
    one = heard.get(said.opinion)
    return one is not None and one.usable(today) and one.harm == (HARM in said.codes)
