"""No message leaves on a channel that is not marked safe, from any code path; a caseworker's task is there instead."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import select

from portal import db, jobs, wiring
from portal.cases import ledger, posting, verbs
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.cases.models import Case
from portal.cases.posting import Posted
from portal.documents import letters
from portal.documents.letters import LetterFacts
from portal.people import contact_changes, outbox
from portal.people.models import OutboxMessage, Person
from portal.runtime import Runtime
from portal.vault import vault_of
from tests.portal.caseworker.desk import Office
from workflows.kinds import WORKFLOWS

wiring.connect_packages()
ROOT = Path(__file__).resolve().parents[3]
EVERYTHING = {
    "name": "Robin Vale",
    "email": "robin.vale@example.org",
    "phone": "07700 900123",
    "address": "12 Kiln Yard\nExampleton\nEX2 9ZZ",
    "safe_channels": [],
}
EMAILS = sorted(path.stem for path in (ROOT / "templates" / "emails").glob("*.txt"))
TO_STAFF = {"seat_invitation", "seat_ending", "seat_way"}  # at their work e-mail, while their seat lives
TO_PEOPLE = [name for name in EMAILS if name not in outbox._writers and name not in TO_STAFF]
LETTERS = sorted(
    {
        (kind, letter)
        for kind, workflow in WORKFLOWS.items()
        for letter in (workflow.opening_letter, *(step.letter for step in workflow.steps))
        if letter
    }
)
# Whoever hands something over to a way out, and whom each of them asks whether it may.
WAYS_OUT = {"smtplib", "httpx", "portal.people.transports", "portal.people.telephone"}
DAY = datetime.timedelta(days=1)


@pytest.fixture
def office(app: Any) -> Office:
    return Office(app)


def person_of(office: Office, case: Case, told: dict[str, Any]) -> None:
    with office.runtime.database.write() as session:
        person = session.get_one(Person, case.requester_id)
        vault_of(session).put(person, told)
        session.add(person)


def gone_out(runtime: Runtime) -> list[str]:
    """What lies in the mail folder and in the telephone's, and what is on its way to a letter box."""
    folders = (runtime.settings.mail_url, runtime.settings.telephone_url)
    files = [path.name for url in folders for path in Path(url.removeprefix("folder:")).glob("*")]
    with runtime.database.read() as session:
        by_post = session.exec(select(Posted).where(Posted.way == "post")).all()
    return files + [row.what for row in by_post]


def work(office: Office) -> None:
    jobs.run_all(office.runtime.database, office.runtime)


def test_every_mail_goes_to_a_person_or_has_a_writer_who_names_the_address() -> None:
    assert set(TO_PEOPLE) == {"sign_in", "receipt", "update", "contact_changing", "way_in"}
    assert set(EMAILS) >= TO_STAFF
    assert {path.stem for path in (ROOT / "templates" / "texts").glob("*.txt")} == set(TO_PEOPLE) - {"sign_in"}


def test_no_mail_and_no_text_message_leaves_while_nothing_is_safe_and_a_task_is_there(office: Office) -> None:
    seat = office.seat()
    case = office.case(safe_channels=())
    person_of(office, case, EVERYTHING)
    with office.runtime.database.write() as session:
        for template in TO_PEOPLE:
            about: dict[str, Any] = {"person_id": case.requester_id, "case_id": case.id, "key": f"test:{template}"}
            outbox.queue(session, template, **about, token="t" * 43 if template in outbox.LINKS else None)
    work(office)
    assert gone_out(office.runtime) == []
    page = seat.client.get("/staff/waiting")
    assert page.text.count("I have passed it on") == len(TO_PEOPLE) + 1  # and the receipt of the request itself


@pytest.mark.parametrize("told", [EVERYTHING, {**EVERYTHING, "safe_channels": ["email"]}], ids=["nothing", "email"])
def test_no_letter_of_any_kind_of_case_goes_to_a_letter_box_or_bears_an_address(
    office: Office, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]
) -> None:
    made: list[LetterFacts] = []
    monkeypatch.setattr(letters, "letter_pdf", lambda _kind, _letter, facts: made.append(facts) or b"%PDF-")
    case = office.case(safe_channels=())
    person_of(office, case, told)
    for kind, letter in LETTERS:
        with office.runtime.database.write() as session:
            row = ledger.locked(session, case.id)
            row.kind = kind
            session.add(row)
            steps = [step.name for step in WORKFLOWS[kind].steps if step.letter == letter]
            event = ledger.append(session, row, steps[0] if steps else "opened", by=Actor.system(), on_date=uk_today())
            args = {"case": case.id.hex, "seq": str(event.seq), "template": letter}
            jobs.enqueue(session, "make_letter", f"test:{kind}:{letter}", args)
        work(office)
    assert len(made) == len(LETTERS) + 1  # and the acknowledgement
    assert {facts.recipient_lines for facts in made} == {()}
    assert [name for name in gone_out(office.runtime) if not name.endswith(".eml")] == []


