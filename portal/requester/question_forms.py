"""One small form for each question of the journey: what is asked, in which words, and what an answer must be.

No answer is compelled beyond what finds the record and the person who asks (R-41). Words are for a reader of nine.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, ClassVar

import wtforms
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.widgets import HiddenInput

from portal import forms
from portal.cases.clocking import uk_today
from portal.people import contact, contact_changes

OLDEST_YEARS = 110
HOURS = {
    "morning": _l("In the morning, 8 to 12"),
    "afternoon": _l("In the afternoon, 12 to 5"),
    "evening": _l("In the evening, 5 to 9"),
    "weekend": _l("At weekends too"),
}
MAY_SAY = {
    "nothing": _l("Only that you want to speak to me"),
    "who": _l("Who you are"),
    "all": _l("What it is about, once you know it is me"),
}
AREAS = {
    "social-work": _l("Social workers' notes and plans"),
    "child-protection": _l("Keeping a child safe (child protection)"),
    "in-care": _l("Being in care, fostering or adoption"),
    "early-help": _l("Help for families"),
    "school": _l("School and education"),
    "special-needs": _l("Special educational needs"),
    "health": _l("Health"),
    "youth-justice": _l("Youth justice"),
    "other": _l("Something else"),
}
FORMATS = {
    "portal": _l("On this website, to read or to keep"),
    "paper": _l("On paper, by post"),
    "large-print": _l("In large print, by post"),
    "audio": _l("To listen to"),
    "collect": _l("I would like to collect it, or read it with someone beside me"),
}


def _long_ago() -> datetime.date:
    return uk_today() - datetime.timedelta(days=round(OLDEST_YEARS * 365.25))


class QuestionForm(forms.VersionedForm):
    """A page of the journey. `version` counts how often this very question was answered.

    `reveals` names, per choices field, the field that stands under a choice; `drawing` gives options of a field's
    drawing."""

    reveals: ClassVar[dict[str, dict[str, str]]] = {}
    drawing: ClassVar[dict[str, dict[str, Any]]] = {}
    go = forms.SubmitField(_l("Continue"))

    def questions(self) -> Iterator[wtforms.Field]:
        """The fields somebody fills in, in their order."""
        for field in self:
            if not isinstance(field, forms.SubmitField) and not isinstance(field.widget, HiddenInput):
                yield field

    def drawn(self) -> list[wtforms.Field]:
        """The fields of the page; those that stand under a choice of another are drawn by it."""
        under = {name for choices in self.reveals.values() for name in choices.values()}
        return [field for field in self.questions() if field.short_name not in under]

    def said(self) -> dict[str, Any]:
        """The answers as they are kept."""
        return {field.short_name: field.data for field in self.questions()}

    def needed_with(self, field: wtforms.Field, words: str) -> bool:
        """For answers that only another answer makes necessary: says so when `field` was left empty."""
        if field.data or field.errors:
            return True
        field.errors = [*field.errors, words]
        return False


class AboutForm(QuestionForm):
    """Whose record it is."""

    about = forms.RadiosField(
        _l("Whose record do you want to see?"),
        choices=[
            ("me", _l("Mine: the record is about me")),
            ("child", _l("My child's")),
            ("several", _l("More than one child's")),
            ("other", _l("Someone else's: I act for them")),
            ("others", _l("More than one person's: I act for them")),
        ],
        hints={
            "me": _l("You can ask at any age. You do not need a grown-up to ask for you."),
            "other": _l("For example as a solicitor, an advocate or a person a court has chosen"),
        },
        needed=_l("Choose whose record you want to see"),
        short=_l("Whose record"),
    )


class NameForm(QuestionForm):
    """Who the record is about."""

    drawing: ClassVar = {"birth_date": {"birth": False}}
    names = forms.TextField(_l("Full name"), needed=_l("Enter the full name"), longest=150, short=_l("Name"))
    former_names = forms.TextField(
        _l("Any other names, now or in the past"),
        hint=_l("Such as a name before adoption, a family name that changed, or a short name"),
        longest=300,
        short=_l("Other names"),
    )
    birth_date = forms.DateField(
        _l("Date of birth"),
        hint=_l("For example, 27 3 2014"),
        needed=_l("Enter the date of birth"),
        earliest=_long_ago,
        latest=uk_today,
    )


class FindForm(QuestionForm):
    """What helps to find the right record, all of it optional."""

    address = forms.LongTextField(_l("Address"), hint=_l("Now, or the last one you know"), longest=500, counted=False)
    school = forms.TextField(_l("School, college or nursery"), hint=_l("Now, or the last one"), longest=200)
    identifiers = forms.TextField(
        _l("Numbers from letters"),
        hint=_l("Such as an NHS number or a number on a letter from us. Leave it empty if you have none."),
        longest=200,
    )


class RightForm(QuestionForm):
    """In what right somebody asks about another person. The choices come with the answers (`workflows.authority`)."""

    footing = forms.RadiosField(
        _l("What gives you the right to ask?"),
        needed=_l("Choose what gives you the right to ask"),
        short=_l("Your right to ask"),
    )
    more = forms.TextField(
        _l("Anything we should know about this"),
        hint=_l("For example a court order, or who else looks after the child"),
        longest=500,
        short=_l("More about this"),
    )


class MoreChildrenForm(QuestionForm):
    """Whether there is another child."""

    another = forms.RadiosField(
        _l("Do you want to add another child?"),
        choices=[("yes", _l("Yes")), ("no", _l("No"))],
        needed=_l("Choose yes if you want to add another child"),
        short=_l("Another child"),
    )


class YouForm(QuestionForm):
    """Who asks."""

    drawing: ClassVar = {"name": {"autocomplete": "name"}}
    name = forms.TextField(
        _l("What is your full name?"), needed=_l("Enter your full name"), longest=150, short=_l("Your name")
    )


class ReachForm(QuestionForm):
    """How the person who asks can safely be reached: no channel is used that is not ticked here (security.md 6a)."""

    reveals: ClassVar = {"ways": {"email": "email", "post": "address"}}
    drawing: ClassVar = {"phone": {"type": "tel", "autocomplete": "tel"}}
    belongs: ClassVar = {"email": ("email",), "phone": ("text", "voice"), "address": ("post",)}
    ways = forms.CheckboxesField(
        _l("Which ways of reaching you are safe?"),
        choices=[
            ("text", _l("Text message")),
            ("voice", _l("Phone call")),
            ("email", _l("Email")),
            ("post", _l("Post")),
        ],
        hints={
            "email": _l("We send a link to sign in with. Without email, we can give you a printed card for that."),
            "post": _l("In a plain envelope"),
        },
        hint=_l("Choose only ways that nobody else can read or hear. We will use no others."),
        needed=_l("Choose at least one way we can reach you"),
        short=_l("Safe ways to reach you"),
    )
    email = forms.EmailField(_l("Email address"))
    phone = forms.TextField(_l("Phone number"), hint=_l("Only if a text message or a phone call is safe"), longest=40)
    address = forms.LongTextField(_l("Your postal address"), longest=500, counted=False)
    notes = forms.LongTextField(
        _l("Is there anything we must not do?"),
        hint=_l("For example: do not leave messages, do not ring in the evening, do not write to my old address"),
        longest=1000,
        counted=False,
        short=_l("What we must not do"),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """A way that was ticked needs the number or address that goes with it."""
        good = super().validate(extra_validators)
        ways = self.ways.data or []
        wanted = (
            ("email", self.email, _("Enter your email address")),
            ("text", self.phone, _("Enter your phone number")),
            ("voice", self.phone, _("Enter your phone number")),
            ("post", self.address, _("Enter your postal address")),
        )
        missing = [way for way, field, words in wanted if way in ways and not self.needed_with(field, words)]
        return good and not missing and self._can_be_dialled(ways)

    def _can_be_dialled(self, ways: list[str]) -> bool:
        told = {"phone": self.phone.data, "safe_channels": ways}
        if all(contact.phone_number(told, way) for way in contact.TELEPHONE_WAYS if way in ways):
            return True
        self.phone.errors = [_("Enter a phone number that can be used for this, like 07700 900123")]
        return False

    def said(self) -> dict[str, Any]:
        """What belongs to a way that is not ticked is not kept: we could only ever use it by mistake."""
        said = super().said()
        kept = set(said["ways"] or ())
        return {**said, **{name: None for name, ways in self.belongs.items() if not kept.intersection(ways)}}


class TelephoneForm(QuestionForm):
    """When we may ring or text, and what we may say; asked where the telephone is safe."""

    hours = forms.CheckboxesField(
        _l("When may we ring or text?"),
        choices=list(HOURS.items()),
        hint=_l("Choose none if any time of the day is fine."),
        short=_l("When we may ring"),
    )
    may_say = forms.RadiosField(
        _l("What may we say when we ring?"),
        choices=list(MAY_SAY.items()),
        hint=_l("Somebody else may answer your phone."),
        needed=_l("Choose what we may say"),
        short=_l("What we may say"),
    )
    leave_message = forms.RadiosField(
        _l("May we leave a message?"),
        choices=[("yes", _l("Yes")), ("no", _l("No"))],
        needed=_l("Choose yes if we may leave a message"),
        short=_l("A message"),
    )


class CallerWordForm(QuestionForm):
    """A word that whoever rings and says that they are this person is asked for."""

    drawing: ClassVar = {"word": {"autocomplete": "off", "autocapitalize": "none", "spellcheck": False}}
    word = forms.TextField(
        _l("A word we can ask you for"),
        hint=_l("At least 6 letters. Leave it empty if you do not want one."),
        longest=60,
        short=_l("Word for when you ring"),
    )

    def validate_word(self, field: wtforms.Field) -> None:
        """Short words are guessed within the tries that are allowed."""
        if field.data and not contact_changes.is_long_enough(field.data):
            raise wtforms.ValidationError(_("Your word must have at least 6 letters"))


class WantedForm(QuestionForm):
    """All of it, or parts."""

    scope = forms.RadiosField(
        _l("What do you want to see?"),
        choices=[("everything", _l("Everything you hold")), ("parts", _l("Only some parts, or some years"))],
        hints={"parts": _l("Choosing parts can make it quicker. You can ask for the rest later.")},
        needed=_l("Choose what you want to see"),
        short=_l("What you want to see"),
    )


class PartsForm(QuestionForm):
    """Which parts, and of which years."""

    areas = forms.CheckboxesField(_l("Which parts?"), choices=list(AREAS.items()), short=_l("Parts"))
    from_date = forms.DateField(
        _l("From which day?"),
        hint=_l("Leave it empty for the start. For example, 1 9 2019"),
        earliest=_long_ago,
        latest=uk_today,
        short=_l("From"),
    )
    to_date = forms.DateField(
        _l("Until which day?"),
        hint=_l("Leave it empty for today"),
        earliest=_long_ago,
        latest=uk_today,
        short=_l("Until"),
    )

    def validate_to_date(self, field: forms.DateField) -> None:
        """The years must have a beginning before their end."""
        if self.from_date.data and field.data and field.data < self.from_date.data:
            raise wtforms.ValidationError(_("The last day must be the same as or after the first day"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Parts were chosen before, so at least one part or day has to be named."""
        good = super().validate(extra_validators)
        if good and not (self.areas.data or self.from_date.data or self.to_date.data):
            self.areas.errors = [_("Choose at least one part, or give a day")]
            return False
        return good


