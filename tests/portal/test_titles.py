"""A title stays behind in the browser's history, tabs and bookmarks, where the next person at the computer reads it: no
page is titled or headed with anything personal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from portal import gate
from tests.client import client_for
from tests.judge import JudgingClient, Page, text_of
from tests.portal.caseworker.desk import STATES, Office
from tests.portal.requester.asking import BORN, CHILD, begin, go_on
from tests.portal.requester.following import sent_request
from workflows.kinds import WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]
CANARY = "Quillfeather"
ANSWERS = {
    **CHILD,
    "name": {"names": f"Ash {CANARY}", "former_names": f"Wren {CANARY}", **BORN},
    "find": {"address": f"1 {CANARY} Lane", "school": f"{CANARY} School", "identifiers": CANARY},
    "you": {"name": f"Robin {CANARY}"},
    "words": {"words": CANARY},
}
# What a title may print besides our own words. None of it says anything of a person.
PRINTED = {
    "heading",  # of an error page
    "title",  # of a question, a message
    "_(step.label)",
    "form.sure.label.text",
    "_('Case %(reference)s', reference=case.reference)",
    "_('Letter %(reference)s', reference=letter.reference)",
    "_('Document %(number)s', number=pack.copy_number)",
    "_('Document %(number)s', number=decision.copy_number)",
    "_('Entry %(number)s', number=item.position + 1)",
    "_('Line %(number)s', number=line.number)",
    "_('What you told us is wrong') if case.kind == 'correction' else _('Your request')",
    "_('Send us a file') if open else _('Files you sent')",
    "_('We have got what you told us') if challenged else _('We have your request')",
    "_('What you told us, number %(number)s', number=line.number)",
    "_('This link does not work here') if other_browser else _('This link does not work any more')",
}


def headings(page: Page) -> list[str]:
    return [text_of(one) for one in (*page.all("title"), *page.all("h1"))]


def assert_neutral(page: Page) -> None:
    for said in headings(page):
        assert CANARY not in said, f"{page.path}: {said}"


@pytest.fixture
def watched(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[Page]:
    """Every page that a judging client fetches in this test."""
    seen: list[Page] = []
    opened = JudgingClient.open

    def watching(client: JudgingClient, *args: object, **options: object) -> Page:
        page = opened(client, *args, **options)  # type: ignore[arg-type]
        if page.is_html:
            seen.append(page)
        return page

    monkeypatch.setattr(JudgingClient, "open", watching)
    return seen


def test_no_page_of_a_request_being_written_is_titled_with_a_person(app: Flask, watched: list[Page]) -> None:
    client = client_for(app)
    answers = {**ANSWERS, "about": {"about": "several"}}
    page = go_on(client, begin(client), answers, until="find")
    assert CANARY in page.text  # the page still says whom it is about
    page = client.submit(page, {"school": "x" * 500}, 400)
    page = go_on(client, page, answers)
    assert CANARY in page.text
    for path in ("/ask/children", "/ask/keep", "/ask/people/1/name", "/ask/people/1/right", "/ask/files"):
        client.get(path)
    one, other = client.get("/ask/you"), client.get("/ask/you")
    client.submit(one, {"name": f"Rowan {CANARY}"})
    client.submit(other, {"name": f"Rue {CANARY}"}, 409)
    client.follow(client.submit(client.get("/ask/check")))
    assert len(watched) > 15
    for page in watched:
        assert_neutral(page)


def test_no_page_of_a_request_that_was_sent_is_titled_with_a_person(app: Flask) -> None:
    sent = sent_request(app, names=f"Ash {CANARY}")
    assert CANARY in sent.client.get(sent.page).text
    assert_all_neutral(app, sent.client, "requester", sent.reference)


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)  # a title is made by the template
@pytest.mark.parametrize("role", ["caseworker", "approver"])
def test_no_page_of_staff_is_titled_with_a_person(office: Office, role: str) -> None:
    seat = office.seat(role, name=f"Sam {CANARY}")
    for state in STATES:
        case = office.case_in(state, seat.actor, names=f"Bo {CANARY}", name=f"Ada {CANARY}")
        if role == "caseworker":
            assert CANARY in seat.client.get(f"/staff/cases/{case.reference}").text
        assert_all_neutral(office.app, seat.client, "caseworker", case.reference, of_a_case=state != STATES[0])
        for step in (one for one in WORKFLOWS[case.kind].steps if state in {origin.name for origin in one.from_states}):
            assert_neutral(fetched(seat.client, f"/staff/cases/{case.reference}/steps/{step.name}"))


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def assert_all_neutral(
    app: Flask, client: JudgingClient, door: str, reference: str, *, of_a_case: bool = False
) -> None:
    """Every page of a door that a reference alone leads to, and those that need none unless only `of_a_case`."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{door}.")]
    plain = [one.rule for one in rules if "GET" in gate.MATRIX[one.endpoint].methods and one.arguments <= {"reference"}]
    assert len(plain) > 8
    for rule in (one for one in plain if not of_a_case or "<" in one):
        assert_neutral(fetched(client, rule.replace("<string:reference>", reference)))


def fetched(client: JudgingClient, path: str) -> Page:
    return Page(client.client.get(path, base_url=client.base_url), path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: str(path.relative_to(ROOT / "templates"))
)
def test_a_title_is_made_of_our_own_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    titles = re.findall(r"{% block title %}(.*?){% endblock %}", text) + re.findall(r"<title>(.*?)</title>", text)
    for title in titles:
        for printed in re.findall(r"{{ (.*?) }}", title):
            own = re.fullmatch(r"_\('[^'%]*'\)", printed) or printed == "settings.service_name"
            assert own or printed in PRINTED, printed
