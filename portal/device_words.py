"""How a session is called in the list in which its holder ends it: "Phone, evening of 3 March"."""

from __future__ import annotations

from flask_babel import format_date, to_user_timezone
from flask_babel import gettext as _

from portal.people.sessions import Found


def label(found: Found) -> str:
    """A neutral name for a session: the kind of machine, and when it began. No place, no browser, no address."""
    began = to_user_timezone(found.made_at)
    time = _part_of_day(began.hour, format_date(began, "d MMMM"))
    return _("%(machine)s, %(time)s", machine=_machine(found.device), time=time)


def _machine(device: str) -> str:
    words = {"phone": _("Phone"), "tablet": _("Tablet"), "computer": _("Computer")}
    return words.get(device, _("Another machine"))


def _part_of_day(hour: int, day: str) -> str:
    if hour < 5:
        return _("night of %(day)s", day=day)
    if hour < 12:
        return _("morning of %(day)s", day=day)
    if hour < 18:
        return _("afternoon of %(day)s", day=day)
    return _("evening of %(day)s", day=day)
