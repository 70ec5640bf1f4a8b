"""Whatever process is killed while a line is decided or a recipient told: no change without its decision, nobody told
twice."""

from __future__ import annotations

import signal
from contextlib import nullcontext

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from portal import checking
from portal.cases.corrections import recipients
from portal.cases.corrections.models import OutsideLink, RecipientNotice
from portal.cases.models import Case, Event
from portal.people.models import OutboxMessage
from portal.runtime import Runtime
from tests import crashing
from tests.builders import Walk
from tests.corrections import RIGHT, body_on_file, challenge_in, entry_of, lines_of
from tests.crashing import Ended
from workflows.table import StepRefused

READING = "Reading"
KILLED = Ended(-signal.SIGKILL, None)


def decide(walk: Walk, *, fail_at: str = "") -> Ended:
    line = lines_of(walk)[0]
    staff = {"staff": walk.worker.id.hex, "team": walk.worker.team_id.hex}
    told = {"case": walk.case_id.hex, "line": line.id.hex, "version": line.version, "value": RIGHT.value, **staff}
    return crashing.run(walk.runtime.settings, "decide_line", fail_at=fail_at, **told)


def tell(walk: Walk, body: str, *, fail_at: str = "") -> Ended:
    told = {"case": walk.case_id.hex, "body": body, "staff": walk.worker.id.hex, "team": walk.worker.team_id.hex}
    return crashing.run(walk.runtime.settings, "tell_recipient", fail_at=fail_at, **told)


@pytest.mark.parametrize("point", ["before_commit:entry_version", "before_commit:log"])
def test_killed_before_the_commit_neither_decision_nor_change_is_there(runtime: Runtime, point: str) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    before = entry_of(walk, READING).text
    assert decide(walk, fail_at=point) == KILLED
    assert lines_of(walk)[0].state == "disputed"
    assert entry_of(walk, READING).text == before
    assert decisions(walk) == 0


def test_killed_after_the_commit_both_are_there_and_once(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    seen = lines_of(walk)[0]
    assert decide(walk, fail_at="after_commit:entry_version") == KILLED
    assert lines_of(walk)[0].state == "decided"
    assert entry_of(walk, READING).text == RIGHT.value
    assert lines_of(walk)[0].version == seen.version + 1
    assert decisions(walk) == 1
    assert list(checking.faults(runtime)) == []


def decisions(walk: Walk) -> int:
    with walk.runtime.database.read() as session:
        query = select(Event).where(col(Event.case_id) == walk.case_id, col(Event.name) == "line_decided")
        return len(session.exec(query).all())


def test_a_recipient_is_told_once_wherever_it_is_killed(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    decide(walk)
    body, line, by = body_on_file(runtime).hex, lines_of(walk)[0], walk.worker.actor
    walk.act(lambda session: recipients.add(session, walk.case_id, line.id, "Larkfield School", by=by))
    assert tell(walk, body, fail_at="before_commit:recipient_notice") == KILLED
    assert counted(walk) == (0, 0)
    assert tell(walk, body, fail_at="after_commit:recipient_notice") == KILLED
    assert counted(walk) == (1, 1)
    assert tell(walk, body).answer == "LostRace"
    assert counted(walk) == (1, 1)


def counted(walk: Walk) -> tuple[int, int]:
    """Links to recipients, and the mails that carry them."""
    with walk.runtime.database.read() as session:
        links = sa.select(sa.func.count()).where(col(OutsideLink.case_id) == walk.case_id)
        mails = sa.select(sa.func.count()).where(col(OutboxMessage.template) == "outside_notice")
        told = sa.select(sa.func.count()).where(col(RecipientNotice.state) == "told")
        assert session.scalar(told) == session.scalar(links)
        return session.scalar(links) or 0, session.scalar(mails) or 0


def test_a_recipient_who_was_told_is_not_told_again_by_somebody_who_looked_in_between(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    decide(walk)
    line, by = lines_of(walk)[0], walk.worker.actor
    walk.act(lambda session: recipients.add(session, walk.case_id, line.id, "Larkfield School", by=by))
    with runtime.database.read() as session, runtime.vault.unlocked():
        notice = recipients.of_case(session, session.get_one(Case, walk.case_id))[0]
    for version in (notice.version, notice.version + 1):
        with pytest.raises(StepRefused) if version > notice.version else nullcontext():
            walk.act(
                lambda session, version=version: recipients.told(  # type: ignore[misc]
                    session, walk.case_id, notice.id, version=version, way="phone", words="It was put right.", by=by
                )
            )
