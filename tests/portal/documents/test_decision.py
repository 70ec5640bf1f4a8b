"""The letter that answers a challenge: what may be told is told, and nothing else is in any byte of it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
from pdfua.validator import validate

from portal import jobs
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.corrections import adding, lines, recipients
from portal.cases.corrections.lines import Claim, Decided, Value
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.documents import decision, holders, release, render
from portal.documents.answer import DecidedLine, Decision
from portal.documents.models import StoredPack
from portal.documents.pack import Text, Words
from portal.runtime import Runtime
from portal.vault import Owner
from tests import builders, corrections
from tests.builders import Walk
from tests.corrections import CORRECTED, NOT_HELD, REFUSED, challenge_in, claim
from tests.portal.documents.reading import all_bytes
from workflows.table import StepRefused

HOME = "4 Lock Cottages"
PRIVATE_SCHOOL = "Kiln Lane Primary School"
LABELLED = Decided("opinion_labelled", "It reads like a fact.", "The teacher's own file.", "opinion", words="A teacher")


def text_of(words: Words) -> str:
    return "".join(part.text if isinstance(part, Text) else "[gap]" for part in words)


def line(made: Decision, number: int = 1) -> DecidedLine:
    return next(one for one in made.lines if one.number == number)


def everything_leaving(walk: Walk) -> list[bytes]:
    """The letter in all its forms, every letter and mail that was made, and what the database holds in the clear."""
    runtime, pack = walk.runtime, builders.pack_of(walk)
    jobs.run_all(runtime.database, runtime)
    owner = Owner.case(walk.case_id)
    pdf = runtime.files.read(owner, pack.pdf_file)  # type: ignore[arg-type]
    content = runtime.files.read(owner, pack.content_file)  # type: ignore[arg-type]
    found = [all_bytes(pdf), content, render.decision_html(corrections.letter_of(walk), for_screen=True).encode()]
    found += [path.read_bytes() for path in runtime.settings.instance.glob("mail/**/*") if path.is_file()]
    with runtime.database.read() as session:
        for table in ("job", "outbox", "log", "pack", "letter"):
            found.append(repr(session.execute(sa.text(f"SELECT * FROM {table}")).all()).encode())
    return found


def in_copy(runtime: Runtime, label: str, wanted: Value | None = None) -> Claim:
    """A claim about an entry as a copy that its requester was given printed it."""
    walk = builders.case_in(runtime, "collected")
    pack = builders.pack_of(walk)
    with runtime.database.read() as session, runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        content = release.reading(session, runtime.files, case, pack, by=walk.requester)
        entry = next(one for one in content.entries if text_of(one.label) == label)
        pinned = release.pinned(session, case, pack, entry.number)
    return claim(
        label,
        should_say=wanted or Value(),
        why="It is not so.",
        reads=text_of(entry.value),
        number=entry.number,
        copy_number=pack.copy_number,
        pinned=pinned,
        source=text_of(entry.source),
    )


def answer_to(runtime: Runtime, said: Claim, decided: Decided) -> Decision:
    """The letter about one line that the requester's own copy printed."""
    walk = challenge_in(runtime, "finding", (said,))
    assert said.pinned is not None
    held = said.pinned
    walk.record = builders.Record(held.child_id, builders.CHILD_NAME, builders.BORN, "LA-0001")
    by = walk.worker.actor
    walk.act(lambda session: verbs.attach_record(session, walk.case_id, held.child_id, builders.BORN, by=by))
    (one,) = corrections.lines_of(walk)
    walk.act(
        lambda session: lines.match(
            session, walk.case_id, one.id, held.entry_id, version=one.version, shown=True, by=by
        )
    )
    walk.step("pass_check")
    corrections.answered(walk, "approval", (decided,))
    return corrections.letter_of(walk)


# What a line says


