"""How we may reach you: what is safe, what stops at once, what waits for three days, the word we ask a caller for."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, flash, render_template, url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from werkzeug.exceptions import NotFound
from wtforms.validators import ValidationError

from portal import audit, db, forms, gate
from portal.cases import verbs
from portal.gate import page
from portal.people import contact, contact_changes
from portal.people.contact_changes import New
from portal.people.models import Person
from portal.requester import blueprint
from portal.requester.question_forms import HOURS, MAY_SAY
from portal.vault import vault_of
from workflows.table import StepRefused

PROVEN = ("family+2",)
HERE = "/reach"
CHANNELS = {
    "email": _l("Email"),
    "text": _l("Text message"),
    "voice": _l("Phone call"),
    "post": _l("Post"),
}
OLD = [("yes", _l("Yes, or I gave none")), ("no", _l("No: never use it again"))]


class Stop(forms.Form):
    """What is not safe any more."""

    channels = forms.CheckboxesField(
        _l("What must we stop using?"), needed=_l("Choose what we must stop using"), short=_l("What stops")
    )
    never = forms.CheckboxField(_l("Never use that address or number again"))
    go = forms.SubmitField(_l("Stop it now"))


class NewEmail(forms.Form):
    """A new e-mail address."""

    email = forms.EmailField(_l("New email address"), needed=_l("Enter your email address"))
    old = forms.RadiosField(_l("Is the old address still safe?"), choices=OLD, needed=_l("Choose yes or no"))
    go = forms.SubmitField(_l("Continue"))


class NewPhone(forms.Form):
    """A new number, and what it is for."""

    phone = forms.TextField(_l("Phone number"), needed=_l("Enter your phone number"), longest=40)
    channels = forms.CheckboxesField(
        _l("What is safe?"),
        choices=[("text", _l("Text messages")), ("voice", _l("Phone calls"))],
        needed=_l("Choose what is safe"),
    )
    old = forms.RadiosField(_l("Is the old number still safe?"), choices=OLD, needed=_l("Choose yes or no"))
    go = forms.SubmitField(_l("Continue"))


class NewAddress(forms.Form):
    """A new postal address."""

    address = forms.LongTextField(
        _l("New postal address"), needed=_l("Enter your postal address"), longest=500, counted=False
    )
    old = forms.RadiosField(_l("Is the old address still safe?"), choices=OLD, needed=_l("Choose yes or no"))
    go = forms.SubmitField(_l("Continue"))


class Wishes(forms.VersionedForm):
    """When we may ring or write, and what we may say."""

    hours = forms.CheckboxesField(
        _l("When may we ring or write?"),
        choices=list(HOURS.items()),
        hint=_l("Choose none if any time of the day is fine."),
    )
    may_say = forms.RadiosField(
        _l("What may we say when we ring?"), choices=list(MAY_SAY.items()), needed=_l("Choose what we may say")
    )
    leave_message = forms.CheckboxField(_l("You may leave a message"))
    notes = forms.LongTextField(
        _l("Is there anything we must not do?"),
        hint=_l("For example: do not write to my old address"),
        longest=1000,
        counted=False,
    )
    go = forms.SubmitField(_l("Save"))


class Never(forms.Form):
    """An address or number that must never be used."""

    value = forms.LongTextField(
        _l("An address or number that we must never use"),
        needed=_l("Enter the address or number"),
        hint=_l("An email address, a phone number, or a postal address"),
        longest=300,
        counted=False,
        short=_l("The address or number"),
    )
    go = forms.SubmitField(_l("Save"))


class CodeWord(forms.Form):
    """A word that we ask for when somebody rings and says that they are this person."""

    word = forms.TextField(
        _l("Your word"),
        hint=_l("At least 6 letters. Do not use a name or a birthday. We cannot look it up."),
        needed=_l("Enter a word"),
        longest=60,
    )
    go = forms.SubmitField(_l("Save"))

    def validate_word(self, field: forms.TextField) -> None:
        """Short words are guessed within the tries that are allowed."""
        if not contact_changes.is_long_enough(str(field.data)):
            raise ValidationError(_("Your word must have at least 6 letters"))


NEW: dict[str, tuple[type[forms.Form], Any]] = {
    "email": (NewEmail, _l("A new email address")),
    "phone": (NewPhone, _l("A new phone number")),
    "address": (NewAddress, _l("A new postal address")),
}


@page(blueprint, HERE, who=PROVEN, why="how the reader may be reached, and how to change it")
def reach() -> str:
    with gate.runtime().database.read() as session:
        told = contact_changes.told_of(session, _me())
        change = contact.waiting_change(session, _me())
        ways = [(str(CHANNELS[way]), contact.usable(told, way)) for way in contact.CHANNELS]
        until = format_datetime(change.due_at, "d MMMM yyyy, HH:mm") if change else ""
        checked = bool(change and change.needs_second)
    wishes = contact.wishes(told)
    return render_template(
        "requester/reach/reach.html",
        back=url_for("requester.my"),
        back_text=_("My page"),
        ways=ways,
        wishes=wishes,
        hours=[str(HOURS[one]) for one in wishes.hours if one in HOURS],
        may_say=MAY_SAY[wishes.may_say],
        until=until,
        checked=checked,
        button=forms.Form(formdata=None),
    )


@page(blueprint, "/reach/stop", methods=("GET", "POST"), who=PROVEN, why="stop a way of being reached, at once")
def stop_reaching() -> Response | tuple[str, int]:
    form = Stop()
    with gate.runtime().database.read() as session:
        told = contact_changes.told_of(session, _me())
    form.channels.choices = [(way, str(CHANNELS[way])) for way in contact.CHANNELS if contact.usable(told, way)]
    if form.validate_on_submit():

        def stop(session: Session) -> str:
            never, by = bool(form.never.data), str(gate.reader())
            contact_changes.stop(session, _me(), form.channels.data or [], never=never, by=by)
            return _kept(session, "contact_stopped", _("We have stopped. We do not use it from now on."))

        return gate.perform(form.form_key.data, stop)
    return _shown("requester/reach/stop.html", form)


@page(
    blueprint,
    "/reach/new/<string:what>",
    methods=("GET", "POST"),
    who=PROVEN,
    why="enter a new address or number; it waits for three days",
    step_up=True,
)
def new_way(what: str) -> Response | tuple[str, int]:
    if what not in NEW:
        raise NotFound
    kind, title = NEW[what]
    form: Any = kind()
    if form.validate_on_submit():
        channels = {"email": ("email",), "address": ("post",)}.get(what) or tuple(form.channels.data)
        new = New(channels, **{what: form[what].data})

        def enter(session: Session) -> str:
            about: dict[str, Any] = {"by": str(gate.reader()), "now": db.now(), "old_is_safe": form.old.data == "yes"}
            cases = verbs.own_cases(session, _me())
            contact_changes.propose(session, _me(), new, **about, case_id=cases[0].id if cases else None)
            return _kept(session, "contact_proposed", _("We have it. We use it in three days."))

        try:
            return gate.perform(form.form_key.data, enter)
        except StepRefused as refused:
            _blame(form, refused)
    return _shown("requester/reach/new.html", form, title=title, what=what)


@page(blueprint, "/reach/cancel", methods=("POST",), who=PROVEN, why="drop a new way of being reached that waits")
def cancel_new_way() -> Response:
    form = forms.Form()
    if not form.validate_on_submit():
        flash(_("Nothing was done: the page was not complete. Try again."))
        return gate.see_other(HERE)

    def cancel(session: Session) -> str:
        change = contact.waiting_change(session, _me())
        if change is None:
            return HERE
        contact_changes.cancel(session, change.id, by=str(gate.reader()), now=db.now())
        return _kept(session, "contact_cancelled", _("Everything stays as it was."))

    return gate.perform(form.form_key.data, cancel)


@page(
    blueprint,
    "/reach/wishes",
    methods=("GET", "POST"),
    who=PROVEN,
    why="say when the reader may be rung, and what may be said",
    step_up=True,
)
def reach_wishes() -> Response | tuple[str, int]:
    with gate.runtime().database.read() as session:
        person = session.get_one(Person, _me())
        kept, version = contact.wishes(vault_of(session).get(person)), person.version
    data = {"hours": list(kept.hours), "may_say": kept.may_say, "leave_message": kept.leave_message}
    form = Wishes(data={**data, "notes": kept.notes, "version": version})
    if form.validate_on_submit():

        def keep(session: Session) -> str:
            saved = contact_changes.wish(
                session,
                _me(),
                hours=form.hours.data or [],
                may_say=str(form.may_say.data),
                leave_message=bool(form.leave_message.data),
                notes=form.notes.data or "",
                version=form.version.data,
            )
            if not saved:
                flash(_("This was changed in another window. Look at it again, then save."))
                return f"{HERE}/wishes"
            return _kept(session, "contact_wishes", _("Saved."))

        return gate.perform(form.form_key.data, keep)
    return _shown("requester/reach/wishes.html", form)


@page(
    blueprint,
    "/reach/never",
    methods=("GET", "POST"),
    who=PROVEN,
    why="name an address or number that must never be used",
)
def never_reach() -> Response | tuple[str, int]:
    form = Never()
    if form.validate_on_submit():

        def never(session: Session) -> str:
            contact_changes.never_use(session, _me(), str(form.value.data))
            return _kept(session, "contact_never", _("Saved. We never use it."))

        return gate.perform(form.form_key.data, never)
    return _shown("requester/reach/never.html", form)


@page(
    blueprint,
    "/reach/word",
    methods=("GET", "POST"),
    who=PROVEN,
    why="choose the word that a caller is asked for",
    step_up=True,
    keeps=False,
)
def code_word() -> Response | tuple[str, int]:
    form = CodeWord()
    if form.validate_on_submit():
        pepper = gate.runtime().settings.secrets.pepper
        hashed = contact_changes.hash_code_word(pepper, str(form.word.data))  # slow, so before the transaction

        def keep(session: Session) -> str:
            contact_changes.keep_code_word(session, _me(), hashed)
            return _kept(session, "code_word_set", _("Saved. We ask for it when you ring."))

        return gate.perform(form.form_key.data, keep)
    form.word.raw_data, form.word.data = [], None  # a secret is not shown again
    return _shown("requester/reach/word.html", form)


def _me() -> uuid.UUID:
    person_id = gate.reader().id
    if person_id is None:  # the gate lets nobody without one come here
        raise PermissionError
    return person_id


def _kept(session: Session, act: str, words: str) -> str:
    audit.append(session, gate.act(act))
    flash(words, "success")
    return HERE


def _blame(form: forms.Form, refused: StepRefused) -> None:
    field = form[refused.need] if refused.need and refused.need in form else None
    if field is None:
        form.form_errors.append(_(refused.reason))
    else:
        field.errors = [*field.errors, _(refused.reason)]


def _shown(template: str, form: forms.Form, **facts: Any) -> tuple[str, int]:
    return render_template(template, form=form, back=HERE, **facts), form.status
