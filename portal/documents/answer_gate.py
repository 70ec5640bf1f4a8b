"""What may stand nowhere in an answer, and whether it does: the leak gate of a challenge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sqlmodel import Session

from portal import records
from portal.cases.corrections.lines import Line
from portal.cases.models import Case
from portal.documents import assembly, kept_back, leak_gate, render
from portal.documents.answer import Decision
from portal.documents.answer_lines import Record, from_copy, in_plain, knows, written_from
from portal.documents.leak_gate import RemovedSpan
from portal.text import printable


def removed_from(
    session: Session, case: Case, there: Sequence[Line], decision: Decision, record: Record | None
) -> list[RemovedSpan]:
    """Whoever is hidden from this requester and what was cut out of their copies; what entries say of which they may
    not know; and every place and sensitive service in the record that no copy of theirs shows."""
    if record is None:
        return []
    printed = {line.number for line in decision.lines if line.now}
    gone = record.kept.gone
    for line in there:
        gone += [_span(line, text) for text in _unseen(session, line, record, printed=line.number in printed)]
    told_of = {line.entry_id for line in there}
    others = [one.id for one in records.heads(session, record.looking.child_id) if one.cls != "core"]
    read = records.read(
        session, replace(record.looking, restricted_because=""), [o for o in others if o not in told_of]
    )
    open_ones = [entry for entry in read if not entry.masked]
    known = kept_back.given(session, case, open_ones, written_from(there)) if open_ones else set()
    gone += [
        RemovedSpan(text=entry.text, place=entry.id.hex, shield=True) for entry in open_ones if entry.id not in known
    ]
    return gone


def _unseen(session: Session, line: Line, record: Record, *, printed: bool) -> Iterator[str]:
    """What an entry said and says, where its line may not be told, and where it says another place now."""
    entry = record.entry(line)
    if line.shown:
        if entry is not None and line.cls != "core" and not printed and not knows(line, entry):
            yield entry.text
        return
    if entry is not None and line.version_id is not None:
        yield entry.text
        old = records.read(session, record.looking, [entry.id], versions={entry.id: line.version_id})
        yield from (one.text for one in old if one.text != entry.text)
    if line.decided is not None and line.decided.says.value:
        yield in_plain(line.decided.says)


def _span(line: Line, text: str) -> RemovedSpan:
    return RemovedSpan(text=text, place=line.entry_id.hex if line.entry_id else "", shield=line.cls != "core")


def own_texts(decision: Decision, there: Sequence[Line], record: Record | None) -> Iterator[str]:
    """What the reader wrote or was given before, and what stands in every letter to them."""
    yield from (decision.recipient_name, *decision.recipient_lines, decision.about, decision.portal_link)
    yield from (decision.authority.name, *decision.authority.lines, decision.regulator.name, *decision.regulator.lines)
    for line in there:
        claim = line.claim
        yield from (claim.about, claim.why, in_plain(claim.should_say), *line.added)
        if from_copy(line) and line.shown:
            yield from (claim.reads, claim.source)
        entry = record.entry(line) if record else None
        if line.shown and entry is not None and knows(line, entry):
            yield entry.text


def leaks_in(
    decision: Decision, removed: Iterable[RemovedSpan], own: Sequence[str], pdf: bytes, content: bytes
) -> list[leak_gate.Leak]:
    """What the gate finds in the finished answer, save what stands there in the reader's own words alone: to repeat to
    somebody what they wrote themselves tells them nothing."""
    sought, theirs = leak_gate.needles(removed), {printable(text) for text in own}
    found = leak_gate.search(
        pdf,
        render.decision_html(decision, for_screen=True),
        content,
        render.file_name(decision.copy_number),
        sought,
        given=(render.decision_html(replace(decision, lines=()), for_screen=False), *own),
    )
    ours = leak_gate.standing((text for text in _texts(json.loads(content)) if text not in theirs), sought)
    return [
        leak
        for leak in found
        if not (leak.given_elsewhere and ((leak.needle, leak.rule) not in ours or assembly.ordinary(leak)))
    ]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
