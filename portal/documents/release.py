"""Packs from assembly to the requester's hands: the only way by which anything is given out.

An approval is bound to one manifest hash; a pack whose review, authority or contents changed since is void. Every
opening and download is logged before it is shown."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, jobs, records
from portal.audit import Act
from portal.cases import clocking, folding, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections.lines import KIND, Pinned
from portal.cases.facts import facts_of, provides
from portal.cases.ledger import CaseNotFound, Happened, LostRace
from portal.cases.models import Case
from portal.cases.references import new_reference
from portal.documents import answer, answering, availability, information
from portal.documents import pack as packs_of_data
from portal.documents.answer import Decision
from portal.documents.leak_gate import Rule
from portal.documents.models import StoredPack
from portal.documents.pack import Pack
from portal.people import contact
from portal.people.models import Person
from portal.review import deciding
from portal.vault import Owner, SealBroken, vault_of
from portal.vault.files import FileStore
from workflows import guards
from workflows.facts import PackState
from workflows.table import Answers, Role, StepRefused
from workflows.words import mark as _

LIVE = ("assembling", "assembled", "approved")
APPROVALS = ("approval", "approval_again")
_GONE = _("This copy cannot be read here any more. You can have a new one. It is free: write to us and ask for it.")
_SAYS_ALL = _("This copy does not say that more will come. Send it back, and put together one that says so.")
_SAYS_MORE = _("This copy says that more will come. Release it as a part, or put together one that does not say so.")
_BEARS = _("This bears an address that may not be used any more. Send it back, and put together a new one.")


def request_pack(session: Session, case_id: uuid.UUID, *, by: Actor, more_to_come: bool = False) -> StoredPack:
    """Asks for a new assembly of the case's review; earlier ones that were not released become void.

    With `more_to_come` the copy says so, and can only be released as a part."""
    case = ledger.locked(session, case_id)
    if case.state != "review":
        raise StepRefused(_("This case is not in review. A pack is put together from a finished review."))
    events = ledger.history(session, case)
    facts = facts_of(session, case, events, actor=by, today=clocking.uk_today())
    if reason := guards.review_complete(facts):
        raise StepRefused(reason)
    if deciding.missing(session, case):
        raise StepRefused(_("Something in the record is new or has changed. Bring it into the review first."))
    if fault := deciding.lapsed(session, case, facts.today):
        raise StepRefused(fault)
    return prepare(session, case, "copy", "assemble_pack", by=by, more_to_come=more_to_come)


def prepare(session: Session, case: Case, content: str, job: str, *, by: Actor, **told: Any) -> StoredPack:
    """Enters a new assembly of the case, makes void what was not released, and queues its job. `told` is kept sealed
    with the digest of what it rests on. Whether it may be asked for is the caller's to check."""
    earlier = _of_case(session, case.id)
    for old in earlier:
        if old.state in LIVE:
            _void(session, old, "replaced by a newer assembly")
    pack = StoredPack(
        case_id=case.id,
        number=len(earlier) + 1,
        content=content,
        copy_number=new_reference("COP"),
        recipient_id=case.requester,
        state="assembling",
        cut_off=db.now(),
        sealed=b"",
        prepared_by=by.id,
    )
    vault_of(session).put(pack, {"digest": digest(session, case), **told})
    session.add(pack)
    session.flush()
    args = {
        "case": case.id.hex,
        "pack": pack.id.hex,
        "staff": by.id.hex if by.id else "",
        "team": by.team_id.hex if by.team_id else "",
    }
    jobs.enqueue(session, job, f"assemble:{pack.id.hex}", args)
    ledger.append(session, case, "pack_requested", by=by, on_date=clocking.uk_today(), answers={"pack": pack.id.hex})
    audit.append(session, verbs.act(case, by, "pack_requested"))
    return pack


def digest(session: Session, case: Case) -> str:
    """One hash over all that a copy or an answer rests on: the review, or the decided lines."""
    return answering.digest(session, case) if case.kind == KIND else deciding.digest(session, case.id)


