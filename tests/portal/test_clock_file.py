"""`portal clock FILE.csv`, and the bank holidays behind it."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.calendar import KNOWN_UNTIL, CalendarError, HolidayCalendar
from portal.clock_file import ClockFileError, OutputRow, answer_rows, run
from workflows.clock import Nation

HEADER = "id,law,nation,received,events\n"
CALENDAR = HolidayCalendar.load()


@pytest.fixture
def vectors(shared_data: Path) -> Path:
    return shared_data / "clock-vectors.csv"


@pytest.fixture(params=["Pacific/Auckland", "America/Los_Angeles"])
def machine_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def answered(text: str, calendar: HolidayCalendar = CALENDAR) -> list[OutputRow]:
    return list(answer_rows(io.StringIO(text, newline=""), calendar))


def one(cells: str) -> OutputRow:
    (row,) = answered(HEADER + cells + "\n")
    return row


def written(path: Path, calendar: HolidayCalendar = CALENDAR) -> tuple[int, list[dict[str, str]], str]:
    """Exit code, answers, and what was said about the file as a whole."""
    out, problems = io.StringIO(), io.StringIO()
    code = run(path, out, calendar, problems)
    return code, list(csv.DictReader(io.StringIO(out.getvalue()))), problems.getvalue()


# The dated cases


def differences(vectors: Path) -> list[str]:
    code, rows, problems = written(vectors)
    assert (code, problems) == (0, "")
    expected = list(csv.DictReader(io.StringIO(vectors.read_text(encoding="utf-8"))))
    assert [row["id"] for row in rows] == [row["id"] for row in expected]
    return [
        f"{row['id']}: {name} is {row[name]}, not {wanted[name]}"
        for row, wanted in zip(rows, expected, strict=True)
        for name in ("start", "excluded_days", "due", "extension_notice_by")
        if row[name] != wanted[name] and not (name == "extension_notice_by" and not wanted[name])
    ]


def test_all_dated_cases_come_out_as_the_law_has_them(vectors: Path) -> None:
    assert differences(vectors) == []


def test_the_machines_time_zone_changes_no_dated_case(vectors: Path, machine_zone: str) -> None:
    assert differences(vectors) == [], machine_zone


# One row


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("A,access,england-and-wales,2026-03-02,", "A,2026-03-02,0,2026-04-02,2026-04-02,running"),
        ("A,rectification,england-and-wales,2026-03-02,", "A,2026-03-02,0,2026-04-02,2026-04-02,running"),
        ("A,complaint,england-and-wales,2026-07-01,", "A,2026-07-01,0,2026-07-31,,running"),
        (
            "A,access,england-and-wales,2026-03-02,clarification-asked@2026-03-05",
            "A,2026-03-02,,stopped,,stopped",
        ),
        ("A,access,england-and-wales,2026-03-02,identity-requested@2026-03-05", "A,,,stopped,,stopped"),
        (
            "A,access,england-and-wales,2026-03-02,extended@2026-04-03",
            "A,2026-03-02,0,2026-04-02,2026-04-02,extension-invalid",
        ),
        ("A,access,england-and-wales,2028-12-05,", "A,2028-12-05,0,2029-01-05,2029-01-05,provisional"),
        ("A,access,england-and-wales,2026-07-31T22:59:00Z,", "A,2026-07-31,0,2026-09-01,2026-09-01,running"),
        ("A,access,scotland,2026-07-31T23:30:00Z,", "A,2026-08-01,0,2026-09-01,2026-09-01,running"),
        ("A,access,scotland,2026-08-01T00:30:00+01:00,", "A,2026-08-01,0,2026-09-01,2026-09-01,running"),
        (
            (
                " A , access , england-and-wales , 2026-03-02 , clarification-answered@2026-03-12 ; "
                "clarification-asked@2026-03-05;"
            ),
            "A,2026-03-02,8,2026-04-10,2026-04-10,running",
        ),
    ],
)
def test_a_row_is_answered(cells: str, expected: str) -> None:
    assert ",".join(one(cells).cells()) == expected


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("A,acess,england-and-wales,2026-03-02,", "law is “acess”"),
        ("A,access,england,2026-03-02,", "nation is “england”"),
        ("A,access,scotland,,", "received is “”"),
        ("A,access,scotland,02/03/2026,", "received is “02/03/2026”"),
        ("A,access,scotland,20260302,", "received is “20260302”"),
        ("A,access,scotland,2026-02-30,", "received is “2026-02-30”"),
        ("A,access,scotland,٢٠٢٦-03-02,", "received is"),
        ("A,access,scotland,2026-03-02T10:00,", "needs its zone"),
        ("A,access,scotland,9999-12-31,", "cannot be right"),
        ("A,access,scotland,0001-01-01T00:00:00+14:00,", "cannot be right"),
        ("A,access,scotland,2026-03-02,clarification-asked", "must be name@date"),
        ("A,access,scotland,2026-03-02,clarification-asked@soon", "clarification-asked is “soon”"),
        ("A,access,scotland,2026-03-02,asked@2026-03-05", "no event called “asked”"),
        ("A,access,scotland,2026-03-02,extended@2026-03-01", "before the day of receipt"),
        ("A,access,scotland,2026-03-02,clarification-answered@2026-03-05", "answers no question"),
        ("A,access,scotland,2026-03-02,extended@2026-03-05;extended@2026-03-06", "only once"),
        ("A,access,scotland,2026-03-02", "line 2 has fewer cells"),
        ("A,access,scotland,2026-03-02,,extended@2026-03-05", "line 2 has more cells"),
        ('A,access,scotland,2026-03-02,"', "line 2 is not CSV"),
        ("A,access,scotland,2026-03-02,extended@2026-03-0\udcff", "line 2 is not UTF-8"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(cells: str, words: str) -> None:
    row = one(cells)
    assert row.status.startswith("error: ")
    assert words in row.status
    assert row.cells()[:5] == ("A", "", "", "", "")


def test_the_other_rows_are_answered_and_the_exit_code_is_one(tmp_path: Path) -> None:
    path = tmp_path / "clock.csv"
    path.write_text(
        HEADER + "A,access,scotland,2026-03-02,\n"
        "B,access,nowhere,2026-03-02,\n"
        'C,"access,scotland,2026-03-02,\n'
        "D,access,scotland,2026-03-02,\n"
        '"E",access,scotland,2026-03-02,""\n'
    )
    code, rows, problems = written(path)
    assert (code, problems) == (1, "")
    assert [(row["id"], row["status"].split(" ")[0]) for row in rows] == [
        ("A", "running"),
        ("B", "error:"),
        ("C", "error:"),
        ("D", "running"),
        ("E", "running"),
    ]


# The file as a whole


def test_the_byte_order_mark_line_ends_of_windows_other_columns_and_empty_lines_do_not_matter(
    tmp_path: Path,
) -> None:
    path = tmp_path / "clock.csv"
    rows = (
        '\ufeff"Nation",note,Received,events,law,id',
        'scotland,"over\r\ntwo lines",2026-03-02,,access,Zoë',
        "",
        ",,,,,",
        "scotland,,2026-03-02,,access,B",
    )
    path.write_bytes(("\r\n".join(rows) + "\r\n").encode())
    code, answers, _ = written(path)
    assert code == 0
    assert [(row["id"], row["due"]) for row in answers] == [("Zoë", "2026-04-02"), ("B", "2026-04-02")]


def test_a_byte_that_is_not_utf8_spoils_its_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "clock.csv"
    path.write_bytes(HEADER.encode() + b"Zo\xeb,access,scotland,2026-03-02,\nB,access,scotland,2026-03-02,\n")
    code, rows, _ = written(path)
    assert code == 1
    assert [row["status"] for row in rows] == ["error: line 2 is not UTF-8 text", "running"]


def test_a_file_without_rows_is_answered_with_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "clock.csv"
    path.write_text(HEADER)
    assert written(path) == (0, [], "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"id,law,received\nA,access,2026-03-02\n", "missing: nation, events"),
        (b"id;law;nation;received;events\nA;access;scotland;2026-03-02;\n", "comma-separated"),
        (HEADER.encode("utf-16"), "UTF-8"),
        (b"id,law,nation,received,events,law\n", "more than once: law"),
        (b'id,law,nation,received,"events\n', "cannot be read"),
    ],
)
def test_a_file_without_its_columns_is_refused_with_exit_code_two(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "clock.csv"
    path.write_bytes(content)
    code, rows, problems = written(path)
    assert (code, rows) == (2, [])
    assert words in problems


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_opened_is_refused_with_exit_code_two(tmp_path: Path, name: str) -> None:
    code, rows, problems = written(tmp_path / name)
    assert (code, rows) == (2, [])
    assert "cannot be opened" in problems


ALPHABET = st.text(
    st.sampled_from('AB,;"@\r\n\0\udcff2026-03-02Tclarification-askedaccessscotland\u2028 '), max_size=60
)


@given(st.lists(ALPHABET, max_size=4))
def test_no_row_whatever_is_in_it_stops_the_rows_below(parts: list[str]) -> None:
    text = HEADER + "\n".join(parts) + "\nZ,access,scotland,2026-03-02,\n"
    out = io.StringIO()
    for row in answered(text):
        csv.writer(out).writerow(row.cells())
        out.getvalue().encode()
        last = row
    assert last.id == "Z" or last.failed


def test_a_header_is_judged_before_any_row_is_asked_for() -> None:
    with pytest.raises(ClockFileError):
        answer_rows(["id,law\n"], CALENDAR)


# Bank holidays


def bank_holidays(nation: Nation, year: int) -> str:
    """Those that take away a working day."""
    days = sorted(day for day in CALENDAR.of(nation).days if day.year == year and day.weekday() < 5)
    return " ".join(f"{day:%m-%d}" for day in days)


@pytest.mark.parametrize(
    ("nation", "year", "expected"),
    [
        (Nation.ENGLAND_AND_WALES, 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        (Nation.ENGLAND_AND_WALES, 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        (Nation.ENGLAND_AND_WALES, 2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"),
        (Nation.SCOTLAND, 2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28"),
        (Nation.SCOTLAND, 2027, "01-01 01-04 03-26 05-03 05-31 08-02 11-30 12-27 12-28"),
        (Nation.SCOTLAND, 2028, "01-03 01-04 04-14 05-01 05-29 08-07 11-30 12-25 12-26"),
        (Nation.NORTHERN_IRELAND, 2026, "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28"),
        (Nation.NORTHERN_IRELAND, 2027, "01-01 03-17 03-26 03-29 05-03 05-31 07-12 08-30 12-27 12-28"),
        (Nation.NORTHERN_IRELAND, 2028, "01-03 03-17 04-14 04-17 05-01 05-29 07-12 08-28 12-25 12-26"),
    ],
)
def test_the_package_knows_the_published_holidays_up_to_the_day_we_trust(
    nation: Nation, year: int, expected: str
) -> None:
    assert bank_holidays(nation, year) == expected
    assert year <= KNOWN_UNTIL.year


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    return tmp_path / "holidays.toml"


def test_an_operator_adds_and_removes_days_of_one_nation(changed: Path) -> None:
    changed.write_text("[england-and-wales]\nadd = [2026-04-02]\nremove = [2026-05-04]\n")
    calendar = HolidayCalendar.load(changed)
    england, scotland = (calendar.of(n) for n in (Nation.ENGLAND_AND_WALES, Nation.SCOTLAND))
    assert not england.works(date(2026, 4, 2)) and england.works(date(2026, 5, 4))
    assert scotland.works(date(2026, 4, 2)) and not scotland.works(date(2026, 5, 4))
    (row,) = answered(HEADER + "A,access,england-and-wales,2026-03-02,\n", calendar)
    assert (row.due, row.status) == ("2026-04-07", "running")


@pytest.mark.parametrize(
    ("known_until", "status"),
    [("2026-04-01", "provisional"), ("2026-04-02", "running"), ("2031-12-31", "running")],
)
def test_a_due_day_past_what_the_operator_vouches_for_is_provisional(
    changed: Path, known_until: str, status: str
) -> None:
    changed.write_text(f"known_until = {known_until}\n")
    (row,) = answered(HEADER + "A,access,scotland,2026-03-02,\n", HolidayCalendar.load(changed))
    assert (row.due, row.status) == ("2026-04-02", status)


def test_a_file_that_is_missing_makes_every_day_provisional(changed: Path) -> None:
    calendar = HolidayCalendar.load(changed)
    for nation in Nation:
        (row,) = answered(HEADER + f"A,access,{nation},2026-03-02,\n", calendar)
        assert (row.due, row.status) == ("2026-04-02", "provisional")
    assert "missing" in calendar.source


def test_without_a_file_the_package_alone_answers() -> None:
    assert HolidayCalendar.load(None) == CALENDAR


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[england-and-wales\n", "not valid TOML"),
        ("\udcff", "not UTF-8"),
        ("[england]\nadd = [2026-04-02]\n", "“england” means nothing here"),
        ("known-until = 2027-01-01\n", "“known-until” means nothing here"),
        ("known_until = '2027-01-01'\n", "without quotes"),
        ("known_until = 2027-01-01T00:00:00Z\n", "is not a day"),
        ("known_until = 20027\n", "is not a day"),
        ("known_until = 2927-01-01\n", "cannot be right"),
        ("[scotland]\nadd = 2026-04-02\n", "add must be a list"),
        ("[scotland]\nadd = ['2026-04-02']\n", "without quotes"),
        ("[scotland]\nadds = [2026-04-02]\n", "and nothing else"),
        ("scotland = [2026-04-02]\n", "and nothing else"),
        ("[scotland]\nadd = [2026-05-04]\nremove = [2026-05-04]\n", "both adds and removes 2026-05-04"),
        ("[scotland]\nremove = [2026-05-05]\n", "no bank holiday there"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_plain_words(changed: Path, content: str, words: str) -> None:
    changed.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(CalendarError, match=words) as refused:
        HolidayCalendar.load(changed)
    assert str(changed) in str(refused.value)


def test_the_fingerprint_changes_with_a_day_or_with_how_far_days_are_known(changed: Path) -> None:
    prints = {CALENDAR.fingerprint}
    for content in ("", "known_until = 2029-12-31\n", "[scotland]\nadd = [2027-06-14]\n"):
        changed.write_text(content)
        prints.add(HolidayCalendar.load(changed).fingerprint)
    assert len(prints) == 3  # an empty file changes nothing


@given(
    st.dates(date(2026, 2, 5), date(2028, 9, 1)),
    st.sampled_from(Nation),
    st.sampled_from(["access", "complaint"]),
)
def test_the_due_day_is_a_working_day_in_every_nation(received: date, nation: Nation, law: str) -> None:
    row = one(f"A,{law},{nation},{received},")
    day = date.fromisoformat(row.due)
    assert CALENDAR.of(nation).works(day)
    assert received + timedelta(days=28) <= day <= received + timedelta(days=31 + 5)
