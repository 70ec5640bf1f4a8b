"""The review as law: what may be chosen, what is refused, and who has reviewed."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from portal.cases import consulting, verbs
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.documents import release
from portal.records import OpenEntry
from portal.records.models import Sharing
from portal.review import around, deciding, people_mentioned
from portal.review.deciding import Decision, Item, Pick
from portal.review.decision import decision_of
from portal.review.models import ReviewItem
from portal.review.redaction import Redaction
from portal.runtime import Runtime
from portal.vault import Owner
from tests import builders
from tests.builders import NEIGHBOUR, WEIGHED, Walk, consulted
from workflows.days import add_months
from workflows.exemptions import BY_CODE, REGISTER
from workflows.table import StepRefused


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A parent's case in review."""
    return builders.case_in(runtime, "review")


def within(walk: Walk, what: Callable[[Session, Case], object]) -> object:
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        return what(session, session.get_one(Case, walk.case_id))


def found(walk: Walk, words: str) -> tuple[Item, OpenEntry]:
    def look(session: Session, case: Case) -> tuple[Item, OpenEntry]:
        items = deciding.items(session, case, limit=1000)
        entries = deciding.entries_of(session, verbs.look_for(case, walk.worker.actor), items)
        return next(both for both in zip(items, entries, strict=True) if words in both[1].text)

    return within(walk, look)  # type: ignore[return-value]


def decide(walk: Walk, words: str, said: Decision, *, by: builders.Staff | None = None, version: int = 0) -> None:
    item, entry = found(walk, words)
    within(
        walk,
        lambda session, case: deciding.decide(
            session,
            case.id,
            item.id,
            said,
            version=version or item.version,
            text=entry.text,
            category=entry.category,
            by=(by or walk.worker).actor,
            today=walk.today,
            people=people_mentioned.mentions(session, verbs.look_for(case, walk.worker.actor)),
            around=around.of(entry),
        ),
    )


def decide_person(
    walk: Walk, relation: str, decision: str, test: dict[str, str], *, by: builders.Staff | None = None
) -> None:
    def act(session: Session, case: Case) -> None:
        people = people_mentioned.mentions(session, verbs.look_for(case, walk.worker.actor))
        third, row, _told = next(one for one in people if one[0].relation == relation)
        people_mentioned.decide_mention(
            session,
            case.id,
            third.id,
            version=row.version,
            decision=decision,
            code="EX-TP" if decision == "hide" else "",
            reason="As weighed.",
            test=test,
            by=(by or walk.worker).actor,
            today=walk.today,
        )

    within(walk, act)


def reviewers(walk: Walk) -> frozenset[str]:
    with walk.runtime.database.read() as session:
        told: frozenset[str] = deciding.provide(session, session.get_one(Case, walk.case_id), ())["reviewed_by"]
    return told


@pytest.mark.parametrize(
    ("code", "words", "kind", "other"),
    [
        ("EX-CA", "Duty call", "safeguarding", "police"),
        ("EX-S11", "Duty call", "social_work", "safeguarding"),
        ("EX-E19", "Ahead of", "education", "social_work"),
        ("EX-CR", "Duty call", "police", "legal"),
        ("EX-LP", "Duty call", "legal", "police"),
        ("EX-AD", "Duty call", "other", "legal"),
        ("EX-H6", "Inhaler", "health", "other"),
    ],
)
def test_whoever_must_be_asked_for_a_code_was_asked_and_the_answer_is_recorded(
    walk: Walk, code: str, words: str, kind: str, other: str
) -> None:
    said = Decision("withhold", code=code, reason="As weighed.")
    for named in ((), (uuid.uuid4().hex,), (consulted(walk, other),)):
        with pytest.raises(StepRefused, match="Somebody has to be asked first") as refused:
            decide(walk, words, replace(said, consultations=named))
        assert refused.value.need == "consultations"
    with pytest.raises(StepRefused, match="The answer is not recorded yet"):
        decide(walk, words, replace(said, consultations=(consulted(walk, kind, "waiting"),)))
    decide(walk, words, replace(said, consultations=(consulted(walk, kind, "no_answer"),)))


def test_a_code_for_which_nobody_is_asked_needs_no_consultation(walk: Walk) -> None:
    decide(walk, "Duty call", Decision("withhold", code="EX-NG", reason="We are still negotiating."))


def test_every_kind_of_consultation_the_register_asks_for_can_be_recorded() -> None:
    asked = {kind for one in REGISTER for kind in one.asks}
    assert asked <= set(consulting.KINDS)
    # Whoever the register names is asked in a consultation, but for a child, whose wish is recorded by itself.
    assert {one.code for one in REGISTER if one.must_consult and one.per_item and not (one.asks or one.wish)} == set()


