"""Two hundred invented children in their families: those of the cases first, with their own ages and homes, then
enough others that a search has something to miss. The same day gives the same families."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from portal.demo import days, names
from portal.demo.notes import SHORT, TEXTS, Text

SEED = 20_261
CHILDREN = 200
TEENAGER = 14
MANY = 3  # notes of a child whose file tells a story
MEN = {"father", "grandfather"}
_CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


@dataclass(frozen=True)
class Carer:
    """Somebody who looks after the children; `relation` is theirs to the child."""

    name: str
    relation: str
    responsible: str
    phone: str
    email: str
    home: tuple[str, str]  # address, postcode

    @property
    def forename(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Note:
    """One note with its blanks filled."""

    text: Text
    words: str
    on: datetime.date
    people: tuple[tuple[str, str], ...]  # name and relation


@dataclass(frozen=True)
class Child:
    """One child as the directory will tell of them."""

    number: int
    forenames: str
    surname: str
    former_name: str
    born: datetime.date
    sex: str
    school: str
    surgery: str
    notes: tuple[Note, ...] = ()
    sensitive: str = ""  # a service that is listed with consent only
    service: str = ""

    @property
    def name(self) -> str:
        return f"{self.forenames} {self.surname}"

    @property
    def local_id(self) -> str:
        return f"NQ-{self.number:05}"

    @property
    def upn(self) -> str:
        """A pupil number; of every fortieth child with a wrong check letter, as in real files."""
        digits = f"999{self.number:09}"
        right = sum(weight * int(digit) for weight, digit in enumerate(digits, start=2)) + (self.number % 40 == 7)
        return _CHECK_LETTERS[right % 23] + digits

    @property
    def nhs_number(self) -> str:
        """A number of the range that is kept for tests, or nothing where it would need a check digit of ten."""
        nine = f"999{self.number:06}"
        check = (11 - sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), nine, strict=True)) % 11) % 11
        return f"{nine}{check}" if check != 10 else ""


@dataclass(frozen=True)
class Family:
    """Carers (the first is the one the notes talk about most), children, and the people around them."""

    carers: tuple[Carer, ...]
    apart: bool
    aunt: str
    neighbour: str
    worker: str
    doctor: str
    children: tuple[Child, ...] = field(default=())

    @property
    def child(self) -> Child:
        return self.children[0]


@dataclass(frozen=True)
class Cast:
    """What a family of a case must be like. Ages in years; `notes` of the first child."""

    ages: tuple[int, ...]
    apart: bool = False
    carers: tuple[str, ...] = ("mother", "father")
    notes: int = 6
    sensitive: bool = False


def make(today: datetime.date, cast: tuple[Cast, ...]) -> list[Family]:
    """The families of the cases in the order of `cast`, then others until there are CHILDREN children."""
    maker = _Maker(today)
    found = [maker.family(one) for one in cast]
    while maker.children < CHILDREN:
        found.append(maker.family(maker.any_cast()))
    return found


class _Maker:
    """Draws from the word lists, by chance that is the same each time."""

    def __init__(self, today: datetime.date) -> None:
        self.chance = random.Random(SEED)  # noqa: S311 nothing here is a secret
        self.today = today
        self.children = 0
        self._phone = 0
        starts = [*names.MARRIED_IN, *(a + b for a in names.SURNAME_STARTS for b in names.SURNAME_ENDS)]
        self._surnames = self.chance.sample(starts, len(starts))

    def any_cast(self) -> Cast:
        """A family that no case is about."""
        size = min(self.chance.choice((1, 1, 2, 2, 3)), CHILDREN - self.children)
        eldest = self.chance.randrange(1, 18)
        ages = tuple(max(0, eldest - 2 * place) for place in range(size))
        carers = self.chance.choice(
            (("mother", "father"), ("mother", "father"), ("mother",), ("father",), ("mother", "mother"))
        )
        few = self.chance.choice((0, 0, 1, 2, 3))
        return Cast(ages, len(carers) > 1 and self.chance.random() < 0.3, carers, few, self.chance.random() < 0.04)

    def family(self, cast: Cast) -> Family:
        surname = self._surnames.pop()
        home, other = self._home(names.TOWNS), self._home((*names.TOWNS, *names.ELSEWHERE))
        carers = tuple(
            self._carer(
                relation,
                surname if place == 0 or not cast.apart else self.chance.choice(self._surnames),
                other if place and cast.apart else home,
            )
            for place, relation in enumerate(cast.carers)
        )
        around = Family(
            carers=carers,
            apart=cast.apart,
            aunt=f"{self.chance.choice(names.FORENAMES['female'])} {self.chance.choice(self._surnames)}",
            neighbour=self.chance.choice(names.NEIGHBOURS),
            worker=self.chance.choice(names.WORKERS),
            doctor=self.chance.choice(names.DOCTORS),
        )
        children = [self._child(age, surname, cast, first=place == 0) for place, age in enumerate(cast.ages)]
        told = tuple(self._with_notes(around, children, place, cast) for place in range(len(children)))
        return replace(around, children=told)

    def _home(self, towns: tuple[tuple[str, str], ...]) -> tuple[str, str]:
        town, district = self.chance.choice(towns)
        letters = self.chance.choice("ABDEFGHJLNPQRSTUWXYZ") + self.chance.choice("ABDEFGHJLNPQRSTUWXYZ")
        street = self.chance.choice(names.STREETS)
        return f"{self.chance.randrange(1, 90)} {street}, {town}", f"{district} {self.chance.randrange(1, 10)}{letters}"

    def _carer(self, relation: str, surname: str, home: tuple[str, str]) -> Carer:
        sex = "male" if relation in MEN else "female"
        name = f"{self.chance.choice(names.FORENAMES[sex])} {surname}"
        self._phone += 1
        email = f"{name.lower().replace(' ', '.')}{self._phone}@example.org"
        return Carer(name, relation, "yes", f"07700 900{self._phone % 1000:03}", email, home)

    def _child(self, age: int, surname: str, cast: Cast, *, first: bool) -> Child:
        self.children += 1
        sex = self.chance.choice(("female", "male"))
        second = self.chance.choice(names.FORENAMES[sex])
        forename = self.chance.choice([one for one in names.FORENAMES[sex] if one != second])
        schools = names.NURSERY if age < 4 else names.PRIMARY if age < 11 else names.SECONDARY
        former = f"{forename} {self.chance.choice(names.MARRIED_IN)}" if self.chance.random() < 0.08 else ""
        return Child(
            number=self.children,
            forenames=f"{forename} {second}" if self.chance.random() < 0.3 else forename,
            surname=surname,
            former_name=former,
            born=days.birthday(self.today, age, self.chance.randrange(30, 200)),
            sex=sex,
            school=self.chance.choice(names.COLLEGES if age > 15 else schools),
            surgery=self.chance.choice(names.SURGERIES),
            sensitive=(names.CLINIC if age >= TEENAGER else names.COUNSELLING) if cast.sensitive and first else "",
            service=self.chance.choice(names.SERVICES) if self.chance.random() < 0.4 else "",
        )

    def _with_notes(self, around: Family, children: list[Child], place: int, cast: Cast) -> Child:
        child = children[place]
        sibling = next((one for one in children if one is not child), None)
        count = cast.notes if place == 0 else min(cast.notes, 2)
        texts = _fitting(around, many=count > MANY)
        first = 0 if count > MANY else self.chance.randrange(len(texts))
        notes = tuple(
            self._note(around, child, sibling, texts[(first + number) % len(texts)], self._day(child, number, count))
            for number in range(count)
        )
        return replace(child, notes=notes)

    def _day(self, child: Child, number: int, count: int) -> datetime.date:
        """Notes spread over the child's last years, a long while before today."""
        span = min((self.today - child.born).days - 60, 1400)
        return days.working_day(self.today, 120 + max(1, span - 120) * (count - number) // (count + 1))

    def _note(self, around: Family, child: Child, sibling: Child | None, text: Text, on: datetime.date) -> Note:
        people = dict(_people(around, sibling))
        blanks = {**_pronouns(child), **{key: name for key, (name, _relation) in people.items()}}
        blanks |= {"c": child.forenames.split()[0], "school": child.school, "w": around.worker, "gp": around.doctor}
        blanks |= {"m1": blanks["m"].split()[0], "o1": blanks["o"].split()[0]}
        words = text.words.format(**blanks)
        return Note(
            text, words, on, tuple((name, relation) for name, relation in people.values() if name in words and relation)
        )


def _fitting(around: Family, *, many: bool) -> list[Text]:
    """The texts that fit this family: the long ones speak of a woman, and some of a father besides."""
    long = many and around.carers[0].relation not in MEN
    father = any(carer.relation == "father" for carer in around.carers[1:])
    return [text for text in (TEXTS if long else SHORT) if father or "{o" not in text.words]


def _people(around: Family, sibling: Child | None) -> Iterator[tuple[str, tuple[str, str]]]:
    """Who is mentioned, by the letter of their blank; professionals are told by the row that names their role."""
    first, *others = around.carers
    other = others[0] if others else None
    yield "m", (first.name, first.relation)
    yield "o", (other.name, other.relation) if other else ("Nobody", "")
    yield "s", (sibling.name, "brother or sister") if sibling else ("the other children in the house", "")
    yield "a", (around.aunt, "aunt")
    yield "n", (around.neighbour, "neighbour")


def _pronouns(child: Child) -> dict[str, str]:
    he, him, his = ("she", "her", "her") if child.sex == "female" else ("he", "him", "his")
    return {"he": he, "him": him, "his": his, "he_cap": he.capitalize()}
