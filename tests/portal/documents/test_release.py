"""From a finished review to the requester's hands: what was removed is in no byte, what was approved is what leaves."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pikepdf
import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import Session, select

from portal import checking, db, jobs
from portal.cases import folding, verbs
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.documents import assembly, release, render
from portal.documents.models import StoredPack
from portal.documents.pack import Pack, from_json
from portal.people.models import OutboxMessage
from portal.review import deciding
from portal.review.models import ReviewItem
from portal.runtime import Runtime
from portal.vault import Owner
from tests import builders
from workflows.days import add_months
from workflows.table import StepRefused

HIDDEN_PEOPLE = ("Neighbour",)


def opened(runtime: Runtime, pack: StoredPack) -> Pack:
    return from_json(runtime.files.read(Owner.case(pack.case_id), pack.content_file))  # type: ignore[arg-type]


def bytes_of(runtime: Runtime, pack: StoredPack) -> bytes:
    return runtime.files.read(Owner.case(pack.case_id), pack.pdf_file)  # type: ignore[arg-type]


def every_stream(pdf: bytes) -> Iterator[bytes]:
    """All that a reader of the PDF can get at, unpacked."""
    import io

    with pikepdf.open(io.BytesIO(pdf)) as document:
        for found in document.objects:
            if isinstance(found, pikepdf.Stream):
                yield found.read_bytes()
        yield str(document.docinfo).encode()
        with document.open_outline() as outline:
            yield str(outline).encode()


def release_it(
    walk: builders.Walk,
    pack: StoredPack,
    *,
    name: str = builders.REQUESTER,
    today: datetime.date | None = None,
    part: bool = False,
) -> None:
    walk.act(
        lambda session: release.release(
            session,
            walk.runtime.files,
            walk.case_id,
            pack.id,
            recipient=name,
            by=walk.approver.actor,
            today=today or walk.today,
            part=part,
            answers={"still_to_come": "There is more."} if part else {},
        )
    )


def removed_texts(walk: builders.Walk) -> list[str]:
    """What this review took out: a confidence, a sensitive service, a neighbour's name."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        looking = builders.looking(session, walk)
        some = [one for one in deciding.items(session, case, limit=1000) if one.state == "withhold"]
        texts = [entry.text for entry in deciding.entries_of(session, looking, some)]
        hidden = [third.names[0] for third, row, _told in deciding.mentions(session, looking) if row.decision == "hide"]
    assert some
    assert hidden
    return [builders.CONFIDENCE, *texts, *hidden]


def test_what_was_removed_is_in_no_byte_of_anything_that_leaves(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "ready")
    pack = builders.pack_of(walk)
    canaries = removed_texts(walk)
    jobs.run_all(runtime.database, runtime)  # letters and mails too
    leaving = [*every_stream(bytes_of(runtime, pack)), bytes_of(runtime, pack)]
    leaving.append(runtime.files.read(Owner.case(walk.case_id), pack.content_file))  # type: ignore[arg-type]
    leaving += [path.read_bytes() for path in runtime.settings.instance.glob("mail/**/*") if path.is_file()]
    with runtime.database.read() as session:
        for table in ("job", "outbox", "log", "pack", "letter"):
            leaving.append(repr(session.execute(sa.text(f"SELECT * FROM {table}")).all()).encode())
    assert len(leaving) > 10
    for canary in canaries:
        for ways in (canary.encode(), canary.encode("utf-16-be"), canary.encode().hex().encode()):
            assert not any(ways in data for data in leaving), canary