def test_a_line_that_may_be_told_says_before_after_and_why(runtime: Runtime) -> None:
    right = Value("text", "Early support team")
    said = Decided("corrected", "The team has another name.", "Its own page.", "inaccurate", right)
    walk = challenge_in(runtime, "approval", about=("Someone else holds information too",), shown=True, decided=(said,))
    told = line(corrections.letter_of(walk))
    assert told.answer == "You were right. We put it right."
    assert text_of(told.before) == "Early help team"
    assert [text_of(one.value) for one in told.now] == ["Early support team"]
    assert told.reasons == "The team has another name."
    assert told.rule == "Articles 5(1)(d) and 16: what is not accurate is put right"
    assert told.disputed


def test_what_stays_as_it_is_says_why_and_all_that_can_be_done(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "approval", about=("Reading",), shown=True, decided=(REFUSED,))
    made = corrections.letter_of(walk)
    assert line(made).reasons == REFUSED.reasons
    assert (made.may_state, made.may_ask_again) == ((1,), True)
    html = render.decision_html(made, for_screen=True)
    for words in ("write a statement", "look again", "complain to us first", "regulator", "court"):
        assert words in html


def test_a_line_of_which_nothing_is_held_reads_like_one_that_may_not_be_told(runtime: Runtime) -> None:
    """Whatever was decided there, and whatever was put right in the record."""
    walk = challenge_in(
        runtime,
        "approval",
        (claim("A"), claim("B"), claim("C")),
        about=("School", "", "A service that helps"),
        decided=(CORRECTED, NOT_HELD, Decided("refused", "A reason nobody reads.", "Weighed.", "accurate")),
    )
    first, second, third = (replace(one, number=0, about="") for one in corrections.letter_of(walk).lines)
    assert first == second == third
    assert "A reason nobody reads" not in repr(third)


def test_what_was_not_told_is_in_no_byte_of_anything_that_leaves(runtime: Runtime) -> None:
    own = claim("Where we live", should_say=Value("text", "12 Fuller Street"), why="We moved.")
    walk = challenge_in(
        runtime,
        "ready",
        (own, claim("Reading", kind="opinion_not_marked")),
        about=("Where the child lives", "Reading"),
        shown=True,
        decided=(Decided("refused", "We asked. It is right.", "The tenancy.", "accurate"), LABELLED),
    )
    leaving = everything_leaving(walk)
    assert len(leaving) > 6
    for canary in (HOME, PRIVATE_SCHOOL, "Millrace Surgery", "Lantern House", "It is right.", "Thistlewood"):
        for ways in (canary.encode(), canary.encode("utf-16-be"), canary.encode().hex().encode()):
            assert not any(ways in data for data in leaving), canary


@pytest.mark.parametrize("where", ["reasons", "words"])
def test_a_place_in_words_of_staff_stops_the_letter_whatever_anybody_says(runtime: Runtime, where: str) -> None:
    said = replace(LABELLED, **{where: f"Somebody at {HOME} said so."})
    walk = challenge_in(runtime, "weighing", about=("Reading",), shown=True)
    corrections.decide(walk, said)
    walk.act(lambda session: decision.request_decision(session, walk.case_id, by=walk.worker.actor))
    builders.run_assembly(walk)
    pack = builders.pack_of(walk)
    with runtime.database.read() as session:
        (leak,) = [one for one in release.findings(session, pack)["leaks"] if one["absolute"]]
    assert HOME in leak["needle"]
    with pytest.raises(StepRefused, match="shield"):
        walk.act(
            lambda session: release.allow(
                session, pack.id, leak["needle"], "It may.", version=pack.version, by=walk.worker.actor
            )
        )
    with pytest.raises(StepRefused):
        walk.step("send_to_approval")


def test_what_somebody_wrote_themselves_can_be_repeated_to_them(runtime: Runtime) -> None:
    """They know it: to leave it out would tell them that it is right."""
    own = claim("Our home", should_say=Value("text", f"{HOME}, Nether Quill, ZZ99 3WZ"), why="Is it not there?")
    decided = Decided("refused", "There is a reason.", "Weighed.", "accurate")
    walk = challenge_in(runtime, "approval", (own,), about=("Where the child lives",), decided=(decided,))
    with runtime.database.read() as session:
        assert release.findings(session, builders.pack_of(walk))["leaks"] == []
    assert HOME in line(corrections.letter_of(walk)).wanted