TAKEN_OUT: tuple[Callable[[OpenEntry], Decision], ...] = (
    lambda entry: Decision("redact", spans=(Redaction(0, len(entry.text), "EX-TP"),), reason="As weighed."),
    lambda _entry: Decision("withhold", code="EX-TP", reason="As weighed."),
    lambda _entry: Decision("redact", hides={"source": "EX-TP"}, reason="As weighed."),
)


@pytest.mark.parametrize("taken_out", TAKEN_OUT, ids=["words", "entry", "source"])
def test_r_83_nothing_is_kept_back_as_a_third_party_s_without_the_answers(
    walk: Walk, taken_out: Callable[[OpenEntry], Decision]
) -> None:
    said = taken_out(found(walk, "Home visit")[1])
    for test, need, words in (
        ({}, "test_identifiable", "not all answered"),
        ({**WEIGHED, "consented": ""}, "test_consented", "not all answered"),
        ({**WEIGHED, "why_not_asked": " "}, "test_why_not_asked", "say why it would be wrong to ask"),
        ({**WEIGHED, "reasons": ""}, "test_reasons", "not all answered"),
        ({**WEIGHED, "identifiable": "no"}, "test_identifiable", "nobody is protected"),
    ):
        with pytest.raises(StepRefused, match=words) as refused:
            decide(walk, "Home visit", replace(said, test=test))
        assert refused.value.need == need
    decide(walk, "Home visit", replace(said, test=WEIGHED))
    assert found(walk, "Home visit")[0].said.test == WEIGHED


def test_who_was_asked_to_agree_is_shown_by_a_consultation_and_who_agreed_is_not_kept_back(walk: Walk) -> None:
    said = Decision("withhold", code="EX-TP", reason="As weighed.", test={**WEIGHED, "asked": "yes"})
    with pytest.raises(StepRefused, match="EX-TP: Somebody has to be asked first"):
        decide(walk, "Duty call", said)
    with pytest.raises(StepRefused, match="EX-TP: The person agreed"):
        decide(walk, "Duty call", replace(said, consultations=(consulted(walk, "third_party", "agrees"),)))
    decide(walk, "Duty call", replace(said, consultations=(consulted(walk, "third_party", "objects"),)))


def test_the_name_of_somebody_hidden_rests_on_the_answers_about_them_and_more_than_the_name_does_not(
    walk: Walk,
) -> None:
    item, entry = found(walk, "Duty call")
    start = entry.text.index(NEIGHBOUR)
    name = Redaction(start, start + len(NEIGHBOUR), "EX-TP")
    with pytest.raises(StepRefused, match="not all answered"):
        decide(walk, "Duty call", Decision("redact", spans=(name,), reason="Her name."))
    decide_person(walk, "neighbour", "hide", WEIGHED)
    decide(walk, "Duty call", Decision("redact", spans=(name,), reason="Her name."))
    more = replace(name, end=name.end + 12)
    with pytest.raises(StepRefused, match="not all answered"):
        decide(walk, "Duty call", Decision("redact", spans=(more,), reason="Her name."))
    assert found(walk, "Duty call")[0].version == item.version + 1


@pytest.mark.parametrize("decision", ["not_subject", "duplicate"])
def test_nothing_is_left_out_without_a_reason(walk: Walk, decision: str) -> None:
    with pytest.raises(StepRefused, match="Say why this is left out"):
        decide(walk, "Duty call", Decision(decision))
    decide(walk, "Duty call", Decision(decision, reason="It says the same as the entry before."))


def test_an_opinion_of_serious_harm_closes_giving_and_opens_withholding(walk: Walk) -> None:
    fine = consulted(walk, "health", "opinion_no_harm")
    kept_back = Decision("withhold", code="EX-H5", reason="As the doctor says.")
    with pytest.raises(StepRefused, match="not met"):
        decide(walk, "Inhaler", kept_back)
    decide(walk, "Inhaler", Decision("give"))
    assert found(walk, "Inhaler")[0].said.opinion == fine  # the only one there is
    grave = consulted(walk, "health", "opinion_harm")
    with pytest.raises(StepRefused, match="would cause serious harm"):
        decide(walk, "Inhaler", Decision("give", consultations=(grave,)))
    decide(walk, "Inhaler", replace(kept_back, consultations=(grave,)))
    assert found(walk, "Inhaler")[0].said.opinion == grave


