"""The children-in-need census: what is taken in, what is flagged, what is refused, and what cannot harm."""

import datetime
import io
import itertools
from typing import Any

import pytest

from portal.records import words
from portal.records.feeds import READERS, FeedChild, FeedProblem, FeedUnreadable, xml_stream
from tests.bench import make_census

read: Any = READERS["cin-census"]
HEAD = "<Header><CollectionDetails><Collection>CIN</Collection><ReferenceDate>2026-03-31</ReferenceDate>"
HEAD += "</CollectionDetails><Source><LEA>999</LEA></Source></Header>"
WHO = "<ChildIdentifiers><LAchildID>L{0}</LAchildID><PersonBirthDate>2015-03-27</PersonBirthDate></ChildIdentifiers>"


def census(*children, head=HEAD, tail="</Children></Message>"):
    """A stream with a census of these children."""
    return io.BytesIO(f"<Message>{head}<Children>{''.join(children)}{tail}".encode())


def child(inner="", *, number=1, who=WHO):
    return f"<Child>{who.format(number)}{inner}</Child>\n"


def only(stream):
    [found] = read(stream)
    return found


def items(inner):
    return {item.natural_key: item for item in only(census(child(inner))).items}


def by_label(found, label):
    return [item for item in found.items if item.label == label]


# The real layouts


@pytest.mark.parametrize("name", ["CIN2rows.xml", "CIN_Census_2021.xml", "CIN_Census_2024.xml"])
def test_the_sample_returns_are_read_whole(shared_data, name):
    with (shared_data / "cin-census" / name).open("rb") as file:
        found = list(read(file))
    assert found and all(isinstance(one, FeedChild) for one in found)
    first = found[0]
    assert (first.line, first.authority, first.local_id, first.sex) == (
        18,
        "201",
        "DfEX0000001",
        "Male",
    )
    assert not [item for item in first.items if "unknown-element" in item.flags]
    assert {item.flags for item in first.items if "UPN" in item.label} == {("invalid-upn",)}
    assert len({item.natural_key for item in first.items}) == len(first.items)


def test_two_identical_plans_of_the_sample_stay_two(shared_data):
    with (shared_data / "cin-census" / "CIN2rows.xml").open("rb") as file:
        [found] = read(file)
    plans = [item for item in found.items if "cppstartdate" in item.natural_key]
    assert [plan.value for plan in plans] == ["2022-02-17", "2022-02-17"]
    assert plans[0].natural_key != plans[1].natural_key


def test_old_dates_of_the_sample_are_kept_and_flagged(shared_data):
    with (shared_data / "cin-census" / "CIN_Census_2021.xml").open("rb") as file:
        [found] = read(file)
    flagged = {item.value for item in found.items if item.flags == ("implausible-date",)}
    assert flagged == {"1066-04-13", "1965-03-27"}


def test_an_unknown_factor_and_impossible_days_of_the_sample_are_kept_and_flagged(shared_data):
    with (shared_data / "cin-census" / "CIN_Census_2024.xml").open("rb") as file:
        first, second = read(file)
    flagged = {(item.value, item.flags) for item in first.items if item.flags and "UPN" not in item.label}
    assert flagged == {
        ("2028-04-28", ("implausible-date",)),
        ("2020-09-19", ("implausible-date",)),
        ("RB", ("unknown-code",)),
    }
    assert second.local_id == "child_fails_assessments" and second.line == 73


# What is said


def test_a_statement_has_day_source_category_and_plain_words():
    found = items(
        "<CINdetails><CINreferralDate>2024-01-10</CINreferralDate><CINclosureDate>2024-05-02</CINclosureDate>"
        "<ReasonForClosure>RC8</ReasonForClosure></CINdetails>"
    )
    item = found["referral[2024-01-10#1]/reasonforclosure[#1]"]
    assert item.about_on == datetime.date(2024, 5, 2)
    assert (item.source, item.category, item.cls) == ("Children’s social care, authority 999", "social care", "core")
    assert (item.code, item.plain) == ("RC8", "After the assessment, nothing more was needed")


