"""Challenges at the staff's door: who sits there, and what the tests read."""

from __future__ import annotations

import uuid

from flask import Flask

from portal.cases.corrections.lines import Line
from tests import builders
from tests.builders import Walk, feed_child, item
from tests.client import client_for, sign_in
from tests.corrections import lines_of
from tests.judge import JudgingClient

READING, CARER, DUTY = "Reading", "Parent or carer", "Someone else holds information too"
DECIDED = {"outcome": "corrected", "reasons": "The school confirmed it.", "weighed": "A letter.", "rule": "inaccurate"}
REFUSED = {"outcome": "refused", "reasons": "It says what was seen.", "weighed": "The diary.", "rule": "accurate"}


def at_desk(app: Flask, who: builders.Staff) -> JudgingClient:
    """A browser in which this member of staff is signed in."""
    client = client_for(app)
    sign_in(client, "staff", who.id)
    return client


def base(walk: Walk) -> str:
    return f"/staff/cases/{walk.case.reference}"


def line_path(walk: Walk, number: int = 1, *more: str) -> str:
    return "/".join((base(walk), "lines", str(line(walk, number).id), *more))


def line(walk: Walk, number: int = 1) -> Line:
    return lines_of(walk)[number - 1]


def entry_id(walk: Walk, number: int = 1) -> uuid.UUID:
    found = line(walk, number).entry_id
    assert found is not None
    return found


def notes(*texts: str, more: int = 0) -> builders.FeedChild:
    """A child whose record is these notes of social care, and as many short ones more."""
    told = [item(f"note#{place}", "contact", f"Note {place + 1}", text) for place, text in enumerate(texts)]
    told += [item(f"more#{place}", "contact", "Visit", f"Visit number {place}.") for place in range(more)]
    return feed_child(*told, local_id="LA-0777")
