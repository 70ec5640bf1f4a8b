"""A challenge without a copy and without an account: by the way that a request takes, in words."""

from __future__ import annotations

import pytest
from sqlmodel import select

from portal.cases import evidence
from portal.cases.models import Case, Draft
from portal.people.models import Person
from portal.vault import vault_of
from tests.client import client_for, mails, runtime_of
from tests.judge import JudgingClient, Page
from tests.portal.requester import asking
from tests.portal.requester.challenging import lines_of_case
from tests.portal.requester.following import sent_request
from tests.portal.requester.test_hostile import NASTY

WRONG = {
    "about": "The name of my school",
    "reads": "Hill School",
    "kind": "out_of_date",
    "should_say": "Larkfield Primary School",
    "why": "I changed schools in May.",
}
CHILD = {**asking.CHILD, "whose": {"about": "child"}}
SELF = {**asking.SELF, "whose": {"about": "me"}}


def begin(client: JudgingClient) -> Page:
    page = client.get("/")
    assert "/wrong" in [one.get("href") for one in page.all("a")]
    page = client.get("/wrong")
    start = next(one.get("href") for one in page.all("a", cls="govuk-button--start"))
    return client.get(start)


def follow(client: JudgingClient, page: Page) -> Page:
    """Follows as a browser does: the list of what is wrong leads on to the first thing while it is empty."""
    peeked = client.client.get(page.location, base_url=client.base_url)
    if peeked.status_code == 303:
        return client.follow(client.get(page.location, 303))
    return client.get(page.location)


def go_on(client: JudgingClient, page: Page, answers, *, until: str = "check") -> Page:
    """Walks the questions; what is wrong is told once."""
    while asking.name_of(page) != until:
        name = asking.name_of(page)
        if name.isdigit():
            page = follow(client, client.submit(page, WRONG))
        elif name == "lines":
            page = follow(client, client.submit(page, {"another": "no"}, form="/ask/lines"))
        elif name == "files":
            page = follow(client, client.submit(page, form="/ask/files/done"))
        else:
            page = follow(client, client.submit(page, answers[name]))
    return page


