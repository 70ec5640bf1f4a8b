"""From a copy: which entries are wrong, what is wrong with them, and sending it."""

from __future__ import annotations

import datetime
import io

import pytest
import sqlalchemy as sa
from sqlmodel import select

from portal import db, records
from portal.cases import evidence
from portal.cases.models import Case, Draft
from portal.documents import release
from portal.documents.models import StoredPack
from portal.records import marks
from portal.requester.challenge_forms import numbers_in
from portal.requester.challenge_lines import as_printed
from tests.builders import case_in, looking, pack_of
from tests.client import client_for, mails, sign_in
from tests.judge import Page
from tests.portal.requester.challenging import SAID, Copy, open_copy
from tests.portal.requester.following import sent_request
from tests.portal.requester.test_hostile import NASTY

TODAY = {"should_say-day": "3", "should_say-month": "4", "should_say-year": "2019"}


@pytest.fixture
def copy(app) -> Copy:
    return open_copy(app)


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("3", [3]),
        ("3, 7", [3, 7]),
        ("7 and 3", [3, 7]),
        ("3;7 9", [3, 7, 9]),
        ("12-15", [12, 13, 14, 15]),
        ("12 – 13, 13", [12, 13]),
    ],
)
def test_numbers_are_read_as_people_write_them(typed, numbers):
    assert numbers_in(typed) == numbers


@pytest.mark.parametrize("typed", ["x", "3.5", "-3", "9-3", "1-99999", "٣", "", ",", "999999", "1-41"])
def test_what_is_no_number_of_an_entry_is_refused(app, typed):
    with app.test_request_context(), pytest.raises(ValueError, match=r"\w"):
        numbers_in(typed)


def test_each_entry_of_a_part_leads_to_the_page_about_it(copy):
    page = copy.client.get(f"{copy.there}/part/1")
    links = [one.get("href") for one in page.all("a") if "/wrong/say" in (one.get("href") or "")]
    assert len(links) == len(copy.entries)
    number = copy.number("Reading")
    there = copy.client.get(links[number - 1])
    assert "Ahead of what is usual at this age." in there.text
    assert "Early help team" not in there.text
    assert f"{copy.there}/wrong" in [one.get("href") for one in copy.client.get(copy.there).all("a")]
    assert f"{copy.there}/wrong" in [one.get("href") for one in copy.client.get(f"{copy.there}/whole").all("a")]


def test_the_numbers_of_a_copy_that_the_portal_made_lead_to_what_they_print(runtime):
    with runtime.vault.unlocked():
        walk = case_in(runtime, "ready")
        pack = pack_of(walk)
        with runtime.database.read() as session:
            printed = release.preview(session, runtime.files, walk.case, pack, by=walk.worker.actor).entries
            pins = [release.pinned(session, walk.case, pack, entry.number) for entry in printed]
            entries = records.read(session, looking(session, walk), [one.entry_id for one in pins if one])
            kinds = {kind for _pinned, kind in release.numbered(session, walk.case, pack).values()}
            beyond = [release.pinned(session, walk.case, pack, number) for number in (0, -1, len(printed) + 1)]
    assert [entry.label for entry in entries] == [as_printed(entry.label) for entry in printed]
    assert [entry.version_id for entry in entries] == [one.version_id for one in pins if one]
    assert kinds == {"text", "date"}
    assert beyond == [None, None, None]


def test_a_copy_that_was_not_opened_yet_is_not_challenged(copy):
    page = copy.say("2")
    with copy.walk.runtime.database.write() as session:
        session.execute(sa.update(Case).where(Case.id == copy.walk.case_id).values(state="ready"))
    assert "Open your copy first." in copy.client.get(f"{copy.there}/wrong", 409).text
    copy.client.submit(page, {}, 409, form=f"{copy.there}/wrong/check")


def test_a_challenge_by_number_becomes_a_case_that_knows_its_entry(copy):
    number = copy.number("Reading")
    page = copy.say(str(number), kind="opinion_not_marked", restrict="y")
    assert f"Entry {number}" in page.text
    assert "It is what somebody thinks, but it reads like a fact" in page.text
    reference = copy.send()
    (line,) = copy.lines(reference)
    entry = copy.entries[number - 1]
    assert reference.startswith("COR-")
    assert (line.kind, line.entry_id, line.version_id, line.shown) == (
        "opinion_not_marked",
        entry.id,
        entry.version_id,
        True,
    )
    assert (line.claim.about, line.claim.reads, line.claim.number) == ("Reading", entry.text, number)
    assert (line.claim.source, line.restrict) == ("Kiln Lane Primary School", True)
    assert line.claim.should_say.value == "Larkfield Primary School"
    with copy.walk.runtime.database.read() as session:
        there = marks.open_marks(session, copy.walk.record.child_id, [entry.id])
    assert [one.kind for one in there[entry.id]] == ["challenged"]


