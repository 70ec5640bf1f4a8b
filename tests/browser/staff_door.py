"""What a caseworker and an approver do at the staff's door."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from playwright.sync_api import Locator

from portal import jobs
from portal.caseworker.approving import SHORTEST_LOOK
from portal.people.staff import PASSKEY_ROLES
from portal.runtime import Runtime
from tests.browser.walking import Walker, with_passkeys
from tests.builders import CONFIDENCE, NEIGHBOUR, Staff


@dataclass
class Worker:
    """A member of staff at a window."""

    walker: Walker
    who: Staff

    def opens(self, reference: str, page: str = "") -> None:
        self.walker.open(f"/staff/cases/{reference}{page}")

    def takes_step(self, reference: str, step: str, *chosen: str, **written: str) -> None:
        """A step by its link on the case's page; what it asks is chosen and written."""
        here = self.walker
        self.opens(reference)
        here.follow(step)
        for label in chosen:
            here.choose(label)
        for label, words in written.items():
            here.page.locator(f"[name=answer_{label}]").fill(words)
        here.press(step)
        assert here.reads(f"Done: {step}.")


def staff_sign_in(worker: Worker) -> None:
    """With password and code. Whoever needs a passkey makes it now, in the first hour of the account."""
    here = worker.walker
    staff_enters_password(worker)
    here.write("Code from your app", worker.who.code())
    needs_passkey = worker.who.role in PASSKEY_ROLES
    if needs_passkey:
        with_passkeys(here.page)
    here.press("Sign in")
    if needs_passkey:
        assert here.title() == "Make a passkey"
        here.write("Name of the passkey", "The key on my desk")
        here.page.get_by_role("button", name="Make a passkey").click()  # the page that comes back goes on by itself
    here.page.wait_for_url("**/staff/")
    here.look()


def staff_comes_back_with_the_passkey(worker: Worker) -> None:
    """Signs out, and in again with what the machine keeps."""
    here = worker.walker
    here.press("Sign out")
    staff_enters_password(worker)
    here.page.get_by_role("button", name="Use my passkey").click()  # the page that comes back goes on by itself
    here.page.wait_for_url("**/staff/")


def staff_enters_password(worker: Worker) -> None:
    here = worker.walker
    here.open("/staff/sign-in")
    here.write("Work email address", worker.who.email)
    here.write("Password", worker.who.password)
    here.press("Continue")


def caseworker_takes_the_case(worker: Worker, reference: str) -> None:
    """Finds it among those nobody has yet, makes it theirs, and starts."""
    here = worker.walker
    here.open("/staff/?list=unassigned")
    here.follow(reference)
    here.press("Take this case")
    worker.takes_step(reference, "Start")


def caseworker_checks_who_asks(worker: Worker, reference: str, then: str = "Start to look for the record") -> None:
    worker.takes_step(reference, "Accept identity", "The person is known to us already")
    here = worker.walker
    here.follow("Accept authority")
    here.page.get_by_label("On what footing may this person act?").select_option(label="Mother")
    here.page.locator("[name=answer_orders]").fill("None")
    here.press("Accept authority")
    worker.takes_step(reference, then)


def caseworker_finds_the_record(worker: Worker, reference: str, child: str, born: datetime.date) -> None:
    """Attaches the record, and answers each place of the search plan."""
    caseworker_attaches_the_record(worker, reference, child, born)
    here = worker.walker
    here.press("Add the usual places")
    for place in range(here.page.locator(".govuk-summary-list__actions a").count()):
        here.page.locator(".govuk-summary-list__actions a").nth(place).click()
        here.look()
        here.choose("Nothing held" if place else "Found")
        here.press("Save the answer")
    worker.takes_step(reference, "Start the review")


def caseworker_attaches_the_record(worker: Worker, reference: str, child: str, born: datetime.date) -> None:
    """Searches by name and birth date, compares, attaches."""
    here = worker.walker
    worker.opens(reference, "/finding")
    first, _blank, last = child.rpartition(" ")
    here.write("Surname, now or before", last)
    here.write("First name", first)
    for part, number in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
        here.write(part, str(number))
    here.press("Search")
    here.press("Compare record 1")
    here.choose("I compared them, and this is the record of the person the request is about")
    here.press("Attach this record")


def caseworker_reviews(worker: Worker, reference: str, *, by_word: bool) -> None:
    """Gives what is plain in one go; decides the rest entry by entry, and once about each person mentioned."""
    worker.opens(reference, "/review")
    worker.walker.press("Bring in entries")
    _gives_what_is_plain(worker.walker)
    _takes_out_the_confidence(worker, reference, by_word=by_word)
    _withholds_the_service(worker, reference)
    _gives_what_the_child_knows(worker, reference)
    _announces_what_may_upset(worker, reference)
    worker.opens(reference, "/review?only=undecided")
    assert worker.walker.reads("There is none of these.")
    _decides_about_people(worker, reference)
    assert worker.walker.page.get_by_role("link", name="Go on to the pack").is_visible()


def caseworker_sends_the_pack(worker: Worker, reference: str, runtime: Runtime) -> None:
    """Has the pack made, says of each thing that the leak gate found why it stays, and sends it to approval."""
    here = worker.walker
    worker.opens(reference, "/review/pack")
    here.press("Put the pack together")
    assert here.reads("The pack is being made.")
    jobs.run_all(runtime.database, runtime)
    worker.opens(reference, "/review/pack")
    lets_stay_what_is_found(here)
    here.press("Send to approval")
    assert here.reads("The case is with the approvers now.")


