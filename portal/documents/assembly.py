"""From a finished review to one frozen Pack: what is given is copied, what was removed is gone (design section 5).

The job reads with the rights of the person who asked for it, renders outside of any transaction, and stores file before
row, so that it can be killed anywhere and run again."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlmodel import Session

from portal import audit, db, jobs, records
from portal.cases import clocking, ledger, posting, searching, verbs
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.documents import information, leak_gate, render, short
from portal.documents.beside import NOTHING, Beside, of_copy, printed
from portal.documents.models import StoredPack
from portal.documents.pack import (
    Category,
    Entry,
    Manifest,
    Pack,
    Searched,
    Shared,
    Words,
    in_words,
    sha256,
    to_json,
)
from portal.people.models import Person, Staff
from portal.records import OpenEntry
from portal.review import around, deciding, suggestions, unread
from portal.review.deciding import Decision
from portal.review.redaction import Gap, Redaction, Redactions, Text, cut, removed
from portal.review.words_of_text import canonical
from portal.vault import Owner, vault_of
from workflows.days import received_day
from workflows.table import Role, StepRefused
from workflows.words import mark as _

BATCH = 200
CONTEXT = 24  # letters kept beside a removed span, to find a short one at its own place
# The same in every part: which part is missing would tell what somebody else is asked about.
STILL_TO_COME = _("We are still working on the rest. We will tell you when there is more.")


@dataclass
class Hidden:
    """A person mentioned who is not shown to this requester, and the code under which."""

    id: uuid.UUID
    names: tuple[str, ...]
    code: str


@dataclass
class Assembled:
    """A pack with what was taken out of it, for the leak gate and the approver alone."""

    pack: Pack
    removed: list[leak_gate.RemovedSpan] = field(default_factory=list)
    given: tuple[str, ...] = ()  # texts that are rightly in the copy, whole
    lines: tuple[tuple[str, str, str, str], ...] = ()  # in the order of the numbers: entry, version, class, kind


def assemble(session: Session, case: Case, stored: StoredPack, *, by: Actor) -> Assembled:
    """Builds the frozen pack from the decisions of the review; every opening is logged first.

    Raises StepRefused when something is still undecided."""
    looking = verbs.look_for(case, by)
    hidden = _hidden(session, looking)
    who = records.identity(session, looking)
    decided = list(_decided(session, case, looking))
    given = printed(one for one in decided if one[1].decision in deciding.GIVES)
    gone = list(_withheld(decided))
    # Their names may stand nowhere, also where nothing had to be cut: in a heading, the cover or the search plan.
    gone += [leak_gate.RemovedSpan(text=name, place=one.id.hex) for one in hidden for name in one.names]
    cutter = Cutter(hidden, who.names, gone)
    shared = tuple(_shared(cutter, entry, said) for entry, said in given if entry.category == "shared")
    statements = [one for one in given if one[0].category != "shared" and one[0].beside is None]
    beside = of_copy(session, case, given)
    facts = facts_of(session, case, ledger.history(session, case), actor=by, today=clocking.uk_today())
    categories, for_child = _categories(cutter, statements, beside), short.is_for_child(facts)
    pack = _pack(session, case, stored, categories=categories, shared=shared, for_child=for_child)
    whole = tuple(entry.text for entry, said in given if said.decision == "give")
    # Sorted by `_categories` into the order of the numbers. A family quotes the number of what is wrong.
    lines = tuple((entry.id.hex, entry.version_id.hex, entry.cls, entry.kind) for entry, _said in statements)
    return Assembled(pack, gone, (*whole, *who.names, pack.recipient_name, pack.still_to_come), lines)


def _decided(session: Session, case: Case, looking: records.Looking) -> Iterator[tuple[OpenEntry, Decision]]:
    """Everything under review with what was decided of it, as it reads now. Raises StepRefused where something is not
    decided, or was not decided of the words that count now."""
    after = -1
    while batch := deciding.items(session, case, after=after, limit=BATCH):
        after = batch[-1].position
        for item, entry in zip(batch, deciding.entries_as_decided(session, looking, batch), strict=True):
            if item.state == "undecided":
                raise StepRefused(_("Something is still undecided. Finish the review first."))
            if entry.version_id != item.version_id:
                raise StepRefused(_("Something in the record is new or has changed. Bring it into the review first."))
            if entry.masked:
                raise StepRefused(unread.SHUT_SINCE % {"number": item.position + 1})
            yield entry, item.said


class Cutter:
    """Takes hidden people and marked words out of every text of the pack, and remembers what it took."""

    def __init__(self, hidden: Sequence[Hidden], subject: Iterable[str], gone: list[leak_gate.RemovedSpan]) -> None:
        self._hidden = {one.id: one for one in hidden}
        self._known = [suggestions.Known(one.id, one.names) for one in hidden]
        self._subject = tuple(subject)
        self.gone = gone

    def words(
        self, text: str, *, spans: Sequence[Redaction] = (), shown: Iterable[str] = (), place: str, shield: bool = False
    ) -> Words:
        """`text` without `spans` and without the people who are hidden, save those shown in this entry."""
        redactions = Redactions.of(text, (*self._people(text, set(shown)), *spans))
        if not redactions.spans:
            return in_words(text)
        pinned = canonical(text)
        for span, piece in zip(redactions.spans, removed(text, redactions), strict=True):
            before, after = pinned[: span.start][-CONTEXT:], pinned[span.end :][:CONTEXT]
            self.gone.append(leak_gate.RemovedSpan(text=piece, place=place, before=before, after=after, shield=shield))
        return tuple(cut(text, redactions))

    def of(self, entry: OpenEntry, said: Decision) -> Words:
        """The text of something that is given as it was decided."""
        return self.words(entry.text, spans=said.spans, shown=said.shown_people, place=entry.id.hex)

    def part(self, name: str, entry: OpenEntry, said: Decision) -> Words:
        """One part around the text of an entry (`review.around`), as it was decided."""
        words = str(getattr(entry, name))
        spans = said.removed_from(name, words)
        shield = bool(spans) and entry.cls != "core"
        return self.words(words, spans=spans, shown=said.shown_people, place=entry.id.hex, shield=shield)

    def _people(self, text: str, shown: set[str]) -> list[Redaction]:
        if not self._known:
            return []
        found = suggestions.suggest(text, known_people=self._known, subject_names=self._subject)
        names = [one for one in found if one.why is suggestions.Why.NAME and str(one.person_id) not in shown]
        return [Redaction(one.start, one.end, self._code_for(one.person_id)) for one in names]

    def _code_for(self, person_id: uuid.UUID | None) -> str:
        """The code somebody is hidden under; a name that fits two hidden people falls under the first one's."""
        one = self._hidden.get(person_id) if person_id else None
        return (one or next(iter(self._hidden.values()))).code