def test_the_case_is_about_the_same_child_in_the_same_right_and_is_checked_anew(copy):
    copy.say("1")
    reference = copy.send()
    page = copy.client.get(f"/cases/{reference}")
    assert "Wren Ashdown" in page.text
    assert "We have got what you told us." in page.text
    with copy.walk.runtime.database.read() as session:
        case = session.exec(select(Case).where(Case.reference == reference)).one()
    assert (case.state, case.requester_id, case.child_id) == ("received", copy.walk.case.requester_id, None)


def test_one_answer_can_be_about_several_entries_with_the_same_mistake(copy):
    page = copy.client.submit(copy.client.get(f"{copy.there}/wrong"), {"numbers": "1, 5-6"})
    page = copy.client.follow(page)
    assert "What you say here is for all of them." in page.text
    copy.client.submit(page, SAID)
    reference = copy.send()
    assert [one.claim.number for one in copy.lines(reference)] == [1, 5, 6]
    assert {one.claim.why for one in copy.lines(reference)} == {SAID["why"]}


def test_a_date_is_asked_as_a_date_and_kept_as_one(copy):
    number = copy.number("Date of birth")
    page = copy.client.get(f"{copy.there}/wrong/say?numbers={number}")
    copy.client.submit(page, {"kind": "wrong_fact", "why": "See her passport.", **TODAY})
    checked = copy.client.get(f"{copy.there}/wrong/check")
    assert "3 April 2019" in checked.text
    (line,) = copy.lines(copy.send())
    assert (line.claim.should_say.kind, line.claim.should_say.value) == ("date", "2019-04-03")


def test_something_without_a_number_is_told_in_words(copy):
    page = copy.client.get(f"{copy.there}/wrong/say")
    copy.client.submit(page, {**SAID, "about": "The visit in May", "reads": "That nobody was at home"})
    (line,) = copy.lines(copy.send())
    assert (line.claim.about, line.claim.pinned, line.shown) == ("The visit in May", None, False)


def test_the_receipt_has_the_reference_and_the_mail_says_nothing_else(copy):
    copy.say("1", why="She never lived there.")
    page = copy.press_send()
    receipt = copy.client.follow(page)
    reference = page.location.split("/")[2]
    assert reference in receipt.text
    assert "We must answer by" in receipt.text
    mail = next(one for one in mails(copy.walk.runtime) if reference in one["subject"])
    words = mail.get_content().casefold()
    assert not [word for word in ("wren", "wrong", "challenge", "correct", "child", "record of") if word in words]


def test_a_second_press_and_the_back_button_send_one_case(copy):
    copy.say("1")
    page = copy.client.get(f"{copy.there}/wrong/check")
    here = f"{copy.there}/wrong/check"
    first = copy.client.submit(page, form=here, max_queries=60)
    again = copy.client.submit(page, form=here)
    other_tab = copy.client.post(here, {}, 303)
    assert first.location == again.location == other_tab.location
    with copy.walk.runtime.database.read() as session:
        assert len(session.exec(select(Case).where(Case.kind == "correction")).all()) == 1


def test_a_second_press_keeps_one_line(copy):
    page = copy.client.get(f"{copy.there}/wrong/say?numbers=2")
    copy.client.submit(page, SAID)
    copy.client.submit(page, SAID)
    assert copy.client.get(f"{copy.there}/wrong/check").text.count("Entry 2") == 1


def test_what_was_begun_waits_for_its_writer_in_any_browser(app, copy):
    copy.say("2")
    elsewhere = client_for(app)
    sign_in(elsewhere, "family", copy.walk.case.requester)
    page = elsewhere.get(copy.page)
    assert "You have begun to tell us what is wrong" in page.text
    link = next(one.get("href") for one in page.all("a") if "/wrong/check" in (one.get("href") or ""))
    assert "She changed schools in May." in elsewhere.get(link).text


