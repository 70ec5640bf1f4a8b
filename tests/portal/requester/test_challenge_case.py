"""A challenge that was sent: what its requester reads of each line, and what they can still say."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

import pytest
import sqlalchemy as sa

from portal import db, jobs
from portal.cases import verbs
from portal.cases.corrections import recipients
from portal.cases.corrections.lines import Decided, Value
from portal.cases.models import Case
from portal.documents.models import StoredPack
from portal.people import limits, recovery
from tests import builders, corrections
from tests.builders import make_staff, rich_child
from tests.corrections import CORRECTED, REFUSED, ask_source, body_on_file, claim, confirm, decide, match_all
from tests.judge import text_of
from tests.portal.requester.challenging import Challenge, sent_challenge
from tests.portal.requester.following import sent_request
from tests.portal.requester.test_hostile import NASTY

WAITS = "We are looking into this."
NOTHING = "There is nothing about this that we can tell you."
ERASED = Decided("erased", "It was about somebody else.", "The school's list.", "R-101")
TWO = ("Reading", "Name")


def told(challenge: Challenge) -> list[str]:
    """What the case's page says of its lines."""
    page = challenge.client.get(challenge.page)
    return [text_of(one) for one in page.one("main").iter("dd") if one.get("class") == "govuk-summary-list__value"]


def links(challenge: Challenge, path: str = "") -> list[str]:
    page = challenge.client.get(path or challenge.page)
    return [one.get("href") or "" for one in page.one("main").iter("a")]


def test_the_page_says_of_each_line_what_is_wrong_with_it_and_where_it_stands(app):
    challenge = sent_challenge(app, about=TWO)
    page = challenge.client.get(challenge.page)
    for words in ("1. Reading", "2. Name", "It is not true", WAITS, "Ours", "You told us that something is wrong."):
        assert words in page.text


def test_the_link_alone_shows_state_and_date_and_nothing_that_was_said(app):
    challenge = sent_challenge(app, "collected", decided=[REFUSED], second_factor=False)
    page = challenge.client.get(challenge.page)
    assert "You have read our answer." in page.text
    for words in ("Reading", "not true", "Wren", "look at it again"):
        assert words not in page.html
    for under in ("/review", "/question", "/decision", challenge.line().removeprefix(challenge.page)):
        assert challenge.client.get(challenge.page + under, 303).location.startswith("/sign-in/code")


def test_a_line_says_what_was_said_whose_turn_it_is_and_by_when(app):
    challenge = sent_challenge(app)
    page = challenge.client.get(challenge.line())
    for words in ("Reading", "The school is wrong", "Larkfield Primary School", "Ours", "Answer due by", WAITS):
        assert words in page.text
    assert str(challenge.walk.case.due_on.year) in page.text


@pytest.mark.parametrize("said", ["nothing", "decided", "proposed", "asked"])
def test_until_the_answer_is_out_nothing_shows_how_far_it_is(app, said):
    """A passed check would tell that the child did not say no (R-92)."""
    challenge = sent_challenge(app, "checking")
    challenge.walk.step("accept_identity", known_by="known")
    before = [challenge.client.get(path).text for path in (challenge.page, challenge.line())]
    walk = challenge.walk
    walk.step("accept_authority", basis="mother", orders="None")
    walk.step("start_finding")
    with walk.runtime.vault.unlocked():
        walk.record = record = rich_child(walk.runtime, notes=1)
        walk.act(lambda s: verbs.attach_record(s, walk.case_id, record.child_id, record.born, by=walk.worker.actor))
        match_all(walk, ["Reading"], shown=True)
        walk.step("pass_check")
        if said == "decided":
            decide(walk, CORRECTED)
        elif said == "proposed":
            decide(walk, REFUSED)
        elif said == "asked":
            ask_source(walk)
    after = [challenge.client.get(path).text for path in (challenge.page, challenge.line())]
    assert after == before


MARKED = "We marked this in the record: you say that it is wrong."


