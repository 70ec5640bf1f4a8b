"""What somebody typed when they were asked once more who they are: kept, so that nothing has to be typed twice.

A form may be sent when the second factor is older than five minutes (security.md 6c). It is not taken then, but sealed
under the account's key (staff's under the system's) for a quarter of an hour, and offered again once the factor was
shown. It is gone when the form went through, when the holder has newer ones, or when anybody's is kept after its
time."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from portal import db
from portal.db import choice, column
from portal.people.models import DOORS
from portal.processing import SIGN_IN, processed
from portal.vault import Owner, vault_of

LIFE = datetime.timedelta(minutes=15)
MOST = 5  # of one account at a time; the newest stay
FIELD = "kept_form"  # by which a form says that it was kept
NOT_KEPT = frozenset({"csrf_token", FIELD})  # they were the earlier session's, and the earlier form's


@processed(SIGN_IN)
class KeptForm(SQLModel, table=True):
    """A form that was sent too late to be taken at once."""

    __tablename__ = "kept_form"

    id: uuid.UUID = column("random, time-ordered", default_factory=db.new_id, primary_key=True)
    door: str = column("whose form: family or staff", sa_type=choice(*DOORS, name="kept_form_door"))
    holder_id: uuid.UUID = column("the person or member of staff; nobody else gets it back", index=True)
    place: bytes = column("blind index of the page's address: a newer form of the page takes its place")
    sealed: bytes = column("the page's address and what was typed, sealed under the account's key")
    expires_at: datetime.datetime = column("from when it is dead: a quarter of an hour; rows are deleted the day after")

    def vault_owner(self) -> Owner:
        return Owner.person(self.holder_id) if self.door == "family" else Owner.system()

    def vault_row(self) -> str:
        return f"kept_form:{self.id.hex}"


@dataclass(frozen=True)
class Kept:
    """A form as it was sent. Files are not kept: `had_files` says that they must be chosen again."""

    path: str
    fields: list[tuple[str, str]] = field(repr=False)
    had_files: bool = False


def keep(session: Session, door: str, holder_id: uuid.UUID, sent: Kept, *, now: datetime.datetime) -> uuid.UUID:
    """Keeps what was sent; answers by what it is found."""
    sweep(session, now=now)
    place = vault_of(session).blind("kept form", sent.path.partition("?")[0])
    mine = (col(KeptForm.door) == door, col(KeptForm.holder_id) == holder_id)
    others = sa.select(col(KeptForm.id)).where(*mine, col(KeptForm.place) != place)
    newest = others.order_by(col(KeptForm.expires_at).desc()).limit(MOST - 1)
    spent = sa.or_(col(KeptForm.place) == place, col(KeptForm.id).not_in(newest))
    session.execute(sa.delete(KeptForm).where(*mine, spent))
    row = KeptForm(id=db.new_id(), door=door, holder_id=holder_id, place=place, sealed=b"", expires_at=now + LIFE)
    typed = [[name, value] for name, value in sent.fields if name not in NOT_KEPT]
    vault_of(session).put(row, {"path": sent.path, "fields": typed, "had_files": sent.had_files})
    session.add(row)
    session.flush()
    return row.id


def find(
    session: Session, door: str, holder_id: uuid.UUID, kept_id: uuid.UUID, *, now: datetime.datetime
) -> Kept | None:
    """What this account sent; None when it is too old, or somebody else's."""
    mine = (col(KeptForm.id) == kept_id, col(KeptForm.door) == door, col(KeptForm.holder_id) == holder_id)
    row = session.exec(select(KeptForm).where(*mine, col(KeptForm.expires_at) > now)).first()
    if row is None:
        return None
    told = vault_of(session).get(row)
    return Kept(told["path"], [(name, value) for name, value in told["fields"]], bool(told["had_files"]))


def forget(session: Session, door: str, holder_id: uuid.UUID, kept_id: uuid.UUID) -> None:
    """Deletes what went through meanwhile."""
    mine = (col(KeptForm.id) == kept_id, col(KeptForm.door) == door, col(KeptForm.holder_id) == holder_id)
    session.execute(sa.delete(KeptForm).where(*mine))


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes what nobody came back for; for the daily job, and whenever another one is kept."""
    session.execute(sa.delete(KeptForm).where(col(KeptForm.expires_at) < now))
