"""What may be somebody else's is marked; what is the subject's own is left alone."""

import datetime
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.review.suggestions import Known, Why, suggest
from portal.review.words_of_text import canonical, number, spans_of

JANE, BEN, OTHER_JANE, NUALA, ZOE, LONG = (uuid.UUID(int=index) for index in range(1, 7))
PEOPLE = (
    Known(JANE, ("Jane Mary Oakley", "Jane Birch"), datetime.date(1985, 4, 3)),
    Known(BEN, ("Ben Larch",)),
    Known(OTHER_JANE, ("Jane Rowan",)),
    Known(NUALA, ("Nuala O'Elder",)),
    Known(ZOE, ("Zoë Ash-Hazel",)),
)
SUBJECT = ("Tom Larch", "Thomas Larch")


def marked(text: str, **more) -> list[tuple[str, str, uuid.UUID | None]]:
    found = suggest(text, known_people=PEOPLE, subject_names=SUBJECT, **more)
    return [(canonical(text)[each.start : each.end], str(each.why), each.person_id) for each in found]


@pytest.mark.parametrize(
    ("text", "span", "person"),
    [
        ("She met Jane Oakley there", "Jane Oakley", JANE),
        ("She met Jane Mary Oakley there", "Jane Mary Oakley", JANE),
        ("She met JANE OAKLEY there", "JANE OAKLEY", JANE),
        ("She met J. Oakley there", "J. Oakley", JANE),
        ("She met J.M. Oakley there", "J.M. Oakley", JANE),
        ("OAKLEY, Jane was seen", "OAKLEY, Jane", JANE),
        ("Ms Oakley rang", "Ms Oakley", JANE),
        ("Mrs. Birch rang", "Mrs. Birch", JANE),
        ("Oakley's car", "Oakley's", JANE),
        ("Oakley’s car", "Oakley’s", JANE),
        ("(Oakley)", "(Oakley)", JANE),
        ("with Jane Oakley\nlater", "Jane Oakley", JANE),
        ("with Jane\nOakley later", "Jane\nOakley", JANE),
        ("Jane rang", "Jane", None),
        ("Jane Rowan rang", "Jane Rowan", OTHER_JANE),
        ("Ben rang", "Ben", BEN),
        ("Ben Larch rang", "Ben Larch", BEN),
        ("Mr Larch rang", "Mr Larch", BEN),
        ("Nuala O’Elder's view", "Nuala O’Elder's", NUALA),
        ("ZOE rang", "ZOE", ZOE),
        ("Zoe\u0308 rang", "Zoë", ZOE),
        ("Zoë Ash Hazel rang", "Zoë Ash Hazel", ZOE),
        ("Miss Ash-Hazel rang", "Miss Ash-Hazel", ZOE),
    ],
)
def test_other_people_s_names_are_marked(text, span, person):
    assert marked(text) == [(span, "name", person)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tom Larch was late",
        "Tom's day",
        "Thomas spoke of the Larch family",
        "T. Larch",
        "a janet and a bent oakleyish thing",
        "on 3 May 2019 at 10:30 he ate 4 apples",
        "on 3 4 5 streets",
    ],
)
def test_what_is_the_subject_s_or_nobody_s_is_left_alone(text):
    assert marked(text) == []


@pytest.mark.parametrize(
    ("text", "span", "why"),
    [
        ("ring 07700 900123 now", "07700 900123", Why.PHONE),
        ("ring 07700900123.", "07700900123.", Why.PHONE),
        ("ring +44 7700 900123 now", "+44 7700 900123", Why.PHONE),
        ("ring +44 (0)7700 900-123", "+44 (0)7700 900-123", Why.PHONE),
        ("ring 0044 7700 900123", "0044 7700 900123", Why.PHONE),
        ("ring (01632) 960 123", "(01632) 960 123", Why.PHONE),
        ("ring 01632 96012", "01632 96012", Why.PHONE),
        ("write to Ada.E+x@mail.example.org, please", "Ada.E+x@mail.example.org,", Why.EMAIL),
        ("lives in ZZ9 9ZZ now", "ZZ9 9ZZ", Why.POSTCODE),
        ("lives in zz99zz now", "zz99zz", Why.POSTCODE),
        ("lives at 12 Invented Street, Sometown", "12 Invented Street,", Why.ADDRESS),
        ("lives at Flat 3, 12a Old Mill Close", "Flat 3, 12a Old Mill Close", Why.ADDRESS),
        ("lives at 12 invented road", "12 invented road", Why.ADDRESS),
        ("her DOB: 01/02/1990", "01/02/1990", Why.BIRTH),
        ("born on 1st February 1990 in", "1st February 1990", Why.BIRTH),
        ("date of birth 1990-02-01", "1990-02-01", Why.BIRTH),
        ("NHS 943 476 5919 held", "943 476 5919", Why.NHS_NUMBER),
    ],
)
def test_ways_to_reach_or_tell_somebody_are_marked(text, span, why):
    assert marked(text) == [(span, str(why), None)]


def test_a_known_person_s_birth_day_is_marked_wherever_it_stands():
    assert marked("seen 3.4.85 and 4.4.85") == [("3.4.85", "birth", JANE)]


def test_the_subject_s_own_birth_day_and_numbers_are_left_alone():
    text = "born 1 Feb 2015, NHS 943 476 5919"
    assert len(marked(text)) == 2
    own = marked(text, subject_born=datetime.date(2015, 2, 1), subject_numbers=("943-476-5919",))
    assert own == []


def test_a_number_with_a_wrong_check_digit_is_no_nhs_number():
    assert marked("943 476 5918") == []


def test_several_things_in_one_text_come_in_order():
    text = "Ben Larch (07700 900123) lives with Jane Birch at 12 Invented Street, ZZ9 9ZZ."
    assert [why for _span, why, _person in marked(text)] == ["name", "phone", "name", "address", "postcode"]


HOSTILE = st.sampled_from(
    ["Jane", "Larch", "J.", "@", ".", "0", "7", "-", " ", "\n", "12", "Street", "ZZ9", "é", "(", "/"]
)


@given(st.lists(HOSTILE, max_size=40).map("".join) | st.text(max_size=80))
def test_every_suggestion_is_whole_words_of_the_text(text):
    words = number(text)
    for each in suggest(text, known_people=PEOPLE, subject_names=SUBJECT):
        assert spans_of(words, each.numbers) == ((each.start, each.end),)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_of_a_known_person_or_subject_is_borne(name, own):
    suggest(f"{name} and {own}", known_people=[Known(LONG, (name,))], subject_names=[own])


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "0",
        "@",
        "a@",
        "12 ",
        "12 A ",
        "0 ",
        "(0",
        "Jane ",
        "J.",
        "'a",
        "\u0301",
        "ZZ9",
        "born ",
        "1/1/",
        " ",
        "+44",
    ],
)
def test_long_hostile_text_is_read_in_steps_that_grow_with_its_length(piece):
    suggest(piece * (200_000 // len(piece)), known_people=PEOPLE, subject_names=SUBJECT)
