"""Records come in: joined only where no person is needed, kept when they vanish, and never opened on the way."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlmodel import col, select

from portal import audit, db, records
from portal.cli import cli
from portal.records import Looking
from portal.records.feeds import FeedChild, FeedItem, FeedPerson, FeedProblem, importing
from portal.records.feeds.importing import FeedUnreadable, Report
from portal.records.models import Child, Entry, Lookup, Version
from portal.runtime import Runtime
from portal.settings import Settings
from tests.builders import BORN, feed_child, item

SAMPLES = Path(__file__).resolve().parents[3] / "docs" / "samples"
UPN, WRONG_UPN = "H801200001001", "A801200001001"
NHS_NUMBER = "9434765919"
OTHER_DAY = datetime.date(2018, 1, 31)
TABLES = ("child", "lookup", "entry", "entry_version", "person_mentioned", "feed_mark", "source", "log")


def named(*items: FeedItem, **more: object) -> FeedChild:
    """The child as the directory gives it."""
    items = items or (item("child/name", "identity", "Name", "Wren Ashdown"),)
    return feed_child(*items, **more)


def nameless(*items: FeedItem, **more: object) -> FeedChild:
    """The child as a census gives it: numbers and a birth date."""
    items = items or (item("referral[2024-03-01#1]/date", "social care", "Referral", "2024-03-01", kind="date"),)
    return feed_child(*items, **{"authority": "201", "surname": "", "forenames": "", **more})


def census(runtime: Runtime, *children: FeedChild | FeedProblem) -> Report:
    return importing.take_in(runtime.database, "cin-census", children)


def directory(runtime: Runtime, *children: FeedChild | FeedProblem) -> Report:
    return importing.take_in(runtime.database, "directory", children)


def counts(runtime: Runtime, *tables: str) -> dict[str, int]:
    with runtime.database.read() as session:
        return {table: session.scalar(sa.text(f"SELECT count(*) FROM {table}")) for table in tables or TABLES}


def children(runtime: Runtime) -> int:
    return counts(runtime, "child")["child"]


def only_child(runtime: Runtime) -> uuid.UUID:
    with runtime.database.read() as session:
        return session.exec(select(Child.id)).one()


def looking_at(child_id: uuid.UUID) -> Looking:
    return Looking("staff:1", "caseworker", "", uuid.UUID(int=1), child_id, "test")


def values(runtime: Runtime) -> list[str]:
    """What the only record says now."""
    child_id = only_child(runtime)
    with runtime.database.read() as session:
        ids = [entry.id for entry in records.heads(session, child_id)]
        return [entry.value for entry in records.read(session, looking_at(child_id), ids)]


def entry(runtime: Runtime) -> Entry:
    with runtime.database.read() as session:
        return session.exec(select(Entry)).one()


# The same again


def test_the_same_census_again_changes_nothing_and_leaves_one_row_in_the_log(
    runtime: Runtime, shared_data: Path
) -> None:
    for file in sorted((shared_data / "cin-census").glob("*.xml")):
        first = importing.run(runtime.database, "cin-census", file)
        assert first.children.new + first.children.changed > 0
        before = counts(runtime)
        again = importing.run(runtime.database, "cin-census", file)
        assert again.children.as_json() == {
            "new": 0,
            "changed": 0,
            "unchanged": first.children.new + first.children.changed,
        }
        assert (again.entries.new, again.entries.changed) == (0, 0)
        assert counts(runtime) == {**before, "log": before["log"] + 1}


def test_the_sample_of_the_directory_comes_in_whole_and_again_changes_nothing(runtime: Runtime) -> None:
    first = importing.run(runtime.database, "directory", SAMPLES / "directory.csv")
    assert first.children.new > 0 and first.refused == 0
    before = counts(runtime)
    again = importing.run(runtime.database, "directory", SAMPLES / "directory.csv")
    assert again.entries.as_json() == {"new": 0, "changed": 0, "unchanged": first.entries.new}
    assert counts(runtime) == {**before, "log": before["log"] + 1}


def test_what_looks_wrong_on_another_day_is_no_change(runtime: Runtime) -> None:
    """Flags depend on the day of the import, so a fingerprint must not cover them."""
    said = item("child/died_on", "identity", "Date of death", "2031-01-01", kind="date")
    directory(runtime, named(replace(said, flags=("implausible-date",))))
    assert directory(runtime, named(said)).children.unchanged == 1


def test_however_many_children_each_is_taken_in_once(runtime: Runtime) -> None:
    many = [feed_child(item("a", "identity", "Name", "x"), line=n, local_id=f"LA-{n}", upn="") for n in range(1, 206)]
    assert directory(runtime, *many).children.new == 205
    assert directory(runtime, *many).children.unchanged == 205
    assert children(runtime) == 205


# Joining


@pytest.mark.parametrize("first", ["census", "directory"])
@pytest.mark.parametrize(
    ("theirs", "ours", "join"),
    [
        ({"local_id": "X1"}, {"local_id": "X1"}, True),
        ({"local_id": "x1"}, {"local_id": "X1"}, True),
        ({"local_id": "X1"}, {"local_id": "X2"}, False),
        ({"local_id": "X1"}, {"local_id": "X1", "birth_date": None}, True),
        ({"local_id": "X1"}, {"local_id": "X1", "birth_date": OTHER_DAY}, False),
        ({"local_id": "X1", "upn": UPN}, {"local_id": "", "upn": UPN}, True),
        ({"local_id": "X1", "upn": UPN}, {"local_id": "X2", "upn": UPN}, True),
        ({"local_id": "X1", "upn": WRONG_UPN}, {"local_id": "", "directory_id": "D", "upn": WRONG_UPN}, False),
        ({"local_id": "X1", "upn": UPN}, {"local_id": "", "upn": UPN, "birth_date": OTHER_DAY}, False),
        ({"local_id": "X1", "upn": UPN}, {"local_id": "", "directory_id": "D", "upn": UPN, "birth_date": None}, False),
        ({"local_id": "X1", "nhs_number": NHS_NUMBER}, {"local_id": "", "nhs_number": NHS_NUMBER}, True),
        (
            {"local_id": "X1", "nhs_number": "9434765918"},
            {"local_id": "", "directory_id": "D", "nhs_number": "9434765918"},
            False,
        ),
    ],
)
def test_a_census_child_and_a_directory_child_join_only_where_no_person_is_needed(
    runtime: Runtime, first: str, theirs: dict[str, object], ours: dict[str, object], join: bool
) -> None:
    come_in = [lambda: census(runtime, nameless(**theirs)), lambda: directory(runtime, named(**ours))]
    for bring in come_in if first == "census" else reversed(come_in):
        bring()
    assert children(runtime) == (1 if join else 2)
    again = [bring() for bring in come_in]
    assert [report.children.unchanged for report in again] == [1, 1]


@pytest.mark.parametrize("first", ["census", "directory"])
def test_whoever_comes_first_a_joined_record_has_the_directory_s_name_and_all_numbers(
    runtime: Runtime, first: str
) -> None:
    come_in = [
        lambda: census(runtime, nameless(local_id="X1", upn=UPN)),
        lambda: directory(runtime, named(local_id="X1", nhs_number=NHS_NUMBER, former_names=("Wren Copperfield",))),
    ]
    for bring in come_in if first == "census" else reversed(come_in):
        bring()
    with runtime.database.read() as session:
        who = records.identity(session, looking_at(only_child(runtime)))
    assert (who.name, who.former_names, who.birth_date) == ("Wren Ashdown", ("Wren Copperfield",), BORN)
    assert who.identifiers == {"local_id": "X1", "upn": UPN, "nhs_number": NHS_NUMBER}


@pytest.mark.parametrize(
    ("theirs", "ours", "number"),
    [
        ({"local_id": "X1"}, {"local_id": "X1", "birth_date": OTHER_DAY}, "council’s number"),
        ({"local_id": "X1", "upn": UPN}, {"local_id": "X2", "upn": UPN, "birth_date": OTHER_DAY}, "pupil number"),
        ({"local_id": "X1", "upn": WRONG_UPN}, {"local_id": "X2", "upn": WRONG_UPN}, "pupil number"),
        ({"local_id": "X1"}, {"local_id": "X2"}, ""),
    ],
)
def test_numbers_that_are_alike_but_do_not_join_are_told_once_for_a_person_to_compare(
    runtime: Runtime, theirs: dict[str, object], ours: dict[str, object], number: str
) -> None:
    census(runtime, nameless(**theirs))
    report = directory(runtime, named(**ours))
    assert report.refused == 0 and report.children.new == 1
    assert [number in problem.reason for problem in report.problems] == ([True] if number else [])
    assert directory(runtime, named(**ours)).problems == []


def test_two_authorities_number_their_children_alike_and_still_have_two(runtime: Runtime) -> None:
    census(runtime, nameless(local_id="7", authority="201"))
    directory(runtime, named(local_id="7"))
    census(runtime, nameless(local_id="7", authority="202"))
    assert children(runtime) == 2


# Whose directory it is


@pytest.fixture
def at_home(settings: Settings) -> Iterator[Runtime]:
    """An installation that says that the directory is authority 201's."""
    runtime = Runtime.open(replace(settings, authority_code="201"))
    yield runtime
    runtime.close()


