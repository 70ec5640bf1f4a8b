"""A line beside its entry, decided once: by one person, or by two where it gives less than was asked."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.cases.corrections import lines
from portal.caseworker import staff_words
from portal.runtime import Runtime
from tests.builders import Walk, case_in, make_staff, make_team
from tests.client import runtime_of
from tests.corrections import REFUSED as NOT_CHANGED
from tests.corrections import ask_source, challenge_in, claim, confirm, decide, entry_of, open_marks
from tests.judge import JudgingClient, text_of
from tests.portal.caseworker.challenges import (
    CARER,
    DECIDED,
    READING,
    REFUSED,
    at_desk,
    base,
    entry_id,
    line,
    line_path,
)
from workflows.kinds.correction import WORKFLOW

DECISION = 72  # queries of a decision with all that follows from it
LINE = 84  # queries of a form that is refused: the try, and then the page again
WANTED = "As is usual at this age."


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A challenge of two entries, disputed, of which the requester may be told."""
    about = [READING, CARER]
    claims = [claim(one, should_say=lines.Value("text", WANTED)) for one in about]
    return challenge_in(runtime, "weighing", claims, about=about, shown=True)


@pytest.fixture
def client(app: Flask, walk: Walk) -> JudgingClient:
    return at_desk(app, walk.worker)


@pytest.fixture
def approver(app: Flask, walk: Walk) -> JudgingClient:
    return at_desk(app, walk.approver)


def offered(client: JudgingClient, walk: Walk, number: int = 1) -> set[str]:
    page = client.get(line_path(walk, number))
    return {one.get("value") or "" for one in page.all("input", name="outcome")}


def test_the_case_shows_its_lines_and_says_that_no_question_stops_the_clock(client: JudgingClient, walk: Walk) -> None:
    page = client.get(base(walk))
    assert "A question to the requester does not stop this clock" in page.text
    assert [text_of(link) for link in page.all("a") if "/lines/" in (link.get("href") or "")] == [
        f"1. {READING}",
        f"2. {CARER}",
    ]
    assert "Lines" in [text_of(link) for link in page.all("a", cls="govuk-link--no-visited-state")]


def test_a_request_for_a_copy_has_no_lines(client: JudgingClient, runtime: Runtime, walk: Walk) -> None:
    copy = case_in(runtime, "received", worker=walk.worker)
    assert "/lines" not in client.get(base(copy)).html
    client.get(f"{base(copy)}/lines", 404)


def test_the_list_says_how_far_each_line_is_and_whose_turn_it_is(client: JudgingClient, walk: Walk) -> None:
    decide(walk, NOT_CHANGED, line=1)
    text = client.get(f"{base(walk)}/lines").text
    assert "Disputed" in text
    assert "Caseworker: decide" in text
    assert "A second person: confirm it or turn it down" in text


def test_before_it_is_settled_who_asks_there_are_the_familys_words_alone(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "checking")
    client = at_desk(app, walk.worker)
    page = client.get(f"{base(walk)}/lines")
    assert "you see what the requester said, and nothing of the record" in page.text
    page = client.get(line_path(walk))
    assert "Larkfield Primary" in page.text
    assert not page.all("form", action=line_path(walk))


def test_a_line_lies_beside_its_entry_its_source_and_others_on_the_matter(client: JudgingClient, walk: Walk) -> None:
    entry = entry_of(walk, READING)
    ask_source(walk)
    page = client.get(line_path(walk))
    for words in (entry.text, entry.source, WANTED, "Larkfield Primary School", "Asked, no answer yet"):
        assert words in page.text
    assert [text_of(one) for one in page.all("del")] == ["goes: Ahead of what end."]
    assert [text_of(one) for one in page.all("ins")] == ["comes: As end."]


def test_a_decision_changes_the_record_and_is_told_on_the_line(client: JudgingClient, walk: Walk) -> None:
    page = client.get(line_path(walk))
    assert page.answers()["value"] == [WANTED]
    page = client.follow(client.submit(page, DECIDED, max_queries=DECISION))
    assert "Line 1 is decided." in page.text
    assert entry_of(walk, READING).text == WANTED
    page = client.get(line_path(walk))
    assert "What it said before" in page.text
    assert "The school confirmed it." in page.text


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose what becomes of it"),
        ({**DECIDED, "reasons": ""}, "Give the reasons, in the words of the letter."),
        ({**DECIDED, "value": ""}, "Say what the entry is to say from now on."),
        ({**DECIDED, "rule": ""}, "Choose the rule that the decision rests on"),
        ({**DECIDED, "outcome": "completed"}, "To complete an entry is to add to it."),
        ({**REFUSED, "outcome": "kept_marked", "words": "w"}, "Say whether it is a mistake"),
        ({**DECIDED, "outcome": "opinion_labelled"}, "Write the words that stand beside the entry"),
        ({**DECIDED, "outcome": "erased"}, "Nothing in it is destroyed before they have"),
        ({**DECIDED, "outcome": "burnt"}, "Choose from the answers on this page"),
        ({**DECIDED, "version": "x"}, "The page was not complete."),
    ],
)
def test_an_incomplete_decision_is_refused_in_words_and_changes_nothing(
    client: JudgingClient, runtime: Runtime, walk: Walk, sent: dict[str, str], words: str
) -> None:
    case_in(runtime, "review", record=walk.record)
    page = client.submit(client.get(line_path(walk)), sent, expect=400, max_queries=LINE)
    assert words in page.errors[0]
    assert page.answers()["weighed"] == [sent.get("weighed", "")]
    assert line(walk).state == "disputed"