def test_whoever_asks_for_themselves_sees_at_once_since_when_it_is_disputed_and_who_was_asked(app):
    """No child was asked, so the day tells nothing of one (R-92)."""
    printed = claim("Reading", source="Told by Kiln Lane Primary School, March 2024")
    challenge = sent_challenge(app, "weighing", kind="self", claims=[printed])
    walk, today = challenge.walk, f"{challenge.walk.today.day} {challenge.walk.today:%B %Y}"
    page = challenge.client.get(challenge.line())
    assert MARKED in page.text
    assert f"Since {today}, everyone who reads this in the record sees that it is challenged" in page.text
    assert MARKED in told(challenge)[-1]
    with walk.runtime.vault.unlocked():
        ask_source(walk, body=body_on_file(walk.runtime, "Kiln Lane Primary School"))
        ask_source(walk, body=body_on_file(walk.runtime, "Lantern House", email="desk@lantern.example.org"), days=20)
    page, by = challenge.client.get(challenge.line()), walk.today + datetime.timedelta(days=10)
    due = f"They should answer by {by.day} {by:%B %Y}."
    assert f"Kiln Lane Primary School: we asked on {today}. {due}" in page.text
    assert f"The people who gave us this: we asked on {today}." in page.text
    assert "Ours, and of those we asked" in page.text
    assert "Lantern House" not in page.html
    with walk.runtime.vault.unlocked():
        decide(walk, CORRECTED)
    page = challenge.client.get(challenge.line())
    assert MARKED in page.text
    assert "The school confirmed it." not in page.html


@pytest.mark.parametrize("about", ["School", ""])
def test_of_what_they_may_not_know_nothing_more_is_told_to_whoever_asks_for_themselves(app, about):
    challenge = sent_challenge(app, "weighing", [about], kind="self", shown=False, claims=[claim("School")])
    page = challenge.client.get(challenge.line())
    assert WAITS in page.text
    for words in (MARKED, "Since ", "Who we asked", "we asked on"):
        assert words not in page.text


def test_a_line_decided_inside_reads_as_an_open_one_and_takes_words_and_can_be_taken_back(app):
    challenge = sent_challenge(app, "weighing", TWO)
    with challenge.walk.runtime.vault.unlocked():
        decide(challenge.walk, CORRECTED)
    first, second = links(challenge, challenge.line(0)), links(challenge, challenge.line(1))
    assert [one.rpartition("/")[2] for one in first] == [one.rpartition("/")[2] for one in second]
    page = challenge.client.get(f"{challenge.line()}/add")
    challenge.client.submit(page, {"words": "I found her report."})
    assert challenge.lines[0].added == ("I found her report.",)
    page = challenge.client.get(f"{challenge.line()}/take-back")
    challenge.client.submit(page, {"sure": "yes"})
    assert "You took this back." in challenge.client.get(challenge.line()).text
    assert (challenge.lines[0].state, challenge.lines[0].taken_back) == ("decided", True)


def test_after_the_answer_a_line_shows_the_decision_with_before_and_after(app):
    said = claim("Reading", reads="Ahead of what is usual at this age.")
    challenge = sent_challenge(app, "collected", claims=[said])
    page = challenge.client.get(challenge.line())
    for words in (
        "You were right. We put it right.",
        "The school confirmed it.",
        "Ahead of what is usual at this age.",
        "What it says now",
        "Everyone who read it saw that it was challenged from",
    ):
        assert words in page.text
    assert "A letter of the school of this month." not in page.html  # what was weighed is for staff
    assert "R-101" not in page.html


def test_while_copies_wait_after_a_lost_factor_a_line_does_not_say_what_stands_there(app):
    said = claim("Reading", reads="Ahead of what is usual at this age.")
    challenge = sent_challenge(app, "collected", claims=[said])
    with challenge.walk.runtime.database.write() as session:
        recovery.begin(session, session.get_one(Case, challenge.walk.case_id).requester, now=db.now())
    page = challenge.client.get(challenge.line())
    assert "We put it right." in page.text
    assert "What it says now" not in page.text