@pytest.mark.parametrize(
    ("element", "code", "plain"),
    [
        ("GenderCurrent", "2", "Female"),
        ("GenderCurrent", "9", "Not stated"),
        ("Gender", "0", "Not born yet"),
        ("Sex", "F", "Female"),
        ("Sex", "1", "Male"),
    ],
)
def test_sex_is_one_statement_whatever_the_layout_calls_it(element, code, plain):
    found = only(census(child(f"<{element}>{code}</{element}>")))
    [item] = by_label(found, "Sex")
    assert (item.natural_key, item.plain, found.sex) == ("sex[#1]", plain, plain)


FACTOR = "<AssessmentFactors>2A</AssessmentFactors>"
START = "<AssessmentActualStartDate>2024-02-01</AssessmentActualStartDate>"


@pytest.mark.parametrize(
    "inner",
    [
        f"<Assessments>{START}<FactorsIdentifiedAtAssessment>{FACTOR}</FactorsIdentifiedAtAssessment></Assessments>",
        f"<Assessments>{START}{FACTOR}</Assessments>",
        f"<Assessments><Assessment>{START}{FACTOR}</Assessment></Assessments>",
        f"<Wrapper><assessments>{START}stray {FACTOR}</assessments></Wrapper>",
        f"<Assessments xmlns:x='urn:x'>{START.replace('Assessment', 'x:Assessment')}{FACTOR}</Assessments>",
    ],
)
def test_a_factor_is_the_same_statement_however_it_is_wrapped(inner):
    found = items(f"<CINdetails><CINreferralDate>2024-01-10</CINreferralDate>{inner}</CINdetails>")
    item = found["referral[2024-01-10#1]/assessment[2024-02-01#1]/assessmentfactors[2A#1]"]
    assert item.plain == "The child may be using drugs in a harmful way"
    assert item.about_on == datetime.date(2024, 2, 1)


def test_stray_text_is_ignored():
    found = only(
        census(child("<ChildCharacteristics>noise<Ethnicity>WBRI</Ethnicity>PersonBirthDate</ChildCharacteristics>"))
    )
    assert found.birth_date == datetime.date(2015, 3, 27)
    assert not [item for item in found.items if "noise" in item.value or item.value == "PersonBirthDate"]


def test_an_element_nobody_knows_is_kept_and_flagged():
    [item] = by_label(only(census(child("<NewThing>7</NewThing>"))), "NewThing")
    assert (item.value, item.flags) == ("7", ("unknown-element",))


def test_every_flag_has_words():
    strange = "<NewThing>7</NewThing><UPN>A1</UPN><Ethnicity>X</Ethnicity><NumberOfPreviousCPP>x</NumberOfPreviousCPP>"
    strange += (
        "<PersonDeathDate>soon</PersonDeathDate><CINdetails><CINreferralDate>2015-01-01</CINreferralDate></CINdetails>"
    )
    flags = {flag for item in items(strange).values() for flag in item.flags}
    assert flags >= {
        "unknown-element",
        "invalid-upn",
        "unknown-code",
        "unreadable-number",
        "unreadable-date",
        "before-birth",
    }
    assert flags <= set(words.FLAGS)


@pytest.mark.parametrize(
    ("day", "flags"),
    [
        ("1899-12-31", ("implausible-date",)),
        ("2027-03-31", ()),  # within a year of the census
        ("2027-04-01", ("implausible-date",)),
        ("2014-12-01", ("before-birth",)),  # help can begin before a birth
        ("2014-01-01", ("implausible-date",)),
        ("2024-02-30", ("unreadable-date",)),
        ("yesterday", ("unreadable-date",)),
        ("2024-02-29T00:00:00", ()),
        ("29/02/2024", ()),
    ],
)
def test_an_implausible_day_is_kept_and_flagged(day, flags):
    [item] = by_label(only(census(child(f"<CINreferralDate>{day}</CINreferralDate>"))), _label("cinreferraldate"))
    assert (item.value, item.flags) == (day, flags)


