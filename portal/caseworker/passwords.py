"""One's own password: changed by whoever knows the present one and has just shown the second factor.

A forgotten password is nobody's to reset: an administrator invites the person anew, and the person chooses."""

from __future__ import annotations

import uuid

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from portal import db, forms, gate
from portal.caseworker import blueprint
from portal.gate import page
from portal.people import hashing, limits, staff
from portal.people.models import STAFF_ROLES, Staff
from portal.vault import vault_of


class ChangePassword(forms.Form):
    """The present password, and the new one twice. Length alone is asked of it; pasting is welcome."""

    present = forms.PasswordField(_l("Your present password"), needed=_l("Enter your present password"))
    new = forms.PasswordField(
        _l("New password"),
        hint=_l("15 characters or more, whatever you like. Four words are easy to keep in mind."),
        needed=_l("Enter a new password"),
    )
    again = forms.PasswordField(_l("New password once more"), needed=_l("Enter the new password once more"))
    go = forms.SubmitField(_l("Change password"))

    def validate_again(self, field: forms.PasswordField) -> None:
        if field.data != self.new.data:
            raise ValidationError(_("The two new passwords are not the same"))


@page(
    blueprint,
    "/password",
    methods=("GET", "POST"),
    who=STAFF_ROLES,
    why="change one's own password",
    step_up=True,
    keeps=False,
)
def own_password() -> Response | tuple[str, int]:
    form = ChangePassword()
    if form.validate_on_submit() and _changed(form):
        flash(_("Your password is changed. You are signed out everywhere else."), "success")
        return gate.see_other("/staff/passkeys")
    return render_template("caseworker/sign_in/own_password.html", form=form), form.status


def _changed(form: ChangePassword) -> bool:
    """Changes it, or says in the form why not. Slow hashes run outside the transactions."""
    me, settings = _me(), gate.runtime().settings
    email, stored = _account(me)
    with gate.runtime().database.write() as session:
        allowed = limits.within(session, limits.PASSWORDS, f"staff:{me.hex}")
    if not allowed:
        raise limits.limited(limits.PASSWORDS, now=db.now())
    if not hashing.matches(settings.secrets.pepper, stored, str(form.present.data)):
        form.present.errors = [_("This is not your present password")]
        return False
    try:
        hashed = staff.new_hash(str(form.new.data), email, settings)
    except staff.PasswordRefused as refused:
        form.new.errors = [_(refused.words)]
        return False
    with gate.runtime().database.write() as session:
        cookie = gate.cookie("staff") or ""
        staff.set_password(session, me, hashed, by=str(gate.reader()), now=db.now(), cookie=cookie)
        limits.forgive(session, limits.PASSWORDS, f"staff:{me.hex}")
    return True


def _account(me: uuid.UUID) -> tuple[str, str | None]:
    """Work e-mail and the hash of the password; none for whoever comes in by the directory."""
    with gate.runtime().database.read() as session:
        account = session.get_one(Staff, me)
        return str(vault_of(session).get(account)["email"]), account.password_hash or None


def _me() -> uuid.UUID:
    staff_id = gate.reader().id
    if staff_id is None:  # the gate lets nobody without one come here
        raise PermissionError
    return staff_id
