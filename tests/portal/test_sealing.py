"""A sealed record is to everybody else a record that never was: letters, pages, feeds (R-54, design section 3)."""

from __future__ import annotations

import re
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col, select

from portal import records
from portal.cases import sealing, verbs
from portal.cases.models import Case
from portal.documents import correspondence, letters
from portal.records import LookRefused
from portal.records.feeds import importing
from portal.records.models import Child, RecordSeal
from portal.runtime import Runtime
from tests import builders
from tests.builders import Walk
from tests.client import client_for, runtime_of, sign_in
from workflows.table import StepRefused


def put_under(runtime: Runtime, child_id: uuid.UUID, team: str) -> None:
    with runtime.database.write() as session:
        session.execute(sa.update(Child).where(col(Child.id) == child_id).values(access_group=team))


def letter_of(walk: Walk) -> str:
    """The letter that nothing is held, without the reference."""
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        facts = correspondence.facts_of(session, case, case.seq)
    return letters.letter_html("subject_access", "nothing_held", facts).replace(case.reference, "REF")


def page_of(app: Flask, walk: Walk) -> str:
    """What the requester reads of the case, without reference and tokens."""
    client = client_for(app)
    assert walk.case.requester_id is not None
    sign_in(client, "family", walk.case.requester_id)
    html = client.get(f"/cases/{walk.case.reference}").html.replace(walk.case.reference, "REF")
    return re.sub(r'(value|data-token)="[^"]{16,}"|nonce="[^"]*"|[0-9a-f-]{36}', "", html)


def test_nothing_held_reads_to_the_byte_alike_whether_a_record_is_sealed_or_never_was(app: Flask) -> None:
    runtime = runtime_of(app)
    never = builders.case_in(runtime, "nothing_held")
    sealed = builders.rich_child(runtime)
    put_under(runtime, sealed.child_id, "another team")
    case = builders.open_case(runtime)
    hidden = Walk(runtime, case.id, never.worker, never.approver)
    builders._nothing_held(hidden)
    assert letter_of(hidden) == letter_of(never)
    assert page_of(app, hidden) == page_of(app, never)


def test_a_feed_that_still_tells_of_a_sealed_identity_brings_nothing_in_and_says_nothing(runtime: Runtime) -> None:
    child = builders.rich_child(runtime)
    put_under(runtime, child.child_id, "another team")
    again = builders.feed_child(builders.item("child/name", "identity", "Name", child.name, identifies="name"))
    report = importing.take_in(runtime.database, "directory", [again])
    assert (report.children.new, report.children.changed, report.refused, report.problems) == (0, 0, 0, [])
    # The child under the new name comes in as a record of its own, also where a number was kept.
    new = builders.feed_child(builders.item("child/name", "identity", "Name", "Fern Quill"), surname="Quill")
    assert importing.take_in(runtime.database, "directory", [new]).children.new == 1
    with runtime.database.read() as session:
        ids = session.exec(select(Child.id)).all()
    assert len(ids) == 2


def test_a_case_of_another_team_can_neither_hang_on_a_sealed_record_nor_open_it(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    assert walk.record is not None
    child_id, by = walk.record.child_id, walk.worker.actor
    with runtime.database.read() as session:
        looking = builders.looking(session, walk)
    put_under(runtime, child_id, "another team")
    with runtime.database.read() as session, runtime.vault.unlocked(), pytest.raises(LookRefused):
        records.identity(session, looking)
    other = builders.open_case(runtime, email="other@example.org")
    second = Walk(runtime, other.id, walk.worker, walk.approver)
    builders._finding(second)
    with pytest.raises(StepRefused, match="sealed for your own team"):
        second.act(lambda session: verbs.attach_record(session, other.id, child_id, None, by=by))


def test_a_seal_is_lifted_by_two_people_too(runtime: Runtime) -> None:
    walk, team = builders.case_in(runtime, "review"), builders.make_team(runtime)
    first, second = walk.worker.actor, walk.approver.actor

    def propose(what: str) -> uuid.UUID:
        walk.act(
            lambda session: sealing.propose(
                session, walk.case_id, what=what, team_id=team.id, reason="Asked by the court.", by=first
            )
        )
        with runtime.database.read() as session:
            return session.exec(select(RecordSeal.id).where(RecordSeal.status == "proposed")).one()

    def confirm(seal_id: uuid.UUID) -> None:
        walk.act(lambda session: sealing.confirm(session, walk.case_id, seal_id, by=second))

    with pytest.raises(StepRefused, match="not sealed"):
        propose("lift")
    confirm(propose("seal"))
    with pytest.raises(StepRefused, match="sealed already"):
        propose("seal")
    seal_id = propose("lift")
    with pytest.raises(StepRefused, match="Ask somebody else"):
        walk.act(lambda session: sealing.confirm(session, walk.case_id, seal_id, by=first))
    confirm(seal_id)
    with pytest.raises(StepRefused, match="decided already"):
        confirm(seal_id)
    with runtime.database.read() as session:
        assert session.exec(select(Child.access_group)).all() == [""]
