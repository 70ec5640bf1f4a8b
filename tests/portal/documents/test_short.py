"""The short version that a child gets with a copy: their words, what is given, and nothing that tells of the rest."""

from __future__ import annotations

import datetime
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest
from pdfua.validator import validate
from sqlmodel import Session

from portal.cases.models import Case
from portal.documents import assembly, leak_gate, release, render, short
from portal.documents.pack import Category, Gap, Pack, Shared, Text, from_json, in_words, to_json
from portal.people.models import Person
from portal.review import around
from portal.runtime import Runtime
from portal.vault import vault_of
from tests import builders, reading_age
from tests.copies import packed
from tests.corrections import challenge_in, decide, letter_of, make_letter
from tests.portal.documents import packs
from tests.portal.documents.test_decision import LABELLED
from tests.portal.documents.test_release import release_it, removed_texts
from workflows.exemptions import PRIVATE
from workflows.facts import CaseFacts, RequesterKind
from workflows.table import StepRefused

LINKS = short.Places(("/one", "/two"), "/shared", "/rights")


def childs_pack() -> Pack:
    school = (
        packs.entry(1, "A canary of the school.", when="1 May 2019"),
        packs.entry(2, "Another one.", when="3 June 2021", source=(Text("Quay House, "), Gap(PRIVATE))),
    )
    health = (packs.entry(3, "A hard day.", when="", content_note="an injury to a hand", source=in_words("Ward 7")),)
    parts = (Category(name="School and learning", entries=school), Category(name="Health", entries=health))
    told = (Shared(recipient=in_words("Hill Surgery"), what=(), when="5 April 2024"),) * 2
    return replace(packs.pack(), categories=parts, shared=told, for_child=True, support=("Ring us on 01632 960 100.",))


def text_of(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_every_category_of_a_copy_has_a_childs_words() -> None:
    assert set(short.WORDS) == set(around.CATEGORIES.values())
    spoken = [*short.WORDS.values(), short.REST]
    assert len(set(spoken)) == len(spoken)
    assert reading_age.age(". ".join(spoken) + ".") <= reading_age.TARGET


def test_it_says_how_much_of_what_from_when_and_who_told_and_was_told() -> None:
    made = text_of(render.short_html(childs_pack(), LINKS))
    for said in (
        "There are 3 things in it.",
        "Your school, and how you learn : 2 things. The oldest is from 1 May 2019. The newest is from 3 June 2021.",
        "Your health : 1 thing. Some of this may be hard to read.",
        "Example Primary School",
        "Ward 7",
        "Ring us on 01632 960 100.",
        "It is about another person.",
    ):
        assert said in made
    assert made.count("Hill Surgery") == 1


def test_it_quotes_nothing_of_the_entries_and_no_source_with_a_gap() -> None:
    made = render.short_html(childs_pack(), LINKS)
    for kept in ("canary", "hard day", "injury", "Quay House", PRIVATE, "Note of a visit"):
        assert kept not in made


def test_each_kind_leads_to_its_entries() -> None:
    assert re.findall('href="([^"]+)"', render.short_html(childs_pack(), LINKS)) == [
        "/one",
        "/two",
        "/shared",
        "/rights",
    ]
    whole = render.pack_html(childs_pack(), for_screen=True)
    first = whole[whole.index('id="part-1"') : whole.index('id="part-2"')]
    assert "A canary of the school." in first
    assert '<a class="govuk-link" href="#part-1">Your school' in whole


def test_many_sources_are_not_all_named() -> None:
    entries = [packs.entry(number, "Words.", source=in_words(f"Body {number}")) for number in range(1, 12)]
    made = text_of(render.short_html(replace(packs.pack(*entries), for_child=True), LINKS))
    assert [f"Body {number} " in made for number in range(1, 12)] == [True] * 8 + [False] * 3
    assert "There are more. You find them in your copy." in made


def test_the_copy_of_a_child_begins_with_it_and_no_other_does() -> None:
    for for_screen in (True, False):
        made = render.pack_html(childs_pack(), for_screen=for_screen)
        assert made.index("The short version") < made.index("Dear")
        assert "The short version" not in render.pack_html(
            replace(childs_pack(), for_child=False), for_screen=for_screen
        )
        levels = [2, *(int(level) for level in re.findall(r"<h(\d)", made))]
        assert all(
            after <= before + 1 for before, after in itertools.pairwise(levels[1:] if not for_screen else levels)
        )
        parser = html5lib.HTMLParser(strict=False)
        (parser.parseFragment if for_screen else parser.parse)(made)
        assert parser.errors == []


def test_the_file_of_a_child_is_as_accessible_as_any(tmp_path: Path) -> None:
    (tmp_path / "pack.pdf").write_bytes(render.pdf(render.pack_html(childs_pack(), for_screen=False)))
    assert not validate(tmp_path / "pack.pdf").findings


def test_a_copy_from_before_there_were_short_versions_is_still_read() -> None:
    told = json.loads(to_json(packs.pack()))
    del told["pack"]["for_child"]
    assert from_json(json.dumps(told).encode()) == packs.pack()


def test_a_word_that_was_taken_out_and_is_one_of_ours_is_told_apart() -> None:
    """Otherwise a child's copy could not be given wherever "school" was cut out somewhere."""
    parts = (Category(name="Health", entries=(packs.entry(1, "Plain words."),)),)
    pack = replace(childs_pack(), categories=parts)
    html, data = render.pack_html(pack, for_screen=True), to_json(pack)
    sought = leak_gate.needles([leak_gate.RemovedSpan(text="health", place="1")])
    pdf = render.pdf(render.pack_html(pack, for_screen=False))
    (leak,) = leak_gate.search(pdf, html, data, "document.pdf", sought, given=(render.fixed_words(pack),))
    assert leak.given_elsewhere


# From a case


@pytest.mark.parametrize(("kind", "expected"), [("self", True), ("parent", False)])
def test_only_a_child_who_asks_in_their_own_right_gets_it(runtime: Runtime, kind: str, expected: bool) -> None:
    assert packed(builders.case_in(runtime, "review", kind=kind)).for_child is expected


def test_from_the_eighteenth_birthday_nobody_gets_it() -> None:
    born = datetime.date(2008, 5, 1)
    facts = CaseFacts(today=datetime.date(2026, 4, 30), requester_kind=RequesterKind.SELF, subject_born=born)
    assert short.is_for_child(facts)
    assert not short.is_for_child(replace(facts, today=datetime.date(2026, 5, 1)))
    assert not short.is_for_child(replace(facts, subject_born=None))


def test_what_was_left_out_is_in_no_byte_of_the_short_version(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review", kind="self")
    builders.decide_all(walk)
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))
    with runtime.database.write() as session, runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        made = assembly.assemble(session, case, builders.pack_of(walk), by=walk.worker.actor)
    links = short.Places(tuple("/" for _one in made.pack.categories), "/", "/")
    pages = [render.short_html(made.pack, links), render.pack_html(made.pack, for_screen=True)]
    for canary in removed_texts(walk):
        assert not any(canary in page for page in pages), canary
    # What is absent leaves no trace: not even a kind of which nothing was given.
    assert "Other help" not in pages[0]


