"""The shell around every page: headers, errors, the quick exit, and the parts that pages are made of."""

from __future__ import annotations

import logging
from io import BytesIO

import pytest
from flask import Flask
from werkzeug.http import parse_options_header

from portal import errors
from tests.judge import JudgingClient
from tests.sample_app import make_app


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> JudgingClient:
    return JudgingClient(app)


@pytest.mark.parametrize("status", sorted(errors.PAGES))
def test_each_error_has_a_page_that_says_what_to_do(client: JudgingClient, status: int) -> None:
    page = client.get(f"/fails/{status}", status)
    assert page.h1 == str(errors.PAGES[status][0])
    assert len(page.one("div", data_error_page=str(status)).findall("p")) >= 2
    assert "07700 900123" in page.text


@pytest.mark.parametrize(("status", "like"), [(406, 400), (415, 400), (418, 400), (502, 500), (504, 500)])
def test_an_error_without_its_own_words_borrows_those_of_its_kind(
    client: JudgingClient, status: int, like: int
) -> None:
    assert client.get(f"/fails/{status}", status).h1 == str(errors.PAGES[like][0])


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Refused", 403),
        ("NotThere", 404),
        ("Conflict", 409),
        ("TooLarge", 413),
        ("TooOften", 429),
        ("Unavailable", 503),
    ],
)
def test_a_refusal_of_a_package_becomes_a_page_with_its_words(client: JudgingClient, kind: str, status: int) -> None:
    page = client.get(f"/refuses/{kind}", status)
    assert "Because the sample says so." in page.text
    assert ("Retry-After" in page.response.headers) == (status in {429, 503})


def test_a_crash_says_sorry_and_nothing_else(client: JudgingClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        page = client.get("/crashes", 500)
    assert "Sorry" in page.h1
    assert "ZeroDivision" not in page.html
    assert "ZeroDivisionError" in caplog.text


def test_a_wrong_method_is_refused_and_told_which_is_right(client: JudgingClient) -> None:
    client.get("/form")
    page = client.post("/parts", {}, expect=405)
    assert "GET" in page.response.headers["Allow"]


def test_a_forged_host_is_refused_with_all_headers() -> None:
    app = make_app()
    app.config["TRUSTED_HOSTS"] = ["records.example.org"]
    page = JudgingClient(app, base_url="http://evil.example.org").get("/form", 400)
    assert "evil" not in page.html


def test_styles_may_be_kept_and_pages_may_not(client: JudgingClient) -> None:
    style = client.get("/static/portal.css")
    assert style.response.headers["Cache-Control"].startswith("public")
    assert client.get("/static/none.css", 404).response.headers["Cache-Control"] == "no-store"
    assert client.get("/parts").response.headers["Cache-Control"] == "no-store"


def test_each_answer_has_its_own_nonce(client: JudgingClient) -> None:
    first, second = (client.get("/parts").response.headers["Content-Security-Policy"] for _time in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("document-7F3K.pdf", "document-7F3K.pdf"),
        ("../../etc/passwd", "passwd"),
        ('a"b;c\r\nX-Evil: 1.pdf', "abcX-Evil 1.pdf"),
        ("файл.pdf", "файл.pdf"),
        ("Siân’s letter.pdf", "Siân’s letter.pdf"),
        (".htaccess", "htaccess"),
        ("", "document"),
        ("\x00\x1f", "document"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("%2e%2e", "2e2e"),
    ],
)
def test_a_download_is_saved_under_a_name_that_does_no_harm(client: JudgingClient, asked: str, given: str) -> None:
    response = client.get("/file", query_string={"name": asked}).response
    kind, parts = parse_options_header(response.headers["Content-Disposition"])
    assert (kind, parts["filename"]) == ("attachment", given)
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"


def test_a_long_file_name_is_cut_and_keeps_its_ending(client: JudgingClient) -> None:
    response = client.get("/file", query_string={"name": "x" * 300 + ".pdf"}).response
    _kind, parts = parse_options_header(response.headers["Content-Disposition"])
    assert len(parts["filename"]) <= 100
    assert parts["filename"].endswith(".pdf")


def test_the_quick_exit_is_a_plain_link_that_tells_nobody_where_it_came_from(client: JudgingClient) -> None:
    for path, status in (("/parts", 200), ("/form", 200), ("/nowhere", 404)):
        page = client.get(path, status)
        exits = page.all("a", href="https://weather.example.org/")
        assert len(exits) == 2
        assert all("noreferrer" in (one.get("rel") or "") for one in exits)


def test_the_quick_exit_is_on_the_family_s_door_only(client: JudgingClient) -> None:
    for door in ("caseworker", "source"):
        assert not client.get(f"/{door}/").all("a", href="https://weather.example.org/")
    assert "staff" in "".join(client.get("/caseworker/").one("header").itertext())


def test_notices_are_shown_once_and_do_not_share_an_id(client: JudgingClient) -> None:
    files = {"proof": (BytesIO(b"x"), "proof.pdf")}
    answers = {
        "name": "Ash", "email": "a@example.org", "secret": "x", "born-day": "3", "born-month": "6", "born-year": "2014",
        "way": "email", "areas": "a", "agreed": "y", "school": "x",
    }  # fmt: skip
    saved = client.submit(client.get("/form"), {**answers, **files})
    assert "Your answers are saved" in client.follow(saved).text
    assert "Your answers are saved" not in client.follow(saved).text


def test_the_head_names_the_service_and_the_authority_and_no_crown(client: JudgingClient) -> None:
    page = client.get("/parts")
    assert "Example Council" in "".join(page.one("header").itertext())
    for word in ("crown", "GOV.UK", "govuk-header", "crest"):
        assert word not in page.html


def test_outside_the_demonstration_no_page_speaks_of_invented_people() -> None:
    assert "invented" not in JudgingClient(make_app(demo=False)).get("/parts").html
    assert "invented" in JudgingClient(make_app()).get("/parts").html


def test_an_authority_without_telephone_is_not_rung(client: JudgingClient) -> None:
    page = JudgingClient(make_app(authority_phone="", authority_email="")).get("/nowhere", 404)
    assert "reach us" not in page.text
    assert "reach us" in client.get("/nowhere", 404).text


def test_an_empty_value_is_said_and_a_table_names_its_rows_and_columns(client: JudgingClient) -> None:
    page = client.get("/parts")
    assert "Nothing given" in page.text
    table = page.one("table")
    assert {one.get("scope") for one in table.iter("th")} == {"col", "row"}