@pytest.mark.parametrize("first", ["census", "directory"])
@pytest.mark.parametrize(
    ("theirs", "ours", "join"),
    [
        ({"local_id": "X1"}, {"local_id": "x1"}, True),
        ({"local_id": "X1"}, {"local_id": "X1", "birth_date": OTHER_DAY}, True),
        ({"local_id": "X1", "birth_date": None}, {"local_id": "X1"}, True),
        ({"local_id": "X1", "authority": "202"}, {"local_id": "X1"}, False),
        ({"local_id": "X1", "authority": "202", "birth_date": None}, {"local_id": "X1"}, False),
        ({"local_id": "X1", "authority": "202", "upn": UPN}, {"local_id": "X1", "upn": UPN}, True),
        ({"local_id": "X1"}, {"local_id": "X2"}, False),
    ],
)
def test_where_it_is_said_whose_directory_it_is_the_local_id_is_enough_within_that_authority_alone(
    at_home: Runtime, first: str, theirs: dict[str, object], ours: dict[str, object], join: bool
) -> None:
    come_in = [lambda: census(at_home, nameless(**theirs)), lambda: directory(at_home, named(**ours))]
    problems = [bring().problems for bring in (come_in if first == "census" else reversed(come_in))]
    assert problems == [[], []]
    assert children(at_home) == (1 if join else 2)
    again = [bring() for bring in come_in]
    assert [report.children.unchanged for report in again] == [1, 1]


