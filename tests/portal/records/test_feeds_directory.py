"""The directory as a CSV: rows become entries of the right class, and a bad row keeps its child out, with words."""

import csv
import datetime
import io
import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from portal.records.feeds import READERS, FeedChild, FeedUnreadable
from portal.records.feeds.csv_stream import LONGEST_CELL
from portal.records.feeds.directory import MOST_ROWS
from portal.records.feeds.directory_rows import COLUMNS, RECORDS

DOCS = Path(__file__).resolve().parents[3] / "docs"
read: Any = READERS["directory"]


def directory(*rows, columns=None):
    """A stream with a directory of these rows."""
    columns = columns or ["record", "local_id", *sorted(COLUMNS - {"record", "local_id"})]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(out.getvalue().encode())


def row(record, number=1, **cells):
    return {"record": record, "local_id": f"L{number}", **{name.rstrip("_"): cell for name, cell in cells.items()}}


def only(*rows):
    [found] = read(directory(row("child", surname="Fernleigh", birth_date="2014-05-09"), *rows))
    return found


def said(found):
    return {item.natural_key: item for item in found.items}


def test_the_sample_is_read_whole_and_without_a_flag():
    with (DOCS / "samples" / "directory.csv").open("rb") as file:
        found = list(read(file, today=datetime.date(2026, 11, 22)))
    assert [one.joins_by for one in found] == [("local_id", "upn", "nhs_number"), ("local_id", "nhs_number"), ("upn",)]
    assert [one.line for one in found] == [2, 17, 21]
    assert {flag for one in found for item in one.items for flag in item.flags} == set()
    assert {row.natural_key.partition("[")[0] for one in found for row in one.items} == set(RECORDS)


def test_every_record_and_column_is_documented():
    told = (DOCS / "directory-csv.md").read_text(encoding="utf-8")
    assert [name for name in COLUMNS | set(RECORDS) if f"`{name}`" not in told] == []


def test_a_child_has_names_identifiers_and_former_names():
    rows = row("child", surname="Fernleigh", forenames="Robin  Ash", former_names="Robin Marlow; Robin Marlow;",
               birth_date="09/05/2014", sex="Female", upn="a123456789012", nhs_number="943 476 5918")  # fmt: skip
    [found] = read(directory(rows))
    assert found.names == ("Robin Ash Fernleigh",) and found.former_names == ("Robin Marlow",)
    assert (found.birth_date, found.sex) == (datetime.date(2014, 5, 9), "Female")
    assert found.joins_by == ("local_id", "upn")
    assert said(found)["child[#1]/nhs_number"].flags == ("invalid-nhs-number",)


@pytest.mark.parametrize("record", ["address", "carer", "school", "gp", "service"])
def test_whatever_tells_where_the_family_can_be_met_is_of_the_location_class(record):
    where = {"address": "4 Example Terrace", "postcode": "ZZ1 4AB"}
    cells = {"kind": "current"} if record == "address" else {"name": "Sampleton", "phone": "01632 960101"}
    found = only(row(record, **where, **cells, **({"kind": "targeted"} if record == "service" else {})))
    telling = [item for item in found.items if "Example" in item.value or "01632" in item.value]
    assert telling and {item.cls for item in telling} == {"location"}


def test_a_school_and_a_practice_are_of_the_location_class_by_name_already():
    found = only(row("school", name="Sampleton Primary"), row("gp", name="Sampleton Surgery"))
    assert {item.cls for item in found.items if "Sampleton" in item.value} == {"location"}


def test_the_name_of_a_carer_stays_in_the_core_which_a_shield_shows():
    found = said(only(row("carer", name="Willow Fernleigh", relationship="mother", parental_responsibility="yes")))
    name = found["carer[willow fernleigh#1]/name"]
    assert (name.value, name.cls, name.people) == ("Willow Fernleigh, mother", "core", ("Willow Fernleigh",))
    assert found["carer[willow fernleigh#1]/parental_responsibility"].value == "Willow Fernleigh: Yes"


def test_a_sensitive_service_leaves_no_trace_outside_its_class():
    cells = {"contact": "Maple Stone", "phone": "01632 960107", "consent": "child", "consent_on": "2024-06-11"}
    found = only(row("service", name="Sampleton Young Minds", kind="Sensitive", from_="2024-06-11", **cells))
    about = [item for item in found.items if item.natural_key.startswith("service")]
    assert len(about) == 5 and {item.cls for item in about} == {"sensitive"}
    assert found.people == ()


@pytest.mark.parametrize("consent", ["", "no", "yes"])
def test_a_sensitive_service_without_its_ground_is_refused(consent):
    problem = only(row("service", name="Sampleton Young Minds", kind="sensitive", consent=consent))
    assert "needs consent" in problem.reason and "Young Minds" not in problem.reason


