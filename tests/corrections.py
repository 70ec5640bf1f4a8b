"""Correction cases for tests, taken to their state by the verbs themselves."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from portal import records
from portal.cases import clocking, verbs
from portal.cases.corrections import deciding, lines, outside
from portal.cases.corrections.deciding import Pick
from portal.cases.corrections.lines import Claim, Decided, Line, Value
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, visitor
from portal.documents import decision, release
from portal.documents.answer import Decision
from portal.documents.models import StoredPack
from portal.records import OpenEntry, bodies, marks
from portal.runtime import Runtime
from tests import builders
from tests.builders import BORN, CHILD_NAME, REQUESTER, Record, Staff, Walk, make_staff, make_team, rich_child
from tests.remembered import remembered

WRONG = "The school is wrong: it is Larkfield Primary now."
RIGHT = Value("text", "Larkfield Primary School")
CORRECTED = Decided("corrected", "The school confirmed it.", "A letter of the school of this month.", "R-101", RIGHT)
NOT_HELD = Decided("not_answered_here", "", "We looked in every place.", "R-101")
REFUSED = Decided("refused", "The note says what was seen.", "The worker's diary of that day.", "R-103")


def claim(about: str = "School", **more: object) -> Claim:
    """A claim with the fields a test cares about."""
    given: dict[str, object] = {"kind": "wrong_fact", "about": about, "why": WRONG, "should_say": RIGHT}
    return Claim(**{**given, **more})  # type: ignore[arg-type]


def open_challenge(
    runtime: Runtime,
    claims: Sequence[Claim] = (),
    *,
    kind: str = "parent",
    requester: str = REQUESTER,
    email: str = "ada.lark@example.org",
    on: datetime.date | None = None,
    person_id: uuid.UUID | None = None,
) -> Case:
    """A challenge that has just come in; from somebody known already where `person_id` is given."""
    make_team(runtime)
    who = Requester(
        CHILD_NAME if kind == "self" else requester,
        email,
        address="12 Fuller Street\nNether Quill",
        safe_channels=("email",),
    )
    relationship = {"parent": "mother", "self": "self"}.get(kind, "solicitor")
    asked = Asked(who, (Subject(kind, relationship, CHILD_NAME, birth_date=BORN),))
    with runtime.database.write() as session, runtime.vault.unlocked():
        received = on or clocking.uk_today()
        some = claims or (claim(),)
        return lines.open_challenge(session, asked, some, by=visitor(), received_on=received, person_id=person_id)


def challenge_in(
    runtime: Runtime,
    state: str,
    claims: Sequence[Claim] = (),
    *,
    about: Sequence[str] = ("School",),
    kind: str = "parent",
    record: Record | None = None,
    worker: Staff | None = None,
    approver: Staff | None = None,
    shown: bool = False,
    decided: Sequence[Decided] = (),
    **who: Any,
) -> Walk:
    """A challenge in `received`, `checking`, `finding`, `weighing`, `approval`, `ready`, `collected` or
    `reconsidering`; from `weighing` on each line is matched to the entry whose label is in `about`, and disputed, and
    from `approval` on decided as `decided` says (corrected, where it says nothing)."""
    claims = tuple(claims) or tuple(claim(one) for one in about)

    def build() -> Walk:
        return _challenge_in(
            runtime,
            state,
            claims,
            about=about,
            kind=kind,
            record=record,
            worker=worker,
            approver=approver,
            shown=shown,
            decided=decided,
            **who,
        )

    key = ("challenge", state, claims, tuple(about), kind, shown, tuple(decided), tuple(sorted(who.items())))
    return build() if record or worker or approver else remembered(runtime, key, build)


def _challenge_in(
    runtime: Runtime,
    state: str,
    claims: Sequence[Claim],
    *,
    about: Sequence[str],
    kind: str,
    record: Record | None,
    worker: Staff | None,
    approver: Staff | None,
    shown: bool,
    decided: Sequence[Decided],
    **who: Any,
) -> Walk:
    case = open_challenge(runtime, claims, kind=kind, **who)
    team = make_team(runtime)
    walk = Walk(
        runtime,
        case.id,
        worker or make_staff(runtime, role="caseworker", team=team),
        approver or make_staff(runtime, role="approver", team=team, name="Ines Moor"),
        kind,
        record,
    )
    if state == "received":
        return walk
    walk.step("start_checking")
    if state == "checking":
        return walk
    walk.step("accept_identity", known_by="known")
    if kind != "self":
        walk.step("accept_authority", basis="mother", orders="None")
    walk.step("start_finding")
    if state == "finding":
        return walk
    walk.record = record or rich_child(runtime)
    attached = walk.record
    walk.act(
        lambda session: verbs.attach_record(
            session, walk.case_id, attached.child_id, attached.born, by=walk.worker.actor
        )
    )
    match_all(walk, about, shown=shown)
    walk.step("pass_check")
    if state != "weighing":
        answered(walk, state, decided)
    return walk


def answered(walk: Walk, state: str, decided: Sequence[Decided] = ()) -> None:
    """From weighing to `approval`, `ready`, `collected` or `reconsidering`."""
    for place, line in enumerate(lines_of(walk)):
        said = decided[place] if decided else CORRECTED if line.entry_id else NOT_HELD
        decide(walk, said, line=place, kept_as="mistake" if said.outcome == "kept_marked" else "")
        if lines_of(walk)[place].state == "proposed":
            confirm(walk, line=place, by=make_staff(walk.runtime, role="approver", name="Sol Fenn"))
    make_letter(walk)
    walk.step("send_to_approval")
    if state == "approval":
        return
    builders.approve(walk)
    release_letter(walk)
    if state != "ready":
        collect(walk)
    if state == "reconsidering":
        walk.step("ask_review", by=walk.requester, because="Please look at the first one again.")


def make_letter(walk: Walk, *, by: Staff | None = None, summaries: Mapping[uuid.UUID, str] | None = None) -> StoredPack:
    """Has the letter made by its job, and lets stay whatever the leak gate still finds."""
    who = (by or walk.worker).actor
    walk.act(lambda session: decision.request_decision(session, walk.case_id, by=who, summaries=summaries))
    builders.run_assembly(walk)
    return builders.let_stay(walk)


def release_letter(walk: Walk, *, by: Staff | None = None) -> None:
    """Releases the newest letter to whoever asked."""
    pack, name = builders.pack_of(walk), CHILD_NAME if walk.requester_kind == "self" else REQUESTER
    who, files = (by or walk.approver).actor, walk.runtime.files
    walk.act(
        lambda session: release.release(session, files, walk.case_id, pack.id, recipient=name, by=who, today=walk.today)
    )


def collect(walk: Walk) -> None:
    """The requester opens the newest letter."""
    pack = builders.pack_of(walk)
    walk.act(lambda session: release.collect(session, walk.case_id, pack.id, by=walk.requester))


def letter_of(walk: Walk) -> Decision:
    """What the newest letter was frozen as."""
    pack = builders.pack_of(walk)
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        found = release.opened(walk.runtime.files, session.get_one(Case, walk.case_id), pack)
    assert isinstance(found, Decision)
    return found


def match_all(walk: Walk, about: Sequence[str], *, shown: bool = False) -> None:
    """Matches the lines, in order, to the first entries with these labels; "" matches nothing."""
    for line, label in zip(lines_of(walk), about, strict=True):
        entry = entry_of(walk, label) if label else None
        tells = shown and entry is not None and entry.cls == "core"
        walk.act(
            lambda session, line=line, entry=entry, tells=tells: lines.match(  # type: ignore[misc]
                session,
                walk.case_id,
                line.id,
                entry.id if entry else None,
                version=line.version,
                shown=tells,
                reason="They hold the letter that says so." if tells else "",
                by=walk.worker.actor,
            )
        )


def looking(session: Session, walk: Walk, *, by: Staff | None = None) -> records.Looking:
    """A member of staff's right to open the attached record for this case."""
    return verbs.look_for(session.get_one(Case, walk.case_id), (by or walk.worker).actor)


