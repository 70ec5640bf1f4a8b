"""The forms of the review: several entries at once, one entry, one person mentioned."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.fields.choices import SelectChoice

from portal import forms
from portal.cases.consulting import KINDS, OUTCOMES, Asked
from portal.caseworker import staff_words
from portal.review.lawful import NO, YES, Ground, Offer
from portal.review.standing import Standing
from workflows.exemptions import THIRD_PARTY_QUESTIONS, DataKind, Wish

DECISIONS = {
    "give": _l("Give it as it is"),
    "redact": _l("Remove the marked words, give the rest"),
    "withhold": _l("Withhold the whole entry"),
    "not_subject": _l("Not about this person"),
    "duplicate": _l("The same as another entry"),
}
STATES = {
    "undecided": (_l("Undecided"), "yellow"),
    "give": (_l("Give"), "green"),
    "redact": (_l("Redact"), "blue"),
    "withhold": (_l("Withhold"), "red"),
    "not_subject": (_l("Not about this person"), "grey"),
    "duplicate": (_l("Duplicate"), "grey"),
}
ABOUT = {
    "child": _l("The child"),
    "subject": _l("The person who asks, or another person"),
    "both": _l("Both"),
}
WISHES = {
    Wish.GIVEN_IN_CONFIDENCE: _l("They told it in confidence"),
    Wish.FOUND_IN_CONFIDENCE: _l("It was found in an examination in confidence"),
    Wish.SAID_NO: _l("They said that it must not be given"),
}
SHOWING = {
    "show": _l("Show them in this copy"),
    "hide": _l("Hide them everywhere in this copy"),
    "undecided": _l("Decide later"),
}
FIELDS = {"code", "reason", "content_note", "decision", "wish", "consultations", "names"}
IN_WORDS = {"why_not_asked", "reasons"}


class Several(forms.Form):
    """The entries of a page of the list that are ticked."""

    give = forms.SubmitField(_l("Give the ticked entries"))


def _question(name: str, words: str) -> Any:
    if name in IN_WORDS:
        return forms.LongTextField(_l(words), short=_l("Your answer"), longest=2000, counted=False)
    return forms.RadiosField(_l(words), choices=[(YES, _l("Yes")), (NO, _l("No"))])


class _Entry(forms.VersionedForm):
    """What is said of one entry; its marked words come beside these fields, by number."""

    decision = forms.RadiosField(
        _l("What happens to this entry?"),
        choices=list(DECISIONS.items()),
        needed=_l("Choose what happens to this entry"),
    )
    code = forms.SelectField(
        _l("Exemption"),
        hint=_l("For words you mark now, or for the whole entry. Only what the law knows here is listed."),
    )
    recode = forms.CheckboxField(_l("Use this exemption for words that were marked before, too"))
    reason = forms.LongTextField(
        _l("How is the test of the exemption met?"),
        hint=_l("In this case, in your words. The approver reads it, the family does not."),
        longest=2000,
    )
    consultations = forms.CheckboxesField(
        _l("Consultations this rests on"),
        hint=_l("Where somebody must be asked. For data about health, the opinion that was given on this entry."),
    )
    wish = forms.SelectField(_l("What the child wished, where the exemption rests on it"))
    already_known = forms.CheckboxField(_l("The person the record is about has seen this or knows it"))
    hide_label = forms.SelectField(
        _l("Whole heading"), hint=_l("The plain name of this part of the record stands there then.")
    )
    hide_source = forms.SelectField(_l("Whole name of the source"), hint=_l("A name can betray where a family is."))
    hide_author = forms.SelectField(_l("Whole name of who wrote it"))
    shown_people = forms.CheckboxesField(_l("Show here, although hidden elsewhere"))
    show_marks = forms.CheckboxesField(
        _l("Show what somebody else’s case says of this entry"),
        hint=_l("Left alone, this copy says nothing of it. Tick only what tells this requester of no other person."),
    )
    about = forms.RadiosField(
        _l("Who is this entry about?"), choices=list(ABOUT.items()), needed=_l("Choose who it is about")
    )
    upsetting = forms.CheckboxField(_l("This may upset the reader: announce it before it is opened"))
    content_note = forms.TextField(_l("What should the reader be prepared for?"), longest=200)
    save_next = forms.SubmitField(_l("Save and go to the next undecided"))
    save = forms.SubmitField(_l("Save and stay"))

    def offer(
        self, ground: Ground, kind: DataKind, *, known: bool, asked: list[Asked], hidden: list[tuple[str, str]]
    ) -> list[Offer]:
        """Fills the lists with what may be chosen; answers with the whole register, closed codes with the reason."""
        offers = ground.offers(kind, already_known=known)
        codes = [(one.code, f"{one.code} {_(one.exemption.name)}") for one in offers if one.fault is None]
        self.code.choices = choices(_("No exemption"), codes)
        for field in (self.hide_label, self.hide_source, self.hide_author):
            field.choices = choices(_("Show it"), [(code, _("Hide: %(why)s", why=name)) for code, name in codes])
        wishes = [(wish.value, str(WISHES[wish])) for wish in ground.wishes]
        self.wish.choices = choices(_("No wish is recorded"), wishes)
        self.consultations.choices = [SelectChoice(value=one.id.hex, label=consulted(one)) for one in asked]
        self.shown_people.choices = choices("", hidden)[1:]
        return offers

    def offer_marks(self, there: Standing) -> None:
        """Fills the list with the marks of other people's cases at this entry."""
        self.show_marks.choices = [
            SelectChoice(value=mark.id.hex, label=f"{staff_words.MARKS[mark.kind][0]}, {staff_words.day(mark.since)}")
            for mark in there.others
        ]