def test_a_note_keeps_its_lines_author_day_and_who_it_mentions():
    text = "Home visit.\r\n\r\nThe neighbour, Clay Penrose, was there."
    found = only(row("note", text=text, author="Hazel Brook", on="2023-02-06", opinion="yes",
                     people="Clay Penrose = neighbour; Someone", category="Social care"))  # fmt: skip
    [note] = [item for item in found.items if item.label == "Note"]
    assert note.value == "Home visit.\n\nThe neighbour, Clay Penrose, was there."
    assert (note.author, note.about_on, note.opinion) == ("Hazel Brook", datetime.date(2023, 2, 6), True)
    assert (note.category, note.people) == ("social care", ("Clay Penrose", "Someone"))
    assert [(one.name, one.relation) for one in found.people] == [("Clay Penrose", "neighbour"), ("Someone", "")]


def test_two_equal_rows_stay_two():
    note = row("note", text="Rang, no answer.", author="Hazel Brook", on="2023-02-06")
    notes = [item for item in only(note, note).items if item.label == "Note"]
    assert len({item.natural_key for item in notes}) == 2


def test_a_new_phone_number_keeps_the_key_of_the_entry():
    before = only(row("carer", name="Willow Fernleigh", phone="07700 900101"))
    after = only(row("carer", name="WILLOW  FERNLEIGH", phone="07700 900199"))
    assert set(said(before)) == set(said(after)) and before.items != after.items


@pytest.mark.parametrize(
    ("cells", "flags"),
    [
        ({"from_": "1850-01-01"}, ("implausible-date",)),
        ({"from_": "2024-05-01", "to": "2024-04-30"}, ("implausible-date",)),
        ({"from_": "2027-11-23"}, ("implausible-date",)),
        ({"from_": "2027-11-22"}, ()),
        ({"from_": "last spring"}, ("unreadable-date",)),
        ({"postcode": "unknown"}, ("invalid-postcode",)),
        ({"kind": "holiday home"}, ("unknown-code",)),
    ],
)
def test_a_value_that_looks_wrong_is_kept_and_flagged(cells, flags):
    rows = row("child", birth_date="2014-05-09"), row("address", **{"kind": "current", "address": "4 Row"} | cells)
    [found] = read(directory(*rows), today=datetime.date(2026, 11, 22))
    [address] = [item for item in found.items if item.category == "address"]
    assert address.flags == flags and "4 Row" in address.value


# All or nothing for a child


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("dog", name="Rex"), "must be one of child, address"),
        (row("carer", phone="07700 900101"), "needs name"),
        (row("address", kind="current"), "needs address or postcode"),
        (row("school", name="Sampleton", birth_date="2014-05-09"), "has no birth_date"),
        (row("service", name="Sampleton", kind="sensative"), "targeted or sensitive"),
        (row("note", text="Hello", category="gossip"), "category of a note"),
        (row("note", text="Hello", opinion="perhaps"), "yes or no"),
        (row("note", text="bell \x07"), "no text"),
        (row("child", surname="Other"), "one row with record “child”"),
        (row("carer", name="Willow", upn="A123456789012"), "upn is not that of the child"),
    ],
)
def test_one_bad_row_keeps_its_child_out_with_line_and_reason_and_the_others_go_in(bad, reason):
    good = row("child", 2, surname="Oakshott")
    first, *problems, last = read(directory(row("child", 0), row("child", 1), bad, good))
    assert (first.local_id, last.local_id) == ("L0", "L2")
    assert [one.refused for one in problems] == [True]
    assert problems[0].child == "L1" and problems[0].line in (3, 4) and reason in problems[0].reason


def test_each_bad_row_is_told_but_the_child_counts_once():
    problems = list(read(directory(row("child"), row("carer"), row("gp"))))
    assert [(one.line, one.refused) for one in problems] == [(3, True), (4, False)]


def test_no_reason_quotes_a_value():
    problems = read(directory(row("child"), row("dog", name="Canary"), row("address", kind="canary")))
    assert not [one for one in problems if "canary" in one.reason.lower()]


@pytest.mark.parametrize(
    "cells",
    [
        {"directory_id": "D-1", "birth_date": "2014-05-09"},
        {"upn": "A123456789012"},
        {"upn": "B123456789012", "birth_date": "2014-05-09"},
        {"nhs_number": "9434765918", "birth_date": "2014-05-09"},
        {"surname": "Fernleigh", "birth_date": "2014-05-09"},
    ],
)
def test_a_child_whom_nothing_recognises_is_refused(cells):
    [problem] = read(directory({"record": "child", **cells}))
    assert problem.line == 2 and problem.refused


