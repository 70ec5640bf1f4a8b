"""Asking for a record: the journey from the first page to the references."""

from __future__ import annotations

from sqlmodel import select

from portal.cases import verbs
from portal.cases.models import Case, Draft
from portal.cases.references import normal_reference
from portal.people.models import Person
from portal.vault import vault_of
from tests.client import mails, runtime_of
from tests.judge import JudgingClient, text_of
from tests.portal.requester.asking import CHILD, SELF, begin, go_on, name_of, send


def cases(client: JudgingClient) -> list[tuple[Case, dict]]:
    with runtime_of(client.app).database.read() as session:
        rows = session.exec(select(Case).order_by(Case.id)).all()
        return [(row, verbs.told(session, row)) for row in rows]


def test_a_parent_asks_without_an_account_and_gets_a_reference(visitor):
    page = send(visitor)
    ((case, told),) = cases(visitor)
    assert case.reference in page.text
    assert normal_reference(case.reference) == case.reference
    assert told["subject"]["names"] == "Ash Vale"
    assert told["subject"]["birth_date"] == "2014-03-27"
    assert told["subject"]["requester_kind"] == "parent"
    assert told["subject"]["relationship"] == "Mother"
    assert told["asked"]["everything"] is True


def test_a_young_person_asks_for_themselves_and_is_asked_neither_their_right_nor_their_name_again(visitor):
    seen = []
    page = begin(visitor)
    while name_of(page) != "check":
        seen.append(name_of(page))
        page = (
            go_on(visitor, page, SELF, until="check")
            if name_of(page) == "files"
            else visitor.follow(visitor.submit(page, SELF[name_of(page)]))
        )
    assert "right" not in seen
    assert "you" not in seen
    visitor.submit(page)
    ((_case, told),) = cases(visitor)
    assert told["subject"]["requester_kind"] == "self"


def test_the_receipt_by_mail_is_neutral(visitor):
    send(visitor)
    (message,) = mails(runtime_of(visitor.app))
    whole = message["Subject"] + message.get_content()
    assert cases(visitor)[0][0].reference in whole
    for word in ("Ash", "child", "council", "Council", "record"):
        assert word not in whole


def test_only_the_ways_that_were_ticked_are_kept(visitor):
    answers = {
        **CHILD,
        "reach": {
            "ways": ["post"],
            "email": "robin.vale@example.org",
            "phone": "07700 900123",
            "address": "1 Mill Lane",
            "notes": "",
        },
    }
    send(visitor, answers)
    with runtime_of(visitor.app).database.read() as session:
        person = session.exec(select(Person)).one()
        told = vault_of(session).get(person)
    assert person.email_blind is None
    assert (told["email"], told["phone"], told["address"]) == ("", "", "1 Mill Lane")


def test_the_answers_are_destroyed_once_they_are_sent(visitor):
    send(visitor)
    with runtime_of(visitor.app).database.read() as session:
        draft = session.exec(select(Draft)).one()
        assert set(vault_of(session).get(draft)) == {"references"}


