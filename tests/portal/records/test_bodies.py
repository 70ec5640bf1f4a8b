"""The register of bodies is searched by words of their sealed names, however many there are."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portal import jobs
from portal.records import bodies
from portal.records.bodies import Reach
from portal.runtime import Runtime
from tests.portal.records.records_of import directory, queries


def enter(runtime: Runtime, *names: str) -> None:
    with runtime.database.write() as session, runtime.vault.unlocked():
        for name in names:
            bodies.keep(session, Reach(name), actor="system", role="system")


def found(runtime: Runtime, words: str, **limit: int) -> list[str]:
    with runtime.database.read() as session, runtime.vault.unlocked():
        return [one.reach.name for one in bodies.search(session, words, **limit)]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("kiln", ["Kiln Lane Primary School", "Kiln Yard Surgery"]),
        ("KILN lane", ["Kiln Lane Primary School"]),
        ("school pri", ["Kiln Lane Primary School", "St Bride’s Primary School"]),
        ("brides", ["St Bride’s Primary School"]),
        ("st bride's", ["St Bride’s Primary School"]),
        ("ki", []),
        ("", []),
        ("  ,", []),
        ("kilnlane", []),
        ("x" * 400, []),
    ],
)
def test_a_body_is_found_by_words_and_their_beginnings(runtime: Runtime, words: str, names: list[str]) -> None:
    enter(runtime, "Kiln Lane Primary School", "Kiln Yard Surgery", "St Bride’s Primary School")
    assert found(runtime, words) == names


def test_a_body_that_changes_its_name_is_found_by_the_new_one_alone(runtime: Runtime) -> None:
    enter(runtime, "Kiln Lane Primary School")
    with runtime.database.write() as session, runtime.vault.unlocked():
        (one,) = bodies.listed(session)
        bodies.keep(
            session, Reach("Larkfield Academy"), body_id=one.id, version=one.version, actor="system", role="system"
        )
    assert (found(runtime, "kiln"), found(runtime, "academy")) == ([], ["Larkfield Academy"])


def test_what_an_import_enters_is_found_once_the_job_has_run(runtime: Runtime) -> None:
    directory(runtime)
    assert found(runtime, "directory") == []
    for _again in range(2):
        jobs.run_all(runtime.database, runtime)
    assert found(runtime, "directory") == ["Children’s directory"]


def test_the_search_costs_the_same_however_many_bodies_there_are_and_shows_few(runtime: Runtime) -> None:
    enter(runtime, *(f"Kiln School {number}" for number in range(30)))
    with queries(runtime) as seen:
        some = found(runtime, "kiln school")
    assert len(some) == bodies.MOST_FOUND + 1
    assert len([one for one in seen if one.startswith("SELECT")]) == 1


def test_no_name_is_in_the_index(runtime: Runtime) -> None:
    enter(runtime, "Zanzibar House")
    with runtime.database.read() as session:
        kept = session.scalars(sa.text("SELECT blind FROM body_word")).all()
    assert kept
    assert all(len(one) == 16 and b"zan" not in bytes(one).lower() for one in kept)