def packs(session: Session, case: Case) -> list[StoredPack]:
    """All assemblies of the case, newest first."""
    return list(reversed(_of_case(session, case.id)))


def current(session: Session, case: Case) -> StoredPack | None:
    """The newest assembly that is neither void nor failed nor released, or None."""
    return next((pack for pack in packs(session, case) if pack.state in LIVE), None)


def released(session: Session, case: Case, *, today: datetime.date | None = None) -> list[StoredPack]:
    """Packs the requester may open now: released, not recalled since, still lawful today (birthday, authority), and not
    destroyed because something in them was erased."""
    there = [pack for pack in _of_case(session, case.id) if pack.released_at is not None and not pack.destroyed]
    if not there:
        return []
    events = ledger.history(session, case)
    recalled = folding.recalled_at(events, case.kind)
    facts = facts_of(session, case, events, actor=Actor.system(), today=today or clocking.uk_today())
    if guards.may_be_told(facts) is not None:
        return []
    return [pack for pack in there if recalled is None or (pack.released_at and pack.released_at > recalled)]


def destroyed(session: Session, case: Case) -> bool:
    """Whether a copy that the requester was given is gone for good, so that a new one is offered."""
    return any(pack.destroyed for pack in _of_case(session, case.id))


def findings(session: Session, pack: StoredPack) -> dict[str, Any]:
    """What the leak gate found and what was allowed to stay: {"leaks": [...], "allowed": {...}, "manifest": {...}}."""
    return vault_of(session).get(pack)


def allow(
    session: Session,
    pack_id: uuid.UUID,
    needle: str,
    reason: str,
    *,
    version: int,
    by: Actor,
    boilerplate: bool = False,
) -> None:
    """Lets a found string stay, with the reason the approver will see; a shielded string can never stay, and a long
    passage only as `boilerplate` (security.md section 7)."""
    pack = _locked(session, pack_id)
    if pack.version != version:
        raise LostRace
    if pack.state != "assembled":
        raise StepRefused(_("This pack is not waiting for a decision any more."))
    told = vault_of(session).get(pack)
    leak = next((leak for leak in told.get("leaks", []) if leak["needle"] == needle), None)
    if leak is None:
        raise StepRefused(_("This was not found in the pack."))
    if leak.get("absolute"):
        raise StepRefused(_("This is protected by a shield. It has to go: take it out in the review."))
    long = leak["rule"] == Rule.BOILERPLATE.name
    if long and not (boilerplate and by.role is Role.APPROVER):
        raise StepRefused(_("This is a long passage. Only an approver can clear it, as wording of many records."))
    if not reason.strip():
        raise StepRefused(_("Say why it stays."), need="reason")
    told["allowed"] = {**told.get("allowed", {}), needle: {"reason": reason, "by": str(by), "boilerplate": boilerplate}}
    vault_of(session).put(pack, told)
    pack.version += 1
    session.add(pack)
    # Whoever lets something stay has prepared the copy; whoever clears boilerplate approves (security.md section 7).
    what = "boilerplate_cleared" if long else "leak_allowed"
    case = ledger.locked(session, pack.case_id)
    ledger.append(session, case, what, by=by, on_date=clocking.uk_today(), answers={"pack": pack.id.hex})
    audit.append(session, _act(session, pack, by, what))


def open_leaks(told: dict[str, Any], *, by_approver: bool = True) -> int:
    """How many findings still have to go or be given a reason; without those that only an approver can clear."""
    allowed = told.get("allowed", {})
    left = [leak for leak in told.get("leaks", []) if leak["needle"] not in allowed]
    return sum(1 for leak in left if by_approver or leak["rule"] != Rule.BOILERPLATE.name)


def preview(session: Session, files: FileStore, case: Case, pack: StoredPack, *, by: Actor) -> Pack | Decision:
    """The frozen pack or decision as the family will see it, for the caseworker and the approver; logged."""
    _check_preview(session, case, pack, pack.content_file)
    audit.before_showing(session, _act(session, pack, by, "preview_pack"))
    return opened(files, case, pack)