def test_the_check_page_leads_back_to_a_question_and_the_question_back_to_it(visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    assert "Ash Vale" in page.text
    change = next(link.get("href") for link in page.all("a") if text_of(link) == "Change Other names")
    question = visitor.get(change)
    page = visitor.follow(visitor.submit(question, {"names": "Ash Marsh"}))
    assert name_of(page) == "check"
    assert "Ash Marsh" in page.text


def test_back_shows_what_was_answered(visitor):
    page = go_on(visitor, begin(visitor), CHILD, until="right")
    back = visitor.get(page.one("a", cls="govuk-back-link").get("href"))
    back = visitor.get(back.one("a", cls="govuk-back-link").get("href"))
    assert back.answers()["names"] == ["Ash Vale"]
    assert back.answers()["birth_date-year"] == ["2014"]


def test_nothing_is_sent_while_a_question_is_open(visitor):
    page = go_on(visitor, begin(visitor), CHILD, until="wanted")
    assert visitor.get("/ask/check", 303).location.startswith("/ask/wanted")
    assert page.status == 200
    assert cases(visitor) == []


def test_another_answer_to_whose_record_asks_for_the_right_again(visitor):
    go_on(visitor, begin(visitor), CHILD)
    visitor.submit(visitor.get("/ask/about?change=1"), {"about": "other"})
    assert visitor.get("/ask/check", 303).location.startswith("/ask/people/1/right")


def test_a_page_that_was_never_reached_leads_to_the_first_open_question(visitor):
    visitor.submit(begin(visitor), {"about": "me"})
    assert visitor.get("/ask/parts", 303).location == "/ask/people/1/name"
    assert visitor.get("/ask/people/7/name", 303).location == "/ask/people/1/name"


def test_without_a_draft_the_pages_say_that_the_answers_are_gone(visitor):
    for path in ("/ask/wanted", "/ask/check", "/ask/keep", "/ask/files", "/ask/app", "/ask/app/picture"):
        visitor.get(path, 404)
    assert visitor.get("/ask/sent", 303).location == "/"


def test_the_question_in_another_window_is_not_overwritten_unseen(visitor):
    go_on(visitor, begin(visitor), CHILD)
    one, other = visitor.get("/ask/you"), visitor.get("/ask/you")
    visitor.submit(one, {"name": "Robin Marsh"})
    page = visitor.submit(other, {"name": "Robin Brook"}, 409)
    assert "Robin Marsh" in page.text
    assert page.answers()["name"] == ["Robin Brook"]
    visitor.submit(page)
    assert visitor.get("/ask/you").answers()["name"] == ["Robin Brook"]


def test_each_child_gets_a_case_of_its_own_in_one_group(visitor):
    answers = {**CHILD, "about": {"about": "several"}}
    page = go_on(visitor, begin(visitor), answers, until="children")
    page = visitor.follow(visitor.submit(page, {"another": "yes"}, form="/ask/children"))
    assert page.path == "/ask/people/2/name"
    page = go_on(visitor, page, {**answers, "name": {**CHILD["name"], "names": "Beech Vale"}}, until="children")
    page = go_on(visitor, page, answers)
    visitor.follow(visitor.submit(page, max_queries=60))
    made = cases(visitor)
    assert [told["subject"]["names"] for _case, told in made] == ["Ash Vale", "Beech Vale"]
    assert len({case.group_id for case, _told in made}) == 1
    assert len({case.reference for case, _told in made}) == 2


def test_a_child_can_be_taken_off_but_not_the_last_one(visitor):
    answers = {**CHILD, "about": {"about": "several"}}
    page = go_on(visitor, begin(visitor), answers, until="children")
    assert not page.all("form", action="/ask/people/1/remove")
    page = visitor.follow(visitor.submit(page, {"another": "yes"}, form="/ask/children"))
    page = go_on(visitor, page, answers, until="children")
    page = visitor.follow(visitor.submit(page, form="/ask/people/1/remove"))
    assert not page.all("form", action="/ask/people/2/remove")
    assert "Ash Vale" in page.text


def test_parts_must_be_named_and_their_days_must_be_in_order(visitor):
    answers = {**CHILD, "wanted": {"scope": "parts"}}
    page = go_on(visitor, begin(visitor), answers, until="parts")
    assert "Choose at least one part, or give a day" in visitor.submit(page, {}, 400).errors
    days = {"from_date-day": "2", "from_date-month": "1", "from_date-year": "2020"}
    days |= {"to_date-day": "1", "to_date-month": "1", "to_date-year": "2020"}
    assert "The last day must be the same as or after the first day" in visitor.submit(page, days, 400).errors
    page = visitor.follow(visitor.submit(page, {"areas": ["school", "health"], **days, "to_date-day": "3"}))
    visitor.submit(go_on(visitor, page, answers))
    asked = cases(visitor)[0][1]["asked"]
    assert (asked["everything"], asked["areas"], asked["from_date"]) == (False, ["school", "health"], "2020-01-02")


def test_a_grown_up_child_offers_no_parental_footing(visitor):
    grown = {**CHILD, "name": {**CHILD["name"], "birth_date-year": "2001"}}
    page = go_on(visitor, begin(visitor), grown, until="right")
    values = {one.get("value") for one in page.all("input", name="footing")}
    assert "mother" not in values
    assert {"power-of-attorney", "subject-agreement", "something-else"} <= values


def test_every_footing_of_the_law_has_words_of_the_person_who_claims_it():
    from portal.requester.journey import FOOTINGS
    from workflows.authority import BASES

    assert set(FOOTINGS) == {one.code for one in BASES}
