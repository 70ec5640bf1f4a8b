"""The pages of the review: entry by entry, person by person, and nobody's decision is lost."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import select

from portal import db, records
from portal.cases import verbs
from portal.cases.models import Case
from portal.records import OpenEntry
from portal.records.models import Entry, Version
from portal.review import deciding, people_mentioned
from portal.review.deciding import Item
from portal.review.words_of_text import number
from portal.runtime import Runtime
from tests import builders
from tests.builders import WEIGHED, Walk
from tests.client import client_for, runtime_of, sign_in
from tests.judge import JudgingClient, Page, text_of

TESTED = {f"test_{name}": answer for name, answer in WEIGHED.items()}  # the third-party test as a form posts it


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A parent's case in review, its entries brought in and none decided."""
    return builders.case_in(runtime, "review")


def reviewer(app: Flask, who: builders.Staff) -> JudgingClient:
    client = client_for(app)
    sign_in(client, "staff", who.id)
    return client


@pytest.fixture
def client(app: Flask, walk: Walk) -> JudgingClient:
    return reviewer(app, walk.worker)


def base(walk: Walk) -> str:
    return f"/staff/cases/{walk.case.reference}/review"


def found(walk: Walk, words: str) -> tuple[Item, OpenEntry]:
    """The first item whose entry holds these words."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        items = deciding.items(session, case, limit=1000)
        entries = deciding.entries_of(session, verbs.look_for(case, walk.worker.actor), items)
    return next((item, entry) for item, entry in zip(items, entries, strict=True) if words in entry.text)


def state_of(walk: Walk, item: Item) -> deciding.Decision:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return deciding.item(session, session.get_one(Case, walk.case_id), item.id).said


def upsetting(walk: Walk) -> int:
    with walk.runtime.database.read() as session:
        return deciding.upsetting(session, walk.case_id)


def numbers_of(text: str, *wanted: str) -> list[str]:
    return [str(word.number) for word in number(text) if word.text.strip(".,") in wanted]


def entry_page(client: JudgingClient, walk: Walk, words: str) -> tuple[Page, Item, OpenEntry]:
    item, entry = found(walk, words)
    return client.get(f"{base(walk)}/{item.id}"), item, entry


def person(walk: Walk, relation: str) -> records.Third:
    """The person mentioned who is this to the child."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        people = people_mentioned.mentions(session, verbs.look_for(case, walk.worker.actor))
    return next(third for third, _row, _told in people if third.relation == relation)


