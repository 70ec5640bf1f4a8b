"""Forms and their fields: what a page may ask, how an answer is read, and the words for an answer we cannot read.

Every field takes `needed`, the words shown when nothing was answered; without it the field may stay empty. Nothing a
stranger posts raises: what cannot be read becomes an error beside the field, and what was typed is shown again.
"""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

import wtforms
from babel.dates import get_month_names
from flask import Flask, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.file import FileField as OneUpload
from flask_wtf.file import MultipleFileField as ManyUploads
from markupsafe import Markup
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import HiddenInput

from portal import widgets
from portal.text import TextRefused, clean_text

FORM_KEY = re.compile(r"[A-Za-z0-9_-]{22,64}", re.ASCII)
EMAIL = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\".]+(\.[^\s@,;<>\".]+)+")
LARGEST_VERSION = 2**31 - 1  # what an integer column holds
Validator = Callable[[wtforms.Form, wtforms.Field], None]
MachineView = TypeVar("MachineView", bound=Callable[..., Any])
_guard = CSRFProtect()


def init_app(app: Flask) -> None:
    """Guards every unsafe request of `app` with a CSRF token."""
    # A form that took two hours to fill in is still good: its token ends with the session, which has its own limits.
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    _guard.init_app(app)


def from_a_machine(view: MachineView) -> MachineView:
    """Marks a view that another server posts to. It has no session, so no token; what it sends must prove itself."""
    return _guard.exempt(view)


class _Answered:
    """First rule of every field: says that an answer is missing, or lets an empty optional field be."""

    def __init__(self, needed: str | None) -> None:
        self.needed = needed

    def __call__(self, _form: wtforms.Form, field: wtforms.Field) -> None:
        if field.errors:  # it was answered, but could not be read; one error is enough
            raise StopValidation
        if not field.data:
            raise StopValidation(self.needed) if self.needed else StopValidation


class _Question:
    """What all fields share. `short` is how messages call the field; without it, its label."""

    # For the type checker: what the WTForms field beside it has.
    id: str
    name: str

    def __init__(
        self,
        label: str = "",
        *,
        needed: str | None = None,
        hint: str = "",
        short: str | None = None,
        validators: Sequence[Validator] = (),
        **options: Any,
    ) -> None:
        self.short = short or label
        super().__init__(label, [_Answered(needed), *validators], description=hint, **options)  # type: ignore[call-arg]

    @property
    def error_id(self) -> str:
        """Id of the input that the error summary leads to."""
        return self.id