def preview_pdf(session: Session, files: FileStore, case: Case, pack: StoredPack, *, by: Actor) -> bytes:
    """The pack's PDF for staff; logged."""
    _check_preview(session, case, pack, pack.pdf_file)
    audit.before_showing(session, _act(session, pack, by, "preview_pdf"))
    return _stored(files, case, pack.pdf_file)


def _check_preview(session: Session, case: Case, pack: StoredPack, file_id: uuid.UUID | None) -> None:
    """Staff see a pack of an open case whose record is attached still, and no other; and an answer in which nothing of
    a record stands, because none is held."""
    if pack.case_id == case.id and pack.destroyed:
        raise StepRefused(_("Something in this copy was erased, so it was destroyed. That it was given stays here."))
    if pack.case_id != case.id or file_id is None:
        raise CaseNotFound
    needs_record = pack.content == "copy" or bool(vault_of(session).get(pack).get("holds"))
    if case.closed_at is not None or (case.child_id is None and needs_record):
        raise StepRefused(_("This case is closed or its record was taken off, so its copies cannot be opened here."))
    if pack.released_at is None and _replaced_since(session, case, pack):
        raise StepRefused(
            _("Something in this copy was corrected after it was made, so it is not shown. Put together a new one.")
        )


def _replaced_since(session: Session, case: Case, pack: StoredPack) -> bool:
    """Whether a copy that nobody was given prints what a correction replaced. An answer says on purpose what an entry
    said before."""
    if pack.content != "copy" or case.child_id is None:
        return False
    printed = {one.entry_id: one.version_id for one, _kind in numbered(session, case, pack).values()}
    return bool(printed) and bool(records.overtaken(session, case.child_id, printed))


def approve(
    session: Session,
    case_id: uuid.UUID,
    pack_id: uuid.UUID,
    *,
    manifest_hash: str,
    answers: Answers,
    by: Actor,
    today: datetime.date,
    seen_seq: int | None = None,
) -> None:
    """Approves exactly the pack whose manifest hash the approver saw. Raises LostRace when it is another by now."""
    case = ledger.locked(session, case_id)
    pack = _locked(session, pack_id)
    if pack.case_id != case.id or pack.state != "assembled" or pack.manifest_hash != manifest_hash:
        raise LostRace
    if fault := closed_by(session, case, pack, "approve", today):
        raise StepRefused(fault)
    verbs.take_step(session, case_id, "approve", by=by, answers=answers, today=today, seen_seq=seen_seq)
    changed = session.execute(
        sa.update(StoredPack)
        .where(
            col(StoredPack.id) == pack_id,
            col(StoredPack.state) == "assembled",
            col(StoredPack.manifest_hash) == manifest_hash,
        )
        .values(
            state="approved",
            approved_by=by.id,
            approved_hash=manifest_hash,
            approved_at=db.now(),
            version=pack.version + 1,
        )
        .execution_options(synchronize_session="fetch")
    )
    if db.changed_rows(changed) != 1:
        raise LostRace


def closed_by(session: Session, case: Case, pack: StoredPack, step: str, today: datetime.date) -> str:
    """Why this copy closes "approve", "release" or "release_part" today, in words, or nothing: it says wrongly whether
    more will come, or a health opinion that a decision rests on does not carry it any more (EX-H5, EX-H6, V-90)."""
    more = bool(vault_of(session).get(pack).get("more_to_come"))
    if step == "release" and more:
        return _SAYS_MORE
    if step == "release_part" and not more:
        return _SAYS_ALL
    return deciding.lapsed(session, case, today) or ""


