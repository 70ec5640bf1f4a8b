"""A child who is asked answers for themselves: with the words on a card, without the person who asked."""

from __future__ import annotations

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from portal import checking, db
from portal.cases import facts, voice
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.cases.models import Case
from portal.people import cards
from portal.runtime import Runtime
from tests import builders, crashing
from tests.client import client_for, link_in, mails, runtime_of
from tests.corrections import challenge_in
from tests.judge import Page
from tests.portal.requester.asked_child import CARD, LINK, Asked, ask
from tests.portal.requester.following import Sent, sent_request
from tests.portal.requester.test_follow import STAFF
from workflows.facts import CaseFacts, ChildAnswer

_SECRETS = re.compile(r'(name="(?:csrf_token|form_key)"[^>]*value=|nonce-|nonce=|-token=)"?[^"\s;\']+')


def bare(page: Page) -> str:
    """A page without what differs each time it is drawn."""
    return _SECRETS.sub("*", page.html)


@pytest.fixture
def sent(app) -> Sent:
    sent = sent_request(app)
    sent.take("start_checking")
    return sent


@pytest.fixture
def asked(app, sent: Sent) -> Asked:
    return ask(app, sent.runtime, sent.case_id, STAFF)


def facts_now(runtime: Runtime, asked: Asked) -> CaseFacts:
    with runtime.database.read() as session:
        case = session.get_one(Case, asked.case_id)
        return facts.facts_of(session, case, asked.events(), actor=STAFF, today=uk_today())


# Number and words


def test_the_card_opens_the_question_in_words_for_a_child_and_nothing_else(asked: Asked, sent: Sent) -> None:
    typed = {"number": asked.number.lower().replace("-", " "), "words": asked.words.upper().replace(" ", "  ")}
    page = asked.enters(**typed)
    for words in ("A question for you", "Your mum", "Yes is fine. No is fine.", "Talk to me first"):
        assert words in page.text
    for words in ("Robin", "Ash Vale", sent.reference, "robin.vale", "Mr Reed"):
        assert words not in page.html
    assert [event.name for event in asked.events()][-1] == "ask_child"  # looking keeps nothing but the look


def test_an_unknown_number_and_wrong_words_get_one_answer(asked: Asked, app) -> None:
    five = " ".join(asked.words.split()[:5])
    tries = ((asked.number, five), ("0000-0000", asked.words), ("not a number", "one"))
    pages = []
    for number, words in tries:
        client = client_for(app)
        pages.append(client.submit(client.get("/voice"), {"number": number, "words": words}, 400))
    assert len({bare(page).replace(typed, "*") for page, (typed, _words) in zip(pages, tries, strict=True)}) == 1
    assert len({(page.queries, page.commits) for page in pages}) == 1
    assert asked.words not in pages[1].html
    with asked.runtime.database.read() as session:
        rows = session.execute(sa.text("SELECT act, actor, outcome FROM log WHERE act = 'voice_card'")).all()
    assert rows == [("voice_card", "visitor", "denied")] * 3


