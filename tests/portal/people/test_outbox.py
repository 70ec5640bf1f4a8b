"""Mail leaves through one function, once, in neutral words, only where it is safe."""

import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from portal import db, jobs, wiring
from portal.people import outbox
from portal.people.models import OutboxMessage, Person
from portal.runtime import Runtime
from portal.vault import vault_of
from tests.client import EMAIL, Family, enter_family, mails

wiring.connect_packages()


class Postbox(MessageHandler):
    """A mail server's side: keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.got.append(message)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server() -> Iterator[Controller]:
    made = Controller(Postbox(), hostname="127.0.0.1", port=free_port())
    yield made
    if made.loop.is_running():
        made.stop()
    elif not made.loop.is_closed():
        made.loop.close()


def by_server(runtime: Runtime, server: Controller) -> Any:
    return SimpleNamespace(settings=replace(runtime.settings, mail_url=f"smtp://127.0.0.1:{server.port}"))


def write_to(runtime: Runtime, family: Family, key: str = "one", template: str = "update", **more: Any) -> None:
    with runtime.database.write() as session:
        outbox.queue(session, template, person_id=family.person_id, case_id=family.case_id, key=key, **more)


def state(runtime: Runtime) -> tuple[str, bool]:
    with runtime.database.read() as session:
        row = session.execute(sa.select(OutboxMessage.state, OutboxMessage.token_sealed)).one()  # type: ignore[call-overload]
        return row.state, row.token_sealed is not None


def test_with_the_server_down_mail_waits_and_goes_out_later_once(runtime: Runtime, server: Controller) -> None:
    family, by = enter_family(runtime), by_server(runtime, server)
    write_to(runtime, family)
    assert jobs.run_all(runtime.database, by) == 1
    assert state(runtime) == ("waiting", False)
    server.start()
    with time_machine.travel(db.now().timestamp() + 120):
        assert jobs.run_all(runtime.database, by) == 1
        assert jobs.run_all(runtime.database, by) == 0
    assert state(runtime)[0] == "sent"
    [message] = server.handler.got
    assert message["To"] == EMAIL
    assert message["Subject"] == f"Update about {family.reference}"
    assert message.get_content_type() == "text/plain"


def test_a_message_sent_twice_after_a_crash_is_one_message_to_its_reader(runtime: Runtime, server: Controller) -> None:
    write_to(runtime, enter_family(runtime))
    server.start()
    by = by_server(runtime, server)
    jobs.run_all(runtime.database, by)
    with runtime.database.write() as session:  # as if the portal had died before it could note that it was sent
        session.execute(sa.update(OutboxMessage).values(state="waiting", sent_at=None))
        session.execute(sa.update(jobs.Job).values(state="waiting"))
    jobs.run_all(runtime.database, by)
    first, second = server.handler.got
    assert first["Message-ID"] == second["Message-ID"]


def test_the_same_message_asked_for_twice_is_one(runtime: Runtime) -> None:
    family = enter_family(runtime)
    write_to(runtime, family)
    write_to(runtime, family)
    assert len(mails(runtime)) == 1


@pytest.mark.parametrize(
    "told",
    [
        {"email": EMAIL, "safe_channels": []},
        {"email": EMAIL, "safe_channels": ["post"]},
        {"email": EMAIL},
        {"email": "", "safe_channels": ["email"]},
        {"email": "a@example.org, b@example.org", "safe_channels": ["email"]},
        {"email": "a@example.org\nBcc: b@example.org", "safe_channels": ["email"]},
    ],
)
def test_nothing_leaves_on_a_channel_that_is_not_marked_safe(runtime: Runtime, told: dict[str, Any]) -> None:
    family = enter_family(runtime)
    with runtime.database.write() as session:
        person = session.get(Person, family.person_id)
        assert person
        vault_of(session).put(person, told)
        session.add(person)
    write_to(runtime, family)
    assert mails(runtime) == []
    assert state(runtime)[0] == "held"


def test_a_message_to_nobody_goes_nowhere(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        outbox.queue(session, "sign_in", person_id=None, case_id=None, key="one", token="t" * 43)
    assert mails(runtime) == []
    assert state(runtime) == ("void", False)


def test_a_link_that_would_arrive_dead_is_not_sent(runtime: Runtime) -> None:
    write_to(runtime, enter_family(runtime), template="sign_in", token="t" * 43)
    with time_machine.travel(db.now().timestamp() + 601):
        assert mails(runtime) == []
    assert state(runtime) == ("void", False)


def test_a_link_is_destroyed_once_it_is_sent(runtime: Runtime) -> None:
    write_to(runtime, enter_family(runtime), template="sign_in", token="t" * 43)
    assert state(runtime) == ("waiting", True)
    [message] = mails(runtime)
    assert f"{runtime.settings.family_url}/sign-in/open/{'t' * 43}." in message.get_content()
    assert state(runtime) == ("sent", False)


def test_neither_token_nor_address_stands_in_any_row(runtime: Runtime) -> None:
    write_to(runtime, enter_family(runtime), template="sign_in", token="t" * 43)
    with runtime.database.read() as session:
        rows = repr([session.connection().exec_driver_sql(f"SELECT * FROM {t}").all() for t in ("outbox", "job")])
    assert "t" * 43 not in rows
    assert EMAIL not in rows


@pytest.mark.parametrize("template", ["sign_in", "receipt", "update"])
def test_words_tell_nothing_to_whoever_else_reads_them(runtime: Runtime, template: str) -> None:
    write_to(runtime, enter_family(runtime), template=template)
    [message] = mails(runtime)
    words = f"{message['Subject']} {message['From']} {message.get_content()}".casefold()
    telling = ("child", "council", "social", "record of", "robin", "refus", "decision", "approved", "abuse")
    assert [word for word in telling if word in words] == []
    assert message["Subject"].startswith("Update about SAR-")


def test_a_draft_has_a_writer_of_its_own(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        outbox._writers, "resume", lambda _session, _id: outbox.Addressee({"email": EMAIL, "safe_channels": ["email"]})
    )
    with runtime.database.write() as session:
        outbox.queue(session, "resume", person_id=None, case_id=uuid.uuid4(), key="one", token="t" * 43)
    [message] = mails(runtime)
    assert message["To"] == EMAIL
    assert "/ask/resume/" in message.get_content()