def test_an_outcome_that_the_law_closes_is_not_offered_and_says_why(
    client: JudgingClient, runtime: Runtime, walk: Walk
) -> None:
    assert "moved" not in offered(client, walk)
    assert (
        "Another child’s information was in this record. Open a breach case first." in client.get(line_path(walk)).text
    )
    case_in(runtime, "review", record=walk.record)
    assert "erased" not in offered(client, walk)
    assert "Nothing in it is destroyed before they have their answer." in client.get(line_path(walk)).text


def test_an_approver_reads_a_line_and_cannot_decide_it(approver: JudgingClient, walk: Walk) -> None:
    page = approver.get(line_path(walk))
    assert "A caseworker decides the lines." in page.text
    assert not page.all("form", action=line_path(walk))
    approver.post(line_path(walk), {**DECIDED, "value": "x", "version": line(walk).version}, 400, max_queries=LINE)
    assert line(walk).state == "disputed"


def test_what_gives_less_than_was_asked_counts_when_a_second_person_confirms_it(
    client: JudgingClient, approver: JudgingClient, walk: Walk
) -> None:
    page = client.follow(client.submit(client.get(line_path(walk)), REFUSED, max_queries=DECISION))
    assert "Line 1 waits for a second person" in page.text
    assert "A second person confirms this who may approve." in client.get(line_path(walk)).text
    page = approver.get(line_path(walk))
    assert "It says what was seen." in page.text
    page = approver.submit(page, {"answer": "confirm"}, form=line_path(walk, 1, "second"), max_queries=DECISION)
    assert "It is confirmed" in approver.follow(page).text
    assert (line(walk).state, line(walk).outcome) == ("decided", "refused")


def test_a_change_in_part_begins_with_what_it_says_now_and_never_with_what_is_wanted(
    client: JudgingClient, walk: Walk
) -> None:
    page = client.get(line_path(walk))
    now = entry_of(walk, READING).text
    assert page.answers()["value"] == [WANTED]
    assert page.answers()["part"] == [now]
    assert WANTED in page.text and now in page.text
    client.submit(page, {**DECIDED, "outcome": "partly", "part": f"{now} It is being looked at."}, max_queries=DECISION)
    said = line(walk).decided
    assert said is not None
    assert said.says.value == f"{now} It is being looked at."


def test_a_change_in_part_that_changes_nothing_makes_no_new_value(client: JudgingClient, walk: Walk) -> None:
    client.submit(client.get(line_path(walk)), {**DECIDED, "outcome": "partly"}, max_queries=DECISION)
    said = line(walk).decided
    assert said is not None
    assert said.says == lines.Value()


def test_who_turns_a_proposal_down_says_why(client: JudgingClient, approver: JudgingClient, walk: Walk) -> None:
    client.submit(client.get(line_path(walk)), REFUSED, max_queries=DECISION)
    second = line_path(walk, 1, "second")
    page = approver.submit(approver.get(line_path(walk)), {"answer": "decline"}, form=second, expect=400)
    assert page.errors == ["Say why you turn it down"]
    page = approver.submit(page, {"answer": "decline", "reason": "Ask the school first."}, form=second)
    assert line(walk).state == "disputed"
    assert "Ask the school first." in client.get(f"{base(walk)}/timeline").text


def test_two_tabs_that_decide_differently_make_one_decision(app: Flask, client: JudgingClient, walk: Walk) -> None:
    other = at_desk(app, make_staff(walk.runtime, team=make_team(walk.runtime), name="Kit Marsh"))
    mine, theirs = client.get(line_path(walk)), other.get(line_path(walk))
    client.submit(mine, {**DECIDED, "value": "First"}, max_queries=DECISION)
    page = other.submit(theirs, {**DECIDED, "value": "Second"}, expect=409, max_queries=DECISION)
    assert "This line was changed meanwhile" in page.text
    assert "First" in page.text
    assert "Second" in page.text
    assert entry_of(walk, READING).text == "First"


def test_a_double_press_decides_once(client: JudgingClient, walk: Walk) -> None:
    page = client.get(line_path(walk))
    first = client.submit(page, DECIDED, max_queries=DECISION)
    again = client.submit(page, DECIDED, max_queries=DECISION)
    assert first.location == again.location
    assert entry_of(walk, READING).text == WANTED


