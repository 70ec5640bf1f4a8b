"""What a challenge asks: which entries, what is wrong with them, and what they should say. For a reader of nine.

No answer is compelled beyond what shows which words are meant and why (R-100): nobody has to be sure what is right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import wtforms
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import forms
from portal.cases.corrections.lines import MOST_LINES
from portal.requester.question_forms import QuestionForm
from workflows.lines import MOST_WORDS, LineKind

LONGEST_STATEMENT = 20_000  # letters; the law's own measure are words
ONE_NUMBER = re.compile(r"(\d{1,5})(?:\s*[-–]\s*(\d{1,5}))?", re.ASCII)  # people type this dash too


def numbers_in(typed: str) -> list[int]:
    """The numbers of "3, 7 and 12-15", in order and once each. Raises ValueError with words for anything else."""
    found: set[int] = set()
    for part in re.split(r"[,;]|\band\b|(?<=\d)\s+(?=\d)", typed):
        if not (part := part.strip()):
            continue
        there = ONE_NUMBER.fullmatch(part)
        if there is None:
            raise ValueError(_("Give numbers, like 3 or 3, 7 or 12-15"))
        first, last = int(there[1]), int(there[2] or there[1])
        if last < first or last - first >= MOST_LINES:
            raise ValueError(_too_many())
        found.update(range(first, last + 1))
        if len(found) > MOST_LINES:
            raise ValueError(_too_many())
    if not found:
        raise ValueError(_("Enter the number of an entry"))
    return sorted(found)


def in_text(numbers: Iterable[int]) -> str:
    """Numbers as they stand in an address and in a sentence."""
    return ", ".join(str(number) for number in numbers)


def _too_many() -> str:
    return _("Choose up to %(most)s entries. You can send the rest afterwards.", most=MOST_LINES)


class WhoseForm(QuestionForm):
    """In whose record something is wrong. A challenge is about one person, so that one record is checked for it."""

    about = forms.RadiosField(
        _l("In whose record is something wrong?"),
        choices=[
            ("me", _l("Mine: the record is about me")),
            ("child", _l("My child's")),
            ("other", _l("Someone else's: I act for them")),
        ],
        hints={
            "me": _l("You can tell us at any age. You do not need a grown-up to do it for you."),
            "child": _l("If it is in the records of more than one child, tell us about one after the other"),
            "other": _l("For example as a solicitor, an advocate or a person a court has chosen"),
        },
        needed=_l("Choose in whose record something is wrong"),
        short=_l("Whose record"),
    )


class NumbersForm(forms.Form):
    """Which entries of a copy are meant."""

    numbers = forms.TextField(
        _l("Which entries are wrong?"),
        hint=_l("Give the number that stands before the entry. If several have the same mistake: 3, 7 or 12-15"),
        needed=_l("Enter the number of an entry"),
        longest=200,
        short=_l("The numbers"),
    )
    go = forms.SubmitField(_l("Continue"))

    def validate_numbers(self, field: forms.TextField) -> None:
        """Numbers must be readable; whether the copy has them, its page tests."""
        try:
            numbers_in(field.data or "")
        except ValueError as fault:
            raise wtforms.ValidationError(str(fault)) from fault


class SayForm(QuestionForm):
    """What is wrong with something, and what it should say. `should_say` has the form of the entry's value."""

    kind = forms.RadiosField(
        _l("What is wrong?"),
        choices=[(kind.value, _l(kind.words)) for kind in LineKind],
        needed=_l("Choose what is wrong"),
        short=_l("What is wrong"),
    )
    should_say = forms.LongTextField(
        _l("What should it say?"),
        hint=_l("Leave it empty if you do not know, or if it should not be there at all"),
        longest=4000,
        counted=False,
        short=_l("It should say"),
    )
    why = forms.LongTextField(
        _l("How do you know?"),
        hint=_l("Tell us why it is wrong. You do not have to be sure, and you can send us files next."),
        needed=_l("Tell us why it is wrong"),
        longest=4000,
        short=_l("Why"),
    )
    restrict = forms.CheckboxField(
        _l("Use it as little as the law allows while you look into it"),
        hint=_l("We can still use it to keep a child safe, and for a few other reasons in the law."),
        short=_l("Use it as little as possible"),
    )

    def said(self) -> dict[str, Any]:
        """The answers as they are kept; the box to tick as yes or no."""
        return {**super().said(), "restrict": bool(self.restrict.data)}


class SayCodeForm(SayForm):
    """The value is one of a list, here in words."""

    should_say = forms.TextField(
        _l("What should it say?"), hint=_l("In your own words"), longest=300, short=_l("It should say")
    )


class SayDateForm(SayForm):
    """The value is a date."""

    should_say = forms.DateField(
        _l("What date should it be?"),
        hint=_l("For example, 27 3 2014. Leave it empty if you do not know."),
        short=_l("It should say"),
    )


