"""A decision and the change it makes are one; less than was asked, and whatever destroys, takes two people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.cases import ledger
from portal.cases.corrections import deciding, recipients
from portal.cases.corrections.deciding import Pick
from portal.cases.corrections.lines import Decided, Value
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.records import correcting
from portal.runtime import Runtime
from tests.builders import Walk, case_in, make_staff, make_team, rich_child
from tests.corrections import (
    CORRECTED,
    REFUSED,
    challenge_in,
    claim,
    confirm,
    decide,
    entries,
    entry_of,
    lines_of,
    looking,
    open_marks,
)
from workflows.table import StepRefused

READING = "Reading"
NOTE = "Note"
SAYS = Value("text", "As is usual at this age.")
RIGHT = replace(CORRECTED, says=SAYS)


def events(walk: Walk) -> list[str]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return [event.name for event in ledger.history(session, session.get_one(Case, walk.case_id))]


def test_a_correction_is_read_from_the_same_transaction_on(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    decide(walk, RIGHT)
    entry = entry_of(walk, READING)
    assert entry.text == SAYS.value
    assert open_marks(walk, entry.id) == {"corrected"}
    assert lines_of(walk)[0].state == "decided"


def test_the_old_value_is_kept_out_of_ordinary_sight(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    before = entry_of(walk, READING)
    decide(walk, RIGHT)
    assert all(before.value not in entry.text for entry in entries(walk))
    with runtime.database.read() as session, runtime.vault.unlocked():
        history = correcting.versions(session, looking(session, walk), before.id)
    assert [one.value for one in history] == [before.value, SAYS.value]


def test_a_decision_that_fails_changes_nothing(runtime: Runtime) -> None:
    """Nothing of the record moves without its decision, and no decision stands without its change."""
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    before = entry_of(walk, READING)

    def stumble(session: object) -> None:
        line = lines_of(walk)[0]
        deciding.decide(
            session,  # type: ignore[arg-type]
            walk.case_id,
            [Pick(line.id, line.version)],
            RIGHT,
            by=walk.worker.actor,
            looking=looking(session, walk),  # type: ignore[arg-type]
        )
        raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        walk.act(stumble)
    assert entry_of(walk, READING).text == before.text
    assert lines_of(walk)[0].state == "disputed"
    assert "line_decided" not in events(walk)


@pytest.mark.parametrize("outcome", ["refused", "partly"])
def test_what_gives_less_than_was_asked_waits_for_a_second_person(runtime: Runtime, outcome: str) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    before = entry_of(walk, READING)
    decide(walk, replace(REFUSED, outcome=outcome, says=SAYS if outcome == "partly" else Value()))
    assert lines_of(walk)[0].state == "proposed"
    assert entry_of(walk, READING).text == before.text
    assert "disputed" in open_marks(walk, before.id)
    confirm(walk)
    assert lines_of(walk)[0].state == "decided"
    assert "disputed" not in open_marks(walk, before.id)


def test_nobody_confirms_what_they_proposed(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    decide(walk, REFUSED)
    both = replace(walk.worker, role="approver")  # somebody who changed roles overnight is the same person
    with pytest.raises(StepRefused):
        confirm(walk, by=both)
    assert lines_of(walk)[0].state == "proposed"


def test_a_proposal_turned_down_leaves_the_line_open(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    decide(walk, REFUSED)
    line = lines_of(walk)[0]
    walk.act(
        lambda session: deciding.decline(
            session, walk.case_id, line.id, "Ask the school first.", version=line.version, by=walk.approver.actor
        )
    )
    after = lines_of(walk)[0]
    assert (after.state, after.decided) == ("disputed", None)


def test_one_line_decided_by_two_people_has_one_decision(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    seen = lines_of(walk)[0]

    def decide_as_seen(value: str) -> None:
        said = replace(CORRECTED, says=Value("text", value))
        walk.act(
            lambda session: deciding.decide(
                session,
                walk.case_id,
                [Pick(seen.id, seen.version)],
                said,
                by=walk.worker.actor,
                looking=looking(session, walk),
            )
        )

    decide_as_seen("First")
    with pytest.raises(LostRace):
        decide_as_seen("Second")
    assert entry_of(walk, READING).text == "First"
    assert events(walk).count("line_decided") == 1


def test_several_lines_are_decided_for_one_reason_or_none_of_them_is(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING, "Parent or carer"], shown=True)
    first, second = lines_of(walk)

    def both(version: int) -> None:
        walk.act(
            lambda session: deciding.decide(
                session,
                walk.case_id,
                [Pick(first.id, first.version), Pick(second.id, version)],
                RIGHT,
                by=walk.worker.actor,
                looking=looking(session, walk),
            )
        )

    with pytest.raises(LostRace):
        both(second.version + 1)
    assert [line.state for line in lines_of(walk)] == ["disputed", "disputed"]
    both(second.version)
    assert [line.state for line in lines_of(walk)] == ["decided", "decided"]


def test_nothing_is_erased_while_somebody_waits_for_a_copy(runtime: Runtime) -> None:
    """R-81: altering or erasing what somebody asked to see is a crime."""
    access = case_in(runtime, "review")
    walk = challenge_in(
        runtime, "weighing", about=["Someone else holds information too"], shown=True, record=access.record
    )
    with pytest.raises(StepRefused):
        decide(walk, replace(CORRECTED, outcome="erased", says=Value()))


def test_what_the_law_keeps_is_not_erased(runtime: Runtime) -> None:
    """R-152: care records are kept to the 75th birthday."""
    walk = challenge_in(runtime, "weighing", about=["Note"], shown=True)
    with pytest.raises(StepRefused):
        decide(walk, replace(CORRECTED, outcome="erased", says=Value()))


def test_what_the_law_keeps_is_not_erased_though_its_use_is_restricted(runtime: Runtime) -> None:
    """A restricted entry comes masked, and its category with it; the law keeps it all the same."""
    walk = challenge_in(runtime, "weighing", [claim(NOTE, restrict=True)], about=[NOTE], shown=True)
    with pytest.raises(StepRefused):
        decide(walk, replace(CORRECTED, outcome="erased", says=Value()))
    decide(walk, REFUSED)
    assert lines_of(walk)[0].decided.before.startswith("Duty call")  # type: ignore[union-attr]


def test_erased_means_destroyed_once_a_second_person_says_so(runtime: Runtime) -> None:
    claims = [claim("Early help", reads="Early help team")]
    walk = challenge_in(runtime, "weighing", claims, about=["Someone else holds information too"], shown=True)
    entry = entry_of(walk, "Someone else holds information too")
    decide(walk, replace(CORRECTED, outcome="erased", says=Value()))
    assert entry.id in {one.id for one in entries(walk)}
    confirm(walk)
    assert entry.id not in {one.id for one in entries(walk)}
    line = lines_of(walk)[0]
    assert line.decided
    assert (line.claim.reads, line.decided.before) == ("", "")


@pytest.mark.parametrize("outcome", ["refused", "restricted", "erased"])
def test_a_value_that_was_typed_and_does_not_count_is_not_kept(runtime: Runtime, outcome: str) -> None:
    walk = challenge_in(runtime, "weighing", about=["Reading"], shown=True)
    decide(walk, replace(REFUSED, outcome=outcome, says=SAYS))
    decided = lines_of(walk)[0].decided
    assert decided is not None
    assert decided.says == Value()


def test_a_correction_stops_a_copy_that_was_approved_before_it(runtime: Runtime) -> None:
    access = case_in(runtime, "approval")
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True, record=access.record)
    decide(walk, RIGHT)
    assert access.case.state == "review"
    assert "void_approval" in events(access)


def test_recipients_are_listed_with_the_decision_and_only_then(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    assert notices(walk) == 0
    decide(walk, RIGHT)
    with runtime.database.read() as session:
        assert session.get_one(Case, walk.case_id).state == "weighing"


def notices(walk: Walk) -> int:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return len(recipients.of_case(session, session.get_one(Case, walk.case_id)))


def test_a_statement_after_a_refusal_stands_beside_the_entry(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=["Note"], shown=True)
    decide(walk, REFUSED)
    confirm(walk)
    line = lines_of(walk)[0]
    walk.act(
        lambda session: deciding.state_disagreement(
            session, walk.case_id, line.id, "This is not what I said.", by=walk.requester
        )
    )
    assert line.entry_id
    assert open_marks(walk, line.entry_id) == {"refused", "statement"}
    assert lines_of(walk)[0].statement == "This is not what I said."


@pytest.mark.parametrize("words", ["", "word " * 2001])
def test_a_statement_has_words_but_not_without_end(runtime: Runtime, words: str) -> None:
    walk = challenge_in(runtime, "weighing", about=["Note"], shown=True)
    decide(walk, REFUSED)
    confirm(walk)
    line = lines_of(walk)[0]
    with pytest.raises(StepRefused):
        walk.act(lambda session: deciding.state_disagreement(session, walk.case_id, line.id, words, by=walk.requester))


def test_no_statement_is_attached_to_what_was_put_right(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    decide(walk, RIGHT)
    line = lines_of(walk)[0]
    with pytest.raises(StepRefused):
        walk.act(
            lambda session: deciding.state_disagreement(session, walk.case_id, line.id, "Still.", by=walk.requester)
        )


def test_what_an_entry_said_is_kept_for_the_letter_only_where_the_requester_may_see_it(runtime: Runtime) -> None:
    shown = challenge_in(runtime, "weighing", about=[READING], shown=True)
    hidden = challenge_in(
        runtime, "weighing", about=[READING], record=rich_child(runtime, local_id="LA-0002"), email="b@example.org"
    )
    decide(shown, RIGHT)
    decide(hidden, RIGHT)
    assert [lines_of(walk)[0].decided.before for walk in (shown, hidden)] == [  # type: ignore[union-attr]
        "Ahead of what is usual at this age.",
        "",
    ]


def test_an_entry_that_moved_on_since_it_was_matched_is_looked_at_again(runtime: Runtime) -> None:
    first = challenge_in(runtime, "weighing", about=[READING], shown=True)
    second = challenge_in(
        runtime, "weighing", about=[READING], shown=True, record=first.record, email="bram.lark@example.org"
    )
    decide(first, RIGHT)
    with pytest.raises(LostRace):
        decide(second, replace(CORRECTED, says=Value("text", "Something else")))


def test_a_correction_needs_its_value_its_reasons_and_its_words(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    for wrong in (
        replace(RIGHT, says=Value()),
        replace(RIGHT, reasons=" "),
        Decided("statement_added", "They say so.", "", "R-101"),
        Decided("opinion_labelled", "It is an opinion.", "", "R-102"),
    ):
        with pytest.raises(StepRefused):
            decide(walk, wrong)
    assert lines_of(walk)[0].state == "disputed"


def test_nobody_decides_before_the_check_is_passed(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "finding")
    line = lines_of(walk)[0]
    with pytest.raises(StepRefused):
        walk.act(
            lambda session: deciding.decide(
                session, walk.case_id, [Pick(line.id, line.version)], RIGHT, by=walk.worker.actor, looking=None
            )
        )


def test_a_colleague_of_another_team_cannot_open_the_entry(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING], shown=True)
    stranger = make_staff(runtime, team=make_team(runtime, "Another team"), name="Olive Crane")
    with pytest.raises(ledger.CaseNotFound):
        decide(walk, RIGHT, by=stranger)


def test_a_correction_stops_another_answer_that_was_approved_before_it(runtime: Runtime) -> None:
    first = challenge_in(runtime, "weighing", about=[READING], shown=True)
    second = challenge_in(runtime, "weighing", about=["Note"], record=first.record, email="bram.lark@example.org")
    with runtime.database.write() as session:  # as if its answer had been sent to approval a moment ago
        session.get_one(Case, second.case_id).state = "approval"
    decide(first, RIGHT)
    assert second.case.state == "weighing"


def test_what_somebody_asked_to_see_meanwhile_is_not_destroyed_by_the_second_person(runtime: Runtime) -> None:
    """R-81 is asked again when a proposal is confirmed: an access case may have come in since."""
    about = "Someone else holds information too"
    walk = challenge_in(runtime, "weighing", about=[about], shown=True)
    decide(walk, replace(CORRECTED, outcome="erased", says=Value()))
    case_in(runtime, "review", record=walk.record)
    with pytest.raises(StepRefused):
        confirm(walk)
    assert lines_of(walk)[0].state == "proposed"
    assert entry_of(walk, about).text


def test_a_correction_stops_a_second_answer_that_waits_for_approval(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "reconsidering", about=[READING], shown=True, decided=[REFUSED])
    with runtime.database.write() as session:
        ledger.append(
            session,
            ledger.locked(session, walk.case_id),
            "send_to_approval_again",
            by=walk.worker.actor,
            on_date=walk.today,
            to_state="approval_again",
        )
    other = challenge_in(
        runtime, "weighing", about=[READING], shown=True, record=walk.record, email="bram.lark@example.org"
    )
    decide(other, RIGHT)
    assert walk.case.state == "reconsidering"
    assert "void_approval_again" in events(walk)