# Where it may be sent


ADDRESS = "12 Fuller Street\nNether Quill"


def say(walk: builders.Walk, told: dict[str, object]) -> None:
    """What the requester says of how to be reached."""

    def change(session: Session) -> None:
        person = session.get_one(Person, walk.case.requester_id)
        vault_of(session).put(person, {**vault_of(session).get(person), **told})
        session.add(person)

    walk.act(change)


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({"safe_channels": ["email"]}, ()),
        ({"safe_channels": ["email", "post"]}, ("12 Fuller Street", "Nether Quill")),
        ({"safe_channels": ["email", "post"], "never": ["12 Fuller Street"]}, ()),
    ],
    ids=["not by post", "by post", "never there"],
)
def test_a_copy_and_an_answer_bear_an_address_only_where_post_is_safe(
    runtime: Runtime, told: dict[str, object], lines: tuple[str, ...]
) -> None:
    copy = builders.case_in(runtime, "review")
    say(copy, told)
    assert packed(copy).recipient_lines == lines
    answer = challenge_in(
        runtime, "weighing", about=("Reading",), shown=True, email="b@example.org", record=copy.record
    )
    say(answer, {"address": ADDRESS, **told})
    decide(answer, LABELLED)
    make_letter(answer)
    assert letter_of(answer).recipient_lines == lines


def test_a_copy_that_bears_an_address_is_not_released_once_it_may_not_be_used(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    say(walk, {"safe_channels": ["email", "post"]})
    builders.decide_all(walk)
    builders.assemble(walk)
    walk.step("send_to_approval")
    builders.approve(walk)
    say(walk, {"never": ["12 Fuller Street"]})
    with pytest.raises(StepRefused, match="bears an address"):
        release_it(walk, builders.pack_of(walk))
    say(walk, {"never": []})
    release_it(walk, builders.pack_of(walk))
    assert walk.case.state == "ready"
