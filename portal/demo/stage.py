"""How a case of the demo is told: each act is done through the portal's own verbs, on its own day, in the order in
which it all happened. So ledger, log, clocks and letters are as true as in real life."""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db, jobs, records
from portal.cases import clocking, evidence, family, searching, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case, SearchPlace
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.cases.references import new_reference
from portal.demo import days, people, reviewing
from portal.demo.families import Carer, Child
from portal.demo.people import INES, SORREL, Member, SignIn
from portal.documents import release
from portal.documents.models import StoredPack
from portal.people import factors
from portal.people.models import Staff
from portal.review import deciding
from portal.runtime import Runtime
from portal.uploads import Accepted
from workflows.table import Answers

Act = Callable[[], None]
MINUTES = 7  # between two acts of a day
LETTER_PAUSE = datetime.timedelta(seconds=3)
_AFTER_ALL = datetime.timedelta(days=1)
CONFIRMED = {"orders": True, "shield": True, "moves": True, "lives_with": True}


def references_of(number: int) -> Callable[[str], str]:
    """What makes the references of one case of the demo: the same every time, so that notes about it stay true."""
    chance = random.Random(number)  # noqa: S311 nothing here is a secret
    return partial(new_reference, choose=chance.choice)


@dataclass
class Stage:
    """The invented authority while its past is told."""

    runtime: Runtime
    today: datetime.date
    actors: dict[Member, Actor]
    acts: list[tuple[int, Act]] = field(default_factory=list)
    tales: list[Tale] = field(default_factory=list)

    def tale(self, **said: object) -> Tale:
        """A case that is told from here on."""
        tale = Tale(self, **said)  # type: ignore[arg-type]
        self.add(tale)
        return tale

    def add(self, tale: Tale) -> None:
        """Puts a case on the stage: its reference is the same each time."""
        tale.refer = references_of(len(self.tales))
        self.tales.append(tale)

    def play(self) -> None:
        """Does all acts, the oldest first. Mail goes out on its day; letters are left to the worker."""
        done: dict[datetime.date, int] = {}
        for ago, act in sorted(self.acts, key=lambda one: -one[0]):
            day = days.working_day(self.today, ago)
            done[day] = done.get(day, 0) + 1
            with days.on(day, MINUTES * done[day]), self.runtime.vault.unlocked():
                act()
                self._run_jobs()
        self._spread_letters()

    def write(self, what: Callable[[Session], object]) -> None:
        """One transaction, as a page would open it. Letters that it asks for are put off: they take a second each."""
        with self.runtime.database.write() as session:
            what(session)
            later = datetime.datetime.now(datetime.UTC) + _AFTER_ALL  # the true time, not that of the act
            waiting = (col(jobs.Job.kind) == "make_letter", col(jobs.Job.state) == "waiting")
            session.execute(sa.update(jobs.Job).where(*waiting).values(run_after=later))

    def _run_jobs(self) -> None:
        with self.runtime.database.read() as session:
            due = (col(jobs.Job.state) == "waiting", col(jobs.Job.run_after) <= db.now())
            waiting = session.exec(select(jobs.Job.id).where(*due)).first()
        if waiting:
            jobs.run_all(self.runtime.database, self.runtime, worker="demo")

    def _spread_letters(self) -> None:
        """Each letter takes a second to make: the worker makes them one by one and stays free for mail in between."""
        with self.runtime.database.write() as session:
            letters = session.exec(
                select(jobs.Job).where(col(jobs.Job.kind) == "make_letter").order_by(sa.desc(col(jobs.Job.id)))
            )
            for place, job in enumerate(letters):
                job.run_after = db.now() + LETTER_PAUSE * place
                session.add(job)