def test_said_later_the_directory_is_brought_in_once_more_and_no_entry_is_doubled(
    runtime: Runtime, at_home: Runtime
) -> None:
    directory(runtime, named(local_id="X1"))
    again = directory(at_home, named(local_id="X1"))
    assert (again.children.changed, again.entries.new, again.entries.changed) == (1, 0, 0)
    census(at_home, nameless(local_id="X1", birth_date=OTHER_DAY))
    assert children(at_home) == 1
    assert directory(at_home, named(local_id="X1")).children.unchanged == 1


def test_a_child_who_moved_to_another_authority_is_one_record_with_what_both_said(runtime: Runtime) -> None:
    census(runtime, nameless(local_id="7", authority="201", upn=UPN))
    census(runtime, nameless(local_id="88", authority="202", upn=UPN))
    assert children(runtime) == 1
    assert len(values(runtime)) == 2


def test_twins_who_were_given_one_pupil_number_stay_two(runtime: Runtime) -> None:
    twins = [nameless(local_id="1", upn=UPN, line=5), nameless(local_id="2", upn=UPN, line=9)]
    for expected in ("new", "unchanged"):
        assert getattr(census(runtime, *twins).children, expected) == 2
    assert children(runtime) == 2


def test_a_child_who_is_twice_in_a_file_under_two_names_is_refused_the_second_time(runtime: Runtime) -> None:
    numbered, not_numbered = named(local_id="1", upn=UPN, line=2), named(local_id="", upn=UPN, line=7)
    for _run in range(2):
        report = directory(runtime, numbered, not_numbered)
        assert report.refused == 1
        assert report.problems[0] == FeedProblem(7, UPN, "The same child is already on line 2.")
    assert children(runtime) == 1