def _label(name):
    from portal.records.feeds.census_layout import LEAVES

    return LEAVES[name].label


def test_an_end_before_its_start_is_flagged():
    dates = "<CINPlanStartDate>2024-05-01</CINPlanStartDate><CINPlanEndDate>2024-04-30</CINPlanEndDate>"
    found = items(f"<CINPlanDates>{dates}</CINPlanDates>")
    assert found["plan[2024-05-01#1]/cinplanenddate[#1]"].flags == ("implausible-date",)
    assert found["plan[2024-05-01#1]/cinplanstartdate[#1]"].flags == ()


def test_a_plan_that_ends_keeps_its_key():
    start = "<CINPlanStartDate>2024-05-01</CINPlanStartDate>"
    running = items(f"<CINPlanDates>{start}</CINPlanDates>")
    ended = items(f"<CINPlanDates>{start}<CINPlanEndDate>2024-06-30</CINPlanEndDate></CINPlanDates>")
    assert set(running) < set(ended)


def test_the_day_of_the_import_stands_in_for_a_missing_reference_date():
    head = "<Header><Source><LEA>999</LEA></Source></Header>"
    stream = census(child("<CINreferralDate>2031-01-01</CINreferralDate>"), head=head)
    [found] = read(stream, today=datetime.date(2026, 11, 22))
    assert found.items[-1].flags == ("implausible-date",)


# Who is refused


@pytest.mark.parametrize(
    "who",
    [
        "",
        "<ChildIdentifiers><PersonBirthDate>2015-03-27</PersonBirthDate></ChildIdentifiers>",
        "<UPN>A123456789012</UPN>",
        "<UPN>B123456789012</UPN><PersonBirthDate>2015-03-27</PersonBirthDate>",
    ],
)
def test_a_child_whom_nothing_recognises_is_reported_with_its_line_and_the_others_go_in(who):
    first, refused, last = read(census(child(number=1), child(who=who), child(number=2)))
    assert isinstance(refused, FeedProblem) and refused.line == 2 and "birth date" in refused.reason
    assert (first.local_id, last.local_id) == ("L1", "L2")


def test_a_valid_upn_with_a_birth_date_is_enough():
    found = only(census(child(who="<UPN>a123456789012</UPN><PersonBirthDate>2015-03-27</PersonBirthDate>")))
    assert (found.upn, found.joins_by) == ("A123456789012", ("upn",))


def test_a_child_that_comes_twice_is_refused_the_second_time():
    first, again = read(census(child(), child().replace("L1", "l1")))
    assert isinstance(first, FeedChild)
    assert (again.line, again.child, again.refused) == (2, "l1", True) and "line 1" in again.reason


def test_what_stands_before_a_break_goes_in_and_the_break_is_told_with_its_line():
    stream = census(child(), "<Child><ChildIdentifiers><LAchildID>L2</LAchildID></Wrong>", child(number=3))
    first, problem = read(stream)
    assert first.local_id == "L1"
    assert (problem.line, problem.child) == (2, "L2") and "mismatched tag" in problem.reason


def test_a_file_that_ends_too_soon_is_told():
    first, problem = read(census(child(), "<Child>", tail=""))
    assert first.local_id == "L1" and isinstance(problem, FeedProblem)


# Files that are none, and files that would harm


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"record,local_id\n",
        b"<html><body>Not found</body></html>",
        b"<Message><Header>",
        b"\x00" * 100,
        b"<?xml version='1.0' encoding='utf-99'?><Message/>",
        b"<?xml version='1.0' encoding='utf-7'?><Message/>",
        b"<?xml version='1.0' encoding='gb18030'?><Message/>",
        b"<Message><Collection>CLA</Collection></Message>",
        b"<Message><A>&unknown;</A></Message>",
    ],
)
def test_a_file_that_is_no_census_is_unreadable(text):
    with pytest.raises(FeedUnreadable):
        list(read(io.BytesIO(text)))


def test_a_census_without_children_is_readable():
    assert list(read(census())) == []


LAUGHS = "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(9))


