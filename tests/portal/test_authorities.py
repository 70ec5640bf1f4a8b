"""Authority as a record: made, doubted and ended with the steps, re-opened by its day; and nobody learns of another."""

from __future__ import annotations

import datetime
import io

import pytest
from PIL import Image

from portal import checking
from portal.cases import authorities, clocking, evidence, family, holders_beside, ledger
from portal.cases.actors import Actor
from portal.cases.authorities import Kept
from portal.cases.models import Case
from portal.runtime import Runtime
from portal.uploads import inspect
from tests import builders
from tests.builders import Walk
from tests.portal.test_work import day_comes
from workflows.facts import RequesterKind
from workflows.table import StepRefused

DAY = datetime.timedelta(days=1)
CARE = {"kind": "care", "favour": "authority"}


def kept(walk: Walk) -> list[Kept]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return authorities.of_case(session, walk.case_id)


def statuses(walk: Walk) -> list[str]:
    return [one.row.status for one in kept(walk)]


def names(walk: Walk) -> list[str]:
    with walk.runtime.database.read() as session:
        return [event.name for event in ledger.history(session, session.get_one(Case, walk.case_id))]


def know(walk: Walk, *orders: dict[str, str], **told: object) -> None:
    """Staff write down what they know of the family."""
    said = {"relation": "mother", "orders": list(orders), **told}
    by = walk.worker.actor
    walk.act(lambda session: family.record(session, walk.case_id, said, by=by, today=walk.today))


def finding(runtime: Runtime, **accepted: object) -> Walk:
    walk = builders.case_in(runtime, "checking").step("accept_identity", known_by="known")
    walk.step("accept_authority", **{"basis": "mother", "orders": "None", **accepted})
    return walk if "valid_from" in accepted else walk.step("start_finding")


def test_an_accepted_authority_keeps_what_was_seen_and_when_and_the_paper_is_destroyed(runtime: Runtime) -> None:
    walk, picture = builders.case_in(runtime, "checking"), io.BytesIO()
    Image.new("RGB", (20, 20), "teal").save(picture, "PNG")
    accepted = inspect("Canary Maiden-Name.png", picture.getvalue())
    by = walk.requester
    walk.act(
        lambda session: evidence.add_to_case(
            session, runtime.files, walk.case_id, accepted, purpose="authority", scanner="", by=by
        )
    )
    until = walk.today + 90 * DAY
    walk.step("accept_authority", basis="mother", orders="None", valid_until=until, seen="Full certificate of 2 May")
    (one,) = kept(walk)
    assert (one.row.status, one.row.valid_from, one.row.valid_until) == ("counts", walk.today, until)
    assert one.row.decided_by == str(walk.worker.actor)
    assert one.told["papers"] == [{"kind": "png", "pages": 1, "came_on": walk.today.isoformat()}]
    assert one.told["seen"] == "Full certificate of 2 May"
    assert "Canary" not in str(one.told)
    with runtime.database.read() as session:
        assert [row.status for row, _told in evidence.listed(session, walk.case_id)] == ["destroyed"]
    assert list(checking.faults(runtime)) == []


def test_an_authority_that_begins_later_opens_nothing_before_its_day_and_begins_by_itself(runtime: Runtime) -> None:
    first = clocking.uk_today() + 4 * DAY
    walk = finding(runtime, valid_from=first)
    assert statuses(walk) == ["later"]
    with pytest.raises(StepRefused, match="begins on a later day"):
        walk.step("start_finding")
    assert walk.case.wake_on == first
    day_comes(runtime, first - DAY)
    assert statuses(walk) == ["later"]
    day_comes(runtime, first)
    assert statuses(walk) == ["counts"]
    assert names(walk)[-1] == "authority_begins"


def test_the_last_day_cannot_lie_before_the_first(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "checking")
    for days in ({"valid_until": walk.today - DAY}, {"valid_from": walk.today + 9 * DAY, "valid_until": walk.today}):
        with pytest.raises(StepRefused, match="must not be before"):
            walk.step("accept_authority", basis="mother", orders="None", **days)
    assert kept(walk) == []


def test_an_authority_ends_the_day_after_its_last_and_its_record_says_when(runtime: Runtime) -> None:
    until = clocking.uk_today() + 5 * DAY
    walk = finding(runtime, valid_until=until)
    day_comes(runtime, until)
    assert statuses(walk) == ["counts"]
    day_comes(runtime, until + DAY)
    assert statuses(walk) == ["ended"]
    assert kept(walk)[0].row.ended_on == until + DAY


@pytest.mark.parametrize("day", ["from", "until"])
def test_a_recorded_order_that_begins_or_ends_opens_the_question_on_its_day(runtime: Runtime, day: str) -> None:
    walk = builders.case_in(runtime, "checking").step("accept_identity", known_by="known")
    turn = walk.today + 6 * DAY
    last = turn if day == "from" else turn - DAY
    know(walk, {**CARE, "from": (walk.today - DAY).isoformat() if day == "until" else "", day: last.isoformat()})
    walk.step("accept_authority", basis="mother", orders="One that is read").step("start_finding")
    assert walk.case.wake_on == turn
    day_comes(runtime, turn - DAY)
    assert walk.case.state == "finding"
    day_comes(runtime, turn)
    assert (walk.case.state, statuses(walk)) == ("checking", ["ended"])
    with pytest.raises(StepRefused, match="not settled"):
        walk.step("start_finding")