def lets_stay_what_is_found(here: Walker) -> None:
    """Says of each thing that the leak gate found why it may stay."""
    while (found := here.page.get_by_role("link", name="It stays, because")).count():
        found.first.click()
        here.look()
        here.page.locator("[name=reason]").fill("It stands elsewhere in the copy, rightly.")
        here.press("Let it stay")


def approver_approves(worker: Worker, reference: str) -> None:
    """Reads the copy beside what is missing from it, confirms what has to be looked up on the day, approves."""
    here = worker.walker
    worker.opens(reference, "/approval")
    here.follow("Read the copy")
    assert NEIGHBOUR not in here.page.inner_text("#the-copy")
    assert NEIGHBOUR in here.page.inner_text("#not-in-it")
    approver_confirms_and_approves(here)


def approver_confirms_and_approves(here: Walker) -> None:
    """From the open copy: confirms what has to be looked up on the day, approves."""
    here.page.wait_for_timeout(SHORTEST_LOOK.total_seconds() * 1000)  # nobody reads in less
    here.follow("Back to the approval")
    here.follow("Approve")
    for question in here.page.locator("fieldset").all():
        question.get_by_label("Yes", exact=True).check()
    here.press("Approve")
    assert here.reads("Done: Approve.")


def approver_releases(worker: Worker, reference: str, recipient: str, step: str = "Release the copy") -> None:
    here = worker.walker
    worker.opens(reference, "/approval")
    here.follow(step)
    here.write("Who is this copy for? Type their whole name", recipient)
    here.press(step)
    assert here.reads(f"Done: {step}.")


def _entries(here: Walker, words: str) -> Locator:
    return here.page.locator(".review-list__item").filter(has_text=words)


def _opens_entry(worker: Worker, reference: str, words: str) -> None:
    worker.opens(reference, "/review")
    _entries(worker.walker, words).get_by_role("link").first.click()
    worker.walker.look()


def _gives_what_is_plain(here: Walker) -> None:
    """Everything but what is sensitive, told in confidence, or about health."""
    plain = here.page.locator(".review-list__item")
    for words in ("Sensitive", "Home visit.", "Duty call", "Health"):
        plain = plain.filter(has_not_text=words)
    for box in plain.get_by_role("checkbox").all():
        box.check()
    here.press("Give the ticked entries")


def _takes_out_the_confidence(worker: Worker, reference: str, *, by_word: bool) -> None:
    here = worker.walker
    _opens_entry(worker, reference, "Home visit.")
    told = here.page.locator(".review-group").filter(has_text="told me in confidence")
    if by_word:
        for word in CONFIDENCE.split():
            told.get_by_role("checkbox", name=re.compile(rf"^{word}\W?$")).check()
        here.choose("Remove the marked words, give the rest")
        here.page.get_by_label("Exemption", exact=True).select_option("EX-TP")
    else:
        told.get_by_role("button").click()
        here.look()
    here.page.locator("[name=reason]").fill("Told in confidence; no consent.")
    _answers_the_questions(here)
    here.press("Save and go to the next undecided")


def _withholds_the_service(worker: Worker, reference: str) -> None:
    here = worker.walker
    _opens_entry(worker, reference, "Lantern House")
    here.choose("Withhold the whole entry")
    here.page.get_by_label("Exemption", exact=True).select_option("EX-TP")
    here.page.locator("[name=reason]").fill("It would tell who else is helped there.")
    _answers_the_questions(here)
    here.press("Save and stay")


def _gives_what_the_child_knows(worker: Worker, reference: str) -> None:
    """Health data needs a professional's opinion, or that the child knows it (R-120)."""
    here = worker.walker
    worker.opens(reference, "/review?only=undecided")
    while (health := _entries(here, "Health")).count():
        health.first.get_by_role("link").first.click()
        here.look()
        here.choose("Give it as it is")
        here.choose("The person the record is about has seen this or knows it")
        here.press("Save and stay")
        worker.opens(reference, "/review?only=undecided")


def _announces_what_may_upset(worker: Worker, reference: str) -> None:
    here = worker.walker
    _opens_entry(worker, reference, "Duty call")
    here.choose("Give it as it is")
    here.choose("This may upset the reader: announce it before it is opened")
    here.write("What should the reader be prepared for?", "worry about a child left alone")
    here.press("Save and stay")


def _decides_about_people(worker: Worker, reference: str) -> None:
    """The neighbour who asked not to be named is hidden everywhere; everybody else is shown."""
    here = worker.walker
    worker.opens(reference, "/review/people")
    while (left := here.page.get_by_role("row").filter(has_text="Undecided")).count():
        name = left.first.get_by_role("link").inner_text()
        here.follow(name)
        if name == NEIGHBOUR:
            _hides(here)
        else:
            here.choose("Show them in this copy")
            here.page.locator("[name=reason]").fill("The requester knows them.")
        here.press("Save")
    worker.opens(reference, "/review")


def _hides(here: Walker) -> None:
    here.choose("Hide them everywhere in this copy")
    here.page.locator("[name=reason]").fill("Asked not to be named.")
    here.page.get_by_label("Exemption, if they are hidden").select_option("EX-TP")
    _answers_the_questions(here)


def _answers_the_questions(here: Walker) -> None:
    """The third-party test of somebody who was not asked, because asking would tell on them (R-83)."""
    yes = ("identifiable", "confidence_owed", "able_to_consent")
    no = ("professional_in_role", "known_to_requester", "consented", "asked", "refused", "reasonable_anyway")
    for answer, questions in (("yes", yes), ("no", no)):
        for question in questions:
            here.page.locator(f"[name=test_{question}][value={answer}]").check()
    here.page.locator("[name=test_why_not_asked]").fill("A letter about this could be seen.")
    here.page.locator("[name=test_reasons]").fill("She asked not to be named, and lives two doors away.")