class WordsForm(QuestionForm):
    """In the requester's own words."""

    words = forms.LongTextField(
        _l("Is there anything that helps us find it?"),
        hint=_l(
            "For example names of workers, places, or what you most want to know. You do not have to say why you ask."
        ),
        longest=2000,
        short=_l("In your own words"),
    )


class FormatForm(QuestionForm):
    """In what form, and with what help (R-168)."""

    format = forms.RadiosField(
        _l("Choose one way"),
        choices=list(FORMATS.items()),
        needed=_l("Choose how you would like to get it"),
        short=_l("How you get it"),
    )
    needs = forms.LongTextField(
        _l("Do you need help, or another language?"),
        hint=_l("For example an interpreter, Welsh, easy words, or somebody to be with you when you read it"),
        longest=1000,
        counted=False,
        short=_l("Help you need"),
    )


class SupportForm(QuestionForm):
    """What help somebody would like who reads their own record, and which family they know (R-65, R-66)."""

    supporter = forms.RadiosField(
        _l("Would you like somebody with you when you read it?"),
        choices=[("yes", _l("Yes, please")), ("no", _l("No, thank you"))],
        hint=_l("A worker who listens and helps you. It is free."),
        short=_l("Somebody with you"),
    )
    meeting = forms.RadiosField(
        _l("Would you like to meet us to talk about it?"),
        choices=[("yes", _l("Yes, please")), ("no", _l("No, thank you"))],
        short=_l("A meeting"),
    )
    known = forms.LongTextField(
        _l("Which of your family do you know about?"),
        hint=_l("Names, and who they are to you: one on each line. We do not hide from you what you know already."),
        longest=2000,
        counted=False,
        short=_l("Family you know"),
    )
    more = forms.LongTextField(
        _l("Is there anything else that would help you?"), longest=1000, counted=False, short=_l("What would help")
    )


