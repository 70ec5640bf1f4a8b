"""What is thrown away each night: what a killed worker left behind, and rows that have no use any more."""

from __future__ import annotations

import datetime
import uuid

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db, jobs
from portal.cases.models import Evidence
from portal.documents.models import Letter, StoredPack
from portal.once import FormKey
from portal.people import housekeeping
from portal.vault.files import FileStore

KEPT = datetime.timedelta(days=30)  # done jobs and form keys
ORPHANS_AFTER = datetime.timedelta(days=1)  # a file whose row is still being written is younger
NAMING = (col(Evidence.file_id), col(Letter.pdf_file), col(StoredPack.content_file), col(StoredPack.pdf_file))


@jobs.handler("tidy")
def tidy(work: jobs.Work) -> None:
    """Deletes what its columns say is not kept, and stored files that no row names."""
    now = db.now()
    with work.database.write() as session:
        housekeeping.sweep(session, now=now)
        session.execute(sa.delete(FormKey).where(col(FormKey.at) < now - KEPT))
        old = (col(jobs.Job.state) == "done", col(jobs.Job.finished_at) < now - KEPT)
        session.execute(sa.delete(jobs.Job).where(*old, col(jobs.Job.kind).not_in(("recompute_clocks",))))
    files: FileStore = work.runtime.files
    for shard in files.shards(older_than=now - ORPHANS_AFTER):
        with work.database.read() as session:
            named = _named(session, shard)
        for file_id in shard - named:
            files.destroy(file_id)


def _named(session: Session, some: set[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the files that a row names."""
    found: set[uuid.UUID] = set()
    for column in NAMING:
        found |= {one for one in session.scalars(select(column).where(column.in_(some))) if one}
    return found
