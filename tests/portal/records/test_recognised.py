"""An entry that tells who the child is: once it is put right, search and identity follow, and feeds still join."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
import sqlalchemy as sa

from portal import jobs
from portal.records import erasures
from portal.records.correcting import NewValue
from portal.records.feeds import FeedChild, FeedItem
from portal.records.models import Child, Lookup
from portal.runtime import Runtime
from tests.builders import BORN, feed_child, item
from tests.portal.records.records_of import (
    BIRTH,
    NAME,
    accept,
    come_in,
    correct,
    directory,
    erase,
    found_by,
    only_child,
    who,
)

UPN, RIGHT_UPN = "H801200001001", "L801200001003"
RIGHT_DAY = datetime.date(2019, 4, 20)
FORMER = item("child/former", "identity", "Earlier name", "Wren Copperfield", identifies="former_name")
OTHER_FORMER = item("child/former2", "identity", "Earlier name too", "Wren Loosestrife", identifies="former_name")
NUMBER = item("child/upn", "identity", "UPN", UPN, identifies="upn")
LOCAL = item("child/local_id", "identity", "Local id", "LA-0001", identifies="local_id")
OWN = item("child/directory_id", "identity", "Directory number", "D1", identifies="directory_id")
SEX = item("child/sex", "identity", "Sex", "F", kind="code", code="F", plain="Female", code_set="sex", identifies="sex")


def told(*items: FeedItem, **more: object) -> FeedChild:
    """The child as the directory gives it, with everything that tells who they are."""
    given = {"upn": UPN, "directory_id": "D1", "former_names": ("Wren Copperfield",), "postcodes": ("ZZ993WZ",)}
    every = items or (NAME, BIRTH, FORMER, NUMBER, LOCAL, OWN, SEX)
    return feed_child(*every, **{**given, "sex": "Female", **more})


def children(runtime: Runtime) -> int:
    with runtime.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Child)) or 0


def by_name(runtime: Runtime, surname: str, born: datetime.date = BORN) -> bool:
    return bool(found_by(runtime, surname=surname, birth_date=born))


def by_number(runtime: Runtime, number: str) -> bool:
    return bool(found_by(runtime, identifier=number))


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after the next import"])
def test_a_name_put_right_is_searched_and_shown_and_the_old_one_is_neither(runtime: Runtime, again: bool) -> None:
    come_in(runtime, told())
    correct(runtime, "Name", "Wren Ashby")
    if again:
        come_in(runtime, told(postcodes=("ZZ993XX",)))
    assert by_name(runtime, "Ashby") and not by_name(runtime, "Ashdown")
    assert by_name(runtime, "Ashbee"), "names that sound alike"
    assert found_by(runtime, forename="Wren", birth_date=BORN) == [only_child(runtime)]
    assert (who(runtime).names, who(runtime).former_names) == (("Wren Ashby",), ("Wren Copperfield",))
    assert by_name(runtime, "Copperfield")


@pytest.mark.parametrize(
    ("name", "surname", "forename"),
    [
        ("Wren de la Mare", "de la Mare", "Wren"),
        ("Wren Mary O’Penhale-Ashdown", "O'Penhale-Ashdown", "Mary"),
        ("Wren Mary O’Penhale-Ashdown", "Ashdown", "Wren Mary"),
        ("Wren", "Wren", "Wren"),
    ],
)
def test_a_name_is_found_by_whatever_part_of_it_may_be_the_surname(
    runtime: Runtime, name: str, surname: str, forename: str
) -> None:
    come_in(runtime, told())
    correct(runtime, "Name", name)
    assert by_name(runtime, surname)
    assert found_by(runtime, forename=forename, birth_date=BORN)


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after the next import"])
def test_a_birth_date_put_right_is_searched_by_and_the_old_one_is_not(runtime: Runtime, again: bool) -> None:
    come_in(runtime, told())
    correct(runtime, "Date of birth", NewValue("date", RIGHT_DAY.isoformat()))
    if again:
        come_in(runtime, told(postcodes=("ZZ993XX",)))
    assert who(runtime).birth_date == RIGHT_DAY
    for surname in ("Ashdown", "Copperfield"):
        assert by_name(runtime, surname, RIGHT_DAY) and not by_name(runtime, surname, BORN)
    with runtime.database.read() as session:
        assert "postcode" not in set(session.scalars(sa.select(Lookup.kind))), "it was keyed by the wrong day"


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after the next import"])
@pytest.mark.parametrize(
    ("label", "kind", "old", "new"),
    [
        ("UPN", "upn", UPN, RIGHT_UPN),
        ("Local id", "local_id", "LA-0001", "LA-2"),
        ("Directory number", "directory_id", "D1", "D2"),
    ],
)
def test_a_number_put_right_is_searched_by_and_the_old_one_is_not(
    runtime: Runtime, label: str, kind: str, old: str, new: str, again: bool
) -> None:
    come_in(runtime, told())
    correct(runtime, label, f" {new.lower()} " if kind == "upn" else new)
    if again:
        come_in(runtime, told(postcodes=("ZZ993XX",)))
    assert by_number(runtime, new) and not by_number(runtime, old)
    assert who(runtime).identifiers[kind] == new
    assert children(runtime) == 1


def test_what_is_put_right_twice_or_back_is_what_was_decided_last(runtime: Runtime) -> None:
    come_in(runtime, told())
    for name in ("Wren Ashby", "Wren Ashdon", "Wren Ashdown"):
        correct(runtime, "Name", name)
    correct(runtime, "Sex", NewValue("code", code="M"))
    assert (who(runtime).names, who(runtime).sex) == (("Wren Ashdown",), "Male")
    assert by_name(runtime, "Ashdown")
    assert not found_by(runtime, surname="Ashby", birth_date=BORN)


def test_of_several_earlier_names_only_the_wrong_one_goes(runtime: Runtime) -> None:
    both = ("Wren Copperfield", "Wren Loosestrife")
    come_in(runtime, told(NAME, FORMER, OTHER_FORMER, former_names=both))
    correct(runtime, "Earlier name", "Wren Coppard")
    assert set(who(runtime).former_names) == {"Wren Coppard", "Wren Loosestrife"}
    assert by_name(runtime, "Coppard") and by_name(runtime, "Loosestrife") and not by_name(runtime, "Copperfield")


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Name", NewValue(value="Wren Ashby")),
        ("Date of birth", NewValue("date", "2019-04-20")),
        ("UPN", NewValue(value=RIGHT_UPN)),
        ("Local id", NewValue(value="LA-2")),
        ("Directory number", NewValue(value="D2")),
    ],
)
def test_feeds_that_still_say_the_old_value_keep_joining_and_so_do_those_that_say_the_right_one(
    runtime: Runtime, label: str, value: NewValue
) -> None:
    nameless = {"surname": "", "forenames": "", "former_names": (), "directory_id": "", "authority": "201"}
    census = told(item("plan", "social care", "Plan", "One"), **nameless)
    come_in(runtime, told())
    come_in(runtime, census, format_="cin-census")
    correct(runtime, label, value)
    come_in(runtime, told(postcodes=("ZZ993XX",)))
    come_in(runtime, replace(census, postcodes=()), format_="cin-census")
    right = {
        "Date of birth": {"birth_date": RIGHT_DAY},
        "UPN": {"upn": RIGHT_UPN},
    }.get(label, {})
    come_in(runtime, told(**right))
    assert children(runtime) == 1


def test_a_third_wrong_name_from_the_feed_is_not_shown_beside_the_decided_one(runtime: Runtime) -> None:
    come_in(runtime, told())
    correct(runtime, "Name", "Wren Ashby")
    come_in(runtime, told(replace(NAME, value="Wren Ashburn"), BIRTH, surname="Ashburn"))
    assert who(runtime).names == ("Wren Ashby",)
    assert not found_by(runtime, surname="Ashburn", birth_date=BORN)


def test_once_the_source_is_accepted_its_value_is_searched_and_shown_and_followed(runtime: Runtime) -> None:
    come_in(runtime, told())
    correct(runtime, "Name", "Wren Ashby")
    come_in(runtime, told(replace(NAME, value="Wren Marsh"), BIRTH, surname="Marsh"))
    accept(runtime, "Name")
    assert who(runtime).name == "Wren Marsh"
    assert by_name(runtime, "Marsh") and not found_by(runtime, surname="Ashby", birth_date=BORN)
    come_in(runtime, told(replace(NAME, value="Wren Fenn"), BIRTH, surname="Fenn"))
    assert who(runtime).name == "Wren Fenn"
    assert by_name(runtime, "Fenn"), "what the feed says is searched by again"


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after the next import"])
def test_a_number_of_another_child_is_destroyed_everywhere(runtime: Runtime, again: bool) -> None:
    come_in(runtime, told())
    erase(runtime, "UPN")
    if again:
        come_in(runtime, told(postcodes=("ZZ993XX",)))
    assert not by_number(runtime, UPN)
    assert "upn" not in who(runtime).identifiers and who(runtime).numbers["upn"] == ()
    assert by_number(runtime, "LA-0001") and children(runtime) == 1


def test_a_destroyed_name_is_not_kept_as_what_was_replaced(runtime: Runtime) -> None:
    come_in(runtime, told())
    correct(runtime, "Name", "Wren Ashby")
    erase(runtime, "Name")
    come_in(runtime, told(postcodes=("ZZ993XX",)))
    assert who(runtime).names == ()
    assert not found_by(runtime, surname="Ashdown", birth_date=BORN)
    with runtime.database.read() as session, runtime.vault.unlocked():
        sealed = session.exec(sa.select(Child)).scalars().one()  # type: ignore[call-overload]
        assert "Ash" not in repr(runtime.vault.get(sealed, look=True))


def test_a_backup_brings_no_destroyed_number_back(runtime: Runtime) -> None:
    come_in(runtime, told())
    tables = ("child", "feed_mark", "lookup", "entry", "entry_version")
    with runtime.database.read() as session:
        backup = {table: _rows(session, table) for table in tables}
    erase(runtime, "UPN")
    jobs.run_all(runtime.database, runtime)
    with runtime.database.write() as session:
        for table in reversed(tables):
            session.execute(sa.delete(_table(table)))
        for table in tables:
            session.execute(sa.insert(_table(table)), backup[table])
    assert by_number(runtime, UPN)
    assert erasures.replay(runtime.database, runtime.settings.instance) == 1
    assert not by_number(runtime, UPN)
    assert "upn" not in who(runtime).identifiers


def _table(name: str) -> sa.Table:
    return Child.metadata.tables[name]


def _rows(session: object, name: str) -> list[dict[str, object]]:
    return [dict(row) for row in session.execute(sa.select(_table(name))).mappings()]  # type: ignore[attr-defined]


def test_the_child_whose_number_it_really_is_comes_in_without_a_doubt(runtime: Runtime) -> None:
    come_in(runtime, told())
    correct(runtime, "UPN", RIGHT_UPN)
    come_in(runtime, told(postcodes=("ZZ993XX",)))
    other = feed_child(NAME, local_id="LA-9", upn=UPN, birth_date=RIGHT_DAY, line=9)
    assert come_in(runtime, other).problems == []
    assert len(found_by(runtime, identifier=UPN)) == 1
    assert children(runtime) == 2


def test_a_correction_of_anything_else_leaves_identity_and_look_ups_alone(runtime: Runtime) -> None:
    directory(runtime, NAME, item("note", "contact", "Note", "One"))
    with runtime.database.read() as session:
        before = set(session.execute(sa.select(Lookup.kind, Lookup.blind)).all())
    correct(runtime, "Note", "Two")
    with runtime.database.read() as session:
        assert set(session.execute(sa.select(Lookup.kind, Lookup.blind)).all()) == before
        assert session.get_one(Child, only_child(runtime)).corrected_at is None
