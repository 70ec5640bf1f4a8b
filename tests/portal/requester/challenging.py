"""A copy in its requester's hands, and challenges that were sent, with their requester signed in."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Flask
from sqlmodel import select

from portal import db, records
from portal.cases import ledger, verbs
from portal.cases.clocking import uk_today
from portal.cases.corrections import lines
from portal.cases.corrections.lines import Claim, Decided, Line
from portal.cases.models import Case
from portal.documents import release
from portal.documents.models import StoredPack
from portal.documents.pack import Category, Entry, Text, to_json
from portal.records import OpenEntry
from portal.vault import Owner, vault_of
from tests.builders import Record, Walk, case_in, looking, rich_child
from tests.client import client_for, runtime_of, sign_in
from tests.corrections import challenge_in
from tests.judge import JudgingClient, Page
from tests.portal.requester.test_reading import content

SAID = {"kind": "wrong_fact", "should_say": "Larkfield Primary School", "why": "She changed schools in May."}


@dataclass(frozen=True)
class Copy:
    """An open copy whose requester is signed in. `entries` are in the order of its numbers."""

    client: JudgingClient
    walk: Walk
    pack_id: uuid.UUID
    entries: list[OpenEntry]

    @property
    def page(self) -> str:
        return f"/cases/{self.walk.case.reference}"

    @property
    def there(self) -> str:
        return f"{self.page}/copies/{self.pack_id}"

    def number(self, label: str) -> int:
        """The number under which the copy printed the first entry of this label."""
        return next(at for at, one in enumerate(self.entries, start=1) if one.label == label)

    def say(self, numbers: str, client: JudgingClient | None = None, **answers: object) -> Page:
        """Says of these numbers what is wrong; answers with the page to check."""
        by = client or self.client
        page = by.follow(by.submit(by.get(f"{self.there}/wrong"), {"numbers": numbers}))
        return by.follow(by.submit(page, {**SAID, **answers}))

    def send(self) -> str:
        """Sends what was said; answers with the reference."""
        return self.press_send().location.split("/")[2]

    def press_send(self) -> Page:
        """Asks whether the copy is open, opens the case and marks the entries: more than a page usually does."""
        here = f"{self.there}/wrong/check"
        return self.client.submit(self.client.get(here), form=here, max_queries=66)

    def lines(self, reference: str) -> list[Line]:
        return lines_of(self.walk, reference)


def lines_of(walk: Walk, reference: str) -> list[Line]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        case = verbs.visible_case(session, reference, walk.requester)
        return lines.of_case(session, case)


def open_copy(app: Flask, *, email: str = "ada.lark@example.org", record: Record | None = None) -> Copy:
    """A parent's copy that was released and opened: everything but sensitive services, numbered in order."""
    runtime, client = runtime_of(app), client_for(app)
    with runtime.vault.unlocked():
        walk = case_in(runtime, "finding")
        walk.record = attached = record or rich_child(runtime, notes=2)
        walk.act(
            lambda session: verbs.attach_record(
                session, walk.case_id, attached.child_id, attached.born, by=walk.worker.actor
            )
        )
        with runtime.database.read() as session:
            look = looking(session, walk)
            ids = [one.id for one in records.heads(session, look.child_id) if one.cls != "sensitive"]
            entries = records.read(session, look, ids)
        pack_id = _released(walk, entries)
    sign_in(client, "family", walk.case.requester)
    return Copy(client, walk, pack_id, entries)


def _released(walk: Walk, entries: Sequence[OpenEntry]) -> uuid.UUID:
    runtime, made = walk.runtime, []
    printed = tuple(
        Entry(number=at, label=_words(one.label), value=_words(one.text), source=_words(one.source))
        for at, one in enumerate(entries, start=1)
    )
    pack = replace(content(walk.case.reference), categories=(Category(name="All of it", entries=printed),))
    told = {"lines": [[one.id.hex, one.version_id.hex, one.cls, one.kind] for one in entries]}

    def store(session) -> None:
        case = ledger.locked(session, walk.case_id)
        ledger.append(session, case, "release", by=walk.worker.actor, on_date=uk_today(), to_state="ready")
        made.append(stored_pack(session, runtime, case, to_json(pack), told))

    walk.act(store)
    walk.act(lambda session: release.collect(session, walk.case_id, made[0], by=walk.requester))
    return made[0]


def _words(text: str) -> tuple[Text, ...]:
    return (Text(text),) if text else ()


def stored_pack(session, runtime, case: Case, data: bytes, told: dict, *, what: str = "copy") -> uuid.UUID:
    """A pack that was released just now."""
    own = Owner.case(case.id)
    row = StoredPack(
        case_id=case.id,
        number=1,
        content=what,
        copy_number=f"COP-{case.id.hex[-8:]}",
        recipient_id=case.requester,
        state="released",
        cut_off=db.now(),
        content_file=runtime.files.write(own, data),
        pdf_file=runtime.files.write(own, b"%PDF-1.7 copy"),
        released_at=db.now(),
        sealed=b"",
    )
    vault_of(session).put(row, told)
    session.add(row)
    session.flush()
    return row.id


@dataclass(frozen=True)
class Challenge:
    """A challenge that was sent, with its requester signed in."""

    client: JudgingClient
    walk: Walk

    @property
    def page(self) -> str:
        return f"/cases/{self.walk.case.reference}"

    @property
    def lines(self) -> list[Line]:
        return lines_of(self.walk, self.walk.case.reference)

    def line(self, at: int = 0) -> str:
        """Where one line is read."""
        return f"{self.page}/lines/{self.lines[at].id}"


def sent_challenge(
    app: Flask,
    state: str = "received",
    about: Sequence[str] = ("Reading",),
    *,
    kind: str = "parent",
    shown: bool = True,
    decided: Sequence[Decided] = (),
    second_factor: bool = True,
    ago: datetime.timedelta | None = None,
    email: str = "ada.lark@example.org",
    claims: Sequence[Claim] = (),
) -> Challenge:
    """A challenge in this state, of these entries, of which its requester may be told unless it is said otherwise."""
    runtime, client = runtime_of(app), client_for(app)
    with runtime.vault.unlocked():
        walk = challenge_in(runtime, state, claims, about=about, kind=kind, shown=shown, decided=decided, email=email)
    sign_in(client, "family", walk.case.requester, second_factor=second_factor, ago=ago)
    return Challenge(client, walk)


def lines_of_case(runtime, reference: str) -> list[Line]:
    """The lines of a case whoever sent it."""
    with runtime.database.read() as session, runtime.vault.unlocked():
        case = session.exec(select(Case).where(Case.reference == reference)).one()
        return lines.of_case(session, case)
