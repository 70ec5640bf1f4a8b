"""A worker killed while it makes a copy or a letter: nothing half-made is shown, nothing is made twice."""

from __future__ import annotations

import datetime
import signal

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import select

from portal import checking, jobs
from portal.cases.models import Case
from portal.documents import release
from portal.documents.models import Letter, StoredPack
from portal.runtime import Runtime
from portal.vault import Owner
from tests import builders, crashing


def killed(runtime: Runtime, point: str) -> bool:
    return crashing.run(runtime.settings, "work", fail_at=point).code == -signal.SIGKILL


def another_worker_comes(runtime: Runtime) -> None:
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + 2 * jobs.LEASE, tick=True):
        jobs.run_all(runtime.database, runtime, worker="another")


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("before_replace:files", "assembling"),
        ("after_replace:files", "assembling"),
        ("before_commit:pack", "assembling"),
        ("after_commit:pack", "assembled"),
    ],
)
def test_a_copy_is_made_once_wherever_its_worker_is_killed(runtime: Runtime, point: str, left: str) -> None:
    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    jobs.run_all(runtime.database, runtime)  # letters and mails that came before
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))
    assert killed(runtime, point)
    assert builders.pack_of(walk).state == left
    another_worker_comes(runtime)
    pack = builders.pack_of(walk)
    assert (pack.state, pack.number) == ("assembled", 1)
    assert runtime.files.read(Owner.case(walk.case_id), pack.pdf_file).startswith(b"%PDF")  # type: ignore[arg-type]
    assert count(runtime, StoredPack) == 1
    assert list(checking.faults(runtime)) == []


@pytest.mark.parametrize("point", ["after_replace:files", "before_commit:letter", "after_commit:letter"])
def test_a_letter_is_made_once_wherever_its_worker_is_killed(runtime: Runtime, point: str) -> None:
    case = builders.open_case(runtime)
    assert killed(runtime, point)
    another_worker_comes(runtime)
    with runtime.database.read() as session:
        letter = session.exec(select(Letter)).one()
        assert runtime.files.read(Owner.case(case.id), letter.pdf_file).startswith(b"%PDF")  # type: ignore[arg-type]
        assert session.get_one(Case, case.id).state == "received"
    assert list(checking.faults(runtime)) == []


def count(runtime: Runtime, table: type) -> int:
    with runtime.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
