"""Whatever a child says, and whether they were asked at all, their parent reads the same on the same days (R-92).

One case is played five times, each with its requester, on the same days. What reaches the parent is compared: the bytes
of their pages, the letters and mails that are asked for, and the day of each; up to the day on which the law makes an
answer differ, and on that day a no looks as somebody does who may not act (W-18)."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlmodel import col, select

from portal import db
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.jobs import Job
from portal.people.models import OutboxMessage
from tests.client import runtime_of, sign_in
from tests.portal.requester.asked_child import LINK, ask
from tests.portal.requester.following import Sent, sent_request
from tests.portal.requester.test_follow import STAFF
from tests.portal.requester.test_voice import bare
from workflows.table import Role

MONDAY = datetime.datetime(2026, 11, 2, 10, 0, tzinfo=datetime.UTC)
ANSWERS: dict[str, dict[str, Any]] = {
    "not asked": {},
    "yes": {"answer": "yes"},
    "no": {"answer": "no", "not_safe": "y", "views": "It is mine."},
    "some": {"answer": "some", "areas": "school", "parts": "Not the visits"},
    "talk first": {"answer": "talk-first", "talk": "At lunch"},
}
WEIGHED = dict.fromkeys(
    ("maturity", "nature", "orders", "confidence", "consequences", "detriment", "views"), "Weighed and written down."
)
APPROVER = Actor("staff", uuid.UUID(int=8), Role.APPROVER)
TO_THE_CHILD = ("child_views_asked",)  # tests/portal/requester/test_reading.py: the parent never finds it
# What differs between two requests whatever is said in them.
_OWN = re.compile(r"SAR-[0-9A-Z]{4}-[0-9A-Z]{4}|[0-9a-f]{8}-[0-9a-f-]{27}|robin\.vale\.\d@example\.org")


@pytest.fixture
def five(app: Flask) -> Iterator[dict[str, Sent]]:
    with time_machine.travel(MONDAY):
        yield {name: sent_request(app, email=f"robin.vale.{number}@example.org") for number, name in enumerate(ANSWERS)}


def reaches_the_parent(sent: Sent) -> dict[str, Any]:
    """Everything the parent of this case can see today, without what is its own in every case."""
    sign_in(sent.client, "family", sent.person_id)
    pages = {
        path: _OWN.sub("*", bare(sent.client.get(path.replace("case", sent.page, 1) if path != "list" else "/cases")))
        for path in ("case", "case/messages", "case/files", "list")
    }
    with sent.runtime.database.read() as session:
        mine = (col(OutboxMessage.person_id) == sent.person_id,)
        mails = session.exec(select(OutboxMessage).where(*mine).order_by(col(OutboxMessage.id))).all()
        work = session.exec(select(Job).where(col(Job.kind) == "make_letter").order_by(col(Job.id))).all()
    letters = [one for one in work if one.args["case"] == sent.case_id.hex and one.args["template"] not in TO_THE_CHILD]
    case = sent.case()
    dates = (case.due_on, case.clock_status, case.closed_at is None)
    return {
        **pages,
        "mails": [(one.template, one.made_at.date()) for one in mails],
        "letters": [(one.args["template"], one.run_after.date()) for one in letters],
        "dates": dates,
    }


def same_for_all(five: dict[str, Sent]) -> None:
    seen = {name: reaches_the_parent(sent) for name, sent in five.items()}
    for name, told in seen.items():
        for what, shown in told.items():
            assert shown == seen["not asked"][what], f"{what} tells {name!r} apart on {db.now():%A}"


def test_the_parent_reads_the_same_on_the_same_days_whatever_the_child_says(app: Flask, five: dict[str, Sent]) -> None:
    runtime, asked = runtime_of(app), {}

    def on(days: int) -> time_machine.travel:
        return time_machine.travel(MONDAY + datetime.timedelta(days=days))

    with on(1):
        for sent in five.values():
            sent.take("start_checking")
            sent.take("accept_identity", known_by="known")
            sent.take("accept_authority", basis="mother", orders="None")
            sent.take("assess_competence", competence="competent", **WEIGHED)
        same_for_all(five)
    with on(3):
        for name, sent in five.items():
            if name != "not asked":
                asked[name] = ask(app, runtime, sent.case_id, STAFF, LINK)
        same_for_all(five)
    with on(8):
        for name, said in ANSWERS.items():
            if said:
                asked[name].answers(**said)
        five["not asked"].take("record_child_not_asked", because="unsafe", reason="He reads their mail.")
        same_for_all(five)
    with on(10):
        for sent in five.values():
            sent.take("start_finding")
        same_for_all(five)
    with on(14):  # a mind is changed, a talk is had, a card is ended
        asked["yes"].answers(answer="no")
        asked["no"].answers(answer="talk-first")
        five["talk first"].take("record_child_answer", answer="no", own_words="No.")
        same_for_all(five)
    with on(20):  # where the law makes the answer differ, a no looks as one who may not act does
        said = {"reason": "Why", "explanation": "-"}
        refused = {"talk first": "child-decides", "yes": "child-decides"}
        five["not asked"].take("back_to_checking", again="authority", reason="An order came")
        for name, ground in {**refused, "not asked": "may-not-act"}.items():
            five[name].take("propose_refusal", ground=ground, **said)
            with runtime.database.write() as session:
                verbs.take_step(
                    session, five[name].case_id, "refuse_for_authority", by=APPROVER, answers={}, today=uk_today()
                )
        same_for_all({name: five[name] for name in ("not asked", *refused)})
