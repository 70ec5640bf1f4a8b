"""What a copy says of corrections: nothing of what was replaced, nothing of another person's case unless somebody
decided it, and for the person who asked what stands beside the entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlmodel import Session

from portal import records
from portal.cases import verbs
from portal.cases.corrections.lines import Decided, Value
from portal.cases.models import Case
from portal.documents import release, render
from portal.documents.models import StoredPack
from portal.documents.pack import Pack, from_json, to_json
from portal.review import standing
from portal.runtime import Runtime
from portal.vault import Owner
from tests import builders
from tests.builders import Walk
from tests.copies import (
    brought_in,
    challenged,
    decided,
    labelled,
    of_entry,
    packed,
    printed,
    stated,
    under_review,
    words,
)
from tests.corrections import REFUSED, claim, confirm, decide, entry_of
from tests.portal.documents import packs
from tests.portal.documents.test_release import bytes_of, every_stream, release_it
from workflows.table import StepRefused

READING, NAME = "Reading", "Name"
WORDS = "I was there that day, and it was not like this."
OLD, NEW = "Ahead of what is usual at this age.", "As is usual at this age."
RIGHT = Decided("corrected", "The school says so.", "Their letter.", "R-101", Value("text", NEW))
KEPT = Decided("kept_marked", "It shows what happened.", "The file.", "R-102", words="The boat was his cousin’s.")


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A parent's case in review."""
    return builders.case_in(runtime, "review")


def refused(walk: Walk, *, own: bool) -> None:
    """A challenge that was not followed, with the family's statement beside the entry."""
    challenge = challenged(walk, "weighing", READING, own=own)
    decide(challenge, REFUSED)
    confirm(challenge)
    stated(challenge, WORDS)
    brought_in(walk)


def html(pack: Pack) -> Iterator[str]:
    for for_screen in (True, False):
        yield render.pack_html(pack, for_screen=for_screen)


def test_one_s_own_challenge_is_in_one_s_copy_and_reads_alike_until_it_is_settled(walk: Walk) -> None:
    challenge = challenged(walk, "weighing", READING, own=True)
    first = printed(packed(walk), READING)
    decide(challenge, REFUSED)
    confirm(challenge)
    brought_in(walk)
    assert first.disputed
    assert printed(packed(walk), READING) == first


def test_somebody_else_s_challenge_is_in_no_copy_unless_it_is_ticked(walk: Walk) -> None:
    plain = printed(packed(walk), READING)
    challenged(walk, "weighing", READING, own=False)
    assert printed(packed(walk), READING) == plain
    item, entry = labelled(walk, READING)
    with walk.runtime.database.read() as session:
        (mark,) = standing.at(session, walk.case, [entry.id])[entry.id].others
    decided(walk, item, entry, replace(item.said, show_marks=(mark.id.hex,)))
    pack = packed(walk)
    assert printed(pack, READING).disputed
    assert all("Someone has told us that this is wrong" in page for page in html(pack))


def test_one_s_own_statement_is_printed_with_the_entry(walk: Walk) -> None:
    refused(walk, own=True)
    pack = packed(walk)
    assert words(printed(pack, READING).statement) == WORDS
    assert all(WORDS in page for page in html(pack))
    assert [words(one.value) for one in pack.entries if words(one.value) == WORDS] == []


def test_somebody_else_s_statement_that_is_withheld_leaves_no_trace(walk: Walk) -> None:
    plain = packed(walk)
    refused(walk, own=False)
    item, entry = next(both for both in under_review(walk) if both[1].text == WORDS)
    test = builders.WEIGHED
    decided(walk, item, entry, replace(item.said, decision="withhold", code="EX-TP", reason="As weighed.", test=test))
    pack = packed(walk)
    assert replace(pack, copy_number=plain.copy_number, cut_off=plain.cut_off) == plain


def test_somebody_else_s_statement_is_printed_once_it_is_given_and_never_without_its_entry(walk: Walk) -> None:
    refused(walk, own=False)
    assert words(printed(packed(walk), READING).statement) == WORDS  # `packed` gives what is open
    item, entry = labelled(walk, READING)
    decided(walk, item, entry, replace(item.said, decision="duplicate", reason="It stands elsewhere."))
    assert WORDS.encode() not in to_json(packed(walk))


def test_a_mistake_that_was_kept_says_so_to_whoever_was_told_of_it(walk: Walk) -> None:
    challenge = challenged(walk, "collected", READING, own=True, decided=[KEPT])
    brought_in(walk)
    entry = printed(packed(walk), READING)
    assert words(entry.value) == entry_of(challenge, READING).text  # history stays, and is marked
    assert words(entry.known_since) == KEPT.words


