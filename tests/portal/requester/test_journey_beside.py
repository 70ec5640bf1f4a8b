"""What stands beside the questions: papers, the app that shows codes, and coming back on another day."""

from __future__ import annotations

import datetime
import io
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from portal import db, jobs
from portal.cases import drafts, evidence
from portal.cases.models import Case, Draft, Evidence
from portal.people import factors, limits
from portal.people.models import OutboxMessage
from tests.client import client_for, code_of, link_in, mails, runtime_of
from tests.judge import JudgingClient
from tests.portal.requester.asking import BY_TELEPHONE, CHILD, begin, go_on, name_of
from tests.portal.test_scanner import StubScanner

FILES = "multipart/form-data"
WITH_APP = {**CHILD, "second-step": {"way": "app"}}
KEPT = {"email": "robin.vale@example.org", "word": "marmalade"}


def stored(client: JudgingClient) -> list[Evidence]:
    with runtime_of(client.app).database.read() as session:
        return list(session.exec(select(Evidence)))


def to_files(client: JudgingClient):
    return go_on(client, begin(client), CHILD, until="files")


def test_a_paper_goes_to_every_case_of_the_request(visitor, picture):
    page = to_files(visitor)
    page = visitor.follow(
        visitor.submit(page, {"purpose": "identity", "file": picture("pass.png")}, content_type=FILES)
    )
    assert "pass.png" in page.text
    page = go_on(visitor, page, CHILD)
    assert "pass.png" in page.text
    visitor.submit(page)
    with runtime_of(visitor.app).database.read() as session:
        case = session.exec(select(Case)).one()
        ((row, told),) = evidence.listed(session, case.id)
    assert (row.purpose, row.status, told["name"]) == ("identity", "clean", "pass.png")


def test_a_paper_can_be_taken_off_again(visitor, picture):
    page = to_files(visitor)
    page = visitor.follow(visitor.submit(page, {"purpose": "other", "file": picture()}, content_type=FILES))
    action = next(form.get("action") for form in page.forms() if form.get("action").endswith("/remove"))
    page = visitor.follow(visitor.submit(page, form=action))
    assert "paper.png" not in page.text
    assert stored(visitor) == []


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("paper.pdf", b"not a pdf", "PDF, JPEG and PNG"),
        ("paper.png", b"", "This file is empty"),
        ("paper.exe", b"MZ", "PDF, JPEG and PNG"),
        ("../../paper.png", b"%PDF-1.7", "does not match"),
        ("paper.heic", b"0000ftypheic", "HEIC"),
        ("paper.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "could not read"),
    ],
)
def test_a_file_we_cannot_take_is_refused_beside_the_field(visitor, name, data, says):
    page = to_files(visitor)
    page = visitor.submit(page, {"purpose": "other", "file": (io.BytesIO(data), name)}, 400, content_type=FILES)
    assert says in " ".join(page.errors)
    assert stored(visitor) == []


def test_more_than_ten_files_are_refused(visitor, picture):
    page = to_files(visitor)
    runtime = runtime_of(visitor.app)
    with runtime.database.write() as session:
        draft = session.exec(select(Draft)).one()
        for _one in range(10):
            row = Evidence(
                case_id=draft.id, status="clean", purpose="other", size=1, at=db.now(), actor="visitor", sealed=b""
            )
            runtime.vault.put(row, {"name": "a.png"})
            session.add(row)
    page = visitor.submit(page, {"purpose": "other", "file": picture()}, 400, content_type=FILES)
    assert "10 files" in " ".join(page.errors)


def test_a_paper_that_the_scanner_destroys_goes_to_the_case_by_name_only(app, visitor, picture, tmp_path):
    path = str(tmp_path / "scanner")
    runtime = runtime_of(app)
    app.extensions["portal"] = runtime = replace(runtime, settings=replace(runtime.settings, scanner_socket=path))
    page = visitor.follow(
        visitor.submit(to_files(visitor), {"purpose": "other", "file": picture()}, content_type=FILES)
    )
    assert "We are checking that this file" in page.text
    with StubScanner(path, b"stream: Eicar-Test-Signature FOUND\0"):
        jobs.run_all(runtime.database, runtime)
    page = visitor.get("/ask/files")
    assert "so we destroyed it" in page.text
    page = go_on(visitor, page, CHILD)
    assert "paper.png" not in page.text
    visitor.submit(page)
    with runtime.database.read() as session:
        case = session.exec(select(Case)).one()
        ((row, told),) = evidence.listed(session, case.id)
    assert (row.status, row.file_id, told["name"]) == ("infected", None, "paper.png")