def release(
    session: Session,
    files: FileStore,
    case_id: uuid.UUID,
    pack_id: uuid.UUID,
    *,
    recipient: str,
    by: Actor,
    today: datetime.date,
    part: bool = False,
    answers: Answers | None = None,
    seen_seq: int | None = None,
) -> None:
    """Makes the approved pack downloadable by its recipient, whose name the releaser types again.

    The stored bytes are read back and hashed: what leaves is what was approved, or nothing leaves."""
    case = ledger.locked(session, case_id)
    pack = _locked(session, pack_id)
    if pack.case_id != case.id or pack.state != "approved" or pack.approved_hash != pack.manifest_hash:
        raise StepRefused(_("This pack is not approved as it is now. Ask for an approval of the newest one."))
    content = opened(files, case, pack)
    if " ".join(recipient.split()).casefold() != " ".join(content.recipient_name.split()).casefold():
        raise StepRefused(
            _("The name is not the recipient's. Check who this copy is for, and type the name again."), need="recipient"
        )
    if content.recipient_lines and content.recipient_lines != _address_today(session, case):
        raise StepRefused(_BEARS)
    check_bytes(files, case, pack, vault_of(session).get(pack))
    name = "release_part" if part else "release"
    if fault := closed_by(session, case, pack, name, today):
        raise StepRefused(fault)
    verbs.take_step(session, case_id, name, by=by, answers=answers or {}, today=today, seen_seq=seen_seq)
    pack.state, pack.released_at, pack.version = "released", db.now(), pack.version + 1
    session.add(pack)
    audit.append(session, _act(session, pack, by, "release"))


def _address_today(session: Session, case: Case) -> tuple[str, ...]:
    """What a copy made today would bear, if nothing new waits: the requester's address while post is safe."""
    told = vault_of(session).get(session.get_one(Person, case.requester))
    return packs_of_data.made_printable(information.address_lines(contact.post_address(told)))


def check_there(pack: StoredPack) -> None:
    """Raises StepRefused, in neutral words for its requester, where the files of the copy are destroyed: from whose
    challenge that came is nobody's to know (R-56)."""
    if pack.destroyed:
        raise StepRefused(_GONE)


def collect(session: Session, case_id: uuid.UUID, pack_id: uuid.UUID, *, by: Actor) -> None:
    """The requester opens a released copy; the first time the case is collected. Again and again changes nothing."""
    case = ledger.locked(session, case_id)
    pack = _locked(session, pack_id)
    if case.requester_id != by.id or pack.case_id != case.id:
        raise CaseNotFound
    check_there(pack)
    if pack.id not in {one.id for one in released(session, case)}:
        raise CaseNotFound
    availability.check(session, case, pack)
    if case.state == "ready":
        verbs.take_step(session, case.id, "collect", by=Actor.system(), answers={}, today=clocking.uk_today())
    audit.append(session, _act(session, pack, by, "open_copy"))


def reading(session: Session, files: FileStore, case: Case, pack: StoredPack, *, by: Actor) -> Pack:
    """The released pack for its requester, once collected. Logged before it is shown."""
    if pack.content != "copy":
        raise CaseNotFound
    give(session, case, pack, by, "read_pack")
    return packs_of_data.from_json(_stored(files, case, pack.content_file))


def pdf(session: Session, files: FileStore, case: Case, pack: StoredPack, *, by: Actor) -> bytes:
    """The released PDF for its requester: always the same bytes; every download is logged."""
    give(session, case, pack, by, availability.DOWNLOAD)
    return _stored(files, case, pack.pdf_file)


def data(session: Session, files: FileStore, case: Case, pack: StoredPack, *, by: Actor) -> bytes:
    """The same copy as JSON, for a program to read: the frozen pack itself. Counts as a download."""
    if pack.content != "copy":
        raise CaseNotFound
    give(session, case, pack, by, availability.DOWNLOAD)
    return _stored(files, case, pack.content_file)


def pinned(session: Session, case: Case, pack: StoredPack, number: int) -> Pinned | None:
    """The entry that a copy printed under this number, or None where it has no such number.

    Whether its requester may open the copy today is asked by `reading`."""
    return numbered(session, case, pack).get(number, (None, ""))[0]


def numbered(session: Session, case: Case, pack: StoredPack) -> dict[int, tuple[Pinned, str]]:
    """For each number of a copy the entry that it printed, and the kind of its value: text, date or code."""
    if case.child_id is None or pack.case_id != case.id or pack.content != "copy":
        return {}
    lines = vault_of(session).get(pack).get("lines", [])
    return {
        number: (Pinned(case.child_id, uuid.UUID(hex=entry), uuid.UUID(hex=version), cls), kind)
        for number, (entry, version, cls, kind) in enumerate(lines, start=1)
    }