def test_a_record_sealed_at_adoption_is_never_joined_or_touched(runtime: Runtime) -> None:
    directory(runtime, named(local_id="X1", upn=UPN, nhs_number=NHS_NUMBER))
    sealed = only_child(runtime)
    with runtime.database.write() as session:
        session.execute(sa.update(Child).values(access_group="sealed"))
    before = counts(runtime, "entry", "lookup")
    census(runtime, nameless(local_id="X1", upn=UPN))
    directory(runtime, named(local_id="X2", upn=UPN, nhs_number=NHS_NUMBER))
    with runtime.database.read() as session:
        kept = session.scalar(sa.select(sa.func.count()).where(col(Entry.child_id) == sealed))
        looked_up = session.scalar(sa.select(sa.func.count()).where(col(Lookup.child_id) == sealed))
        found = records.candidates(session, looking_at(sealed), surname="Ashdown", birth_date=BORN)
    assert {"entry": kept, "lookup": looked_up} == before
    assert [one.child_id for one in found] != [] and sealed not in {one.child_id for one in found}


# What changes


def test_a_changed_value_is_a_new_version_and_the_old_one_stays(runtime: Runtime) -> None:
    directory(runtime, named(item("school", "education", "School", "Kiln Lane")))
    report = directory(runtime, named(item("school", "education", "School", "Lock Street")))
    assert (report.children.changed, report.entries.as_json()) == (1, {"new": 0, "changed": 1, "unchanged": 0})
    assert values(runtime) == ["Lock Street"]
    assert counts(runtime, "entry", "entry_version") == {"entry": 1, "entry_version": 2}


def test_what_a_feed_leaves_out_stays(runtime: Runtime) -> None:
    old, new = item("plan[2021]", "social care", "Plan", "2021"), item("plan[2022]", "social care", "Plan", "2022")
    census(runtime, nameless(old))
    report = census(runtime, nameless(new))
    assert report.entries.as_json() == {"new": 1, "changed": 0, "unchanged": 0}
    assert values(runtime) == ["2021", "2022"]


def test_a_correction_holds_when_the_feed_says_something_else(runtime: Runtime) -> None:
    directory(runtime, named(item("school", "education", "School", "Kiln Lane")))
    was = entry(runtime)
    corrected = db.new_id()
    with runtime.database.write() as session:
        row = Version(
            child_id=was.child_id, entry_id=was.id, id=corrected, sealed=b"", why="correction", made_at=db.now()
        )
        row.cls = was.cls
        told = {"category": "education", "label": "School", "value": "Corrected Hill"}
        row.sealed = runtime.vault.seal(row.vault_owner(), row.vault_row(), told)
        session.add(row)
        session.execute(sa.update(Entry).values(current_id=corrected))
    assert directory(runtime, named(item("school", "education", "School", "Kiln Lane"))).entries.unchanged == 1
    report = directory(runtime, named(item("school", "education", "School", "Lock Street")))
    now = entry(runtime)
    assert report.entries.changed == 1
    assert now.current_id == corrected and now.source_head_id not in {was.source_head_id, corrected}
    assert values(runtime) == ["Corrected Hill"]