def _categories(cutter: Cutter, given: list[tuple[OpenEntry, Decision]], beside: Beside) -> tuple[Category, ...]:
    """The given entries by category, numbered without gaps in the order in which they are printed."""
    order = {name: place for place, name in enumerate(around.CATEGORIES)}
    given.sort(key=lambda one: (order.get(one[0].category, len(order)), one[0].position))
    parts: dict[str, list[Entry]] = {}
    for number, (entry, said) in enumerate(given, start=1):
        parts.setdefault(around.plain_word(entry.category), []).append(_entry(cutter, number, entry, said, beside))
    return tuple(Category(name=name, entries=tuple(entries)) for name, entries in parts.items())


def _entry(cutter: Cutter, number: int, entry: OpenEntry, said: Decision, beside: Beside = NOTHING) -> Entry:
    return Entry(
        number=number,
        label=_heading(cutter, entry, said),
        value=cutter.words(
            entry.text, spans=said.spans, shown=said.shown_people, place=entry.id.hex, shield=entry.cls != "core"
        ),
        source=_joined(cutter.part("author", entry, said), cutter.part("source", entry, said)),
        when=information.day_in_words(entry.about_on),
        content_note=said.content_note if said.upsetting else "",
        **beside.fields(entry, said, cut=cutter.of),
    )


def _heading(cutter: Cutter, entry: OpenEntry, said: Decision) -> Words:
    """The heading as it was decided; one that is not given leaves no gap: its kind's plain word stands there."""
    words = cutter.part(around.HEADING, entry, said)
    return in_words(around.plain_word(entry.category)) if around.HEADING in said.hides else words


def _joined(author: Words, source: Words) -> Words:
    """Who wrote it and where it came from. Two that are both taken out leave one gap: it does not tell of two."""
    if not author or not source or (author == source and isinstance(author[0], Gap)):
        return author or source
    return (*author, Text(", "), *source)


