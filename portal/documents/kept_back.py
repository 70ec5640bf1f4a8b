"""What a requester is not told of a record, as the reviews of their own copies settled it.

A challenge is no way round a redaction: whoever was hidden from this requester, and every piece that was cut out of an
entry in a copy of theirs, is cut out of their answer too."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import records
from portal.cases.models import Case
from portal.documents.assembly import Cutter, Hidden
from portal.documents.leak_gate import RemovedSpan
from portal.documents.models import StoredPack
from portal.documents.pack import Words
from portal.records import Looking, OpenEntry
from portal.review import around, deciding
from portal.review.deciding import Item
from portal.review.lawful import own
from portal.review.models import MentionDecision
from portal.review.redaction import Redaction, Redactions, removed
from portal.review.words_of_text import canonical
from portal.vault import vault_of

Piece = tuple[str, str]  # a text, and the code under which it was removed
ALIKE = "duplicate"  # left out because it stands elsewhere in the same copy


@dataclass
class KeptBack:
    """Cuts texts for one requester, and remembers in `gone` what may stand nowhere in what they are given."""

    gone: list[RemovedSpan]
    cutter: Cutter
    pieces: dict[uuid.UUID, list[Piece]]
    shown: dict[uuid.UUID, list[str]]  # people hidden elsewhere who are shown in this entry

    def words(self, entry: OpenEntry, text: str) -> Words:
        """`text` of this entry, without what this requester is not told."""
        spans = list(_places(text, self.pieces.get(entry.id, ())))
        shield, shown = entry.cls != "core", self.shown.get(entry.id, ())
        return self.cutter.words(text, spans=spans, shown=shown, place=entry.id.hex, shield=shield)


def from_requester(
    session: Session, looking: Looking, case: Case, entry_ids: Sequence[uuid.UUID], copy_numbers: Collection[str]
) -> KeptBack:
    """What the requester of this case is not told of these entries; the openings are logged as looks for this case.

    `copy_numbers` are those of the copies that they wrote from: somebody who asks twice may be two accounts to us."""
    copies = _copies(session, case, copy_numbers)
    hidden = _hidden(session, looking, copies)
    gone = [RemovedSpan(text=name, place=one.id.hex) for one in hidden for name in one.names]
    pieces: dict[uuid.UUID, list[Piece]] = {}
    shown: dict[uuid.UUID, list[str]] = {}
    for item in (item for copy in copies if entry_ids for item in deciding.some(session, copy, entries=entry_ids)):
        there = _removed(session, looking, item)
        pieces.setdefault(item.entry_id, []).extend(there)
        shown.setdefault(item.entry_id, []).extend(item.said.shown_people)
        gone += [RemovedSpan(text=text, place=item.entry_id.hex, shield=item.cls != "core") for text, _code in there]
    return KeptBack(gone, Cutter(hidden, records.identity(session, looking).names, gone), pieces, shown)


def given(
    session: Session, case: Case, entries: Collection[OpenEntry], copy_numbers: Collection[str]
) -> set[uuid.UUID]:
    """Those of these entries that a released copy of this requester shows whole, as they read now."""
    versions = {entry.id: entry.version_id for entry in entries}
    shown: set[uuid.UUID] = set()
    for copy in _copies(session, case, copy_numbers):
        packs = session.exec(
            select(StoredPack).where(col(StoredPack.case_id) == copy.id, col(StoredPack.released_at).is_not(None))
        ).all()
        printed = {
            (uuid.UUID(hex=entry), uuid.UUID(hex=version))
            for told in vault_of(session).get_many(packs)
            for entry, version, *_more in told.get("lines", [])
        }
        whole = {item.entry_id for item in deciding.some(session, copy, entries=list(versions)) if _whole(item)}
        shown |= {entry for entry in whole if (entry, versions[entry]) in printed}
    return shown


def _whole(item: Item) -> bool:
    return item.state == "give" and not item.said.spans


def _copies(session: Session, case: Case, copy_numbers: Collection[str]) -> Sequence[Case]:
    """The requests for a copy of the same record that this requester made."""
    written_from = sa.select(col(StoredPack.case_id)).where(col(StoredPack.copy_number).in_(list(copy_numbers)))
    query = select(Case).where(
        col(Case.child_id) == case.child_id,
        col(Case.kind) == "subject_access",
        sa.or_(col(Case.requester_id) == case.requester_id, col(Case.id).in_(written_from)),
    )
    return session.exec(query.order_by(col(Case.id))).all()


def _hidden(session: Session, looking: Looking, copies: Sequence[Case]) -> list[Hidden]:
    codes: dict[uuid.UUID, str] = {}
    for copy in copies:
        query = select(MentionDecision).where(*own(MentionDecision, copy.id), col(MentionDecision.decision) == "hide")
        rows = session.exec(query).all()
        for row, told in zip(rows, vault_of(session).get_many(rows), strict=True):
            codes[row.mentioned_id] = told["code"]
    if not codes:
        return []
    return [Hidden(one.id, one.names, codes[one.id]) for one in records.mentioned(session, looking) if one.id in codes]


def _removed(session: Session, looking: Looking, item: Item) -> list[Piece]:
    """The texts that one review took out of an entry and of what stands around it: the whole of it where it was
    withheld."""
    if item.state in {"undecided", ALIKE} or (item.state in deciding.GIVES and not item.said.takes_out):
        return []
    read = records.read(session, looking, [item.entry_id], versions={item.entry_id: item.version_id})
    open_ones = [entry for entry in read if not entry.masked]
    if item.state not in deciding.GIVES:
        return [(entry.text, item.said.code) for entry in open_ones]
    found: list[Piece] = []
    for entry in open_ones:
        for text, spans in item.said.cut_from(entry.text, around.of(entry)):
            redactions = Redactions.of(text, spans)
            codes = (span.code for span in redactions.spans)
            found += zip(removed(text, redactions), codes, strict=True)
    return found


def _places(text: str, pieces: Sequence[Piece]) -> Iterator[Redaction]:
    """Where these pieces stand in a text, as words of their own."""
    pinned = canonical(text)
    for piece, code in pieces:
        for found in re.finditer(rf"(?<!\w){re.escape(piece)}(?!\w)", pinned) if piece.strip() else ():
            yield Redaction(found.start(), found.end(), code)
