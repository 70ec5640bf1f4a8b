"""Whatever process is killed at whatever moment: nothing that was answered is lost, and nothing happens twice."""

from __future__ import annotations

import datetime
import signal
import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message

import pytest
import sqlalchemy as sa
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from flask import Flask
from sqlmodel import col, select

from portal import checking, db, jobs, wiring, work
from portal.cases import evidence, ledger
from portal.cases.models import Case, Draft, Event, Evidence
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.jobs import Job
from portal.people.models import Limit, OutboxMessage, Team
from portal.runtime import Runtime
from portal.vault import Owner
from tests import crashing
from tests.client import runtime_of
from tests.crashing import PAPER, PARTS, Ended
from tests.judge import JudgingClient, Page
from tests.portal.requester.asking import CHILD, begin, go_on

wiring.connect_packages()

EMAIL = "ada@example.org"
ASKED = Asked(
    Requester("Ada Example", EMAIL, safe_channels=("email",)),
    (Subject("parent", "mother", "Bo Example", birth_date=datetime.date(2019, 1, 2)),),
)


class Postbox(MessageHandler):
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.got.append(message)


@pytest.fixture
def postbox() -> Iterator[Controller]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Postbox(), hostname="127.0.0.1", port=port)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def posting(runtime: Runtime, postbox: Controller) -> Runtime:
    """A portal that sends its mail through a real mail server."""
    return replace(runtime, settings=replace(runtime.settings, mail_url=f"smtp://127.0.0.1:{postbox.port}"))


def opened(runtime: Runtime) -> tuple[Case, Team]:
    """A case as a submission leaves it; letters are another matter and left out."""
    with runtime.database.write() as session:
        team = Team(name="Records")
        session.add(team)
        session.flush()
        (case,) = open_cases(session, ASKED, by=visitor(), received_on=datetime.date(2026, 11, 2)).cases
    without_letters(runtime)
    return case, team


