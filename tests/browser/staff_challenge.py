"""What staff do with a challenge, and the bodies outside whom they ask and tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

from portal import jobs
from portal.records import bodies
from portal.records.bodies import Reach
from portal.records.models import Sharing
from portal.runtime import Runtime
from portal.vault import vault_of
from tests.browser.family_challenge import SHOULD_SAY
from tests.browser.staff_door import Worker, approver_confirms_and_approves, lets_stay_what_is_found
from tests.browser.walking import Walker
from tests.builders import Walk
from tests.client import link_in, mails

SCHOOL, SCHOOL_MAIL = "Kiln Lane Primary School", "office@kilnlane.example.org"
SCHOOL_KEY = "body:kiln lane primary school"
DESK, DESK_MAIL = "Harrowmere Police, public protection desk", "desk@harrowmere.example.org"
DECIDED_WHY, REFUSED_WHY = "The school looked it up and told us.", "The note says what the worker thought on that day."


@dataclass
class Letter:
    """What reaches a body outside: the link by mail, the code by telephone."""

    link: str
    code: str


def register_and_sharing(walk: Walk) -> None:
    """Both bodies can be reached, and the desk has received what the record says of reading."""
    assert walk.record is not None
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        found = bodies.of_key(session, SCHOOL_KEY)
        assert found is not None
        reach = replace(found.reach, email=SCHOOL_MAIL, phone="07700 900456")
        bodies.keep(session, reach, body_id=found.id, version=found.version, actor="system", role="system")
        bodies.keep(session, Reach(DESK, DESK_MAIL, "07700 900457"), actor="system", role="system")
        row = Sharing(child_id=walk.record.child_id, sealed=b"")
        row.cls = "core"
        vault_of(session).put(
            row, {"recipient": DESK, "what": "How reading goes", "on": "2026-05-04", "how": "Meeting"}
        )
        session.add(row)


def caseworker_matches_the_lines(worker: Worker, reference: str) -> None:
    """The copy says which entries are meant; with that the check is passed and the entries are disputed."""
    here = worker.walker
    for line in ("1. Reading", "2. Note"):
        worker.opens(reference, "/lines")
        here.follow(line)
        here.page.get_by_role("link", name="Match it to another entry").or_(
            here.page.get_by_role("link", name="Say which entry is meant")
        ).click()
        here.look()
        here.press("Match the line")
    worker.takes_step(reference, "Pass the check: the entries are disputed from now on")


def caseworker_asks_the_source(worker: Worker, reference: str, runtime: Runtime) -> Letter:
    here = worker.walker
    _opens_line(worker, reference, 1)
    here.follow("Ask a source")
    here.choose("By telephone, to the number in the register")
    here.press("Show me what they will see")
    assert SCHOOL in here.page.inner_text("main")
    here.press("Send the question")
    return _letter(here, runtime, SCHOOL_MAIL)


def source_answers(here: Walker, letter: Letter) -> None:
    """Opens the link of the mail with the code of the telephone, looks at the way out, answers, sends."""
    _enters(here, letter)
    here.follow("Pass it on")
    here.follow("Back")
    here.choose("It is wrong")
    here.write("What should it say?", SHOULD_SAY)
    here.write("How do you know?", "Our reading test of March says so.")
    _signs(here)
    here.press("Continue")
    assert here.title() == "Check your answer"
    here.press("Send the answer")
    assert here.title() == "Thank you"
    here.open(letter.link)
    assert here.title() == "There is nothing to answer here"


def caseworker_decides(worker: Worker, reference: str) -> None:
    """Puts the first line right, as the school says, and refuses the second, which waits for a second person."""
    here = worker.walker
    _opens_line(worker, reference, 1)
    assert here.reads("Our reading test of March says so.")
    here.press("Decide")
    assert "Choose what becomes of it" in here.page.inner_text(".govuk-error-summary")
    _decides(here, "Corrected", DECIDED_WHY, "inaccurate")
    assert here.reads("Line 1 is decided.")
    _opens_line(worker, reference, 2)
    _decides(here, "Refused", REFUSED_WHY, "opinion")
    assert here.reads("Line 2 waits for a second person")


def approver_confirms_the_refusal(worker: Worker, reference: str) -> None:
    here = worker.walker
    _opens_line(worker, reference, 2)
    here.choose("Yes, it counts from now on")
    here.press("Save your answer")
    assert here.reads("It is confirmed, and counts from now on.")


def caseworker_sends_the_letter(worker: Worker, reference: str, runtime: Runtime) -> None:
    here = worker.walker
    worker.opens(reference, "/answer")
    here.write("Line 1: what did those say whom we asked?", "The school says that it is as usual.")
    here.press("Make the letter")
    assert here.reads("The letter is being made.")
    jobs.run_all(runtime.database, runtime)
    worker.opens(reference, "/answer")
    lets_stay_what_is_found(here)
    here.press("Send to approval")
    assert here.reads("The case is with the approvers now.")


def approver_approves_the_letter(worker: Worker, reference: str) -> None:
    here = worker.walker
    worker.opens(reference, "/approval")
    here.follow("Read the copy")
    assert DECIDED_WHY in here.page.inner_text("#the-copy")
    assert "The diary of that day." in here.page.inner_text("#behind-it")
    approver_confirms_and_approves(here)


def caseworker_tells_the_recipient(worker: Worker, reference: str, runtime: Runtime) -> Letter:
    here = worker.walker
    worker.opens(reference, "/recipients")
    here.page.get_by_role("link", name="Send a link by email").first.click()
    here.look()
    here.page.get_by_label("Words of the body’s name").fill(DESK)
    here.press("Find it")
    here.look()
    here.follow(DESK)
    here.choose("By telephone, to the number in the register")
    here.press("Send the link")
    letter = _letter(here, runtime, DESK_MAIL)
    worker.opens(reference, "/recipients")
    here.follow("Decide which names they may read")
    here.choose(f"{DESK}, How reading goes (Meeting)")
    here.press("Save the list")
    return letter


def recipient_puts_it_right(here: Walker, letter: Letter) -> None:
    _enters(here, letter)
    assert here.reads(f"It now says: {SHOULD_SAY}")
    _signs(here)
    here.press("We have put it right")
    assert here.title() == "Thank you"


def _opens_line(worker: Worker, reference: str, number: int) -> None:
    worker.opens(reference, "/lines")
    worker.walker.page.locator("main table").get_by_role("link").nth(number - 1).click()
    worker.walker.look()


def _decides(here: Walker, outcome: str, reasons: str, rule: str) -> None:
    here.choose(outcome)
    here.write("Reasons, in the words of the letter", reasons)
    here.write("What was weighed, and what was done to find out", "The diary of that day.")
    here.page.get_by_label("Rule that the decision rests on").select_option(rule)
    here.press("Decide")


def _letter(here: Walker, runtime: Runtime, email: str) -> Letter:
    assert here.title() == "Give them this code"
    code = here.page.inner_text("main code")
    return Letter(link_in(next(mail for mail in reversed(mails(runtime)) if email in str(mail["To"]))), code)


def _enters(here: Walker, letter: Letter) -> None:
    here.open(letter.link)
    here.write("Code", letter.code)
    here.press("Continue")


def _signs(here: Walker) -> None:
    here.write("Your name", "Jo Park")
    here.write("Your role", "School secretary")