@provides
def provide(session: Session, case: Case, events: Sequence[Happened]) -> dict[str, Any]:
    """Facts of the newest pack: how far it is, whether its approval still stands, what the leak gate found."""
    newest = next((pack for pack in packs(session, case) if pack.state != "failed"), None)
    if newest is None or newest.state == "assembling":
        return {"pack": PackState.NONE}
    if newest.state in {"void", "released"}:
        return {"pack": PackState(newest.state)}
    told = vault_of(session).get(newest)
    facts: dict[str, Any] = {"pack_leaks": open_leaks(told, by_approver=case.state in APPROVALS)}
    voided = folding.voided_at(events, case.kind)
    stale = digest(session, case) != told["digest"] or (voided is not None and voided > newest.cut_off)
    if stale:
        return {**facts, "pack": PackState.VOID}
    approved = newest.state == "approved" and newest.approved_hash == newest.manifest_hash
    return {**facts, "pack": PackState.APPROVED if approved else PackState.ASSEMBLED}


def give(session: Session, case: Case, pack: StoredPack, by: Actor, what: str) -> None:
    """Checks that this pack may be opened by this requester today, logs it, and collects the copy once."""
    if case.requester_id != by.id or pack.recipient_id != by.id:
        raise CaseNotFound
    check_there(pack)
    if pack.id not in {one.id for one in released(session, case)}:
        raise StepRefused(_("This copy cannot be opened at the moment. Write to us if you need it."))
    if case.state == "ready":
        raise StepRefused(_("Open your copy first. Then you can read it and keep it."))
    period, act = availability.check(session, case, pack), _act(session, pack, by, what)
    if what == availability.DOWNLOAD:
        availability.log_download(session, case, pack, act, period)
    else:
        audit.before_showing(session, act)


def opened(files: FileStore, case: Case, pack: StoredPack) -> Pack | Decision:
    """What was frozen, whichever of the two it is. Whoever shows it has logged that before."""
    data = _stored(files, case, pack.content_file)
    return packs_of_data.from_json(data) if pack.content == "copy" else answer.from_json(data)


def check_bytes(files: FileStore, case: Case, pack: StoredPack, told: dict[str, Any]) -> None:
    """Raises StepRefused unless the stored files are those of the manifest that was approved."""
    content = _stored(files, case, pack.content_file)
    made = _stored(files, case, pack.pdf_file)
    manifest = packs_of_data.Manifest(**told["manifest"])
    if (
        packs_of_data.sha256(content) != manifest.pack_hash
        or packs_of_data.sha256(made) != manifest.pdf_hash
        or manifest.fingerprint() != pack.manifest_hash
    ):
        raise StepRefused(_("The stored pack is not the one that was approved. Ask for a new one."))


def _stored(files: FileStore, case: Case, file_id: uuid.UUID | None) -> bytes:
    if file_id is None:
        raise SealBroken("a stored file is missing")
    return files.read(Owner.case(case.id), file_id)


def _of_case(session: Session, case_id: uuid.UUID) -> list[StoredPack]:
    query = select(StoredPack).where(col(StoredPack.case_id) == case_id).order_by(col(StoredPack.number))
    return list(session.exec(query).all())


def _locked(session: Session, pack_id: uuid.UUID) -> StoredPack:
    pack = db.lock(session, StoredPack, id=pack_id)
    if pack is None:
        raise CaseNotFound
    return pack


def _void(session: Session, pack: StoredPack, why: str) -> None:
    told = vault_of(session).get(pack)
    vault_of(session).put(pack, {**told, "void": why})
    pack.state, pack.version = "void", pack.version + 1
    session.add(pack)


def _act(session: Session, pack: StoredPack, by: Actor, what: str) -> Act:
    case = session.get_one(Case, pack.case_id)
    base = verbs.act(case, by, what)
    detail: dict[str, str | int | list[str]] = {"copy": pack.copy_number, "assembly": pack.number}
    return Act(**{**base.__dict__, "classes": ("core", "location", "sensitive"), "detail": detail})
