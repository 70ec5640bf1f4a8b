"""Known or not, the same is done and the same is answered: the same bytes, the same rows, the same statements."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import SQLModel

from portal.people.models import OutboxMessage
from portal.runtime import Runtime
from tests.client import client_for, enter_family, link_in, mails, runtime_of
from tests.judge import JudgingClient, Page
from tests.portal.people.at_once import count, statements
from tests.portal.requester.asking import CHILD, begin, go_on

ROOT = Path(__file__).resolve().parents[3]
_RANDOM = re.compile(r'(name="(?:csrf_token|form_key)"[^>]*value=")[^"]*|(nonce=")[^"]*|(data-token=")[^"]*')
KEPT = {"email": "robin.vale@example.org", "word": "marmalade"}


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


def rows(runtime: Runtime) -> dict[str, int]:
    """How many rows each table has."""
    with runtime.database.read() as session:
        counted = sa.select(sa.func.count())
        return {
            table.name: session.execute(counted.select_from(table)).scalar_one()
            for table in SQLModel.metadata.sorted_tables
        }


_answers: dict[str, object] = {}


def same(kind: str, page: Page, then: Page | None, runtime: Runtime, before: dict[str, int]) -> None:
    """The answer, what it leads to, and what was written are those of the first case of this kind."""
    kind = f"{kind} {runtime.database.engine.dialect.name}"
    grown = {name: more for name, had in before.items() if (more := rows(runtime)[name] - had)}
    shown = (then or page).html
    answer = (page.status, _RANDOM.sub(r"\1\2\3", shown), grown, statements(kind, page, runtime))
    assert answer == _answers.setdefault(kind, answer)


@pytest.mark.parametrize("known", ["both", "address", "reference", "neither"])
def test_asking_for_a_link_tells_nothing(visitor: JudgingClient, runtime: Runtime, known: str) -> None:
    robin, other = enter_family(runtime), enter_family(runtime, email="other@example.org")
    email = robin.email if known in {"both", "address"} else "nobody@example.org"
    reference = robin.reference if known in {"both", "reference"} else other.reference
    page, before = visitor.get("/sign-in"), rows(runtime)
    sent = visitor.submit(page, {"email": email, "reference": reference})
    same("link", sent, visitor.follow(sent), runtime, before)
    assert len(mails(runtime)) == (known == "both")


@pytest.mark.parametrize("known", [True, False])
def test_asking_to_go_on_with_a_request_tells_nothing(app: Flask, runtime: Runtime, known: bool) -> None:
    first = client_for(app)
    go_on(first, begin(first), CHILD)
    first.submit(first.get("/ask/keep"), KEPT)
    client = client_for(app)
    page, before = client.get("/ask/resume"), rows(runtime)
    sent = client.submit(page, {"email": KEPT["email"] if known else "nobody@example.org"})
    same("resume", sent, client.follow(sent), runtime, before)
    assert len(mails(runtime)) == known


def test_the_code_of_the_mail_leads_to_the_word_in_the_browser_that_asked(app: Flask, runtime: Runtime) -> None:
    first = client_for(app)
    go_on(first, begin(first), CHILD)
    first.submit(first.get("/ask/keep"), KEPT)
    asking, other = client_for(app), client_for(app)
    page = asking.follow(asking.submit(asking.get("/ask/resume"), {"email": KEPT["email"]}))
    code = {"code": re.findall(r"^[0-9A-Z]{4} [0-9A-Z]{4}$", mails(runtime)[-1].get_content(), re.MULTILINE)[0]}
    other.get("/")
    other.submit(other.get("/ask/resume/sent"), code, 400)
    asking.submit(asking.get("/sign-in/sent"), code, 400)
    word = asking.follow(asking.submit(page, code))
    asking.submit(page, code, 400)
    asking.get(link_in(mails(runtime)[-1]), 410)
    asking.submit(word, {"word": "not it"}, 400)
    assert asking.follow(asking.submit(word, {"word": KEPT["word"]})).h1 == "Check your answers"


def test_a_scanner_burns_no_link_to_a_draft(app: Flask, runtime: Runtime) -> None:
    first = client_for(app)
    go_on(first, begin(first), CHILD)
    first.submit(first.get("/ask/keep"), KEPT)
    first.submit(first.get("/ask/resume"), {"email": KEPT["email"]})
    link, scanner = link_in(mails(runtime)[-1]), app.test_client()
    before = rows(runtime)
    for _n in range(10):
        scanner.get(link, base_url=first.base_url)
        scanner.head(link, base_url=first.base_url)
    assert rows(runtime) == before
    first.submit(first.get(link), {"word": KEPT["word"]})


@pytest.mark.parametrize("wrong", ["number", "words"])
def test_a_wrong_card_tells_nothing(visitor: JudgingClient, runtime: Runtime, wrong: str) -> None:
    from portal import db
    from portal.people import cards

    robin = enter_family(runtime, email="", app=False)
    card = cards.new_card(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        cards.issue(session, purpose="sign_in", holder_id=robin.person_id, new=card, now=db.now())
    page, before = visitor.get("/sign-in/card"), rows(runtime)
    typed = {"number": "ZZZZ-ZZZZ" if wrong == "number" else card.number, "words": "abandon ability able about"}
    refused = visitor.submit(page, typed, 400)
    html = refused.html.replace(typed["number"], "")
    refused.__dict__["html"] = html
    same("card", refused, None, runtime, before)
    assert count(runtime, OutboxMessage) == 0


def test_no_address_we_send_out_is_made_from_the_request() -> None:
    """Whatever Host a request names, no mail and no page carries it on (security.md 6d)."""
    asking = re.compile(r"_external|\bhost_url\b|\burl_root\b|request\.(?:base_url|url|host)\b")
    asked = {
        path.relative_to(ROOT).as_posix()
        for folder in ("portal", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".html", ".txt"} and asking.search(path.read_text(encoding="utf-8"))
    }
    assert asked <= {"portal/gate.py"}  # which only compares it with the configured one


def test_no_page_asks_again_by_itself_and_keeps_a_session_alive() -> None:
    asking = re.compile(r"setInterval|\bfetch\(|XMLHttpRequest|EventSource|WebSocket|http-equiv=\"refresh\"")
    ours = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "portal" / "static").glob("*.js")]
    ours = [path for path in ours if path.name != "leaving.html"]  # it leads away at once, to a sign-in elsewhere
    assert [path.name for path in ours if asking.search(path.read_text(encoding="utf-8"))] == []
