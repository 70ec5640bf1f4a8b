"""Kills web and worker at random moments, again and again, and counts what was lost or done twice.

    python -m tests.bench.crash_loop [--rounds 50] [--seed 1] [--database sqlite|postgresql]

Each round lets two children send requests (each form several times) and one work off the mail, and kills all of them
at a random moment. After the last round a fresh worker finishes, and the books are compared: every request whose
sender was answered is a case, no form made two, every mail went out as one message, `portal check` finds nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from portal import checking, db, jobs, once, wiring
from portal.cases import clocking
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.jobs import Job
from portal.people import outbox
from portal.people.models import OutboxMessage
from portal.runtime import Runtime
from portal.settings import Secrets, Settings
from portal.vault import Owner
from tests import crashing
from tests.crashing import MODULES
from tests.databases import Templates

ASKED = Asked(
    Requester("Ada Example", "ada@example.org", safe_channels=("email",)), (Subject("self", "", "Ada Example"),)
)
LONGEST = 1.5  # seconds a child lives at most


@dataclass
class Books:
    """What senders were told, over all rounds: form key -> references."""

    told: dict[str, set[str]] = field(default_factory=dict)
    killed: int = 0


def submit(runtime: Runtime, key: str) -> str:
    """One form sent as a view takes it."""
    with runtime.database.write() as session:
        outcome = once.first_outcome(session, "loop", key)
        if outcome is None:
            case = open_cases(session, ASKED, by=visitor(), received_on=clocking.uk_today()).cases[0]
            runtime.files.write(Owner.case(case.id), b"x" * 5000)
            outcome = case.reference
            if not once.remember(session, "loop", key, outcome):
                session.rollback()
                return ""
    return outcome


def send_for_ever(environ: dict[str, str], seed: int, told: Connection) -> None:
    """A child: sends new and earlier forms and tells each answer, until it is killed."""
    os.environ.update(environ)
    runtime, dice = Runtime.open(Settings.load()), random.Random(seed)
    for number in range(1_000_000):
        key = f"{seed // 2 if dice.random() < 0.3 else seed}-{number}"  # some forms are two children's
        for _again in range(dice.choice((1, 1, 2))):
            told.send((key, submit(runtime, key)))


def work_for_ever(environ: dict[str, str], _seed: int, _told: Connection) -> None:
    """A child: sends mail until it is killed."""
    os.environ.update(environ)
    runtime = Runtime.open(Settings.load())
    wiring.connect_packages()
    while True:
        jobs.run_all(runtime.database, runtime, worker=str(os.getpid()))
        time.sleep(0.01)


def one_round(settings: Settings, dice: random.Random, books: Books) -> None:
    processes: Any = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([*MODULES, __name__])
    environ, seed = crashing.environment(settings), dice.randrange(1_000_000) * 2
    running = []
    for does, own in ((send_for_ever, seed), (send_for_ever, seed + 1), (work_for_ever, 0)):
        receive, send = processes.Pipe(duplex=False)
        child = processes.Process(target=does, args=(environ, own, send))
        child.start()
        send.close()
        running.append((child, receive))
    for child, receive in dice.sample(running, len(running)):
        _listen(receive, dice.uniform(0.2, LONGEST), books)
        child.kill()
        child.join()
        books.killed += 1
        _listen(receive, 0, books)


def _listen(receive: Connection, seconds: float, books: Books) -> None:
    end = time.monotonic() + seconds
    while receive.poll(max(0, end - time.monotonic())):
        try:
            key, reference = receive.recv()
        except (EOFError, OSError):  # dead, perhaps in the middle of a word
            return
        if reference:
            books.told.setdefault(key, set()).add(reference)


def finish(runtime: Runtime) -> None:
    """A fresh worker once all leases are over."""
    wiring.connect_packages()
    with runtime.database.write() as session:
        session.execute(sa.delete(Job).where(col(Job.kind) != "send_mail"))
        session.execute(sa.update(Job).where(col(Job.state) == "running").values(lease_until=db.now()))
        session.execute(sa.update(Job).where(col(Job.state) == "waiting").values(run_after=db.now()))
    time.sleep(0.05)
    jobs.run_all(runtime.database, runtime, worker="last")


def compare(runtime: Runtime, books: Books, mail: Path) -> list[str]:
    """What is wrong, in words; empty when nothing is."""
    wrong = [f"form {key} was answered with {len(found)} cases" for key, found in books.told.items() if len(found) > 1]
    with runtime.database.read() as session:
        cases = Counter(session.exec(select(Case.reference)).all())
        forms = session.scalar(sa.select(sa.func.count()).select_from(once.FormKey))
        states = Counter(session.exec(select(OutboxMessage.state)).all())
        unfinished = Counter(session.exec(select(Job.state).where(col(Job.state) != "done")).all())
    lost = {reference for found in books.told.values() for reference in found} - set(cases)
    wrong += [f"{reference} was told to its sender and is lost" for reference in sorted(lost)]
    if len(cases) != forms:
        wrong.append(f"{len(cases)} cases from {forms} forms")
    if states != Counter(sent=len(cases)):
        wrong.append(f"mail of {len(cases)} cases: {dict(states)}")
    if (files := len(list(mail.glob("*.eml")))) != len(cases):
        wrong.append(f"{files} messages for {len(cases)} cases")
    if unfinished:
        wrong.append(f"jobs not done: {dict(unfinished)}")
    return wrong + list(checking.faults(runtime))


def loop(owner: str, app: str, folder: Path, rounds: int, seed: int) -> int:
    """Runs the rounds on an empty migrated database; prints the figures; answers the number of faults."""
    Secrets.make(folder / "keys")
    environ = {"PORTAL_INSTANCE": str(folder), "DATABASE_URL": app, "OWNER_DATABASE_URL": owner}
    settings = Settings.load(environ, mail_url=f"folder:{folder / 'mail'}")
    books, dice = Books(), random.Random(seed)
    runtime = Runtime.open(settings)
    for _round in range(rounds):
        one_round(settings, dice, books)
    finish(runtime)
    wrong = compare(runtime, books, folder / "mail")
    with runtime.database.read() as session:
        cases = session.scalar(sa.select(sa.func.count()).select_from(Case)) or 0
    runtime.close()
    print(f"{rounds} rounds, {books.killed} processes killed, {cases} cases, {len(books.told)} of them answered, "
          f"{len(wrong)} faults")  # fmt: skip
    print("\n".join(wrong[:20]))
    return len(wrong)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=50)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = asked.parse_args()
    assert outbox  # registers the handler of mail
    with tempfile.TemporaryDirectory() as name:
        templates = Templates(Path(name))
        try:
            with getattr(templates, given.database)() as (owner, app):
                sys.exit(1 if loop(owner, app, Path(name) / "instance", given.rounds, given.seed) else 0)
        finally:
            templates.close()


if __name__ == "__main__":
    main()