def test_a_note_that_names_others_is_never_printed_without_the_review_of_a_copy(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "approval", about=("Note",), shown=True, decided=(REFUSED,))
    assert line(corrections.letter_of(walk)).before == ()
    assert "Thistlewood" not in render.decision_html(corrections.letter_of(walk), for_screen=False)


def test_an_entry_of_a_copy_reads_as_the_copy_printed_it_with_its_gaps(runtime: Runtime) -> None:
    said = in_copy(runtime, "Note")
    told = line(answer_to(runtime, said, REFUSED))
    assert text_of(told.before) == said.reads
    assert builders.NEIGHBOUR not in text_of(told.before)


def test_a_challenge_is_no_way_round_a_redaction(runtime: Runtime) -> None:
    """What the review of the copy took out is taken out of the entry as it reads now."""
    said = in_copy(runtime, "Note")
    new = f"{builders.NEIGHBOUR} rang. The child was seen by the canal once."
    made = answer_to(
        runtime, said, Decided("corrected", "It was once.", "The diary.", "inaccurate", Value("text", new))
    )
    (now,) = line(made).now
    assert text_of(now.value) == "[gap] rang. The child was seen by the canal once."


def test_where_a_family_is_now_is_not_learned_by_calling_the_old_place_wrong(runtime: Runtime) -> None:
    said = in_copy(runtime, "School", Value("text", "Larkfield Primary School"))
    other = Decided("corrected", "It is another one.", "Asked.", "inaccurate", Value("text", "Harbour View School"))
    made = answer_to(runtime, said, other)
    assert text_of(line(made).before) == PRIVATE_SCHOOL
    assert line(made).now == ()
    assert "Harbour View" not in render.decision_html(made, for_screen=True)


def test_whoever_said_the_right_place_is_told_that_it_stands_there_now(runtime: Runtime) -> None:
    made = answer_to(runtime, in_copy(runtime, "School", CORRECTED.says), CORRECTED)
    assert [text_of(one.value) for one in line(made).now] == ["Larkfield Primary School"]


def test_what_is_deleted_is_not_written_down_again(runtime: Runtime) -> None:
    said = in_copy(runtime, "Someone else holds information too")
    gone = Decided("erased", "There is no reason to keep it.", "Nobody needs it.", "not_needed")
    with runtime.database.write() as session:
        session.execute(sa.update(Case).values(closed_at=sa.func.now()))  # nobody waits for a copy any more
    told = line(answer_to(runtime, said, gone))
    assert (told.before, told.now) == ((), ())


def test_a_child_reads_words_for_a_child(runtime: Runtime) -> None:
    said = replace(REFUSED, child_words="We kept it. Ask us if you want to talk about it.")
    for kind, words in (("self", said.child_words), ("parent", "")):
        record = builders.rich_child(runtime, local_id=f"LA-{kind}")
        walk = challenge_in(
            runtime, "approval", about=("Reading",), shown=True, decided=(said,), kind=kind, record=record,
            email=f"{kind}@example.org",
        )  # fmt: skip
        assert line(corrections.letter_of(walk)).child_words == words


def test_the_answer_of_a_body_is_told_in_fixed_words_or_in_the_caseworkers(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=("Reading",), shown=True)
    corrections.ask_source(walk)
    walk.act(lambda session: session.execute(sa.text("UPDATE outside_link SET state = 'silent'")))
    corrections.decide(walk, LABELLED)
    corrections.make_letter(walk)
    assert line(corrections.letter_of(walk)).asked == ("We asked where it came from. We did not get an answer.",)
    (one,) = corrections.lines_of(walk)
    corrections.make_letter(walk, summaries={one.id: "The school did not find its file."})
    assert line(corrections.letter_of(walk)).asked == ("The school did not find its file.",)