def test_of_what_was_refused_no_other_value_is_shown(app):
    typed = dataclasses.replace(REFUSED, says=Value("text", "As is usual at this age."))
    challenge = sent_challenge(app, "collected", decided=[typed])
    page = challenge.client.get(challenge.line())
    assert "We did not change it." in page.text
    for words in ("What it says now", "As is usual at this age.", "Words that stand next to it"):
        assert words not in page.text


def test_an_answer_that_waits_to_be_opened_tells_nothing_of_its_lines(app):
    challenge = sent_challenge(app, "ready", decided=[REFUSED])
    page = challenge.client.get(challenge.page)
    assert "Our answer is ready." in page.text
    assert told(challenge) == [f"It is not true{WAITS}"] or told(challenge)[-1].endswith(WAITS)
    assert not [one for one in links(challenge) if one.endswith("/review")]


@pytest.mark.parametrize(("about", "decided"), [("", ()), ("School", (CORRECTED,))])
def test_of_what_they_may_not_know_a_requester_reads_the_same_as_of_what_is_not_held(app, about, decided):
    challenge = sent_challenge(app, "collected", [about], shown=False, decided=decided)
    assert told(challenge)[-1].startswith(f"It is not true{NOTHING}")
    page = challenge.client.get(challenge.line())
    assert NOTHING in page.text
    for words in ("Kiln Lane", "What we decided", "saw that it was challenged", "Who we", "statement"):
        assert words not in page.text
    assert f"{challenge.page}/review" in links(challenge)
    challenge.client.get(f"{challenge.line()}/statement", 303)


def test_both_pages_are_the_same_words_whether_it_is_held_or_not(app):
    held = sent_challenge(app, "collected", ["School"], shown=False, decided=[CORRECTED])
    page = held.client.get(held.line()).text.replace(held.walk.case.reference, "")
    other = sent_challenge(app, "collected", [""], shown=False, email="other@example.org", claims=[claim("School")])
    assert other.client.get(other.line()).text.replace(other.walk.case.reference, "") == page


def test_what_is_destroyed_is_not_on_the_page_any_more(app):
    said = claim("Reading", reads="Zanzibar canary")
    challenge = sent_challenge(app, "collected", decided=[ERASED], claims=[said])
    page = challenge.client.get(challenge.line())
    assert "We deleted it." in page.text
    assert "Zanzibar" not in page.html
    assert "Ahead of what is usual" not in page.html


def test_bodies_are_named_only_where_the_copy_named_them_or_staff_released_the_name(app):
    said = claim("Reading", source="Kiln Lane Primary School")
    challenge = sent_challenge(app, "weighing", claims=[said])
    walk = challenge.walk
    with walk.runtime.vault.unlocked():
        ask_source(walk, body=body_on_file(walk.runtime, "Kiln Lane Primary School"))
        ask_source(walk, body=body_on_file(walk.runtime, "Lantern House", email="desk@lantern.example.org"))
        decide(walk, CORRECTED)
        answered_rest(walk)
        _tell(challenge)
    page = challenge.client.get(challenge.line())
    assert "Who we asked" in page.text
    assert "Kiln Lane Primary School" in page.text
    today = f"{walk.today.day} {walk.today:%B %Y}"
    assert f"The people who gave us this: we asked on {today}. We had no answer from them." in page.text
    assert "Lantern House" not in page.html
    assert "The library" in page.text
    assert "others who had got it from us" in page.text
    assert "Hidden House" not in page.html


def answered_rest(walk) -> None:
    """From decided lines to an answer that was read."""
    corrections.make_letter(walk)
    walk.step("send_to_approval")
    builders.approve(walk)
    corrections.release_letter(walk)
    corrections.collect(walk)


def _tell(challenge: Challenge) -> None:
    walk, by = challenge.walk, challenge.walk.worker.actor
    line = challenge.lines[0]
    for who in ("The library", "Hidden House"):
        walk.act(lambda s, who=who: recipients.add(s, walk.case_id, line.id, who, by=by))
    with walk.runtime.database.read() as session:
        there = recipients.of_case(session, session.get_one(Case, walk.case_id))
    mine = [one for one in there if one.who]
    for one in mine:
        walk.act(
            lambda s, one=one: recipients.told(
                s, walk.case_id, one.id, version=one.version, way="letter", words="It is right now.", by=by
            )
        )
    names = {one.id: "The library" for one in mine if one.who == "The library"}
    walk.act(lambda s: recipients.review_names(s, walk.case_id, names, by=by))