def test_a_paper_that_is_sent_before_the_scanner_answered_is_scanned_on_the_case(app, visitor, picture, tmp_path):
    path = str(tmp_path / "scanner")
    runtime = runtime_of(app)
    app.extensions["portal"] = runtime = replace(runtime, settings=replace(runtime.settings, scanner_socket=path))
    page = visitor.follow(
        visitor.submit(to_files(visitor), {"purpose": "other", "file": picture()}, content_type=FILES)
    )
    visitor.submit(go_on(visitor, page, CHILD))
    with runtime.database.write() as session:  # the draft's own job finds nothing to do any more
        session.execute(sa.delete(Evidence).where(col(Evidence.case_id) == session.exec(select(Draft.id)).one()))
    with StubScanner(path, b"stream: OK\0"):
        jobs.run_all(runtime.database, runtime)
    assert [row.status for row in stored(visitor)] == ["clean"]


def test_one_browser_cannot_touch_another_ones_paper(app, visitor, picture):
    visitor.submit(to_files(visitor), {"purpose": "other", "file": picture()}, content_type=FILES)
    other = client_for(app)
    page = to_files(other)
    other.post(f"/ask/files/{stored(visitor)[0].id}/remove")
    assert page.status == 200
    assert len(stored(visitor)) == 1


def test_an_app_set_up_during_the_request_opens_the_account_afterwards(visitor):
    page = go_on(visitor, begin(visitor), WITH_APP, until="app")
    secret = page.one("strong", cls="portal-spaced").text.replace(" ", "")
    picture = visitor.get("/ask/app/picture")
    assert picture.response.mimetype == "image/svg+xml"
    assert visitor.submit(page, {"code": "000000"}, 400).errors == [
        "This code is not right. Wait for the next one and try again"
    ]
    page = visitor.follow(visitor.submit(page, {"code": code_of(secret)}))
    assert name_of(page) == "check"
    visitor.submit(page)
    with runtime_of(visitor.app).database.write() as session:
        person_id = session.exec(select(Case)).one().requester_id
        assert factors.kinds(session, "family", person_id) == {"totp"}
        assert not factors.check_app(session, "family", person_id, code_of(secret), now=db.now())
        assert factors.check_app(session, "family", person_id, code_of(secret, ahead=1), now=db.now())


def test_whoever_changes_their_mind_about_the_app_gets_none(visitor):
    page = go_on(visitor, begin(visitor), WITH_APP, until="app")
    secret = page.one("strong", cls="portal-spaced").text.replace(" ", "")
    visitor.submit(page, {"code": code_of(secret)})
    page = visitor.follow(visitor.submit(visitor.get("/ask/second-step?change=1"), {"way": "sheet"}))
    visitor.submit(page)
    with runtime_of(visitor.app).database.read() as session:
        assert factors.kinds(session, "family", session.exec(select(Case)).one().requester_id) == set()


def test_whoever_gives_no_email_is_not_asked_about_codes(visitor):
    answers = {**CHILD, "reach": {"ways": ["text"], "phone": "07700 900123"}, **BY_TELEPHONE}
    del answers["second-step"]
    assert go_on(visitor, begin(visitor), answers).status == 200


def keep(client: JudgingClient) -> None:
    go_on(client, begin(client), CHILD, until="wanted")
    page = client.follow(client.submit(client.get("/ask/keep"), KEPT))
    assert "http://127.0.0.1:5000/ask/resume" in page.text


def link_for(client: JudgingClient, email: str = KEPT["email"]) -> str:
    client.submit(client.get("/ask/resume"), {"email": email})
    return link_in(mails(runtime_of(client.app))[-1])


def test_stopping_leaves_nothing_in_the_browser(visitor):
    keep(visitor)
    visitor.get("/ask/wanted", 404)


def test_link_and_word_bring_the_answers_back_in_another_browser(app, visitor):
    keep(visitor)
    other = client_for(app)
    link = link_for(other)
    page = other.submit(other.get(link), {"word": " Marmalade "})
    assert other.follow(page, 303).location == "/ask/wanted?change=1"
    assert other.get("/ask/you").answers()["name"] == ["Robin Vale"]
    other.get(link, 410)


def test_a_wrong_word_opens_nothing_and_three_are_enough(app, visitor):
    keep(visitor)
    other = client_for(app)
    page = other.get(link_for(other))
    for _try in range(3):
        assert "not the word you chose" in other.submit(page, {"word": "lemonade"}, 400).errors[0]
    other.submit(page, {"word": KEPT["word"]}, 429)
    other.get("/ask/wanted", 404)


def test_a_draft_kept_under_somebody_elses_address_hides_nothing_from_them(app, visitor):
    """Whoever knows the address can keep drafts under it, before and after: word and link still find one's own."""
    stranger = client_for(app)
    with_word(stranger, "lemonade")
    keep(visitor)
    for _one in range(3):
        with_word(stranger, "lemonade")
    other = client_for(app)
    other.submit(other.get(link_for(other)), {"word": KEPT["word"]})
    assert other.get("/ask/you").answers()["name"] == ["Robin Vale"]


def with_word(client: JudgingClient, word: str) -> None:
    client.submit(begin(client), {"about": "me"})
    client.submit(client.get("/ask/keep"), {**KEPT, "word": word})