def test_only_names_that_were_released_to_the_family_say_who_was_told(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=("Reading",), shown=True)
    corrections.decide(walk, LABELLED)
    (one,) = corrections.lines_of(walk)
    by = walk.worker.actor
    for body in ("Harbour Clinic", "Quay Club"):
        walk.act(lambda session, body=body: recipients.add(session, walk.case_id, one.id, body, by=by))  # type: ignore[misc]

    def tell(session) -> None:  # type: ignore[no-untyped-def]
        case = session.get_one(Case, walk.case_id)
        added = [notice for notice in recipients.of_case(session, case) if notice.who]
        for notice in added:
            recipients.told(
                session, case.id, notice.id, version=notice.version, way="phone", words="It was put right.", by=by
            )
        recipients.review_names(session, case.id, {added[0].id: "Harbour Clinic"}, by=by)

    walk.act(tell)
    corrections.make_letter(walk)
    made = corrections.letter_of(walk)
    assert line(made).informed == ("Harbour Clinic",)
    assert "Quay Club" not in render.decision_html(made, for_screen=True)


# Asked for, approved, released, read


def test_no_letter_while_a_line_is_open(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=("Reading", "Note"), shown=True)
    corrections.decide(walk, LABELLED)
    with pytest.raises(StepRefused, match="not decided"):
        corrections.make_letter(walk)
    corrections.decide(walk, REFUSED, line=1)
    with pytest.raises(StepRefused, match="second person"):
        corrections.make_letter(walk)


def test_two_people_and_exactly_these_bytes(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "approval", about=("Reading",), shown=True, decided=(LABELLED,))
    with pytest.raises(StepRefused):
        builders.approve(replace(walk, approver=walk.worker))
    pack = builders.pack_of(walk)
    with pytest.raises(LostRace):
        walk.act(
            lambda session: release.approve(
                session, walk.case_id, pack.id, manifest_hash="0" * 64, answers={}, by=walk.approver.actor,
                today=walk.today,
            )
        )  # fmt: skip
    builders.approve(walk)
    other = runtime.files.write(Owner.case(walk.case_id), b"something else")
    walk.act(lambda session: session.execute(sa.update(StoredPack).values(pdf_file=other)))
    with pytest.raises(StepRefused, match="not the one that was approved"):
        corrections.release_letter(walk)
    assert walk.case.state == "approval"


def test_words_added_after_the_letter_was_made_stop_it(runtime: Runtime) -> None:

    walk = challenge_in(runtime, "approval", about=("Reading",), shown=True, decided=(LABELLED,))
    (one,) = corrections.lines_of(walk)
    walk.act(lambda session: adding.add_words(session, walk.case_id, one.id, "One thing more.", by=walk.requester))
    with pytest.raises(StepRefused):
        builders.approve(walk)


def test_a_letter_is_stopped_by_a_correction_of_the_same_entry_in_another_case(runtime: Runtime) -> None:
    """Nothing goes out that says what a correction has replaced."""
    walk = challenge_in(runtime, "approval", about=("Reading",), shown=True, decided=(LABELLED,))
    other = challenge_in(
        runtime, "weighing", about=("Reading",), shown=True, record=walk.record, email="ben@example.org"
    )
    corrections.decide(other, replace(CORRECTED, says=Value("text", "Just as usual at this age.")))
    with pytest.raises(StepRefused):
        builders.approve(walk)


def test_the_requester_reads_it_once_it_is_opened_and_nobody_else_does(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "ready", about=("Reading",), shown=True, decided=(LABELLED,))
    pack = builders.pack_of(walk)

    def read(by: Actor) -> Decision:
        with runtime.database.read() as session, runtime.vault.unlocked():
            case = session.get_one(Case, walk.case_id)
            return decision.reading(session, runtime.files, case, pack, by=by)

    with pytest.raises(StepRefused, match="first"):
        read(walk.requester)
    corrections.collect(walk)
    assert read(walk.requester) == corrections.letter_of(walk)
    assert walk.case.state == "collected"
    with pytest.raises(CaseNotFound):
        read(Actor.requester(walk.case_id))
    with runtime.database.read() as session, runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        pdf = release.pdf(session, runtime.files, case, pack, by=walk.requester)
        with pytest.raises(CaseNotFound):  # it is no copy of a record
            release.reading(session, runtime.files, case, pack, by=walk.requester)
        assert release.pinned(session, case, pack, 1) is None
    assert pdf == runtime.files.read(Owner.case(walk.case_id), pack.pdf_file)  # type: ignore[arg-type]


