"""The records of the demo: two files through the importer, and with whom they were shared."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.demo import days, feeds
from portal.demo.families import Child, Family
from portal.records.feeds import importing
from portal.records.models import Lookup, Sharing
from portal.runtime import Runtime
from portal.vault import vault_of

# Who got what, so many days before today.
SHARED = (
    ("Kiln Lane Primary School", "Name, home address and whom to ring", 410, "Secure e-mail"),
    ("Nether Quill Young Carers", "Name, and that help was offered", 300, "Telephone call, noted the same day"),
    ("Harrowmere Police, public protection desk", "That the home was visited and what was seen", 255, "Meeting"),
)


def bring_in(runtime: Runtime, folder: Path, families: list[Family], today: datetime.date) -> None:
    """Writes both files into `folder` and imports them, which join by the council’s number."""
    folder.mkdir(exist_ok=True)
    census, directory = folder / "cin-census.xml", folder / "directory.csv"
    feeds.write_census(census, families, today)
    feeds.write_directory(directory, families, today)
    for format_, path in (("directory", directory), ("cin-census", census)):
        report = importing.run(runtime.database, format_, path)
        if report.refused:
            raise AssertionError(report.in_words())
    told = [child for family in families for child in family.children if len(child.notes) > 3]
    with runtime.vault.unlocked(), runtime.database.write() as session:
        _share(session, told, today)


def _share(session: Session, children: Iterable[Child], today: datetime.date) -> None:
    for child in children:
        child_id = _child_id(session, child)
        for recipient, what, ago, how in SHARED:
            on = days.working_day(today, ago + child.number).isoformat()
            row = Sharing(child_id=child_id, sealed=b"")
            row.cls = "core"
            vault_of(session).put(row, {"recipient": recipient, "what": what, "on": on, "how": how})
            session.add(row)


def _child_id(session: Session, child: Child) -> uuid.UUID:
    blind = vault_of(session).blind("local_id", child.local_id)
    this = (col(Lookup.kind) == "local_id", col(Lookup.blind) == blind)
    return session.scalars(sa.select(col(Lookup.child_id)).where(*this)).one()
