"""The families of the demo who are reached otherwise than by mail: children with a card of their own, a mother with
card and sheet, somebody whose address changes, post in the queue; and a seat that waits for whoever takes it.
Numbers are days ago, as in `stories`."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sqlmodel import Session, select

from portal import db
from portal.cases import clocking, posting, reaching, sign_in_cards, voice
from portal.cases.models import Case
from portal.cases.voice import Put, Said
from portal.demo.families import Cast, Family
from portal.demo.people import DEVAN, Paper
from portal.demo.stage import Stage, Tale
from portal.demo.stories import WEIGHED, accepted, asks, in_review
from portal.people import cards, factors, hashing, invitations, seats
from portal.people.cards import NewCard
from portal.people.contact_changes import New
from portal.people.factors import NewSheet
from portal.people.models import Staff, Team

Story = Callable[[Stage, Family], Paper | None]
CHILD, FAMILY, STAFF = "/voice", "/sign-in/card", "/staff/invitation"
POST_TOO = ("post",)
SEAT_FOR = datetime.timedelta(days=300)


def question_open(stage: Stage, family: Family) -> Paper:
    tale = asks(stage, family, "the daughter has a card and has not answered yet; the mother sees nothing of it")
    return _asked(tale, 13, "8QHM-4T2V", "river candle museum pepper orbit window", "has not answered yet")


def question_answered(stage: Stage, family: Family) -> Paper:
    tale = asks(stage, family, "the child said: some of it; nobody on the staff has read that yet", worker=DEVAN)
    paper = _asked(
        tale, 11, "R5KW-93BX", "garden violin marble copper ticket autumn", "has answered, and may change it"
    )

    def act(session: Session) -> None:
        views = "I like my new school. Please say that too."
        said = Said(answer="some", parts="School and education", not_safe=True, views=views)
        voice.answer(session, voice.questions(session, tale.id)[0].id, said, today=clocking.uk_today())

    tale.done(1, act)
    return paper


def with_card_and_sheet(stage: Stage, family: Family) -> Paper:
    """She rang; her copy waits for her behind two pieces of paper."""
    tale = asks(stage, family, "", channel="phone", known=False)
    tale.asker = replace(tale.asker, email="", safe_channels=())
    tale.opened(29, entered_by=DEVAN)
    in_review(tale, 28).reviewing(16).packed(9).step(9, "send_to_approval").approved(6).released(6)
    pepper = stage.runtime.settings.secrets.pepper
    paper = Paper(
        tale.asker.name,
        "a mother without email or a smartphone: her copy is ready; the sheet is her second step",
        FAMILY,
        "2DNC-7Y6P",
        "ladder honest breeze camera silver planet",
        _codes(),
    )
    new, sheet = (
        _card(pepper, paper),
        NewSheet(paper.codes, tuple(hashing.slow_hash(pepper, one) for one in paper.codes)),
    )
    tale.done(4, lambda session: sign_in_cards.hand_out(session, tale.id, "in_person", new, sheet, by=tale.by))
    return paper


def new_address_waits(stage: Stage, family: Family) -> None:
    """On a call: the old mailbox is not hers alone any more."""
    tale = accepted(
        asks(stage, family, "a new address waits three days; a colleague has to confirm it", worker=DEVAN).opened(12),
        11,
    )
    new = New(("email",), email=f"new.{tale.asker.email}")
    why = "Rang back on the number in the file. Her former partner may know the password of the old mailbox."
    tale.done(0, lambda session: reaching.propose(session, tale.id, new, old_is_safe=True, why=why, by=tale.by))


def post_in_the_queue(stage: Stage, family: Family) -> None:
    """A card goes by post, since nothing else is safe; the first of two people has looked at the address."""
    tale = asks(stage, family, "", channel="letter", known=False)
    tale.asker = replace(tale.asker, email="", safe_channels=POST_TOO)
    accepted(tale.opened(7, entered_by=DEVAN), 5)

    def act(session: Session) -> None:
        posting.queue(session, tale.id, "card", key=f"card:{tale.id.hex}", way="post")
        row = posting.keyed(session, f"card:{tale.id.hex}")
        posting.check_address(session, row, tale.asker.address.splitlines()[-1], by=tale.by)

    tale.done(2, act)


CAST: tuple[tuple[Story, Cast], ...] = (
    (question_open, Cast((14,), notes=5)),
    (question_answered, Cast((12,), notes=4)),
    (with_card_and_sheet, Cast((7,), notes=4)),
    (new_address_waits, Cast((9,), notes=3)),
    (post_in_the_queue, Cast((5,), notes=2)),
)


def tell(stage: Stage, families: Sequence[Family]) -> tuple[Paper, ...]:
    """Puts them on the stage; whoever plays is told what is printed on paper. `families` are in the order of CAST."""
    told = [story(stage, family) for (story, _cast), family in zip(CAST, families, strict=False)]
    return (*(paper for paper in told if paper), _seat_waits(stage))


def _asked(tale: Tale, ago: int, number: str, words: str, told: str) -> Paper:
    """The caseworker weighs whether the child can decide, and a card is handed over at school."""
    accepted(tale.opened(ago + 5), ago + 4).step(ago + 1, "assess_competence", competence="competent", **WEIGHED)
    child = tale.children[0]
    paper = Paper(
        child.name, f"a child who was asked about {tale.asker.name}’s request, and {told}", CHILD, number, words
    )
    new = _card(tale.stage.runtime.settings.secrets.pepper, paper)
    safe = "She sees the nurse alone each week, and nothing goes home."
    put = Put(way="card", who="Your mum", safe=safe, handed_by="school", handed_to="Mrs Tollen, the school nurse")

    def act(session: Session) -> None:
        seq = session.get_one(Case, tale.id).seq
        voice.ask(session, tale.id, put, new, by=tale.by, today=clocking.uk_today(), seen_seq=seq)

    tale.done(ago, act)
    return paper


def _seat_waits(stage: Stage) -> Paper:
    """The administrator has made a seat and printed the words for it."""
    paper = Paper(
        "Noor Ash",
        "a new caseworker who has not come in yet",
        STAFF,
        "M4TS-6HJ1",
        "spoon forest lemon anchor travel voice",
    )
    new = _card(stage.runtime.settings.secrets.pepper, paper)

    def act(session: Session) -> None:
        boss = session.exec(select(Staff).where(Staff.role == "administrator")).one()
        team = session.exec(select(Team).where(Team.name == DEVAN.team)).one()
        ends_on = db.now().date() + SEAT_FOR
        asked = seats.Asked(paper.name, "noor.ash@example.org", "caseworker", team.id, boss.id, ends_on)
        made = seats.make(session, asked, by=boss.id)
        invitations.on_paper(session, made.id, new, now=db.now())

    stage.acts.append((0, partial(stage.write, act)))
    return paper


def _card(pepper: bytes, paper: Paper) -> NewCard:
    """Slow, so before the day is played."""
    return NewCard(paper.number, paper.words, hashing.slow_hash(pepper, cards.normal_words(paper.words)))


def _codes() -> tuple[str, ...]:
    chance = random.Random("a sheet of the demo")  # noqa: S311 nothing here is a secret
    return tuple(
        "".join(chance.choice(factors.ALPHABET) for _ in range(factors.CODE_LENGTH)) for _ in range(factors.SHEET_CODES)
    )
