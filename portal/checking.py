"""`portal check`: proves that the ledger replays to what the cases say, that the log's chains hold, that every stored
file and key is there and opens; each fault names its row."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from portal import audit, schema  # noqa: F401
from portal.cases import clocking, ledger
from portal.cases.authority_models import Authority
from portal.cases.models import Case, Consultation, Event, Evidence, Message, SearchPlace
from portal.documents.models import Letter, StoredPack
from portal.migrate import pending, unprotected
from portal.runtime import Runtime
from portal.vault import KeyMissing, Owner, SealBroken, SealedRow, vault_of
from workflows.kinds import WORKFLOWS
from workflows.table import StepRefused

PAGE = 500
_SEALED: tuple[type[SQLModel], ...] = (Event, Message, Evidence, SearchPlace, Consultation, Authority)


def faults(runtime: Runtime) -> Iterator[str]:
    """Every fault found, as one line each; nothing of any record's content is in them."""
    engine = runtime.database.engine
    if pending(engine):
        yield "schema: the database is not at this version's schema"
        return
    with engine.execution_options(portal_writable=False).connect() as connection:
        for table in unprotected(connection):
            yield f"schema: the triggers that protect {table} are missing; run `portal migrate`"
    with runtime.database.read() as session, runtime.vault.unlocked():
        for broken in audit.broken_chains(session):
            yield f"log: chain {broken.chain}, row {broken.seq}: {broken.why}"
        yield from _ledger_faults(session)
        yield from _file_faults(session, runtime)


def _ledger_faults(session: Session) -> Iterator[str]:
    for case in _cases(session):
        if case.kind not in WORKFLOWS:
            yield f"ledger: case {case.reference}: there is no kind of case called {case.kind!r}"
            continue
        closed = list(_closed_cells(session, case))
        if closed:
            yield from closed
            continue
        yield from _replay(session, case, ledger.history(session, case))


def _closed_cells(session: Session, case: Case) -> Iterator[str]:
    """Sealed cells of the case that do not open: damaged, moved, or (an event) changed beside the seal."""
    rows: list[SealedRow] = [case]
    for table in _SEALED:
        rows += session.execute(sa.select(table).filter_by(case_id=case.id)).scalars()
    vault = vault_of(session)
    for row in rows:
        try:
            vault.get(row)
        except (SealBroken, KeyMissing) as broken:
            yield f"ledger: case {case.reference}: {_named(row)}: {broken}"


def _named(row: SealedRow) -> str:
    if isinstance(row, Event):
        return f"event {row.seq}"
    return "what was asked" if isinstance(row, Case) else row.vault_row()


def _replay(session: Session, case: Case, events: list[ledger.Happened]) -> Iterator[str]:
    workflow = WORKFLOWS[case.kind]
    state, names = workflow.start.name, {step.name: step for step in workflow.steps}
    for number, event in enumerate(events, start=1):
        if event.seq != number:
            yield f"ledger: case {case.reference}: event {number} is missing"
            return
        if event.from_state != state:
            yield f"ledger: case {case.reference}: event {number} does not follow from the one before"
            return
        step = names.get(event.name)
        moves = step.to.name if step and step.to else state
        if event.to_state != moves:
            yield f"ledger: case {case.reference}: event {number} leads where its step does not"
            return
        state = event.to_state
    if (case.state, case.seq) != (state, len(events)):
        yield f"ledger: case {case.reference}: its state is not what its events say"
    elif (case.closed_at is not None) != workflow.state(state).final:
        yield f"ledger: case {case.reference}: it is closed or open against what its events say"
    yield from _misplaced(session, case, events)


def _misplaced(session: Session, case: Case, events: list[ledger.Happened]) -> Iterator[str]:
    """What else the case row keeps of its events: the dates, whose record it opens, who has it."""
    try:
        now = clocking.reading(session, case, events)
    except StepRefused as impossible:
        yield f"ledger: case {case.reference}: its dates cannot be: {impossible}"
        return
    if (case.due_on, case.received_on, case.clock_status) != clocking.cached(case, events, now):
        yield f"ledger: case {case.reference}: its dates are not what its events say"
    if _hex(case.child_id) != _last(events, {"record_attached": "child", "record_detached": ""}):
        yield f"ledger: case {case.reference}: the record attached to it is not the one its events say"
    if _hex(case.assignee_id) != _last(events, {"assigned": "to"}):
        yield f"ledger: case {case.reference}: it is not with whom its events say"


def _last(events: list[ledger.Happened], told_by: dict[str, str]) -> str | None:
    """What the last event of these names says in the answer given beside its name."""
    last = next((event for event in reversed(events) if event.name in told_by), None)
    return last.answers.get(told_by[last.name]) if last else None


def _hex(found: uuid.UUID | None) -> str | None:
    return found.hex if found else None


def _cases(session: Session) -> Iterator[Case]:
    last = None
    while True:
        query = select(Case).order_by(col(Case.id)).limit(PAGE)
        rows = session.exec(query.where(col(Case.id) > last) if last else query).all()
        yield from rows
        if len(rows) < PAGE:
            return
        last = rows[-1].id


def _file_faults(session: Session, runtime: Runtime) -> Iterator[str]:
    wanted = [
        *session.execute(
            sa.select(col(Evidence.case_id), col(Evidence.file_id)).where(col(Evidence.file_id).is_not(None))
        ),
        *session.execute(sa.select(col(Letter.case_id), col(Letter.pdf_file)).where(col(Letter.pdf_file).is_not(None))),
        *session.execute(
            sa.select(col(StoredPack.case_id), col(StoredPack.pdf_file)).where(col(StoredPack.pdf_file).is_not(None))
        ),
        *session.execute(
            sa.select(col(StoredPack.case_id), col(StoredPack.content_file)).where(
                col(StoredPack.content_file).is_not(None)
            )
        ),
    ]
    for case_id, file_id in wanted:
        try:
            runtime.files.read(Owner.case(case_id), file_id)
        except (SealBroken, KeyMissing) as broken:
            yield f"files: {file_id.hex} of case {case_id.hex}: {broken}"


__all__ = ["faults"]