@dataclass
class Tale:
    """One case: who asks about which child, and what happened, each time so many days ago."""

    stage: Stage
    children: tuple[Child, ...]
    asker: Requester
    kind: str
    relation: str
    about: str  # for whoever plays: what there is to see
    worker: Member = SORREL
    approver: Member = INES
    channel: str = "portal"
    known: bool = True  # whether their sign-in is told
    ids: tuple[uuid.UUID, ...] = ()
    reference: str = ""
    refer: Callable[[str], str] = new_reference

    @property
    def id(self) -> uuid.UUID:
        return self.ids[0]

    @property
    def by(self) -> Actor:
        return self.stage.actors[self.worker]

    def opened(self, ago: int, *, words: str = "", entered_by: Member | None = None) -> Self:
        """The request comes in: written by the requester, or entered by staff with its true day of receipt."""

        def act(session: Session) -> None:
            by = self.stage.actors[entered_by] if entered_by else visitor()
            asked = Asked(self.asker, tuple(map(self._subject, self.children)), self.channel, words=words)
            opened = open_cases(session, asked, by=by, received_on=clocking.uk_today(), refer=self.refer)
            self.ids = tuple(case.id for case in opened.cases)
            self.reference = opened.cases[0].reference
            if self.asker.email and self.channel == "portal":
                secret = people.app_secret(self.asker.email)
                factors.add_app(session, "family", opened.person_id, secret, used_step=0, now=db.now())

        return self._act(ago, act)

    def assigned(self, ago: int) -> Self:
        return self._act(
            ago,
            lambda session: verbs.assign(session, self.id, session.get_one(Staff, self.by.id), by=self.by),
        )

    def step(self, ago: int, name: str, *, approver: bool = False, requester: bool = False, **answers: object) -> Self:
        """One step of the workflow, by the caseworker unless another is said."""

        def act(session: Session) -> None:
            by = self.stage.actors[self.approver] if approver else self._requester(session) if requester else self.by
            verbs.take_step(session, self.id, name, by=by, answers=_typed(answers), today=clocking.uk_today())

        return self._act(ago, act)

    def knows(self, ago: int, **told: object) -> Self:
        """What staff write down of the family, or of who signed."""
        return self._act(
            ago, lambda session: family.record(session, self.id, told, by=self.by, today=clocking.uk_today())
        )

    def message(self, ago: int, kind: str, words: str, *, way: str = "") -> Self:
        def act(session: Session) -> None:
            by = self._requester(session) if kind == "from_requester" else self.by
            verbs.write_message(session, self.id, kind, words, by=by, way=way)

        return self._act(ago, act)

    def sent_file(self, ago: int, accepted: Accepted, purpose: str) -> Self:
        def act(session: Session) -> None:
            by, files = self._requester(session), self.stage.runtime.files
            evidence.add_to_case(session, files, self.id, accepted, purpose=purpose, scanner="", by=by)

        return self._act(ago, act)

    def attached(self, ago: int) -> Self:
        """The record is searched by the council's number and attached."""

        def act(session: Session) -> None:
            looking = verbs.look_for(session.get_one(Case, self.id), self.by, search=True)
            found = records.candidates(session, looking, identifier=self.children[0].local_id)[0]
            verbs.attach_record(session, self.id, found.child_id, self.children[0].born, by=self.by)

        return self._act(ago, act)

    def planned(self, ago: int, places: tuple[str, ...] = searching.USUAL) -> Self:
        """The places to look in are written down."""

        def act(session: Session) -> None:
            for place in places:
                searching.add_place(session, self.id, place, terms=self._terms, by=self.by)

        return self._act(ago, act)

    def searched(self, ago: int, *answers: str) -> Self:
        """The first places of the plan answer, in their order."""
        return self._act(ago, lambda session: self._search(session, answers))

    def reviewing(self, ago: int, most: int = 1000) -> Self:
        """The review is begun, and the first `most` entries are decided."""

        def act(session: Session) -> None:
            case = session.get_one(Case, self.id)
            deciding.begin(session, verbs.look_for(case, self.by))
            reviewing.decide(session, case, by=self.by, today=clocking.uk_today(), most=most)

        return self._act(ago, act)

    def packed(self, ago: int, *, more_to_come: bool = False) -> Self:
        """The pack is put together, and what the leak gate still finds is given its reason."""
        self._act(ago, lambda session: release.request_pack(session, self.id, by=self.by, more_to_come=more_to_come))
        return self._act(ago, self._settle_leaks)

    def approved(self, ago: int) -> Self:
        def act(session: Session) -> None:
            pack = self._pack(session)
            release.approve(
                session,
                self.id,
                pack.id,
                manifest_hash=str(pack.manifest_hash),
                answers=CONFIRMED,
                by=self.stage.actors[self.approver],
                today=clocking.uk_today(),
            )

        return self._act(ago, act)

    def released(self, ago: int, still_to_come: str = "") -> Self:
        """The whole copy leaves, or a part of it while something is still to come."""

        def act(session: Session) -> None:
            release.release(
                session,
                self.stage.runtime.files,
                self.id,
                self._pack(session).id,
                recipient=self.asker.name,
                by=self.stage.actors[self.approver],
                today=clocking.uk_today(),
                part=bool(still_to_come),
                answers={"still_to_come": still_to_come} if still_to_come else {},
            )

        return self._act(ago, act)

    def read(self, ago: int) -> Self:
        """The requester opens the copy."""

        def act(session: Session) -> None:
            pack, by = self._pack(session), self._requester(session)
            release.collect(session, self.id, pack.id, by=by)
            release.reading(session, self.stage.runtime.files, session.get_one(Case, self.id), pack, by=by)

        return self._act(ago, act)

    @property
    def sign_in(self) -> SignIn:
        secret = people.app_secret(self.asker.email)
        return SignIn("family", self.asker.name, self.asker.email, secret, self.about, self.reference)

    def done(self, ago: int, what: Callable[[Session], object]) -> Self:
        """Something that no other line of the story tells, in one transaction."""
        return self._act(ago, what)

    def _act(self, ago: int, what: Callable[[Session], object]) -> Self:
        self.stage.acts.append((ago, lambda: self.stage.write(what)))
        return self

    def _requester(self, session: Session) -> Actor:
        return Actor.requester(session.get_one(Case, self.id).requester)

    def _subject(self, child: Child) -> Subject:
        return Subject(self.kind, self.relation, child.name, birth_date=child.born, school=child.school)

    @property
    def _terms(self) -> str:
        return f"{self.children[0].name}, {self.children[0].born}, {self.children[0].local_id}"

    def _search(self, session: Session, answers: tuple[str, ...]) -> None:
        query = select(SearchPlace).where(col(SearchPlace.case_id) == self.id).order_by(col(SearchPlace.id))
        for row, answer in zip(session.exec(query).all(), answers, strict=False):
            owner, words = _FOUND.get((row.place, answer), ("Records team", ""))
            searching.answer_place(
                session,
                self.id,
                row.id,
                version=row.version,
                answer=answer,
                owner=owner,
                terms=self._terms,
                words=words,
                asked_on=clocking.uk_today(),
                by=self.by,
            )

    def _settle_leaks(self, session: Session) -> None:
        pack = self._pack(session)
        for leak in release.findings(session, pack).get("leaks", []):
            why = "The same word stands elsewhere in the copy, and rightly so."
            release.allow(session, pack.id, leak["needle"], why, version=pack.version, by=self.by)

    def _pack(self, session: Session) -> StoredPack:
        return release.packs(session, session.get_one(Case, self.id))[0]


_FOUND = {
    ("paper_store", "destroyed"): (
        "Archive, basement",
        "Destroyed on 4 March 2019 under the retention schedule, rule 12.",
    ),
    ("school_team", "elsewhere"): ("Education welfare", "The school holds its own file. Ask the head teacher."),
    ("case_system", "found"): ("Family help team", ""),
    ("email", "nothing"): ("Mailbox of the family help team", ""),
}


def parent(carer: Carer) -> Requester:
    """A carer as they make themselves known."""
    address = f"{carer.home[0].replace(', ', chr(10))}\n{carer.home[1]}"
    return Requester(carer.name, carer.email, phone=carer.phone, address=address, safe_channels=("email",))


def _typed(answers: dict[str, object]) -> Answers:
    """Answers as a form gives them: a day that is said as `today` is the day of the act."""
    today = clocking.uk_today()
    return {name: today if said == "today" else said for name, said in answers.items()}  # type: ignore[misc]