def test_of_several_health_opinions_the_one_given_on_this_entry_is_named(walk: Walk) -> None:
    one, other = (consulted(walk, "health", "opinion_no_harm") for _ in range(2))
    for named, words in (((), "There are several health opinions"), ((one, other), "Tick only one health opinion")):
        with pytest.raises(StepRefused, match=words) as refused:
            decide(walk, "Inhaler", Decision("give", consultations=named))
        assert refused.value.need == "consultations"
    decide(walk, "Inhaler", Decision("give", consultations=(other,)))
    decide(walk, "Duty call", Decision("give"))  # not about health: no opinion is asked for


def test_an_opinion_on_another_entry_does_not_open_the_one_on_which_no_opinion_came(walk: Walk) -> None:
    consulted(walk, "health", "opinion_no_harm")
    silent = consulted(walk, "health", "no_answer")
    with pytest.raises(StepRefused, match="Ask the health professional first"):
        decide(walk, "Inhaler", Decision("give", consultations=(silent,)))
    decide(walk, "Inhaler", Decision("withhold", code="EX-H6", reason="No answer came.", consultations=(silent,)))


def test_where_the_harm_is_in_the_words_taken_out_the_rest_is_given(walk: Walk) -> None:
    consulted(walk, "health", "opinion_harm")
    with pytest.raises(StepRefused, match="would cause serious harm"):
        decide(walk, "Inhaler", Decision("give"))
    decide(walk, "Inhaler", Decision("redact", spans=(Redaction(0, 7, "EX-H5"),), reason="As the doctor says."))


@pytest.mark.parametrize(
    ("outcome", "said", "then"),
    [
        ("opinion_no_harm", Decision("give"), "opinion_harm"),
        ("opinion_harm", Decision("withhold", code="EX-H5", reason="As the doctor says."), "opinion_no_harm"),
    ],
)
def test_v_90_an_opinion_that_went_stale_or_was_put_right_carries_nothing_any_more(
    walk: Walk, outcome: str, said: Decision, then: str
) -> None:
    rests_on = consulted(walk, "health", outcome)
    decide(walk, "Inhaler", said)
    fresh = add_months(walk.today, 6) - datetime.timedelta(days=1)
    assert lapsed(walk, walk.today) is None
    assert lapsed(walk, fresh) is None
    assert f"entry {found(walk, 'Inhaler')[0].position + 1} is older than six months" in str(
        lapsed(walk, add_months(walk.today, 6))
    )
    reply = {"outcome": then, "reply": "I looked again.", "answered_on": walk.today}
    walk.act(
        lambda session: consulting.record_reply(
            session, walk.case_id, uuid.UUID(rests_on), version=2, **reply, by=walk.worker.actor
        )
    )
    assert lapsed(walk, walk.today)


def test_what_waits_for_an_opinion_is_decided_again_once_it_came(walk: Walk) -> None:
    silent = consulted(walk, "health", "no_answer")
    decide(walk, "Inhaler", Decision("withhold", code="EX-H6", reason="No answer came.", consultations=(silent,)))
    assert lapsed(walk, add_months(walk.today, 60)) is None
    reply = {"outcome": "opinion_no_harm", "reply": "It may be given.", "answered_on": walk.today}
    walk.act(
        lambda session: consulting.record_reply(
            session, walk.case_id, uuid.UUID(silent), version=2, **reply, by=walk.worker.actor
        )
    )
    assert lapsed(walk, walk.today)


def lapsed(walk: Walk, today: datetime.date) -> str | None:
    return within(walk, lambda session, case: deciding.lapsed(session, case, today))  # type: ignore[return-value]


def test_items_of_a_record_that_was_detached_are_out_of_sight(walk: Walk, runtime: Runtime) -> None:
    before = reviewed(walk)
    other = builders.rich_child(runtime, name="Other Child", local_id="LA-0002")
    with runtime.database.write() as session:
        verbs.detach_record(session, walk.case_id, "The wrong child", by=walk.worker.actor)
        assert deciding.counts(session, walk.case_id) == {}
        verbs.attach_record(session, walk.case_id, other.child_id, other.born, by=walk.worker.actor)
        assert deciding.items(session, session.get_one(Case, walk.case_id)) == []
    walk.act(lambda session: deciding.begin(session, builders.looking(session, walk)))
    assert reviewed(walk)
    assert not before & reviewed(walk)


def reviewed(walk: Walk) -> set[uuid.UUID]:
    with walk.runtime.database.read() as session:
        return {one.id for one in deciding.items(session, session.get_one(Case, walk.case_id), limit=1000)}


