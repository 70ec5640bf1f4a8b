"""Files people send: inspected in a limited child process, sealed under the case, shown only as rebuilt copies.

Papers that prove identity or authority are destroyed once accepted, latest at closure: we keep that they were seen and
when (R-64, R-151)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case, Evidence
from portal.scanner import Verdict, scan
from portal.uploads import Accepted, UploadRefused
from portal.vault import Owner, vault_of
from portal.vault.files import FileStore
from workflows.table import Step, StepRefused
from workflows.words import mark as _

MOST_BYTES_PER_CASE = 100 * 1024 * 1024


def store(
    session: Session,
    files: FileStore,
    owner_id: uuid.UUID,
    accepted: Accepted,
    *,
    purpose: str,
    scanner: str,
    by: Actor,
    line: int | None = None,
) -> Evidence:
    """Keeps an inspected file for a case or for the draft that will become it (`owner_id`); `line` is the number of the
    challenged line that it is about.

    With a scanner configured the file is held until a job has asked it: a scanner may take half a minute, and nobody
    else could write meanwhile. Raises UploadRefused when the case has no room left."""
    used = session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(Evidence.size), 0)).where(col(Evidence.case_id) == owner_id)
    )
    if (used or 0) + len(accepted.data) > MOST_BYTES_PER_CASE:
        raise UploadRefused(_("These files are too big together. Send fewer or smaller ones, or send them by post."))
    row = Evidence(
        case_id=owner_id,
        status="held" if scanner else accepted.status,
        purpose=purpose,
        file_id=files.write(Owner.case(owner_id), accepted.data),
        size=len(accepted.data),
        at=db.now(),
        actor=str(by),
        sealed=b"",
    )
    told = {"name": accepted.name, "kind": accepted.kind, "pages": accepted.pages, "then": accepted.status}
    if line is not None:
        told["line"] = line
    vault_of(session).put(row, told)
    session.add(row)
    session.flush()
    _have_scanned(session, row)
    return row


def add_to_case(
    session: Session,
    files: FileStore,
    case_id: uuid.UUID,
    accepted: Accepted,
    *,
    purpose: str,
    scanner: str,
    by: Actor,
    line: int | None = None,
) -> Evidence:
    """Stores a file on an open case, with its event."""
    case = ledger.locked(session, case_id)
    if case.closed_at is not None:
        raise StepRefused(_("This is finished. Write to us first if you have more to send."))
    row = store(session, files, case.id, accepted, purpose=purpose, scanner=scanner, by=by, line=line)
    ledger.append(session, case, "evidence", by=by, on_date=clocking.uk_today(), answers={"evidence": row.id.hex})
    audit.append(session, verbs.act(case, by, "evidence"))
    return row


def listed(session: Session, case_id: uuid.UUID) -> list[tuple[Evidence, dict[str, Any]]]:
    """The files of a case (or draft) with their names."""
    query = select(Evidence).where(col(Evidence.case_id) == case_id).order_by(col(Evidence.id))
    rows: Sequence[Evidence] = session.exec(query).all()
    return list(zip(rows, vault_of(session).get_many(rows), strict=True))


def sent_by_requester(session: Session, case_id: uuid.UUID) -> list[tuple[Evidence, dict[str, Any]]]:
    """The files of a case without those of bodies that were asked: a family must not see from a file who answered."""
    return [(row, told) for row, told in listed(session, case_id) if not row.actor.startswith("outside")]


def content(
    session: Session, files: FileStore, case_id: uuid.UUID, evidence_id: uuid.UUID
) -> tuple[dict[str, Any], bytes]:
    """Name and bytes of a rebuilt picture. PDFs stay in quarantine, held and destroyed files open to nobody."""
    row = session.get(Evidence, (case_id, evidence_id))
    if row is None or row.file_id is None:
        raise ledger.CaseNotFound
    if row.status != "clean":
        raise StepRefused(_("This file cannot be opened here. Ask the sender for photos of the pages."))
    return vault_of(session).get(row), files.read(Owner.case(case_id), row.file_id)


def move(session: Session, draft_id: uuid.UUID, case: Case, files: FileStore, *, by: Actor) -> list[uuid.UUID]:
    """Gives a submitted draft's files to its case, sealed anew under the case's key; answers their ids there.

    One that the scanner destroyed goes along by name: both sides see that it never came."""
    vault = vault_of(session)
    query = select(Evidence).where(col(Evidence.case_id) == draft_id).order_by(col(Evidence.id)).with_for_update()
    moved: list[uuid.UUID] = []
    for row in session.exec(query).all():
        copy = Evidence(
            case_id=case.id,
            status=row.status,
            purpose=row.purpose,
            file_id=_resealed(files, draft_id, case.id, row.file_id),
            size=row.size,
            at=row.at,
            actor=str(by),
            sealed=b"",
        )
        vault.put(copy, vault.get(row))
        session.add(copy)
        _have_scanned(session, copy)
        moved.append(copy.id)
    session.flush()
    return moved


def _resealed(files: FileStore, draft_id: uuid.UUID, case_id: uuid.UUID, file_id: uuid.UUID | None) -> uuid.UUID | None:
    return files.write(Owner.case(case_id), files.read(Owner.case(draft_id), file_id)) if file_id else None


def _have_scanned(session: Session, row: Evidence) -> None:
    if row.status == "held":
        args = {"case": row.case_id.hex, "evidence": row.id.hex}
        jobs.enqueue(session, "scan_evidence", f"scan:{row.id.hex}", args)


def drop(session: Session, draft_id: uuid.UUID, evidence_id: uuid.UUID) -> None:
    """Takes a file off a draft and destroys it. Only for drafts: what reached a case stays in its ledger."""
    row = db.lock(session, Evidence, case_id=draft_id, id=evidence_id)
    if row is None:
        return
    _destroy(session, row)
    session.delete(row)


PROVED_BY = {"accept_identity": ("identity",), "accept_authority": ("authority",)}
PROOFS = ("identity", "authority")


@verbs.follows
def destroy_papers(session: Session, case: Case, step: Step) -> None:
    """Destroys proofs once they are accepted, latest at closure: the fact and date of the check stay (R-64, R-151)."""
    purposes = PROOFS if case.closed_at else PROVED_BY.get(step.name, ())
    query = select(Evidence).where(col(Evidence.case_id) == case.id, col(Evidence.purpose).in_(purposes))
    for row in session.exec(query) if purposes else ():
        if row.file_id is not None:
            _destroy(session, row)
            row.status = "destroyed"
            session.add(row)


def _destroy(session: Session, row: Evidence) -> None:
    """The row's file is deleted once this transaction has ended well."""
    if row.file_id is not None:
        jobs.enqueue(session, "destroy_file", f"destroy:{row.file_id.hex}", {"file": row.file_id.hex})
        row.file_id = None


