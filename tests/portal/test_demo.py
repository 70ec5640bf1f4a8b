"""The sample authority: whole, true and the same every time, and nowhere but in the demo."""

from __future__ import annotations

import csv
import datetime
import fcntl
import itertools
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col, select

from portal import checking, create_app, db, demo, jobs, wiring
from portal.cases import drafts
from portal.cases.models import Case, Event
from portal.cases.posting import Posted
from portal.demo import days, families, feeds, people, stage
from portal.demo.people import Told
from portal.documents.models import StoredPack
from portal.people import factors
from portal.people.contact_models import ContactChange
from portal.people.models import Person
from portal.records import clashes
from portal.records.feeds import importing
from portal.records.models import Child, Entry, Sharing
from portal.runtime import Runtime
from portal.settings import Secrets, Settings, SettingsError
from portal.vault import vault_of
from tests.client import client_for, code_of, link_in, mails, runtime_of
from tests.databases import _free_port
from tests.judge import JudgingClient
from workflows.kinds import WORKFLOWS

TODAY = datetime.date(2026, 11, 23)
CAST = demo.CAST


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo that was made once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "demo" / people.FILE).exists():
            started(shared / "demo", fresh=True)
    return shared / "demo"


@pytest.fixture
def settings(made: Path, tmp_path: Path) -> Iterator[Settings]:
    """A demo of this test's own, started a second time."""
    shutil.copytree(made, tmp_path / "demo")
    yield started(tmp_path / "demo")
    leave()


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    wiring.connect_packages()
    opened = Runtime.open(settings)
    with opened.vault.unlocked():
        yield opened
    opened.close()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    opened = create_app(settings)
    yield opened
    runtime_of(opened).close()


@pytest.fixture
def browser(app: Flask) -> JudgingClient:
    return client_for(app)


def leave() -> None:
    """Lets go of the folder, as the end of a process does."""
    while demo._held:
        os.close(demo._held.pop())


def started(folder: Path, *, fresh: bool = False) -> Settings:
    leave()
    return demo.prepare(folder, port=_free_port(), fresh=fresh)


def sign_in_of(settings: Settings, words: str) -> people.SignIn:
    return next(one for one in Told.read(settings.instance).sign_ins if words in one.told)


# What there is


def test_there_is_a_case_in_every_state(runtime: Runtime) -> None:
    for kind in ("subject_access", "correction"):
        with runtime.database.read() as session:
            states = set(session.exec(select(Case.state).where(Case.kind == kind)))
        assert states == {state.name for state in WORKFLOWS[kind].states}


