"""The way to a request as one list: each question with its form, when it is asked, and what its answer becomes.

It leads to a request for a record, or to a challenge: somebody without a copy says that something in a record is wrong.

Pages, the order, "back", the check page and the request that is sent are all read from `QUESTIONS`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import ceremony, forms
from portal.cases.clocking import uk_today
from portal.cases.support import OFFERED_FROM
from portal.requester import family_forms
from portal.requester import question_forms as q
from portal.requester.challenge_forms import MoreForm, WhoseForm
from portal.requester.challenge_lines import Said, said_in
from workflows.ages import age_on, birthday
from workflows.authority import BASES, RelationshipBasis, basis, usable_bases
from workflows.facts import Nation, RequesterKind

MOST_CHILDREN = 12
ADULT = 18
NO_FOOTING = "something-else"
BY_STAFF = frozenset({"care-order"})  # claimed by who works for an authority, never by a parent
ACCESS, CORRECTION = "subject_access", "correction"
ENTRANCES = {"about": ACCESS, "whose": CORRECTION}  # the first question of each kind of request
# The footings of the law in the words of the person who claims one.
FOOTINGS = {
    "mother": _l("I am the mother"),
    "father-married": _l("I am the father, and I am or was married to the mother"),
    "father-registered-ew": _l("I am the father, and I am on the birth certificate, from 1 December 2003 or later"),
    "father-registered-scotland": _l("I am the father, and I am on the birth certificate, from 4 May 2006 or later"),
    "father-registered-ni": _l("I am the father, and I am on the birth certificate, from 15 April 2002 or later"),
    "second-female-parent": _l("I am the second mother"),
    "agreement": _l("I have a parental responsibility agreement"),
    "pr-order": _l("A court gave me parental responsibility"),
    "lives-with-order": _l("A court said that the child lives with me"),
    "special-guardian": _l("I am the special guardian"),
    "adopter": _l("I adopted the child"),
    "placement-order": _l("The child is placed with me for adoption"),
    "care-order": _l("I work for a council, and a court put the child in its care"),
    "subject-agreement": _l("The person the record is about signed that I may ask"),
    "parent-agreement": _l("A parent signed that I may ask"),
    "power-of-attorney": _l("I have a power of attorney that is registered"),
    "deputyship": _l("A court made me deputy or guardian"),
}


@dataclass(frozen=True)
class Journey:
    """The answers so far. A question's answers stand under its name, or under `name:2` for the second person."""

    answers: dict[str, Any] = field(default_factory=dict, repr=False)
    signed_in: bool = False
    nation: Nation = Nation.ENGLAND_AND_WALES
    kind: str = ACCESS

    @property
    def is_challenge(self) -> bool:
        return self.kind == CORRECTION

    @property
    def lines(self) -> list[Said]:
        """What is said to be wrong, in a challenge."""
        return said_in(self.answers)

    def said(self, name: str, person: int = 0) -> dict[str, Any]:
        """What was answered; empty when it was not."""
        kept = self.answers.get(key(name, person))
        return kept["said"] if kept else {}

    def count(self, name: str, person: int = 0) -> int:
        """How often the question was answered: the version of the answer."""
        kept = self.answers.get(key(name, person))
        return int(kept["count"]) if kept else 0

    @property
    def about(self) -> str:
        return str((self.said("about") or self.said("whose")).get("about") or "")

    @property
    def acting(self) -> bool:
        """Whether they act for others whose parent they are not."""
        return self.about in {"other", "others"}

    @property
    def several(self) -> bool:
        """Whether the request is about more than one person: each of them becomes a case of their own (R-61)."""
        return self.about in {"several", "others"}

    def people(self) -> list[int]:
        """Numbers of the people the request is about; one at least."""
        known = sorted(
            int(name.partition(":")[2]) for name, kept in self.answers.items() if name.startswith("name:") and kept
        )
        return (known if self.several else known[:1]) or [1]

    def next_person(self) -> int:
        """The number of a child who is not there yet. A number is never used again."""
        used = [int(name.partition(":")[2]) for name in self.answers if name.startswith("name:")]
        return max(used, default=0) + 1

    def born(self, person: int) -> datetime.date | None:
        told = self.said("name", person).get("birth_date")
        return datetime.date.fromisoformat(told) if told else None

    def footings(self, person: int) -> list[RelationshipBasis]:
        """The rights that can be claimed for this person at all."""
        born = self.born(person)
        adult = bool(born) and birthday(born, ADULT) <= uk_today()  # type: ignore[arg-type]
        acting = (RequesterKind.REPRESENTATIVE, RequesterKind.DEPUTY)
        kinds = acting if self.acting else (RequesterKind.PARENT, *(acting[1:] if adult else ()))
        usable = {one.code for kind in kinds for one in usable_bases(kind, self.nation, subject_is_adult=adult)}
        return [one for one in BASES if one.code in usable and (self.acting or one.code not in BY_STAFF)]