def change(walk: Walk, entry_id: uuid.UUID, words: str) -> None:
    """A new version of an entry, as a feed or a correction makes one."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        (entry,) = records.read(session, verbs.look_for(case, walk.worker.actor), [entry_id])
        row = session.exec(select(Entry).where(Entry.child_id == case.child_id, Entry.id == entry_id)).one()
        version = Version(child_id=row.child_id, entry_id=row.id, sealed=b"", why="feed", made_at=db.now())
        version.cls = row.cls
        told = {
            "category": entry.category,
            "label": entry.label,
            "value": words,
            "kind": "text",
            "source": entry.source,
        }
        walk.runtime.vault.put(version, told)  # type: ignore[arg-type]
        session.add(version)
        row.current_id = version.id
        session.add(row)


def test_the_list_shows_what_is_left_and_gives_several_at_once(client: JudgingClient, walk: Walk) -> None:
    page = client.get(base(walk))
    assert "19 entries are left to decide, and 3 people." in page.text
    picks = [one.get("value") for one in page.all("input", name="pick")][:3]
    page = client.follow(client.submit(page, {"pick": picks}, form=f"{base(walk)}/give"))
    assert "3 entries are given." in page.text
    assert "16 entries are left to decide" in page.text


def test_health_is_not_given_in_a_batch_without_an_opinion_and_a_stale_tick_gives_nothing(
    client: JudgingClient, walk: Walk
) -> None:
    health, _entry = found(walk, "Inhaler")
    plain, _entry = found(walk, "Nether Quill")
    page = client.get(base(walk))
    picks = [f"{health.id.hex}.1", f"{plain.id.hex}.7"]
    page = client.follow(client.submit(page, {"pick": picks}, form=f"{base(walk)}/give"))
    assert f"Entry {health.position + 1} was left as it is. This is about health." in page.text
    assert f"Entry {plain.position + 1} was left as it is. Somebody else changed this" in page.text
    assert {state_of(walk, one).decision for one in (health, plain)} == {"undecided"}


def test_pages_go_on_behind_the_last_entry_and_miss_none(client: JudgingClient, walk: Walk) -> None:
    with walk.runtime.database.write() as session:
        session.execute(sa.text("UPDATE entry SET position = 1"))  # a feed may number carelessly
    seen: list[str] = []
    href = f"{base(walk)}?only=undecided"
    while href:
        page = client.get(href)
        seen += [text_of(link) for link in page.all("a") if (link.get("href") or "").startswith(f"{base(walk)}/0")]
        href = next((link.get("href") for link in page.all("a", rel="next")), "")
    assert len(seen) == len(set(seen)) == 19


def test_marked_words_are_removed_under_their_own_codes_and_given_back(client: JudgingClient, walk: Walk) -> None:
    police = builders.consulted(walk, "police")
    page, item, entry = entry_page(client, walk, "07700 900118")
    phone = numbers_of(entry.text, "07700", "900118")
    page = client.submit(
        page, {**TESTED, "w": phone, "decision": "redact", "code": "EX-TP", "reason": "Her number.", "save": "1"}
    )
    said = state_of(walk, item)
    assert [entry.text[span.start : span.end] for span in said.spans] == ["07700 900118."]
    page = client.follow(page)
    sent = {"w": [*phone, "1"], "code": "EX-CR", "reason": "Police asked.", "consultations": police, "save": "1"}
    page = client.submit(page, sent)
    assert {(entry.text[span.start : span.end], span.code) for span in state_of(walk, item).spans} == {
        ("Duty", "EX-CR"),
        ("07700 900118.", "EX-TP"),
    }
    page = client.follow(page)
    page = client.follow(client.submit(page, {"w": ["1"], "save": "1"}))
    assert [span.code for span in state_of(walk, item).spans] == ["EX-CR"]


def test_the_buttons_of_a_sentence_and_of_a_suggestion_mark_without_saving(client: JudgingClient, walk: Walk) -> None:
    page, item, entry = entry_page(client, walk, "07700 900118")
    suggested = [one.get("value") for one in page.all("button", name="stage") if "mark suggestion" in text_of(one)]
    assert len(suggested) == 2
    page = client.submit(page, {"stage": suggested[1], "reason": "Typed before."}, expect=200)
    assert page.answers()["w"] == numbers_of(entry.text, "07700", "900118")
    assert (page.answers()["decision"], page.answers()["code"]) == (["redact"], ["EX-TP"])
    assert page.answers()["reason"] == ["Typed before."]
    page = client.submit(page, {"stage": "1-5"}, expect=200)
    assert page.answers()["w"][:5] == ["1", "2", "3", "4", "5"]
    page = client.submit(page, {"stage": "1-5"}, expect=200)
    assert "1" not in page.answers()["w"]
    page = client.submit(page, {"stage": "all"}, expect=200)
    assert len(page.answers()["w"]) == 4
    assert state_of(walk, item).decision == "undecided"


def test_a_code_the_law_does_not_know_here_is_not_offered_and_cannot_be_forged(
    client: JudgingClient, walk: Walk
) -> None:
    page, item, _entry = entry_page(client, walk, "Nether Quill")
    offered = {one.get("value") for one in page.one("select", name="code").iter("option")}
    assert "EX-TP" in offered
    assert not {"EX-S12", "EX-H4", "EX-E19", "EX-MU"} & offered
    assert "This exemption does not exist in this nation." in page.text
    sent = {"decision": "withhold", "reason": "Because.", "save": "1"}
    for forged in ("EX-S12", "EX-H4", "EX-MU", "EX-??", "EX-TP' --"):
        page = client.submit(page, {**sent, "code": forged}, expect=400)
        assert page.errors == ["Choose from the answers on this page"]
    assert state_of(walk, item).decision == "undecided"


INCOMPLETE: tuple[tuple[dict[str, object], str], ...] = (
    ({}, "Choose what happens to this entry"),
    ({"decision": "withhold"}, "Choose the exemption under which this is withheld."),
    ({"decision": "withhold", "code": "EX-TP"}, "Say how the test of the exemption is met."),
    ({"decision": "redact"}, "Mark the words to remove, or choose another decision."),
    ({"decision": "redact", "w": ["1"]}, "Choose the exemption for the words you marked."),
    ({"decision": "redact", "w": ["99999"], "code": "EX-TP"}, "The marked words do not fit this text any more."),
    ({"decision": "give", "w": ["1"]}, "Words are marked."),
    ({"decision": "give", "upsetting": "y"}, "Say in a few words what the reader should be prepared for."),
    ({"decision": "withhold", "code": "EX-S10", "reason": "x"}, "EX-S10: The child’s wish is not recorded."),
    ({"decision": "give", "version": "x"}, "The page was not complete."),
    ({"decision": "give", "about": "nobody"}, "Choose from the answers on this page"),
)


def test_an_incomplete_decision_is_refused_in_words(client: JudgingClient, walk: Walk) -> None:
    page, item, _entry = entry_page(client, walk, "Duty call")
    for sent, words in INCOMPLETE:
        refused = client.submit(page, {**sent, "save": "1"}, expect=400)
        assert refused.errors[0].replace("'", "’").startswith(words)
    assert state_of(walk, item).decision == "undecided"


def test_the_third_party_questions_are_asked_beside_the_exemption_and_answered_there(
    client: JudgingClient, walk: Walk
) -> None:
    page, item, entry = entry_page(client, walk, "07700 900118")
    assert "Only for EX-TP." in page.text
    sent = {"w": numbers_of(entry.text, "07700", "900118"), "decision": "redact", "code": "EX-TP", "save": "1"}
    sent["reason"] = "Her number."
    page = client.submit(page, {**sent, **TESTED, "test_reasons": ""}, expect=400)
    assert page.errors == ["The questions about the other person are not all answered. Answer them first."]
    assert "test_reasons" in str(page.one("ul", cls="govuk-error-summary__list").find(".//a").get("href"))
    assert page.answers()["test_why_not_asked"] == [WEIGHED["why_not_asked"]]
    page = client.follow(client.submit(page, {"test_reasons": WEIGHED["reasons"], "save": "1"}))
    assert state_of(walk, item).test["reasons"] == WEIGHED["reasons"]
    assert page.answers()["test_asked"] == ["no"]


def test_who_must_be_asked_first_is_said_and_the_way_to_record_it_is_there(client: JudgingClient, walk: Walk) -> None:
    page, item, _entry = entry_page(client, walk, "Duty call")
    record = f"/staff/cases/{walk.case.reference}/consultations/new"
    sent = {"decision": "withhold", "code": "EX-CR", "reason": "The police asked us.", "save": "1"}
    words = "EX-CR: Somebody has to be asked first. Record it under consultations, then tick it here."
    page = client.submit(page, sent, expect=400)
    assert page.errors == [words]
    assert record in {link.get("href") for link in page.all("a")}
    police = builders.consulted(walk, "police")
    page = client.submit(client.get(f"{base(walk)}/{item.id}"), sent, expect=400)
    assert page.errors == [words]
    client.submit(page, {**sent, "consultations": police})
    assert state_of(walk, item).consultations == (police,)


def test_of_two_reviewers_of_one_entry_the_second_sees_both_decisions_and_loses_nothing(
    app: Flask, client: JudgingClient, walk: Walk, runtime: Runtime
) -> None:
    second = reviewer(app, builders.make_staff(runtime, name="Kit Hollow"))
    police = builders.consulted(walk, "police")
    page, item, _entry = entry_page(client, walk, "Duty call")
    other = second.get(f"{base(walk)}/{item.id}")
    sent = {"decision": "withhold", "code": "EX-CR", "reason": "The police asked us.", "consultations": police}
    client.submit(page, {**sent, "save": "1"})
    lost = second.submit(
        other,
        {**TESTED, "decision": "redact", "w": ["1", "2"], "code": "EX-TP", "reason": "My own words.", "save": "1"},
        expect=409,
    )
    assert WEIGHED["why_not_asked"] in lost.text
    for words in ("The police asked us.", "EX-CR", "My own words.", "Duty call (EX-TP)"):
        assert words in lost.text
    assert state_of(walk, item).reason == "The police asked us."
    second.submit(lost, form=f"{base(walk)}/{item.id}")
    assert state_of(walk, item).reason == "My own words."
    page = client.get(f"{base(walk)}/{item.id}")
    assert "The police asked us." in page.text
    assert "Kit Hollow" in page.text


def test_the_last_decision_can_be_taken_back_and_brought_again(client: JudgingClient, walk: Walk) -> None:
    page, item, _entry = entry_page(client, walk, "Duty call")
    page = client.follow(client.submit(page, {"decision": "give", "save": "1"}))
    page = client.follow(client.submit(page, {"decision": "duplicate", "reason": "As the entry before.", "save": "1"}))
    here = f"{base(walk)}/{item.id}/undo"
    page = client.follow(client.submit(page, form=here))
    assert state_of(walk, item).decision == "give"
    client.submit(page, form=here)
    assert state_of(walk, item).decision == "duplicate"


def test_after_saving_the_next_undecided_entry_comes(client: JudgingClient, walk: Walk) -> None:
    page, item, _entry = entry_page(client, walk, "Wren Ashdown")
    page = client.follow(client.submit(page, {"decision": "give", "save_next": "1"}))
    assert page.h1 == f"Entry {item.position + 2}"


def test_what_has_changed_since_it_was_decided_is_undecided_again(client: JudgingClient, walk: Walk) -> None:
    page, item, _entry = entry_page(client, walk, "Duty call")
    client.submit(page, {"decision": "give", "upsetting": "y", "content_note": "A loss.", "save": "1"})
    assert upsetting(walk) == 1
    change(walk, item.entry_id, "Duty call. The words are others now.")
    page = client.get(base(walk))
    page = client.follow(client.submit(page, form=f"{base(walk)}/bring-in"))
    assert upsetting(walk) == 0  # it was said of other words
    assert "1 entry is new or has changed." in page.text
    page = client.get(f"{base(walk)}/{item.id}")
    assert "This entry has changed since it was decided." in page.text
    assert "The words are others now." in page.text.replace("  ", " ")
    page = client.follow(client.submit(page, form=f"{base(walk)}/{item.id}/undo"))
    assert "There is nothing to undo." in page.text


def test_a_worker_in_their_role_is_not_taken_out_as_a_third_party(client: JudgingClient, walk: Walk) -> None:
    rests_on = builders.consulted(walk, "social_work")
    page, item, entry = entry_page(client, walk, "Strategy discussion")
    names = numbers_of(entry.text, "Orla", "Penhale")
    sent = {**TESTED, "decision": "redact", "w": names, "code": "EX-TP", "reason": "Her name.", "save": "1"}
    page = client.submit(page, sent, expect=400)
    assert page.errors == ["Orla Penhale is shown in this copy. Take the mark away, or decide about the person first."]
    client.submit(page, {**sent, "code": "EX-S11", "reason": "She was threatened.", "consultations": rests_on})
    assert state_of(walk, item).decision == "redact"
    worker = person(walk, "social worker")
    page = client.get(f"{base(walk)}/people/{worker.id}")
    sent = {**TESTED, "test_professional_in_role": "yes", "decision": "hide", "code": "EX-TP", "reason": "Hide her."}
    page = client.submit(page, sent, expect=400)
    assert page.errors == ["Naming a professional in their role is reasonable. Give it, or choose a harm exemption."]


def test_a_neighbour_who_reported_is_hidden_everywhere_once_the_questions_are_answered(
    client: JudgingClient, walk: Walk
) -> None:
    neighbour = person(walk, "neighbour")
    page = client.get(f"{base(walk)}/people/{neighbour.id}")
    assert "Named in 2 entries" in page.text
    sent = {"decision": "hide", "code": "EX-TP", "reason": "She asked us not to say."}
    page = client.submit(page, sent, expect=400)
    assert page.errors == ["The questions about the other person are not all answered. Answer them first."]
    sent.update(TESTED)
    page = client.follow(client.submit(page, sent))
    assert "Hidden EX-TP" in page.text
    page, _item, _entry = entry_page(client, walk, "Duty call")
    assert page.all("span", cls="review-word--hidden")
    page = client.follow(client.submit(page, {"decision": "give", "shown_people": str(neighbour.id), "save": "1"}))
    assert not page.all("span", cls="review-word--hidden")
    assert "Shown here" in client.get(f"{base(walk)}/people/{neighbour.id}").text


def test_of_two_decisions_about_one_person_the_second_is_shown_the_first(
    app: Flask, client: JudgingClient, walk: Walk, runtime: Runtime
) -> None:
    aunt = person(walk, "aunt")
    here = f"{base(walk)}/people/{aunt.id}"
    second = reviewer(app, builders.make_staff(runtime, name="Kit Hollow"))
    mine, theirs = client.get(here), second.get(here)
    client.submit(mine, {"decision": "show", "reason": "They live together."})
    lost = second.submit(theirs, {"decision": "show", "reason": "She agreed."}, expect=409)
    assert "They live together." in lost.text
    assert lost.answers()["reason"] == ["She agreed."]
    second.submit(lost)
    assert client.get(here).answers()["reason"] == ["She agreed."]


def test_somebody_found_by_the_reviewer_waits_for_a_decision_wherever_they_are_named(
    client: JudgingClient, walk: Walk
) -> None:
    page = client.get(f"{base(walk)}/people/add")
    page = client.submit(page, {}, expect=400)
    assert len(page.errors) == 4
    sent = {"names": "Wren Copperfield", "relation": "cousin", "professional": "no", "alive": "yes"}
    page = client.follow(client.submit(page, sent))
    assert page.h1 == "A person mentioned"
    assert "Undecided" in page.text
    assert "Earlier name" in page.text


def test_another_team_and_an_unknown_entry_are_not_there(app: Flask, walk: Walk, runtime: Runtime) -> None:
    item, _entry = found(walk, "Duty call")
    stranger = reviewer(app, builders.make_staff(runtime, team=builders.make_team(runtime, "Other team")))
    for path in ("", "/people", "/pack", f"/{item.id}", "/people/add", f"/people/{item.id}"):
        stranger.get(base(walk) + path, expect=404)
    own = reviewer(app, walk.worker)
    own.get(f"{base(walk)}/{uuid.uuid4()}", expect=404)
    own.get(f"{base(walk)}/people/{uuid.uuid4()}", expect=404)


def test_outside_of_review_nothing_can_be_changed(client: JudgingClient, walk: Walk) -> None:
    page, item, _entry = entry_page(client, walk, "Duty call")
    walk.step("back_to_finding", reason="There is more.")
    refused = client.submit(page, {"decision": "give", "save": "1"}, expect=400)
    assert refused.errors == ["This case is not in review. Send it back to review before changing a decision."]
    assert state_of(walk, item).decision == "undecided"
    assert not client.get(base(walk)).all("input", name="pick")
    assert not client.get(f"{base(walk)}/people/{person(walk, 'aunt').id}").all("input", name="decision")


@pytest.mark.parametrize(
    "query", ["?after=-1", "?after=x&only=y", "?after=99999999999999999999", "?only=undecided%00", "/people?from=1"]
)
def test_a_crafted_address_is_answered(client: JudgingClient, walk: Walk, query: str) -> None:
    client.get(base(walk) + query)


def test_crafted_marks_are_answered(client: JudgingClient, walk: Walk) -> None:
    page, _item, _entry = entry_page(client, walk, "Duty call")
    for stage in ("", "5-1", "1-999999", "-", "all", "by-phrases", "1-2-3", "٣-٤"):
        client.submit(page, {"stage": stage, "w": ["x", "-1", "٣", "999999"]}, expect=200)
    page = client.get(base(walk))
    for picks in (["x"], ["0.0"], [f"{uuid.uuid4().hex}.1"] * 50):
        client.submit(page, {"pick": picks, "here": "only=\r\nx"}, form=f"{base(walk)}/give")


def test_the_pages_ask_the_database_no_more_of_three_hundred_entries(app: Flask, runtime: Runtime) -> None:
    counted: dict[str, set[int]] = {}
    for local_id, name, notes in (("LA-1", "Wren Ashdown", 3), ("LA-2", "Ash Linden", 300)):
        record = builders.rich_child(runtime, local_id=local_id, name=name, notes=notes)
        walk = builders.case_in(runtime, "review", record=record)
        client = reviewer(app, walk.worker)
        item, _entry = found(walk, "Duty call")
        neighbour = person(walk, "neighbour")
        for path in ("", "?only=undecided", f"/{item.id}", "/people", f"/people/{neighbour.id}", "/pack"):
            page = client.get(base(walk) + path, max_commits=1)
            shape = path.replace(str(item.id), "entry").replace(str(neighbour.id), "person")
            counted.setdefault(shape, set()).add(page.queries)
    assert {path: len(counts) for path, counts in counted.items()} == dict.fromkeys(counted, 1), counted