def test_after_a_refusal_a_statement_is_written_and_written_again(app):
    challenge = sent_challenge(app, "collected", decided=[REFUSED])
    page = challenge.client.get(f"{challenge.line()}/statement")
    challenge.client.submit(page, {"written": "The note says I shouted.", "say": "I did not.", "why": "I was at work."})
    assert challenge.lines[0].statement == "The note says I shouted.\n\nI did not.\n\nI was at work."
    assert "I did not." in challenge.client.get(challenge.line()).text
    again = challenge.client.get(f"{challenge.line()}/statement")
    challenge.client.submit(again, {"say": "I was at work that day."})
    assert challenge.lines[0].statement == "I was at work that day."


def test_a_statement_of_more_than_two_thousand_words_is_kept_on_the_page_and_refused(app):
    challenge = sent_challenge(app, "collected", decided=[REFUSED])
    page = challenge.client.get(f"{challenge.line()}/statement")
    long = "word " * 1500
    refused = challenge.client.submit(page, {"written": long, "say": "word " * 501}, 400)
    assert "2,001 words" in refused.errors[0]
    assert refused.answers()["written"] == [long.strip()] or refused.answers()["written"] == [long]
    challenge.client.submit(page, {"written": long, "say": "word " * 500, "why": ""})
    assert len(challenge.lines[0].statement.split()) == 2000


def test_no_statement_where_the_change_was_made(app):
    challenge = sent_challenge(app, "collected")
    assert not [one for one in links(challenge, challenge.line()) if one.endswith("/statement")]
    challenge.client.get(f"{challenge.line()}/statement", 303)


def test_somebody_new_is_asked_to_look_again_once(app):
    challenge = sent_challenge(app, "collected", TWO, decided=[REFUSED, CORRECTED])
    assert f"{challenge.page}/review" in links(challenge)
    page = challenge.client.get(f"{challenge.page}/review")
    first = challenge.client.submit(page, {"because": "You did not read her letter."})
    again = challenge.client.submit(page, {"because": "You did not read her letter."})
    assert first.location == again.location == challenge.page
    page = challenge.client.get(challenge.page)
    assert "You asked us to look again." in page.text
    assert [WAITS in words for words in told(challenge)[-2:]] == [True, False]
    challenge.client.get(f"{challenge.page}/review", 303)


def test_what_the_second_look_decides_is_not_told_before_its_own_answer(app):
    challenge = sent_challenge(app, "reconsidering", decided=[REFUSED])
    walk = challenge.walk
    new = make_staff(walk.runtime, name="Una Reed")
    walk.act(lambda s: verbs.assign(s, walk.case_id, None, by=walk.worker.actor))
    before = challenge.client.get(challenge.line()).text
    with walk.runtime.vault.unlocked():
        decide(walk, CORRECTED, by=new)
    assert challenge.lines[0].state == "decided"
    assert challenge.client.get(challenge.line()).text == before


def test_there_is_nothing_to_look_at_again_where_all_was_put_right(app):
    challenge = sent_challenge(app, "collected")
    assert f"{challenge.page}/review" not in links(challenge)
    challenge.client.get(f"{challenge.page}/review", 303)


def test_a_question_is_answered_and_stops_no_clock(app):
    challenge = sent_challenge(app, "checking")
    due = challenge.walk.case.due_on
    challenge.walk.step("ask_question", question="Which school do you mean?")
    page = challenge.client.get(challenge.page)
    assert "Yours" in page.text
    page = challenge.client.get(f"{challenge.page}/question")
    assert "Which school do you mean?" in page.text
    assert challenge.walk.case.due_on == due
    challenge.client.submit(page, {"answer": "The one in the lane."})
    assert "You answered our question." in challenge.client.get(challenge.page).text
    challenge.client.get(f"{challenge.page}/question", 303)


