"""Forms: answers are read as people give them, and nothing a stranger posts is an error of the server."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage, MultiDict

from tests.judge import JudgingClient
from tests.sample_app import SampleForm, make_app

GOOD = {
    "name": "Ash Example",
    "email": "ash@example.org",
    "secret": "correct horse battery",
    "born-day": "3",
    "born-month": "6",
    "born-year": "2014",
    "way": "post",
    "areas": ["a"],
    "agreed": "y",
    "school": "x",
}


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> JudgingClient:
    return JudgingClient(app)


@pytest.fixture
def in_request(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def filled(**changes: Any) -> SampleForm:
    answers: MultiDict[str, Any] = MultiDict({**GOOD, "version": "3", "form_key": "k" * 22})
    for name, value in changes.items():
        answers.setlist(name.replace("_", "-") if name.startswith("born") else name, _list(value))
    form = SampleForm(formdata=answers, meta={"csrf": False})
    form.validate()
    return form


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def date_of(day: str, month: str, year: str) -> tuple[datetime.date | None, str, str]:
    field = filled(born_day=day, born_month=month, born_year=year).born
    return field.data, (field.errors or [""])[0], field.error_id


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (("3", "6", "2014"), datetime.date(2014, 6, 3)),
        (("03", "06", "2014"), datetime.date(2014, 6, 3)),
        ((" 3 ", " june ", " 2014 "), datetime.date(2014, 6, 3)),
        (("3", "Jun", "2014"), datetime.date(2014, 6, 3)),
        (("3", "Sept.", "2014"), datetime.date(2014, 9, 3)),
        (("3", "Mehefin", "2014"), datetime.date(2014, 6, 3)),
        (("29", "2", "2024"), datetime.date(2024, 2, 29)),
        (("2", "11", "2026"), datetime.date(2026, 11, 2)),
    ],
)
@pytest.mark.usefixtures("in_request")
def test_a_date_is_read_as_people_write_it(typed: tuple[str, str, str], read: datetime.date) -> None:
    assert date_of(*typed) == (read, "", "born-day")


@pytest.mark.parametrize(
    ("typed", "words", "leads_to"),
    [
        (("", "", ""), "Enter the date of birth", "born-day"),
        (("3", "6", ""), "Date of birth must include a year", "born-year"),
        (("3", "", "2014"), "Date of birth must include a month", "born-month"),
        (("", "6", "2014"), "Date of birth must include a day", "born-day"),
        (("", "", "2014"), "Date of birth must include a day and month", "born-day"),
        (("3", "", ""), "Date of birth must include a month and year", "born-month"),
        (("3", "6", "14"), "Date of birth must have a year of 4 numbers", "born-year"),
        (("3", "Smarch", "2014"), "Date of birth must be a real date", "born-month"),
        (("3", "13", "2014"), "Date of birth must be a real date", "born-month"),
        (("32", "1", "2014"), "Date of birth must be a real date", "born-day"),
        (("31", "6", "2014"), "Date of birth must be a real date", "born-day"),
        (("٣", "6", "2014"), "Date of birth must be a real date", "born-day"),
        (("3", "6", "0000"), "Date of birth must be a real date", "born-day"),
        (("3", "6", "1700"), "Date of birth is too long ago", "born-year"),
        (("3", "11", "2026"), "Date of birth must be today or in the past", "born-day"),
    ],
)
@pytest.mark.usefixtures("in_request")
def test_a_date_that_cannot_be_read_says_which_part_and_leads_there(
    typed: tuple[str, str, str], words: str, leads_to: str
) -> None:
    assert date_of(*typed) == (None, words, leads_to)


def test_the_page_shows_what_was_typed_and_marks_only_the_wrong_part(client: JudgingClient) -> None:
    page = client.submit(client.get("/form"), {**GOOD, "born-day": "31", "born-month": "Smarch"}, expect=400)
    boxes = {part: page.one("input", name=f"born-{part}") for part in ("day", "month", "year")}
    assert [box.get("value") for box in boxes.values()] == ["31", "Smarch", "2014"]
    assert [part for part, box in boxes.items() if "govuk-input--error" in (box.get("class") or "")] == ["month"]
    assert page.one("input", name="name").get("value") == "Ash Example"
    assert page.one("input", name="secret").get("value") in (None, "")
    assert any(link.get("href") == "#born-month" for link in page.summary[0].iter("a"))


@pytest.mark.parametrize("count", [0, 1, 2, 4, 9])
def test_a_date_posted_any_number_of_times_is_no_error_of_the_server(client: JudgingClient, count: int) -> None:
    many = {f"born-{part}": ["1"] * count for part in ("day", "month", "year")}
    page = client.post("/form", {**GOOD, **many, "born": ["1"] * count}, expect=400)
    assert page.errors


def test_every_missing_answer_is_named_once_and_in_the_order_of_the_page(client: JudgingClient) -> None:
    page = client.submit(client.get("/form"), {}, expect=400)
    assert page.errors == [
        "Enter the child's name",
        "Enter your email",
        "Enter your password",
        "Enter the date of birth",
        "Choose how we may reach you",
        "Choose a part",
        "Tick the box if it is true",
        "Choose a school",
        "Choose a file",
    ]
    assert page.title.startswith("Error: Tell us about the child")
    boxes = [page.one("input", name=f"born-{part}") for part in ("day", "month", "year")]
    assert all("govuk-input--error" in (box.get("class") or "") for box in boxes)


@pytest.mark.parametrize("value", ["c", "", "\x00", "<b>"])
@pytest.mark.parametrize("name", ["way", "areas", "school"])
@pytest.mark.usefixtures("in_request")
def test_an_answer_that_was_not_on_the_page_is_refused(name: str, value: str) -> None:
    form = filled(**{name: value})
    assert len(form[name].errors) == 1


@pytest.mark.parametrize(
    "address", ["ash", "ash@", "@example.org", "a b@example.org", "a@example", "a@b.org,c@d.org", "a@b..org"]
)
@pytest.mark.usefixtures("in_request")
def test_an_email_address_that_cannot_be_one_is_refused(address: str) -> None:
    form = filled(email=address)
    assert form.email.errors == ["Enter an email address in the right form, like name@example.org"]


@pytest.mark.usefixtures("in_request")
def test_text_loses_its_outer_spaces_and_a_long_one_is_refused_with_the_limit() -> None:
    assert filled(name="  Ash \t Example ").name.data == "Ash Example"
    assert filled(name="x" * 41).name.errors == ["Child's full name must be 40 characters or fewer"]
    assert filled(story="one\r\ntwo ").story.data in {"one\r\ntwo", "one\ntwo"}
    assert filled(note="").note.data is None


@pytest.mark.parametrize("key", ["", "short", "k" * 65, "k" * 21 + "!", "k" * 21 + "é"])
@pytest.mark.usefixtures("in_request")
def test_a_form_key_that_is_not_ours_is_refused(key: str) -> None:
    assert filled(form_key=key).form_key.errors


@pytest.mark.parametrize("version", ["", "-1", "x", "99999999999999999999", "2147483648", "٣"])
@pytest.mark.usefixtures("in_request")
def test_a_version_that_is_no_number_is_an_error_and_not_a_crash(version: str) -> None:
    form = filled(version=version)
    assert form.version.data is None
    assert form.version.errors


def test_each_drawing_of_a_form_has_its_own_key_and_carries_the_version(client: JudgingClient) -> None:
    first, second = (client.get("/form").answers() for _time in range(2))
    assert first["form_key"] != second["form_key"]
    assert first["version"] == ["3"]


def test_a_post_without_a_token_is_refused_in_words(client: JudgingClient) -> None:
    page = client.post("/form", GOOD, expect=400, bare=True)
    assert "could not check it was you" in page.text


def test_a_body_that_is_no_form_is_refused_in_words(client: JudgingClient) -> None:
    token = client.get("/form").answers()["csrf_token"][0]
    for body in ("[1, 2]", '"text"', "{", "null"):
        sent = client.open(
            "POST", "/form", 400, data=body, content_type="application/json", headers={"X-CSRFToken": token}
        )
        assert sent.errors


def test_too_big_a_body_is_refused_in_words(client: JudgingClient) -> None:
    assert "too big" in client.post("/form", {"name": "x" * 2_100_000}, expect=413).h1


@pytest.mark.parametrize(("count", "errors"), [(0, []), (2, []), (3, ["Choose up to 2 files at a time"])])
@pytest.mark.usefixtures("in_request")
def test_more_files_than_allowed_are_refused(count: int, errors: list[str]) -> None:
    files = [FileStorage(BytesIO(b"x"), filename=f"{number}.pdf") for number in range(count)]
    form = filled(letters=files)
    assert list(form.letters.errors) == errors


def test_a_search_stands_in_the_address_without_token_or_key(client: JudgingClient) -> None:
    page = client.submit(client.get("/search"), {"words": "SAR-7K3M"}, expect=200)
    assert page.path == "/search"
    assert set(page.answers()) == {"words"}
    assert "SAR-7K3M" in page.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.dictionaries(
        st.sampled_from([*GOOD, "born", "story", "note", "address", "letters", "version", "save"]),
        st.lists(st.text(max_size=60), max_size=4),
    )
)
def test_no_answers_whatever_crash_the_page_or_break_it(client: JudgingClient, answers: dict[str, list[str]]) -> None:
    page = client.post("/form", answers, expect=400)
    assert page.errors
