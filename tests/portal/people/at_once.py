"""The same form sent twenty times at one moment, and how much work a page is to the database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from portal.runtime import Runtime
from tests.judge import JudgingClient, Page

AT_ONCE = 20
_VALUES = re.compile(r"\$\d+|\?|%\(\w+\)s|:\w+")
_ROW = re.compile(r"(INSERT INTO \S+) \(.*", re.DOTALL)  # which columns are empty is a matter of the row


def count(runtime: Runtime, table: type, **which: object) -> int:
    with runtime.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table).filter_by(**which)).scalar_one())


def at_once(
    client: JudgingClient, page: Page, answers: Mapping[str, Any], *, times: int = AT_ONCE, form: int | str = 0
) -> list[int]:
    """The answers' statuses, sorted, when the form of `page` is sent so often by one browser in one moment."""
    sent = {**page.answers(form), **answers}
    cookies = [(one.key, one.value) for one in client.client._cookies.values()]

    def press(_n: int) -> int:
        twin = client.app.test_client()
        for name, value in cookies:
            twin.set_cookie(name, value, domain="127.0.0.1")
        return int(twin.post(page.action(form), data=sent, base_url=client.base_url).status_code)

    with ThreadPoolExecutor(times // 2) as pool:
        return sorted(pool.map(press, range(times)))


class _Statements:
    """What one page sent to the database, against the first page of its kind: the same statements in the same order
    and as many commits, or somebody could tell from the outside what was known."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[list[str], int]] = {}
        self.first: tuple[list[str], int] = ([], 0)

    def __call__(self, kind: str, page: Page, runtime: Runtime) -> tuple[list[str], int]:
        done = ([_ROW.sub(r"\1", _VALUES.sub("?", sql)) for sql, _values in page.statements], page.commits)
        self.first = self._kept.setdefault(f"{kind} {runtime.database.engine.dialect.name}", done)
        return done


statements = _Statements()