def test_words_are_added_to_an_open_line_and_kept_when_too_many(app, monkeypatch):
    challenge = sent_challenge(app)
    page = challenge.client.get(f"{challenge.line()}/add")
    challenge.client.submit(page, {"words": "It is in her report."})
    challenge.client.submit(page, {"words": "It is in her report."})
    assert challenge.lines[0].added == ("It is in her report.",)
    monkeypatch.setattr(limits, "MESSAGES", limits.Rule("message", 0, 3600))
    page = challenge.client.get(f"{challenge.line()}/add")
    refused = challenge.client.submit(page, {"words": "One more."}, 429)
    assert refused.answers()["words"] == ["One more."]


def test_after_the_answer_nothing_is_added_or_taken_back(app):
    challenge = sent_challenge(app, "collected", TWO, decided=[REFUSED, CORRECTED])
    for under in ("/add", "/take-back"):
        assert challenge.client.get(challenge.line() + under, 303).location == challenge.line()


def test_one_line_is_taken_back_and_the_last_one_with_the_whole(app):
    challenge = sent_challenge(app, about=TWO)
    page = challenge.client.get(f"{challenge.line()}/take-back")
    challenge.client.submit(page, {"sure": "no"})
    assert challenge.lines[0].state == "received"
    challenge.client.submit(challenge.client.get(f"{challenge.line()}/take-back"), {"sure": "yes"})
    assert [one.state for one in challenge.lines] == ["withdrawn", "received"]
    assert "You took this back." in challenge.client.get(challenge.page).text
    challenge.client.get(f"{challenge.line(1)}/take-back", 303)
    page = challenge.client.get(f"{challenge.page}/withdraw")
    challenge.client.submit(page, {"sure": "yes"}, max_queries=60)
    assert "You took back what you told us." in challenge.client.get(challenge.page).text


def test_the_pages_of_a_challenge_never_call_it_a_request(app):
    challenge = sent_challenge(app, "weighing", TWO)
    for path in (challenge.page, f"{challenge.page}/withdraw", challenge.line(), f"{challenge.page}/files"):
        page = challenge.client.get(path)
        assert "request" not in page.text.lower(), path
    assert "What you told us is wrong" in challenge.client.get(challenge.page).h1
    assert "Do you want to take back all that you told us?" in challenge.client.get(f"{challenge.page}/withdraw").h1


def test_letters_of_one_day_have_names_of_their_own(app):
    challenge = sent_challenge(app, "checking")
    challenge.walk.step("ask_question", question="Which school do you mean?")
    with challenge.walk.runtime.vault.unlocked():
        jobs.run_all(challenge.walk.runtime.database, challenge.walk.runtime)
    page, today = challenge.client.get(challenge.page), challenge.walk.today
    names = [text_of(one) for one in page.one("main").iter("a") if "/letters/" in (one.get("href") or "")]
    assert names == [f"Letter {at} of {today.day} {today:%B %Y}" for at in (2, 1)]


def test_how_to_complain_is_said_with_its_dates(app):
    challenge = sent_challenge(app, "collected", decided=[REFUSED])
    page = challenge.client.get(f"{challenge.page}/complain")
    by = challenge.walk.today + datetime.timedelta(days=29)
    assert f"we tell you by {by.day} {by:%B %Y}" in page.text
    assert "within 3 months of our answer. Our answer was on" in page.text
    assert "You can ask a court to decide." in page.text
    before = sent_challenge(app, email="other@example.org")
    assert "Our answer was on" not in before.client.get(f"{before.page}/complain").text