class TextField(_Question, wtforms.StringField):
    """One line of text of at most `longest` characters, cleaned by `portal.text`. Empty is None."""

    widget = widgets.TextInput()
    lines = False

    def __init__(self, label: str = "", *, longest: int = 200, **options: Any) -> None:
        self.longest = longest
        super().__init__(label, **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        if not valuelist:
            return
        self.raw_data = [str(valuelist[0])]
        text = self._cleaned(self.raw_data[0])
        if len(text) > self.longest:
            told = _("%(name)s must be %(count)s characters or fewer", name=self.short, count=f"{self.longest:,}")
            raise ValueError(told)
        self.data = text or None

    def _cleaned(self, text: str) -> str:
        try:
            cleaned = clean_text(text)
        except TextRefused as refused:
            raise ValueError(str(refused)) from refused
        return cleaned.strip() if self.lines else " ".join(cleaned.split())

    def _value(self) -> str:
        """What was typed, or what is stored."""
        return str(self.raw_data[0]) if self.raw_data else str(self.data or "")


class LongTextField(TextField):
    """Text of several lines. The count of what is left is shown unless `counted=False`."""

    lines = True

    def __init__(self, label: str = "", *, longest: int = 4000, counted: bool = True, **options: Any) -> None:
        super().__init__(label, longest=longest, **options)
        self.widget = widgets.CharacterCount() if counted else widgets.Textarea()


class EmailField(TextField):
    """An e-mail address. That it is spelt right is all that can be tested here."""

    widget = widgets.EmailInput()

    def __init__(self, label: str = "", *, longest: int = 254, **options: Any) -> None:
        super().__init__(label, longest=longest, **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        if self.data and not EMAIL.fullmatch(self.data):
            self.data = None
            raise ValueError(_("Enter an email address in the right form, like name@example.org"))


class PasswordField(_Question, wtforms.StringField):
    """A secret, taken exactly as typed and never shown again."""

    widget = widgets.PasswordInput()
    longest = 1000  # hashing is slow on purpose; a longer one is an attack

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = str(valuelist[0]) if valuelist else None
        if self.data and len(self.data) > self.longest:
            self.data = None
            raise ValueError(_("%(name)s is too long", name=self.short))


@cache
def _months() -> dict[str, int]:
    """Every name of a month in English and Welsh, long and short -> its number."""
    names = {"sept": 9}
    for locale in ("en", "cy"):
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=locale).items():
                names[name.rstrip(".").casefold()] = number
    return names


class DateField(_Question, wtforms.Field):
    """A date, asked as day, month and year in three boxes.

    `earliest` and `latest` are asked for when the form is read, so that `latest=date.today` stays true overnight.
    `parts` holds what was typed, `wrong_parts` the boxes to mark."""

    widget = widgets.DateInput()
    PARTS = ("day", "month", "year")
    MISSING: ClassVar[dict[tuple[str, ...], str]] = {
        ("day",): _l("%(name)s must include a day"),
        ("month",): _l("%(name)s must include a month"),
        ("year",): _l("%(name)s must include a year"),
        ("day", "month"): _l("%(name)s must include a day and month"),
        ("day", "year"): _l("%(name)s must include a day and year"),
        ("month", "year"): _l("%(name)s must include a month and year"),
    }

    def __init__(
        self,
        label: str = "",
        *,
        earliest: Callable[[], datetime.date] | None = None,
        latest: Callable[[], datetime.date] | None = None,
        **options: Any,
    ) -> None:
        self.parts = dict.fromkeys(self.PARTS, "")
        self.wrong_parts: tuple[str, ...] = ()
        self.earliest = earliest or (lambda: datetime.date(1880, 1, 1))
        self.latest = latest or (lambda: datetime.date(2199, 12, 31))
        super().__init__(label, **options)

    @property
    def error_id(self) -> str:
        return f"{self.id}-{self.wrong_parts[0] if self.wrong_parts else 'day'}"

    def process_data(self, value: datetime.date | None) -> None:
        self.data = value
        if value is not None:
            self.parts = {part: str(getattr(value, part)) for part in self.PARTS}

    def process(self, formdata: Any, *args: Any, **options: Any) -> None:
        """Reads the three boxes. A name posted more than once counts once, a missing one as empty."""
        super().process(None, *args, **options)
        if formdata is None:
            return
        self.parts = {part: str((formdata.getlist(f"{self.name}-{part}") or [""])[0]).strip() for part in self.PARTS}
        self.raw_data = list(self.parts.values())
        self.data = None
        try:
            self.data = self._read()
        except ValueError as wrong:
            self.process_errors.append(str(wrong))

    def _read(self) -> datetime.date | None:
        missing = tuple(part for part in self.PARTS if not self.parts[part])
        if len(missing) == len(self.PARTS):
            return None
        if missing:
            raise self._wrong(missing, self.MISSING[missing])
        if not re.fullmatch(r"\d{4}", self.parts["year"], re.ASCII):
            raise self._wrong(("year",), _l("%(name)s must have a year of 4 numbers"))
        day, month = self._day(), self._month()
        wrong = tuple(part for part, value in (("day", day), ("month", month)) if value is None)
        if day is None or month is None:
            raise self._wrong(wrong, _l("%(name)s must be a real date"))
        try:
            read = datetime.date(int(self.parts["year"]), month, day)
        except ValueError:
            raise self._wrong(("day",), _l("%(name)s must be a real date")) from None
        return self._in_range(read)

    def _day(self) -> int | None:
        text = self.parts["day"]
        return int(text) if re.fullmatch(r"\d{1,2}", text, re.ASCII) and 1 <= int(text) <= 31 else None

    def _month(self) -> int | None:
        text = self.parts["month"]
        if re.fullmatch(r"\d{1,2}", text, re.ASCII):
            return int(text) if 1 <= int(text) <= 12 else None
        return _months().get(text.rstrip(".").casefold())

    def _in_range(self, read: datetime.date) -> datetime.date:
        if read > self.latest():
            past = self.latest() <= datetime.date.today()  # noqa: DTZ011 only chooses the words
            words = _l("%(name)s must be today or in the past") if past else _l("%(name)s is too far in the future")
            raise self._wrong(self.PARTS, words)
        if read < self.earliest():
            raise self._wrong(("year",), _l("%(name)s is too long ago"))
        return read

    def _wrong(self, parts: tuple[str, ...], words: str) -> ValueError:
        self.wrong_parts = parts
        return ValueError(str(words) % {"name": self.short})

    def post_validate(self, form: wtforms.Form, validation_stopped: bool) -> None:  # noqa: ARG002, FBT001 WTForms' own
        """An error from elsewhere (nothing answered, another rule) marks all three boxes."""
        if self.errors and not self.wrong_parts:
            self.wrong_parts = self.PARTS


class _Choice(_Question):
    """Choices are (value, words) pairs; `hints` adds a line under some of them."""

    def __init__(
        self,
        label: str = "",
        *,
        choices: Iterable[tuple[str, str]] = (),
        hints: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.hints = hints or {}
        offered = [SelectChoice(value=value, label=words) for value, words in choices]
        super().__init__(label, choices=offered, **options)

    def pre_validate(self, _form: wtforms.Form) -> None:
        """Refuses what was not on the page. Having chosen nothing is for `needed` to say."""
        offered = {choice.value for choice in self.iter_choices()}  # type: ignore[attr-defined]
        data = self.data  # type: ignore[attr-defined]
        answered = data if isinstance(data, list) else [data] if data else []
        if not offered.issuperset(answered):
            raise ValidationError(_("Choose from the answers on this page"))


class RadiosField(_Choice, wtforms.RadioField):
    """One of a few answers, as text; None when nothing was chosen."""

    widget = widgets.Radios()


class SelectField(_Choice, wtforms.SelectField):
    """One of many answers. Give ("", "Choose one") first where none is chosen for the person."""

    widget = widgets.Select()


class CheckboxesField(_Choice, wtforms.SelectMultipleField):
    """Any number of a few answers, as a list."""

    widget = widgets.Checkboxes()


class CheckboxField(_Question, wtforms.BooleanField):
    """One box to tick. With `needed`, it must be."""

    widget = widgets.Checkbox()


class UploadField(_Question, OneUpload):
    """One file, or None. Its name, size and content are the business of who stores it (security.md 7)."""

    widget = widgets.Upload()
    multiple = False

    def __init__(self, label: str = "", *, accept: str = "", **options: Any) -> None:
        self.accept = accept
        super().__init__(label, **options)


class UploadsField(_Question, ManyUploads):
    """Up to `most` files, as a list."""

    widget = widgets.Upload()
    multiple = True

    def __init__(self, label: str = "", *, accept: str = "", most: int = 10, **options: Any) -> None:
        self.accept, self.most = accept, most
        super().__init__(label, **options)

    def pre_validate(self, _form: wtforms.Form) -> None:
        if len(self.data or []) > self.most:
            raise ValidationError(_("Choose up to %(count)s files at a time", count=self.most))


class SubmitField(wtforms.SubmitField):
    """The button. Its data is True when this button, of several, was pressed."""

    widget = widgets.Button()


class HiddenField(wtforms.HiddenField):
    """A value the page carries along. It comes back from a stranger: test it like one."""

    widget = widgets.Hidden()


class FormKeyField(HiddenField):
    """The one-time key that makes a second press, a retry or the back button find the first result.

    Each drawing of a form has a new key; the key that was posted is `data`."""

    def _value(self) -> str:
        return secrets.token_urlsafe(24)

    def pre_validate(self, _form: wtforms.Form) -> None:
        if not FORM_KEY.fullmatch(self.data or ""):
            raise ValidationError(_("The page was not complete. Check your answers and send them again"))


class VersionField(HiddenField):
    """The version of the row that this page shows, as a number (None if it does not come back as one)."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = str(valuelist[0]) if valuelist else ""
        self.data = int(text) if re.fullmatch(r"\d{1,10}", text, re.ASCII) else None
        if self.data is None or self.data > LARGEST_VERSION:
            self.data = None
            raise ValueError(_("The page was not complete. Open it again and make your change once more"))


class _Page(FlaskForm):
    """What both kinds of form offer to a page."""

    class Meta:
        """Only what a page's form sends is read; Flask-WTF would also take JSON, and fall over some of it."""

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return CombinedMultiDict((request.files, request.form)) if form.is_submitted() else None

    @property
    def status(self) -> int:
        """Status of the page that shows this form: a page that refuses answers is a 400."""
        return HTTPStatus.BAD_REQUEST if self.errors else HTTPStatus.OK

    @property
    def has_files(self) -> bool:
        return any(isinstance(field, UploadField | UploadsField) for field in self)

    def hidden_tag(self, *_fields: Any) -> Markup:
        """The hidden values of the form, the CSRF token among them."""
        hidden = [field for field in self if isinstance(field.widget, HiddenInput)]
        return Markup("\n").join(widgets.Hidden()(field) for field in hidden)

    def error_list(self) -> list[dict[str, str]]:
        """For the error summary, in the order of the page: `text`, and `href` of the input to put right."""
        items = [{"text": str(error)} for error in self.form_errors]
        for field in self:
            link = {} if isinstance(field.widget, HiddenInput) else {"href": f"#{getattr(field, 'error_id', field.id)}"}
            items += [{"text": str(error), **link} for error in field.errors[:1]]
        return items


class Form(_Page):
    """A form that changes something: POST, CSRF token, one-time key."""

    form_key = FormKeyField()


class VersionedForm(Form):
    """A form that changes a row; whoever saves compares `version` with the row's."""

    version = VersionField()


class SearchForm(_Page):
    """A form that only looks: GET, its answers stand in the address, so never ask for anything secret here."""

    class Meta:
        """Answers come from the address; there is nothing to protect with a token."""

        csrf = False

        def wrap_formdata(self, _form: wtforms.Form, _formdata: Any) -> Any:
            return request.args