@dataclass(frozen=True)
class Question:
    """One page. `each` asks it of every person the request is about; `page` names a view of its own where the
    usual one will not do; `holds` says whether a kept answer still fits the other answers, `fits` whether it is asked
    about this very person."""

    name: str
    form: type[q.QuestionForm]
    title: Callable[[Journey, int], str]
    lead: Callable[[Journey], list[str]] = lambda _journey: []
    asked: Callable[[Journey], bool] = lambda _journey: True
    each: bool = False
    page: str = ""
    prepare: Callable[[q.QuestionForm, Journey, int], None] = lambda _form, _journey, _person: None
    holds: Callable[[Journey, int], bool] = lambda _journey, _person: True
    fits: Callable[[Journey, int], bool] = lambda _journey, _person: True

    @property
    def endpoint(self) -> str:
        return self.page or f"ask_{self.name.replace('-', '_')}"

    @property
    def rule(self) -> str:
        return f"/ask/people/<int:number>/{self.name}" if self.each else f"/ask/{self.name}"

    def filled(self, journey: Journey, person: int) -> q.QuestionForm:
        """The form with the answers given so far, and those posted."""
        form = self.form(data=self.data(journey, person))
        self.prepare(form, journey, person)
        return form

    def as_kept(self, journey: Journey, person: int) -> q.QuestionForm:
        """The form with the answers given so far, whatever was posted."""
        form = self.form(formdata=None, data=self.data(journey, person))
        self.prepare(form, journey, person)
        return form

    def data(self, journey: Journey, person: int) -> dict[str, Any]:
        """The answers as the form's fields hold them, and their version."""
        said = journey.said(self.name, person)
        values = {name: _as_field(self.form, name, value) for name, value in said.items()}
        return {**values, "version": journey.count(self.name, person)}


@dataclass(frozen=True)
class Stop:
    """A question on somebody's way; `person` is 0 for what is asked once."""

    question: Question
    person: int = 0

    def subject(self, journey: Journey) -> str:
        """Whom the page is about, for its body alone: a title stays behind in the browser's history and tabs."""
        if not self.person or journey.about == "me" or self.question.name == "name":
            return ""
        return str(journey.said("name", self.person).get("names") or "")

    def done(self, journey: Journey) -> bool:
        return journey.count(self.question.name, self.person) > 0 and self.question.holds(journey, self.person)


def key(name: str, person: int) -> str:
    return f"{name}:{person}" if person else name


def way(journey: Journey) -> Iterator[Stop]:
    """The questions this person is asked, in order."""
    for each, group in groupby(QUESTIONS, key=lambda one: one.each):
        questions = list(group)
        for person in journey.people() if each else [0]:
            yield from (Stop(one, person) for one in questions if one.asked(journey) and one.fits(journey, person))


def open_stop(journey: Journey) -> Stop | None:
    """The first question without an answer, or None."""
    return next((stop for stop in way(journey) if not stop.done(journey)), None)


def neighbours(journey: Journey, here: Stop) -> tuple[Stop | None, Stop | None]:
    """The stop before and the one after `here`; for a place that is not on the way, the nearest sensible ones."""
    stops = list(way(journey))
    if here not in stops:
        stops = [stop for stop in stops if QUESTIONS.index(stop.question) <= QUESTIONS.index(here.question)] + [here]
    at = stops.index(here)
    return (stops[at - 1] if at else None), (stops[at + 1] if at + 1 < len(stops) else None)