def test_somebody_elses_challenge_looks_like_none_at_all(app):
    mine = sent_challenge(app)
    other = sent_request(app, email="other@example.org")
    theirs = sent_challenge(app, email="third@example.org")
    path = mine.line().removeprefix(mine.page)
    for under in (
        "",
        "/question",
        "/review",
        "/complain",
        "/told",
        "/decision",
        path,
        f"{path}/add",
        f"{path}/statement",
    ):
        theirs.client.get(mine.page + under, 404)
        if under:
            other.client.get(other.page + under, 404)
    for under in ("", "/add", "/take-back", "/statement"):
        theirs.client.get(f"{theirs.page}{path}{under}", 404)
        theirs.client.get(f"{theirs.page}/lines/{uuid.UUID(int=4)}{under}", 404)
    theirs.client.get(theirs.page + "/messages")
    theirs.client.post(f"{theirs.page}{path}/add", {"words": "Not mine"}, 404)
    assert mine.lines[0].added == ()


@pytest.mark.parametrize("under", ["/add", "/statement", "/review"])
def test_no_page_fails_on_hostile_answers(app, under):
    state = "received" if under == "/add" else "collected"
    challenge = sent_challenge(app, state, decided=[REFUSED] if state == "collected" else ())
    page = challenge.client.get((challenge.page if under == "/review" else challenge.line()) + under)
    fields = [one.get("name") for one in page.all("textarea")]
    for value in [*NASTY.values(), "x" * 400_000]:
        if under == "/review" and value in (NASTY["odd letters"], NASTY["markup"], NASTY["sql"], NASTY["formula"]):
            continue  # good answers
        sent = {name: page.answers()[name][0] for name in ("csrf_token", "form_key")}
        sent |= dict.fromkeys(fields, value)
        response = challenge.client.client.post(
            page.path,
            data={name: one.encode("utf-8", "surrogateescape") for name, one in sent.items()},
            base_url=challenge.client.base_url,
            content_type="application/x-www-form-urlencoded",
        )
        assert response.status_code in {303, 400, 413, 429}, value[:40]
        assert b"<script>alert(1)" not in response.data


def test_the_answer_is_opened_by_a_button_read_and_kept(app):
    challenge = sent_challenge(app, "ready", decided=[REFUSED])
    assert f"{challenge.page}/decision" in links(challenge)
    page = challenge.client.get(f"{challenge.page}/decision")
    button = next(one.get("action") for one in page.all("form") if one.get("action", "").endswith("/open"))
    there = button.removesuffix("/open")
    assert challenge.client.get(there, 303).location == f"{challenge.page}/decision"
    assert challenge.walk.case.state == "ready"
    read = challenge.client.follow(challenge.client.submit(page, form=button, max_queries=60))
    assert challenge.walk.case.state == "collected"
    assert "The note says what was seen." in read.text
    kept = challenge.client.get(f"{there}/file")
    assert kept.response.data.startswith(b"%PDF")
    assert kept.response.headers["Content-Disposition"].startswith("attachment")
    challenge.client.get(f"{challenge.page}/copies", 404)
    challenge.client.get(f"{challenge.page}/copies/{there.rpartition('/')[2]}", 404)


def test_once_the_time_is_over_neither_the_answer_nor_what_the_record_said_is_shown(app):
    challenge = sent_challenge(app, "collected")
    with challenge.walk.runtime.database.write() as session:
        session.execute(sa.update(StoredPack).values(released_at=db.now() - datetime.timedelta(days=33)))
    assert "The time to read this answer ended on" in challenge.client.get(f"{challenge.page}/decision").text
    page = challenge.client.get(challenge.line())
    assert "Ahead of what is usual" not in page.html


def test_an_entry_decided_for_a_young_person_who_asks_for_themselves(app):
    challenge = sent_challenge(
        app,
        "collected",
        kind="self",
        decided=[
            Decided(
                "completed",
                "Yes.",
                "x",
                "R-101",
                Value("text", "Ahead of what is usual at this age. Writes well, too."),
            )
        ],
    )
    assert "We added what was missing." in challenge.client.get(challenge.line()).text


def test_a_second_person_confirms_before_a_refusal_is_told(app):
    challenge = sent_challenge(app, "weighing")
    with challenge.walk.runtime.vault.unlocked():
        decide(challenge.walk, REFUSED)
        confirm(challenge.walk)
    assert told(challenge)[-1].endswith(WAITS)
