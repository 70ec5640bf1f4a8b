"""The frozen pack: what can be in it, and that equal packs are equal bytes."""

import dataclasses
import datetime
import json

import pytest

from portal.documents.pack import Category, Entry, Manifest, Pack, PackUnreadable, Text, fingerprint, from_json, to_json
from portal.review.redaction import Redaction, Redactions, cut
from tests.portal.documents import packs
from workflows.exemptions import REGISTER


def test_a_pack_reads_back_as_it_was():
    pack = packs.rich_pack()
    assert from_json(to_json(pack)) == pack


def test_equal_packs_are_equal_bytes_and_another_pack_has_another_fingerprint():
    assert to_json(packs.rich_pack()) == to_json(packs.rich_pack())
    assert fingerprint(packs.rich_pack()) != fingerprint(dataclasses.replace(packs.rich_pack(), reference="SAR-2"))


def test_the_json_is_canonical():
    data = to_json(packs.rich_pack())
    again = json.dumps(json.loads(data), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert data == again


def test_there_is_no_place_for_a_code_or_a_count():
    names = {each.name for kind in (Pack, Category, Entry) for each in dataclasses.fields(kind)}
    assert not {name for name in names if "code" in name or "count" in name or "exempt" in name}
    data = to_json(packs.rich_pack()).decode()
    assert not [exemption.code for exemption in REGISTER if exemption.code in data]


def test_packs_that_differ_only_in_what_may_be_told_are_one_pack():
    """Each code that may not be told against each tellable one with the same phrase, and such a phrase there is."""
    text = "Her uncle came to the door."
    told = {one.phrase: one for one in REGISTER if one.told == "yes" and one.per_item}
    untold = [one for one in REGISTER if one.told != "yes" and one.per_item]
    assert untold
    for exemption in untold:
        made = {
            to_json(packs.pack(packs.entry(1, cut(text, Redactions.of(text, [Redaction(4, 9, code)])))))
            for code in (exemption.code, told[exemption.phrase].code)
        }
        assert len(made) == 1


@pytest.mark.parametrize("numbers", [(2,), (1, 3), (1, 1), (0, 1), (2, 1)])
def test_numbers_run_from_one_without_gaps(numbers):
    with pytest.raises(ValueError, match="without gaps"):
        packs.pack(*(packs.entry(number, "x") for number in numbers))


def test_a_cut_off_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        packs.pack(cut_off=datetime.datetime(2026, 3, 2))  # noqa: DTZ001


def _changed(change):
    read = json.loads(to_json(packs.rich_pack()))
    change(read)
    return json.dumps(read).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        _changed(lambda read: read.update(format=2)),
        _changed(lambda read: read["pack"].pop("reference")),
        _changed(lambda read: read["pack"].update(code="EX-CA")),
        _changed(lambda read: read["pack"].update(reference=7)),
        _changed(lambda read: read["pack"].update(date="soon")),
        _changed(lambda read: read["pack"].update(searched="everywhere")),
        _changed(lambda read: read["pack"]["categories"][0]["entries"][0].update(value=[{"text": "a", "phrase": "b"}])),
        _changed(lambda read: read["pack"]["categories"][0]["entries"][0].update(value=["a"])),
        _changed(lambda read: read["pack"]["categories"][0]["entries"][0].update(disputed=1)),
        _changed(lambda read: read["pack"]["categories"][0]["entries"].pop()) + b"x",
    ],
)
def test_what_is_no_pack_is_refused(data):
    with pytest.raises(PackUnreadable):
        from_json(data)


def test_texts_are_made_printable_once_for_all():
    pack = packs.pack(packs.entry(1, "bell\x07 \u202eright" + "\u0301" * 100_000))
    printed = from_json(to_json(pack))
    assert printed.entries[0].value == (Text("bell\ufffd right" + "\u0301" * 4),)
    assert to_json(printed) == to_json(pack)


def test_a_text_too_long_for_any_note_is_refused():
    with pytest.raises(PackUnreadable):
        to_json(packs.pack(packs.entry(1, "x" * 500_001)))


def test_an_approval_hangs_on_every_part_of_the_manifest():
    parts = {"pack_hash": "a", "pdf_hash": "b", "template_version": "c", "copy_number": "d", "recipient_id": "e"}
    made = {Manifest(**parts).fingerprint()} | {Manifest(**{**parts, name: "other"}).fingerprint() for name in parts}
    assert len(made) == 6
