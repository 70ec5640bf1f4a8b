"""Figures: which source is wrong most often, with no number that could point at one family."""

from __future__ import annotations

import datetime
import uuid

import pytest

from portal.cases import clocking
from portal.cases.corrections import statistics
from portal.cases.corrections.models import ChallengedLine
from portal.cases.corrections.statistics import Count, SourceCount
from portal.records import bodies
from portal.records.bodies import Reach
from portal.vault import vault_of
from tests.corrections import lines_of, open_challenge
from tests.portal.caseworker.at_work import decided
from tests.portal.caseworker.desk import Office

PAGE = "/staff/statistics"


@pytest.mark.parametrize(
    ("counts", "unsaid"),
    [
        ({"a": 9, "b": 5}, set()),
        ({"a": 9, "b": 4, "c": 7}, {"b", "c"}),  # b alone could be had from the sum
        ({"a": 9, "b": 4, "c": 1}, {"b", "c"}),
        ({"a": 4}, {"a"}),
        ({}, set()),
    ],
)
def test_small_counts_are_hidden_and_cannot_be_worked_out(counts: dict[str, int], unsaid: set[str]) -> None:
    assert statistics.hidden(counts) == unsaid


def test_lines_are_counted_by_kind_outcome_and_usual_days(office: Office) -> None:
    _decided(office, 6, kind="wrong_fact", outcome="corrected", days=10)
    _decided(office, 5, kind="out_of_date", outcome="refused", days=20)
    figures = _figures(office)
    assert figures.kinds == (Count("wrong_fact", 6, 10), Count("out_of_date", 5, 20))
    assert figures.outcomes == (Count("corrected", 6, 10), Count("refused", 5, 20))
    text = office.seat().client.get(PAGE).text
    for words in ("It is not true 6 10", "Refused 5 20"):
        assert words in text.replace("Lines", "").replace("Days to the decision, usually", "").replace("  ", " ")


def test_fewer_than_five_are_not_said(office: Office) -> None:
    _decided(office, 4, outcome="corrected")
    _decided(office, 7, outcome="refused")
    _decided(office, 9, outcome="erased")
    found = {one.what: one.lines for one in _figures(office).outcomes}
    assert found == {"erased": 9, "refused": None, "corrected": None}
    assert "Too few to say" in office.seat("approver").client.get(PAGE).text


def test_sources_are_ranked_by_how_often_a_challenge_was_right(office: Office) -> None:
    right, wrong, few = (_body(office, name) for name in ("Millrace Surgery", "Kiln Lane School", "Lantern House"))
    _decided(office, 6, source=right, outcome="refused")
    _decided(office, 5, source=wrong, outcome="corrected")
    _decided(office, 2, source=few, outcome="corrected")
    assert _figures(office).sources == (SourceCount(wrong, 5, 5), SourceCount(right, 6, None))
    text = office.seat().client.get(PAGE).text
    assert text.index("Kiln Lane School") < text.index("Millrace Surgery")
    assert "Lantern House" not in text


def test_where_few_challenges_of_a_source_were_wrong_it_is_not_said_how_many_were_right(office: Office) -> None:
    source, other = _body(office, "Millrace Surgery"), _body(office, "Kiln Lane School")
    _decided(office, 6, source=source, outcome="corrected")
    _decided(office, 1, source=source, outcome="refused")
    _decided(office, 5, source=other, outcome="corrected")
    _decided(office, 5, source=other, outcome="refused")
    assert set(_figures(office).sources) == {SourceCount(source, 7, None), SourceCount(other, 10, 5)}


def test_what_was_decided_over_a_year_ago_or_not_at_all_does_not_count(office: Office) -> None:
    _decided(office, 6, ago=400)
    open_challenge(office.runtime)
    assert _figures(office).outcomes == ()
    assert "Nothing was decided yet" in office.seat().client.get(PAGE).text


def test_no_more_than_the_newest_are_counted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_LINES", 6)
    _decided(office, 6, outcome="refused", ago=30)
    _decided(office, 6, outcome="corrected", ago=1)
    assert [one.what for one in _figures(office).outcomes] == ["corrected"]
    assert "Only the newest" in office.seat().client.get(PAGE).text


def test_the_source_of_an_entry_is_kept_with_the_decision(office: Office) -> None:
    walk = decided(office)
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        line = session.get_one(ChallengedLine, (walk.case_id, lines_of(walk)[0].id))
        body = bodies.of_key(session, "body:kiln lane primary school")
    assert body is not None
    assert line.source_id == body.id


def test_the_page_asks_no_more_with_many_lines(office: Office) -> None:
    client = office.seat().client
    _decided(office, 5)
    few = client.get(PAGE).queries
    _decided(office, 40)
    assert client.get(PAGE).queries <= few


def test_who_may_read_it(office: Office) -> None:
    for role in ("caseworker", "approver"):
        office.seat(role).client.get(PAGE)
    for role in ("administrator", "auditor"):
        office.seat(role).client.get(PAGE, 403)


def _figures(office: Office) -> statistics.Figures:
    with office.runtime.database.read() as session:
        return statistics.figures(session, clocking.uk_today())


def _body(office: Office, name: str) -> uuid.UUID:
    with office.runtime.database.write() as session:
        return bodies.keep(session, Reach(name), actor="system", role="system")


def _decided(
    office: Office,
    count: int,
    *,
    kind: str = "wrong_fact",
    outcome: str = "corrected",
    days: int = 3,
    ago: int = 1,
    source: uuid.UUID | None = None,
) -> None:
    """Lines as a decision leaves them; what decides them is tested where it is written."""
    on = clocking.uk_today() - datetime.timedelta(days=ago)
    case = open_challenge(office.runtime, on=on - datetime.timedelta(days=days))
    with office.runtime.database.write() as session:
        for number in range(2, 2 + count):
            row = ChallengedLine(case_id=case.id, number=number, kind=kind, sealed=b"")
            row.state, row.outcome, row.decided_on, row.source_id = "decided", outcome, on, source
            vault_of(session).put(row, {})
            session.add(row)
