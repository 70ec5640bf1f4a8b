"""Whatever is posted to a question: never a fault of ours, and what was typed is shown again."""

from __future__ import annotations

import pytest

from portal.requester.journey import QUESTIONS
from tests.client import client_for
from tests.judge import JudgingClient, Page
from tests.portal.requester.asking import CHILD, begin, go_on
from tests.portal.requester.following import sent_request

NASTY = {
    "nothing": "",
    "blanks": " \t\n ",
    "markup": '"><script>alert(1)</script>{{ 7*7 }}${7*7}<%= 7 %>',
    "huge": "x" * 60_000,
    "controls": "a\x00b\x07\x1b[31m",
    "direction": "\u202eevil\u2066",
    "marks": "a" + "\u0301" * 5000,
    "surrogate": "\udcff",
    "lines": "a\r\nBcc: other@example.org\r\n\r\nb",
    "sql": "'; DROP TABLE draft; --",
    "formula": "=HYPERLINK(1)",
    "number": "9" * 400,
    "odd letters": "ﷺ𝕬𐍈👩‍👩‍👧 Łódź 名前",
}
PLAIN = [question.name for question in QUESTIONS if not question.page]
ANSWERS = {**CHILD, "wanted": {"scope": "parts"}, "parts": {"areas": ["school"]}, "second-step": {"way": "app"}}


def pages(client: JudgingClient):
    """Every page of the journey with a form, reached honestly."""
    page = begin(client)
    while True:
        yield page
        if page.path.split("?")[0] == "/ask/app":
            return
        name = page.path.split("?")[0].rpartition("/")[2]
        page = go_on_one(client, page, name)


def go_on_one(client: JudgingClient, page, name: str):
    if name == "files":
        return client.follow(client.submit(page, form="/ask/files/done"))
    now = Page(client.client.get(page.path, base_url=client.base_url), page.path)  # may show what was saved just now
    return client.follow(client.submit(now, ANSWERS[name]))


def test_no_question_fails_on_hostile_answers(app):
    client = client_for(app)
    for page in pages(client):
        names = [
            one.get("name") for one in page.all("*") if one.get("name") and one.tag in {"input", "textarea", "button"}
        ]
        fields = [name for name in names if name not in {"csrf_token", "form_key", "version", "go", "file"}]
        for value in NASTY.values():
            _post(client, page, dict.fromkeys(fields, value))
            _post(client, page, {name: [value, value] for name in fields})
        _post(client, page, {})


def _post(client: JudgingClient, page, answers) -> None:
    """Sends hostile answers and then forgets whatever they changed: the draft must stay as it was or be valid."""
    sent = {**{k: v for k, v in page.answers().items() if k in {"csrf_token", "form_key", "version"}}, **answers}
    response = client.client.post(
        page.path, data=_sendable(sent), base_url=client.base_url, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code in {200, 303, 400, 409, 410, 413}, (page.path, str(answers)[:80], response.status_code)
    assert b"<script>alert(1)" not in response.data
    assert b">49<" not in response.data


def _sendable(sent):
    return {
        name: [one.encode("utf-8", "surrogateescape") if isinstance(one, str) else one for one in value]
        if isinstance(value, list)
        else value.encode("utf-8", "surrogateescape")
        for name, value in sent.items()
    }


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999", "1.5", "1; DROP"])
def test_a_damaged_version_is_refused_politely(visitor, version):
    page = begin(visitor)
    visitor.submit(page, {"about": "me", "version": version}, 400)


@pytest.mark.parametrize("answer", ["he", "", "me\x00", "child; several"])
def test_an_answer_that_was_not_offered_is_refused(visitor, answer):
    assert visitor.submit(begin(visitor), {"about": answer}, 400).errors


def test_what_was_typed_is_shown_again_beside_the_error(visitor):
    page = go_on(visitor, begin(visitor), CHILD, until="name")
    page = visitor.submit(
        page,
        {"names": "Ash <b>Vale</b>", "birth_date-day": "31", "birth_date-month": "2", "birth_date-year": "2014"},
        400,
    )
    assert page.answers()["names"] == ["Ash <b>Vale</b>"]
    assert page.answers()["birth_date-day"] == ["31"]
    assert page.errors == ["Date of birth must be a real date"]


@pytest.mark.parametrize(("year", "says"), [("2199", "in the past"), ("1899", "too long ago"), ("14", "4 numbers")])
def test_a_birth_date_lies_between_today_and_the_oldest_person(visitor, year, says):
    page = go_on(visitor, begin(visitor), CHILD, until="name")
    answers = {**CHILD["name"], "birth_date-year": year}
    assert says in visitor.submit(page, answers, 400).errors[0]


@pytest.mark.parametrize(
    ("ways", "says"),
    [
        ([], "Choose at least one way"),
        (["email"], "Enter your email address"),
        (["voice"], "Enter your phone number"),
        (["post"], "Enter your postal address"),
    ],
)
def test_a_way_that_is_ticked_needs_what_goes_with_it(visitor, ways, says):
    page = go_on(visitor, begin(visitor), CHILD, until="reach")
    assert says in visitor.submit(page, {"ways": ways}, 400).errors[0]


@pytest.mark.parametrize("under", ["messages", "withdraw"])
@pytest.mark.parametrize("value", list(NASTY.values()), ids=list(NASTY))
def test_no_page_of_a_case_fails_on_hostile_answers(app, under, value):
    sent = sent_request(app)
    page = sent.client.get(f"{sent.page}/{under}")
    _post(sent.client, page, {"words": value, "sure": value, "answer": value})


@pytest.mark.parametrize("reference", ["SAR-0000-0000", "x", "%00", "..%2f", "SAR-" + "A" * 300, "💥"])
def test_an_odd_reference_is_simply_not_there(app, reference):
    sent = sent_request(app)
    sent.client.get(f"/cases/{reference}", 404)
