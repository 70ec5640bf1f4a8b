"""Ages and birthdays, to the day."""

from datetime import date


def birthday(birth: date, years: int) -> date:
    """The day on which someone born on `birth` is `years` old.

    Someone born on 29 February has their birthday on 1 March in a common year (law.md section 12, no. 9).
    """
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


def age_on(birth: date, today: date) -> int:
    """Whole years on `today`; below 0 for a child who is not born yet, whom a record may be about too."""
    years = today.year - birth.year
    return years if birthday(birth, years) <= today else years - 1