def test_what_was_begun_is_gone_from_the_page_once_it_is_sent(copy):
    copy.say("2")
    copy.send()
    assert "You have begun" not in copy.client.get(copy.page).text
    assert copy.client.get(f"{copy.there}/wrong/check", 303).location == f"{copy.there}/wrong"


def test_nothing_of_what_is_begun_is_in_the_database_in_the_clear(copy):
    copy.say("2", why="zanzibar canary")
    with copy.walk.runtime.database.read() as session:
        assert b"zanzibar" not in session.exec(select(Draft)).one().sealed


def test_an_answer_can_be_changed_and_taken_off(copy):
    copy.say("2")
    page = copy.client.get(f"{copy.there}/wrong/say?line=1")
    assert page.answers()["why"] == ["She changed schools in May."]
    checked = copy.client.follow(copy.client.submit(page, {"why": "She moved."}))
    assert "She moved." in checked.text
    copy.client.submit(checked, form=f"{copy.there}/wrong/remove/1")
    assert copy.client.get(f"{copy.there}/wrong/check", 303).location == f"{copy.there}/wrong"


def test_two_windows_do_not_write_over_each_other_unseen(copy):
    copy.say("2")
    one = copy.client.get(f"{copy.there}/wrong/say?line=1")
    two = copy.client.get(f"{copy.there}/wrong/say?line=1")
    copy.client.submit(one, {"why": "The first window."})
    refused = copy.client.submit(two, {"why": "The second window."}, 400)
    assert "in another window" in refused.errors[0]
    assert refused.answers()["why"] == ["The second window."]
    copy.client.submit(refused, {})
    assert "The second window." in copy.client.get(f"{copy.there}/wrong/check").text


def test_an_entry_is_told_about_once(copy):
    copy.say("2")
    page = copy.client.submit(copy.client.get(f"{copy.there}/wrong"), {"numbers": "1-3"}, 400)
    assert "entry 2 already" in page.errors[0]


@pytest.mark.parametrize("number", ["999", "0"])
def test_a_number_that_the_copy_does_not_have_is_refused_in_words(copy, number):
    page = copy.client.submit(copy.client.get(f"{copy.there}/wrong"), {"numbers": number}, 400)
    assert page.errors == [f"There is no entry {number} in this copy. Look at the number before the entry."]
    assert copy.client.get(f"{copy.there}/wrong/say?numbers={number}", 303).location == f"{copy.there}/wrong"


def test_a_crafted_number_keeps_nothing(copy):
    page = copy.client.get(f"{copy.there}/wrong/say?numbers=1")
    sent = {**{k: v[0] for k, v in page.answers().items() if k != "restrict"}, **SAID}
    refused = copy.client.post(f"{copy.there}/wrong/say?numbers=998", sent, 400)
    assert "There is no entry 998" in refused.errors[0]
    for query in ("numbers=x&line=y", "line=99999999999999999999", "line=-1", "numbers=" + "9" * 5000):
        copy.client.post(f"{copy.there}/wrong/say?{query}", sent, 400)


def test_no_more_than_forty_at_a_time(copy):
    page = copy.client.submit(copy.client.get(f"{copy.there}/wrong"), {"numbers": "1-41"}, 400)
    assert "Choose up to 40 entries" in page.errors[0]


def test_somebody_elses_copy_is_not_there_for_anyone_else(app, copy):
    other = sent_request(app, email="other@example.org")
    for under in ("", "/say", "/say?numbers=1", "/check", "/files"):
        other.client.get(f"{copy.there}/wrong{under}", 404)
        mixed = f"{other.page}/copies/{copy.pack_id}/wrong{under}"
        other.client.get(mixed, 404)
    other.client.get(f"{other.page}/messages")
    for under in ("", "/say?numbers=1", "/check", "/files", "/remove/1"):
        mixed = f"{other.page}/copies/{copy.pack_id}/wrong{under}"
        page = other.client.post(mixed, {**SAID, "numbers": "1", "version": "0"}, 404)
        assert "Wren" not in page.html
    with copy.walk.runtime.database.read() as session:
        assert session.exec(select(Draft)).all() == []


def test_without_a_second_factor_nothing_is_said_of_a_copy(app, copy):
    client = client_for(app)
    sign_in(client, "family", copy.walk.case.requester, second_factor=False)
    for under in ("", "/say?numbers=1", "/check", "/files"):
        assert client.get(f"{copy.there}/wrong{under}", 303).location.startswith("/sign-in/code")