@pytest.mark.parametrize(
    "document_type",
    [
        f"<!DOCTYPE Message [<!ENTITY l0 'ha'>{LAUGHS}]>",
        "<!DOCTYPE Message [<!ENTITY l9 SYSTEM 'file:///etc/hostname'>]>",
        "<!DOCTYPE Message SYSTEM 'http://127.0.0.1:9/x.dtd'>",
        "<!DOCTYPE Message [<!ENTITY % p SYSTEM 'file:///etc/hostname'> %p;]>",
        "<!DOCTYPE Message>",
    ],
)
def test_a_document_type_is_refused_before_anything_expands(document_type):
    stream = io.BytesIO(f"{document_type}<Message><Children><Child>&l9;</Child></Children></Message>".encode())
    with pytest.raises(FeedUnreadable, match="document type"):
        list(read(stream))


class Endless(io.RawIOBase):
    """A stream that begins with some bytes and never ends; it counts what was read."""

    def __init__(self, begin, more):
        self.parts = itertools.chain([begin], itertools.repeat(more))
        self.given = 0

    def read(self, _size=-1):
        part = next(self.parts)
        self.given += len(part)
        return part


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"<Message><Children><Child>", b"<a>" * 1000),
        (b"<Message>", b"<a>" * 1000),
        (b"<Message><!--", b"x" * 60_000),
        (b"<Message><Child a='", b"x" * 60_000),
        (b"<", b"x" * 60_000),
    ],
)
def test_a_file_that_never_ends_is_given_up_early(begin, more):
    stream = Endless(begin, more)
    with pytest.raises(FeedUnreadable):
        list(read(stream))
    assert stream.given < 5_000_000


@pytest.mark.parametrize(
    "inner",
    [
        f"<Ethnicity>{'x' * (xml_stream.LONGEST_TEXT + 1)}</Ethnicity>",
        "<a/>" * xml_stream.MOST_ELEMENTS,
        "<Child></Child>",
    ],
)
def test_a_child_larger_than_any_real_one_is_refused_and_the_others_go_in(inner):
    refused, last = read(census(child(inner), child(number=2)))
    assert isinstance(refused, FeedProblem) and (refused.line, refused.child) == (1, "L1")
    assert last.local_id == "L2"


def test_the_parts_of_a_refused_child_are_not_kept():
    records = xml_stream.Records(census(child("<a/>" * 50_000)), root="Message", record="Child")
    [element] = records
    assert element.fault and len(element.children) <= xml_stream.MOST_ELEMENTS


def test_children_are_given_while_the_file_is_still_being_read():
    stream = Endless(census(*(child(number=n) for n in range(2000)), tail="").getvalue(), b" " * 60_000)
    assert next(read(stream)).local_id == "L0"
    assert stream.given < 1_000_000


# The generator of the bench


def test_the_invented_census_is_the_same_each_time_and_without_a_flag():
    out, again = io.StringIO(), io.StringIO()
    make_census.write(out, 50)
    make_census.write(again, 50)
    assert out.getvalue() == again.getvalue()
    found = list(read(io.BytesIO(out.getvalue().encode())))
    assert len(found) == 50 and all(one.joins_by == ("local_id", "upn") for one in found)
    assert {flag for one in found for item in one.items for flag in item.flags} <= {"implausible-date"}


def test_the_items_that_tell_who_the_child_is_say_so_and_no_others():
    more = "<ChildIdentifiers><LAchildID>L1</LAchildID><UPN>A1</UPN><FormerUPN>B1</FormerUPN><Sex>F</Sex>"
    more += "<PersonBirthDate>2015-03-27</PersonBirthDate></ChildIdentifiers>"
    [found] = read(census(child("<CINdetails><CINreferralDate>2024-03-01</CINreferralDate></CINdetails>", who=more)))
    assert [(item.identifies, item.value) for item in found.items if item.identifies] == [
        ("local_id", "L1"),
        ("upn", "A1"),
        ("sex", "F"),
        ("birth_date", "2015-03-27"),
    ]
    assert len(found.items) == 6
