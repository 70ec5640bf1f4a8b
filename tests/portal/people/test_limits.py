"""Limits hold however many come at once."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import time_machine

from portal.people import limits
from portal.people.limits import Floods, Rule
from portal.runtime import Runtime

RULE = Rule("test", 5, 600)
AT = datetime.datetime(2026, 11, 2, 9, 0, tzinfo=datetime.UTC)


def tried(runtime: Runtime, who: str = "someone", rule: Rule = RULE) -> bool:
    with runtime.database.write() as session:
        return limits.within(session, rule, who)


def test_of_twenty_tries_at_once_five_are_answered(runtime: Runtime) -> None:
    with time_machine.travel(AT), ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(lambda _n: tried(runtime), range(20))) == 5


@time_machine.travel(AT)
def test_one_persons_tries_are_not_anothers_nor_another_kinds(runtime: Runtime) -> None:
    answers = [tried(runtime) for _n in range(6)]
    assert answers == [True] * 5 + [False]
    assert tried(runtime, "someone else")
    assert tried(runtime, rule=Rule("other", 5, 600))


def test_after_the_window_one_may_try_again(runtime: Runtime) -> None:
    with time_machine.travel(AT, tick=False) as clock:
        for _n in range(6):
            tried(runtime)
        assert limits.limited(RULE, now=AT).wait == 600
        clock.shift(600)
        assert tried(runtime)


@time_machine.travel(AT)
def test_a_right_try_forgets_the_wrong_ones(runtime: Runtime) -> None:
    for _n in range(5):
        tried(runtime)
    with runtime.database.write() as session:
        limits.forgive(session, RULE, "someone")
    assert tried(runtime)


def test_counts_are_thrown_away_after_a_day_and_not_before(runtime: Runtime) -> None:
    for rule in (Rule("short", 1, 60), Rule("long", 1, 3600)):
        with time_machine.travel(AT, tick=False):
            tried(runtime, rule=rule)
    for later, left in ((23, 2), (26, 0)):
        with runtime.database.write() as session:
            limits.sweep(session, now=AT + datetime.timedelta(hours=later))
            assert len(session.connection().exec_driver_sql("SELECT * FROM limit_count").all()) == left


def test_the_table_names_nobody(runtime: Runtime) -> None:
    tried(runtime, "robin.vale@example.org")
    with runtime.database.read() as session:
        assert "robin" not in repr(session.connection().exec_driver_sql("SELECT * FROM limit_count").all())


def test_a_network_is_counted_whole() -> None:
    floods = Floods()
    answers = [floods.within(RULE, f"2001:db8:1:2::{n}", now=AT) for n in range(6)]
    assert answers == [True] * 5 + [False]
    assert floods.within(RULE, "2001:db8:1:3::1", now=AT)
    assert floods.within(RULE, "192.0.2.1", now=AT)
    assert floods.within(RULE, "2001:db8:1:2::1", now=AT + datetime.timedelta(minutes=10))
    assert len(floods.counts) == 1