def kept(form: q.QuestionForm, count: int) -> dict[str, Any]:
    """Answers as the draft holds them: dates as ISO text."""
    said = {
        name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in form.said().items()
    }
    return {"said": said, "count": count}


def _as_field(form: type[q.QuestionForm], name: str, value: Any) -> Any:
    unbound = getattr(form, name, None)
    if value and unbound is not None and issubclass(unbound.field_class, forms.DateField):
        return datetime.date.fromisoformat(value)
    return value


# Words that depend on whom the request is about


def _one(words: Any) -> Callable[[Journey, int], str]:
    return lambda _journey, _person: str(words)


def _name_title(journey: Journey, _person: int) -> str:
    return {
        "me": _("Your name and date of birth"),
        "other": _("Who is the record about?"),
        "others": _("Who is the record about?"),
    }.get(journey.about, _("Your child's name and date of birth"))


def _find_title(journey: Journey, _person: int) -> str:
    return _("What helps us find your record") if journey.about == "me" else _("What helps us find the record")


def _right_lead(_journey: Journey) -> list[str]:
    # whoever asks is told beforehand, and everybody is told the same.
    return [
        _("A record belongs to the child, not to the parent. We look at each request with care."),
        _("If the child is old enough to say, we may ask what they think. We ask in a way that is safe for them."),
    ]


def _right_choices(form: q.QuestionForm, journey: Journey, person: int) -> None:
    choices = [(one.code, str(FOOTINGS[one.code])) for one in journey.footings(person)]
    form["footing"].choices = [*choices, (NO_FOOTING, _("Something else, or I am not sure"))]


def _right_holds(journey: Journey, person: int) -> bool:
    footing = journey.said("right", person).get("footing")
    return footing == NO_FOOTING or footing in {one.code for one in journey.footings(person)}


def _family_asked(journey: Journey, person: int) -> tuple[str, ...]:
    """Which questions about the family matter for the right that was chosen; a parent who is not sure is asked more."""
    footing = journey.said("right", person).get("footing") or ""
    if footing == NO_FOOTING:
        return () if journey.acting else family_forms.UNSURE
    return family_forms.ASKED.get(footing, ())


def _family_questions(form: q.QuestionForm, journey: Journey, person: int) -> None:
    form.only(_family_asked(journey, person))


def _family_holds(journey: Journey, person: int) -> bool:
    """Answers to other questions than those of the right that is chosen now are not enough."""
    return set(_family_asked(journey, person)) <= set(journey.said("family", person))


def _family_lead(_journey: Journey) -> list[str]:
    return [_("The law asks these things. Leave out what you do not know: we can ask you later.")]


def _access(journey: Journey) -> bool:
    return not journey.is_challenge


def _challenge(journey: Journey) -> bool:
    return journey.is_challenge


def _own_and_grown(journey: Journey) -> bool:
    """Whether somebody of 16 or more asks for their own record (R-67)."""
    born = journey.born(journey.people()[0])
    return _access(journey) and journey.about == "me" and born is not None and age_on(born, uk_today()) >= OFFERED_FROM


def _by_email(journey: Journey) -> bool:
    """Codes are for signing in, and signing in begins with an email address."""
    return not journey.signed_in and "email" in (journey.said("reach").get("ways") or ())


def _by_telephone(journey: Journey) -> bool:
    return not journey.signed_in and bool({"text", "voice"}.intersection(journey.said("reach").get("ways") or ()))


def _ways_that_work(form: q.QuestionForm, _journey: Journey, _person: int) -> None:
    """Where the service has no name of its own, no browser makes a passkey for it."""
    if not ceremony.possible():
        form["way"].choices = [choice for choice in form["way"].choices if choice.value != "passkey"]