class SecondStepForm(QuestionForm):
    """Whether to set up an app that shows codes now, in this very session, or to get codes on paper later."""

    way = forms.RadiosField(
        _l("How do you want to prove it is you, later?"),
        choices=[
            ("app", _l("With an app on a phone, tablet or computer")),
            ("passkey", _l("With a passkey")),
            ("sheet", _l("With codes on paper")),
        ],
        hints={
            "passkey": _l("Your phone or computer checks your face, your finger or your PIN. You set it up now."),
            "app": _l("You set it up now. It takes about two minutes."),
            "sheet": _l("We hand them to you or post them, once we have checked who you are"),
        },
        hint=_l("Email alone is not safe enough to open a record. So we ask for a code as well."),
        needed=_l("Choose how you want to prove it is you"),
        short=_l("How you prove it is you"),
    )


class CodeForm(QuestionForm):
    """The first code that the app shows."""

    version = None  # type: ignore[assignment]  # how WTForms leaves a field out: nothing is written over

    drawing: ClassVar = {"code": {"inputmode": "numeric", "autocomplete": "off", "spellcheck": False}}
    code = forms.TextField(
        _l("Code that the app shows"), hint=_l("6 numbers"), needed=_l("Enter the code that the app shows"), longest=12
    )


class EvidenceForm(QuestionForm):
    """A file and what it is for."""

    version = None  # type: ignore[assignment]  # how WTForms leaves a field out: nothing is written over

    purpose = forms.RadiosField(
        _l("What does this file show?"),
        choices=[
            ("identity", _l("Who I am")),
            ("authority", _l("That I may ask for someone else")),
            ("other", _l("Something else")),
        ],
        needed=_l("Choose what the file shows"),
    )
    file = forms.UploadField(
        _l("Choose a file"),
        accept=".pdf,.jpg,.jpeg,.png",
        hint=_l("A PDF, JPEG or PNG file of up to 10 MB"),
        needed=_l("Choose a file"),
    )
    go = forms.SubmitField(_l("Add this file"))


class KeepForm(QuestionForm):
    """An address for the link and a word, to come back on another day."""

    version = None  # type: ignore[assignment]  # how WTForms leaves a field out: nothing is written over

    drawing: ClassVar = {"word": {"autocomplete": "off", "autocapitalize": "none", "spellcheck": False}}
    email = forms.EmailField(_l("Your email address"), needed=_l("Enter your email address"))
    word = forms.TextField(
        _l("A word only you know"),
        hint=_l("At least 6 letters. We ask for it when you come back. Do not use your name."),
        needed=_l("Enter a word"),
        longest=60,
        short=_l("Your word"),
    )
    go = forms.SubmitField(_l("Save and stop for now"))

    def validate_word(self, field: wtforms.Field) -> None:
        """Short words are guessed within the tries that are allowed."""
        if len(field.data) < 6:
            raise wtforms.ValidationError(_("Your word must have at least 6 letters"))
