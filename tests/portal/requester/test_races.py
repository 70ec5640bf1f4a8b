"""Many submissions of one form at once give one result; what is limited stays limited."""

from __future__ import annotations

import threading

from sqlalchemy import func
from sqlmodel import select

from portal.cases.models import Case, Event
from portal.people.models import OutboxMessage, Person
from tests.client import client_for, runtime_of
from tests.portal.requester.asking import CHILD, begin, go_on, send


def _cookies(client) -> str:
    return "; ".join(f"{one.key}={one.value}" for one in client.client._cookies.values())


def test_fifty_parallel_submissions_of_one_form_give_one_case(app, visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    data, cookies = page.answers(), _cookies(visitor)
    answers, gate = [], threading.Barrier(50)

    def press() -> None:
        client = app.test_client(use_cookies=False)
        gate.wait()
        response = client.post("/ask/check", data=data, headers={"Cookie": cookies}, base_url=visitor.base_url)
        answers.append((response.status_code, response.headers.get("Location")))

    threads = [threading.Thread(target=press) for _one in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {(303, "/ask/sent")}
    with runtime_of(app).database.read() as session:
        for table in (Case, Person, OutboxMessage):
            assert session.exec(select(func.count()).select_from(table)).one() == 1
        assert [event.name for event in session.exec(select(Event))] == ["opened"]
    assert visitor.get("/ask/sent").status == 200


def test_the_back_button_after_sending_finds_the_first_result(visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    first = visitor.submit(page)
    assert visitor.submit(page).location == first.location
    assert visitor.get("/ask/check", 303).location == first.location


def test_two_pages_saved_at_once_keep_both_answers(app, visitor):
    go_on(visitor, begin(visitor), CHILD)
    you, words = visitor.get("/ask/you"), visitor.get("/ask/words")
    cookies, gate, codes = _cookies(visitor), threading.Barrier(2), []

    def save(page, answer) -> None:
        client = app.test_client(use_cookies=False)
        gate.wait()
        data = {**page.answers(), **answer}
        codes.append(
            client.post(page.path, data=data, headers={"Cookie": cookies}, base_url=visitor.base_url).status_code
        )

    threads = [
        threading.Thread(target=save, args=(you, {"name": "Robin Brook"})),
        threading.Thread(target=save, args=(words, {"words": "The years 2019 to 2021"})),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303, 303]
    page = visitor.get("/ask/check")
    assert "Robin Brook" in page.text
    assert "The years 2019 to 2021" in page.text


def test_one_address_cannot_send_requests_without_end(app):
    for _one in range(10):
        send(client_for(app))
    client = client_for(app)
    page = go_on(client, begin(client), CHILD)
    client.submit(page, expect=429)
    with runtime_of(app).database.read() as session:
        assert session.exec(select(func.count()).select_from(Case)).one() == 10