def test_an_item_that_becomes_sensitive_is_sealed_as_such_and_is_the_same_item(runtime: Runtime) -> None:
    open_service = item("service", "service", "A service that helps", "Lantern House")
    directory(runtime, named(open_service))
    directory(runtime, named(replace(open_service, cls="sensitive", category="sensitive service")))
    assert (entry(runtime).cls, values(runtime)) == ("sensitive", ["Lantern House"])


def test_a_feed_takes_in_a_change_without_opening_anything(runtime: Runtime) -> None:
    """With every sealed cell destroyed, a changed child still comes in."""
    person = FeedPerson("Maud Thistlewood", "neighbour")
    directory(runtime, named(item("a", "contact", "Note", "One", people=(person.name,)), people=(person,)))
    with runtime.database.write() as session:
        for table in ("child", "feed_mark", "entry_version", "person_mentioned", "source"):
            session.execute(sa.text(f"UPDATE {table} SET sealed = :gone"), {"gone": b"\x01gone"})
    report = directory(runtime, named(item("a", "contact", "Note", "Two", people=(person.name,)), people=(person,)))
    assert report.entries.changed == 1
    assert values(runtime) == ["Two"]
    assert counts(runtime, "person_mentioned") == {"person_mentioned": 1}


# All or nothing for a child


def test_a_child_that_cannot_be_stored_stays_out_alone_and_whole(runtime: Runtime) -> None:
    twice = item("same key", "contact", "Note", "One")
    broken = named(twice, replace(twice, value="Two"), local_id="BAD", line=9)
    good = [named(local_id=f"G{number}", line=number) for number in (1, 2, 3)]
    report = directory(runtime, good[0], good[1], broken, good[2])
    assert (report.children.new, report.refused) == (3, 1)
    assert (report.problems[0].line, report.problems[0].child) == (9, "BAD")
    assert counts(runtime, "child", "entry", "entry_version") == {"child": 3, "entry": 3, "entry_version": 3}
    assert directory(runtime, *good).children.unchanged == 3


def test_problems_are_told_in_the_order_of_the_file_and_only_refused_children_are_counted(runtime: Runtime) -> None:
    told = [FeedProblem(8, "B", "Wrong."), FeedProblem(4, "A", "Also wrong.", refused=False)]
    report = directory(runtime, *told, named(line=2))
    assert report.as_json() == {
        "format": "directory",
        "file": "",
        "children": {"new": 1, "changed": 0, "unchanged": 0, "refused": 1},
        "entries": {"new": 1, "changed": 0, "unchanged": 0},
        "problems": [
            {"line": 4, "child": "A", "reason": "Also wrong."},
            {"line": 8, "child": "B", "reason": "Wrong."},
        ],
    }
    assert "Line 8, child B: Wrong." in report.in_words()


# What is left for people who look


def test_nothing_a_feed_says_stands_in_the_database_in_the_clear(runtime: Runtime) -> None:
    person = FeedPerson("Canary Person", "canary aunt")
    note = item("canary key", "canary", "Canary label", "Canary value", source="Canary House", source_key="body:canary")
    child = named(note, surname="Canary", forenames="Canary", local_id="CANARY1", upn="CANARY2", people=(person,))
    directory(runtime, replace(child, former_names=("Canary Old",), postcodes=("ZZ99 3WZ",)))
    with runtime.database.read() as session:
        for table in TABLES:
            rows = session.execute(sa.text(f"SELECT * FROM {table}")).all()
            assert rows, table
            assert "canary" not in repr(rows).lower(), table


