"""The page on which one goes on after showing once more who one is: what was typed before is sent from here."""

from __future__ import annotations

import uuid

from flask import Blueprint, render_template

from portal import db, gate
from portal.errors import NotThere
from portal.gate import page
from portal.people import kept_forms


def register(blueprint: Blueprint, who: tuple[str, ...]) -> None:
    """Gives a door its page; `portal.gate` leads to it."""

    def go_on(kept_id: uuid.UUID) -> str:
        reader = gate.reader()
        with gate.runtime().database.read() as session:
            kept = kept_forms.find(session, reader.door, reader.id, kept_id, now=db.now()) if reader.id else None
        if kept is None:
            raise NotThere
        return render_template("parts/go_on.html", kept=kept, field=kept_forms.FIELD, kept_id=kept_id.hex)

    why = "send what was typed before the second factor had to be shown again"
    page(blueprint, "/go-on/<uuid:kept_id>", who=who, why=why, step_up=True)(go_on)