def test_what_came_in_since_is_missed_until_it_is_brought_in(walk: Walk, runtime: Runtime) -> None:
    builders.decide_all(walk)
    builders.rich_child(runtime, notes=8)  # the same child, with more notes
    with pytest.raises(StepRefused, match="Bring it into the review first"), runtime.database.write() as session:
        release.request_pack(session, walk.case_id, by=walk.worker.actor)
    walk.act(lambda session: deciding.begin(session, builders.looking(session, walk)))
    with pytest.raises(StepRefused), runtime.database.write() as session:
        release.request_pack(session, walk.case_id, by=walk.worker.actor)  # brought in, and undecided
    builders.decide_all(walk)
    builders.assemble(walk)


def test_whom_it_was_shared_with_is_reviewed_like_an_entry(runtime: Runtime) -> None:
    record = builders.rich_child(runtime)
    with runtime.database.write() as session:
        for recipient, cls in (("Millrace Surgery", "core"), ("A refuge nobody may hear of", "location")):
            row = Sharing(child_id=record.child_id, sealed=b"")
            row.cls = cls
            runtime.vault.put(row, {"recipient": recipient, "what": "name", "how": "by post", "on": "2026-01-02"})
            session.add(row)
    walk = builders.case_in(runtime, "review", record=record)
    item, entry = found(walk, "A refuge")
    assert (item.state, entry.category) == ("undecided", "shared")
    said = Decision("withhold", code="EX-TP", reason="It would say where they were.", test=WEIGHED)
    decide(walk, "A refuge", said)
    builders.decide_all(walk)
    pack = builders.assemble(walk)
    given = runtime.files.read(Owner.case(walk.case_id), pack.content_file).decode()
    assert "Millrace Surgery: name (by post)" in given
    assert "refuge" not in given


@pytest.mark.parametrize(
    ("kind", "words", "code", "wish", "refused"),
    [
        ("parent", "Duty call", "EX-CA", "", ""),
        ("self", "Duty call", "EX-CA", "", "does not exist against this requester"),
        ("representative", "Duty call", "EX-CA", "", "does not exist against this requester"),
        ("parent", "Duty call", "EX-S10", "", "wish is not recorded"),
        ("parent", "Duty call", "EX-S10", "given-in-confidence", ""),
        ("parent", "Duty call", "EX-S10", "said-no", "wish is not recorded"),  # no such answer stands in the case
        ("parent", "Inhaler", "EX-H4", "found-in-confidence", ""),
        ("parent", "Inhaler", "EX-H5", "", "opinion less than six months old"),
        ("parent", "Inhaler", "EX-S11", "", "another kind of data"),
        ("parent", "Ahead of", "EX-E19", "", ""),
        ("parent", "Ahead of", "EX-E20", "", "does not exist in this nation"),
        ("parent", "Duty call", "EX-MU", "", "not put on single items"),
        ("parent", "Duty call", "EX-NO", "", "no such exemption"),
    ],
)
def test_only_a_code_that_is_lawful_here_is_kept(
    runtime: Runtime, kind: str, words: str, code: str, wish: str, refused: str
) -> None:
    walk = builders.case_in(runtime, "review", kind=kind)
    asked = tuple(consulted(walk, one) for one in sorted(BY_CODE[code].asks)) if code in BY_CODE else ()
    said = Decision("withhold", code=code, wish=wish, reason="As weighed.", consultations=asked)
    if refused:
        with pytest.raises(StepRefused, match=refused):
            decide(walk, words, said)
    else:
        decide(walk, words, said)
    assert found(walk, words)[0].state == ("undecided" if refused else "withhold")


def test_w_12_the_name_of_a_social_worker_in_a_note_is_not_removed_as_a_third_party(walk: Walk) -> None:
    _item, entry = found(walk, "Strategy discussion")
    start = entry.text.index("Orla")
    name = Redaction(start, start + len("Orla Penhale"), "EX-TP")
    with pytest.raises(StepRefused, match="Orla Penhale is shown in this copy"):
        decide(walk, "Strategy discussion", Decision("redact", spans=(name,), reason="Her name."))
    with pytest.raises(StepRefused, match="Naming a professional in their role is reasonable"):
        decide_person(walk, "social worker", "hide", {**WEIGHED, "professional_in_role": "yes"})


def test_w_13_a_neighbour_who_reported_is_hidden_when_the_test_stands(walk: Walk) -> None:
    with pytest.raises(StepRefused, match="not all answered"):
        decide_person(walk, "neighbour", "hide", {})
    for answer, refused in (
        ("consented", "agreed"),
        ("known_to_requester", "knows this"),
        ("reasonable_anyway", "Give it"),
    ):
        with pytest.raises(StepRefused, match=refused):
            decide_person(walk, "neighbour", "hide", {**WEIGHED, answer: "yes"})
    decide_person(walk, "neighbour", "hide", WEIGHED)


