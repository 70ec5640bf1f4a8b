"""Ready-made people, records and cases for tests. Cases get to their state by the verbs themselves, never by hand."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyotp
import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db, jobs, records
from portal.cases import clocking, consulting, searching, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.documents import release
from portal.documents.models import StoredPack
from portal.people import staff as accounts
from portal.people.models import Team
from portal.records import OpenEntry
from portal.records.feeds import FeedChild, FeedItem, FeedPerson, importing
from portal.records.models import Lookup
from portal.review import deciding
from portal.review.deciding import Decision
from portal.review.redaction import Redaction
from portal.runtime import Runtime
from tests.remembered import remembered
from workflows.table import Role

PASSWORD = "four plain words here"
BORN = datetime.date(2019, 4, 2)
CHILD_NAME = "Wren Ashdown"
REQUESTER = "Ada Lark"
CONFIDENCE = "has had treatment for depression"
NEIGHBOUR = "Maud Thistlewood"
STATES = (
    "received",
    "checking",
    "finding",
    "review",
    "approval",
    "ready",
    "collected",
    "closed",
    "refused",
    "nothing_held",
    "withdrawn",
)


# People who work for the authority


@dataclass(frozen=True)
class Staff:
    """A member of staff with what they sign in with."""

    id: uuid.UUID
    email: str
    role: str
    team_id: uuid.UUID
    secret: str
    password: str = PASSWORD

    @property
    def actor(self) -> Actor:
        """As whom they act in verbs."""
        return Actor("staff", self.id, Role(self.role), team_id=self.team_id)

    def code(self, *, ahead: int = 0) -> str:
        """What their app shows now, or `ahead` steps later."""
        return pyotp.TOTP(self.secret).at(int(db.now().timestamp()) + 30 * ahead)


def make_team(runtime: Runtime, name: str = "Records team") -> Team:
    """The team of this name, made when there is none."""
    with runtime.database.write() as session, runtime.vault.unlocked():
        team = session.exec(select(Team).where(Team.name == name)).first() or Team(name=name)
        session.add(team)
    return team


def make_staff(
    runtime: Runtime, *, role: str = "caseworker", team: Team | None = None, name: str = "Sam Field", email: str = ""
) -> Staff:
    """An account with an app enrolled; in the only team unless another is given."""
    team = team or make_team(runtime)
    email = email or f"{role}.{uuid.uuid4().hex[:8]}@example.org"
    with runtime.database.write() as session, runtime.vault.unlocked():
        row = accounts.create(
            session,
            name=name,
            email=email,
            password=PASSWORD,
            role=role,
            pepper=runtime.settings.secrets.pepper,
            team_id=team.id,
        )
        secret = accounts.enrol_app(session, row, now=db.now())
    return Staff(row.id, email, role, team.id, secret)


# A record


@dataclass(frozen=True)
class Record:
    """A child whose record is held."""

    child_id: uuid.UUID
    name: str
    born: datetime.date
    local_id: str


def item(key: str, category: str, label: str, value: str, **more: object) -> FeedItem:
    """One statement of a feed with the fields a test cares about."""
    given: dict[str, object] = {"kind": "text", "source": "Children’s directory", "source_key": "directory"}
    return FeedItem(natural_key=key, category=category, label=label, value=value, **{**given, **more})  # type: ignore[arg-type]


def feed_child(*items: FeedItem, **more: object) -> FeedChild:
    """A child of a feed with the fields a test cares about."""
    given: dict[str, object] = {
        "line": 2,
        "authority": "",
        "local_id": "LA-0001",
        "upn": "",
        "nhs_number": "",
        "directory_id": "",
        "surname": "Ashdown",
        "forenames": "Wren",
        "former_names": (),
        "birth_date": BORN,
        "sex": "Not stated",
    }
    return FeedChild(**{**given, **more}, items=items)  # type: ignore[arg-type]


def rich_child(
    runtime: Runtime, *, name: str = CHILD_NAME, born: datetime.date = BORN, local_id: str = "LA-0001", notes: int = 6
) -> Record:
    """A record with something of everything a reviewer meets, brought in by the importer.

    Several sources, addresses, a sensitive service, health and school, `notes` long notes that mention a neighbour
    who reported a concern, an aunt and two professionals."""
    forenames, _blank, surname = name.rpartition(" ")
    child = replace(
        feed_child(*_statements(name, born, local_id, notes)),
        surname=surname,
        forenames=forenames,
        former_names=("Wren Copperfield",),
        birth_date=born,
        local_id=local_id,
        people=_PEOPLE,
        postcodes=("ZZ99 3WZ",),
    )
    importing.take_in(runtime.database, "directory", [child])
    return Record(child_id_of(runtime, local_id), name, born, local_id)


def child_id_of(runtime: Runtime, local_id: str, kind: str = "local_id") -> uuid.UUID:
    """The only record that this identifier finds."""
    with runtime.database.read() as session:
        blind = runtime.vault.blind(kind, local_id)
        query = sa.select(col(Lookup.child_id)).where(col(Lookup.kind) == kind, col(Lookup.blind) == blind)
        return session.scalars(query).one()


_PEOPLE = (
    FeedPerson(NEIGHBOUR, "neighbour"),
    FeedPerson("Isla Copperfield", "aunt"),
    FeedPerson("Hanne Ashdown", "mother"),
    FeedPerson("Orla Penhale", "social worker", professional=True),
    FeedPerson("Dr Tobias Wexcombe", "GP", professional=True),
)
_NOTES = (
    (
        f"Duty call taken at 16.40. {NEIGHBOUR}, who lives two doors away, rang about shouting in the evenings. She "
        "asked us not to say that it was her. She has seen {name} alone on the wall by the canal three times, once "
        "without a coat, and is worried that nobody comes home before eight. Her number is 07700 900118."
    ),
    (
        "Home visit. {name} showed me the model boat. Hanne Ashdown said that she works late on Tuesdays and that her "
        "sister Isla Copperfield comes then. Isla Copperfield was there, and told me in confidence that she "
        "has had treatment for depression. The flat was warm and tidy. {name} ate two helpings of soup while we talked."
    ),
    (
        "Strategy discussion with Orla Penhale and Dr Tobias Wexcombe. It was agreed that nothing more is needed now. "
        "In my opinion Mrs Ashdown found it hard to be honest about the evenings."
    ),
    (
        f"Telephone call from school. {{name}} was late on four days. The teacher thinks that {NEIGHBOUR} brings "
        "{{name}} to the gate when it rains."
    ),
    (
        "Visit to school. {name} read to me for ten minutes and laughed a good deal. Reading is ahead of age. {name} "
        "would like a bicycle, and would like Isla to stop smoking."
    ),
    (
        "Closing summary. Hanne Ashdown has changed her hours, Isla Copperfield minds {name} on Tuesdays until six, "
        "and the family does not want further help. The family was told how to reach us."
    ),
)


def _statements(name: str, born: datetime.date, local_id: str, notes: int) -> list[FeedItem]:
    school = {"source": "Kiln Lane Primary School", "source_key": "body:kiln lane primary school"}
    surgery = {"source": "Millrace Surgery", "source_key": "body:millrace surgery"}
    found = [
        item("child/name", "identity", "Name", name, identifies="name"),
        item("child/former", "identity", "Earlier name", "Wren Copperfield", identifies="former_name"),
        item(
            "child/birth_date",
            "identity",
            "Date of birth",
            born.isoformat(),
            kind="date",
            about_on=born,
            identifies="birth_date",
        ),
        item("child/local_id", "identity", "The council’s number for the child", local_id, identifies="local_id"),
        item(
            "address#1", "address", "Where the child lives", "4 Lock Cottages, Nether Quill, ZZ99 3WZ", cls="location"
        ),
        item("address#2", "address", "Where the child lived before", "19 Brimstone Rise, Nether Quill", cls="location"),
        item("carer#1", "carers", "Parent or carer", "Hanne Ashdown, mother", people=("Hanne Ashdown",)),
        item("school#1", "education", "School", "Kiln Lane Primary School", cls="location", **school),
        item("reading", "education", "Reading", "Ahead of what is usual at this age.", opinion=True, **school),
        item("gp#1", "health", "Family doctor’s practice (GP)", "Millrace Surgery", cls="location", **surgery),
        item("asthma", "health", "Letter from the family doctor", "Asthma, mild. Inhaler before sport.", **surgery),
        item(
            "help#1", "sensitive service", "A service that helps", "Lantern House family counselling", cls="sensitive"
        ),
        item("flag#1", "flag", "Someone else holds information too", "Early help team"),
    ]
    return found + [_note(number, name, born) for number in range(notes)]


def _note(number: int, name: str, born: datetime.date) -> FeedItem:
    words = _NOTES[number % len(_NOTES)].format(name=name.partition(" ")[0])
    named = tuple(person.name for person in _PEOPLE if person.name in words)
    day = born + datetime.timedelta(days=1500 + 9 * number)
    social = {"source": "Children’s social care", "source_key": "childrens-social-care"}
    about = {"about_on": day, "author": "Orla Penhale", "opinion": "In my opinion" in words, "people": named}
    return item(f"note|{number}", "social care", "Note", words, **about, **social)


# Cases

_BASIS = {"parent": "mother", "representative": "parent-agreement", "deputy": "deputyship"}


def open_case(
    runtime: Runtime,
    kind: str = "parent",
    *,
    name: str = CHILD_NAME,
    born: datetime.date | None = BORN,
    email: str = "ada.lark@example.org",
    on: datetime.date | None = None,
    requester: str = REQUESTER,
) -> Case:
    """A request that has just come in, from a parent, a representative, a deputy or the child (`self`)."""
    make_team(runtime)
    relationship = {"parent": "mother", "self": "self"}.get(kind, "solicitor")
    who = Requester(
        name if kind == "self" else requester, email, address="12 Fuller Street\nNether Quill", safe_channels=("email",)
    )
    asked = Asked(who, (Subject(kind, relationship, name, birth_date=born),))
    with runtime.database.write() as session, runtime.vault.unlocked():
        opened = open_cases(session, asked, by=visitor(), received_on=on or clocking.uk_today())
    return opened.cases[0]


@dataclass
class Walk:
    """A case on its way, with the people who take its steps."""

    runtime: Runtime
    case_id: uuid.UUID
    worker: Staff
    approver: Staff
    requester_kind: str = "parent"
    record: Record | None = None
    today: datetime.date = field(default_factory=clocking.uk_today)

    @property
    def case(self) -> Case:
        with self.runtime.database.read() as session:
            return session.get_one(Case, self.case_id)

    @property
    def requester(self) -> Actor:
        return Actor.requester(self.case.requester_id)

    def step(self, name: str, *, by: Staff | Actor | None = None, **answers: object) -> Walk:
        """Takes one step, as the caseworker unless somebody else is named."""
        who = by or self.worker
        actor = who.actor if isinstance(who, Staff) else who
        with self.runtime.database.write() as session, self.runtime.vault.unlocked():
            verbs.take_step(session, self.case_id, name, by=actor, answers=answers, today=self.today)  # type: ignore[arg-type]
        return self

    def act(self, what: Callable[[Session], object]) -> None:
        """Does something to the case in a transaction of its own."""
        with self.runtime.database.write() as session, self.runtime.vault.unlocked():
            what(session)


def case_in(
    runtime: Runtime,
    state: str,
    *,
    kind: str = "parent",
    on: datetime.date | None = None,
    record: Record | None = None,
    worker: Staff | None = None,
    approver: Staff | None = None,
) -> Walk:
    """A case in this state, taken there step by step; from `finding` on with a rich record, where one is held."""

    def build() -> Walk:
        case = open_case(runtime, kind, on=on)
        team = make_team(runtime)
        walk = Walk(
            runtime,
            case.id,
            worker or make_staff(runtime, role="caseworker", team=team),
            approver or make_staff(runtime, role="approver", team=team, name="Ines Moor"),
            kind,
            record,
        )
        _WAYS[state](walk)
        return walk

    return build() if record or worker or approver else remembered(runtime, ("case", state, kind, on), build)


def take_to(walk: Walk, state: str) -> Walk:
    """A case that somebody else opened, taken to this state step by step."""
    _WAYS[state](walk)
    return walk


# What the longer ways are made of


def looking(session: Session, walk: Walk) -> records.Looking:
    """The caseworker's right to open the attached record."""
    return verbs.look_for(session.get_one(Case, walk.case_id), walk.worker.actor)


