"""A test client that judges every page it fetches, so that no test needs to ask for valid HTML, labels or headers.

client = JudgingClient(app, engine=engine)
page = client.get("/requests/new")
page = client.submit(page, {"first_name": "Ash"}, expect=303)
page.errors, page.text, page.queries
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from flask import Flask
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from tests.parsing import parsed

HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = ("default-src 'none'", "script-src 'self' 'nonce-", "style-src 'self'", "form-action 'self'",
          "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'")  # fmt: skip
FORM_FAULTS = {400, 409, 422, 429}
SCANNED = ("child", "entry", "entry_version", "case", "event", "log")
# What a template prints when something was forgotten. "None of these" is an honest answer.
SLIPS = re.compile(
    r"\bNone\b(?! of\b)|"
    r"\{\{|\}\}|\{%|%\}|\bUndefined\b|<built-in|<bound method|object at 0x|%\(\w+\)s|Decimal\(|datetime\."
)
SPOKEN = {"button", "hidden", "image", "reset", "submit"}
MAX_QUERIES = 44
MAX_COMMITS = 2


class PageFault(AssertionError):
    """A page is not fit to be shown; the words say what is wrong with it."""


def text_of(element: Element) -> str:
    """Everything written inside `element`, spaces folded."""
    return " ".join("".join(element.itertext()).split())


@dataclass
class Page:
    """One answer of the app, parsed."""

    response: TestResponse
    path: str
    statements: list[tuple[str, Any]] = field(default_factory=list)
    commits: int = 0

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def queries(self) -> int:
        """How many statements the request sent to the database."""
        return len(self.statements)

    @property
    def location(self) -> str:
        """Where a redirect leads: path and query."""
        there = urlsplit(self.response.headers["Location"])
        return there.path + (f"?{there.query}" if there.query else "")

    @property
    def is_html(self) -> bool:
        """Whether this is a page to read, rather than a file or a redirect."""
        kept = "attachment" in self.response.headers.get("Content-Disposition", "")
        return self.response.mimetype == "text/html" and not kept and not 300 <= self.status < 400

    @cached_property
    def html(self) -> str:
        return self.response.get_data(as_text=True)

    @cached_property
    def _parsed(self) -> tuple[Element, list[str]]:
        return parsed(self.html)

    @property
    def tree(self) -> Element:
        return self._parsed[0]

    @cached_property
    def _elements(self) -> dict[str, list[Element]]:
        """The elements of each name, and of any ("*"), in the order of the page."""
        found: dict[str, list[Element]] = {"*": []}
        for one in self.tree.iter():
            if isinstance(one.tag, str):
                found["*"].append(one)
                found.setdefault(one.tag, []).append(one)
        return found

    @property
    def parse_faults(self) -> list[str]:
        return self._parsed[1]

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Elements called `tag` (or any, "*") with these attributes; `cls` asks for one class of several."""
        wanted = attributes.pop("cls", None)
        found = self._elements.get(tag, [])
        if not attributes and wanted is None:
            return list(found)
        return [
            one
            for one in found
            if all(one.get(name.rstrip("_").replace("_", "-")) == value for name, value in attributes.items())
            and (wanted is None or wanted in (one.get("class") or "").split())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element; PageFault when there are none or several."""
        found = self.all(tag, **attributes)
        if len(found) != 1:
            raise PageFault(f"{self.path}: {len(found)} of <{tag} {attributes}>, not one")
        return found[0]

    @property
    def text(self) -> str:
        """What a reader sees of the page's main part."""
        return text_of(self.one("main"))

    @property
    def title(self) -> str:
        return text_of(self.one("title"))

    @property
    def h1(self) -> str:
        return text_of(self.one("h1"))

    @property
    def summary(self) -> list[Element]:
        return self.all("div", cls="govuk-error-summary")

    @property
    def errors(self) -> list[str]:
        """The lines of the error summary."""
        return [text_of(item) for box in self.summary for item in box.iter("li")]

    def forms(self) -> list[Element]:
        return self.all("form")

    def answers(self, which: int | str = 0) -> dict[str, list[str]]:
        """What a browser would send if the form (by number or by its action) were sent as it stands."""
        form = self._form(which)
        values: dict[str, list[str]] = {}
        for control in form.iter():
            for value in _sent(control):
                values.setdefault(control.get("name") or "", []).append(value)
        return values

    def action(self, which: int | str = 0) -> str:
        return self._form(which).get("action") or self.path

    def method(self, which: int | str = 0) -> str:
        return (self._form(which).get("method") or "get").lower()

    def _form(self, which: int | str) -> Element:
        forms = self.forms()
        if isinstance(which, str):
            forms, which = [one for one in forms if one.get("action") == which], 0
        if which >= len(forms):
            raise PageFault(f"{self.path}: there is no such form on this page")
        return forms[which]


def _sent(control: Element) -> list[str]:
    """The values that one control adds to a form that is sent; buttons add theirs only when pressed."""
    kind = control.get("type", "text")
    if control.get("name") is None or control.get("disabled") is not None:
        return []
    if control.tag == "textarea":
        return [control.text or ""]
    if control.tag == "select":
        options = list(control.iter("option"))
        chosen = [one for one in options if one.get("selected") is not None] or options[:1]
        return [one.get("value", text_of(one)) for one in chosen]
    if control.tag != "input" or kind in {"file", "submit", "button"}:
        return []
    if kind in {"radio", "checkbox"} and control.get("checked") is None:
        return []
    return [control.get("value", "on" if kind == "checkbox" else "")]


class JudgingClient:
    """Flask's test client, with an opinion. `engine`, when given, has its statements and commits counted."""

    def __init__(
        self,
        app: Flask,
        engine: Engine | None = None,
        *,
        base_url: str = "http://localhost",
        max_queries: int = MAX_QUERIES,
        max_commits: int = MAX_COMMITS,
    ) -> None:
        self.app, self.engine, self.base_url = app, engine, base_url
        self.client = app.test_client()
        self.max_queries, self.max_commits = max_queries, max_commits
        self.last: Page | None = None
        self._token = ""

    def get(self, path: str, expect: int = 200, **options: Any) -> Page:
        """Fetches and judges a page; `expect` is the status it must have."""
        return self.open("GET", path, expect, **options)

    def post(self, path: str, data: Mapping[str, Any] | None = None, expect: int = 303, **options: Any) -> Page:
        """Sends a form. Token and form key are added from the last page seen, unless `bare=True`."""
        sent = dict(data or {})
        if not options.pop("bare", False):
            sent.setdefault("csrf_token", self._token or self._fetch_token(path))
            sent.setdefault("form_key", f"key-of-a-test-{id(sent):020}")
        return self.open("POST", path, expect, data=sent, **options)

    def submit(
        self,
        page: Page,
        answers: Mapping[str, Any] | None = None,
        expect: int = 303,
        *,
        form: int | str = 0,
        **options: Any,
    ) -> Page:
        """Fills in the form of `page` and sends it, as a browser would: hidden values and earlier answers go along."""
        sent = {**page.answers(form), **(answers or {})}
        if page.method(form) == "get":
            return self.get(page.action(form), expect, query_string=sent, **options)
        return self.open("POST", page.action(form), expect, data=sent, **options)

    def follow(self, page: Page, expect: int = 200, **options: Any) -> Page:
        """Goes where the redirect `page` leads."""
        return self.get(page.location, expect, **options)

    def open(
        self,
        method: str,
        path: str,
        expect: int,
        *,
        max_queries: int | None = None,
        max_commits: int | None = None,
        **options: Any,
    ) -> Page:
        """Any request, judged."""
        options.setdefault("base_url", self.base_url)
        with counting(self.engine) as counted:
            response = self.client.open(path, method=method, buffered=True, **options)
        page = Page(response, path, counted.statements, counted.commits)
        self.last = page
        if page.status != expect:
            shown = f" {page.errors or page.h1}" if page.is_html else ""
            raise PageFault(f"{method} {path} answered {page.status}{shown}, not {expect}")
        judge(page)
        self._within_limits(page, max_queries, max_commits)
        if page.is_html:
            tokens = page.all("input", name="csrf_token")
            self._token = tokens[0].get("value", "") if tokens else self._token
        return page

    def _within_limits(self, page: Page, max_queries: int | None, max_commits: int | None) -> None:
        most = self.max_queries if max_queries is None else max_queries
        if page.queries > most:
            often = Counter(sql for sql, _values in page.statements).most_common(3)
            told = "\n".join(f"{count} x {sql}" for sql, count in often)
            raise PageFault(f"{page.path}: {page.queries} queries, at most {most}. Most often:\n{told}")
        most = self.max_commits if max_commits is None else max_commits
        if page.commits > most:
            raise PageFault(f"{page.path}: {page.commits} commits, at most {most}")
        if self.engine is not None:
            no_plan_scans(self.engine, page.statements)

    def _fetch_token(self, path: str) -> str:
        self.client.get(path, base_url=self.base_url)
        page = Page(self.client.get(path, base_url=self.base_url), path)
        tokens = page.all("input", name="csrf_token") if page.is_html else []
        if not tokens:
            raise PageFault(f"{path} has no form whose token could be sent; fetch a page that has one first")
        return tokens[0].get("value", "")


@dataclass
class Counted:
    """What went to the database."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    commits: int = 0


@contextmanager
def counting(engine: Engine | None) -> Iterator[Counted]:
    """Counts statements and commits of `engine` while the block runs."""
    counted = Counted()
    if engine is None:
        yield counted
        return

    def statement(_conn: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        # Many rows come as a list; an insert that answers with its rows sends them in one flat set, `many` or not.
        counted.statements.append((sql, values[0] if many and isinstance(values, list) and values else values))

    def commit(_conn: Any) -> None:
        counted.commits += 1

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield counted
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)


def no_plan_scans(engine: Engine, statements: Sequence[tuple[str, Any]], tables: Sequence[str] = SCANNED) -> None:
    """PageFault when SQLite would read one of the big tables from end to end for one of these SELECTs.

    PostgreSQL chooses its plan by the number of rows, so a small test database says nothing there."""
    if engine.dialect.name != "sqlite":
        return
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        for sql, values in dict(statements).items():
            if not sql.lstrip().upper().startswith(("SELECT", "WITH")):
                continue
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values or ())
            for *_ids, detail in cursor.fetchall():
                _judge_plan(sql, detail, tables)
        cursor.close()
    finally:
        raw.close()


def _judge_plan(sql: str, detail: str, tables: Sequence[str]) -> None:
    scan = re.match(r"SCAN (?:TABLE )?(\S+)(.*)", detail)
    if not scan or " USING " in scan[2]:
        return
    alias = re.search(rf'"?(\w+)"? AS "?{re.escape(scan[1])}"?\b', sql, re.IGNORECASE)
    table = alias[1] if alias else scan[1]
    if table in tables:
        raise PageFault(f"the whole table {table} is read ({detail}) for:\n{sql}")


# ---- What a page must be


def judge(page: Page) -> None:
    """PageFault with every fault of `page` at once."""
    faults = list(_header_faults(page))
    if page.is_html:
        for check in CHECKS:
            faults += check(page)
    if faults:
        raise PageFault(f"{page.path} ({page.status}):\n  " + "\n  ".join(faults))


def _header_faults(page: Page) -> Iterator[str]:
    headers = page.response.headers
    for name, value in HEADERS.items():
        if headers.get(name) != value:
            yield f"header {name} is {headers.get(name)!r}"
    if not headers.get("Permissions-Policy"):
        yield "header Permissions-Policy is missing"
    policy = headers.get("Content-Security-Policy", "")
    if "attachment" in headers.get("Content-Disposition", ""):
        if "sandbox" not in policy:
            yield "a download without the sandbox policy"
    else:
        yield from (f"the policy lacks {part}" for part in POLICY if part not in policy)
    if "unsafe" in policy or "*" in policy:
        yield f"the policy allows too much: {policy}"
    if not page.path.startswith("/static/") and headers.get("Cache-Control") != "no-store":
        yield f"Cache-Control is {headers.get('Cache-Control')!r}, not no-store"
    if page.is_html and "charset=utf-8" not in page.response.content_type:
        yield "HTML that does not say it is UTF-8"
    if "Location" in headers and urlsplit(headers["Location"]).netloc not in {
        "",
        urlsplit(page.response.request.url).netloc,
    }:
        yield f"a redirect to another host: {headers['Location']}"


def _parse_faults(page: Page) -> Iterator[str]:
    yield from page.parse_faults
    ids = Counter(one.get("id") for one in page.all("*") if one.get("id"))
    yield from (f"{count} elements have the id {name}" for name, count in ids.items() if count > 1)
    known = set(ids)
    for element in page.all("*"):
        for name in ("aria-describedby", "aria-labelledby", "aria-controls", "for"):
            missing = set((element.get(name) or "").split()) - known
            if missing:
                yield f"{name} of <{element.tag}> names {', '.join(sorted(missing))}, which is not there"


def _heading_faults(page: Page) -> Iterator[str]:
    headings = [text_of(one) for one in page.all("h1")]
    titles = [text_of(one) for one in page.all("title")]
    if len(headings) != 1 or len(titles) != 1:
        yield f"{len(headings)} h1 and {len(titles)} titles"
        return
    start = ("Error: " if page.summary else "") + headings[0]
    if not headings[0] or not titles[0].startswith(start):
        yield f"the title {titles[0]!r} does not begin with {start!r}"


def _summary_faults(page: Page) -> Iterator[str]:
    beside = page.all("p", cls="govuk-error-message")
    if len(page.summary) > 1:
        yield "more than one error summary"
    if beside and not page.summary:
        yield "errors beside fields, but no summary"
    if page.summary and page.status not in FORM_FAULTS:
        yield f"an error summary on a page with status {page.status}"
    told = any(one.get("data-error-page") for one in page.all("*"))
    if page.status in {400, 422} and not page.summary and not told:
        yield "a form was refused, but no summary says why"
    ids = {one.get("id") for one in page.all("*")}
    for box in page.summary:
        if not any(True for _item in box.iter("li")):
            yield "an empty error summary"
        for link in box.iter("a"):
            if (link.get("href") or "")[:1] != "#" or (link.get("href") or "")[1:] not in ids:
                yield f"the summary leads to {link.get('href')}, which is not there"


def _form_faults(page: Page) -> Iterator[str]:
    for form in page.forms():
        method = (form.get("method") or "").lower()
        hidden = {one.get("name") for one in form.iter("input")}
        if not form.get("action"):
            yield "a form without an action"
        if method == "post" and "csrf_token" not in hidden:
            yield f"the form to {form.get('action')} has no csrf_token"
        if method != "post" and "csrf_token" in hidden:
            yield f"the form to {form.get('action')} would put its csrf_token into the address"
        files = any(one.get("type") == "file" for one in form.iter("input"))
        if files and form.get("enctype") != "multipart/form-data":
            yield f"the form to {form.get('action')} cannot send files"
        if form.get("novalidate") is None:
            yield f"the form to {form.get('action')} lets the browser use its own error words (novalidate)"


def _label_faults(page: Page) -> Iterator[str]:
    labelled = {one.get("for") for one in page.all("label") if text_of(one)}
    wrapped = {one for label in page.all("label") for one in label.iter()}
    for control in (*page.all("input"), *page.all("select"), *page.all("textarea")):
        if control.get("type") in SPOKEN:
            continue
        named = control.get("aria-label") or control.get("aria-labelledby") or control.get("id") in labelled
        if not named and control not in wrapped:
            yield f"nothing says what {control.get('name')} is for"
    for name, count in Counter(one.get("name") for one in page.all("input", type="radio")).items():
        inside = sum(
            1
            for group in page.all("fieldset")
            if group.find("legend") is not None
            for one in group.iter("input")
            if one.get("name") == name and one.get("type") == "radio"
        )
        if inside < count:
            yield f"the choices of {name} stand in no fieldset with a legend"
    yield from (
        f"a button without words: {one.attrib}"
        for one in page.all("button")
        if not text_of(one) and not one.get("aria-label")
    )
    yield from (
        f"a link without words: {one.get('href')}"
        for one in page.all("a")
        if not text_of(one) and not one.get("aria-label")
    )


def _script_faults(page: Page) -> Iterator[str]:
    policy = page.response.headers.get("Content-Security-Policy", "")
    for script in page.all("script"):
        if not script.get("src") or (script.text or "").strip():
            yield "a script inside the page"
        if not script.get("nonce") or f"'nonce-{script.get('nonce')}'" not in policy:
            yield f"the script {script.get('src')} has not the nonce of this answer"
    if page.all("style"):
        yield "a style inside the page"
    for link in page.all("a", target="_blank"):
        if "noopener" not in (link.get("rel") or "") and "noreferrer" not in (link.get("rel") or ""):
            yield f"{link.get('href')} opens a window that can reach back"


def _attribute_faults(page: Page) -> Iterator[str]:
    for element in page.all("*"):
        for name, value in element.attrib.items():
            if name.startswith("on") or name == "style":
                yield f"<{element.tag} {name}>"
            if name in {"href", "src", "action"} and value.strip().lower().startswith(("javascript:", "data:")):
                yield f"<{element.tag} {name}={value[:30]!r}>"
            if name == "src" and urlsplit(value).netloc:
                yield f"<{element.tag}> fetches from another host: {value}"


def _frame_faults(page: Page) -> Iterator[str]:
    for landmark in ("header", "main", "footer"):
        if len(page.all(landmark)) != 1 and not (landmark != "main" and len(page.all(landmark)) > 1):
            yield f"{len(page.all(landmark))} <{landmark}>"
    if not page.one("html").get("lang"):
        yield "the page does not say its language"
    yield from (f"an image without alt: {one.get('src')}" for one in page.all("img") if one.get("alt") is None)
    levels = [int(one.tag[1]) for one in page.all("*") if re.fullmatch("h[1-6]", one.tag)]
    jumps = [(before, after) for before, after in zip([1, *levels], levels, strict=False) if after > before + 1]
    yield from (f"a heading h{after} follows h{before}" for before, after in jumps)


def _slips(page: Page) -> Iterator[str]:
    for element in page.all("*"):
        # What a person typed or a record holds is shown as it is; only our own words are judged.
        if element.tag in {"textarea", "script"} or element.get("data-as-recorded") is not None:
            continue
        for words in (element.text, *(child.tail for child in element)):
            if words and SLIPS.search(words):
                yield f"<{element.tag}> says {' '.join(words.split())[:80]!r}"
        for name in ("href", "action", "value", "id", "title", "alt", "aria-label", "datetime", "class"):
            if element.get(name) is not None and re.search(r"\bNone\b|\{\{", element.get(name) or ""):
                yield f"<{element.tag} {name}={element.get(name)!r}>"


CHECKS = (
    _parse_faults,
    _heading_faults,
    _summary_faults,
    _form_faults,
    _label_faults,
    _script_faults,
    _attribute_faults,
    _frame_faults,
    _slips,
)
