"""The portal under test: the whole application, and judging clients that are signed in already."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlmodel import select
from werkzeug.routing import Rule

from portal import create_app, db, jobs
from portal.cases.models import Case
from portal.cases.references import new_reference
from portal.people import factors, sessions
from portal.people import staff as accounts
from portal.people.models import Person, Staff, Team
from portal.runtime import Runtime
from portal.settings import Settings
from portal.vault import vault_of
from tests.judge import JudgingClient

EMAIL = "robin.vale@example.org"
PASSWORD = "four plain words here"


@dataclass(frozen=True)
class Family:
    """A requester of the tests, with one case and an app for codes."""

    person_id: uuid.UUID
    case_id: uuid.UUID
    reference: str
    secret: str
    email: str = EMAIL


@dataclass(frozen=True)
class Worker:
    """A member of staff of the tests, with an app for codes."""

    id: uuid.UUID
    email: str
    secret: str
    role: str
    password: str = PASSWORD


_BUILT: dict[object, Any] = {}
_build = Rule._compile_builder


def _build_once(rule: Rule, append_unknown: bool = True) -> Any:
    """Two hundred addresses are the same in each test's application; building them anew took a seventh of the time."""
    key = (tuple(rule._trace), frozenset(rule.arguments), append_unknown)
    if rule.defaults or key not in _BUILT:
        _BUILT[key] = _build(rule, append_unknown)
    return _BUILT[key]


Rule._compile_builder = _build_once  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once for all applications of a run."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(settings: Settings, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    """The application on an empty database."""
    made = create_app(settings)
    made.jinja_env.bytecode_cache = compiled_templates
    yield made
    runtime_of(made).close()


@pytest.fixture
def visitor(app: Flask) -> JudgingClient:
    """A judging client that nobody has signed in at."""
    return client_for(app)


@pytest.fixture
def family(app: Flask) -> JudgingClient:
    """A judging client at which a requester is signed in with both factors; `family.who` tells who."""
    client = client_for(app)
    client.who = enter_family(runtime_of(app))  # type: ignore[attr-defined]
    sign_in(client, "family", client.who.person_id)  # type: ignore[attr-defined]
    return client


@pytest.fixture
def staff(app: Flask) -> JudgingClient:
    """A judging client at which a caseworker is signed in; `staff.who` tells who."""
    return staff_client(app)


def staff_client(app: Flask, role: str = "caseworker", email: str = "") -> JudgingClient:
    """A judging client at which somebody of this role is signed in."""
    client = client_for(app)
    client.who = enter_staff(runtime_of(app), role=role, email=email)  # type: ignore[attr-defined]
    sign_in(client, "staff", client.who.id)  # type: ignore[attr-defined]
    return client


def client_for(app: Flask) -> JudgingClient:
    runtime = runtime_of(app)
    return JudgingClient(app, runtime.database.engine, base_url=runtime.settings.family_url)


def runtime_of(app: Flask) -> Runtime:
    return app.extensions["portal"]


def sign_in(
    client: JudgingClient,
    door: str,
    holder_id: uuid.UUID,
    *,
    second_factor: bool = True,
    ago: datetime.timedelta | None = None,
    by: str = "",
) -> str:
    """Puts a session's cookie into the client, begun `ago` before now; answers the cookie. Staff have shown a passkey
    and families a code, unless it is said `by` what else."""
    now = db.now() - (ago or datetime.timedelta())
    shown = by or ("passkey" if door == "staff" else "totp")
    at, kind = (now, shown) if second_factor else (None, None)
    with runtime_of(client.app).database.write() as session:
        cookie = sessions.start(session, door, holder_id, now=now, second_factor_at=at, factor_kind=kind)
    client.client.set_cookie(door, cookie, domain=host_of(client))
    return cookie


def host_of(client: JudgingClient) -> str:
    """The host for which the client's cookies are kept."""
    return urlsplit(client.base_url).hostname or ""


def enter_family(runtime: Runtime, *, email: str = EMAIL, app: bool = True) -> Family:
    """A person with a case, and with an app whose codes `family.secret` makes, unless `app=False`."""
    secret = factors.new_secret()
    with runtime.database.write() as session:
        blind = vault_of(session).blind("email", email) if email else None
        person = Person(id=db.new_id(), sealed=b"", email_blind=blind, created_at=db.now())
        vault_of(session).put(person, {"name": "Robin Vale", "email": email, "safe_channels": ["email"]})
        session.add(person)
        session.flush()
        case = Case(
            reference=new_reference("SAR"),
            kind="subject_access",
            state="received",
            received_on=datetime.date(2026, 11, 2),
            requester_id=person.id,
            sealed=b"",
            label=b"",
            created_at=db.now(),
        )
        vault_of(session).put(case, {})
        session.add(case)
        if app:
            factors.add_app(session, "family", person.id, secret, used_step=0, now=db.now())
    return Family(person.id, case.id, case.reference, secret, email)


def enter_staff(runtime: Runtime, *, role: str = "caseworker", email: str = "") -> Worker:
    """A member of staff in the only team."""
    email = email or f"{role}@example.org"
    with runtime.database.write() as session:
        pepper = runtime.settings.secrets.pepper
        team = session.exec(select(Team)).first() or Team(name="Records team")
        session.add(team)
        session.flush()
        made: Staff = accounts.create(
            session, name="Sam Field", email=email, password=PASSWORD, role=role, pepper=pepper, team_id=team.id
        )
        secret = accounts.enrol_app(session, made, now=db.now())
    return Worker(made.id, email, secret, role)


def code_of(secret: str, *, ahead: int = 0) -> str:
    """The code an app shows now, or `ahead` steps later."""
    return pyotp.TOTP(secret).at(int(db.now().timestamp()) + 30 * ahead)


def mails(runtime: Runtime) -> list[EmailMessage]:
    """Does the waiting jobs and reads what went into the mail folder, oldest first."""
    jobs.run_all(runtime.database, runtime)
    folder = Path(runtime.settings.mail_url.removeprefix("folder:"))
    files = sorted(folder.glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def link_in(message: EmailMessage) -> str:
    """The path of the link in a mail."""
    line = next(line for line in message.get_content().splitlines() if "/open/" in line or "/resume/" in line)
    return "/" + line.split("/", 3)[3]