def test_only_one_function_hands_over_and_whoever_calls_a_way_out_asks_contact_first() -> None:
    """Any new code path that sends has to show up here."""
    handing: dict[str, set[str]] = {}
    for path in sorted((ROOT / "portal").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = set(_imported(tree)) & WAYS_OUT
        if names:
            handing[path.relative_to(ROOT).as_posix()] = names
    own = {"portal/people/transports.py", "portal/people/telephone.py"}
    for path in set(handing) - own:
        words = (ROOT / path).read_text(encoding="utf-8")
        if handing[path] & {"portal.people.transports", "portal.people.telephone"} and ".deliver(" in words:
            assert "contact.phone_number(" in words or "contact.mail_address(" in words, path
    assert {path for path, names in handing.items() if "smtplib" in names} == {"portal/people/transports.py"}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# Where something is safe


def test_where_text_is_the_only_safe_way_the_news_comes_as_a_neutral_text_message(office: Office) -> None:
    case = office.case(safe_channels=())
    person_of(office, case, {**EVERYTHING, "safe_channels": ["text"], "hours": ["afternoon", "weekend"]})
    work_at_noon(office)
    [file] = Path(office.runtime.settings.telephone_url.removeprefix("folder:")).glob("*.json")
    words = file.read_text().casefold()
    assert case.reference.casefold() in words
    assert [word for word in ("child", "council", "record", "bo example", "ada") if word in words] == []
    assert states(office) == ["sent"]


def test_a_text_message_waits_for_the_hours_that_the_person_named(office: Office) -> None:
    case = office.case(safe_channels=())
    person_of(office, case, {**EVERYTHING, "safe_channels": ["text"], "hours": ["evening", "weekend"]})
    noon = db.now().replace(hour=12, minute=0) + DAY
    with time_machine.travel(noon, tick=False):
        work(office)
        assert states(office) == ["waiting"]
    with time_machine.travel(noon + DAY / 4, tick=False):
        work(office)
        assert states(office) == ["sent"]


def test_a_link_to_sign_in_never_goes_to_the_telephone(office: Office) -> None:
    case = office.case(safe_channels=())
    person_of(office, case, {**EVERYTHING, "safe_channels": ["text"]})
    with office.runtime.database.write() as session:
        about: dict[str, Any] = {"person_id": case.requester_id, "case_id": case.id}
        outbox.queue(session, "sign_in", **about, key="link", token="t" * 43)
        session.execute(sa.update(OutboxMessage).where(OutboxMessage.template == "receipt").values(state="void"))
    work(office)
    assert gone_out(office.runtime) == []


def test_without_a_telephone_provider_a_person_reached_by_text_alone_is_a_task(office: Office) -> None:
    case = office.case(safe_channels=())
    person_of(office, case, {**EVERYTHING, "safe_channels": ["text"]})
    without = replace(office.runtime, settings=replace(office.runtime.settings, telephone_url=""))
    jobs.run_all(without.database, without)
    assert states(office) == ["held"]


def test_where_post_alone_is_safe_letters_and_words_go_into_the_print_queue(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, LetterFacts]] = []
    monkeypatch.setattr(letters, "letter_pdf", lambda _kind, name, facts: made.append((name, facts)) or b"%PDF-")
    case = office.case(safe_channels=())
    person_of(office, case, {**EVERYTHING, "safe_channels": ["post"]})
    by = office.seat().actor
    with office.runtime.database.write() as session:
        verbs.write_message(session, case.id, "to_requester", "We found the papers.", by=by)
    work(office)
    with office.runtime.database.read() as session:
        row = session.get_one(Case, case.id)
        there = posting.of_case(session, row)
        assert sorted((one.what, one.way) for one in there) == [("letter", "post"), ("notice", "post")]
        assert all(one.letter_id for one in there)
    assert {name: facts.recipient_lines[0] for name, facts in made} == {
        "acknowledgement": "12 Kiln Yard",
        "message": "12 Kiln Yard",
    }
    assert next(facts.answers["words"] for name, facts in made if name == "message") == "We found the papers."


def test_while_a_new_address_waits_everything_is_a_task(office: Office) -> None:
    case = office.case(safe_channels=())
    person_of(office, case, {**EVERYTHING, "safe_channels": ["email", "post"]})
    with office.runtime.database.write() as session:
        new = contact_changes.New(("email",), email="new@example.org")
        contact_changes.propose(session, case.requester, new, by="family:x", now=db.now())
    work(office)
    sent = list(Path(office.runtime.settings.mail_url.removeprefix("folder:")).glob("*.eml"))
    assert len(sent) == 1  # the warning to the old address, and no receipt
    assert "another way" in sent[0].read_text()
    with office.runtime.database.read() as session:
        assert {row.way for row in posting.of_case(session, session.get_one(Case, case.id))} <= {"hand"}
        held = session.exec(select(OutboxMessage).where(OutboxMessage.state == "held")).all()
    assert [row.template for row in held] == ["receipt"]


def states(office: Office) -> list[str]:
    with office.runtime.database.read() as session:
        return list(session.exec(select(OutboxMessage.state)).all())


def work_at_noon(office: Office) -> None:
    with time_machine.travel(db.now().replace(hour=12) + DAY, tick=False):
        work(office)