def search_places(walk: Walk, answer: str) -> None:
    """Looks in the usual places: the first gives `answer`, the others nothing."""
    by = walk.worker.actor
    for number, place in enumerate(searching.USUAL):
        with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
            line = searching.add_place(session, walk.case_id, place, terms="name and birth date", by=by)
        said = answer if number == 0 else "nothing"
        with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
            searching.answer_place(
                session,
                walk.case_id,
                line,
                version=1,
                answer=said,
                owner="Records team",
                terms="name and birth date",
                words="",
                asked_on=walk.today,
                by=by,
            )


def decide_all(walk: Walk) -> None:
    """Decides everything: the neighbour hidden, a confidence of the aunt cut out, the sensitive service withheld."""
    walk.act(lambda session: _decide_items(session, walk))
    walk.act(lambda session: _decide_people(session, walk))


def _decide_items(session: Session, walk: Walk) -> None:
    case = session.get_one(Case, walk.case_id)
    waiting = deciding.items(session, case, only="undecided", limit=1000)
    for one, entry in zip(waiting, deciding.entries_of(session, looking(session, walk), waiting), strict=True):
        said = decision_on(entry)
        deciding.decide(
            session,
            case.id,
            one.id,
            said,
            version=one.version,
            text=entry.text,
            category=entry.category,
            by=walk.worker.actor,
            today=walk.today,
        )


