"""How long the family's door takes to answer whoever is known there and whoever is not.

`python -m tests.bench.sign_in_timing 300`: medians in milliseconds, and how often an answer to somebody known took
longer than one to somebody unknown. A half is what a coin would say: then time tells nobody apart."""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from portal import create_app, db
from portal.cases.references import new_reference
from portal.migrate import migrate
from portal.people import cards
from portal.settings import Secrets, Settings
from tests.client import client_for, enter_family, runtime_of
from tests.judge import JudgingClient, Page

Try = tuple[str, dict[str, str]]


def installation(folder: Path) -> Flask:
    Secrets.make(folder / "keys")
    url = f"sqlite:///{folder / 'portal.db'}"
    migrate(url, url)
    environ = {"PORTAL_INSTANCE": str(folder), "DATABASE_URL": url}
    return create_app(Settings.load(environ, mail_url=f"folder:{folder / 'mail'}"))


def tries(app: Flask) -> dict[str, tuple[Callable[[], Try], Callable[[], Try]]]:
    """Door -> a try of somebody known, and the same of somebody unknown. No two are of one person: none is limited."""
    runtime = runtime_of(app)
    pepper = runtime.settings.secrets.pepper

    def person() -> str:
        return f"{random.randrange(10**12)}@example.org"

    def link(*, known: bool) -> Try:
        email = person()
        robin = enter_family(runtime, email=email, app=False)
        return "/sign-in", {"email": email, "reference": robin.reference if known else new_reference("SAR")}

    def card(*, known: bool) -> Try:
        robin, new = enter_family(runtime, email="", app=False), cards.new_card(pepper)
        with runtime.database.write() as session:
            cards.issue(session, purpose="sign_in", holder_id=robin.person_id, new=new, now=db.now())
        return "/sign-in/card", {"number": new.number if known else cards.new_card(pepper).number, "words": "wrong"}

    return {
        "link": (lambda: link(known=True), lambda: link(known=False)),
        "card": (lambda: card(known=True), lambda: card(known=False)),
    }


def seconds(client: JudgingClient, page: Page, answers: dict[str, str]) -> float:
    sent = {**page.answers(), **answers}
    begun = time.perf_counter()
    client.client.post(page.action(), data=sent, base_url=client.base_url)
    return time.perf_counter() - begun


def measured(app: Flask, door: str, times: int) -> str:
    client, took = client_for(app), {True: list[float](), False: list[float]()}
    known, unknown = tries(app)[door]
    app.extensions["portal_floods"].within = lambda *_tried, **_more: True  # one machine asks more than a network may
    order = [True, False] * times
    random.shuffle(order)
    page = client.get("/sign-in" if door == "link" else "/sign-in/card")
    for is_known in order:
        _path, answers = (known if is_known else unknown)()
        took[is_known].append(seconds(client, page, answers))
    longer = sum(a > b for a in took[True] for b in took[False]) / times**2
    middle = {who: 1000 * statistics.median(all_) for who, all_ in took.items()}
    return f"known {middle[True]:.1f} ms, unknown {middle[False]:.1f} ms, known took longer in {longer:.0%}"


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        app = installation(Path(folder))
        for door in ("link", "card"):
            print(f"{door}: {measured(app, door, times)}")


if __name__ == "__main__":
    main()