def test_the_review_still_shows_in_the_copy_as_gaps_with_words_from_the_shared_set(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    pack = opened(runtime, builders.pack_of(walk))
    assert [entry.number for entry in pack.entries] == list(range(1, len(pack.entries) + 1))
    assert any(entry.gaps for entry in pack.entries)
    assert "EX-" not in json.dumps([str(entry) for entry in pack.entries])


def test_a_code_that_may_not_be_told_gives_the_same_copy_as_one_that_may(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    police = builders.consulted(walk, "police")
    packs = []
    for code in ("EX-TP", "EX-CR"):

        def change(session: Session, code: str = code) -> None:
            case = session.get_one(Case, walk.case_id)
            looking = builders.looking(session, walk)
            for one in deciding.items(session, case, limit=1000):
                if one.state != "redact" or not one.said.spans:
                    continue
                (entry,) = deciding.entries_of(session, looking, [one])
                spans = tuple(replace(span, code=code) for span in one.said.spans)
                said = replace(one.said, spans=spans, consultations=(police,))
                deciding.decide(
                    session, walk.case_id, one.id, said, version=one.version, text=entry.text,
                    category=entry.category, by=walk.worker.actor, today=walk.today,
                )  # fmt: skip

        walk.act(change)
        packs.append(opened(runtime, builders.assemble(walk)))
    one, two = (replace(pack, copy_number="", cut_off=packs[0].cut_off, date=packs[0].date) for pack in packs)
    assert one == two


def test_a_pack_is_released_only_to_the_name_it_was_made_for(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    pack = builders.pack_of(walk)
    with pytest.raises(StepRefused, match="not the recipient"):
        release_it(walk, pack, name="Somebody Else")
    release_it(walk, pack, name="  " + builders.REQUESTER.upper() + " ")
    assert walk.case.state == "ready"


def resting_on_an_opinion(runtime: Runtime) -> builders.Walk:
    """A case in review, all decided, whose health entries are given on the opinion of today."""
    walk = builders.case_in(runtime, "review")
    builders.consulted(walk, "health", "opinion_no_harm")
    builders.decide_all(walk)

    def give_on_the_opinion(session: Session) -> None:
        case = session.get_one(Case, walk.case_id)
        for one in deciding.items(session, case, only="give", limit=1000):
            (entry,) = deciding.entries_of(session, builders.looking(session, walk), [one])
            said = replace(one.said, already_known=False)
            read = {"version": one.version, "text": entry.text, "category": entry.category}
            deciding.decide(session, case.id, one.id, said, **read, by=walk.worker.actor, today=walk.today)

    walk.act(give_on_the_opinion)
    return walk


def test_v_90_an_opinion_that_goes_stale_meanwhile_stops_pack_approval_and_release(runtime: Runtime) -> None:
    walk = resting_on_an_opinion(runtime)
    stale = add_months(walk.today, 6)
    now = datetime.datetime.combine(stale, datetime.time(12), datetime.UTC)
    with pytest.raises(StepRefused, match="older than six months"), time_machine.travel(now):
        walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))
    builders.assemble(walk)
    walk.step("send_to_approval")
    with pytest.raises(StepRefused, match="Send this back to review, ask for an opinion"):
        builders.approve(replace(walk, today=stale))
    builders.approve(walk)
    pack = builders.pack_of(walk)
    with pytest.raises(StepRefused, match="older than six months"):
        release_it(walk, pack, today=stale)
    assert builders.pack_of(walk).state == "approved"
    release_it(walk, pack)
    assert walk.case.state == "ready"


def test_a_part_says_that_more_will_come_and_never_what(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    packs = [opened(runtime, builders.assemble(walk, more_to_come=more)) for more in (False, True)]
    assert [pack.still_to_come for pack in packs] == ["", assembly.STILL_TO_COME]
    whole, part = (replace(pack, copy_number="", cut_off=packs[0].cut_off, still_to_come="") for pack in packs)
    assert whole == part
    assert "This is all the information" in render.pack_html(packs[0], for_screen=False)
    assert "There is more to come." not in render.pack_html(packs[0], for_screen=False)
    assert "This is all the information" not in render.pack_html(packs[1], for_screen=False)
    assert "There is more to come." in render.pack_html(packs[1], for_screen=False)


@pytest.mark.parametrize(("more", "refused"), [(True, "Release it as a part"), (False, "does not say that more")])
def test_a_part_leaves_only_as_a_part_and_the_whole_only_as_the_whole(
    runtime: Runtime, more: bool, refused: str
) -> None:
    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    builders.assemble(walk, more_to_come=more)
    walk.step("send_to_approval")
    builders.approve(walk)
    pack = builders.pack_of(walk)
    with pytest.raises(StepRefused, match=refused):
        release_it(walk, pack, part=not more)
    release_it(walk, pack, part=more)
    assert walk.case.state == ("finding" if more else "ready")


def test_a_pack_whose_bytes_are_not_those_approved_does_not_leave(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    pack = builders.pack_of(walk)
    other = runtime.files.write(Owner.case(walk.case_id), bytes_of(runtime, pack) + b" ")
    walk.act(lambda session: session.execute(sa.update(StoredPack).values(pdf_file=other)))
    with pytest.raises(StepRefused, match="not the one that was approved"):
        release_it(walk, pack)
    assert walk.case.state == "approval"


def test_a_redaction_changed_after_approval_makes_it_void(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    pack = builders.pack_of(walk)
    # Not even a change that went past the review's own door can leave under the old approval.
    walk.act(lambda session: session.execute(sa.update(ReviewItem).values(version=ReviewItem.version + 1)))
    with pytest.raises(StepRefused):
        release_it(walk, pack)


def test_sending_it_back_voids_the_approval_and_a_new_pack_needs_a_new_one(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    walk.step("send_back", reason="One more look")
    with pytest.raises(StepRefused):
        walk.step("send_to_approval")
    builders.assemble(walk)
    walk.step("send_to_approval")
    with pytest.raises(StepRefused):
        release_it(walk, builders.pack_of(walk))
    builders.approve(walk)
    release_it(walk, builders.pack_of(walk))
    assert walk.case.state == "ready"


def test_an_eighteenth_birthday_overnight_stops_release_and_every_later_download(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    birthday = builders.BORN.replace(year=builders.BORN.year + 18)
    with pytest.raises(StepRefused):
        release_it(walk, builders.pack_of(walk), today=birthday)
    release_it(walk, builders.pack_of(walk))
    with runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        assert len(release.released(session, case)) == 1
        assert release.released(session, case, today=birthday) == []


def test_a_new_order_voids_an_approval_and_a_routine_import_does_not(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    builders.rich_child(runtime, notes=9)  # the same child again, with more notes
    walk.step("confirm_again", by=walk.approver, orders=True, shield=True, moves=True, lives_with=True)
    with runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        assert {
            one.step.name: one.refused
            for one in verbs.offered(session, case, _events(session, case), by=walk.approver.actor, today=walk.today)
        }["release"] is None
    walk.step("new_order", order="A prohibited steps order")
    assert walk.case.state == "checking"
    with pytest.raises(StepRefused):
        release_it(walk, builders.pack_of(walk))


def test_nobody_lets_a_shielded_string_stay_and_only_an_approver_a_long_passage(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    pack = StoredPack(
        case_id=walk.case_id,
        number=1,
        copy_number="COP-7K3M-92QX",
        recipient_id=walk.case.requester_id,
        state="assembled",
        cut_off=db.now(),
        sealed=b"",
    )
    leaks = [
        {"needle": "4 Lock Cottages", "rule": "NEVER", "absolute": True},
        {"needle": "wording of many records", "rule": "BOILERPLATE", "absolute": False},
        {"needle": "Ashdown", "rule": "STAYS", "absolute": False},
    ]
    runtime.vault.put(pack, {"leaks": leaks})
    walk.act(lambda session: session.add(pack))

    def allow(session: Session, needle: str, by: builders.Staff, version: int = 1) -> None:
        said = {"version": version, "by": by.actor, "boilerplate": True}
        release.allow(session, pack.id, needle, "It stands elsewhere.", **said)

    for who in (walk.worker, walk.approver):
        with pytest.raises(StepRefused, match="protected by a shield"):
            walk.act(lambda session, who=who: allow(session, "4 Lock Cottages", who))
    with pytest.raises(StepRefused, match="Only an approver"):
        walk.act(lambda session: allow(session, "wording of many records", walk.worker))
    walk.act(lambda session: allow(session, "wording of many records", walk.approver))
    with runtime.database.read() as session:
        assert release.open_leaks(release.findings(session, builders.pack_of(walk))) == 2
    helper = builders.make_staff(runtime)
    walk.act(lambda session: allow(session, "Ashdown", helper, version=2))
    with runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        prepared = folding.fold(case.kind, _events(session, case))["prepared_by"]
    assert str(helper.actor) in prepared  # and is not who approves it
    assert str(walk.approver.actor) not in prepared


def test_a_childs_new_answer_voids_an_approval(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    walk.step("child_answer_changed", answer="no")
    assert walk.case.state == "checking"
    with pytest.raises(StepRefused):
        release_it(walk, builders.pack_of(walk))


def _events(session: Session, case: Case):
    from portal.cases import ledger

    return ledger.history(session, case)


def test_the_requester_reads_and_downloads_and_each_opening_is_in_the_log(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "ready")
    pack, who = builders.pack_of(walk), walk.requester
    with runtime.database.read() as session, pytest.raises(StepRefused, match="Open your copy first"):
        release.pdf(session, runtime.files, session.get_one(Case, walk.case_id), pack, by=who)
    walk.act(lambda session: release.collect(session, walk.case_id, pack.id, by=who))
    with runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        first = release.pdf(session, runtime.files, case, pack, by=who)
        second = release.pdf(session, runtime.files, case, pack, by=who)
        assert first == second
        assert release.reading(session, runtime.files, case, pack, by=who) == opened(runtime, pack)
    with runtime.database.read() as session:
        acts = session.scalars(sa.text("SELECT act FROM log WHERE act IN ('download_pack', 'read_pack')")).all()
        assert sorted(acts) == ["download_pack", "download_pack", "read_pack"]
        assert session.get_one(Case, walk.case_id).state == "collected"


def test_twenty_openings_at_once_collect_the_copy_once(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "ready")
    pack, who, faults = builders.pack_of(walk), walk.requester, []

    def fetch() -> None:
        try:
            walk.act(lambda session: release.collect(session, walk.case_id, pack.id, by=who))
        except Exception as fault:  # whatever it is, the test must see it
            faults.append(fault)

    threads = [threading.Thread(target=fetch) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with runtime.database.read() as session:
        collected = session.scalar(sa.text("SELECT count(*) FROM event WHERE name = 'collect'"))
        assert collected == 1


def test_another_requester_cannot_open_it(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "ready")
    other = builders.open_case(runtime, email="other@example.org", requester="Other Person")
    from portal.cases.actors import Actor

    with runtime.database.read() as session, pytest.raises(CaseNotFound):
        case = session.get_one(Case, walk.case_id)
        release.pdf(session, runtime.files, case, builders.pack_of(walk), by=Actor.requester(other.requester_id))
    with pytest.raises(CaseNotFound):
        walk.act(
            lambda session: release.collect(
                session, walk.case_id, builders.pack_of(walk).id, by=Actor.requester(other.requester_id)
            )
        )
    assert walk.case.state == "ready"


def test_a_stopped_release_closes_every_way_to_the_copy(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "collected")
    walk.step("stop_release", reason="It reached us that the mailbox is shared")
    with runtime.database.read() as session, pytest.raises(StepRefused):
        case = session.get_one(Case, walk.case_id)
        release.pdf(session, runtime.files, case, builders.pack_of(walk), by=walk.requester)


def test_a_worker_killed_after_the_files_leaves_an_orphan_and_no_half_pack(runtime: Runtime, monkeypatch) -> None:
    from portal.documents import assembly

    class Killed(BaseException):
        pass

    def die(*_arguments: object, **_named: object) -> None:
        raise Killed

    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))
    with monkeypatch.context() as patch:
        patch.setattr(assembly, "keep", die)
        with pytest.raises(Killed):
            jobs.run_all(runtime.database, runtime)
    assert builders.pack_of(walk).state == "assembling"
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + 2 * jobs.LEASE, tick=True):
        jobs.run_all(runtime.database, runtime, worker="another")
    assert builders.pack_of(walk).state == "assembled"
    assert list(checking.faults(runtime)) == []


def test_the_requester_is_told_in_neutral_words(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "ready")
    jobs.run_all(runtime.database, runtime)
    mails = [path.read_text(errors="replace") for path in runtime.settings.instance.glob("mail/**/*.eml")]
    assert mails
    for mail in mails:
        for word in (builders.CHILD_NAME, "Lark", "Council", "council", "child"):
            assert word not in mail.split("\n\n", 1)[1], word
    with runtime.database.read() as session:
        assert {row.state for row in session.exec(select(OutboxMessage)).all()} == {"sent"}
        assert walk.case.state == "ready"


def test_a_pack_that_cannot_be_made_as_things_stand_says_so_and_is_not_tried_again(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=walk.worker.actor))
    walk.step("back_to_checking", again="identity", reason="A doubt")  # before the worker came to it
    jobs.run_all(runtime.database, runtime)
    assert builders.pack_of(walk).state == "failed"
    with runtime.database.read() as session:
        assert session.scalar(sa.text("SELECT state FROM job WHERE kind = 'assemble_pack'")) == "done"
