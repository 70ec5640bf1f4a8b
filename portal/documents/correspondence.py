"""The letters of a case: asked for by a step, made once by a job, the same bytes ever after.

A letter is opened in a home: it never names the child or says why something was withheld (R-92)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace
from typing import Any

from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.cases import clocking, ledger, posting, searching, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import recipients
from portal.cases.ledger import CaseNotFound, Happened
from portal.cases.models import Case
from portal.documents import information, letters
from portal.documents.letters import LetterFacts
from portal.documents.models import Letter
from portal.people.models import Person
from portal.vault import Owner, vault_of
from portal.vault.files import FileStore
from workflows.clock import received_day
from workflows.kinds import WORKFLOWS
from workflows.table import Addressee, Ask, Step, Workflow

PROPOSALS = {  # a letter that confirms a proposal states what the proposal said
    "refuse": "propose_refusal",
    "refuse_for_identity": "propose_refusal",
    "confirm_nothing_held": "propose_nothing_held",
    "confirm_receipt_day": "propose_receipt_day",
}


def of_case(session: Session, case: Case, *, by: Actor) -> list[Letter]:
    """The letters of a case, newest first; a requester sees those written to them."""
    there = (Letter.case_id == case.id, Letter.state == "made", col(Letter.pdf_file).is_not(None))
    rows = session.exec(select(Letter).where(*there).order_by(col(Letter.made_at).desc())).all()
    if by.kind == "family":
        to_child = {step.letter for step in WORKFLOWS[case.kind].steps if step.letter_to is Addressee.CHILD}
        return [row for row in rows if row.template not in to_child | {recipients.LETTER}]
    return list(rows)


def pdf(session: Session, files: FileStore, case: Case, letter_id: uuid.UUID, *, by: Actor) -> bytes:
    """The letter's bytes; logged. Raises CaseNotFound for a letter of another case, or to somebody else."""
    row = next((row for row in of_case(session, case, by=by) if row.id == letter_id), None)
    if row is None or row.pdf_file is None:
        raise CaseNotFound
    audit.before_showing(session, verbs.act(case, by, "open_letter"))
    return files.read(Owner.case(case.id), row.pdf_file)


@jobs.handler("make_letter")
def make_letter(work: jobs.Work) -> None:
    """Makes the letter of one event, once however often it runs."""
    case_id, seq, template = uuid.UUID(work.args["case"]), int(work.args["seq"]), work.args["template"]
    with work.database.read() as session:
        if _there(session, case_id, seq):
            return
        case = session.get_one(Case, case_id)
        facts = facts_of(session, case, seq)
        to_child = _is_to_child(case, ledger.history(session, case)[seq - 1])
    made = letters.letter_pdf(case.kind, template, facts)
    file_id = work.runtime.files.write(Owner.case(case_id), made)
    with work.database.write() as session:
        case = ledger.locked(session, case_id)
        if not _there(session, case_id, seq):
            row = _keep(session, case, seq, template=template, facts=facts, file_id=file_id)
            bears = "\n".join(facts.recipient_lines)
            posting.queue_letter(session, case, row.id, seq, to_child=to_child, bears=bears)


@jobs.handler("make_notice")
def make_notice(work: jobs.Work) -> None:
    """Makes the letter that says on paper what could not be mailed: the words we wrote, or that there is news."""
    with work.database.read() as session:
        posted = session.get_one(posting.Posted, uuid.UUID(work.args["posted"]))
        case, seq = session.get_one(Case, posted.case_id), posted.event_seq or 1
        if posted.letter_id is not None:
            return
        facts = facts_of(session, case, seq)
        words = _written(session, case, seq)
    template = "message" if words else "notice"
    made = letters.letter_pdf("contact", template, replace(facts, answers={"words": words} if words else {}))
    file_id = work.runtime.files.write(Owner.case(case.id), made)
    with work.database.write() as session:
        case = ledger.locked(session, case.id)
        posted = session.get_one(posting.Posted, posted.id)
        if posted.letter_id is None:
            posted.letter_id = _keep(session, case, seq, template=template, facts=facts, file_id=file_id).id
            told = vault_of(session).get(posted)  # what the first to check looked at stays
            vault_of(session).put(posted, {**told, "bears": "\n".join(facts.recipient_lines)})
            session.add(posted)


