"""What the making of a copy keeps back, and what it says alike for all."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from sqlmodel import Session

from portal.cases.models import Case
from portal.cases.searching import ANSWERS, Place
from portal.documents import assembly, information, kept_back, release
from portal.documents.leak_gate import RemovedSpan
from portal.records import OpenEntry
from portal.review import around, deciding, people_mentioned
from portal.review.deciding import Decision
from portal.review.redaction import Redaction
from portal.runtime import Runtime
from tests import builders
from tests.copies import labelled


def place(answer: str, code: str = "directory", name: str = "This directory") -> Place:
    return Place(uuid.UUID(int=1), 1, code, answer, None, name, "", "", "")


def test_a_place_where_something_was_found_reads_like_one_where_nothing_was() -> None:
    assert information.searched(place("found")) == information.searched(place("nothing"))


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_free_name_of_a_place_is_never_printed(answer: str) -> None:
    told = information.searched(place(answer, "other", "A refuge nobody may hear of"))
    assert "refuge" not in f"{told.place} {told.outcome}"


@pytest.mark.parametrize(("data_class", "shielded"), [("core", False), ("location", True), ("sensitive", True)])
def test_words_cut_out_of_a_location_or_a_sensitive_entry_may_stand_nowhere(data_class: str, shielded: bool) -> None:
    gone: list[RemovedSpan] = []
    one = uuid.UUID(int=1)
    entry = OpenEntry(one, one, data_class, 1, "address", "Address", "12 Kiln Yard, Exampleton")
    said = Decision("redact", spans=(Redaction(0, 12, "EX-TP"),), reason="As weighed.")
    assembly._entry(assembly.Cutter([], (), gone), 1, entry, said)
    assert [(span.text, span.shield) for span in gone] == [("12 Kiln Yard", shielded)]


def test_a_name_that_two_hidden_people_share_is_cut_all_the_same() -> None:
    people = [assembly.Hidden(uuid.uuid4(), (name,), "EX-TP") for name in ("Ana Field", "Ana Moor")]
    words = assembly.Cutter(people, (), []).words("Ana came to the door.", place="1")
    assert "Ana" not in "".join(getattr(part, "text", "") for part in words)


def entry_from(source: str, *, label: str = "Address", author: str = "", cls: str = "core") -> OpenEntry:
    one = uuid.uuid4()
    return OpenEntry(one, one, cls, 1, "address", label, "12 Kiln Yard", source=source, author=author)


@pytest.mark.parametrize(("hides", "gaps"), [({"source"}, 1), ({"author"}, 1), ({"source", "author"}, 1), (set(), 0)])
def test_a_source_and_an_author_that_are_both_taken_out_leave_one_gap(hides: set[str], gaps: int) -> None:
    said = Decision("redact", hides=dict.fromkeys(hides, "EX-TP"), reason="As weighed.")
    made = assembly._entry(assembly.Cutter([], (), []), 1, entry_from("Lantern House", author="Ana Field"), said)
    left = [getattr(part, "text", "") for part in made.source]
    assert sum(not text for text in left) == gaps
    assert "Lantern" not in "".join(left) if "source" in hides else "Lantern House" in left
    assert "Ana" not in "".join(left) if "author" in hides else "Ana Field" in left


def test_what_is_taken_out_around_an_entry_that_tells_where_a_family_is_may_stand_nowhere() -> None:
    for data_class, shielded in (("core", False), ("location", True)):
        gone: list[RemovedSpan] = []
        said = Decision("redact", hides={"source": "EX-TP", "label": "EX-TP"}, reason="As weighed.")
        assembly._entry(assembly.Cutter([], (), gone), 1, entry_from("Lantern House", cls=data_class), said)
        assert {(span.text, span.shield) for span in gone} == {("Address", shielded), ("Lantern House", shielded)}


def test_heading_and_source_of_what_is_withheld_are_looked_for_unless_something_given_has_them_too() -> None:
    given = entry_from("Children’s directory"), Decision("give")
    kept_back = [
        (entry_from("Lantern House", label="Stay in a refuge"), Decision("withhold", code="EX-TP")),
        (entry_from("Children’s directory"), Decision("withhold", code="EX-TP")),
    ]
    sought = [span.text for span in assembly._withheld([given, *kept_back])]
    assert sorted(sought) == ["12 Kiln Yard", "12 Kiln Yard", "Lantern House", "stay in a refuge"]


def test_somebody_hidden_elsewhere_is_shown_where_that_was_decided_and_nowhere_else() -> None:
    person = assembly.Hidden(uuid.uuid4(), ("Ana Field",), "EX-TP")
    entry = replace(entry_from("Hill School", label="Call from Ana Field", author="Ana Field"), value="Ana Field rang.")
    for shown, times in (((), 0), ((str(person.id),), 3)):
        said = Decision("give", shown_people=shown)
        made = assembly._entry(assembly.Cutter([person], (), []), 1, entry, said)
        printed = "".join(getattr(part, "text", "") for part in (*made.label, *made.value, *made.source))
        assert printed.count("Ana Field") == times


def test_the_name_of_somebody_hidden_is_looked_for_even_where_nothing_of_it_was_cut(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    by, name = walk.worker.actor, "Zebulon Quist"
    who = {"names": [name], "relation": "lodger", "professional": False, "alive": True}
    walk.act(lambda session: people_mentioned.add_person(session, builders.looking(session, walk), **who, by=by))

    def hide(session: Session) -> None:
        people = deciding.mentions(session, builders.looking(session, walk))
        (one,) = [row for third, row, _told in people if name in third.names]
        said = {"decision": "hide", "code": "EX-TP", "reason": "As weighed.", "test": builders.WEIGHED}
        deciding.decide_mention(
            session, walk.case_id, one.mentioned_id, version=one.version, **said, by=by, today=walk.today
        )

    walk.act(hide)
    builders.decide_all(walk)
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=by))
    with runtime.database.write() as session, runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        made = assembly.assemble(session, case, builders.pack_of(walk), by=by)
    assert name in {span.text for span in made.removed}  # a content note or a heading of ours may hold it


def test_what_a_review_took_out_around_an_entry_is_kept_out_of_an_answer_too(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    item, entry = labelled(walk, "Reading")
    said = Decision(
        "redact", hides={"source": "EX-NG"}, cuts={"label": (Redaction(0, 4, "EX-NG"),)}, reason="As weighed."
    )
    with runtime.database.write() as session, runtime.vault.unlocked():
        ground = {"text": entry.text, "category": entry.category, "around": around.of(entry)}
        by = walk.worker.actor
        deciding.decide(session, walk.case_id, item.id, said, version=item.version, **ground, by=by, today=walk.today)
        looking = builders.looking(session, walk)
        kept = kept_back._removed(
            session, looking, deciding.item(session, session.get_one(Case, walk.case_id), item.id)
        )
    assert set(kept) == {(entry.source, "EX-NG"), ("Read", "EX-NG")}
