"""The narrow ways in, without their pages: sent, chased, silent, passed on; they belong to the case, to no person."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine

from portal import db, jobs, work
from portal.cases import ledger, verbs
from portal.cases.corrections import lines, outside, recipients
from portal.cases.corrections.lines import Value
from portal.cases.corrections.models import OutsideLink
from portal.cases.corrections.outside import Said
from portal.cases.models import Case
from portal.people.models import Staff
from portal.runtime import Runtime
from tests.builders import Walk
from tests.client import link_in, mails
from tests.corrections import CORRECTED, body_on_file, challenge_in, decide, lines_of, open_challenge
from tests.portal.source.asked import READING, ask, links_of
from workflows.table import StepRefused

RIGHT = replace(CORRECTED, says=Value("text", "As is usual at this age."))
SAID = Said("right", "Our register.", name="Jo Park", role="Secretary")
DAY = datetime.timedelta(days=1)


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    return challenge_in(runtime, "weighing", about=[READING], shown=True)


def events(walk: Walk) -> list[str]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return [one.name for one in ledger.history(session, session.get_one(Case, walk.case_id))]


def token_of(walk: Walk) -> str:
    """The random value of the newest link, as the mail carries it."""
    return link_in(mails(walk.runtime)[-1]).rpartition("/")[2].rpartition(".")[0]


def unlock(walk: Walk, token: str, code: str) -> bool:
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        return outside.unlock(session, token, code)


def answer(walk: Walk, token: str, said: Said = SAID) -> object:
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        return outside.answer(session, token, said)


def opened(walk: Walk, **more: int) -> str:
    """A link whose code was typed."""
    _link, code = ask(walk, **more)  # type: ignore[arg-type]
    token = token_of(walk)
    assert unlock(walk, token, code)
    return token


def day_comes(walk: Walk, days: int) -> None:
    """The daily jobs of the day this long after the question went out."""
    noon = datetime.datetime.combine(walk.today + days * DAY, datetime.time(12, tzinfo=datetime.UTC))
    with time_machine.travel(noon, tick=True):
        work.queue_daily_duties(walk.runtime)
        jobs.run_all(walk.runtime.database, walk.runtime)


# Sending


@pytest.mark.parametrize(
    ("reach", "way", "answer_by", "need"),
    [
        ({"email": ""}, "phone", 10, None),
        ({"phone": ""}, "phone", 10, "way"),
        ({}, "email", 10, "way"),
        ({}, "phone", 0, "answer_by"),
    ],
)
def test_a_question_needs_an_address_another_way_for_the_code_and_a_day_to_come(
    walk: Walk, reach: dict[str, str], way: str, answer_by: int, need: str | None
) -> None:
    body = body_on_file(walk.runtime, **reach)
    with pytest.raises(StepRefused) as refused:
        send(walk, body, way, answer_by)
    assert refused.value.need == need
    assert links_of(walk) == []


def send(walk: Walk, body: object, way: str, days: int, purpose: str = "ask_source") -> None:
    shown = outside.Shown("W Ashdown", None, "", READING, "Ahead.", None)
    walk.act(
        lambda session: outside.send(
            session,
            walk.case_id,
            lines_of(walk)[0].id,
            purpose=purpose,
            source_id=body,  # type: ignore[arg-type]
            way=way,
            shown=shown,
            answer_by=walk.today + days * DAY,
            by=walk.worker.actor,
        )
    )


def test_nobody_is_asked_before_the_check_is_passed_or_after_the_decision(runtime: Runtime, walk: Walk) -> None:
    decide(walk, RIGHT)
    early = Walk(runtime, open_challenge(runtime, email="early@example.org").id, walk.worker, walk.approver)
    for one in (walk, early):
        with pytest.raises(StepRefused, match="passed its check"):
            send(one, body_on_file(runtime), "phone", 10)


def test_several_sources_can_be_asked_about_one_line(walk: Walk) -> None:
    tokens = [opened(walk), opened(walk)]
    assert answer(walk, tokens[0]) is not None
    assert [one.state for one in links_of(walk)] == ["answered", "waiting"]
    assert answer(walk, tokens[1]) is not None


def test_neither_code_nor_link_is_kept_in_the_clear(walk: Walk) -> None:
    _link, code = ask(walk)
    token = token_of(walk)
    with walk.runtime.database.read() as session:
        row = session.execute(sa.text("SELECT * FROM outside_link")).one()
        mail = session.execute(sa.text("SELECT * FROM outbox")).all()
    for secret in (code, code.replace("-", ""), token):
        assert secret not in str(row) and secret.encode() not in b"|".join(str(one).encode() for one in mail)


def test_a_question_that_is_not_committed_sends_no_mail(walk: Walk) -> None:
    before = len(mails(walk.runtime))

    def stumble(session: object) -> None:
        ask_in(walk, session)
        raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        walk.act(stumble)
    assert links_of(walk) == [] and len(mails(walk.runtime)) == before


def ask_in(walk: Walk, session: object) -> None:
    body = body_on_file(walk.runtime) if walk.runtime.database.engine.dialect.name == "postgresql" else None
    from tests.corrections import body_on_file_in

    outside.send(
        session,  # type: ignore[arg-type]
        walk.case_id,
        lines_of(walk)[0].id,
        purpose="ask_source",
        source_id=body or body_on_file_in(session),  # type: ignore[arg-type]
        way="phone",
        shown=outside.Shown("W Ashdown", None, "", READING, "Ahead.", None),
        answer_by=walk.today + 5 * DAY,
        by=walk.worker.actor,
    )


# Answering


def test_without_its_code_a_link_neither_shows_nor_takes_anything(walk: Walk) -> None:
    ask(walk)
    token = token_of(walk)
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        assert outside.look(session, token) is None
    assert answer(walk, token) is None
    with walk.runtime.database.write() as session:
        assert outside.pass_on(session, token, "head@larkfield.example.org") is None


def test_of_two_answers_at_once_one_counts(walk: Walk) -> None:
    token = opened(walk)
    with ThreadPoolExecutor(2) as pool:
        came = list(pool.map(lambda words: answer(walk, token, replace(SAID, reasons=words)), ["one", "two"]))
    assert sum(one is not None for one in came) == 1
    assert events(walk).count("body_answered") == 1
    assert answer(walk, token) is None


def test_of_twenty_wrong_codes_at_once_five_are_counted_and_the_link_ends(walk: Walk) -> None:
    _link, code = ask(walk)
    token = token_of(walk)
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(lambda _n: unlock(walk, token, "AAAA-AAAA"), range(20)))
    assert not unlock(walk, token, code)
    assert links_of(walk)[0].state == "ended"
    assert events(walk).count("link_locked") == 1
    with walk.runtime.database.read() as session:
        assert session.scalar(sa.select(OutsideLink.tries)) == 5


def test_an_answer_that_fails_leaves_the_question_open(walk: Walk) -> None:
    token = opened(walk)

    def stumble(session: object) -> None:
        outside.answer(session, token, SAID)  # type: ignore[arg-type]
        raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        walk.act(stumble)
    assert links_of(walk)[0].state == "waiting" and "body_answered" not in events(walk)
    assert answer(walk, token) is not None


@pytest.mark.parametrize("said", [Said("acknowledged"), Said("perhaps"), Said("wrong")])
def test_a_question_takes_its_own_answers_only(walk: Walk, said: Said) -> None:
    with pytest.raises(StepRefused):
        answer(walk, opened(walk), said)
    assert links_of(walk)[0].state == "waiting"


def test_an_acknowledged_notice_settles_the_recipient(walk: Walk) -> None:
    decide(walk, RIGHT)
    line = lines_of(walk)[0].id
    walk.act(lambda session: recipients.add(session, walk.case_id, line, "Larkfield", by=walk.worker.actor))
    link_id, code = ask(walk, "tell_recipient", now="As is usual.")
    token = token_of(walk)
    notice = notices(walk)[-1]
    walk.act(
        lambda session: recipients.told(
            session,
            walk.case_id,
            notice.id,
            version=notice.version,
            way="email",
            words="It says now: as is usual.",
            link_id=link_id,
            by=walk.worker.actor,
        )
    )
    assert unlock(walk, token, code)
    assert answer(walk, token, Said("acknowledged", name="Jo Park")) is not None
    assert notices(walk)[-1].state == "acknowledged"


def notices(walk: Walk) -> list[recipients.Notice]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return recipients.of_case(session, session.get_one(Case, walk.case_id))


# What ends a question


def test_once_the_line_is_decided_the_question_shows_nothing_more(walk: Walk) -> None:
    token = opened(walk)
    decide(walk, RIGHT)
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        assert outside.look(session, token) is None
    day_comes(walk, 7)
    assert links_of(walk)[0].state == "ended"
    assert [str(one["To"]) for one in mails(walk.runtime)].count("office@larkfield.example.org") == 1


def test_once_the_line_is_taken_back_the_question_shows_nothing_more(runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING, "School"])
    token = opened(walk)
    walk.act(lambda session: lines.withdraw_line(session, walk.case_id, lines_of(walk)[0].id, by=walk.requester))
    assert answer(walk, token) is None


def test_once_the_case_is_withdrawn_the_question_shows_nothing_more(walk: Walk) -> None:
    token = opened(walk)
    walk.step("withdraw", by=walk.requester, sure=True)
    assert answer(walk, token) is None


def test_links_survive_whoever_sent_them(walk: Walk) -> None:
    token = opened(walk)
    with walk.runtime.database.write() as session:
        session.execute(sa.update(Staff).where(Staff.id == walk.worker.id).values(disabled_at=db.now()))  # type: ignore[arg-type]
        verbs.assign(session, walk.case_id, None, by=walk.approver.actor)
    assert answer(walk, token) is not None
    assert links_of(walk)[0].said is not None


# Passing on


@pytest.mark.parametrize(
    "email",
    [
        "head@elsewhere.example.org",
        "evil@elsewhere.example.org,office@larkfield.example.org",
        "no address at larkfield.example.org",
        "larkfield.example.org",
        "",
    ],
)
def test_a_link_is_passed_on_inside_the_same_body_only(walk: Walk, email: str) -> None:
    token = opened(walk)
    with pytest.raises(StepRefused), walk.runtime.database.write() as session:
        outside.pass_on(session, token, email)
    assert len(links_of(walk)) == 1


def test_an_address_that_anybody_can_have_is_no_organisation(walk: Walk) -> None:
    body = body_on_file(walk.runtime, email="larkfield.minder@gmail.com")
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        _id, code = outside.send(
            session,
            walk.case_id,
            lines_of(walk)[0].id,
            purpose="ask_source",
            source_id=body,
            way="phone",
            shown=outside.Shown("W Ashdown", None, "", READING, "Ahead.", None),
            answer_by=walk.today + 5 * DAY,
            by=walk.worker.actor,
        )
    token = token_of(walk)
    assert unlock(walk, token, code)
    with pytest.raises(StepRefused), walk.runtime.database.write() as session:
        outside.pass_on(session, token, "somebody@gmail.com")


def test_passing_on_moves_the_notice_to_the_new_link(walk: Walk) -> None:
    token = opened(walk)
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        code = outside.pass_on(session, token, "Head@Larkfield.Example.org")
    old, new = links_of(walk)
    assert (old.state, new.state, new.answer_by, new.shown) == ("passed_on", "waiting", old.answer_by, old.shown)
    assert code is not None and unlock(walk, token_of(walk), code)
    assert answer(walk, token) is None
    assert events(walk)[-1] == "link_passed_on"


# Time


@pytest.mark.parametrize(
    ("days", "reminded_on"),
    [(10, [7, 10]), (3, [3]), (2, [2]), (30, [27, 30])],
)
def test_a_body_is_reminded_three_days_before_the_day_and_on_it(walk: Walk, days: int, reminded_on: list[int]) -> None:
    ask(walk, days=days)
    mails(walk.runtime)
    reminded = []
    for day in range(1, days + 3):
        before = events(walk).count("body_chased")
        day_comes(walk, day)
        if events(walk).count("body_chased") > before:
            reminded.append(day)
    assert reminded == reminded_on
    assert questions_sent(walk) == 1 + len(reminded_on)


def questions_sent(walk: Walk) -> int:
    return [str(one["To"]) for one in mails(walk.runtime)].count("office@larkfield.example.org")


def test_a_worker_that_was_away_reminds_once(walk: Walk) -> None:
    ask(walk, days=5)
    day_comes(walk, 6)
    day_comes(walk, 7)
    assert events(walk).count("body_chased") == 1


def test_a_reminder_carries_the_same_link(walk: Walk) -> None:
    _link, code = ask(walk, days=5)
    token = token_of(walk)
    day_comes(walk, 5)
    assert token_of(walk) == token
    assert unlock(walk, token, code)


def test_five_days_after_the_day_silence_is_put_down_as_silence(walk: Walk) -> None:
    token = opened(walk, days=5)
    day_comes(walk, 9)
    assert links_of(walk)[0].state == "waiting"
    day_comes(walk, 10)
    assert links_of(walk)[0].state == "silent"
    assert events(walk)[-1] == "body_silent"
    assert answer(walk, token) is None
    decide(walk, RIGHT)  # the case goes on


def test_a_body_that_answered_is_chased_no_more(walk: Walk) -> None:
    answer(walk, opened(walk, days=5))
    for day in (2, 5, 10):
        day_comes(walk, day)
    assert questions_sent(walk) == 1
    assert links_of(walk)[0].state == "answered"


def test_a_damaged_link_stops_no_other_from_being_chased(runtime: Runtime) -> None:
    walks = [challenge_in(runtime, "weighing", about=[READING], email=f"a{n}@example.org") for n in range(2)]
    for one in walks:
        ask(one, days=5)
    with runtime.database.write() as session:
        first = session.scalars(sa.select(OutsideLink).order_by(OutsideLink.id)).first()  # type: ignore[arg-type]
        assert first is not None
        first.sealed = b"damaged"
        session.add(first)
    day_comes(walks[0], 5)
    assert events(walks[1])[-1] == "body_chased"
