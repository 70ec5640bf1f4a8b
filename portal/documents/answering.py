"""From the decided lines of a challenge to one frozen Decision: what was decided is told, with its reasons, to somebody
who may know of it (R-101 to R-110, Article 12(4))."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import jobs
from portal.cases import clocking, ledger, posting
from portal.cases.actors import Actor
from portal.cases.corrections import deciding, outside, recipients
from portal.cases.corrections import lines as challenged
from portal.cases.corrections.lines import Line
from portal.cases.corrections.models import ChallengedLine
from portal.cases.corrections.outside import Link
from portal.cases.corrections.recipients import Notice
from portal.cases.facts import facts_of
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.documents import answer, answer_gate, answer_lines, assembly, information, render, short
from portal.documents.answer import DecidedLine, Decision
from portal.documents.answer_lines import Record
from portal.documents.leak_gate import RemovedSpan
from portal.documents.models import StoredPack
from portal.people.models import Person
from portal.records import marks
from portal.records.models import Entry
from portal.vault import vault_of
from workflows import line_guards
from workflows.days import received_day
from workflows.facts import CaseFacts
from workflows.table import StepRefused


@dataclass
class Assembled:
    """A decision with what may stand nowhere in it. `own`: texts that its reader wrote, or was given before."""

    decision: Decision
    removed: list[RemovedSpan] = field(default_factory=list)
    own: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()  # ids of the entries of which it prints something


def digest(session: Session, case: Case) -> str:
    """One hash over all that an answer rests on: the lines as they stand, and which version of each entry counts. What
    changes it makes an answer that was prepared before void."""
    rows = session.execute(
        sa.select(
            col(ChallengedLine.id),
            col(ChallengedLine.version),
            col(ChallengedLine.state),
            col(ChallengedLine.outcome),
            col(ChallengedLine.shown),
            col(Entry.current_id),
        )
        .outerjoin(Entry, sa.and_(Entry.child_id == ChallengedLine.child_id, Entry.id == ChallengedLine.entry_id))  # type: ignore[arg-type]
        .where(col(ChallengedLine.case_id) == case.id)
        .order_by(col(ChallengedLine.number))
    )
    hashed = hashlib.sha256()
    for row in rows:
        hashed.update(repr([part.hex if isinstance(part, uuid.UUID) else part for part in row]).encode())
    return hashed.hexdigest()


def assemble(session: Session, case: Case, stored: StoredPack, *, by: Actor) -> Assembled:
    """Builds the frozen decision; every opening is logged first. Raises StepRefused while a line is undecided."""
    events = ledger.history(session, case)
    facts = facts_of(session, case, events, actor=by, today=clocking.uk_today())
    if fault := line_guards.lines_decided(facts):
        raise StepRefused(fault)
    there = [line for line in challenged.of_case(session, case) if line.state == "decided"]
    record = answer_lines.open_record(session, case, there, by)
    tell = _Telling(
        record,
        outside.of_case(session, case),
        recipients.of_case(session, case),
        vault_of(session).get(stored).get("summaries", {}),
        marks.stood_since(session, case.id, "disputed"),
        short.is_for_child(facts),
    )
    made = [tell.line(line) for line in there]
    decision = _decision(session, case, stored, tuple(made), facts)
    printed = [line.entry_id for line, told in zip(there, made, strict=True) if told.before or told.now]
    return Assembled(
        decision,
        answer_gate.removed_from(session, case, there, decision, record),
        tuple(answer_gate.own_texts(decision, there, record)),
        tuple(entry_id.hex for entry_id in printed if entry_id),
    )


@dataclass
class _Telling:
    """What the lines are told from."""

    record: Record | None
    links: Sequence[Link]
    notices: Sequence[Notice]
    summaries: Mapping[str, str]
    disputed_since: Mapping[uuid.UUID, datetime.date]
    for_child: bool

    def line(self, line: Line) -> DecidedLine:
        told = answer_lines.plain_line(line)
        if not line.shown or self.record is None or line.decided is None:
            return told
        return replace(
            told,
            **answer_lines.of_shown(line, line.decided, self.record),
            asked=answer_lines.asked(line, self.links, self.summaries),
            disputed=information.day_in_words(self.disputed_since.get(line.id)),
            informed=recipients.names_for_family(self.notices, line.id),
            child_words=line.decided.child_words if self.for_child else "",
        )


def _decision(
    session: Session, case: Case, stored: StoredPack, made: tuple[DecidedLine, ...], facts: CaseFacts
) -> Decision:
    settings, vault = clocking.settings_of(session), vault_of(session)
    told, person = vault.get(case), session.get_one(Person, case.requester_id)
    there = challenged.of_case(session, case)
    return Decision(
        reference=case.reference,
        copy_number=stored.copy_number,
        language=person.language,
        cut_off=stored.cut_off,
        date=received_day(stored.cut_off),
        received=case.received_on,
        recipient_name=vault.get(person)["name"],
        recipient_lines=information.address_lines(posting.reachable(session, case)),
        authority=information.authority(settings),
        regulator=information.regulator(settings),
        about=told["subject"]["names"],
        lines=made,
        again=facts.reviewed_again,
        for_child=short.is_for_child(facts),
        # Said whether or not anything is held: it follows from what was asked, and from the setting (Art 18(3), R-105).
        restriction_ends=settings.restrict_by_default or any(line.claim.restrict for line in there),
        tells_others=any(line.shown and line.outcome in deciding.CHANGES for line in there),
        portal_link=settings.family_url,
    )


@jobs.handler("assemble_decision")
def assemble_decision(work: jobs.Work) -> None:
    """Makes the PDF of one answer, reads it back through the leak gate and stores both. Runs again after any crash."""
    pack_id = uuid.UUID(work.args["pack"])
    with work.database.read() as session:
        stored = session.get_one(StoredPack, pack_id)
        if stored.state != "assembling":
            return
        case = session.get_one(Case, stored.case_id)
        told = vault_of(session).get(stored)
        try:
            made = assemble(session, case, stored, by=assembly.asker(session, work.args))
        except (StepRefused, CaseNotFound) as refused:  # it cannot be made as things stand: trying again is no help
            assembly.give_up(work.database, pack_id, str(refused))
            return
    content = answer.to_json(made.decision)
    work.progress(1, 3)
    pdf = render.pdf(render.decision_html(made.decision, for_screen=False), pages=10 + 2 * len(made.decision.lines))
    work.progress(2, 3)
    leaks = answer_gate.leaks_in(made.decision, made.removed, made.own, pdf, content)
    told["holds"] = list(made.holds)
    assembly.keep_made(work, stored, told, content=content, pdf=pdf, leaks=leaks)
    work.progress(3, 3)