def test_what_a_requester_is_not_told_yet_waits_for_a_decision(walk: Walk) -> None:
    """The decision is taken, the answer is not out (R-92)."""
    challenge = challenged(walk, "weighing", READING, own=True)
    decide(challenge, KEPT, kept_as="mistake")
    confirm(challenge)
    brought_in(walk)
    item = next(item for item, entry in under_review(walk) if entry.text == KEPT.words)
    assert item.state == "undecided"


@pytest.mark.parametrize(("own", "says"), [(True, True), (False, False)])
def test_that_something_was_put_right_is_said_to_whoever_asked_for_it(walk: Walk, own: bool, says: bool) -> None:
    challenged(walk, "collected", READING, own=own, decided=[RIGHT])
    brought_in(walk)
    entry = printed(packed(walk), READING)
    assert (words(entry.value), entry.corrected) == (NEW, says)


def test_an_opinion_is_called_one(walk: Walk) -> None:
    pack = packed(walk)
    assert printed(pack, READING).opinion
    assert not printed(pack, NAME).opinion
    assert all("This is what somebody thinks" in page for page in html(pack))


def test_a_restricted_entry_is_copied_for_the_reason_for_which_its_reviewer_opened_it(walk: Walk) -> None:
    challenged(walk, "weighing", READING, own=False, claims=(claim(READING, restrict=True),))
    shut = next(entry for _item, entry in under_review(walk) if entry.masked)

    def open_it(session: Session) -> None:
        case = session.get_one(Case, walk.case_id)
        records.open_restricted(session, verbs.look_for(case, walk.worker.actor), shut.id, "consent")

    walk.act(open_it)
    item, entry = of_entry(walk, shut.id)
    decided(walk, item, entry, replace(item.said, decision="give"))
    assert words(printed(packed(walk), READING).value) == OLD


def test_a_copy_approved_before_a_correction_is_stopped_and_no_later_one_holds_what_was_replaced(
    runtime: Runtime,
) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    early = builders.pack_of(walk)
    assert OLD.encode() in content_of(runtime, early)
    decide(challenged(walk, "weighing", READING, own=False), RIGHT)
    assert walk.case.state == "review"
    with pytest.raises(StepRefused):
        release_it(walk, early)
    with pytest.raises(StepRefused, match="was corrected after it was made"):
        walk.act(lambda session: release.preview(session, runtime.files, walk.case, early, by=walk.worker.actor))
    brought_in(walk)
    builders.decide_all(walk)
    late = builders.assemble(walk)
    walk.step("send_to_approval")
    builders.approve(walk)
    release_it(walk, late)
    pack = from_json(content_of(runtime, late))
    leaving = [
        *every_stream(bytes_of(runtime, late)),
        content_of(runtime, late),
        *(page.encode() for page in html(pack)),
    ]
    assert NEW in json.dumps(json.loads(content_of(runtime, late)))
    for way in (OLD.encode(), OLD.encode("utf-16-be")):
        assert not any(way in data for data in leaving)


def test_a_copy_asked_for_before_a_correction_and_made_after_it_is_not_made(walk: Walk) -> None:
    builders.decide_all(walk)
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))
    decide(challenged(walk, "weighing", READING, own=False), RIGHT)
    builders.run_assembly(walk)
    pack = builders.pack_of(walk)
    assert (pack.state, pack.content_file, pack.pdf_file) == ("failed", None, None)


def test_a_name_that_was_put_right_is_found_and_the_wrong_one_is_not(walk: Walk) -> None:
    right = replace(RIGHT, says=Value("text", "Wren Marlowe"))
    decide(challenged(walk, "weighing", NAME, own=False), right)
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        look = verbs.look_for(case, walk.worker.actor)
        found = {
            name: len(records.candidates(session, look, surname=name, birth_date=builders.BORN))
            for name in ("Ashdown", "Marlowe")
        }
    assert found == {"Ashdown": 0, "Marlowe": 1}


def test_a_copy_from_before_there_were_such_marks_can_still_be_opened() -> None:
    told = json.loads(to_json(packs.rich_pack()))
    for category in told["pack"]["categories"]:
        for entry in category["entries"]:
            del entry["opinion"], entry["known_since"]
    assert from_json(json.dumps(told).encode()) == packs.rich_pack()


def content_of(runtime: Runtime, pack: StoredPack) -> bytes:
    return runtime.files.read(Owner.case(pack.case_id), pack.content_file)  # type: ignore[arg-type]