@pytest.mark.parametrize(
    "asked",
    [
        {"identifier": "la-0001"},
        {"identifier": f" {UPN[:4]} {UPN[4:]} ".lower()},
        {"identifier": "943-476-5919"},
        {"surname": "ASHDOWN", "birth_date": BORN},
        {"surname": "o'penhale ashdown", "birth_date": BORN},
        {"surname": "Copperfield", "birth_date": BORN},
        {"surname": "Ashdoun", "birth_date": BORN},
        {"forename": "wren", "birth_date": BORN},
    ],
)
def test_a_child_is_found_by_number_or_by_name_with_birth_date_however_it_is_typed(
    runtime: Runtime, asked: dict[str, object]
) -> None:
    more = {"surname": "O’Penhale-Ashdown", "former_names": ("Wren Copperfield",)}
    directory(runtime, named(upn=UPN, nhs_number=NHS_NUMBER, **more))
    with runtime.database.read() as session:
        (found,) = records.candidates(session, looking_at(uuid.UUID(int=0)), **asked)  # type: ignore[arg-type]
        assert (found.name, found.local_id) == ("Wren O’Penhale-Ashdown", "LA-0001")
        assert records.candidates(session, looking_at(uuid.UUID(int=0)), surname="Ashdown", birth_date=OTHER_DAY) == []


def test_while_a_shield_is_on_no_feed_adds_where_the_family_lives_to_the_look_ups(runtime: Runtime) -> None:
    directory(runtime, named())
    with runtime.database.write() as session:
        session.execute(sa.update(Child).values(shielded_at=db.now()))
    directory(runtime, named(postcodes=("ZZ993WZ",)))
    with runtime.database.read() as session:
        kinds = set(session.exec(select(Lookup.kind)).all())
    assert "postcode" not in kinds and "surname" in kinds


def test_who_is_named_as_a_professional_and_as_something_else_counts_as_private(runtime: Runtime) -> None:
    people = (FeedPerson("Orla Penhale", "", professional=True), FeedPerson("ORLA PENHALE", "aunt"))
    note = item("note", "contact", "Note", "Orla Penhale came.", people=("Orla Penhale", "Wren Ashdown"))
    directory(runtime, named(note, people=people))
    child_id = only_child(runtime)
    with runtime.database.read() as session:
        (third,) = records.mentioned(session, looking_at(child_id))
        ids = [entry.id for entry in records.heads(session, child_id)]
        (opened,) = records.read(session, looking_at(child_id), ids)
    assert (third.names, third.relation, third.professional) == (("Orla Penhale",), "aunt", False)
    assert opened.people == (third.id.hex,)


def test_each_new_or_changed_child_has_a_row_in_its_own_chain_and_the_chains_hold(runtime: Runtime) -> None:
    directory(runtime, named(local_id="A"), named(local_id="B"))
    directory(runtime, named(local_id="A"), named(item("more", "contact", "Note", "x"), local_id="B"))
    with runtime.database.read() as session:
        acts = sorted(session.scalars(sa.text("SELECT act FROM log")))
        assert list(audit.broken_chains(session)) == []
    assert acts == ["import", "import", "import_changed", "import_new", "import_new"]


# The command


def test_a_file_that_is_not_there_or_of_another_kind_is_unreadable_and_changes_nothing(
    runtime: Runtime, tmp_path: Path
) -> None:
    other = tmp_path / "other.xml"
    other.write_text("<Message><Header/>")
    for path in (tmp_path / "missing.xml", tmp_path, other):
        with pytest.raises(FeedUnreadable):
            importing.run(runtime.database, "cin-census", path)
    assert set(counts(runtime).values()) == {0}


def test_the_command_ends_with_0_1_or_2_and_one_json_object(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_INSTANCE", str(settings.instance))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("OWNER_DATABASE_URL", settings.owner_database_url)
    good, partly = "record,local_id,surname\nchild,1,Ashdown\n", "record,local_id,surname\nchild,2,Ashdown\nnote,2,x\n"
    for code, text, new, refused in ((0, good, 1, 0), (1, partly, 0, 1), (2, "nonsense", 0, 0)):
        file = tmp_path / "directory.csv"
        file.write_text(text)
        ended = CliRunner().invoke(cli, ["import", "directory", str(file), "--json"])
        told = json.loads(ended.stdout)
        assert (ended.exit_code, told["children"]["new"], told["children"]["refused"]) == (code, new, refused)
        assert (told["format"], told["file"]) == ("directory", str(file))
        assert bool(told["problems"]) is (code > 0)
