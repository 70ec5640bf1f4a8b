"""A copy in time order: the same entries under the same numbers, in another order."""

import datetime
import itertools
import re
from dataclasses import replace

import html5lib
import pytest

from portal.documents import information, ordering, render
from portal.documents.ordering import BY_CATEGORY, BY_TIME, UNDATED
from portal.documents.pack import Category
from tests.portal.documents import packs


def dated(number, when, **more):
    return packs.entry(number, f"What number {number} says.", when=when, **more)


def pack():
    health = (dated(3, "29 February 2020", content_note="an injury"), dated(4, ""), dated(5, "1 May 2019"))
    school = (dated(1, "1 May 2019"), dated(2, "2 January 2021"))
    parts = (Category(name="School", entries=school), Category(name="Health", entries=health))
    return replace(packs.pack(), categories=parts)


def test_each_day_that_is_printed_is_read_back() -> None:
    for month, year in itertools.product(range(1, 13), (1, 1950, 2024)):
        for day in (1, 28):
            on = datetime.date(year, month, day)
            assert information.day_of(information.day_in_words(on)) == on
    assert [information.day_of(words) for words in ("", "in 2019", "31 June 2019", "1 Mai 2019")] == [None] * 4


def test_by_time_the_oldest_comes_first_and_what_has_no_date_last_under_the_printed_numbers() -> None:
    told = [(part.name, [one.number for one in part.entries]) for part in ordering.parts(pack(), BY_TIME)]
    assert told == [("2019", [1, 5]), ("2020", [3]), ("2021", [2]), (UNDATED, [4])]


def test_no_entry_is_lost_or_changed_by_its_place() -> None:
    some = [one for part in ordering.parts(pack(), BY_TIME) for one in part.entries]
    assert sorted(some, key=lambda one: one.number) == list(pack().entries)
    assert ordering.parts(pack(), BY_CATEGORY) == pack().categories


@pytest.mark.parametrize("asked", [None, "", "TIME", "category", "'"])
def test_any_other_order_is_by_category(asked: str | None) -> None:
    assert ordering.order_of(asked) == BY_CATEGORY


def test_by_time_each_entry_says_what_it_is_about_and_still_warns_before_it_upsets() -> None:
    made = render.pack_html(pack(), for_screen=True, order=BY_TIME)
    parser = html5lib.HTMLParser(strict=False)
    parser.parseFragment(made)
    assert parser.errors == []
    assert [int(number) for number in re.findall(r'id="entry-(\d)"', made)] == [1, 5, 3, 2, 4]
    third = made[made.index('id="entry-3"') : made.index('id="entry-2"')]
    assert third.index("Health") < third.index("an injury") < third.index("What number 3 says.")
    assert "<details" in third
    levels = [2, *(int(level) for level in re.findall(r"<h(\d)", made))]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
