"""The statutory clocks against the rules R-1 to R-30."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from workflows.clock import (
    BankHolidays,
    Clock,
    ClockError,
    ClockEvent,
    ClockState,
    DoubtReason,
    ExtensionReason,
    Law,
    clock,
    received_day,
)

DAY = timedelta(days=1)
# Bank holidays of England and Wales around the days used here, written out so that no library is trusted.
ENGLAND = BankHolidays(
    days=frozenset(
        date(year, month, day)
        for year, month, day in (
            *((2026, 1, 1), (2026, 4, 3), (2026, 4, 6), (2026, 5, 4)),
            *((2026, 5, 25), (2026, 8, 31), (2026, 12, 25), (2026, 12, 28)),
            *((2027, 1, 1), (2027, 3, 26), (2027, 3, 29), (2027, 5, 3)),
            *((2027, 5, 31), (2027, 8, 30), (2027, 12, 27), (2027, 12, 28)),
        )
    ),
    known_from=date(2026, 1, 1),
    known_until=date(2027, 12, 31),
)


def events(text: str) -> list[ClockEvent]:
    pairs = (part.split("@") for part in text.split())
    return [ClockEvent(name, date.fromisoformat(day)) for name, day in pairs]


def stands(received: str, happened: str = "", law: Law = Law.ACCESS, today: date | None = None) -> Clock:
    return clock(law, date.fromisoformat(received), events(happened), ENGLAND, today=today)


def due(received: str, happened: str = "", law: Law = Law.ACCESS) -> str:
    return str(stands(received, happened, law).due)


def rules(answer: Clock) -> set[str]:
    return {rule for why in answer.why for rule in why.rule.split(", ")}


# The month


@pytest.mark.parametrize(
    ("received", "expected", "rule"),
    [
        ("2026-09-03", "2026-10-05", "R-7"),  # 3 October is a Saturday
        ("2026-03-31", "2026-04-30", "R-6"),
        ("2027-01-31", "2027-03-01", "R-6"),  # 28 February is a Sunday
        ("2026-03-03", "2026-04-07", "R-7"),  # Good Friday, weekend, Easter Monday
        ("2026-08-01", "2026-09-01", "R-5"),
        ("2026-11-26", "2026-12-29", "R-7"),  # Boxing Day on a Saturday, and its Monday
    ],
)
def test_a_month_runs_to_the_same_date_or_the_last_one_and_then_to_a_working_day(
    received: str, expected: str, rule: str
) -> None:
    answer = stands(received)
    assert str(answer.due) == expected
    assert rule in rules(answer)


def test_the_day_stays_where_it_is_without_any_event() -> None:
    answer = stands("2026-03-02")
    assert (answer.start, answer.excluded_days, answer.state) == (date(2026, 3, 2), 0, ClockState.RUNNING)
    assert answer.extension_notice_by == answer.due == answer.earlier_day == date(2026, 4, 2)


# The UK date


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 7, 31, 22, 59, tzinfo=UTC), "2026-07-31"),
        (datetime(2026, 7, 31, 23, 0, tzinfo=UTC), "2026-08-01"),  # midnight has passed in summer time
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026-12-31"),
        (datetime(2026, 8, 1, 23, 59, tzinfo=timezone(timedelta(hours=1))), "2026-08-01"),
        (datetime(2026, 8, 1, 8, 30, tzinfo=timezone(timedelta(hours=12))), "2026-07-31"),
    ],
)
def test_a_moment_late_on_a_summer_evening_may_belong_to_the_next_day(moment: datetime, expected: str) -> None:
    assert str(received_day(moment)) == expected


@pytest.mark.parametrize(
    "moment",
    [datetime.fromisoformat("2026-07-31T23:00"), datetime.min.replace(tzinfo=timezone(14 * timedelta(hours=1)))],
)
def test_a_moment_without_its_zone_or_before_all_time_is_refused(moment: datetime) -> None:
    with pytest.raises(ClockError):
        received_day(moment)


@pytest.fixture(params=["Pacific/Auckland", "America/Los_Angeles", "UTC", "Europe/London"])
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


def test_any_time_zone_of_the_machine_gives_the_same_answer(machine_zone: str) -> None:
    day = received_day(datetime(2026, 7, 31, 23, 30, tzinfo=UTC))
    assert clock(Law.ACCESS, day, [], ENGLAND).due == date(2026, 9, 1), machine_zone


# What must come before the time begins


@pytest.mark.parametrize(
    ("happened", "start", "expected"),
    [
        ("identity-requested@2026-09-04 identity-received@2026-09-14", "2026-09-14", "2026-10-14"),
        ("authority-requested@2026-09-04 authority-received@2026-09-14", "2026-09-14", "2026-10-14"),
        ("fee-requested@2026-09-04 fee-paid@2026-09-14", "2026-09-14", "2026-10-14"),
        (
            "identity-requested@2026-09-04 fee-requested@2026-09-04 fee-paid@2026-09-21 identity-received@2026-09-10",
            "2026-09-21",
            "2026-10-21",
        ),
        ("identity-received@2026-09-14", "2026-09-03", "2026-10-05"),  # nobody asked for it: R-4
        ("identity-requested@2026-09-14 identity-received@2026-09-14", "2026-09-14", "2026-10-14"),
        (
            (
                "identity-requested@2026-09-04 identity-received@2026-09-10 identity-requested@2026-09-11 "
                "identity-received@2026-09-16"
            ),
            "2026-09-16",
            "2026-10-16",
        ),
    ],
)
def test_the_month_begins_when_the_last_thing_that_was_asked_for_has_come(
    happened: str, start: str, expected: str
) -> None:
    answer = stands("2026-09-03", happened)
    assert (str(answer.start), str(answer.due)) == (start, expected)


@pytest.mark.parametrize("asked", ["identity-requested", "authority-requested", "fee-requested"])
@pytest.mark.parametrize("law", [Law.ACCESS, Law.RECTIFICATION])
def test_nothing_is_due_while_something_asked_for_is_outstanding(asked: str, law: Law) -> None:
    answer = stands("2026-09-03", f"{asked}@2026-09-04", law)
    assert (answer.start, answer.due, answer.excluded_days, answer.state) == (
        None,
        None,
        None,
        ClockState.STOPPED,
    )
    assert not answer.pause_open


def test_proof_that_came_before_it_was_asked_for_again_does_not_count_as_the_answer() -> None:
    assert stands("2026-09-03", "identity-received@2026-09-04 identity-requested@2026-09-08").due is None


def test_within_one_day_what_was_turned_down_is_asked_for_again() -> None:
    day = date(2026, 9, 4)
    names = ("identity-requested", "identity-received", "identity-requested")
    lived = [ClockEvent(name, day, order) for order, name in enumerate(names)]
    assert clock(Law.ACCESS, date(2026, 9, 3), reversed(lived), ENGLAND).due is None
    assert clock(Law.ACCESS, date(2026, 9, 3), [ClockEvent(name, day) for name in names], ENGLAND).due is not None


# Clarification


@pytest.mark.parametrize(
    ("happened", "days", "expected"),
    [
        ("clarification-asked@2026-03-05 clarification-answered@2026-03-12", 8, "2026-04-10"),
        ("clarification-asked@2026-03-05 clarification-answered@2026-03-05", 1, "2026-04-07"),
        # Two questions open at once: the days from 5 to 16 March count once.
        (
            (
                "clarification-asked@2026-03-05 clarification-asked@2026-03-09 "
                "clarification-answered@2026-03-12 clarification-answered@2026-03-16"
            ),
            12,
            "2026-04-14",
        ),
        # One after the other, touching on 8 March.
        (
            (
                "clarification-asked@2026-03-05 clarification-answered@2026-03-08 "
                "clarification-asked@2026-03-08 clarification-answered@2026-03-10"
            ),
            6,
            "2026-04-08",
        ),
        # The month begins on 10 March: what went before is no part of it.
        (
            (
                "clarification-asked@2026-03-05 clarification-answered@2026-03-12 "
                "identity-requested@2026-03-03 identity-received@2026-03-10"
            ),
            3,
            "2026-04-13",
        ),
        (
            (
                "clarification-asked@2026-03-03 clarification-answered@2026-03-05 "
                "identity-requested@2026-03-03 identity-received@2026-03-10"
            ),
            0,
            "2026-04-10",
        ),
        # Asked on the last day, answered long after it would have been.
        ("clarification-asked@2026-04-02 clarification-answered@2026-04-20", 19, "2026-04-21"),
    ],
)
def test_the_days_of_a_question_do_not_count_both_included_and_each_once(
    happened: str, days: int, expected: str
) -> None:
    answer = stands("2026-03-02", happened)
    assert (answer.excluded_days, str(answer.due)) == (days, expected)


@pytest.mark.parametrize(
    "happened",
    [
        "clarification-asked@2026-03-05",
        "clarification-asked@2026-03-05 clarification-asked@2026-03-09 clarification-answered@2026-03-12",
    ],
)
def test_an_open_question_stops_the_clock(happened: str) -> None:
    answer = stands("2026-03-02", happened)
    assert (answer.due, answer.state, answer.pause_open) == (None, ClockState.STOPPED, True)
    assert answer.start == date(2026, 3, 2)


def test_with_an_open_question_the_days_are_also_reckoned_as_if_its_answer_came_today() -> None:
    asked = "clarification-asked@2026-03-05 clarification-asked@2026-03-06"
    answer = stands("2026-03-02", asked, today=date(2026, 3, 12))
    answered = stands("2026-03-02", "clarification-asked@2026-03-05 clarification-answered@2026-03-12")
    assert answer.due is None
    assert answer.due_if_answered_today == answered.due
    assert answer.notice_if_answered_today == answered.extension_notice_by


@pytest.mark.parametrize("happened", ["", "identity-requested@2026-03-03 clarification-asked@2026-03-05"])
def test_no_day_is_reckoned_for_a_clock_that_an_answer_would_not_start(happened: str) -> None:
    assert stands("2026-03-02", happened, today=date(2026, 3, 12)).due_if_answered_today is None


@pytest.mark.parametrize(
    "happened",
    ["clarification-asked@2026-03-05", "clarification-asked@2026-03-05 clarification-answered@2026-03-12"],
)
def test_a_question_does_not_stop_the_time_for_putting_a_record_right(happened: str) -> None:
    answer = stands("2026-03-02", happened, Law.RECTIFICATION)
    assert (answer.excluded_days, answer.due) == (0, date(2026, 4, 2))
    assert "R-17" in rules(answer)


@pytest.mark.parametrize(
    "late",
    [
        "clarification-asked@2026-04-03",
        "clarification-asked@2026-04-03 clarification-answered@2026-04-20",
        "identity-requested@2026-04-03",
        "identity-requested@2026-04-03 identity-received@2026-04-20",
    ],
)
def test_what_is_asked_after_the_time_ran_out_does_not_bring_it_back(late: str) -> None:
    answer = stands("2026-03-02", late)
    assert (answer.due, answer.state) == (date(2026, 4, 2), ClockState.RUNNING)
    assert "R-1" in rules(answer)
    assert "R-4" not in rules(answer)  # it was asked for, only too late


def test_the_last_day_to_ask_or_to_extend_is_the_working_day_the_time_rolls_to() -> None:
    # One month from 1 October ends on Sunday 1 November, so on Monday.
    asked = stands("2026-10-01", "clarification-asked@2026-11-02 clarification-answered@2026-11-04")
    assert asked.excluded_days == 3
    assert stands("2026-10-01", "extended@2026-11-02").extended
    assert stands("2026-10-01", "extended@2026-11-03").extension_invalid


def test_time_that_stands_still_cannot_run_out() -> None:
    answer = stands(
        "2026-03-02",
        "identity-requested@2026-03-03 clarification-asked@2026-05-05 fee-requested@2026-05-06 "
        "extended@2026-05-07 fee-paid@2026-06-09 identity-received@2026-06-10 "
        "clarification-answered@2026-06-12",
    )
    assert (answer.start, answer.excluded_days) == (date(2026, 6, 10), 3)
    assert (answer.extended, answer.due) == (True, date(2026, 9, 14))  # 13 September is a Sunday


def test_a_second_request_for_the_same_proof_is_a_reminder_of_the_first() -> None:
    reminded = "identity-requested@2026-03-03 identity-requested@2026-03-10"
    assert stands("2026-03-02", reminded).why[-1].first == date(2026, 3, 3)
    assert stands("2026-03-02", f"{reminded} identity-received@2026-03-12").start == date(2026, 3, 12)


# Extension


@pytest.mark.parametrize(
    ("happened", "expected", "state"),
    [
        ("extended@2026-04-02", "2026-06-02", ClockState.RUNNING),
        ("extended@2026-04-03", "2026-04-02", ClockState.EXTENSION_INVALID),
        # Pauses move the day of the notice: asked on the last day, answered on 20 April, so until 21 April.
        (
            "clarification-asked@2026-04-02 clarification-answered@2026-04-20 extended@2026-04-21",
            "2026-06-22",
            ClockState.RUNNING,
        ),
        (
            "clarification-asked@2026-04-02 clarification-answered@2026-04-20 extended@2026-04-22",
            "2026-04-21",
            ClockState.EXTENSION_INVALID,
        ),
        (
            "clarification-asked@2026-03-05 extended@2026-04-08 clarification-answered@2026-04-10",
            "2026-07-09",
            ClockState.RUNNING,
        ),
        # A question after a late notice cannot make it timely.
        (
            "extended@2026-04-07 clarification-asked@2026-04-08 clarification-answered@2026-04-20",
            "2026-04-02",
            ClockState.EXTENSION_INVALID,
        ),
        (
            "extended@2026-03-03 identity-requested@2026-03-03 identity-received@2026-03-10",
            "2026-06-10",
            ClockState.RUNNING,
        ),
    ],
)
def test_an_extension_counts_only_if_the_notice_went_out_in_time(
    happened: str, expected: str, state: ClockState
) -> None:
    answer = stands("2026-03-02", happened)
    assert (str(answer.due), answer.state) == (expected, state)
    assert answer.extended is not answer.extension_invalid


def test_three_months_run_from_the_start_and_not_from_the_end_of_the_first_month() -> None:
    answer = stands("2026-08-31", "extended@2026-09-30")
    assert (answer.extension_notice_by, answer.due) == (date(2026, 9, 30), date(2026, 11, 30))


def test_a_question_in_the_extended_time_moves_the_due_day_but_not_the_notice() -> None:
    answer = stands(
        "2026-03-02",
        "extended@2026-03-20 clarification-asked@2026-05-05 clarification-answered@2026-05-08",
    )
    assert (answer.excluded_days, answer.due) == (4, date(2026, 6, 8))
    assert answer.extension_notice_by == date(2026, 4, 2)


def test_the_notice_may_be_given_until_the_working_day_but_is_warned_of_on_the_raw_one() -> None:
    answer = stands("2026-10-01")
    assert (answer.extension_notice_raw, answer.extension_notice_by) == (date(2026, 11, 1), date(2026, 11, 2))


# Complaints


@pytest.mark.parametrize(
    ("received", "expected", "statutory"),
    [
        ("2026-06-19", "2026-07-20", "2026-07-18"),
        ("2026-07-01", "2026-07-31", "2026-07-30"),
        ("2027-02-25", "2027-03-30", "2027-03-26"),
    ],
)
def test_a_complaint_has_the_regulators_day_and_the_earlier_one_of_the_act(
    received: str, expected: str, statutory: str
) -> None:
    answer = stands(received, law=Law.COMPLAINT)
    assert (str(answer.due), str(answer.statutory_due)) == (expected, statutory)
    assert answer.earlier_day == answer.statutory_due
    assert answer.extension_notice_by is None


@pytest.mark.parametrize("happened", ["clarification-asked@2026-07-02", "identity-requested@2026-07-02"])
def test_nothing_stops_the_thirty_days_of_a_complaint(happened: str) -> None:
    assert due("2026-07-01", happened, Law.COMPLAINT) == "2026-07-31"


def test_a_complaint_cannot_be_extended() -> None:
    answer = stands("2026-07-01", "extended@2026-07-02", Law.COMPLAINT)
    assert (answer.due, answer.state) == (date(2026, 7, 31), ClockState.EXTENSION_INVALID)


def test_a_complaint_from_before_the_rule_says_so() -> None:
    words = [why.text for why in stands("2026-06-18", law=Law.COMPLAINT).why]
    assert "This complaint came before the rule of 30 days." in words


# What is not certain


@pytest.mark.parametrize(
    ("received", "state"),
    [
        ("2027-11-30", ClockState.RUNNING),  # due on 30 December 2027, in the last known year
        ("2027-12-01", ClockState.PROVISIONAL),
        ("2031-05-06", ClockState.PROVISIONAL),
        ("2025-11-28", ClockState.PROVISIONAL),  # due on 28 December 2025, before the first known year
    ],
)
def test_a_due_day_outside_of_the_known_holidays_is_provisional(received: str, state: ClockState) -> None:
    answer = stands(received)
    assert answer.due is not None
    assert answer.state is state
    assert ("R-27" in rules(answer)) is (state is ClockState.PROVISIONAL)


def test_a_notice_day_outside_of_the_known_holidays_makes_the_clock_provisional() -> None:
    answer = stands("2025-11-28", "extended@2025-12-01")
    assert (answer.due, answer.state) == (date(2026, 3, 2), ClockState.PROVISIONAL)


def test_that_a_day_may_be_wrong_is_said_before_that_an_extension_failed() -> None:
    answer = stands("2028-03-01", "extended@2028-05-01")
    assert (answer.state, answer.extension_invalid) == (ClockState.PROVISIONAL, True)


@pytest.mark.parametrize(
    "happened", ["extended@2026-02-10", "clarification-asked@2026-02-05 clarification-answered@2026-02-06"]
)
def test_a_request_from_before_the_rules_of_today_is_flagged(happened: str) -> None:
    assert "R-24" in rules(stands("2026-02-04", happened))
    assert "R-24" not in rules(stands("2026-02-05", happened))


# What cannot have happened


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        ("identity-requested@2026-03-01", "before the day of receipt"),
        ("clarification-answered@2026-03-05", "answers no question"),
        ("clarification-asked@2026-03-06 clarification-answered@2026-03-05", "answers no question"),
        ("extended@2026-03-05 extended@2026-03-06", "only once"),
        ("extended@2026-03-05 extended@2026-03-05", "only once"),
        ("extended@2026-06-01", "still to come"),
    ],
)
@pytest.mark.parametrize("law", Law)
def test_what_cannot_have_happened_is_refused_in_plain_words(happened: str, words: str, law: Law) -> None:
    with pytest.raises(ClockError, match=words):
        stands("2026-03-02", happened, law, today=date(2026, 5, 30))


def test_a_request_received_tomorrow_is_refused() -> None:
    with pytest.raises(ClockError, match="still to come"):
        stands("2026-03-02", today=date(2026, 3, 1))


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("clarification_asked", date(2026, 3, 5)),
        ("", date(2026, 3, 5)),
        ("extended", date(206, 3, 5)),
        ("extended", date(9999, 12, 31)),
        ("extended", datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_an_unknown_event_or_an_impossible_day_is_refused(name: str, on: date) -> None:
    with pytest.raises(ClockError):
        ClockEvent(name, on)


def test_a_receipt_that_is_a_moment_or_in_an_impossible_year_is_refused() -> None:
    for received in (datetime(2026, 3, 2, tzinfo=UTC), date(1, 1, 1), date.max):
        with pytest.raises(ClockError):
            clock(Law.ACCESS, received, [], ENGLAND)


# Reasons


def test_the_reasons_for_an_extension_leave_out_backlog_and_volume() -> None:
    assert {reason.value for reason in ExtensionReason} == {
        "many-systems",
        "other-people",
        "specialist",
        "numerous",
    }


@pytest.mark.parametrize("reason", [*ExtensionReason, *DoubtReason])
def test_each_reason_has_words(reason: ExtensionReason | DoubtReason) -> None:
    assert reason.words.strip()


# Whatever happens

RECEIVED = st.dates(date(2026, 2, 5), date(2027, 6, 30))
AFTER = st.integers(min_value=0, max_value=120)


@st.composite
def histories(draw: st.DrawFn) -> tuple[date, list[ClockEvent]]:
    """A day of receipt and events that can have happened."""
    received = draw(RECEIVED)
    happened: list[ClockEvent] = []
    for asked, came in (
        ("identity-requested", "identity-received"),
        ("authority-requested", "authority-received"),
        ("fee-requested", "fee-paid"),
        ("clarification-asked", "clarification-answered"),
        ("clarification-asked", "clarification-answered"),
    ):
        first, length, how = draw(AFTER), draw(AFTER), draw(st.sampled_from(["not", "asked", "came"]))
        if how != "not":
            happened.append(ClockEvent(asked, received + first * DAY))
        if how == "came":
            happened.append(ClockEvent(came, received + (first + length) * DAY))
    if draw(st.booleans()):
        happened.append(ClockEvent("extended", received + draw(AFTER) * DAY))
    return received, happened


@given(histories(), st.randoms(use_true_random=False), st.sampled_from(Law))
def test_the_order_of_events_in_the_file_does_not_matter(
    history: tuple[date, list[ClockEvent]], random: Random, law: Law
) -> None:
    received, happened = history
    shuffled = list(happened)
    random.shuffle(shuffled)
    assert clock(law, received, shuffled, ENGLAND) == clock(law, received, happened, ENGLAND)


@given(histories(), AFTER, AFTER, st.sampled_from(Law))
@example((date(2026, 3, 2), events("extended@2026-04-20")), 31, 25, Law.ACCESS)
def test_a_pause_never_brings_the_due_day_nearer(
    history: tuple[date, list[ClockEvent]], first: int, length: int, law: Law
) -> None:
    received, happened = history
    pause = [
        ClockEvent("clarification-asked", received + first * DAY),
        ClockEvent("clarification-answered", received + (first + length) * DAY),
    ]
    without = clock(law, received, happened, ENGLAND).due
    paused = clock(law, received, [*happened, *pause], ENGLAND).due
    assert (paused or date.max) >= (without or date.max)


@given(histories(), st.sampled_from(Law))
def test_the_due_day_is_never_a_weekend_or_a_holiday(history: tuple[date, list[ClockEvent]], law: Law) -> None:
    answer = clock(law, *history, ENGLAND)
    assume(answer.due is not None)
    for day in (answer.due, answer.extension_notice_by):
        assert day is None or (day.weekday() < 5 and day not in ENGLAND.days)


@given(histories(), st.sampled_from([Law.ACCESS, Law.RECTIFICATION]))
def test_the_due_day_is_never_later_than_the_law_allows(history: tuple[date, list[ClockEvent]], law: Law) -> None:
    received, happened = history
    answer = clock(law, received, happened, ENGLAND)
    assume(answer.due is not None)
    assert answer.due and answer.start and answer.excluded_days is not None and answer.extension_notice_by
    assert answer.start in {received, *(event.on for event in happened)}
    longest = 92 if answer.extended else 31  # three months, one month
    weekend = 5  # Good Friday to Easter Monday, or a Christmas that falls on a weekend
    paused = _paused_days(happened) if law is Law.ACCESS else 0
    assert answer.excluded_days <= paused
    assert answer.due <= answer.start + (longest + answer.excluded_days + weekend) * DAY
    notice = [event.on for event in happened if event.name == "extended"]
    assert answer.extended is bool(notice and notice[0] <= answer.extension_notice_by)


def _paused_days(happened: list[ClockEvent]) -> int:
    """Days on which a question was open that has been answered, counted one by one."""
    asked = sorted(event.on for event in happened if event.name == "clarification-asked")
    answered = sorted(event.on for event in happened if event.name == "clarification-answered")
    open_on = {a + n * DAY for a, b in zip(asked, answered, strict=False) for n in range((b - a).days + 1)}
    return len(open_on)


@given(histories(), st.sampled_from(Law))
def test_every_day_comes_with_its_reasons(history: tuple[date, list[ClockEvent]], law: Law) -> None:
    answer = clock(law, *history, ENGLAND)
    assert answer.why
    assert all(why.text and why.rule.startswith("R-") for why in answer.why)
    assert (answer.due is None) == (answer.state is ClockState.STOPPED)