@jobs.handler("destroy_file")
def destroy_file(work: jobs.Work) -> None:
    """Deletes a sealed file that no row names any more."""
    work.runtime.files.destroy(uuid.UUID(work.args["file"]))


@jobs.handler("scan_evidence")
def scan_evidence(work: jobs.Work) -> None:
    """Asks the scanner about a held file. While it is away the file stays held; a harmful one is destroyed."""
    case_id, evidence_id = uuid.UUID(work.args["case"]), uuid.UUID(work.args["evidence"])
    with work.database.read() as session:
        row = session.get(Evidence, (case_id, evidence_id))
        if row is None or row.status != "held" or row.file_id is None:
            return
        data = work.runtime.files.read(Owner.case(case_id), row.file_id)
        then = str(vault_of(session).get(row)["then"])
    verdict = scan(data, work.runtime.settings.scanner_socket or None)
    if verdict is Verdict.UNAVAILABLE:
        raise jobs.Hold("the scanner does not answer", minutes=5)
    with work.database.write() as session:
        row = db.lock(session, Evidence, case_id=case_id, id=evidence_id)
        if row is not None and row.status == "held":
            row.status = "infected" if verdict is Verdict.INFECTED else then
            if verdict is Verdict.INFECTED:
                _destroy(session, row)
            session.add(row)