def test_w_14_what_the_person_themselves_knows_is_not_kept_from_them_as_another_s(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review", kind="self")
    said = Decision("withhold", code="EX-TP", reason="Her aunt.", already_known=True)
    with pytest.raises(StepRefused, match="The person knows this already"):
        decide(walk, "Home visit", said)
    decide(walk, "Home visit", Decision("give", already_known=True))


def test_whoever_ever_decided_has_reviewed_even_after_another_decided(walk: Walk, runtime: Runtime) -> None:
    second, third = builders.make_staff(runtime), builders.make_staff(runtime)
    decide(walk, "Duty call", Decision("give"), by=second)
    decide(walk, "Duty call", Decision("duplicate", reason="As the entry before."))
    decide_person(walk, "aunt", "show", {}, by=third)
    assert reviewers(walk) == {f"staff:{one.id.hex}" for one in (walk.worker, second, third)}


def test_of_two_who_saw_the_same_version_one_is_a_lost_race(walk: Walk) -> None:
    decide(walk, "Duty call", Decision("give"))
    with pytest.raises(LostRace):
        decide(walk, "Duty call", Decision("duplicate", reason="As before."), version=1)
    assert found(walk, "Duty call")[0].state == "give"


def test_a_batch_saves_what_it_can_and_names_the_rest(walk: Walk) -> None:
    wanted = {words: found(walk, words) for words in ("Duty call", "Home visit", "Inhaler")}
    picks = [
        Pick(item.id, 9 if words == "Home visit" else item.version, Decision("give"), entry.text, entry.category)
        for words, (item, entry) in wanted.items()
    ]
    picks.append(Pick(uuid.uuid4(), 1, Decision("give"), "", ""))
    left = within(
        walk,
        lambda session, case: deciding.decide_many(session, case.id, picks, by=walk.worker.actor, today=walk.today),
    )
    assert [pick.item_id for pick, _why in left] == [pick.item_id for pick in picks[1:]]  # type: ignore[attr-defined]
    assert [found(walk, words)[0].state for words in wanted] == ["give", "undecided", "undecided"]


def test_bringing_in_again_changes_nothing_and_no_two_items_share_a_place(walk: Walk) -> None:
    def again(session: Session, case: Case) -> tuple[int, list[int]]:
        count = deciding.begin(session, verbs.look_for(case, walk.worker.actor))
        return count, list(session.exec(select(ReviewItem.position).where(ReviewItem.case_id == case.id)))

    count, places = within(walk, again)  # type: ignore[misc]
    assert count == 0
    assert sorted(places) == list(range(len(places)))


def test_a_mark_beyond_the_text_and_an_upsetting_mark_without_a_note_are_refused(walk: Walk) -> None:
    beyond = Redaction(0, 100_000, "EX-TP")
    with pytest.raises(StepRefused, match="do not fit this text"):
        decide(walk, "Duty call", Decision("redact", spans=(beyond,), reason="x"))
    with pytest.raises(StepRefused, match="prepared for"):
        decide(walk, "Duty call", Decision("give", upsetting=True))


def test_w_12_nobody_named_in_their_role_is_taken_out_as_the_author_and_for_harm_they_may_be(walk: Walk) -> None:
    said = Decision("redact", hides={"author": "EX-TP"}, reason="Her name.", test=WEIGHED)
    with pytest.raises(StepRefused, match="Orla Penhale is shown in this copy"):
        decide(walk, "Duty call", said)
    asked = (consulted(walk, "police"),)
    decide(walk, "Duty call", replace(said, hides={"author": "EX-CR"}, consultations=asked))
    assert found(walk, "Duty call")[0].said.hides == {"author": "EX-CR"}


def test_nothing_is_taken_out_around_an_entry_that_does_not_stand_there(walk: Walk) -> None:
    beyond = (Redaction(0, 100_000, "EX-NG"),)
    for said in (
        Decision("redact", hides={"relation": "EX-NG"}, reason="x"),
        Decision("redact", cuts={"source": beyond}, reason="x"),
    ):
        with pytest.raises(StepRefused) as refused:
            decide(walk, "Duty call", said)
        assert refused.value.need == "words"


def test_a_decision_from_before_hid_source_and_author_together() -> None:
    said = decision_of({"decision": "redact", "hide_source": "EX-TP", "spans": [], "reason": "As weighed."})
    assert said.hides == {"source": "EX-TP", "author": "EX-TP"}
    assert decision_of({"decision": "give", "hide_source": ""}).hides == {}