def test_a_link_survives_a_stranger_who_takes_their_draft_away_again(app, visitor):
    keep(visitor)
    stranger = client_for(app)
    stranger.submit(begin(stranger), {"about": "me"})
    browser = stranger.client.get_cookie("form", domain="127.0.0.1").value
    stranger.submit(stranger.get("/ask/keep"), {**KEPT, "word": "lemonade"})
    other = client_for(app)
    link = link_for(other)
    stranger.client.set_cookie("form", browser, domain="127.0.0.1")
    stranger.submit(stranger.get("/ask/keep"), {"email": "stranger@example.org", "word": "lemonade"})
    other.submit(other.get(link), {"word": KEPT["word"]})
    assert other.get("/ask/you").answers()["name"] == ["Robin Vale"]


def test_a_draft_behind_a_flood_of_others_is_tried_all_the_same(runtime):
    """As many as are tried are bounded, and the first and the last ones are among them."""
    hashed = drafts.word_hash("marmalade", runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        made = [drafts.begin(session, str(number)) for number in range(3 * drafts.TRIED_AT_EACH_END)]
        for number, one in enumerate(made):
            drafts.keep_for_later(session, one.id, str(number), email=KEPT["email"], word_hash=hashed)
        words = drafts.words_of(session, drafts.holder_of(session, KEPT["email"]))
    assert len(words) == 2 * drafts.TRIED_AT_EACH_END
    assert {made[0].id, made[-1].id} <= {draft_id for draft_id, _hash in words}


def test_links_asked_for_from_one_network_lock_out_no_other(app, visitor):
    keep(visitor)
    stranger = client_for(app)
    with time_machine.travel(datetime.datetime(2026, 11, 2, 12, 5, tzinfo=datetime.UTC), tick=False):
        page, there = stranger.get("/ask/resume"), {"REMOTE_ADDR": "192.0.2.7"}
        for _one in range(limits.RESUME_LINKS.most):
            stranger.submit(page, {"email": KEPT["email"]}, environ_overrides=there)
        for _one in range(limits.RESUME_LINKS_OF_ALL.most):
            stranger.submit(page, {"email": KEPT["email"]}, 429, environ_overrides=there)
        visitor.submit(visitor.get("/ask/resume"), {"email": KEPT["email"]})


def test_one_network_keeps_a_bounded_number_of_drafts_an_hour(app, visitor):
    with time_machine.travel(datetime.datetime(2026, 11, 2, 12, 5, tzinfo=datetime.UTC), tick=False):
        visitor.submit(begin(visitor), {"about": "me"})
        page = visitor.get("/ask/keep")
        for _one in range(limits.NETWORK_KEPT_DRAFTS.most):
            app.extensions["portal_floods"].within(limits.NETWORK_KEPT_DRAFTS, "127.0.0.1", now=db.now())
        visitor.submit(page, KEPT, 429)


def test_a_link_of_another_browser_says_so_and_is_not_used_up(app, visitor):
    keep(visitor)
    asking, thief = client_for(app), client_for(app)
    link = link_for(asking)
    thief.get("/")
    assert "computer or phone you asked from" in thief.get(link).text
    asking.submit(asking.get(link), {"word": KEPT["word"]})


def test_a_made_up_link_opens_nothing(visitor):
    for link in ("x", "a.b", "%00", "x" * 500):
        visitor.get(f"/ask/resume/{link}", 410)


def test_an_unknown_address_gets_the_same_answer_and_no_mail(app, visitor):
    keep(visitor)
    other = client_for(app)
    known = other.submit(other.get("/ask/resume"), {"email": KEPT["email"]})
    unknown = other.submit(other.get("/ask/resume"), {"email": "nobody@example.org"})
    assert known.location == unknown.location
    assert [type(sql) for sql, _v in known.statements] == [type(sql) for sql, _v in unknown.statements]
    assert abs(known.queries - unknown.queries) <= 0
    assert len(mails(runtime_of(app))) == 1
    with runtime_of(app).database.read() as session:
        assert {row.state for row in session.exec(select(OutboxMessage))} == {"sent", "void"}


def test_the_mail_with_the_link_is_neutral(app, visitor):
    keep(visitor)
    link_for(visitor)
    message = mails(runtime_of(app))[-1]
    whole = str(message["Subject"]) + message.get_content()
    for word in ("Ash", "Robin", "marmalade", "child", "Council"):
        assert word not in whole


def test_a_sent_request_cannot_be_resumed(app, visitor):
    page = go_on(visitor, begin(visitor), CHILD)
    with runtime_of(app).database.write() as session:
        draft = session.exec(select(Draft)).one()
        draft.address_blind = runtime_of(app).vault.blind("email", KEPT["email"])
        session.add(draft)
    visitor.submit(page)
    visitor.submit(visitor.get("/ask/resume"), {"email": KEPT["email"]})
    assert not [one for one in mails(runtime_of(app)) if "/resume/" in one.get_content()]
