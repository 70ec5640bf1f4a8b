"""A code opens once: from the app, or from the sheet."""

import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest

from portal.people import factors
from portal.runtime import Runtime
from tests.client import Family, enter_family

NOW = datetime.datetime(2026, 11, 2, 9, 0, 10, tzinfo=datetime.UTC)
PERIOD = datetime.timedelta(seconds=30)


@pytest.fixture
def person(runtime: Runtime) -> Family:
    return enter_family(runtime)


def code(person: Family, steps: int = 0) -> str:
    return pyotp.TOTP(person.secret).at(int((NOW + steps * PERIOD).timestamp()))


def show(runtime: Runtime, person: Family, typed: str, *, steps: int = 0) -> bool:
    with runtime.database.write() as session:
        return factors.check_app(session, "family", person.person_id, typed, now=NOW + steps * PERIOD)


@pytest.mark.parametrize(("off", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(runtime: Runtime, person: Family, off: int, right: bool) -> None:
    assert show(runtime, person, code(person, off)) is right


def test_a_code_from_the_app_opens_once(runtime: Runtime, person: Family) -> None:
    assert show(runtime, person, f" {code(person)[:3]} {code(person)[3:]} ")
    assert not show(runtime, person, code(person))
    assert not show(runtime, person, code(person, -1))  # an older one is dead with it
    assert show(runtime, person, code(person, 1), steps=1)


def test_of_ten_uses_of_one_code_at_once_one_succeeds(runtime: Runtime, person: Family) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(lambda _n: show(runtime, person, code(person)), range(10))) == 1


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "0" * 400, "٠١٢٣٤٥", "😀😀😀"])
def test_what_is_no_code_opens_nothing(runtime: Runtime, person: Family, typed: str) -> None:
    assert not show(runtime, person, typed)


def test_another_persons_code_opens_nothing(runtime: Runtime, person: Family) -> None:
    other = enter_family(runtime, email="other@example.org")
    assert not show(runtime, other, code(person))


def sheet_for(runtime: Runtime, person: Family) -> list[str]:
    with runtime.database.write() as session:
        sheet = factors.new_sheet(runtime.settings.secrets.pepper)
        factors.give_sheet(session, person.person_id, sheet, now=NOW)
        return list(sheet.codes)


def type_in(runtime: Runtime, person_id: uuid.UUID, typed: str) -> bool:
    with runtime.database.read() as session:
        right = factors.check_sheet(session, person_id, typed, pepper=runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        return right is not None and factors.use_code(session, *right, now=NOW)


def asked(runtime: Runtime, person: Family) -> int | None:
    with runtime.database.read() as session:
        return factors.asked_number(session, person.person_id)


def test_a_sheet_has_twenty_codes_without_look_alikes(runtime: Runtime, person: Family) -> None:
    codes = sheet_for(runtime, person)
    assert len(set(codes)) == 20
    assert {len(one) for one in codes} == {8}
    assert not set("".join(codes)) & set("ILOU")
    assert len(set(factors.ALPHABET)) == 32


def test_each_code_of_the_sheet_opens_once_and_in_turn(runtime: Runtime, person: Family) -> None:
    codes = sheet_for(runtime, person)
    assert asked(runtime, person) == 1
    assert not type_in(runtime, person.person_id, codes[1])  # not the one that is asked for
    assert type_in(runtime, person.person_id, factors.printed(codes[0]).lower())
    assert not type_in(runtime, person.person_id, codes[0])
    assert asked(runtime, person) == 2
    assert type_in(runtime, person.person_id, codes[1])


def test_of_ten_uses_of_a_sheets_code_at_once_one_succeeds(runtime: Runtime, person: Family) -> None:
    first = sheet_for(runtime, person)[0]
    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(lambda _n: type_in(runtime, person.person_id, first), range(10))) == 1


def test_letters_that_look_like_digits_are_read_as_them() -> None:
    assert factors.normal_code("o1-iL ab") == "0111AB"


def test_a_new_sheet_ends_the_one_before(runtime: Runtime, person: Family) -> None:
    first = sheet_for(runtime, person)
    second = sheet_for(runtime, person)
    assert not type_in(runtime, person.person_id, first[0])
    assert type_in(runtime, person.person_id, second[0])
    with runtime.database.read() as session:
        assert factors.codes_left(session, person.person_id) == 19


def test_no_code_and_no_secret_stands_in_the_database(runtime: Runtime, person: Family) -> None:
    codes = sheet_for(runtime, person)
    with runtime.database.read() as session:
        rows = [session.connection().exec_driver_sql(f"SELECT * FROM {t}").all() for t in ("factor", "sheet_code")]
    assert not [one for one in (*codes, person.secret) if one in repr(rows)]


def test_the_picture_for_the_app_holds_no_script() -> None:
    address = factors.app_address(factors.new_secret(), account="SAR-7K3M-92QX", issuer="Records service")
    picture = factors.qr_picture(address)
    assert picture.startswith(b"<?xml")
    assert b"script" not in picture
    assert b"style" not in picture
