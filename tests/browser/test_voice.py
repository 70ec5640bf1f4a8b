"""In a real browser: a child of twelve says "some of it" on a telephone without scripts, and their parent's page stays
as it was; a care leaver of nineteen asks for their own file, for a supporter, and says whom they know."""

from __future__ import annotations

import datetime

import pytest
from flask import Flask
from playwright.sync_api import Error

from portal.cases import ledger, voice_told
from portal.cases.clocking import uk_today
from portal.cases.models import Case
from tests.browser.conftest import Windows
from tests.browser.family_door import Parent, sets_up_the_app
from tests.client import runtime_of
from tests.portal.requester.asked_child import ask
from tests.portal.requester.following import sent_request
from tests.portal.requester.test_follow import STAFF

pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)


def test_a_child_of_twelve_says_some_of_it_and_the_parent_sees_nothing(app: Flask, windows: Windows) -> None:
    sent = sent_request(app)
    sent.take("start_checking")
    asked = ask(app, sent.runtime, sent.case_id, STAFF)
    before = sent.client.get(sent.page).text
    child = windows.walker("phone", scripts=False, judged=False)
    child.open("/")
    child.follow("I have a card with six words")
    child.write("Number on the card", asked.number.lower())
    child.write("The six words", asked.words.upper())
    child.press("Continue")
    assert child.title() == "A question for you"
    assert child.reads("Your mum") and child.reads("Yes is fine. No is fine.")
    child.press("Go on to my answer")
    child.press("Continue")
    assert "Choose what you say" in child.page.inner_text(".govuk-error-summary")
    child.choose("Some of it")
    child.choose("School and education")
    child.write("Say it in your own words, if you like", "Not the visits, please.")
    child.write("My views: what else do you want us to know?", "I like my new school.")
    child.press("Continue")
    assert child.title() == "Check your answer"
    assert child.reads("School and education Not the visits, please.")
    child.press("Change it")
    child.choose("It is not safe to ask me again")
    child.press("Continue")
    child.press("Send my answer")
    assert child.title() == "Thank you"
    with pytest.raises(Error, match="CACHE_MISS"):  # whoever sits here next finds nothing behind this page
        child.page.go_back()
    with sent.runtime.database.read() as session:
        told = voice_told.heard(ledger.history(session, session.get_one(Case, sent.case_id)))
    assert (told.parts, told.not_safe) == ("School and education\nNot the visits, please.", True)
    assert [view.words for view in told.views] == ["I like my new school."]
    assert sent.client.get(sent.page).text == before
    child.open("/voice")
    child.write("Number on the card", asked.number)
    child.write("The six words", asked.words)
    child.press("Continue")
    assert child.reads("You have answered.") and not child.reads("Your mum")
    child.press("Close this")
    assert child.title() == "Your card"


def test_the_childs_pages_are_sound_for_everybody(app: Flask, windows: Windows) -> None:
    sent = sent_request(app)
    sent.take("start_checking")
    asked = ask(app, sent.runtime, sent.case_id, STAFF)
    child = windows.walker("phone", scripts=True, judged=True)
    child.open("/voice")
    child.write("Number on the card", asked.number)
    child.write("The six words", asked.words)
    child.press("Continue")
    child.press("Go on to my answer")
    child.choose("Talk to me first")
    child.look()
    child.write("How and when is it safe to talk?", "At lunch")
    child.press("Continue")
    child.press("Send my answer")
    assert child.title() == "Thank you"
    child.open("/voice/open/made-up")
    assert child.title() == "This link has ended"


def test_a_care_leaver_asks_for_their_own_file_with_a_supporter_and_family_they_know(
    app: Flask, windows: Windows
) -> None:
    here, runtime = windows.walker("desktop", scripts=True, judged=True), runtime_of(app)
    born = datetime.date(uk_today().year - 19, 2, 1)
    me = Parent(here, name="Wren Ashdown", email="wren@example.org")
    here.open("/")
    here.press("Start now")
    here.choose("Mine: the record is about me")
    here.press("Continue")
    here.write("Full name", me.name)
    for part, number in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
        here.write(part, str(number))
    here.press("Continue")
    here.press("Continue")
    here.choose("Email")
    here.write("Email address", me.email)
    here.press("Continue")
    here.choose("Everything you hold")
    here.press("Continue")
    here.press("Continue")
    here.choose("On this website, to read or to keep")
    here.press("Continue")
    assert here.title() == "Help with reading it"
    here.page.get_by_role("group", name="Would you like somebody with you when you read it?").get_by_label(
        "Yes, please"
    ).check()
    here.write("Which of your family do you know about?", "Maya, my sister\nIsla, my aunt")
    here.press("Continue")
    here.press("Continue")  # no papers
    sets_up_the_app(here, me)
    assert here.reads("Isla, my aunt")
    here.press("Send my request")
    with runtime.database.read() as session:
        case = session.exec(Case.__table__.select()).one()  # type: ignore[attr-defined]
        wished = voice_told.wished(ledger.history(session, session.get_one(Case, case.id)))
    assert (wished.supporter, wished.waits, wished.family) == (True, True, ("Maya, my sister", "Isla, my aunt"))