def test_entries_show_with_a_fresh_code_and_a_long_answer_is_not_lost_to_it(app, copy):
    client = client_for(app)
    sign_in(client, "family", copy.walk.case.requester, ago=datetime.timedelta(minutes=6))
    assert client.get(f"{copy.there}/wrong/say?numbers=1", 303).location.startswith("/sign-in/code")
    fresh = copy.client.get(f"{copy.there}/wrong/say?numbers=1")
    sent = {"version": fresh.answers()["version"][0], **SAID}
    client.get(f"{copy.there}/wrong")
    assert client.post(f"{copy.there}/wrong/say?numbers=1", sent).location == f"{copy.there}/wrong/check"


def test_a_refused_answer_comes_back_as_typed_without_words_of_the_record(copy):
    number = copy.number("Reading")
    page = copy.client.get(f"{copy.there}/wrong/say?numbers={number}")
    refused = copy.client.submit(page, {"why": "", "kind": "wrong_fact", "should_say": "Behind"}, 400)
    assert refused.errors == ["Tell us why it is wrong"]
    assert refused.answers()["should_say"] == ["Behind"]
    assert "Ahead of what is usual" not in refused.html


def test_once_the_time_to_read_a_copy_is_over_nothing_is_sent_from_it_and_nothing_is_lost(copy):
    copy.say("2")
    page = copy.client.get(f"{copy.there}/wrong/check")
    with copy.walk.runtime.database.write() as session:
        session.execute(sa.update(StoredPack).values(released_at=db.now() - datetime.timedelta(days=33)))
    refused = copy.client.submit(page, {}, 409, form=f"{copy.there}/wrong/check")
    assert "The time to read this copy is over." in refused.text
    assert "The time to read this copy is over." in copy.client.get(f"{copy.there}/wrong", 409).text
    with copy.walk.runtime.database.read() as session:
        assert session.exec(select(Draft)).one().submitted_at is None
        assert session.exec(select(Case).where(Case.kind == "correction")).all() == []


def test_a_copy_that_was_called_back_is_challenged_no_more(copy):
    page = copy.say("2")
    with copy.walk.runtime.database.write() as session:
        session.execute(sa.update(StoredPack).values(state="void", released_at=None))
    copy.client.get(f"{copy.there}/wrong", 404)
    copy.client.submit(page, {}, 404, form=f"{copy.there}/wrong/check")


def test_files_go_with_it(copy, picture):
    copy.say("2")
    here = f"{copy.there}/wrong/files"
    copy.client.submit(copy.client.get(here), {"file": picture("letter.png")}, form=here)
    copy.client.submit(copy.client.get(here), {"file": picture("other.png")}, form=here)
    page = copy.client.get(here)
    off = next(one.get("action") for one in page.all("form") if (one.get("action") or "").endswith("/remove"))
    copy.client.submit(page, form=off)
    assert "other.png" in copy.client.get(f"{copy.there}/wrong/check").text
    reference = copy.send()
    with copy.walk.runtime.database.read() as session:
        case = session.exec(select(Case).where(Case.reference == reference)).one()
        kept = [(row.purpose, told["name"]) for row, told in evidence.listed(session, case.id)]
    assert kept == [("other", "other.png")]


def test_a_file_that_is_none_is_refused_in_words(copy):
    here = f"{copy.there}/wrong/files"
    sent = {"file": (io.BytesIO(b"MZ not a picture"), "x.png")}
    page = copy.client.submit(copy.client.get(here), sent, 400, form=here)
    assert page.errors


def test_no_page_fails_on_hostile_answers(copy):
    copy.say("3")
    for path in ("wrong", "wrong/say?numbers=1", "wrong/say", "wrong/say?line=1", "wrong/check"):
        page = copy.client.get(f"{copy.there}/{path}")
        for value in NASTY.values():
            _post(copy, page, value)
            if path == "wrong/check":
                return


def _post(copy: Copy, page: Page, value: str) -> None:
    names = [one.get("name") for one in page.all("*") if one.get("name") and one.tag in {"input", "textarea"}]
    kept = {"csrf_token", "form_key", "version"}
    sent = {name: page.answers().get(name, [""])[0] if name in kept else value for name in names}
    response = copy.client.client.post(
        page.path,
        data={name: one.encode("utf-8", "surrogateescape") for name, one in sent.items()},
        base_url=copy.client.base_url,
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code in {200, 303, 400, 409}, (page.path, value[:60], response.status_code)
    assert b"<script>alert(1)" not in response.data