@pytest.mark.parametrize("order", [CARE, {"kind": "adoption", "favour": "another"}])
def test_an_order_nobody_knew_of_when_the_authority_was_accepted_opens_the_question_at_once(
    runtime: Runtime, order: dict[str, str]
) -> None:
    walk = finding(runtime)
    know(walk)
    assert (walk.case.state, statuses(walk)) == ("finding", ["counts"])
    know(walk, {**order, "from": walk.today.isoformat()})
    assert (walk.case.state, statuses(walk)) == ("checking", ["in_doubt"])
    assert names(walk)[-2:] == ["family_recorded", "new_order"]
    know(walk, {**order, "from": walk.today.isoformat()}, any_order="yes")
    assert names(walk)[-1] == "family_recorded"  # the same order is no news
    walk.step("accept_authority", basis="mother", orders="Read", reasons="It is of another child.").step(
        "start_finding"
    )
    assert statuses(walk) == ["counts", "ended"]
    assert list(checking.faults(runtime)) == []


def test_an_eighteenth_birthday_ends_the_record_of_the_authority_too(runtime: Runtime) -> None:
    walk = finding(runtime)
    day_comes(runtime, builders.BORN.replace(year=builders.BORN.year + 18))
    assert (walk.case.state, statuses(walk)) == ("checking", ["ended"])


def test_whoever_is_checked_again_has_an_authority_in_doubt(runtime: Runtime) -> None:
    walk = finding(runtime).step("back_to_checking", again="identity", reason="Another voice")
    assert statuses(walk) == ["counts"]
    walk.step("accept_identity", known_by="known").step("start_finding")
    assert statuses(walk.step("back_to_checking", again="both", reason="A call")) == ["in_doubt"]
    assert statuses(walk.step("record_right", right="self", reason="They are 19")) == ["ended"]


def test_whoever_goes_against_the_law_on_what_is_written_down_says_why(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "checking").step("accept_identity", known_by="known")
    know(walk, {"kind": "adoption", "favour": "another", "from": "2024-05-01"})
    with pytest.raises(StepRefused, match="the law says no") as refused:
        walk.step("accept_authority", basis="mother", orders="One")
    assert refused.value.need == "reasons"
    assert kept(walk) == []
    assert names(walk)[-1] == "family_recorded"
    walk.step("accept_authority", basis="mother", orders="One", reasons="The order is of another child.")
    assert statuses(walk) == ["counts"]


def test_an_authority_that_ran_out_while_it_was_checked_does_not_count_on_paper_either(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "checking")
    walk.step("accept_authority", basis="mother", orders="One", valid_until=walk.today)
    (one,) = kept(walk)
    assert [one.status(day) for day in (walk.today, walk.today + DAY)] == ["counts", "ended"]


# Other holders


def beside(walk: Walk, reader: Actor) -> list[holders_beside.Beside]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return holders_beside.others(session, session.get_one(Case, walk.case_id), reader)


def test_staff_see_that_others_asked_about_the_child_and_nothing_that_says_who(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    assert beside(walk, walk.worker.actor) == []
    other = builders.open_case(runtime, requester="Canary Copperfield", email="canary@example.org")
    theirs = Walk(runtime, other.id, walk.worker, walk.approver, record=walk.record)
    builders._review(theirs)
    (seen,) = beside(walk, walk.worker.actor)
    assert seen == holders_beside.Beside(
        RequesterKind.PARENT, "subject_access", True, other.reference, "counts", "mother"
    )
    stranger = builders.make_staff(runtime, team=builders.make_team(runtime, "Other team"))
    (hidden,) = beside(walk, stranger.actor)
    assert hidden.reference == ""
    assert "anary" not in repr(seen)


# Whoever acts for another


def test_where_understanding_is_in_doubt_the_person_sees_it_before_it_is_released(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval", kind="representative")
    walk.step("send_back", reason="Is it understood?")
    walk.step("accept_authority", basis="subject-agreement", orders="No order", first_to_person=True)
    builders.assemble(walk)
    walk.step("send_to_approval")
    with pytest.raises(StepRefused, match="no approval that stands"):
        walk.step("record_seen_first", came_on=walk.today, way="Read with the key worker", agrees=True)
    builders.approve(walk)
    with pytest.raises(StepRefused, match="goes to the person first"):
        walk.step("release", by=walk.approver)
    with pytest.raises(StepRefused, match="Nothing was changed"):
        walk.step("record_seen_first", came_on=walk.today, way="Read with the key worker", agrees=False)
    walk.step("record_seen_first", came_on=walk.today, way="Read with the key worker", agrees=True)
    walk.step("release", by=walk.approver)
    assert walk.case.state == "ready"