def test_an_entry_that_changed_since_is_matched_again_before_anything_is_decided(
    client: JudgingClient, walk: Walk
) -> None:
    second = challenge_in(walk.runtime, "weighing", about=[READING], record=walk.record, worker=walk.worker, shown=True)
    page = client.get(line_path(walk))
    client.submit(client.get(line_path(second)), {**DECIDED, "value": "Changed elsewhere"}, max_queries=DECISION)
    page = client.submit(page, DECIDED, expect=409, max_queries=DECISION)
    assert "The entry itself has changed since the line was matched to it." in page.text
    page = client.get(line_path(walk))
    assert "The entry has changed since this line was matched to it." in page.text
    assert not page.all("form", action=line_path(walk))


def test_staff_see_that_somebody_else_challenges_the_entry_and_take_a_decision_over_with_a_check(
    client: JudgingClient, walk: Walk
) -> None:
    other = challenge_in(
        walk.runtime,
        "weighing",
        about=[READING],
        record=walk.record,
        worker=walk.worker,
        approver=walk.approver,
        shown=True,
        requester="Bram Lark",
        email="bram.lark@example.org",
    )
    assert "another case is about the same entry" in client.get(f"{base(walk)}/lines").text
    decide(other, NOT_CHANGED)
    confirm(other)
    page = client.get(line_path(walk))
    assert other.case.reference in page.text
    like = next(link.get("href") for link in page.all("a") if "?like=" in (link.get("href") or ""))
    page = client.get(like)
    sent = page.answers(like.split("#")[0])
    assert sent["outcome"] == ["refused"]
    assert sent["reasons"] == [""]  # they were written to somebody else
    page = client.submit(page, {**REFUSED}, form=like.split("#")[0], expect=400, max_queries=LINE)
    assert page.errors == ["Read what was taken over, then tick the box"]
    client.submit(page, {**REFUSED, "checked": "y"}, form=like.split("#")[0], max_queries=DECISION)
    assert line(walk).state == "proposed"


def test_a_case_of_another_team_on_the_same_entry_is_named_by_nothing(app: Flask, walk: Walk) -> None:
    team = make_team(walk.runtime, "Other team")
    other = challenge_in(walk.runtime, "weighing", about=[READING], record=walk.record, worker=walk.worker)
    with walk.runtime.database.write() as session:
        case = session.merge(other.case)
        case.team_id, case.assignee_id = team.id, None
        session.add(case)
    page = at_desk(app, walk.worker).get(line_path(walk))
    assert "A case of another team is about this entry too." in page.text
    assert other.case.reference not in page.text


def test_the_page_goes_on_to_the_source_and_to_a_breach_case(client: JudgingClient, walk: Walk) -> None:
    page = client.get(line_path(walk))
    there = {text_of(link): link.get("href") or "" for link in page.all("a")}
    client.get(there["Ask a source"])
    breach = client.get(there["This is about another child: open a breach case"])
    assert breach.answers()["kind"] == ["other_child"]


def test_another_teams_challenge_is_not_there(app: Flask, walk: Walk) -> None:
    stranger = at_desk(app, make_staff(walk.runtime, team=make_team(walk.runtime, "Other team"), name="Lee Moss"))
    for path in (f"{base(walk)}/lines", line_path(walk), line_path(walk, 1, "match")):
        stranger.get(path, 404)
    other = challenge_in(walk.runtime, "weighing", worker=walk.worker)
    at_desk(app, walk.worker).get(f"{base(walk)}/lines/{line(other).id}", 404)


def test_what_the_requester_may_not_know_of_is_decided_by_two(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING])
    client = at_desk(app, walk.worker)
    page = client.get(line_path(walk))
    assert "whatever you choose is confirmed by a second person" in page.text
    client.submit(page, {**DECIDED, "value": WANTED}, max_queries=DECISION)
    assert line(walk).state == "proposed"


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_no_other_role_opens_a_line(app: Flask, walk: Walk, role: str) -> None:
    client = at_desk(app, make_staff(walk.runtime, role=role, name="Alex Reed"))
    for path in (f"{base(walk)}/lines", line_path(walk), line_path(walk, 1, "match"), f"{base(walk)}/lines/together"):
        client.get(path, 403)
    client.get("/staff/challenges/new", 403)


def test_every_step_of_a_challenge_has_a_page(client: JudgingClient, walk: Walk) -> None:
    for step in WORKFLOW.steps:
        path = f"{base(walk)}/steps/{step.name}"
        if step.name in staff_words.OWN_PAGE:
            client.get(path, 303)
        else:
            page = client.get(path)
            assert page.all("form", action=path) or "This step is closed now." in page.text, step.name


def test_a_question_to_the_requester_leaves_the_day_where_it_is(client: JudgingClient, walk: Walk) -> None:
    path, due = f"{base(walk)}/steps/ask_question", walk.case.due_on
    page = client.get(path)
    assert "the law has no pause for a correction" in page.text
    client.submit(page, {"answer_question": "Which school do you mean?"}, form=path)
    assert walk.case.due_on == due


def test_marks_stand_on_the_lines_for_whoever_reads_them(client: JudgingClient, walk: Walk) -> None:
    assert "Disputed since" in client.get(f"{base(walk)}/lines").text
    assert open_marks(walk, entry_id(walk)) == {"disputed"}
