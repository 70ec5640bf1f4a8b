"""What a child process does until it is killed: it sends a form, takes a step of a case, or works off jobs.

A child is a process of its own, forked from a server that has imported the portal already and opened nothing."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from portal import create_app, db, jobs, wiring
from portal.cases import clocking, drafts, evidence, ledger, verbs  # noqa: F401  registers handlers of jobs
from portal.cases.actors import Actor
from portal.cases.corrections import deciding, outside, recipients
from portal.cases.corrections.lines import Decided, Value
from portal.cases.ledger import LostRace
from portal.cases.models import Case, Evidence
from portal.people import outbox  # noqa: F401  registers the handler of mail
from portal.people.models import Limit
from portal.runtime import Runtime
from portal.settings import Settings
from portal.uploads import Accepted
from tests import failpoints
from workflows.table import Role

MODULES = ["tests.crashing"]
PATIENCE = 60  # seconds until a child that neither ended nor died is a failure
PARTS = 5
PAPER = Accepted(kind="image/png", data=b"a rebuilt picture", pages=1, status="clean", name="letter.png")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (-9 when killed), and what it answered before that, if anything."""

    code: int | None
    answer: Any


def run(settings: Settings, action: str, *, fail_at: str = "", **told: Any) -> Ended:
    """Lets a child process of the installation do one thing."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(MODULES)
    answers, answer = processes.Pipe(duplex=False)
    child = processes.Process(target=_child, args=(environment(settings, fail_at), action, told, answer))
    child.start()
    answer.close()
    child.join(PATIENCE)
    got = None
    with suppress(EOFError):
        got = answers.recv() if answers.poll() else None
    answers.close()
    code = child.exitcode
    child.kill()
    child.join()
    child.close()
    return Ended(code, got)


def environment(settings: Settings, fail_at: str = "") -> dict[str, str]:
    """What a process of this installation finds in its environment."""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TZ") if name in os.environ},
        "PORTAL_INSTANCE": str(settings.instance),
        "DATABASE_URL": settings.database_url,
        "OWNER_DATABASE_URL": settings.owner_database_url,
        "MAIL_URL": settings.mail_url,
        failpoints.VARIABLE: fail_at,
    }


def _child(environ: Mapping[str, str], action: str, told: dict[str, Any], answer: Connection) -> None:
    os.environ.clear()
    os.environ.update(environ)
    failpoints.install(os.environ[failpoints.VARIABLE])
    answer.send(ACTIONS[action](Settings.load(), **told))


def _post(settings: Settings, path: str, data: dict[str, Any], cookies: dict[str, str]) -> tuple[int, str]:
    """Takes a form as the web process does; answers status and address."""
    client = create_app(settings).test_client()
    for name, value in cookies.items():
        client.set_cookie(name, value, domain="127.0.0.1")
    response = client.post(path, data=data, base_url=settings.family_url)
    return response.status_code, response.headers.get("Location", "")


def _step(settings: Settings, case: str, name: str, team: str) -> str:
    """Takes a step of a case; answers the state the case is in then."""
    runtime = Runtime.open(settings)
    by = Actor("staff", uuid.UUID(team), Role.CASEWORKER, team_id=uuid.UUID(team))
    with runtime.database.write() as session:
        taken = verbs.take_step(session, uuid.UUID(case), name, by=by, answers={}, today=clocking.uk_today())
    return taken.to_state


def _work(settings: Settings) -> int:
    """Does what is due; answers how many jobs that were."""
    wiring.connect_packages()
    runtime = Runtime.open(settings)
    return jobs.run_all(runtime.database, runtime, worker=f"child {os.getpid()}")


def _decide_line(settings: Settings, case: str, line: str, version: int, *, value: str, staff: str, team: str) -> None:
    """Corrects the entry of one challenged line."""
    wiring.connect_packages()
    runtime, by = Runtime.open(settings), _caseworker(staff, team)
    with runtime.database.write() as session, runtime.vault.unlocked():
        looking = verbs.look_for(session.get_one(Case, uuid.UUID(case)), by)
        said = Decided("corrected", "It was checked.", "A letter.", "R-101", Value("text", value))
        pick = deciding.Pick(uuid.UUID(line), version)
        deciding.decide(session, uuid.UUID(case), [pick], said, by=by, looking=looking)


def _tell_recipient(settings: Settings, case: str, body: str, staff: str, team: str) -> str:
    """Sends the first recipient a link; answers what stood in the way, if anything."""
    wiring.connect_packages()
    runtime, by = Runtime.open(settings), _caseworker(staff, team)
    with runtime.database.write() as session, runtime.vault.unlocked():
        notice = recipients.of_case(session, session.get_one(Case, uuid.UUID(case)))[0]
        told = {"way": "phone", "answer_by": clocking.uk_today() + datetime.timedelta(days=9)}
        shown = outside.Shown("W A", None, "LA-1", "Reading", "", None, now="As is usual.")
        try:
            recipients.tell_by_link(
                session,
                uuid.UUID(case),
                notice.id,
                version=1,
                source_id=uuid.UUID(body),
                shown=shown,
                by=by,
                **told,  # type: ignore[arg-type]
            )
        except LostRace as lost:
            return type(lost).__name__
    return ""


def _caseworker(staff: str, team: str) -> Actor:
    return Actor("staff", uuid.UUID(staff), Role.CASEWORKER, team_id=uuid.UUID(team))


ACTIONS: dict[str, Callable[..., Any]] = {
    "post": _post,
    "step": _step,
    "work": _work,
    "decide_line": _decide_line,
    "tell_recipient": _tell_recipient,
}


@jobs.handler("keep_paper")
def keep_paper(work: jobs.Work) -> None:
    """A job with a file: written first, then named by a row, once however often the job runs."""
    case_id = uuid.UUID(work.args["case"])
    with work.database.write() as session:
        ledger.locked(session, case_id)
        if evidence.listed(session, case_id):
            return
        by = Actor.system()
        evidence.add_to_case(session, work.runtime.files, case_id, PAPER, purpose="other", scanner="", by=by)


@jobs.handler("five_parts")
def five_parts(work: jobs.Work) -> None:
    """A job in parts, each committed when it is done; one that begins again goes on where it was left."""
    for part in range(PARTS):
        row = {"bucket": work.args["id"].encode(), "window": part, "count": 0}
        with work.database.write() as session:
            db.insert_ignore(session, Limit, [row])
            done = db.lock(session, Limit, bucket=row["bucket"], window=part)
            assert done is not None
            if done.count == 0:
                done.count += 1
        work.progress(part + 1, PARTS)


__all__ = ["ACTIONS", "PAPER", "PARTS", "Ended", "Evidence", "environment", "run"]
