"""Heading, source and author of an entry: each is decided by itself, and what is taken out of them is nowhere."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.documents import release, render
from portal.documents.inner import drawn_texts, inner_texts
from portal.documents.pack import from_json
from portal.vault import Owner
from tests import builders
from tests.builders import WEIGHED, Walk
from tests.client import client_for, runtime_of, sign_in
from tests.copies import labelled, words
from tests.judge import JudgingClient, Page

HEADING, SOURCE, AUTHOR = "Zephyrine lodge", "Quiverfold House", "Yolanthe Crabtree"
TESTED = {f"test_{name}": answer for name, answer in WEIGHED.items()}
CANARIES = ("Zephyrine", "lodge", "Quiverfold", "Yolanthe", "Crabtree")


@pytest.fixture
def walk(app: Flask) -> Walk:
    """A case in review whose record holds an address of a kind that only its source has a name for."""
    runtime = runtime_of(app)
    record = builders.rich_child(runtime)
    told = {"source": SOURCE, "source_key": "body:quiverfold house", "author": AUTHOR}
    stay = builders.item(
        "address#9", "address", HEADING, "9 Umbral Court, Nether Quill", flags=("unknown-code",), **told
    )
    builders.importing.take_in(runtime.database, "directory", [builders.feed_child(stay)])
    return builders.case_in(runtime, "review", record=record)


@pytest.fixture
def client(app: Flask, walk: Walk) -> JudgingClient:
    client = client_for(app)
    sign_in(client, "staff", walk.worker.id)
    return client


def page_of(client: JudgingClient, walk: Walk) -> Page:
    return client.get(f"/staff/cases/{walk.case.reference}/review/{labelled(walk, HEADING)[0].id}")


def made(walk: Walk) -> dict[str, str]:
    """Everything that leaves with the copy, and what the leak gate found in it."""
    builders.decide_all(walk)
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))
    builders.run_assembly(walk)
    pack, files = builders.pack_of(walk), walk.runtime.files
    content = files.read(Owner.case(walk.case_id), pack.content_file)  # type: ignore[arg-type]
    pdf = files.read(Owner.case(walk.case_id), pack.pdf_file)  # type: ignore[arg-type]
    with walk.runtime.database.read() as session:
        leaks = release.findings(session, pack)["leaks"]
    return {
        "data": content.decode(),
        "page": render.pack_html(from_json(content), for_screen=True),
        "drawn": "\n".join(drawn_texts(pdf)),
        "inner": "\n".join(inner_texts(pdf)),
        "leaks": str(leaks),
    }


def test_what_is_taken_out_of_heading_source_and_author_is_in_no_part_of_the_copy(
    client: JudgingClient, walk: Walk
) -> None:
    page = page_of(client, walk)
    (section,) = [one for one in page.all("details") if "Heading, source and author" in "".join(one.itertext())]
    assert section.get("open") is not None  # its heading is not a word of ours
    sent = {"decision": "give", "hide_label": "EX-TP", "w-source": ["1"], "hide_author": "EX-TP", "code": "EX-TP"}
    page = client.follow(client.submit(page, {**TESTED, **sent, "reason": "It tells where they were.", "save": "1"}))
    assert page.answers()["w-source"] == ["1"]
    assert page.answers()["hide_label"] == ["EX-TP"]
    item, _entry = labelled(walk, HEADING)
    assert item.state == "redact"
    told = made(walk)
    for name, text in told.items():
        assert not [one for one in CANARIES if one.casefold() in text.casefold()], name
    entry = next(one for one in from_json(told["data"].encode()).entries if "Umbral" in words(one.value))
    assert words(entry.label) == "Addresses"  # no gap: that there was another heading is not told
    assert words(entry.source).strip(" ,") == "House"


def test_the_approver_reads_what_was_taken_out_around_an_entry(client: JudgingClient, app: Flask, walk: Walk) -> None:
    page = page_of(client, walk)
    sent = {"decision": "give", "hide_source": "EX-TP", "w-label": ["1"], "code": "EX-TP", "reason": "A refuge."}
    client.submit(page, {**TESTED, **sent, "save": "1"})
    builders.decide_all(walk)
    builders.assemble(walk)
    walk.step("send_to_approval")
    approver = client_for(app)
    sign_in(approver, "staff", walk.approver.id)
    text = approver.get(f"/staff/cases/{walk.case.reference}/approval/copy").text
    assert f"Source: {SOURCE}" in text
    assert "Heading: Zephyrine" in text


INCOMPLETE: tuple[tuple[dict[str, object], str], ...] = (
    ({"w-author": ["1"]}, "Choose the exemption for the words you marked."),
    ({"hide_author": "EX-TP"}, "Say how the test of the exemption is met."),
    ({"hide_label": "EX-TP", "reason": "As weighed."}, "not all answered"),
    ({"w-label": ["99"], "code": "EX-TP", "reason": "As weighed.", **TESTED}, "do not fit this text any more"),
)


def test_words_around_an_entry_are_taken_out_on_the_same_grounds_as_its_own(client: JudgingClient, walk: Walk) -> None:
    page = page_of(client, walk)
    for sent, fault in INCOMPLETE:
        page = client.submit(
            page, {"w-label": [], "hide_label": "", **sent, "decision": "give", "save": "1"}, expect=400
        )
        assert fault in page.text
    assert labelled(walk, HEADING)[0].state == "undecided"
