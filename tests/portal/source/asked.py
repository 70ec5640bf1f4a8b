"""A body that was asked about one line, with the link from its mail and the code that was told by telephone."""

from __future__ import annotations

import datetime
import io
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask
from PIL import Image

from portal.cases.corrections import outside
from portal.cases.corrections.outside import Link, Shown
from portal.cases.models import Case
from portal.runtime import Runtime
from tests.builders import BORN, Walk
from tests.client import client_for, link_in, mails, runtime_of
from tests.corrections import ask_source, body_on_file_in, challenge_in, lines_of
from tests.judge import JudgingClient, Page

READING = "Reading"
SAYS = "Ahead of what is usual at this age."
ANSWER = {
    "answer": "wrong",
    "value": "As is usual at this age.",
    "reasons": "Our reading test of March says so.",
    "name": "Jo Park",
    "role": "School secretary",
}
RIGHT = {**ANSWER, "answer": "right", "value": ""}
NOTICE = {"name": "Jo Park", "role": "School secretary"}


@dataclass
class Question:
    """A question that has gone out."""

    app: Flask
    walk: Walk
    link_id: uuid.UUID
    code: str
    path: str
    client: JudgingClient

    @property
    def runtime(self) -> Runtime:
        return self.walk.runtime

    @property
    def signed(self) -> str:
        return self.path.rpartition("/")[2]

    def at(self, page: str) -> str:
        """The address of another page of this link."""
        return f"/source/{page}/{self.signed}"

    def enter(self, client: JudgingClient | None = None) -> Page:
        """Types the code; answers the page that it opens."""
        here = client or self.client
        return here.follow(here.submit(here.get(self.path), {"code": self.code}))

    def typed(self, answers: dict[str, Any] | None = None) -> Page:
        """Answers, up to the page that asks to check it."""
        return self.client.follow(self.client.submit(self.enter(), answers or ANSWER))

    def sent(self) -> Page:
        """Answers and sends it."""
        return self.client.follow(self.client.submit(self.typed(), form=self.at("check")))

    @property
    def link(self) -> Link:
        return next(one for one in links_of(self.walk) if one.id == self.link_id)


def question(app: Flask, *, walk: Walk | None = None, purpose: str = "ask_source", **shown: Any) -> Question:
    """A body asked, or told, about the first line of a challenge to what the school says of reading."""
    walk = walk or challenge_in(runtime_of(app), "weighing", about=[READING], shown=True)
    link_id, code = ask(walk, purpose, **shown)
    path = link_in(mails(walk.runtime)[-1])
    return Question(app, walk, link_id, code, path, client_for(app))


def ask(walk: Walk, purpose: str = "ask_source", *, days: int = 10, **shown: Any) -> tuple[uuid.UUID, str]:
    if purpose == "ask_source" and not shown:
        return ask_source(walk, days=days)
    facts = {"child": "W Ashdown", "child_born": BORN, "child_number": "LA-0001", "label": READING, "value": SAYS}
    made: list[tuple[uuid.UUID, str]] = []
    walk.act(
        lambda session: made.append(
            outside.send(
                session,
                walk.case_id,
                lines_of(walk)[0].id,
                purpose=purpose,
                source_id=body_on_file_in(session),
                way="phone",
                shown=Shown(**{**facts, "about_on": None, **shown}),
                answer_by=walk.today + datetime.timedelta(days=days),
                by=walk.worker.actor,
            )
        )
    )
    return made[0]


def links_of(walk: Walk) -> list[Link]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return outside.of_case(session, session.get_one(Case, walk.case_id))


def photo(colour: str = "green") -> bytes:
    """A small picture as a camera would send it."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return out.getvalue()