def test_words_cannot_be_guessed_without_end_and_another_card_is_not_held_up(app, asked: Asked) -> None:
    other = sent_request(app, email="other@example.org")
    other.take("start_checking")
    second = ask(app, other.runtime, other.case_id, STAFF)
    for _one in range(10):
        asked.child.submit(asked.child.get("/voice"), {"number": asked.number, "words": "no"}, 400)
    told = {"number": asked.number, "words": asked.words}
    asked.child.submit(asked.child.get("/voice"), told, 429)
    asked.child.submit(asked.child.get("/voice"), told, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert "A question for you" in second.enters().text


def test_without_a_card_there_is_no_question_and_no_answer(app, asked: Asked) -> None:
    stranger = client_for(app)
    for path in ("/voice/question", "/voice/answer"):
        assert stranger.get(path, 303).location == "/voice"
    asked.enters()
    with asked.runtime.database.write() as session:
        voice.end(session, asked.case_id, "Lost", by=STAFF)
    assert asked.child.get("/voice/question", 303).location == "/voice"
    told = {"number": asked.number, "words": asked.words}
    asked.child.submit(asked.child.get("/voice"), told, 400)


def test_a_visit_ends_after_an_hour_and_by_the_button(asked: Asked) -> None:
    page = asked.enters()
    with asked.runtime.database.write() as session:
        session.execute(sa.text("UPDATE child_question SET visit_at = :at"), {"at": db.now() - voice.VISIT})
    assert asked.child.get("/voice/question", 303).location == "/voice"
    page = asked.enters()
    assert asked.child.submit(page, {}, form=0).location == "/voice"
    assert asked.child.get("/voice/question", 303).location == "/voice"


def test_a_card_for_signing_in_opens_no_question_and_the_other_way_round(asked: Asked) -> None:
    with asked.runtime.database.read() as session:
        pepper = asked.runtime.settings.secrets.pepper
        assert cards.find(session, "sign_in", asked.number, asked.words, pepper=pepper) is None
        assert cards.find(session, "voice", asked.number, asked.words, pepper=pepper) is not None


# By a link


def test_a_link_by_mail_is_neutral_burns_nothing_when_opened_and_works_once(app, sent: Sent) -> None:
    asked = ask(app, sent.runtime, sent.case_id, STAFF, LINK)
    mail = next(one for one in mails(sent.runtime) if one["To"] == LINK.email)
    path, words = link_in(mail), f"{mail['Subject']} {mail.get_content()}".lower()
    assert not any(word in words for word in ("child", "council", "mum", "record", sent.reference.lower(), "ash"))
    scanner, child, late = client_for(app), client_for(app), client_for(app)
    for _one in range(10):
        page = scanner.get(path)
    assert "Your mum" not in page.html
    page = child.submit(child.get(path), {"words": "not these words at all"}, 400)
    assert "Your mum" in child.follow(child.submit(page, {"words": asked.words})).text
    dead = late.get(path, 410)
    assert bare(dead) == bare(late.get("/voice/open/made-up", 410))
    assert "A question for you" in asked.enters(late).text  # number and words open it again


def test_of_twenty_who_use_a_link_at_once_one_sees_the_question(app, sent: Sent) -> None:
    asked = ask(app, sent.runtime, sent.case_id, STAFF, LINK)
    with sent.runtime.database.read() as session:
        pepper = sent.runtime.settings.secrets.pepper
        card = cards.find(session, "voice", asked.number, asked.words, pepper=pepper)
    path = link_in(next(one for one in mails(sent.runtime) if one["To"] == LINK.email))
    token = path.rpartition("/")[2].rpartition(".")[0]
    assert card is not None

    def use(_one: int) -> str | None:
        with sent.runtime.database.write() as session:
            return voice.begin_visit(session, card, now=db.now(), today=uk_today(), token=token)

    with ThreadPoolExecutor(8) as pool:
        assert sum(cookie is not None for cookie in pool.map(use, range(20))) == 1


# The answer


ANSWERS: list[tuple[dict[str, Any], ChildAnswer, dict[str, Any]]] = [
    ({"answer": "yes"}, ChildAnswer.YES, {"not_safe": False}),
    ({"answer": "no", "not_safe": "y"}, ChildAnswer.NO, {"not_safe": True}),
    (
        {"answer": "some", "areas": ["school", "health"], "parts": "Not the bit about dad"},
        ChildAnswer.SOME,
        {"not_safe": False, "parts": "School and education, Health\nNot the bit about dad"},
    ),
    (
        {"answer": "talk-first", "talk": "At lunch, with Mr Reed"},
        ChildAnswer.TALK,
        {"not_safe": False, "talk": "At lunch, with Mr Reed"},
    ),
]


@pytest.mark.parametrize(("said", "answer", "kept"), ANSWERS, ids=[str(one[1]) for one in ANSWERS])
def test_each_answer_is_kept_as_the_childs_own(asked: Asked, said, answer, kept) -> None:
    page = asked.answers(**said)
    assert (page.path, page.title.partition(" –")[0]) == ("/voice/thanks", "Thank you")
    (event,) = asked.answered()
    assert event.answers == {"answer": answer.value, **kept}
    assert event.actor.startswith("child:")
    now = facts_now(asked.runtime, asked)
    assert (now.child_answer, now.child_unsafe) == (answer, kept["not_safe"])
    with asked.runtime.database.read() as session:
        rows = session.execute(sa.text("SELECT act, chain, child_id FROM log WHERE actor LIKE 'child:%'")).all()
    assert {act for act, _chain, _child in rows} == {"child_question_read", "step"}
    assert all(chain.startswith("voice:") and child is None for _act, chain, child in rows)


def test_nothing_is_sent_before_it_was_checked_and_a_second_press_finds_the_first(asked: Asked) -> None:
    asked.enters()
    page = asked.child.submit(asked.child.get("/voice/answer"), {"answer": "some", "parts": "School"}, 200)
    assert "School" in page.text
    assert asked.answered() == []
    changed = asked.child.submit(page, {"change": "1"}, 200)
    assert changed.answers()["parts"] == ["School"]
    first = asked.child.submit(page, {"send": "1"})
    again = asked.child.submit(page, {"send": "1"})
    assert first.location == again.location == "/voice/thanks"
    assert len(asked.answered()) == 1


def test_an_answer_whose_visit_is_over_is_not_thanked_for(asked: Asked) -> None:
    asked.enters()
    page = asked.child.submit(asked.child.get("/voice/answer"), {"answer": "no"}, 200)
    with asked.runtime.database.write() as session:
        session.execute(sa.text("UPDATE child_question SET visit_hash = NULL"))
    assert asked.child.submit(page, {"send": "1"}).location == "/voice"
    assert asked.answered() == []


def test_some_of_it_has_to_say_of_what_and_keeps_what_was_typed(asked: Asked) -> None:
    asked.enters()
    typed = {"answer": "some", "views": "I like my school."}
    page = asked.child.submit(asked.child.get("/voice/answer"), typed, 400)
    assert "Choose a part" in page.errors[0]
    assert page.answers()["views"] == ["I like my school."]
    page = asked.child.submit(asked.child.get("/voice/answer"), {}, 400)
    assert "Choose what you say" in page.errors[0]


def test_an_answered_card_tells_only_that_and_takes_a_change_of_mind(asked: Asked) -> None:
    asked.answers(answer="some", parts="School alone")
    page = asked.enters()
    assert "You have answered." in page.text
    assert not any(words in page.html for words in ("School alone", "Your mum", "Some of it"))
    assert "Your mum" in asked.child.get("/voice/question?again=1").text
    page = asked.child.submit(asked.child.get("/voice/answer"), {"answer": "no"}, 200)
    asked.child.submit(page, {"send": "1"})
    assert [event.answers["answer"] for event in asked.answered()] == ["some", "no"]


def test_views_are_kept_with_the_answer_and_never_shown_to_who_asked(asked: Asked, sent: Sent) -> None:
    before = sent.client.get(sent.page).text
    asked.answers(answer="yes", views="I would like my mum to know about my reading.")
    (views,) = (event for event in asked.events() if event.name == "child_views")
    assert views.answers["words"] == "I would like my mum to know about my reading."
    assert sent.client.get(sent.page).text == before


def test_what_a_child_types_is_a_strangers_text(asked: Asked) -> None:
    asked.enters()
    evil = "<script>alert(1)</script>"
    page = asked.child.submit(asked.child.get("/voice/answer"), {"answer": "some", "parts": evil}, 200)
    assert "<script>alert(1)" not in page.html
    assert page.answers()["parts"] == [evil]
    asked.child.submit(page, {"answer": "made up", "send": "1"}, 400)


# When an answer comes late


def case_of(app, state: str) -> builders.Walk:
    return builders.case_in(runtime_of(app), state)


def test_the_same_answer_again_moves_nothing_and_another_calls_the_copy_back(app) -> None:
    walk = case_of(app, "review")
    by = walk.worker.actor
    asked = ask(app, walk.runtime, walk.case_id, by)
    asked.answers(answer="yes")
    weighed = dict.fromkeys(("maturity", "nature", "orders", "confidence", "consequences"), "Weighed.")
    walk.step("assess_competence", competence="competent", detriment="None.", views="Yes.", **weighed)
    builders.decide_all(walk)
    builders.assemble(walk)
    walk.step("send_to_approval")
    builders.approve(walk)
    asked.answers(answer="yes")
    assert walk.case.state == "approval"
    assert len(asked.answered()) == 1
    asked.answers(answer="talk-first")
    assert walk.case.state == "checking"
    assert asked.answered()[-1].name == "child_answer_changed"


@pytest.mark.parametrize("over", ["withdrawn", "18"])
def test_a_question_that_nobody_needs_any_more_says_so(app, sent: Sent, over: str) -> None:
    asked = ask(app, sent.runtime, sent.case_id, STAFF)
    asked.enters()
    page = asked.child.submit(asked.child.get("/voice/answer"), {"answer": "no"}, 200)
    with sent.runtime.database.write() as session:
        if over == "withdrawn":
            from portal.cases import verbs

            said = {"sure": True}
            by = Actor.requester(sent.person_id)
            verbs.take_step(session, sent.case_id, "withdraw", by=by, answers=said, today=uk_today())
    if over == "withdrawn":
        asked.child.submit(page, {"send": "1"})
        assert "You do not have to answer any more." in asked.child.get("/voice/question").text
        assert asked.child.get("/voice/answer", 303).location == "/voice/question"
        assert asked.answered() == []
        return
    with pytest.raises(voice.StepRefused), sent.runtime.database.write() as session:
        in_six_years = uk_today().replace(year=uk_today().year + 6)
        question = voice.questions(session, sent.case_id)[0]
        voice.answer(session, question.id, voice.Said(answer="no"), today=in_six_years)


def test_a_new_card_ends_the_one_before(app, asked: Asked, sent: Sent) -> None:
    second = ask(app, sent.runtime, sent.case_id, STAFF, CARD)
    asked.child.submit(asked.child.get("/voice"), {"number": asked.number, "words": asked.words}, 400)
    assert "A question for you" in second.enters().text


def test_an_answer_is_kept_whole_or_not_at_all_wherever_the_process_is_killed(asked: Asked) -> None:
    asked.enters()
    page = asked.child.submit(asked.child.get("/voice/answer"), {"answer": "no", "views": "It is mine."}, 200)
    cookies = {one.key: one.value for one in asked.child.client._cookies.values()}
    form = {"path": "/voice/answer", "data": {**page.answers(), "send": "1"}, "cookies": cookies}
    settings, before = asked.runtime.settings, asked.events()
    assert crashing.run(settings, "post", fail_at="before_commit:event", **form).code == -signal.SIGKILL
    assert asked.events() == before
    assert crashing.run(settings, "post", fail_at="after_commit:event", **form).code == -signal.SIGKILL
    kept = [event.name for event in asked.events()[len(before) :]]
    assert kept == ["child_views", "record_child_answer"]
    assert crashing.run(settings, "post", **form).answer == (303, "/voice/thanks")  # sent again, it finds the first
    assert len(asked.answered()) == 1
    assert list(checking.faults(asked.runtime)) == []


def test_a_child_is_asked_about_a_challenge_in_the_same_way(app) -> None:
    walk = challenge_in(runtime_of(app), "checking")
    asked = ask(app, walk.runtime, walk.case_id, walk.worker.actor)
    page = asked.enters()
    assert "They say that something in your record is wrong." in page.text
    assert "They want to see your record" not in page.text
    asked.answers(answer="some", areas="school")
    (event,) = asked.answered()
    assert event.answers["parts"] == "School and education"
