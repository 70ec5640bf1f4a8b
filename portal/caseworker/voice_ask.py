"""Asking the child: a card that somebody they trust hands over, a link to an address of their own, or in person.

Never through the person who asked, nor through anybody who lives with them. Before the card is made the caseworker can
read what the child will read; number and words are shown once."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import forms, gate, once
from portal.cases import clocking, verbs, voice
from portal.cases.facts import facts_of
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.voice import HANDED_BY, Put
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.gate import page
from workflows.table import StepRefused

WAYS = {
    "card": _l("A card with a number and six words, handed over by somebody they trust"),
    "link": _l("A link by email to an address of their own; the six words another way"),
    "talk": _l("Somebody talks with them"),
}


class AskChild(forms.Form):
    """How the question reaches the child, and what they read of who asks."""

    _WHO = _l("Say who asks, in words for the child")
    NEEDED: ClassVar[dict[str, dict[str, Any]]] = {
        "card": {
            "handed_by": _l("Choose who hands it over"),
            "handed_to": _l("Enter who hands it over"),
            "who": _WHO,
        },
        "link": {
            "email": _l("Enter an email address of the child’s own"),
            "words_by": _l("Say who tells them the words"),
            "who": _WHO,
        },
        "talk": {"talk": _l("Say who talks with them")},
    }

    seen = forms.VersionField()
    way = forms.RadiosField(
        _l("How is the child asked?"),
        choices=list(WAYS.items()),
        hint=_l("Never through the person who asked, or anybody who may put pressure on the child."),
        needed=_l("Choose how the child is asked"),
    )
    handed_by = forms.RadiosField(_l("Who hands the card over?"))
    handed_to = forms.TextField(_l("Their name and where they work"), longest=200, short=_l("Who hands the card over"))
    email = forms.EmailField(_l("Email address of the child’s own"), hint=_l("That nobody else in the home can read"))
    words_by = forms.TextField(
        _l("Who tells them the six words, and how?"), hint=_l("Not by email"), longest=200, short=_l("The six words")
    )
    talk = forms.TextField(_l("Who talks with them, where and how?"), longest=300, short=_l("Who talks with them"))
    who = forms.TextField(
        _l("Who asks, in words for the child"),
        hint=_l("For example: Your mum. Say no more than the child may know: no address, no reason, no other case."),
        longest=120,
        short=_l("Who asks"),
    )
    safe = forms.LongTextField(
        _l("Why is this safe for the child?"),
        needed=_l("Say why this is safe for the child"),
        longest=1000,
        counted=False,
    )
    preview = forms.SubmitField(_l("See what the child will read"))
    make = forms.SubmitField(_l("Ask the child"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Each way needs what belongs to it."""
        good = super().validate(extra_validators)
        wanted = list(self.NEEDED.get(str(self.way.data), {}).items())
        missing = [(self[name], words) for name, words in wanted if not self[name].data and not self[name].errors]
        for field, words in missing:
            field.errors = [str(words)]
        return good and not missing

    @property
    def put(self) -> Put:
        said = {name: str(self[name].data or "") for name in ("way", "who", "safe", "handed_by", "handed_to")}
        return Put(**said, email=str(self.email.data or ""), words_by=str(self.words_by.data or ""))


@page(
    blueprint,
    "/cases/<string:reference>/child/ask",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="ask the child whom a case is about, in a way that is safe; the card is shown once",
)
def ask_child(reference: str) -> Response | tuple[str, int]:
    form = AskChild()
    form.handed_by.choices = [(code, _(words)) for code, words in HANDED_BY.items()]
    lost = False
    if form.validate_on_submit() and form.make.data:
        try:
            return _made(reference, form)
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
    with desk.looking(reference, "child-ask") as opened:
        return _show(opened, form, lost=lost)


def _show(opened: Desk, form: AskChild, *, lost: bool) -> tuple[str, int]:
    case = opened.case
    if case.kind not in voice.KINDS:
        raise CaseNotFound
    if lost or not request.form:
        form.seen.raw_data, form.seen.data = None, case.seq
    closed = _closed(opened)
    shown = render_template(
        "caseworker/voice/ask.html",
        case=case,
        tag=tag_of(opened),
        form=form,
        closed=closed,
        lost=lost,
        told={"who": form.who.data, "kind": case.kind} if form.who.data else None,
        until=staff_words.day(opened.today + voice.LIFE),
    )
    return shown, 409 if lost else form.status


def _closed(opened: Desk) -> str:
    """Why the child cannot be asked now, in the words of the workflow."""
    facts = facts_of(opened.session, opened.case, opened.events, actor=opened.by, today=opened.today)
    offers = opened.workflow.steps_for(opened.case.state, opened.by.role, facts)
    offer = next((one for one in offers if one.step.name == "ask_child"), None)
    if offer is None:
        return _("The child is asked while the case is checked, found and reviewed, and not now.")
    return _(offer.refused) if offer.refused else ""


def _made(reference: str, form: AskChild) -> Response | tuple[str, int]:
    """The card itself. It is in this answer and nowhere else, so a second press cannot show it again."""
    by, key, today = gate.actor(), str(form.form_key.data), clocking.uk_today()
    new = voice.new_card(gate.runtime().settings.secrets.pepper)  # slow, so before the transaction
    put, seen = form.put, int(form.seen.data or 0)
    with gate.runtime().database.write() as session:
        case = desk.find(session, reference, by)
        back = desk.address(case, "child")
        again = once.first_outcome(session, str(by), key) or not once.remember(session, str(by), key, back)
        if not again and put.way == "talk":
            said = {"way": str(form.talk.data), "safe": put.safe}
            verbs.take_step(session, case.id, "ask_child", by=by, answers=said, today=today, seen_seq=seen)
        elif not again:
            voice.ask(session, case.id, put, new, by=by, today=today, seen_seq=seen)
    if again:
        return desk.told(_("That was done already. A card is shown only once: end it and make a new one."), back)
    if put.way == "talk":
        return gate.see_other(back)
    until = staff_words.day(today + voice.LIFE)
    facts = {"number": new.number, "words": new.words.split(), "way": put.way, "until": until}
    return render_template("caseworker/voice/card.html", case=case, **facts), 200
