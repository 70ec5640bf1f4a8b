"""The form of one entry as a decision, and a decision as staff read it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from portal.caseworker import marked_words, review_forms
from portal.records import OpenEntry
from portal.review import around, deciding, words_of_text
from portal.review.deciding import Decision, Item
from portal.review.redaction import Redaction
from portal.review.words_of_text import UnknownWord
from workflows.table import StepRefused

TEXT = ""
Marked = dict[str, set[int]]  # the text, or a part around it -> the numbers of its ticked words


def boxes_of(part: str) -> str:
    """The name under which a form sends the ticked words of the text or of a part around it."""
    return f"w-{part}" if part else "w"


def posted(form: MultiDict[str, str]) -> Marked:
    """The words ticked in a form."""
    return {part: marked_words.numbers_posted(form.getlist(boxes_of(part))) for part in (TEXT, *around.PARTS)}


def stored(item: Item) -> dict[str, Any]:
    """What the form shows before anything is typed."""
    said = item.said
    codes = {span.code for spans in (said.spans, *said.cuts.values()) for span in spans}
    return {
        "decision": said.decision if said.decision in review_forms.DECISIONS else None,
        "code": said.code or (codes.pop() if len(codes) == 1 else ""),
        "reason": said.reason,
        "consultations": [*said.consultations, *([said.opinion] if said.opinion else [])],
        "wish": said.wish,
        "already_known": said.already_known,
        **{f"hide_{part}": said.hides.get(part, "") for part in around.PARTS},
        "shown_people": list(said.shown_people),
        "show_marks": list(said.show_marks),
        "about": said.about,
        "upsetting": said.upsetting,
        "content_note": said.content_note,
        "version": item.version,
        **review_forms.test_data(said.test),
    }


def said_of(form: Any, item: Item, entry: OpenEntry, marked: Marked) -> Decision:
    """The form as a decision. Raises StepRefused where marks and choice do not fit together."""
    decision = str(form.decision.data)
    if decision == "give" and marked[TEXT]:
        raise StepRefused(_("Words are marked. Choose to remove them, or take the marks away."), need="decision")
    gives = decision in deciding.GIVES
    hides, cuts = _around(form, item, entry, marked) if gives else ({}, {})
    if gives and (hides or cuts):
        decision = "redact"
    removes = decision == "redact"
    return Decision(
        decision,
        spans=_spans(form, entry.text, marked[TEXT], item.said.spans) if removes else (),
        code=(form.code.data or "") if decision == "withhold" else "",
        reason=form.reason.data or "",
        about=form.about.data or "child",
        already_known=bool(form.already_known.data),
        wish=form.wish.data or "",
        consultations=tuple(form.consultations.data or ()),
        test=test if any((test := review_forms.test_of(form)).values()) else {},
        hides=hides,
        cuts=cuts,
        shown_people=tuple(form.shown_people.data or ()) if gives else (),
        show_marks=tuple(form.show_marks.data or ()) if gives else (),
        upsetting=bool(form.upsetting.data),
        content_note=form.content_note.data or "",
    )


def as_typed(form: Any, item: Item, entry: OpenEntry, marked: Marked) -> Decision:
    """What can be told of a form that somebody else's decision overtook."""
    try:
        return said_of(form, item, entry, marked)
    except StepRefused:
        return Decision(str(form.decision.data), reason=form.reason.data or "")


def _around(
    form: Any, item: Item, entry: OpenEntry, marked: Marked
) -> tuple[dict[str, str], dict[str, tuple[Redaction, ...]]]:
    """What is taken out of the parts around the text: whole, or some of their words."""
    there = around.of(entry)
    hides = {part: code for part in there if (code := form[f"hide_{part}"].data)}
    cuts = {
        part: _spans(form, words, marked[part], item.said.cuts.get(part, ()))
        for part, words in there.items()
        if marked[part] and part not in hides
    }
    return hides, cuts


def _spans(form: Any, text: str, numbers: set[int], before: tuple[Redaction, ...]) -> tuple[Redaction, ...]:
    try:
        return marked_words.spans_for(text, numbers, before, code=form.code.data or "", recode=bool(form.recode.data))
    except UnknownWord as unknown:
        raise StepRefused(
            _("The marked words do not fit this text any more. Mark them again."), need="words"
        ) from unknown
    except KeyError as without:
        raise StepRefused(_("Choose the exemption for the words you marked."), need="code") from without


def taken_out(entry: OpenEntry, said: Decision) -> list[tuple[str, str]]:
    """What is missing of an entry that is given, each with its code; what stood around the text is named."""
    found = []
    for part, words in ((TEXT, entry.text), *around.of(entry).items()):
        text, spans = words_of_text.canonical(words), said.removed_from(part, words) if part else said.spans
        name = f"{_(around.PARTS[part])}: " if part else ""
        found += [(f"{name}{text[span.start : span.end]}", span.code) for span in spans if span.end <= len(text)]
    return found


def in_words(entry: OpenEntry, said: Decision) -> list[tuple[str, str]]:
    """A decision as staff read it, what is empty left out."""
    removed = [f"{text} ({code})" for text, code in taken_out(entry, said)]
    rows = [
        (_("Decision"), str(review_forms.STATES[said.decision][0]) if said.decision in review_forms.STATES else ""),
        (_("Removed"), "\n".join(removed)),
        (_("Exemption"), said.code),
        (_("How the test is met"), said.reason),
        *review_forms.test_in_words(said.test),
        (_("May upset"), said.content_note if said.upsetting else ""),
        (_("Marks of other people’s cases that are shown"), str(len(said.show_marks)) if said.show_marks else ""),
    ]
    return [(name, value) for name, value in rows if value]
