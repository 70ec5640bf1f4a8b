"""What every copy says besides the record: who the controller is, and the information of Article 15(1) (R-71)."""

from __future__ import annotations

import datetime

from babel.dates import format_date, get_month_names

from portal.cases.searching import PLACES, Place
from portal.documents.pack import Article15, Authority, Regulator, Searched
from portal.settings import Settings
from workflows.exemptions import REGISTER
from workflows.words import mark as _

SEARCH_OUTCOMES = {
    "open": _("We are still looking here."),
    "found": _("We looked here and found something."),
    "nothing": _("We looked here and found nothing."),
    "destroyed": _("What was here has been destroyed, as our rules on how long we keep things say."),
    "missing": _("Something should be here, but we cannot find it. We are sorry."),
    "elsewhere": _("Someone else holds this. Our letter says who, or ask us."),
    "not_searched": _("We did not look here. Ask us why if you want to know."),
}


WITHHELD_BECAUSE = tuple(sorted({one.phrase for one in REGISTER if one.per_item}))  # the same in every copy
_LOOKED = _("We looked here.")
_MONTHS = {name: number for number, name in get_month_names("wide", locale="en_GB").items()}


def searched(place: Place) -> Searched:
    """A line of the search plan as a family reads it. Whether something was found in one place would tell of entries
    that are left out, and a free name can hold anything: so both are said alike for all."""
    name = PLACES["other"] if place.place == "other" else PLACES[place.place]
    outcome = _LOOKED if place.answer in {"found", "nothing"} else SEARCH_OUTCOMES[place.answer]
    return Searched(place=name, outcome=outcome)


def authority(settings: Settings) -> Authority:
    """The controller, as letters name it."""
    lines = tuple(line.strip() for line in settings.authority_address.split("|") if line.strip())
    return Authority(
        name=settings.authority_name, lines=lines, email=settings.authority_email, phone=settings.authority_phone
    )


def regulator(settings: Settings) -> Regulator:
    """Where complaints go (R-98: by setting, since it is about to change)."""
    return Regulator(name=settings.regulator_name, link=settings.regulator_link)


def address_lines(address: str | None) -> tuple[str, ...]:
    """A postal address, a line each. What may not be posted bears none (`posting.reachable`): whoever finds it must not
    learn where somebody lives."""
    return tuple(line.strip() for line in (address or "").splitlines() if line.strip())


def day_in_words(day: datetime.date | None) -> str:
    """A day as a family reads it: 3 May 2026."""
    return format_date(day, "long", locale="en_GB") if day else ""


def day_of(words: str) -> datetime.date | None:
    """The day that `day_in_words` wrote, or None: a frozen copy holds its days as they are printed, and only so."""
    try:
        day, month, year = words.split()
        return datetime.date(int(year), _MONTHS[month], int(day))
    except (KeyError, ValueError):
        return None


def article_15(_settings: Settings) -> Article15:
    """The supplementary information, in plain sentences."""
    return Article15(
        purposes=(
            _("To keep children safe and well, and to help families."),
            _("To do what the law asks of us as a council."),
        ),
        categories=(
            _("Names, dates of birth, addresses and numbers that say who somebody is."),
            _("What happened, when, and who helped."),
            _("Information about health, school and safety."),
        ),
        recipients=(
            _("People who work with the child, such as schools, doctors and the police, when the law lets us."),
            _("The part “Who we shared it with” lists what we have written down."),
        ),
        retention=(
            _("We keep records for as long as the law says. Some care records are kept for 75 years."),
            _("We keep the papers of this request for three years after it is finished."),
        ),
        sources=(
            _("From the family."),
            _("From people who work with the child. Each entry says where it came from, where we can show that."),
        ),
        automated=(_("No computer makes decisions about the child on its own."),),
        transfers=(_("We do not send this record outside the United Kingdom."),),
    )


def support(settings: Settings) -> tuple[str, ...]:
    """Who can be talked to while reading (R-165)."""
    phone = settings.authority_phone
    return (
        _("You can stop reading at any time and come back later."),
        _("Read it together with somebody you trust."),
        *((f"{_('You can ring us on')} {phone}.",) if phone else ()),
    )