def without_letters(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        session.execute(sa.delete(Job).where(col(Job.kind) == "make_letter"))


def recover(runtime: Runtime) -> None:
    """A second worker comes once the dead one's leases have run out."""
    without_letters(runtime)
    with time_machine.travel(db.now() + 2 * jobs.LEASE):
        jobs.run_all(runtime.database, runtime, worker="second")
    assert list(checking.faults(runtime)) == []
    with runtime.database.read() as session:
        assert session.exec(select(Job.key).where(col(Job.state) != "done")).all() == []


def killed(ended: Ended) -> bool:
    return ended == Ended(-signal.SIGKILL, None)  # and nobody was told anything


def count(runtime: Runtime, *tables: type) -> list[int]:
    with runtime.database.read() as session:
        return [session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables]


def files_on_disk(runtime: Runtime) -> list[str]:
    return [path.name for path in runtime.settings.files.glob("*/*")]


# ---- The web


def check_page(client: JudgingClient) -> Page:
    """A request with one paper, as far as its last page."""
    page = go_on(client, begin(client), CHILD)  # type: ignore[arg-type]
    runtime = runtime_of(client.app)
    with runtime.database.write() as session:
        draft = session.exec(select(Draft)).one()
        evidence.store(session, runtime.files, draft.id, PAPER, purpose="identity", scanner="", by=visitor())
    return page


def test_a_request_is_kept_once_wherever_the_web_process_is_killed_and_however_often_it_is_sent(app: Flask) -> None:
    runtime = runtime_of(app)
    client = JudgingClient(app, base_url=runtime.settings.family_url)
    page = check_page(client)
    form = {"path": "/ask/check", "data": page.answers(), "cookies": cookies(client)}
    for point in ("before_replace:files", "after_replace:files", "before_commit:case", "before_commit:form_key"):
        assert killed(crashing.run(runtime.settings, "post", fail_at=point, **form)), point
        assert count(runtime, Case, Event, OutboxMessage, Job) == [0, 0, 0, 0], point
    assert killed(crashing.run(runtime.settings, "post", fail_at="after_commit:form_key", **form))
    assert count(runtime, Case, OutboxMessage) == [1, 1]
    for _again in range(2):
        assert client.submit(page).location == "/ask/sent"
    assert count(runtime, Case, OutboxMessage, Event) == [1, 1, 1]
    with runtime.database.read() as session:
        case = session.exec(select(Case)).one()
        assert case.reference in client.get("/ask/sent").text
        ((paper, _told),) = evidence.listed(session, case.id)
    assert paper.file_id is not None
    assert runtime.files.read(Owner.case(case.id), paper.file_id) == PAPER.data
    assert len(files_on_disk(runtime)) > 2  # what the killed ones left behind harms nobody
    recover(runtime)


def cookies(client: JudgingClient) -> dict[str, str]:
    return {cookie.key: cookie.value for cookie in (client.client._cookies or {}).values()}


@pytest.mark.parametrize(
    ("point", "state"),
    [
        ("before_commit:event", "received"),
        ("before_commit:chain_head", "received"),
        ("after_commit:event", "checking"),
    ],
)
def test_a_step_is_taken_whole_or_not_at_all(runtime: Runtime, point: str, state: str) -> None:
    case, team = opened(runtime)
    before = count(runtime, Event, Job, OutboxMessage)
    step = {"case": case.id.hex, "name": "start_checking", "team": team.id.hex}
    assert killed(crashing.run(runtime.settings, "step", fail_at=point, **step))
    more = 1 if state == "checking" else 0
    assert count(runtime, Event, Job, OutboxMessage) == [number + more for number in before]
    with runtime.database.read() as session:
        assert session.exec(select(Case.state)).one() == state
        assert session.scalar(sa.text("SELECT count(*) FROM log WHERE act = 'step'")) == more
    recover(runtime)


# ---- The worker


@pytest.mark.parametrize(
    ("point", "sent"),
    [
        ("before_send", 1),
        ("after_send", 2),
        ("before_commit:outbox", 2),
        ("after_commit:outbox", 1),
        ("before_commit:job:2", 1),  # the first commit takes the job, the second ends it
    ],
)
def test_mail_is_never_lost_and_twice_only_as_the_same_message(
    posting: Runtime, postbox: Controller, point: str, sent: int
) -> None:
    opened(posting)
    assert killed(crashing.run(posting.settings, "work", fail_at=point))
    recover(posting)
    got = postbox.handler.got
    assert [message["To"] for message in got] == [EMAIL] * sent
    assert len({message["Message-ID"] for message in got}) == 1
    with posting.database.read() as session:
        assert session.exec(select(OutboxMessage.state)).all() == ["sent"]


def test_a_worker_that_only_ends_after_all_has_sent_its_mail(posting: Runtime, postbox: Controller) -> None:
    opened(posting)
    assert crashing.run(posting.settings, "work") == Ended(0, 1)
    assert len(postbox.handler.got) == 1
    recover(posting)
    assert len(postbox.handler.got) == 1


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_server_that_is_rude_at_the_farewell_has_taken_the_message_all_the_same(
    posting: Runtime, postbox: Controller
) -> None:
    async def rude(*_session: object) -> str:
        return "421 go away"

    postbox.handler.handle_QUIT = rude
    opened(posting)
    jobs.run_all(posting.database, posting)
    recover(posting)
    assert len(postbox.handler.got) == 1


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_message_that_no_waiting_will_help_waits_for_a_person_instead(posting: Runtime, postbox: Controller) -> None:
    async def refuse(*_message: object) -> str:
        return "554 no such words here"

    postbox.handler.handle_DATA = refuse
    opened(posting)
    recover(posting)
    with posting.database.read() as session:
        assert session.exec(select(OutboxMessage.state)).all() == ["held"]


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("before_replace:files", ["unfinished"]),
        ("after_replace:files", ["whole"]),
        ("before_commit:evidence", ["whole"]),
        ("after_commit:evidence", []),
    ],
)
def test_a_file_without_its_row_harms_nobody_and_the_work_is_done_once(
    runtime: Runtime, point: str, left: list[str]
) -> None:
    case, _team = opened(runtime)
    with runtime.database.write() as session:
        session.execute(sa.delete(Job))
        jobs.enqueue(session, "keep_paper", "paper", {"case": case.id.hex})
    assert killed(crashing.run(runtime.settings, "work", fail_at=point))
    recover(runtime)
    with runtime.database.read() as session:
        row = session.exec(select(Evidence)).one()
        names = [event.name for event in ledger.history(session, session.get_one(Case, case.id))]
    assert row.file_id is not None
    assert runtime.files.read(Owner.case(case.id), row.file_id) == PAPER.data
    assert names == ["opened", "evidence"]
    others = [name for name in files_on_disk(runtime) if name != row.file_id.hex]
    assert ["unfinished" if name.endswith(".part") else "whole" for name in others] == left