def _written(session: Session, case: Case, seq: int) -> str:
    """What we wrote to the requester in this event; empty for any other event."""
    event = next(event for event in ledger.history(session, case) if event.seq == seq)
    if event.name != "to_requester":
        return ""
    there = verbs.messages(session, case, kinds=("to_requester",))
    return next((str(told["words"]) for row, told in there if row.id.hex == event.answers.get("message")), "")


def _keep(session: Session, case: Case, seq: int, *, template: str, facts: LetterFacts, file_id: uuid.UUID) -> Letter:
    row = Letter(
        case_id=case.id,
        event_seq=seq,
        template=template,
        language=facts.language,
        state="made",
        made_at=db.now(),
        pdf_file=file_id,
        sealed=b"",
    )
    vault_of(session).put(row, {"answers": dict(facts.answers), "bears": "\n".join(facts.recipient_lines)})
    session.add(row)
    session.flush()
    audit.append(session, verbs.act(case, Actor.system(), "letter_made", template))
    return row


def facts_of(session: Session, case: Case, seq: int) -> LetterFacts:
    """What the letter of event `seq` states: the clock as it stood then, address and search plan as they are now."""
    events = [event for event in ledger.history(session, case) if event.seq <= seq]
    settings, vault = clocking.settings_of(session), vault_of(session)
    person = session.get_one(Person, case.requester_id)
    told = vault.get(person)
    clock = clocking.reading(session, case, events)
    name, lines = told["name"], information.address_lines(posting.reachable(session, case))
    if _is_to_child(case, events[-1]):  # handed over by somebody the child trusts, never posted to the requester
        name, lines = vault.get(case)["subject"]["names"], ()
    return LetterFacts(
        reference=case.reference,
        recipient_name=name,
        recipient_lines=lines[: letters.ADDRESS_LINES],
        authority=information.authority(settings),
        regulator=information.regulator(settings),
        date=received_day(events[-1].at),
        received=clock.received,
        due=clock.earlier_day,
        language=person.language,
        portal_link=settings.family_url,
        answers=_answers(WORKFLOWS[case.kind], events),
        searched=tuple(information.searched(one) for one in searching.plan(session, case)),
    )


def _answers(workflow: Workflow, events: list[Happened]) -> dict[str, str]:
    """The answers of the step that sends the letter, in words, with those of the proposal it confirms."""
    told: dict[str, str] = {}
    for name in (PROPOSALS.get(events[-1].name), events[-1].name):
        event = next((one for one in reversed(events) if one.name == name), None)
        step = next((one for one in workflow.steps if one.name == name), None)
        if event and step:
            told |= _in_words(step, event)
    return told


def _in_words(step: Step, event: Happened) -> dict[str, str]:
    told = {}
    for need in step.needs:
        answer: Any = event.answers.get(need.name)
        if answer in (None, ""):
            continue
        labels = {choice.value: choice.label for choice in need.choices}
        if need.kind is Ask.DATE:
            answer = information.day_in_words(datetime.date.fromisoformat(answer))
        told[need.name] = str(labels.get(answer, answer))
    return told


def _is_to_child(case: Case, event: Happened) -> bool:
    steps = WORKFLOWS[case.kind].steps
    return any(step.name == event.name and step.letter_to is Addressee.CHILD for step in steps)


def _there(session: Session, case_id: uuid.UUID, seq: int) -> bool:
    query = select(Letter.id).where(Letter.case_id == case_id, Letter.event_seq == seq)
    return session.exec(query).first() is not None


def for_paper(session: Session, case: Case, *, by: Actor) -> dict[str, dict[str, Any]]:
    """The letters of a case that can be queued for paper, by a code: what `posting.queue` wants to know of each. One
    of which nobody kept the address bears none that can be posted to."""
    to_child = {step.letter for step in WORKFLOWS[case.kind].steps if step.letter_to is Addressee.CHILD}
    rows = [row for row in of_case(session, case, by=by) if row.template != recipients.LETTER]
    return {
        row.id.hex: {
            "title": f"{row.template.replace('_', ' ')}, {information.day_in_words(row.made_at.date())}",
            "key": posting.letter_key(row.id),
            "letter_id": row.id,
            "event_seq": row.event_seq,
            "to_child": row.template in to_child,
            "bears": vault_of(session).get(row).get("bears", ""),
        }
        for row in rows
    }