def test_somebody_without_a_copy_tells_in_words_what_is_wrong(app, visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    for words in ("The name of my school", "Larkfield Primary School", "It was true once", "Ash Vale", "My child's"):
        assert words in page.text
    assert "What you want to see" not in page.text
    sent = follow(visitor, visitor.submit(page))
    reference = next(one.text for one in sent.all("strong") if one.text.startswith("COR-"))
    assert "We have got what you told us" in sent.text
    (line,) = lines_of_case(runtime_of(app), reference)
    assert (line.claim.about, line.kind, line.claim.reads) == ("The name of my school", "out_of_date", "Hill School")
    assert (line.state, line.shown, line.entry_id) == ("received", False, None)
    with runtime_of(app).database.read() as session:
        case = session.exec(select(Case)).one()
        person = vault_of(session).get(session.get_one(Person, case.requester_id))
    assert (case.kind, case.state, person["name"]) == ("correction", "received", "Robin Vale")


def test_a_young_person_tells_it_in_their_own_right(app, visitor):
    page = go_on(visitor, begin(visitor), SELF)
    visitor.submit(page)
    with runtime_of(app).database.read() as session:
        told = vault_of(session).get(session.exec(select(Case)).one())
    assert (told["subject"]["requester_kind"], told["subject"]["names"]) == ("self", "Robin Vale")
    assert told["asked"]["kind"] == "correction"


def test_the_mail_about_it_is_as_neutral_as_any(app, visitor):
    visitor.submit(go_on(visitor, begin(visitor), CHILD))
    (mail,) = mails(runtime_of(app))
    words = (mail["subject"] + mail.get_content()).casefold()
    assert not [word for word in ("wrong", "challenge", "school", "child", "ash") if word in words]


def test_several_things_are_told_changed_and_taken_off(app, visitor):
    page = go_on(visitor, begin(visitor), CHILD, until="lines")
    second = follow(visitor, visitor.submit(page, {"another": "yes"}, form="/ask/lines"))
    listed = follow(visitor, visitor.submit(second, {**WRONG, "about": "The visit in May"}))
    assert "The visit in May" in listed.text
    changed = visitor.submit(visitor.get("/ask/lines/1"), {**WRONG, "about": "My old school"})
    listed = follow(visitor, changed)
    assert "My old school" in listed.text
    listed = follow(visitor, visitor.submit(listed, form="/ask/lines/2/remove"))
    assert "The visit in May" not in listed.text
    visitor.get("/ask/lines/99", 303)
    visitor.submit(go_on(visitor, listed, CHILD))
    with runtime_of(app).database.read() as session:
        reference = session.exec(select(Case.reference)).one()
    assert [line.claim.about for line in lines_of_case(runtime_of(app), reference)] == ["My old school"]


def test_nothing_is_sent_without_one_thing_that_is_wrong(visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    visitor.submit(visitor.get("/ask/lines"), form="/ask/lines/1/remove")
    again = visitor.submit(page)
    assert again.location.startswith("/ask/lines")


def test_a_change_from_the_check_page_leads_back_to_it(visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    change = next(one.get("href") for one in page.all("a") if "/ask/lines/1?" in (one.get("href") or ""))
    listed = follow(visitor, visitor.submit(visitor.get(change), {**WRONG, "why": "We moved."}))
    checked = follow(visitor, visitor.submit(listed, {"another": "no"}, form="/ask/lines?change=1"))
    assert asking.name_of(checked) == "check"
    assert "We moved." in checked.text


def test_two_windows_do_not_write_over_each_other_unseen(visitor):
    go_on(visitor, begin(visitor), CHILD)
    one, two = visitor.get("/ask/lines/1"), visitor.get("/ask/lines/1")
    visitor.submit(one, {**WRONG, "why": "First."})
    refused = visitor.submit(two, {**WRONG, "why": "Second."}, 400)
    assert "in another window" in refused.errors[0]
    assert refused.answers()["why"] == ["Second."]


def test_a_second_press_sends_one_case(app, visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    first, again = visitor.submit(page), visitor.submit(page)
    assert first.location == again.location
    with runtime_of(app).database.read() as session:
        assert len(session.exec(select(Case)).all()) == 1


def test_a_request_that_was_begun_before_waits_until_the_challenge_is_sent(app, visitor):
    asking.go_on(visitor, asking.begin(visitor), asking.CHILD, until="find")
    visitor.submit(go_on(visitor, begin(visitor), CHILD))
    start = visitor.get("/")
    assert "Go on with your request" in start.text
    assert asking.name_of(visitor.follow(visitor.get("/ask/check", 303))) == "find"
    with runtime_of(app).database.read() as session:
        assert len(session.exec(select(Draft)).all()) == 2


def test_a_challenge_that_was_begun_is_not_mixed_into_a_request(visitor):
    go_on(visitor, begin(visitor), CHILD, until="lines")
    page = asking.begin(visitor)
    assert page.answers().get("about") is None
    page = asking.go_on(visitor, page, asking.CHILD)
    assert "The name of my school" not in page.text


def test_pages_of_the_other_kind_lead_on_and_lose_nothing(visitor):
    go_on(visitor, begin(visitor), CHILD, until="lines")
    assert visitor.get("/ask/wanted", 303).location.startswith("/ask/")
    visitor.get("/ask/format", 303)
    asking.begin(visitor)
    asking.go_on(visitor, asking.begin(visitor), asking.CHILD, until="name")
    assert visitor.get("/ask/lines", 303).location.startswith("/ask/")
    assert visitor.get("/ask/lines/1", 303).location.startswith("/ask/")


@pytest.mark.parametrize("path", ["/ask/lines", "/ask/lines/1"])
def test_without_a_draft_the_page_says_to_begin(visitor, path):
    assert "Please begin again" in visitor.get(path, 404).text


def test_what_is_wrong_is_needed_and_kept_as_typed(visitor):
    page = go_on(visitor, begin(visitor), CHILD, until="1")
    refused = visitor.submit(page, {"should_say": "Larkfield <b>"}, 400)
    assert refused.errors == ["Choose what is wrong", "Tell us why it is wrong", "Tell us what it is about"]
    assert refused.answers()["should_say"] == ["Larkfield <b>"]


def test_no_line_fails_on_hostile_answers(visitor):
    page = go_on(visitor, begin(visitor), CHILD, until="1")
    names = ("about", "reads", "kind", "should_say", "why", "restrict")
    for value in NASTY.values():
        sent = {name: page.answers()[name][0] for name in ("csrf_token", "form_key", "version")}
        sent |= dict.fromkeys(names, value)
        response = visitor.client.post(
            page.path,
            data={name: one.encode("utf-8", "surrogateescape") for name, one in sent.items()},
            base_url=visitor.base_url,
            content_type="application/x-www-form-urlencoded",
        )
        assert response.status_code == 400, value[:40]
        assert b"<script>alert(1)" not in response.data


def test_somebody_who_is_signed_in_need_not_say_again_who_they_are(app):
    sent = sent_request(app)
    page = go_on(sent.client, begin(sent.client), CHILD)
    done = follow(sent.client, sent.client.submit(page))
    reference = next(one.text for one in done.all("strong") if one.text.startswith("COR-"))
    assert reference in sent.client.get("/cases").text


def test_papers_go_with_it(app, visitor, picture):
    page = go_on(visitor, begin(visitor), CHILD, until="files")
    assert "something that shows what is right" in page.text
    visitor.submit(page, {"file": picture("letter.png"), "purpose": "other"}, form="/ask/files")
    visitor.submit(go_on(visitor, visitor.get("/ask/files"), CHILD))
    with runtime_of(app).database.read() as session:
        case = session.exec(select(Case)).one()
        assert [told["name"] for _row, told in evidence.listed(session, case.id)] == ["letter.png"]


def test_it_is_kept_for_later_as_a_request_is(app, visitor):
    page = go_on(visitor, begin(visitor), CHILD, until="lines")
    visitor.submit(visitor.get("/ask/keep"), {"email": "robin.vale@example.org", "word": "marigold"})
    assert "/ask/keep" in [one.get("href") for one in page.all("a")]
    other = client_for(app)
    other.get("/ask/lines", 404)