def test_a_second_answer_is_made_by_somebody_new_and_the_first_stays_readable_meanwhile(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "reconsidering", about=("Reading",), shown=True, decided=(REFUSED,))
    first = builders.pack_of(walk)
    new = replace(
        walk,
        worker=builders.make_staff(runtime, name="Noa Quist"),
        approver=builders.make_staff(runtime, role="approver", name="Ira Penn"),
    )
    with pytest.raises(StepRefused, match="involved"):
        corrections.decide(walk, LABELLED)
    corrections.decide(new, LABELLED)
    with pytest.raises(StepRefused, match="involved"):
        corrections.make_letter(walk)
    corrections.make_letter(new)
    new.step("send_to_approval_again")
    with runtime.database.read() as session, runtime.vault.unlocked():
        there = release.released(session, session.get_one(Case, walk.case_id))
    assert [pack.id for pack in there] == [first.id]
    with pytest.raises(StepRefused, match="involved"):
        builders.approve(walk)
    builders.approve(new)
    corrections.release_letter(new)
    made = corrections.letter_of(new)
    assert made.again
    assert not made.may_ask_again
    assert walk.case.state == "ready"


def test_a_pack_made_before_a_correction_does_not_leave_after_it(runtime: Runtime) -> None:
    record = builders.rich_child(runtime)
    copy = builders.case_in(runtime, "approval", record=record)
    builders.approve(copy)
    walk = challenge_in(runtime, "weighing", about=("Reading",), shown=True, record=record, email="ben@example.org")
    corrections.decide(walk, replace(CORRECTED, says=Value("text", "Just as usual at this age.")))
    assert copy.case.state == "review"
    pack = builders.pack_of(copy)
    with pytest.raises(StepRefused):
        copy.act(
            lambda session: release.release(
                session, runtime.files, copy.case_id, pack.id, recipient=builders.REQUESTER, by=copy.approver.actor,
                today=copy.today,
            )
        )  # fmt: skip


def test_whoever_holds_a_released_copy_of_an_entry_is_found(runtime: Runtime) -> None:
    record = builders.rich_child(runtime)
    copy = builders.case_in(runtime, "collected", record=record)
    walk = challenge_in(
        runtime, "ready", about=("Reading",), shown=True, record=record, email="ben@example.org", decided=(LABELLED,)
    )
    with runtime.database.read() as session:
        at = corrections.lines_of(walk)[0].entry_id
        assert at is not None
        found = holders.holders(session, record.child_id, at)
        assert found == [(copy.case_id, copy.case.requester_id), (walk.case_id, walk.case.requester_id)]
        assert holders.holders(session, walk.case_id, at) == []


# The letter itself


def test_the_letter_is_accessible_and_the_same_every_time(runtime: Runtime, tmp_path: Path) -> None:
    walk = challenge_in(
        runtime, "approval", (claim("Reading", restrict=True), claim("Note")), about=("Reading", ""), shown=True,
        decided=(LABELLED, NOT_HELD),
    )  # fmt: skip
    made = corrections.letter_of(walk)
    pdf = render.pdf(render.decision_html(made, for_screen=False))
    assert pdf == runtime.files.read(Owner.case(walk.case_id), builders.pack_of(walk).pdf_file)  # type: ignore[arg-type]
    (tmp_path / "answer.pdf").write_bytes(pdf)
    assert not validate(tmp_path / "answer.pdf").findings
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.docinfo["/Title"]) == f"Document {made.copy_number}"
    assert "That ends when you have opened this answer" in render.decision_html(made, for_screen=True)