def entries(walk: Walk) -> list[OpenEntry]:
    """The record as staff of the case read it."""
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        look = looking(session, walk)
        return records.read(session, look, [one.id for one in records.heads(session, look.child_id)])


def entry_of(walk: Walk, label: str) -> OpenEntry:
    """The first entry with this label."""
    return next(one for one in entries(walk) if one.label == label)


def lines_of(walk: Walk) -> list[Line]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return lines.of_case(session, session.get_one(Case, walk.case_id))


def decide(walk: Walk, said: Decided, *, line: int = 0, by: Staff | None = None, kept_as: str = "") -> None:
    """Decides one line, as the caseworker unless somebody else is named."""
    who, one = by or walk.worker, lines_of(walk)[line]
    walk.act(
        lambda session: deciding.decide(
            session,
            walk.case_id,
            [Pick(one.id, one.version)],
            said,
            kept_as=kept_as,
            by=who.actor,
            looking=looking(session, walk, by=who),
        )
    )


def confirm(walk: Walk, *, line: int = 0, by: Staff | None = None) -> None:
    """The approver confirms what is proposed of a line."""
    who, one = by or walk.approver, lines_of(walk)[line]
    walk.act(
        lambda session: deciding.confirm(
            session,
            walk.case_id,
            one.id,
            version=one.version,
            by=who.actor,
            looking=looking(session, walk, by=who),
        )
    )


def body_on_file(runtime: Runtime, name: str = "Larkfield Primary School", **more: str) -> uuid.UUID:
    """A body of the register that can be reached by e-mail and by telephone."""
    reach = bodies.Reach(name, **{"email": "office@larkfield.example.org", "phone": "07700 900456", **more})
    with runtime.database.write() as session, runtime.vault.unlocked():
        return bodies.keep(session, reach, actor="staff:test", role="administrator")


def ask_source(walk: Walk, *, line: int = 0, body: uuid.UUID | None = None, days: int = 10) -> tuple[uuid.UUID, str]:
    """Sends the question about a line to a body on file; answers the link's id and its code."""
    one, made = lines_of(walk)[line], []
    entry = next(entry for entry in entries(walk) if entry.id == one.entry_id)
    shown = outside.Shown("W Ashdown", BORN, "LA-0001", entry.label, entry.text, entry.about_on, one.claim.why)
    walk.act(
        lambda session: made.append(
            outside.send(
                session,
                walk.case_id,
                one.id,
                purpose="ask_source",
                source_id=body or body_on_file_in(session),
                way="phone",
                shown=shown,
                answer_by=walk.today + datetime.timedelta(days=days),
                by=walk.worker.actor,
            )
        )
    )
    return made[0]


def body_on_file_in(session: Session) -> uuid.UUID:
    """The same, within a transaction that is open already."""
    reach = bodies.Reach("Larkfield Primary School", "office@larkfield.example.org", "07700 900456")
    return bodies.keep(session, reach, actor="staff:test", role="administrator")


def open_marks(walk: Walk, entry_id: uuid.UUID) -> set[str]:
    """What readers of the entry see beside it."""
    assert walk.record is not None
    with walk.runtime.database.read() as session:
        return {one.kind for one in marks.open_marks(session, walk.record.child_id, [entry_id]).get(entry_id, [])}