def _withheld(decided: Sequence[tuple[OpenEntry, Decision]]) -> Iterator[leak_gate.RemovedSpan]:
    """The entries that are left out. Where a family is, and which sensitive service it used, may be findable nowhere;
    the words beside such an entry are sentences, that name what somebody else may rightly be given. Their headings and
    sources are looked for where nothing that is given has the same."""
    given = [(entry, said) for entry, said in decided if said.decision in deciding.GIVES]
    known = {
        words for entry, said in given for part, words in around.of(entry).items() if not said.removed_from(part, words)
    }
    for entry, said in decided:
        if said.decision in deciding.GIVES:
            continue
        text = " ".join(part for part in (entry.text, entry.author) if part)
        shield = entry.cls != "core" and entry.beside is None
        yield leak_gate.RemovedSpan(text=text, place=entry.id.hex, shield=shield)
        there = around.of(entry)
        for words in {there.get(around.HEADING, ""), there.get("source", "")} - known - {""}:
            yield leak_gate.RemovedSpan(text=_inside(words), place=entry.id.hex)


def _inside(words: str) -> str:
    """A heading or a name as it would stand inside a sentence: its capital says nothing where others have none."""
    return words if any(letter.isupper() for letter in words[1:]) else words[:1].lower() + words[1:]


def _shared(cutter: Cutter, entry: OpenEntry, said: Decision) -> Shared:
    words = cutter.words(
        entry.text, spans=said.spans, shown=said.shown_people, place=entry.id.hex, shield=entry.cls != "core"
    )
    return Shared(recipient=words, what=(), when=information.day_in_words(entry.about_on))


def _hidden(session: Session, looking: records.Looking) -> list[Hidden]:
    return [
        Hidden(third.id, third.names, told["code"])
        for third, row, told in deciding.mentions(session, looking)
        if row.decision == "hide"
    ]


def _pack(
    session: Session,
    case: Case,
    stored: StoredPack,
    *,
    categories: tuple[Category, ...],
    shared: tuple[Shared, ...],
    for_child: bool,
) -> Pack:
    settings = clocking.settings_of(session)
    vault = vault_of(session)
    told, person = vault.get(case), session.get_one(Person, case.requester_id)
    return Pack(
        reference=case.reference,
        copy_number=stored.copy_number,
        language=person.language,
        cut_off=stored.cut_off,
        date=received_day(stored.cut_off),
        received=case.received_on,
        recipient_name=vault.get(person)["name"],
        recipient_lines=information.address_lines(posting.reachable(session, case)),
        authority=information.authority(settings),
        regulator=information.regulator(settings),
        about=told["subject"]["names"],
        asked_for=_asked_for(told["asked"]),
        information=information.article_15(settings),
        searched=tuple(_searched(one) for one in searching.plan(session, case)),
        categories=categories,
        shared=shared,
        withheld_because=information.WITHHELD_BECAUSE,
        still_to_come=STILL_TO_COME if vault.get(stored).get("more_to_come") else "",
        support=information.support(settings),
        portal_link=settings.family_url,
        for_child=for_child,
    )


def _searched(one: searching.Place) -> Searched:
    return information.searched(one)


def _asked_for(asked: dict[str, Any]) -> str:
    if asked.get("everything", True):
        return _("Everything we hold.")
    parts = [", ".join(asked.get("areas") or ())]
    for name, word in (("from_date", _("from")), ("to_date", _("to"))):
        if asked.get(name):
            parts.append(f"{word} {information.day_in_words(datetime.date.fromisoformat(asked[name]))}")
    return " ".join(part for part in (*parts, asked.get("words") or "") if part) or _("Everything we hold.")


@jobs.handler("assemble_pack")
def assemble_pack(work: jobs.Work) -> None:
    """Makes the PDF of one pack, reads it back through the leak gate and stores both. Runs again after any crash."""
    pack_id = uuid.UUID(work.args["pack"])
    with work.database.read() as session:
        stored = session.get_one(StoredPack, pack_id)
        if stored.state != "assembling":
            return
        case = session.get_one(Case, stored.case_id)
        told = vault_of(session).get(stored)
        try:
            made = assemble(session, case, stored, by=asker(session, work.args))
        except (StepRefused, CaseNotFound) as refused:  # it cannot be made as things stand: trying again is no help
            give_up(work.database, pack_id, str(refused))
            return
    content = to_json(made.pack)
    work.progress(1, 3)
    pdf = render.pdf(render.pack_html(made.pack, for_screen=False), pages=render.expected_pages(made.pack))
    work.progress(2, 3)
    leaks = _leaks(made, pdf, content)
    told["lines"] = [list(line) for line in made.lines]
    keep_made(work, stored, told, content=content, pdf=pdf, leaks=leaks)
    work.progress(3, 3)