def test_rows_of_a_child_that_stand_apart_are_refused():
    first, second, problem = read(directory(row("child"), row("child", 2), row("child")))
    assert (first.local_id, second.local_id, problem.line) == ("L1", "L2", 4) and "line 2" in problem.reason


def test_a_child_with_more_rows_than_any_real_one_is_refused_and_the_others_go_in():
    many = itertools.repeat(row("note", text="x"), MOST_ROWS + 50)
    problem, last = read(directory(row("child"), *many, row("child", 2)))
    assert "more rows" in problem.reason and last.local_id == "L2"


# The file


def test_a_byte_order_mark_blank_lines_and_short_rows_do_no_harm():
    text = "\ufeffRecord, Local ID ,Surname\r\nchild,L1,Fernleigh\r\n\r\n,,\r\nchild,L2\r\n"
    assert [(one.local_id, one.line) for one in read(io.BytesIO(text.encode()))] == [("L1", 2), ("L2", 5)]


def test_lines_are_counted_through_cells_of_several_lines():
    rows = row("child"), row("note", text="one\ntwo\nthree"), row("child", 2)
    first, second = read(directory(*rows))
    assert (first.line, second.line) == (2, 6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "empty"),
        (b"child,L1,Fernleigh\n", "Missing: record"),
        (b"record;local_id;surname\nchild;L1;Fernleigh\n", "commas"),
        (b"record,local_id,birthdate\n", "not known: birthdate"),
        (b"record,local_id,local_id\n", "twice: local_id"),
        (b'record,"local_id\n', "quote"),
        ("record,local_id\n".encode("utf-16"), "UTF-8"),
        (b"record," + b"x" * 600_000, "longer than any real one"),
        (b"<Message/>", "Missing: record"),
        (b"record,local_id\rchild,L1\r", "lines do not end"),
    ],
)
def test_a_first_line_that_will_not_do_is_refused_in_plain_words(text, told):
    with pytest.raises(FeedUnreadable, match=told):
        list(read(io.BytesIO(text)))


HEAD = b"record,local_id,text\nchild,L1,\n"


@pytest.mark.parametrize(
    ("more", "line", "told"),
    [
        (b"child,L2,\nnote,L2,caf\xe9\n", 4, "UTF-8"),
        (b'child,L2,\nnote,L2,"never closed\n', 4, "quote"),
        (b'child,L2,\nnote,L2,"a"b"\n', 4, "quote"),
        (b'child,L2,\nnote,L2,"' + b"x\n" * LONGEST_CELL + b'"\n', 4, "quote|longer"),
        (b"child,L2,\nnote,L2," + b"x" * 600_000, 4, "longer"),
        (b"child,L2,\nnote,L2," + b'"x\n",' * 500_000, None, "longer"),
    ],
)
def test_a_break_further_down_is_told_and_keeps_out_only_the_child_it_stands_in(more, line, told):
    first, problem = read(io.BytesIO(HEAD + more))
    assert isinstance(first, FeedChild) and first.local_id == "L1"
    assert problem.child == "L2" and problem.refused and re.search(told, problem.reason)
    assert line is None or problem.line == line


def test_children_are_given_while_the_file_is_still_being_read():
    def lines():
        yield b"record,local_id\n"
        for number in itertools.count():
            yield f"child,L{number}\n".encode()

    class Endless(io.RawIOBase):
        def __init__(self):
            self.lines = lines()

        def readable(self):
            return True

        def readinto(self, buffer):
            line = next(self.lines)
            buffer[: len(line)] = line
            return len(line)

    found = read(io.BufferedReader(Endless()))
    assert [next(found).local_id for _ in range(3)] == ["L0", "L1", "L2"]


def test_a_reader_that_is_left_early_leaves_the_stream_open():
    stream = directory(row("child"), row("child", 2))
    next(read(stream))
    assert not stream.closed


def test_the_items_that_tell_who_the_child_is_say_so_and_no_others():
    person = row(
        "child", surname="Fernleigh", former_names="Robin Marlow; Robin Reed", birth_date="2014-05-09", sex="F"
    )
    person |= {"directory_id": "D1", "upn": "A1", "nhs_number": "1", "died_on": "2020-01-01"}
    [found] = read(directory(person, row("carer", name="Hanne Fernleigh", phone="07700 900118")))
    told = [(item.identifies, item.value) for item in found.items if item.identifies]
    assert told == [
        ("name", "Fernleigh"),
        ("former_name", "Robin Marlow"),
        ("former_name", "Robin Reed"),
        ("birth_date", "2014-05-09"),
        ("sex", "f"),
        ("local_id", "L1"),
        ("directory_id", "D1"),
        ("upn", "A1"),
        ("nhs_number", "1"),
    ]
    assert len(found.items) == len(told) + 3