def decision_on(entry: OpenEntry) -> Decision:
    """What a sensible reviewer says of an entry of `rich_child`."""
    if entry.cls == "sensitive":
        return Decision("withhold", code="EX-TP", reason="It would tell who else is helped there.", test=WEIGHED)
    if (start := entry.text.find(CONFIDENCE)) >= 0:
        span = Redaction(start, start + len(CONFIDENCE), "EX-TP")
        return Decision("redact", spans=(span,), reason="Told in confidence; no consent.", test=WEIGHED)
    return Decision("give", already_known=entry.category == "health")


# R-83, as answered of the neighbour: without it nobody is hidden as a third party.
WEIGHED = {
    "identifiable": "yes",
    "professional_in_role": "no",
    "known_to_requester": "no",
    "consented": "no",
    "asked": "no",
    "why_not_asked": "She fears them, and a letter about this could be seen.",
    "refused": "no",
    "confidence_owed": "yes",
    "able_to_consent": "yes",
    "reasonable_anyway": "no",
    "reasons": "She asked not to be named, and lives two doors away.",
}


def consulted(
    walk: Walk, kind: str = "safeguarding", outcome: str = "objects", *, on: datetime.date | None = None
) -> str:
    """Somebody was asked, and answered `on` a day or today; with "waiting" not yet. The id of the consultation."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        by, day = walk.worker.actor, on or walk.today
        asked = {"kind": kind, "who": "The lead", "excerpt": "", "asked_on": day, "answer_by": None}
        one = consulting.ask(session, walk.case_id, **asked, by=by)  # type: ignore[arg-type]
        session.flush()
        if outcome != "waiting":
            said = {"outcome": outcome, "reply": "As asked.", "answered_on": day}
            consulting.record_reply(session, walk.case_id, one, version=1, **said, by=by)  # type: ignore[arg-type]
    return one.hex


def _decide_people(session: Session, walk: Walk) -> None:
    for third, row, _told in deciding.mentions(session, looking(session, walk)):
        if row.decision != "undecided":
            continue
        hide = third.relation == "neighbour"
        deciding.decide_mention(
            session,
            walk.case_id,
            third.id,
            version=row.version,
            decision="hide" if hide else "show",
            code="EX-TP" if hide else "",
            reason="Asked not to be named." if hide else "The requester knows them.",
            test=WEIGHED if hide else {},
            by=walk.worker.actor,
            today=walk.today,
        )


def assemble(walk: Walk, *, more_to_come: bool = False) -> StoredPack:
    """Has the pack put together by its job, and lets stay whatever the leak gate still finds.

    Only this job is done: letters that wait before it would each take a second and more."""
    by = walk.worker.actor
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=by, more_to_come=more_to_come))
    run_assembly(walk)
    return let_stay(walk)


def run_assembly(walk: Walk) -> None:
    """Does the job that makes the newest pack, before any other that waits."""
    first = db.now() - datetime.timedelta(days=1)
    key = f"assemble:{pack_of(walk).id.hex}"
    walk.act(
        lambda session: session.execute(sa.update(jobs.Job).where(col(jobs.Job.key) == key).values(run_after=first))
    )
    jobs.run_next(walk.runtime.database, walk.runtime, worker="builders")


def let_stay(walk: Walk) -> StoredPack:
    """Gives a reason for whatever the leak gate found in the newest pack."""
    by, pack = walk.worker.actor, pack_of(walk)
    with walk.runtime.database.read() as session:
        leaks = release.findings(session, pack).get("leaks", [])
    for leak in leaks:
        found = leak["needle"]
        walk.act(lambda session, found=found: _allow(session, pack.id, found, by))  # type: ignore[misc]
    return pack_of(walk)


def _allow(session: Session, pack_id: uuid.UUID, needle: str, by: Actor) -> None:
    version = session.get_one(StoredPack, pack_id).version
    release.allow(session, pack_id, needle, "It stands elsewhere in the copy, rightly.", version=version, by=by)


def approve(walk: Walk) -> None:
    """The approver approves the newest pack with all four confirmations."""
    pack, answers = pack_of(walk), {"orders": True, "shield": True, "moves": True, "lives_with": True}
    walk.act(
        lambda session: release.approve(
            session,
            walk.case_id,
            pack.id,
            manifest_hash=str(pack.manifest_hash),
            answers=answers,
            by=walk.approver.actor,
            today=walk.today,
        )
    )


def pack_of(walk: Walk) -> StoredPack:
    """The newest pack of the case."""
    with walk.runtime.database.read() as session:
        return release.packs(session, session.get_one(Case, walk.case_id))[0]


# The ways, one for each state; each begins with the way before it


def _received(_walk: Walk) -> None:
    pass


def _checking(walk: Walk) -> None:
    walk.step("start_checking")


def _finding(walk: Walk) -> None:
    _checking(walk)
    walk.step("accept_identity", known_by="known")
    if walk.requester_kind != "self":
        walk.step("accept_authority", basis=_BASIS[walk.requester_kind], orders="None")
    walk.step("start_finding")


def _review(walk: Walk) -> None:
    _finding(walk)
    walk.record = walk.record or rich_child(walk.runtime)
    record, by = walk.record, walk.worker.actor
    walk.act(lambda session: verbs.attach_record(session, walk.case_id, record.child_id, record.born, by=by))
    search_places(walk, "found")
    walk.step("start_review")
    walk.act(lambda session: deciding.begin(session, looking(session, walk)))


def _approval(walk: Walk) -> None:
    _review(walk)
    decide_all(walk)
    assemble(walk)
    walk.step("send_to_approval")


def _ready(walk: Walk) -> None:
    _approval(walk)
    approve(walk)
    pack_id, name = pack_of(walk).id, CHILD_NAME if walk.requester_kind == "self" else REQUESTER
    files, by = walk.runtime.files, walk.approver.actor
    walk.act(
        lambda session: release.release(session, files, walk.case_id, pack_id, recipient=name, by=by, today=walk.today)
    )


def _collected(walk: Walk) -> None:
    _ready(walk)
    pack_id = pack_of(walk).id
    walk.act(lambda session: release.collect(session, walk.case_id, pack_id, by=walk.requester))


def _closed(walk: Walk) -> None:
    _collected(walk)
    walk.step("close")


def _refused(walk: Walk) -> None:
    _checking(walk)
    walk.step("ask_identity", doubt="not-known", proof="A letter from the school, or a passport")
    walk.step("propose_refusal", ground="no-identity", reason="No answer", explanation="We could not tell who you are.")
    walk.step("refuse_for_identity", by=walk.approver)


def _nothing_held(walk: Walk) -> None:
    _finding(walk)
    search_places(walk, "nothing")
    walk.step("propose_nothing_held", reason="Not found in any place")
    walk.step("confirm_nothing_held", by=walk.approver)


def _withdrawn(walk: Walk) -> None:
    _checking(walk)
    walk.step("withdraw", by=walk.requester, sure=True)


_WAYS: dict[str, Callable[[Walk], None]] = {
    "received": _received,
    "checking": _checking,
    "finding": _finding,
    "review": _review,
    "approval": _approval,
    "ready": _ready,
    "collected": _collected,
    "closed": _closed,
    "refused": _refused,
    "nothing_held": _nothing_held,
    "withdrawn": _withdrawn,
}
