"""How long a released copy lies open for its requester: some days, and some downloads within them.

Nothing of this is kept a second time. The days begin with the release, or with the last `copy_opened_again` of the
case's ledger; the downloads are those that the log holds since then. Reading on the page is no download. The figures
are those of security.md section 7."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from portal import audit, db
from portal.audit import Act
from portal.cases import clocking, ledger
from portal.cases.ledger import Happened
from portal.cases.models import Case
from portal.documents.models import StoredPack
from portal.people import recovery
from workflows.clock import received_day
from workflows.table import StepRefused
from workflows.words import mark as _

OPENED_AGAIN = "copy_opened_again"
DOWNLOAD = "download_pack"

Downloads = list[tuple[datetime.datetime, str]]  # when, and the number of the copy


@dataclass(frozen=True)
class Period:
    """The time in which a copy may be read: from the moment `since` to the end of the UK day `until`."""

    since: datetime.datetime
    until: datetime.date
    over: bool
    downloads: int
    most_downloads: int

    @property
    def may_download(self) -> bool:
        return not self.over and self.downloads < self.most_downloads


def periods(
    session: Session,
    case: Case,
    packs: Iterable[StoredPack],
    *,
    events: Sequence[Happened] | None = None,
    today: datetime.date | None = None,
) -> dict[uuid.UUID, Period]:
    """The present period of each released pack of the case, by the pack's id.

    Two queries however many there are; `events` saves the first where the case's history is at hand."""
    there = [pack for pack in packs if pack.released_at is not None]
    if not there:
        return {}
    again = {
        uuid.UUID(event.answers["pack"]): event.at
        for event in (ledger.history(session, case) if events is None else events)
        if event.name == OPENED_AGAIN
    }
    downloads, day = _downloads(session, case), today or clocking.uk_today()
    return {pack.id: _period(session, pack, again.get(pack.id), downloads, day) for pack in there}


def _period(
    session: Session, pack: StoredPack, again: datetime.datetime | None, downloads: Downloads, day: datetime.date
) -> Period:
    settings, since = clocking.settings_of(session), again or pack.released_at or pack.cut_off
    until = received_day(since) + datetime.timedelta(days=settings.copy_days)
    return Period(since, until, day > until, _count(downloads, pack, since), settings.copy_downloads)


def check(session: Session, case: Case, pack: StoredPack) -> Period:
    """The pack's present period. Raises StepRefused, in words for its requester, once the time is over, or while their
    copies wait because a lost second factor was replaced."""
    if recovery.waits_until(session, case.requester_id, now=db.now()) is not None:
        raise StepRefused(_("You have new codes. To keep you safe, your copy opens again 3 days after you got them."))
    period = periods(session, case, [pack]).get(pack.id)
    if period is None or period.over:
        raise StepRefused(_("The time to read this copy is over. Write to us, and we can open it again."))
    return period


def log_download(session: Session, case: Case, pack: StoredPack, act: Act, period: Period) -> None:
    """Writes a download into the log before anything is given. Raises StepRefused when they are used up.

    Counted with the case held, so that of many downloads at once no more than allowed are answered."""
    if db.is_writable(session):
        _log_one_more(session, case, pack, act, period)
        return
    with db.database_of(session).write() as writing:
        _log_one_more(writing, case, pack, act, period)


def _log_one_more(writing: Session, case: Case, pack: StoredPack, act: Act, period: Period) -> None:
    ledger.locked(writing, case.id)
    if _count(_downloads(writing, case), pack, period.since) >= period.most_downloads:
        raise StepRefused(
            _(
                "You have kept this copy as a file as many times as we allow. You can still read it here. Write to us "
                "if you need the file again."
            )
        )
    audit.append(writing, act)


def _downloads(session: Session, case: Case) -> Downloads:
    return [(one.at, str(one.detail.get("copy", ""))) for one in audit.of_case(session, case.id, DOWNLOAD)]


def _count(downloads: Downloads, pack: StoredPack, since: datetime.datetime) -> int:
    return sum(1 for at, copy_number in downloads if copy_number == pack.copy_number and at >= since)
