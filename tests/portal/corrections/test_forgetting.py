"""After an erasure: nothing of what the entry said is left in any case, and no copy with it can be opened."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from portal import jobs
from portal.cases import ledger
from portal.cases.corrections import deciding, outside, recipients
from portal.cases.corrections.lines import Decided, Pinned, Value
from portal.cases.corrections.models import ChallengedLine, OutsideLink, RecipientNotice
from portal.cases.models import Case
from portal.documents import correspondence, decision, release
from portal.documents.models import Letter, StoredPack
from portal.records.feeds import importing
from portal.runtime import Runtime
from portal.vault import SealBroken, vault_of
from tests import builders
from tests.builders import Record, Walk, feed_child, item
from tests.corrections import (
    REFUSED,
    answered,
    ask_source,
    challenge_in,
    claim,
    confirm,
    decide,
    entry_of,
    lines_of,
    looking,
    open_marks,
)
from workflows.table import StepRefused

CANARY = "Zanzibar canary fancier"
ERASED = Decided("erased", "There is no reason to keep it.", "Nobody needs it.", "not_needed")
HOBBY = item("hobby", "education", "Hobby", CANARY)
SCHOOL = item("school", "education", "School", "Kiln Lane")


@pytest.fixture
def record(runtime: Runtime) -> Record:
    importing.take_in(runtime.database, "directory", [feed_child(HOBBY, SCHOOL, local_id="LA-0909")])
    return Record(builders.child_id_of(runtime, "LA-0909"), builders.CHILD_NAME, builders.BORN, "LA-0909")


def challenged(runtime: Runtime, record: Record, state: str = "weighing", **more: object) -> Walk:
    more = {"shown": True, "about": ["Hobby"], **more}
    return challenge_in(runtime, state, record=record, **more)  # type: ignore[arg-type]


def from_a_copy(walk: Walk) -> None:
    """The line of this case is about what a copy printed: the claim holds it, as the copy did."""
    (line,) = lines_of(walk)
    assert line.child_id and line.entry_id and line.version_id and line.cls
    pinned = Pinned(line.child_id, line.entry_id, line.version_id, line.cls)
    _tell(walk, claim={"reads": CANARY, "pinned": {**{n: getattr(pinned, n).hex for n in _IDS}, "cls": pinned.cls}})


_IDS = ("child_id", "entry_id", "version_id")


def _tell(walk: Walk, **parts: dict[str, object]) -> None:
    def put(session: Session) -> None:
        row = session.exec(select(ChallengedLine).where(ChallengedLine.case_id == walk.case_id)).one()
        told = vault_of(session).get(row)
        for name, part in parts.items():
            told[name] |= part
        vault_of(session).put(row, told)
        session.add(row)

    walk.act(put)


def other_parent(runtime: Runtime, record: Record, state: str = "weighing", **more: object) -> Walk:
    return challenged(runtime, record, state, email="bram.lark@example.org", **more)


def erase(walk: Walk) -> None:
    decide(walk, ERASED)
    confirm(walk)


def kept(runtime: Runtime) -> str:
    """All that cases keep of lines, of bodies that were asked, and of recipients, opened."""
    with runtime.database.read() as session, runtime.vault.unlocked():
        rows = [row for table in (ChallengedLine, OutsideLink, RecipientNotice) for row in session.exec(select(table))]
        return str([vault_of(session).get(row) for row in rows])


def events(walk: Walk) -> list[str]:
    with walk.runtime.database.read() as session:
        return [one.name for one in ledger.history(session, session.get_one(Case, walk.case_id))]


def test_what_an_erased_entry_said_goes_from_every_line_and_link_and_the_family_s_words_stay(
    runtime: Runtime, record: Record
) -> None:
    other = other_parent(runtime, record)
    from_a_copy(other)
    ask_source(other)
    walk = challenged(runtime, record, claims=[claim("Hobby", reads=CANARY, why="Birds make her sneeze.")])
    ask_source(walk)
    assert kept(runtime).count(CANARY) >= 4
    erase(walk)
    assert CANARY not in kept(runtime)
    assert lines_of(walk)[0].claim.why == "Birds make her sneeze."
    assert lines_of(other)[0].claim.about == "Hobby"
    with runtime.database.read() as session, runtime.vault.unlocked():
        case = session.get_one(Case, other.case_id)
        assert [one.state for one in outside.of_case(session, case)] == ["ended"]


def test_another_case_learns_that_it_is_gone_and_answers_that_it_was_deleted(runtime: Runtime, record: Record) -> None:
    other = other_parent(runtime, record)
    walk = challenged(runtime, record)
    entry = entry_of(walk, "Hobby")
    erase(walk)
    assert "entry_erased" in events(other)
    assert "entry_erased" not in events(walk)
    assert open_marks(other, entry.id) == set()
    with pytest.raises(StepRefused):
        decide(other, REFUSED)
    decide(other, ERASED)
    confirm(other)
    (line,) = lines_of(other)
    assert (line.state, line.outcome) == ("decided", "erased")


def test_what_was_decided_before_it_of_the_same_entry_goes_too(runtime: Runtime, record: Record) -> None:
    other = other_parent(
        runtime,
        record,
        "collected",
        decided=[Decided("corrected", "They said so.", "x", "R-101", Value("text", CANARY + "!"))],
    )
    assert CANARY in kept(runtime)
    walk = challenged(runtime, record)
    erase(walk)
    assert CANARY not in kept(runtime)
    said = lines_of(other)[0].decided
    assert said and (said.outcome, said.reasons, said.says) == ("corrected", "They said so.", Value())


def test_what_another_person_typed_themselves_stays_theirs(runtime: Runtime, record: Record) -> None:
    other = other_parent(runtime, record, claims=[claim("Hobby", reads="Something with birds")])
    walk = challenged(runtime, record)
    erase(walk)
    assert lines_of(other)[0].claim.reads == "Something with birds"


# Copies


def packs(walk: Walk) -> list[StoredPack]:
    with walk.runtime.database.read() as session:
        return release.packs(session, session.get_one(Case, walk.case_id))


def test_an_answer_that_printed_it_is_destroyed_with_its_files_and_its_recipient_is_on_the_list(
    runtime: Runtime, record: Record
) -> None:
    other = other_parent(runtime, record, "collected", decided=[REFUSED])
    (before,) = packs(other)
    walk = challenged(runtime, record)
    erase(walk)
    (pack,) = packs(other)
    assert pack.destroyed
    assert pack.manifest_hash == before.manifest_hash
    assert "copy_destroyed" in events(other)
    with runtime.database.read() as session:
        assert release.released(session, session.get_one(Case, other.case_id)) == []
    jobs.run_all(runtime.database, runtime)
    for file_id in (before.content_file, before.pdf_file):
        with pytest.raises(SealBroken), runtime.vault.unlocked():
            runtime.files.read(before.vault_owner(), file_id)
    with runtime.database.read() as session, runtime.vault.unlocked():
        there = recipients.of_case(session, session.get_one(Case, walk.case_id))
    assert [one.copy_case_id for one in there if one.kind == "person"] == [other.case_id]


def test_a_copy_without_the_entry_stays(runtime: Runtime, record: Record) -> None:
    other = other_parent(runtime, record, "collected", about=["School"], decided=[REFUSED])
    walk = challenged(runtime, record)
    erase(walk)
    assert not packs(other)[0].destroyed
    with runtime.database.read() as session:
        assert len(release.released(session, session.get_one(Case, other.case_id))) == 1


def test_a_copy_that_is_being_made_meanwhile_is_not_kept(runtime: Runtime, record: Record) -> None:
    other = other_parent(runtime, record)
    decide(other, REFUSED)
    confirm(other)
    by = other.worker.actor
    other.act(lambda session: decision.request_decision(session, other.case_id, by=by))
    walk = challenged(runtime, record)
    erase(walk)
    builders.run_assembly(other)
    (pack,) = packs(other)
    assert (pack.state, pack.content_file) == ("void", None)


def test_an_answer_that_waits_for_approval_goes_back_and_its_draft_is_destroyed(
    runtime: Runtime, record: Record
) -> None:
    other = other_parent(runtime, record)
    answered(other, "approval", [REFUSED])
    walk = challenged(runtime, record)
    erase(walk)
    assert other.case.state == "weighing"
    (pack,) = packs(other)
    assert (pack.state, pack.content_file, pack.destroyed) == ("void", None, False)


def test_a_letter_that_told_a_body_what_it_says_is_destroyed(runtime: Runtime, record: Record) -> None:
    right = Decided("corrected", "They said so.", "x", "R-101", Value("text", CANARY + "!"))
    other = other_parent(runtime, record, decided=[right])
    decide(other, right)
    line, by = lines_of(other)[0], other.worker.actor
    other.act(lambda s: recipients.add(s, other.case_id, line.id, "The library", by=by))
    with runtime.database.read() as session, runtime.vault.unlocked():
        (notice,) = recipients.of_case(session, session.get_one(Case, other.case_id))
    letter = recipients.Addressed("The library", ("1 Lane",), "W Ashdown", "Hobby", CANARY + "!")
    other.act(
        lambda s: recipients.told(
            s, other.case_id, notice.id, version=notice.version, way="letter", words=CANARY, letter=letter, by=by
        )
    )
    jobs.run_all(runtime.database, runtime)
    assert len(letters(other)) == 1
    walk = challenged(runtime, record)
    erase(walk)
    assert letters(other) == []
    assert CANARY not in kept(runtime)
    with runtime.database.read() as session, runtime.vault.unlocked():
        rows = [row for row in session.exec(select(Letter)) if row.template == recipients.LETTER]
        assert [(row.pdf_file, vault_of(session).get(row)) for row in rows] == [(None, {"answers": {}})]


def letters(walk: Walk) -> list[Letter]:
    with walk.runtime.database.read() as session:
        there = correspondence.of_case(session, session.get_one(Case, walk.case_id), by=walk.worker.actor)
        return [one for one in there if one.template == recipients.LETTER]


def test_an_erasure_that_is_rolled_back_destroys_nothing(runtime: Runtime, record: Record) -> None:
    other = other_parent(runtime, record, "collected", decided=[REFUSED])
    walk = challenged(runtime, record)
    decide(walk, ERASED)
    (line,) = lines_of(walk)
    with pytest.raises(ZeroDivisionError), runtime.database.write() as session, runtime.vault.unlocked():
        look = looking(session, walk, by=walk.approver)
        deciding.confirm(session, walk.case_id, line.id, version=line.version, by=walk.approver.actor, looking=look)
        raise ZeroDivisionError
    jobs.run_all(runtime.database, runtime)
    (pack,) = packs(other)
    assert not pack.destroyed
    with runtime.vault.unlocked():
        assert runtime.files.read(pack.vault_owner(), pack.pdf_file)
