"""Staff ask the child, read what they said, and keep to it; what is given is confirmed by one, approved by another."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import col

from portal.cases import ledger, voice
from portal.cases.models import Case
from portal.cases.opening import Subject
from portal.people import contact_changes
from tests import builders
from tests.client import client_for, mails, runtime_of
from tests.judge import JudgingClient, text_of
from tests.portal.caseworker.desk import Office, Seat
from tests.portal.requester.asked_child import Asked, ask
from workflows.table import StepRefused

BORN = datetime.date(2014, 3, 1)
BY_CARD = {
    "way": "card",
    "handed_by": "school",
    "handed_to": "Mr Reed, Hill School",
    "who": "Your mum",
    "safe": "He sees the child alone.",
}
WEIGHED = dict.fromkeys(
    ("maturity", "nature", "orders", "confidence", "consequences", "detriment", "views"), "Weighed and written down."
)


@pytest.fixture
def case(office: Office, seat: Seat) -> Case:
    return office.case_in("checking", seat.actor, names="Bo Example")


def events_of(office: Office, case: Case) -> list[ledger.Happened]:
    with office.runtime.database.read() as session:
        return ledger.history(session, office.row(case))


def test_a_card_is_previewed_made_once_shown_once_and_opens(office: Office, seat: Seat, case: Case) -> None:
    path = f"/staff/cases/{case.reference}/child/ask"
    page = seat.client.submit(seat.client.get(path), {**BY_CARD, "preview": "1"}, 200)
    assert "What the child will read" in page.text
    assert "Yes is fine. No is fine." in page.text
    page.answers()
    made = seat.client.submit(page, {"make": "1"}, 200)
    number, *words = [one.text for one in made.all("code")]
    assert len(words) == 6
    assert not any(name in made.text for name in (case.reference, "Bo Example", "Ada"))
    assert "shown only once" in seat.client.follow(seat.client.submit(page, {"make": "1"})).html
    child = client_for(office.app)
    told = {"number": str(number), "words": " ".join(str(word) for word in words)}
    assert "Your mum" in child.follow(child.submit(child.get("/voice"), told)).text
    names = [event.name for event in events_of(office, case)]
    assert names.count("ask_child") == 1


MISSING = [
    ({}, "Choose how the child is asked"),
    ({**BY_CARD, "handed_to": ""}, "Enter who hands it over"),
    ({**BY_CARD, "who": ""}, "Say who asks, in words for the child"),
    ({**BY_CARD, "way": "link"}, "Enter an email address of the child’s own"),
    ({**BY_CARD, "way": "talk"}, "Say who talks with them"),
    ({**BY_CARD, "safe": ""}, "Say why this is safe for the child"),
]


@pytest.mark.parametrize(("said", "words"), MISSING, ids=[words for _said, words in MISSING])
def test_nobody_is_asked_before_it_is_said_how_and_why_that_is_safe(
    office: Office, seat: Seat, case: Case, said: dict[str, str], words: str
) -> None:
    page = seat.client.get(f"/staff/cases/{case.reference}/child/ask")
    refused = seat.client.submit(page, {**said, "make": "1"}, 400)
    assert words in refused.errors
    with office.runtime.database.read() as session:
        assert voice.questions(session, case.id) == []


def test_a_link_goes_to_the_childs_own_address_and_the_words_do_not(office: Office, seat: Seat, case: Case) -> None:
    said = {**BY_CARD, "way": "link", "email": "bo@example.org", "words_by": "Told by Mr Reed"}
    page = seat.client.get(f"/staff/cases/{case.reference}/child/ask")
    made = seat.client.submit(page, {**said, "make": "1"}, 200)
    words = [str(one.text) for one in made.all("code")][1:]
    (mail,) = [one for one in mails(office.runtime) if one["To"] == "bo@example.org"]
    assert not any(word in mail.get_content().split() for word in words)
    assert not any(word in mail.get_content() for word in (case.reference, "Bo", "mum"))


@pytest.mark.parametrize("whose", ["who asks", "who asked before", "never"])
def test_a_link_goes_to_nobody_who_asks(office: Office, seat: Seat, case: Case, whose: str) -> None:
    other = office.case(email="Kit@example.org", name="Kit Example")
    with office.runtime.database.write() as session:
        group = {"group_id": case.id}
        session.execute(sa.update(Case).where(col(Case.id).in_([case.id, other.id])).values(**group))
        contact_changes.never_use(session, case.requester, "never@example.org")
    email = {"who asks": "ADA@example.org", "who asked before": "kit@example.org"}.get(whose, "never@example.org")
    said = {**BY_CARD, "way": "link", "email": email, "words_by": "Told by Mr Reed"}
    page = seat.client.get(f"/staff/cases/{case.reference}/child/ask")
    refused = seat.client.submit(page, {**said, "make": "1"}, 400)
    assert refused.errors == ["This is no address of the child's own: somebody who asks uses it."]
    assert not [one for one in mails(office.runtime) if one["Subject"] and "/voice/" in one.get_content()]


def test_the_child_is_asked_in_person_without_a_card(office: Office, seat: Seat, case: Case) -> None:
    page = seat.client.get(f"/staff/cases/{case.reference}/child/ask")
    done = seat.client.submit(page, {"way": "talk", "talk": "The school nurse", "safe": "Alone.", "make": "1"})
    assert "has not answered" in seat.client.follow(done).text


def test_what_happened_meanwhile_is_told_before_the_child_is_asked(office: Office, seat: Seat, case: Case) -> None:
    page = seat.client.get(f"/staff/cases/{case.reference}/child/ask")
    office.step(case, "accept_identity", seat.actor, known_by="known")
    lost = seat.client.submit(page, {**BY_CARD, "make": "1"}, 409)
    assert "Nothing was done" in lost.text
    seat.client.submit(lost, {"make": "1"}, 200)


def answered(office: Office, seat: Seat, case: Case, **said: str) -> Asked:
    asked = ask(office.app, office.runtime, case.id, seat.actor)
    asked.answers(**said)
    return asked


def test_an_answer_is_new_until_somebody_read_it(office: Office, seat: Seat, case: Case) -> None:
    answered(office, seat, case, answer="no", views="It is mine.")
    assert "New from the child" in seat.client.get("/staff/?list=team").text
    assert "New from the child" in seat.client.get(f"/staff/cases/{case.reference}").text
    tabs = seat.client.get(f"/staff/cases/{case.reference}/child").one("nav", cls="portal-filters")
    assert "Messages" in text_of(tabs) and " new" not in text_of(tabs)
    page = seat.client.get(f"/staff/cases/{case.reference}/child")
    for words in ("No", "It is mine.", "Mr Reed", "Never told to the requester"):
        assert words in page.text
    seat.client.submit(page, {}, form=0)
    assert "New from the child" not in seat.client.get("/staff/?list=team").text


def test_talk_to_me_first_is_something_to_do_and_no_answer(office: Office, seat: Seat, case: Case) -> None:
    answered(office, seat, case, answer="talk-first", talk="At lunch")
    assert "The child wants to talk first" in seat.client.get(f"/staff/cases/{case.reference}").text
    assert "At lunch" in seat.client.get(f"/staff/cases/{case.reference}/child").text
    said = {"because": "too-young", "reason": "Too young"}
    with pytest.raises(StepRefused, match="wants to talk first"):
        office.step(case, "record_child_not_asked", seat.actor, **said)
    office.step(case, "record_child_answer", seat.actor, answer="yes")
    assert "wants to talk first" not in seat.client.get(f"/staff/cases/{case.reference}").text


def test_not_safe_to_ask_again_is_lifted_by_a_second_person_with_a_reason(
    office: Office, seat: Seat, case: Case
) -> None:
    answered(office, seat, case, answer="talk-first", not_safe="y")
    path = f"/staff/cases/{case.reference}"
    assert "Not safe to ask again" in seat.client.get(f"{path}/child").text
    assert "not safe to ask them again" in seat.client.get(f"{path}/child/ask").text
    with pytest.raises(StepRefused, match="not safe"):
        ask(office.app, office.runtime, case.id, seat.actor)
    other = office.seat("approver", name="Ines Moor")
    page = other.client.get(f"{path}/steps/allow_asking_again")
    other.client.submit(page, {"answer_reason": "The child asked for it themselves, through the nurse."})
    assert "Not safe to ask again" not in seat.client.get(f"{path}/child").text
    ask(office.app, office.runtime, case.id, seat.actor)


def test_a_lost_card_is_ended_with_a_reason(office: Office, seat: Seat, case: Case) -> None:
    asked = ask(office.app, office.runtime, case.id, seat.actor)
    page = seat.client.get(f"/staff/cases/{case.reference}/child")
    wrong = seat.client.submit(page, {"reason": ""}, 400)
    assert "Say why it is ended" in wrong.errors
    assert "The card or link is ended" in seat.client.follow(seat.client.submit(wrong, {"reason": "Lost"})).html
    told = {"number": asked.number, "words": asked.words}
    asked.child.submit(asked.child.get("/voice"), told, 400)


def test_views_given_in_words_are_written_down(office: Office, seat: Seat, case: Case) -> None:
    page = seat.client.get(f"/staff/cases/{case.reference}/child/views")
    told = {"words": "Please leave out the sad part.", "way": "Told to the nurse"}
    seat.client.submit(page, told)
    shown = seat.client.get(f"/staff/cases/{case.reference}/child").text
    assert "Please leave out the sad part." in shown
    assert "Told to the nurse" in shown
    timeline = seat.client.get(f"/staff/cases/{case.reference}/timeline").text
    assert "Views were given" in timeline


@pytest.mark.parametrize("under", ["child", "child/ask", "child/views"])
def test_another_team_finds_nothing_of_it(office: Office, seat: Seat, case: Case, under: str) -> None:
    stranger = office.seat(team="Another team", name="Ola Far")
    stranger.client.get(f"/staff/cases/{case.reference}/{under}", 404)


# Some of it


def desk_of(walk: builders.Walk, who: builders.Staff, office: Office) -> JudgingClient:
    from tests.client import sign_in

    client = client_for(office.app)
    sign_in(client, "staff", who.id)
    return client


def test_a_yes_to_some_of_it_is_seen_by_who_reviews_confirmed_and_approved_by_another(app) -> None:
    runtime = runtime_of(app)
    walk = builders.case_in(runtime, "review")
    asked = ask(app, runtime, walk.case_id, walk.worker.actor)
    asked.answers(answer="some", areas="school", views="Not my letters, please.")
    walk.step("assess_competence", competence="competent", **WEIGHED)
    client = desk_of(walk, walk.worker, _App(app))
    base = f"/staff/cases/{walk.case.reference}"
    for page in (f"{base}/review", f"{base}/review/pack", f"{base}/approval"):
        assert "School and education" in client.get(page).text
        assert "Not my letters, please." in client.get(page).text
    first = next(
        one.get("href") for one in client.get(f"{base}/review").all("a") if "/review/0" in str(one.get("href"))
    )
    assert "School and education" in client.get(str(first)).text
    builders.decide_all(walk)
    with pytest.raises(StepRefused, match="assembled"):
        walk.step("confirm_parts", keeps=True, reason="Only school entries are given.")
    builders.assemble(walk)
    with pytest.raises(StepRefused, match="A reviewer confirms first"):
        walk.step("send_to_approval")
    with pytest.raises(StepRefused):
        walk.step("confirm_parts", keeps=False, reason="It goes beyond.")
    walk.step("confirm_parts", keeps=True, reason="Only school entries are given.").step("send_to_approval")
    assert "A reviewer confirmed" in client.get(f"{base}/approval").text
    builders.approve(walk)
    walk.step("send_back", reason="One more look")
    builders.assemble(walk)
    with pytest.raises(StepRefused, match="A reviewer confirms first"):  # it was confirmed of another pack
        walk.step("send_to_approval")


class _App:
    """What `desk_of` needs of an office."""

    def __init__(self, app) -> None:
        self.app = app


def test_a_case_of_ones_own_has_no_child_to_ask(office: Office, seat: Seat) -> None:
    own = office.case(Subject("self", "", "Bo Example", birth_date=datetime.date(2006, 1, 2)))
    office.step(own, "start_checking", seat.actor)
    assert "asks for their own record" in seat.client.get(f"/staff/cases/{own.reference}/child").text
    assert "asks for their own record" in seat.client.get(f"/staff/cases/{own.reference}/child/ask").text
