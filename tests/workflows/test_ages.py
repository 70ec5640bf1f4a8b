"""Birthdays to the day (law.md section 12, no. 9)."""

from datetime import date

import pytest

from workflows.ages import age_on, birthday


@pytest.mark.parametrize(
    ("birth", "years", "expected"),
    [
        (date(2008, 5, 17), 18, date(2026, 5, 17)),
        (date(2008, 2, 29), 12, date(2020, 2, 29)),
        (date(2008, 2, 29), 18, date(2026, 3, 1)),
    ],
)
def test_a_birthday_on_29_february_is_on_1_march_in_a_common_year(birth: date, years: int, expected: date) -> None:
    assert birthday(birth, years) == expected


@pytest.mark.parametrize(
    ("birth", "today", "age"),
    [
        (date(2014, 11, 23), date(2026, 11, 22), 11),
        (date(2014, 11, 22), date(2026, 11, 22), 12),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2026, 11, 22), date(2026, 11, 22), 0),
        (date(2027, 1, 5), date(2026, 11, 22), -1),
    ],
)
def test_an_age_grows_on_the_birthday_and_is_below_nought_before_birth(birth: date, today: date, age: int) -> None:
    assert age_on(birth, today) == age
