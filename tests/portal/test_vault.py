"""What is sealed opens only for its owner, in its own row, under a look."""

import pytest

from portal import db
from portal.runtime import Runtime
from portal.vault import KeyMissing, LookRequired, Owner, SealBroken


def test_a_sealed_cell_opens_for_its_owner_in_its_row(runtime: Runtime) -> None:
    owner = Owner.case(db.new_id())
    sealed = runtime.vault.seal(owner, "event:1", {"reason": "Ŵyn ap Siôn"})
    assert runtime.vault.open(owner, "event:1", sealed) == {"reason": "Ŵyn ap Siôn"}


def test_a_cell_moved_to_another_row_or_owner_does_not_open(runtime: Runtime) -> None:
    one, other = Owner.case(db.new_id()), Owner.case(db.new_id())
    sealed = runtime.vault.seal(one, "event:1", {"a": 1})
    runtime.vault.seal(other, "event:1", {"a": 1})
    with pytest.raises(SealBroken):
        runtime.vault.open(one, "event:2", sealed)
    with pytest.raises(SealBroken):
        runtime.vault.open(other, "event:1", sealed)


def test_a_changed_byte_is_noticed(runtime: Runtime) -> None:
    owner = Owner.system()
    sealed = bytearray(runtime.vault.seal(owner, "source:1", {"a": 1}))
    sealed[-1] ^= 1
    with pytest.raises(SealBroken):
        runtime.vault.open(owner, "source:1", bytes(sealed))


def test_a_childs_data_does_not_open_without_a_look(runtime: Runtime) -> None:
    owner = Owner.child(db.new_id(), "location")
    sealed = runtime.vault.seal(owner, "entry_version:1", {"value": "1 Example Street"})
    with pytest.raises(LookRequired):
        runtime.vault.open(owner, "entry_version:1", sealed)
    assert runtime.vault.open(owner, "entry_version:1", sealed, look=True)


def test_the_three_classes_of_one_child_have_different_keys(runtime: Runtime) -> None:
    child = db.new_id()
    sealed = runtime.vault.seal(Owner.child(child, "location"), "x:1", {"a": 1})
    runtime.vault.mint([Owner.child(child, "core")])
    with pytest.raises(SealBroken):
        runtime.vault.open(Owner.child(child, "core"), "x:1", sealed, look=True)


def test_without_its_key_a_cell_is_gone(runtime: Runtime) -> None:
    with pytest.raises(KeyMissing):
        runtime.vault.open(Owner.case(db.new_id()), "x:1", b"\x01" + b"\0" * 60)


@pytest.mark.parametrize(("short", "longer"), [("dentist", "sexual health clinic"), ("", "x" * 30)])
def test_the_length_of_a_short_value_does_not_show(runtime: Runtime, short: str, longer: str) -> None:
    owner = Owner.system()
    assert len(runtime.vault.seal(owner, "x:1", {"v": short})) == len(runtime.vault.seal(owner, "x:1", {"v": longer}))


def test_two_ways_of_typing_a_name_have_one_blind_index(runtime: Runtime) -> None:
    blind = runtime.vault.blind
    assert blind("surname", "O\u2019Neil ") == blind("surname", "o'NEIL")
    assert blind("surname", "O'Neil") != blind("forename", "O'Neil")


def test_a_stored_file_comes_back_and_cannot_be_cut_short_or_given_to_another(runtime: Runtime) -> None:
    owner, other = Owner.case(db.new_id()), Owner.case(db.new_id())
    data = bytes(range(256)) * 10_000
    file_id = runtime.files.write(owner, data)
    runtime.vault.mint([other])
    assert runtime.files.read(owner, file_id) == data
    with pytest.raises(SealBroken):
        runtime.files.read(other, file_id)
    path = next(runtime.settings.files.glob(f"*/{file_id.hex}"))
    path.write_bytes(path.read_bytes()[: 64 + (1 << 20) + 16])
    with pytest.raises(SealBroken):
        runtime.files.read(owner, file_id)
