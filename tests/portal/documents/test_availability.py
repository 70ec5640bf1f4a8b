"""How long a copy lies open, and opening it again."""

from __future__ import annotations

import datetime
import threading
import uuid

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from portal import checking, db, jobs
from portal.cases import ledger
from portal.cases.clocking import uk_today
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.documents import availability, opening_again, release
from portal.documents.availability import Period
from portal.documents.models import StoredPack
from portal.people.models import OutboxMessage
from portal.runtime import Runtime
from portal.vault import Owner
from tests import builders
from tests.builders import Walk
from workflows.table import StepRefused


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A case whose copy was collected."""
    return builders.case_in(runtime, "collected")


def period_of(walk: Walk, today: datetime.date | None = None) -> Period:
    pack = builders.pack_of(walk)
    with walk.runtime.database.read() as session:
        return availability.periods(session, session.get_one(Case, walk.case_id), [pack], today=today)[pack.id]


def released(walk: Walk, ago: datetime.timedelta) -> None:
    walk.act(lambda session: session.execute(sa.update(StoredPack).values(released_at=db.now() - ago)))


def download(walk: Walk) -> bytes:
    with walk.runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        return release.pdf(session, walk.runtime.files, case, builders.pack_of(walk), by=walk.requester)


def open_again(walk: Walk, reason: str = "They rang and asked for it.", pack_id: uuid.UUID | None = None) -> None:
    def do(session: Session) -> None:
        which = pack_id or builders.pack_of(walk).id
        opening_again.open_again(
            session, walk.runtime.files, walk.case_id, which, reason, by=walk.worker.actor
        )  # fmt: skip

    walk.act(do)


@pytest.mark.parametrize(("days", "over"), [(0, False), (30, False), (31, True), (400, True)])
def test_a_copy_lies_open_for_thirty_days_after_the_day_of_release(walk: Walk, days: int, over: bool) -> None:
    assert period_of(walk, uk_today() + datetime.timedelta(days=days)).over is over


def test_of_twenty_downloads_at_once_ten_are_answered(walk: Walk) -> None:
    given: list[bytes] = []
    refused: list[StepRefused] = []

    def fetch() -> None:
        try:
            given.append(download(walk))
        except StepRefused as too_many:
            refused.append(too_many)

    threads = [threading.Thread(target=fetch) for _n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(given), len(refused)) == (10, 10)
    assert period_of(walk).downloads == 10
    assert not period_of(walk).may_download


def test_opening_it_again_begins_a_new_time_and_a_new_count_with_the_same_bytes(walk: Walk) -> None:
    before = [download(walk) for _n in range(10)]
    released(walk, datetime.timedelta(days=32))
    with pytest.raises(StepRefused, match="time to read this copy is over"):
        download(walk)
    open_again(walk)
    assert period_of(walk).until == uk_today() + datetime.timedelta(days=30)
    assert period_of(walk).downloads == 0
    assert download(walk) == before[0]
    assert list(checking.faults(walk.runtime)) == []


def test_the_ledger_keeps_who_opened_it_again_and_why_and_the_requester_is_told_neutrally(walk: Walk) -> None:
    open_again(walk, "She lost the file.")
    with walk.runtime.database.read() as session:
        event = ledger.history(session, walk.case)[-1]
        mail = (
            session.execute(sa.select(OutboxMessage.template).order_by(OutboxMessage.made_at.desc())).scalars().first()
        )
    assert (event.name, event.answers["reason"]) == ("copy_opened_again", "She lost the file.")
    assert event.actor == str(walk.worker.actor)
    assert mail == "update"
    assert walk.case.state == "collected"
    jobs.run_all(walk.runtime.database, walk.runtime)


def test_no_copy_is_opened_again_without_a_reason(walk: Walk) -> None:
    with pytest.raises(StepRefused) as refused:
        open_again(walk, "  ")
    assert refused.value.need == "reason"


def test_a_copy_that_was_called_back_is_not_opened_again(walk: Walk) -> None:
    walk.step("stop_release", reason="It reached us that the mailbox is shared")
    with pytest.raises(StepRefused, match="can no longer be opened"):
        open_again(walk)


def test_a_copy_is_not_opened_again_for_a_parent_whose_authority_has_ended(walk: Walk) -> None:
    walk.act(
        lambda session: ledger.append(
            session,
            ledger.locked(session, walk.case_id),
            "authority_lapsed",
            by=walk.worker.actor,
            on_date=uk_today(),
        )
    )
    with pytest.raises(StepRefused, match="can no longer be opened"):
        open_again(walk)


def test_a_copy_whose_stored_bytes_are_others_is_not_opened_again(walk: Walk) -> None:
    other = walk.runtime.files.write(Owner.case(walk.case_id), download(walk) + b" ")
    walk.act(lambda session: session.execute(sa.update(StoredPack).values(pdf_file=other)))
    with pytest.raises(StepRefused, match="not the one that was approved"):
        open_again(walk)


def test_a_copy_of_another_case_is_not_there(walk: Walk) -> None:
    with pytest.raises(CaseNotFound):
        open_again(walk, pack_id=uuid.uuid4())