@pytest.mark.parametrize("point", ["before_commit:limit_count:3", "after_commit:limit_count:3"])
def test_long_work_goes_on_where_it_was_killed_and_does_no_part_twice(runtime: Runtime, point: str) -> None:
    with runtime.database.write() as session:
        jobs.enqueue(session, "five_parts", "parts", {"id": uuid.uuid4().hex})
    assert killed(crashing.run(runtime.settings, "work", fail_at=point))
    with runtime.database.read() as session:
        half = session.exec(select(Job)).one()
    assert (half.state, half.done, half.total, half.attempts) == ("running", 2, PARTS, 1)
    recover(runtime)
    with runtime.database.read() as session:
        over = session.exec(select(Job)).one()
        assert session.exec(select(Limit.count).order_by(col(Limit.window))).all() == [1] * PARTS
    assert (over.state, over.done, over.attempts) == ("done", PARTS, 2)


def test_a_case_that_is_damaged_does_not_keep_the_day_from_the_others(runtime: Runtime) -> None:
    """An authority that ended acts on every other case; the job fails visibly, and goes on when it is mended."""
    good, _team = opened(runtime)
    with runtime.database.write() as session:
        bad = open_cases(session, ASKED, by=visitor(), received_on=datetime.date(2026, 11, 2)).cases[0]
        session.execute(sa.delete(Job))
        session.execute(sa.update(Case).values(wake_on=datetime.date(2026, 11, 3)))
        session.execute(sa.update(Case).where(col(Case.id) == min(good.id, bad.id)).values(sealed=b"damaged"))
        jobs.enqueue(session, "wake_cases", "wake", {})
    jobs.run_all(runtime.database, runtime)
    with runtime.database.read() as session:
        woken = {case.id: case.wake_on for case in session.exec(select(Case))}
        assert session.exec(select(Job.error)).one() == "SealBroken"
    assert woken[min(good.id, bad.id)] == datetime.date(2026, 11, 3)
    assert woken[max(good.id, bad.id)] == datetime.date(2037, 1, 2)


def test_a_worker_outlives_a_database_that_is_away(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        jobs.enqueue(session, "five_parts", "parts", {"id": "a"})
    away = [True]

    def refuse(*_statement: object) -> None:
        if away[0]:
            raise sa.exc.OperationalError("", None, Exception("the server is restarting"))

    sa.event.listen(runtime.database.engine, "before_cursor_execute", refuse)
    work.queue_daily_duties(runtime)
    assert work.run_one(runtime) is False
    away[0] = False
    assert work.run_one(runtime) is True


def test_work_that_kills_every_worker_is_shown_and_the_rest_goes_on(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        jobs.enqueue(session, "five_parts", "deadly", {"id": "a"})
        jobs.enqueue(session, "five_parts", "after", {"id": "b"}, run_after=db.now())
    for _death in range(jobs.TRIES):
        assert killed(crashing.run(runtime.settings, "work", fail_at="before_commit:limit_count"))
        with runtime.database.write() as session:  # its lease runs out
            session.execute(sa.update(Job).where(col(Job.state) == "running").values(lease_until=db.now()))
    jobs.run_all(runtime.database, runtime)
    with runtime.database.read() as session:
        states = dict(session.execute(sa.select(col(Job.key), col(Job.state))).all())
    assert states == {"deadly": "failed", "after": "done"}
