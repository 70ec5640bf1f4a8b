"""The forms about those who received a wrong version: how each is told, or why not."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal import forms
from portal.cases.corrections import recipients

STATES = {
    "open": (_l("Still to be told"), "yellow"),
    "told": (_l("Told"), "blue"),
    "acknowledged": (_l("They put it right"), "green"),
    "impossible": (_l("Cannot be told"), "grey"),
    "disproportionate": (_l("Not told: out of proportion"), "grey"),
    "not_concerned": (_l("Did not get the wrong version"), "grey"),
}
WHY_NOT = {name: STATES[name][0] for name in recipients.WITHOUT_TELLING}
BY_HAND = {"letter": _l("By letter"), "file": _l("By a file that we hand over"), "phone": _l("By telephone")}
TOLD_BY = {**BY_HAND, "email": _l("By an email link"), "message": _l("On their own case")}


class ByLink(forms.VersionedForm):
    """A link to a body of the register, which it acknowledges."""

    now = forms.LongTextField(
        _l("What they read that it says from now on"),
        hint=_l(
            "They see which child is meant, what entry it is, and these words. Never say who asked for the change."
        ),
        needed=_l("Write what it says from now on"),
        longest=2000,
    )
    way = forms.RadiosField(_l("How is the code given to them?"), needed=_l("Choose how the code is given"))
    answer_by = forms.DateField(
        _l("By when should they confirm it?"),
        short=_l("The date"),
        needed=_l("Enter the date by which they confirm it"),
    )
    send = forms.SubmitField(_l("Send the link"))


class ByHand(forms.VersionedForm):
    """Somebody told by letter, file or telephone."""

    way = forms.RadiosField(
        _l("How are they told?"), choices=list(BY_HAND.items()), needed=_l("Choose how they are told")
    )
    address = forms.LongTextField(
        _l("If by letter: to which address?"),
        hint=_l("The letter is then made here. Leave it empty if it is written elsewhere."),
        counted=False,
        longest=500,
    )
    words = forms.LongTextField(
        _l("What they are told"),
        hint=_l("Say what it says from now on, and that they should put it right. Never say who asked for the change."),
        needed=_l("Write what they are told"),
        longest=2000,
    )
    save = forms.SubmitField(_l("Record that they are told"))


class ToRelative(forms.VersionedForm):
    """A person who holds an earlier copy, written to on their own case."""

    words = forms.LongTextField(
        _l("What they read on their own case"),
        hint=_l("They must not learn that anybody asked for a change, or who. Write only what they may see."),
        needed=_l("Write what they read"),
        longest=2000,
    )
    reason = forms.LongTextField(
        _l("Why is this person told?"),
        hint=_l("Think of orders, a shield and who lives where. This stays with staff."),
        needed=_l("Write down why this person is told"),
    )
    send = forms.SubmitField(_l("Write to them"))


class LeaveOut(forms.VersionedForm):
    """Why somebody is not told."""

    state = forms.RadiosField(
        _l("Why are they not told?"), choices=list(WHY_NOT.items()), needed=_l("Choose why they are not told")
    )
    reason = forms.LongTextField(
        _l("Give the reason"), hint=_l("What was tried, or why it is out of proportion."), needed=_l("Give the reason")
    )
    save = forms.SubmitField(_l("Save"))


class NotConcerned(forms.Form):
    """Several bodies that never got the wrong version, for one reason."""

    which = forms.CheckboxesField(
        _l("Which of them never got the wrong version?"),
        hint=_l("The register says with whom the record was shared, and not always which entry. Look at each one."),
        needed=_l("Choose at least one"),
    )
    reason = forms.LongTextField(
        _l("How do we know?"), hint=_l("One reason that is true of each one ticked."), needed=_l("Say how we know")
    )
    save = forms.SubmitField(_l("They are not told"))


class Add(forms.Form):
    """A recipient that no register knows of."""

    who = forms.TextField(_l("Who received it?"), needed=_l("Say who received it"))
    save = forms.SubmitField(_l("Add to the list"))


class Names(forms.Form):
    """Which recipients the family may read of."""

    names = forms.CheckboxesField(
        _l("Which names may the family read?"),
        hint=_l("Leave out a name that says where somebody lives, which service they use, or that others ask too."),
    )
    save = forms.SubmitField(_l("Save the list"))
