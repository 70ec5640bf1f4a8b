"""The judge is judged: each fault it looks for, it finds."""

from __future__ import annotations

import pytest
from flask import Flask, Response
from sqlalchemy import create_engine, text

from portal import security_headers
from tests.judge import JudgingClient, PageFault, counting, no_plan_scans

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Help – Records</title></head><body>
<header>Head</header><main>{before}<h1>Help</h1>{inside}</main><footer>Foot</footer></body></html>"""


def page_of(html: str, status: int = 200) -> JudgingClient:
    app = Flask("judged")
    security_headers.init_app(app)

    @app.get("/")
    def page() -> Response:
        return Response(html, status=status, mimetype="text/html")

    return JudgingClient(app)


def test_a_sound_page_passes() -> None:
    assert page_of(PAGE.format(before="", inside="<p>None of these is wrong.</p>")).get("/").h1 == "Help"


@pytest.mark.parametrize(
    ("inside", "fault"),
    [
        ("<p><div></p>", "unexpected-end-tag"),
        ("<p id=a></p><p id=a></p>", "2 elements have the id a"),
        ("<h1>Again</h1>", "2 h1"),
        ("<h3>Too deep</h3>", "a heading h3 follows h1"),
        ("<form method=post action=/x novalidate></form>", "no csrf_token"),
        ("<form method=post novalidate><input type=hidden name=csrf_token></form>", "without an action"),
        ("<form action=/x><input aria-label=x></form>", "novalidate"),
        ("<form action=/x novalidate><input type=hidden name=csrf_token></form>", "into the address"),
        ("<form action=/x novalidate><input name=q></form>", "nothing says what q is for"),
        ("<form action=/x novalidate><label>A <input type=radio name=r></label></form>", "no fieldset"),
        ("<button></button>", "a button without words"),
        ("<a href=/x></a>", "a link without words"),
        ("<script>1</script>", "a script inside the page"),
        ("<script src=/x.js></script>", "not the nonce"),
        ("<p onclick=x>x</p>", "<p onclick>"),
        ("<p style=color:red>x</p>", "<p style>"),
        ("<a href='javascript:x'>x</a>", "javascript:x"),
        ("<img src=/x.png>", "without alt"),
        ("<img alt='' src=https://elsewhere.example.org/x.png>", "another host"),
        ("<p>Due: None</p>", "'Due: None'"),
        ("<p>{{ case.due }}</p>", "{{ case.due }}"),
        ("<a href=/cases/None>x</a>", "/cases/None"),
        ("<p aria-describedby=gone>x</p>", "gone"),
        ("<p class=govuk-error-message>Wrong</p>", "no summary"),
        ("<main></main>", "2 <main>"),
    ],
)
def test_each_fault_of_a_page_is_found(inside: str, fault: str) -> None:
    with pytest.raises(PageFault, match=fault.replace("{", r"\{").replace("(", r"\(")):
        page_of(PAGE.replace("{before}", "").replace("{inside}", inside)).get("/")


SUMMARY = '<div class="govuk-error-summary"><ul><li><a href="#{to}">Wrong</a></li></ul></div>'


@pytest.mark.parametrize(
    ("status", "before", "fault"),
    [
        (400, "", "no summary says why"),
        (200, SUMMARY.format(to="x"), "summary on a page with status 200"),
        (400, SUMMARY.format(to="gone"), "leads to #gone"),
        (400, SUMMARY.format(to="x"), "does not begin with 'Error: Help'"),
    ],
)
def test_a_refused_form_must_say_why_and_where(status: int, before: str, fault: str) -> None:
    with pytest.raises(PageFault, match=fault):
        page_of(PAGE.format(before=before, inside="<p id=x></p>"), status).get("/", status)


def test_a_missing_header_is_found() -> None:
    bare = Flask("bare")
    bare.add_url_rule("/", view_func=lambda: PAGE.format(before="", inside=""), endpoint="bare")
    with pytest.raises(PageFault, match="Cache-Control"):
        JudgingClient(bare).get("/")


def test_another_status_than_expected_is_a_fault() -> None:
    with pytest.raises(PageFault, match="answered 200"):
        page_of(PAGE.format(before="", inside="")).get("/", 404)


def test_statements_and_commits_are_counted_and_limited() -> None:
    engine = create_engine("sqlite://")
    app = Flask("counted")
    security_headers.init_app(app)

    @app.get("/")
    def page() -> Response:
        for _time in range(3):
            with engine.begin() as connection:
                connection.execute(text("SELECT 1"))
        return Response("done", mimetype="text/plain")

    client = JudgingClient(app, engine)
    with pytest.raises(PageFault, match="3 commits"):
        client.get("/")
    assert (client.last.queries, client.last.commits) == (3, 3) if client.last else False
    with pytest.raises(PageFault, match="3 queries, at most 2"):
        client.get("/", max_commits=3, max_queries=2)
    assert client.get("/", max_commits=3).queries == 3
    engine.dispose()


@pytest.mark.parametrize(
    ("sql", "scans"),
    [
        ("SELECT * FROM child WHERE name = 'x'", True),
        ("SELECT c.id FROM child AS c WHERE c.name = 'x'", True),
        ("SELECT * FROM child WHERE id = 1", False),
        ("SELECT * FROM team", False),
        ('SELECT * FROM "case" WHERE state = 1', True),
        ("UPDATE child SET name = 'x'", False),
    ],
)
def test_a_plan_that_reads_a_big_table_whole_is_found(sql: str, scans: bool) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for table in ("child (id INTEGER PRIMARY KEY, name)", "team (id)", '"case" (id, state)'):
            connection.execute(text(f"CREATE TABLE {table}"))
    with counting(engine) as counted, engine.begin() as connection:
        connection.execute(text(sql))
    if scans:
        with pytest.raises(PageFault, match="whole table"):
            no_plan_scans(engine, counted.statements)
    else:
        no_plan_scans(engine, counted.statements)
    engine.dispose()