def test_one_challenge_meets_a_feed_that_says_the_old_value_again(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        there = clashes.open_clashes(session, 10)
        assert there
        assert all(clash.told_at for clash in there)


def test_some_clocks_are_stopped_some_extended_and_some_days_have_passed(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        open_cases = session.exec(select(Case).where(col(Case.closed_at).is_(None))).all()
        extended = session.exec(select(Event).where(Event.clock == "extended")).all()
    assert {case.clock_status for case in open_cases} == {"running", "stopped", "met"}
    assert any(case.due_on and case.due_on < db.now().date() for case in open_cases)
    assert [event.at.date() == event.on_date for event in extended] == [True]


def test_ledger_log_and_files_hold(runtime: Runtime) -> None:
    assert list(checking.faults(runtime)) == []


def test_every_event_was_recorded_on_the_day_it_counts_for_and_in_order(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        events = session.exec(select(Event).order_by(col(Event.case_id), col(Event.seq))).all()
    assert len(events) > 200
    assert [event for event in events if event.at.date() != event.on_date] == []
    for before, event in itertools.pairwise(events):
        assert before.case_id != event.case_id or before.at < event.at


def test_two_hundred_children_are_held_with_sensitive_entries_and_recipients(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        held = session.scalar(sa.select(sa.func.count()).select_from(Child))
        classes = Counter(session.exec(select(Entry.cls)))
        shared = session.scalar(sa.select(sa.func.count()).select_from(Sharing))
    assert held == families.CHILDREN
    assert 0 < classes["sensitive"] < classes["location"] < classes["core"]
    assert shared and shared > 30


def test_packs_are_there_to_approve_and_to_read(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        assert {"assembled", "released"} == set(session.exec(select(StoredPack.state)))


def test_importing_the_files_again_changes_nothing(runtime: Runtime) -> None:
    for format_, name in (("cin-census", "cin-census.xml"), ("directory", "directory.csv")):
        report = importing.run(runtime.database, format_, runtime.settings.instance / "feeds" / name)
        assert (report.children.new, report.children.changed, report.refused) == (0, 0, 0)
        assert report.children.unchanged > 50


def test_mail_may_reach_every_family_that_can_sign_in(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        told = vault_of(session).get_many(
            session.exec(select(Person).where(col(Person.email_blind).is_not(None))).all()
        )
    assert told and all("email" in one["safe_channels"] for one in told)


def test_what_people_hold_on_paper_opens_what_is_said_of_it(browser: JudgingClient, settings: Settings) -> None:
    headings = {}
    for paper in Told.read(settings.instance).papers:
        page = browser.get(paper.where)
        page = browser.submit(page, {"number": paper.number, "words": paper.words})
        headings[paper.number] = browser.follow(page).h1
        assert paper.words in browser.get("/demo/codes").text
    assert headings == {
        "8QHM-4T2V": "A question for you",
        "R5KW-93BX": "Your card",
        "2DNC-7Y6P": "My requests",
        "M4TS-6HJ1": "Choose how you sign in",
    }


def test_a_new_address_waits_and_post_is_half_checked(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        change = session.exec(select(ContactChange)).one()
        queued = session.exec(select(Posted).where(Posted.what == "card", Posted.state == "to_check")).one()
    assert (change.state, change.needs_second, change.confirmed_by) == ("waiting", True, None)
    assert queued.checked_by and not queued.checked_again_by


# The same every time


def test_the_same_day_gives_the_same_families() -> None:
    assert families.make(TODAY, CAST) == families.make(TODAY, CAST)


def test_its_cases_have_the_same_references_every_time(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        there = session.exec(select(Case.reference).where(Case.kind != "breach")).all()
    again = [stage.references_of(number) for number in range(len(there))]
    assert {reference[3:] for reference in there} <= {refer("") for refer in again for _n in range(9)}


def test_nobody_in_it_can_be_real(tmp_path: Path) -> None:
    feeds.write_directory(tmp_path / "directory.csv", families.make(TODAY, CAST), TODAY)
    with (tmp_path / "directory.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["postcode"][:2] for row in rows if row["postcode"]} == {"ZZ"}
    assert all(re.fullmatch(r"07700 900\d{3}|01632 960\d{3}", row["phone"]) for row in rows if row["phone"])
    assert all(row["email"].endswith("@example.org") for row in rows if row["email"])
    assert all(row["nhs_number"].startswith("999") for row in rows if row["nhs_number"])
    assert not [row for row in rows if "{" in row["text"] or "Nobody" in row["people"]]


def test_some_families_live_apart_and_notes_mention_others() -> None:
    made_up = families.make(TODAY, CAST)
    apart = [family for family in made_up if family.apart]
    assert 10 < len(apart) < len(made_up) / 2
    assert all(family.carers[0].home != family.carers[-1].home for family in apart)
    notes = [note for family in made_up for child in family.children for note in child.notes]
    assert max(len(note.words) for note in notes) > 400
    assert {"neighbour", "aunt", "father", "brother or sister"} <= {who for note in notes for _name, who in note.people}


@pytest.mark.parametrize("today", [datetime.date(2028, 2, 29), datetime.date(2027, 1, 1), datetime.date(2026, 3, 31)])
def test_a_birthday_lies_within_the_year_of_the_age(today: datetime.date) -> None:
    born = days.birthday(today, 17, 200)
    assert 17 <= (today - born).days / 365.25 < 18


def test_no_act_falls_on_a_weekend_or_before_an_earlier_one() -> None:
    found = [days.working_day(TODAY, ago) for ago in range(60, 0, -1)]
    assert found == sorted(found)
    assert max(day.weekday() for day in found) < days.SATURDAY


def test_the_clock_is_put_right_after_an_act_that_failed() -> None:
    long_ago = TODAY - datetime.timedelta(days=400)
    with pytest.raises(SettingsError, match=str(long_ago)), days.on(long_ago, 5):
        raise SettingsError(str(db.now().date()))
    assert abs(db.now() - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)


# Starting


def test_a_second_start_takes_up_what_is_there(runtime: Runtime, made: Path) -> None:
    assert Told.read(runtime.settings.instance) == Told.read(made)
    said = demo.told(runtime.settings).splitlines()
    assert said[0] == f"Ready on {runtime.settings.family_url}"
    assert f"SAR-{sign_in_of(runtime.settings, 'half done').reference[4:]}" in demo.told(runtime.settings)


def test_settings_of_the_shell_do_not_count_for_the_demo_or_its_worker(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made, tmp_path / "demo")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("MAIL_URL", "smtp://127.0.0.1:1")
    leave()
    web = demo.prepare(tmp_path / "demo", port=_free_port())
    worker = Settings.load({**os.environ, "PORTAL_INSTANCE": str(web.instance)})
    leave()
    assert web.demo and web.database.startswith("sqlite")
    assert (worker.database, worker.mail_url, worker.family_url) == (web.database, web.mail_url, web.family_url)


def test_another_installation_is_never_touched(tmp_path: Path) -> None:
    Secrets.make(tmp_path / "keys")
    before = (tmp_path / "keys" / "master.key").read_text()
    with pytest.raises(SettingsError, match="not a demo"):
        started(tmp_path, fresh=True)
    assert (tmp_path / "keys" / "master.key").read_text() == before


def test_one_folder_is_played_by_one_process(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="running already"):
        demo.prepare(settings.instance, port=_free_port(), fresh=True)
    assert Told.read(settings.instance)


# Its two pages


def test_staff_sign_in_with_what_the_demo_tells(browser: JudgingClient, settings: Settings) -> None:
    said = Told.read(settings.instance)
    assert said.sign_ins[0].name in browser.get("/demo/codes").text
    one = sign_in_of(settings, "approver, Records team")
    form = browser.get("/staff/sign-in")
    browser.submit(form, {"email": one.email, "password": said.password}, expect=303)
    browser.submit(browser.get("/staff/sign-in/code"), {"code": code_of(one.secret)}, expect=303)
    assert "What to do next" in browser.get("/staff/").text


def test_a_family_finds_link_and_code_and_comes_to_its_copy(browser: JudgingClient, settings: Settings) -> None:
    one = sign_in_of(settings, "waits to be read")
    browser.submit(browser.get("/sign-in"), {"email": one.email, "reference": one.reference}, expect=303)
    link = link_in(max(mails(runtime_of(browser.app)), key=lambda mail: mail["Date"].datetime))
    assert link in browser.get("/demo/outbox").response.text
    browser.submit(browser.get(link), {}, expect=303)
    shown = browser.get("/demo/codes").text
    assert any(code in shown for code in (code_of(one.secret), code_of(one.secret, ahead=1)))
    browser.submit(browser.get("/sign-in/code"), {"code": code_of(one.secret)}, expect=303)
    assert f"/cases/{one.reference}/copies" in browser.get(f"/cases/{one.reference}").response.text


def test_codes_of_whoever_plays_are_shown_before_and_after_their_request_is_sent(browser: JudgingClient) -> None:
    runtime, writing, sent = runtime_of(browser.app), factors.new_secret(), factors.new_secret()
    with runtime.database.write() as session:
        draft = drafts.begin(session, "a browser")
        drafts.save(session, draft.id, "a browser", {"app-secret": {"said": {"secret": writing}, "count": 1}})
        person = session.exec(select(Person)).first()
        assert person
        factors.add_app(session, "family", person.id, sent, used_step=0, now=db.now())
    shown = browser.get("/demo/codes").text
    assert any(code in shown for code in (code_of(writing), code_of(writing, ahead=1)))
    assert any(code in shown for code in (code_of(sent), code_of(sent, ahead=1)))


def test_letters_are_made_by_the_worker_after_the_start(runtime: Runtime) -> None:
    with runtime.database.read() as session:
        waiting = session.exec(select(jobs.Job.kind).where(jobs.Job.state == "waiting")).all()
        failed = session.exec(select(jobs.Job.kind).where(jobs.Job.state == "failed")).all()
    assert set(waiting) - {"make_letter"} == {"contact_change", "index_bodies"}
    assert failed == []


@pytest.mark.parametrize("address", ["/demo/outbox", "/demo/codes"])
def test_outside_the_demo_its_pages_do_not_exist(settings: Settings, address: str) -> None:
    real = create_app(Settings.load({"PORTAL_INSTANCE": str(settings.instance)}))
    try:
        assert client_for(real).get(address, expect=404)
    finally:
        runtime_of(real).close()