class SayWithoutNumberForm(SayForm):
    """Of something that has no number: it was in no copy, or there is none."""

    about = forms.TextField(
        _l("What is it about?"),
        hint=_l("For example: the name of my school, or the note about a visit in May 2021"),
        needed=_l("Tell us what it is about"),
        longest=200,
        short=_l("What it is about"),
    )
    reads = forms.LongTextField(
        _l("What do you think we have written?"),
        hint=_l("Leave it empty if you do not know"),
        longest=2000,
        counted=False,
        short=_l("What we have written"),
    )


class AddLineForm(SayWithoutNumberForm):
    """Something else that is wrong, once a challenge was sent."""

    go = forms.SubmitField(_l("Send it"))


SAY = {"text": SayForm, "code": SayCodeForm, "date": SayDateForm}


def say_form(numbers: Sequence[int], kinds: Sequence[str]) -> type[SayForm]:
    """The form for entries with these numbers, whose values are of these kinds; several kinds are answered in words."""
    if not numbers:
        return SayWithoutNumberForm
    return SAY.get(kinds[0], SayForm) if len(set(kinds)) == 1 else SayForm


class MoreForm(QuestionForm):
    """Whether something else is wrong, too."""

    another = forms.RadiosField(
        _l("Is anything else wrong?"),
        choices=[("yes", _l("Yes, I want to tell you about something else")), ("no", _l("No, that is all"))],
        needed=_l("Choose yes if anything else is wrong"),
        short=_l("Anything else"),
    )


class FileForm(forms.Form):
    """A file that shows what is right."""

    file = forms.UploadField(
        _l("Choose a file"),
        accept=".pdf,.jpg,.jpeg,.png",
        hint=_l("A PDF, JPEG or PNG file of up to 10 MB"),
        needed=_l("Choose a file"),
    )
    go = forms.SubmitField(_l("Add this file"))


NEW = "new"


class SendForm(forms.Form):
    """The button that sends what was said; on its own, or to what the requester sent before and has no answer to."""

    to = forms.RadiosField(
        _l("Do you want to add this to what you told us before?"), needed=_l("Choose what this belongs to")
    )
    go = forms.SubmitField(_l("Send it"))


class RemoveForm(forms.Form):
    """The button that takes something off."""

    go = forms.SubmitField(_l("Remove"))


class AddWordsForm(forms.Form):
    """More about something that was sent already, and a file that shows it."""

    words = forms.LongTextField(
        _l("What do you want to add?"), needed=_l("Write what you want to add"), longest=4000, short=_l("Your words")
    )
    file = forms.UploadField(
        _l("A file that shows it"),
        accept=".pdf,.jpg,.jpeg,.png",
        hint=_l("You do not have to send one. It can be a PDF, JPEG or PNG file of up to 10 MB."),
    )
    go = forms.SubmitField(_l("Add it"))


class TakeBackForm(forms.Form):
    """Nothing is taken back by one press of a button."""

    sure = forms.RadiosField(
        _l("Do you want to take this back?"),
        choices=[("yes", _l("Yes, you need not look into this")), ("no", _l("No, go on with it"))],
        needed=_l("Choose yes if you want to take this back"),
    )
    go = forms.SubmitField(_l("Continue"))


class AnswerForm(forms.Form):
    """The answer to a question of ours. The month goes on meanwhile (R-17)."""

    answer = forms.LongTextField(_l("Your answer"), needed=_l("Write your answer"), longest=4000)
    go = forms.SubmitField(_l("Send my answer"))


class ReviewForm(forms.Form):
    """What somebody new should look at."""

    because = forms.LongTextField(
        _l("What should we look at again, and why?"),
        needed=_l("Tell us what we should look at again"),
        longest=4000,
        short=_l("Your reasons"),
    )
    go = forms.SubmitField(_l("Ask for it"))


class StatementForm(forms.Form):
    """The family's own words beside an entry (R-110), with a guide through them."""

    written = forms.LongTextField(
        _l("What do you not agree with?"),
        hint=_l("You can leave this empty"),
        longest=LONGEST_STATEMENT,
        counted=False,
        short=_l("What you do not agree with"),
    )
    say = forms.LongTextField(
        _l("What do you say about it?"),
        hint=_l("Up to 2,000 words in all"),
        needed=_l("Write what you say about it"),
        longest=LONGEST_STATEMENT,
        counted=False,
        short=_l("What you say"),
    )
    why = forms.LongTextField(
        _l("Why do you say so?"),
        hint=_l("You can leave this empty"),
        longest=LONGEST_STATEMENT,
        counted=False,
        short=_l("Why you say so"),
    )
    go = forms.SubmitField(_l("Put it next to the entry"))

    @property
    def statement(self) -> str:
        """The statement as one text."""
        return "\n\n".join(field.data for field in (self.written, self.say, self.why) if field.data)

    def validate(self, extra_validators: Any = None) -> bool:
        """The measure counts all three together."""
        good = super().validate(extra_validators)
        count = len(self.statement.split())
        if good and count > MOST_WORDS:
            self.say.errors = [
                _(
                    "Your statement has %(count)s words. Make it %(most)s words or fewer.",
                    count=f"{count:,}",
                    most=f"{MOST_WORDS:,}",
                )
            ]
            return False
        return good
