"""Different people decide one line at the same moment: one decision, one change, and nobody is told of two."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask

from portal.cases import ledger
from portal.cases.models import Case
from portal.runtime import Runtime
from tests.builders import Walk, make_staff, make_team
from tests.client import runtime_of
from tests.corrections import challenge_in, entry_of
from tests.judge import JudgingClient
from tests.portal.caseworker.challenges import DECIDED, READING, REFUSED, at_desk, line, line_path

TABS = 6


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


def at_once(app: Flask, sends: list[tuple[JudgingClient, str, dict[str, Any]]]) -> list[int]:
    """Sends these forms at one moment; answers with the statuses."""
    gate, codes = threading.Barrier(len(sends)), []

    def send(client: JudgingClient, path: str, data: dict[str, Any]) -> None:
        cookies = "; ".join(f"{one.key}={one.value}" for one in client.client._cookies.values())
        alone = app.test_client(use_cookies=False)
        gate.wait()
        answer = alone.post(path, data=data, headers={"Cookie": cookies}, base_url=client.base_url)
        codes.append(answer.status_code)

    threads = [threading.Thread(target=send, args=one) for one in sends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(codes)


def happened(walk: Walk, name: str) -> int:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        events = ledger.history(session, session.get_one(Case, walk.case_id))
    return sum(event.name == name for event in events)


def test_of_different_values_at_one_moment_one_counts(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    path, sends = line_path(walk), []
    for tab in range(TABS):
        client = at_desk(app, make_staff(runtime, team=make_team(runtime), name=f"Kit Marsh {'I' * tab}"))
        sends.append((client, path, {**client.get(path).answers(path), **DECIDED, "value": f"Value {tab}"}))
    assert at_once(app, sends) == [303] + [409] * (TABS - 1)
    assert happened(walk, "line_decided") == 1
    assert entry_of(walk, READING).text.startswith("Value ")


def test_of_a_confirmation_and_a_refusal_to_confirm_one_counts(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    worker = at_desk(app, walk.worker)
    worker.submit(worker.get(line_path(walk)), REFUSED, max_queries=80)
    second, sends = line_path(walk, 1, "second"), []
    for answer in ("confirm", "decline") * 2:
        client = at_desk(app, make_staff(runtime, role="approver", team=make_team(runtime), name="Ines Moor"))
        data = {**client.get(line_path(walk)).answers(second), "answer": answer, "reason": "Ask the school."}
        sends.append((client, second, data))
    at_once(app, sends)
    assert happened(walk, "line_decided") + happened(walk, "line_declined") == 1
    assert line(walk).state in {"decided", "disputed"}