QUESTIONS: tuple[Question, ...] = (
    Question("about", q.AboutForm, _one(_l("Whose record do you want to see?")), asked=_access),
    Question("whose", WhoseForm, _one(_l("In whose record is something wrong?")), asked=_challenge),
    Question("name", q.NameForm, _name_title, each=True),
    Question("find", q.FindForm, _find_title, each=True, lead=lambda _j: [_("You can leave any of these empty.")]),
    Question(
        "right",
        q.RightForm,
        _one(_l("Your right to ask")),
        each=True,
        lead=_right_lead,
        asked=lambda j: j.about != "me",
        prepare=_right_choices,
        holds=_right_holds,
    ),
    Question(
        "family",
        family_forms.FamilyForm,
        _one(_l("A few questions about the family")),
        each=True,
        lead=_family_lead,
        asked=lambda j: j.about != "me",
        prepare=_family_questions,
        fits=lambda j, person: bool(_family_asked(j, person)),
        holds=_family_holds,
    ),
    Question(
        "children",
        q.MoreChildrenForm,
        _one(_l("The children in this request")),
        asked=lambda j: j.several,
        page="children",
    ),
    Question(
        "you", q.YouForm, _one(_l("What is your full name?")), asked=lambda j: j.about != "me" and not j.signed_in
    ),
    Question("reach", q.ReachForm, _one(_l("How can we reach you safely?")), asked=lambda j: not j.signed_in),
    Question("telephone", q.TelephoneForm, _one(_l("When we ring or text")), asked=_by_telephone),
    Question(
        "caller-word",
        q.CallerWordForm,
        _one(_l("A word for when you ring")),
        asked=_by_telephone,
        lead=lambda _j: [_("When somebody rings us and says they are you, we ask for this word first.")],
    ),
    Question(
        "lines",
        MoreForm,
        _one(_l("What is wrong")),
        asked=_challenge,
        page="ask_lines",
        holds=lambda j, _person: bool(j.lines),
    ),
    Question("wanted", q.WantedForm, _one(_l("What do you want to see?")), asked=_access),
    Question(
        "parts",
        q.PartsForm,
        _one(_l("Which parts, and which years?")),
        asked=lambda j: j.said("wanted").get("scope") == "parts",
    ),
    Question("words", q.WordsForm, _one(_l("Is there anything that helps us find it?")), asked=_access),
    Question("format", q.FormatForm, _one(_l("How would you like to get it?")), asked=_access),
    Question(
        "support",
        q.SupportForm,
        _one(_l("Help with reading it")),
        lead=lambda _j: [_("Reading your own record can be hard. You can leave any of these empty.")],
        asked=_own_and_grown,
    ),
    Question("files", q.EvidenceForm, _one(_l("Papers that help us")), page="files"),
    Question(
        "second-step",
        q.SecondStepForm,
        _one(_l("How do you want to prove it is you, later?")),
        asked=_by_email,
        prepare=_ways_that_work,
    ),
    Question(
        "app",
        q.CodeForm,
        _one(_l("Set up the app")),
        page="app",
        asked=lambda j: _by_email(j) and j.said("second-step").get("way") == "app",
    ),
    Question(
        "passkey",
        q.QuestionForm,
        _one(_l("Make a passkey")),
        page="ask_passkey",
        asked=lambda j: _by_email(j) and j.said("second-step").get("way") == "passkey",
    ),
)
NAMED = {question.name: question for question in QUESTIONS}


def family_of(journey: Journey, person: int) -> dict[str, Any]:
    """What was told of the family of this person, for the same functions that staff ask (`workflows.family`)."""
    if journey.about == "me":
        return {}
    footing = journey.said("right", person).get("footing") or ""
    asked = _family_asked(journey, person)
    said = {name: value for name, value in journey.said("family", person).items() if name in asked}
    return family_forms.told(footing, said)


def relationship_of(journey: Journey, person: int) -> tuple[RequesterKind, str]:
    """In what right the person asks, and the words for it that staff read."""
    if journey.about == "me":
        return RequesterKind.SELF, ""
    said = journey.said("right", person)
    chosen = basis(said.get("footing"))
    words = "; ".join(part for part in (chosen.label if chosen else "", said.get("more") or "") if part)
    usual = RequesterKind.REPRESENTATIVE if journey.acting else RequesterKind.PARENT
    if chosen is None or usual in chosen.kinds:
        return usual, words
    return next(iter(sorted(chosen.kinds))), words