def keep_made(
    work: jobs.Work,
    stored: StoredPack,
    told: dict[str, Any],
    *,
    content: bytes,
    pdf: bytes,
    leaks: Sequence[leak_gate.Leak],
) -> None:
    """Stores what was made, the files before the row, with its manifest and what the leak gate found."""
    files, owner = work.runtime.files, Owner.case(stored.case_id)
    manifest = Manifest(
        pack_hash=sha256(content),
        pdf_hash=sha256(pdf),
        template_version=render.template_version(),
        copy_number=stored.copy_number,
        recipient_id=stored.recipient_id.hex,
    )
    content_file, pdf_file = files.write(owner, content), files.write(owner, pdf)
    told = {**told, "manifest": asdict(manifest), "leaks": [as_kept(leak) for leak in leaks], "allowed": {}}
    with work.database.write() as session:
        try:
            asker(session, work.args)  # making it took a while: the seat may have been closed meanwhile
        except StepRefused as refused:
            kept, gone = False, str(refused)
        else:
            kept = keep(session, stored.id, content_file=content_file, pdf_file=pdf_file, manifest=manifest, told=told)
            gone = ""
    if gone:
        give_up(work.database, stored.id, gone)
    if not kept:
        for file_id in (content_file, pdf_file):
            files.destroy(file_id)


def give_up(database: db.Database, pack_id: uuid.UUID, why: str) -> None:
    """The pack is not made, and its page says why; another can be asked for."""
    with database.write() as session:
        stored = db.lock(session, StoredPack, id=pack_id)
        if stored is not None and stored.state == "assembling":
            vault_of(session).put(stored, {**vault_of(session).get(stored), "failed": why})
            stored.state, stored.version = "failed", stored.version + 1
            session.add(stored)


def _leaks(made: Assembled, pdf: bytes, content: bytes) -> list[leak_gate.Leak]:
    """What the gate finds. An ordinary word (no capital, no digit) that also stands in an entry given whole was given
    there by decision: it says nothing about the place it was removed from, and is not asked about."""
    found = leak_gate.search(
        pdf,
        render.pack_html(made.pack, for_screen=True),
        content,
        render.file_name(made.pack.copy_number),
        leak_gate.needles(made.removed),
        given=(render.fixed_words(made.pack), *made.given),
    )
    return [leak for leak in found if not (leak.given_elsewhere and ordinary(leak))]


def as_kept(leak: leak_gate.Leak) -> dict[str, Any]:
    """A finding as the case keeps it, sealed."""
    return {
        "needle": leak.needle,
        "rule": leak.rule.name,
        "absolute": leak.absolute,
        "found_in": list(leak.found_in),
        "places": list(leak.places),
        "given_elsewhere": leak.given_elsewhere,
    }


def ordinary(leak: leak_gate.Leak) -> bool:
    return leak.rule is leak_gate.Rule.STAYS and leak.needle.isalpha() and leak.needle.islower()


def keep(
    session: Session,
    pack_id: uuid.UUID,
    *,
    content_file: uuid.UUID,
    pdf_file: uuid.UUID,
    manifest: Manifest,
    told: dict[str, Any],
) -> bool:
    """False where the pack was replaced meanwhile: then nothing names the files."""
    stored = db.lock(session, StoredPack, id=pack_id)
    if stored is None or stored.state != "assembling":
        return False
    stored.state, stored.version = "assembled", stored.version + 1
    stored.content_file, stored.pdf_file = content_file, pdf_file
    stored.content_hash, stored.manifest_hash = manifest.pack_hash, manifest.fingerprint()
    vault_of(session).put(stored, told)
    session.add(stored)
    audit.append(session, verbs.act(session.get_one(Case, stored.case_id), Actor.system(), "pack_assembled"))
    return True


def asker(session: Session, args: dict[str, str]) -> Actor:
    """The person who asked for the job: it reads with their rights, and not at all once their account is closed."""
    staff = session.get(Staff, uuid.UUID(args["staff"]))
    if staff is None or staff.disabled_at is not None or staff.role not in set(Role):
        raise StepRefused(_("The account that asked for this pack is closed. Ask for it again."))
    return Actor("staff", staff.id, Role(staff.role), team_id=staff.team_id)