class Undo(forms.VersionedForm):
    """Takes the last decision of an entry back."""


class NewPerson(forms.Form):
    """Somebody found in the file who is not on the list yet."""

    names = forms.LongTextField(
        _l("Name"),
        hint=_l("As it stands in the file. If it is written in different ways, each on a line of its own."),
        needed=_l("Enter a name"),
        longest=400,
        counted=False,
    )
    relation = forms.TextField(
        _l("Who are they to the child?"),
        hint=_l("For example neighbour, aunt or teacher."),
        needed=_l("Say who they are to the child"),
    )
    professional = forms.RadiosField(
        _l("Are they named as a health, social or education worker doing their job?"),
        choices=[(YES, _l("Yes")), (NO, _l("No"))],
        needed=_l("Choose yes or no"),
    )
    alive = forms.RadiosField(
        _l("Are they alive, as far as is known?"),
        choices=[(YES, _l("Yes")), (NO, _l("No"))],
        needed=_l("Choose yes or no"),
    )
    save = forms.SubmitField(_l("Add this person"))


class _Decided(forms.VersionedForm):
    decision = forms.RadiosField(
        _l("Are they shown to this requester?"),
        choices=list(SHOWING.items()),
        needed=_l("Choose whether they are shown"),
    )
    code = forms.SelectField(_l("Exemption, if they are hidden"))
    consultations = forms.CheckboxesField(
        _l("Consultations this rests on"), hint=_l("Where somebody must be asked before anything is kept back.")
    )
    reason = forms.TextField(_l("Why, in a few words"), longest=400)
    save = forms.SubmitField(_l("Save"))


def _with_questions(form: type[forms.VersionedForm], name: str) -> Any:
    """The questions of the third-party test come from the register: there is no second list of them (R-83)."""
    return type(name, (form,), {f"test_{name}": _question(name, words) for name, words in THIRD_PARTY_QUESTIONS})


OneEntry = _with_questions(_Entry, "OneEntry")
OnePerson = _with_questions(_Decided, "OnePerson")


def questions_of(form: forms.Form) -> list[Any]:
    """The fields of the third-party test, in the register's order."""
    return [form[f"test_{name}"] for name, _words in THIRD_PARTY_QUESTIONS]


def field_for(form: forms.Form, need: str) -> str:
    """The field beside which a refusal stands, or nothing where it has none on the page."""
    on_page = need in FIELDS or need.startswith("test_")
    nobody_asked = need == "consultations" and not form.consultations.choices
    return need if on_page and not nobody_asked else ""


def test_of(form: forms.Form) -> dict[str, str]:
    """The answers to the third-party test."""
    return {name: form[f"test_{name}"].data or "" for name, _words in THIRD_PARTY_QUESTIONS}


def test_data(test: dict[str, str]) -> dict[str, str | None]:
    """Stored answers as the fields of a form take them."""
    return {f"test_{name}": test.get(name) or None for name, _words in THIRD_PARTY_QUESTIONS}


def test_in_words(test: dict[str, str]) -> list[tuple[str, str]]:
    """The questions that were answered, with their answers, as staff read them."""
    said = {YES: _("Yes"), NO: _("No")}
    return [(_(words), said.get(test[name], test[name])) for name, words in THIRD_PARTY_QUESTIONS if test.get(name)]


def choices(none: str, some: list[tuple[str, str]]) -> list[Any]:
    """Choices of a select whose first says that nothing is chosen."""
    return [SelectChoice(value=value, label=words) for value, words in [("", none), *some]]


def consulted(one: Asked) -> str:
    return f"{_(KINDS.get(one.kind, one.kind))}: {one.who} ({_(OUTCOMES[one.outcome])})"
