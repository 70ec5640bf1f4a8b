"""A body is asked about one line: only what was seen before it went, with a code that goes another way."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace

from portal import db
from portal.cases.corrections import outside
from portal.cases.corrections.outside import Link, Said
from portal.cases.models import Case, Evidence
from portal.records import bodies
from portal.records.bodies import Reach
from portal.vault import vault_of
from tests.builders import REQUESTER, Walk
from tests.corrections import challenge_in, entry_of, lines_of
from tests.judge import JudgingClient, Page
from tests.portal.caseworker.at_work import client_of, colleague, decided, desk_of, stranger_to, weighing, worker_of
from tests.portal.caseworker.desk import Office

EMAIL = "office@kilnlane.example.org"


def reachable(office: Office, walk: Walk, **more: str) -> uuid.UUID:
    """The source of the school's entry, with an address and a telephone in the register."""
    with office.runtime.database.write() as session, office.runtime.vault.unlocked():
        found = bodies.of_key(session, entry_of(walk, "School").source_key)
        assert found is not None
        reach = replace(found.reach, email=EMAIL, phone="07700 900456", **more)
        return bodies.keep(session, reach, body_id=found.id, version=found.version, actor="system", role="system")


def ask_page(walk: Walk) -> str:
    return f"{desk_of(walk)}/lines/{lines_of(walk)[0].id}/ask"


def links_of(walk: Walk) -> list[Link]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return outside.of_case(session, session.get_one(Case, walk.case_id))


def look(client: JudgingClient, walk: Walk, answers: dict[str, object] | None = None, expect: int = 200) -> Page:
    """The page after the button that shows what they will see."""
    page = client.get(ask_page(walk))
    sent = {"way": "phone", "claim": "Larkfield Primary School", "look": "1", **(answers or {})}
    return client.submit(page, sent, expect, form=question_of(page))


def send(client: JudgingClient, page: Page, expect: int = 200) -> Page:
    # It looks, makes the link and its mail, and logs each.
    return client.submit(page, {"send": "1"}, expect, form=question_of(page), max_queries=45)


def question_of(page: Page) -> str:
    """The form with the question, beside the one that chooses another body."""
    return next(action for form in page.all("form") if "?body=" in (action := str(form.get("action"))))


def test_the_source_of_the_entry_is_chosen_already_and_only_ways_on_file_are_offered(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    page = worker_of(office, walk).get(ask_page(walk))
    assert EMAIL in page.text
    assert [one.get("value") for one in page.all("input", name="way")] == ["phone"]


def test_nothing_is_sent_before_it_was_seen(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    client = worker_of(office, walk)
    assert not client.get(ask_page(walk)).all("button", name="send")
    seen = look(client, walk)
    assert links_of(walk) == []
    for words in ("Kiln Lane Primary School", "Larkfield Primary School", "Wren Ashdown"):
        assert words in seen.text
    assert REQUESTER not in seen.text
    assert seen.all("button", name="send") or seen.all("input", name="send")


def test_the_code_is_shown_once_and_the_link_goes_to_the_registered_address(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    client = worker_of(office, walk)
    seen = look(client, walk, {"note": "It is about this school year."})
    page = send(client, seen)
    assert "07700 900456" in page.text
    code = page.one("code").text or ""
    assert len(code) == 9
    again = send(client, seen, 303)
    assert code not in client.follow(again).text
    link = links_of(walk)[0]
    assert (link.email, link.way, link.purpose) == (EMAIL, "phone", "ask_source")
    assert (link.shown.child, link.shown.note) == ("Wren Ashdown", "It is about this school year.")
    assert "What the link shows" in client.get(f"{desk_of(walk)}/sources").text


def test_another_body_of_the_register_can_be_asked_about_the_same_line(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    with office.runtime.database.write() as session:
        reach = Reach("Larkfield Primary School", "office@larkfield.example.org", address="1 Larkfield Way")
        other = bodies.keep(session, reach, actor="system", role="system")
    client = worker_of(office, walk)
    send(client, look(client, walk))
    page = client.get(f"{ask_page(walk)}?body={other}")
    assert [one.get("value") for one in page.all("input", name="way")] == ["letter"]
    sent = {"way": "letter", "claim": "Larkfield Primary School", "look": "1"}
    seen = client.submit(page, sent, 200, form=question_of(page))
    send(client, seen)
    assert [link.body for link in links_of(walk)] == ["Kiln Lane Primary School", "Larkfield Primary School"]


def test_another_body_is_found_by_the_beginning_of_a_word_of_its_name(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    with office.runtime.database.write() as session:
        reach = Reach("Larkfield Primary School", "office@larkfield.example.org", address="1 Larkfield Way")
        other = bodies.keep(session, reach, actor="system", role="system")
        bodies.keep(session, Reach("Larkfield Surgery"), actor="system", role="system")
    client = worker_of(office, walk)
    page = client.get(ask_page(walk))
    assert not page.all("select")
    found = client.submit(page, {"search": "lark", "find": "1"}, 200, form=ask_page(walk))
    links = {one.get("href"): one for one in found.all("a") if "?body=" in (one.get("href") or "")}
    assert list(links) == [f"{ask_page(walk)}?body={other.hex}"]
    assert "1 more lacks an email address" in found.text
    assert found.answers(question_of(found))["claim"] == page.answers(question_of(page))["claim"]
    for nothing in ("", "Zz", "lark" * 100):
        page = client.submit(page, {"search": nothing, "find": "1"}, 200, form=ask_page(walk))
        assert "No body of this name" in page.text
    assert links_of(walk) == []


def test_a_source_without_an_address_is_for_the_administrator(office: Office) -> None:
    walk = weighing(office)
    page = worker_of(office, walk).get(ask_page(walk))
    assert "Ask the administrator" in page.text
    assert not page.all("input", name="way")


def test_words_that_name_who_asks_do_not_go_out(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    client = worker_of(office, walk)
    for answers in ({"claim": f"{REQUESTER.upper()} says Larkfield"}, {"note": f"See {walk.case.reference}"}):
        page = look(client, walk, answers, 400)
        assert "Leave out the name" in page.text
        assert not page.all("button", name="send")
    assert links_of(walk) == []


def test_pictures_are_ticked_one_by_one_and_proof_of_identity_is_not_among_them(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    letter, passport = _picture(walk, "other", "school-letter.jpg"), _picture(walk, "identity", "passport.jpg")
    client = worker_of(office, walk)
    page = client.get(ask_page(walk))
    assert [one.get("value") for one in page.all("input", name="evidence")] == [letter.hex]
    assert not any(one.get("checked") is not None for one in page.all("input", name="evidence"))
    seen = look(client, walk, {"evidence": letter.hex, "names_claimant": "y"})
    assert "A name of whoever sent a picture can be read in it" in seen.text
    send(client, seen)
    assert links_of(walk)[0].shown.evidence == (letter.hex,)
    assert links_of(walk)[0].shown.evidence_names_claimant
    look(client, walk, {"evidence": passport.hex}, 400)


def test_the_day_must_be_to_come(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    client, past = worker_of(office, walk), walk.today - datetime.timedelta(days=1)
    day = {f"answer_by-{part}": str(getattr(past, part)) for part in ("day", "month", "year")}
    page = send(client, look(client, walk, day), 400)
    assert "still to come" in page.text
    assert links_of(walk) == []


def test_a_link_that_is_ended_says_so_and_ends_once(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    client = worker_of(office, walk)
    send(client, look(client, walk))
    here = f"{desk_of(walk)}/sources"
    page, end = client.get(here), f"{here}/{links_of(walk)[0].id}/end"
    client.submit(page, form=end)
    client.submit(page, form=end)
    assert [link.state for link in links_of(walk)] == ["ended"]
    assert "Ended by staff" in client.get(here).text


def test_what_a_source_answers_stands_in_the_list(office: Office) -> None:
    walk = weighing(office)
    reachable(office, walk)
    client = worker_of(office, walk)
    code = send(client, look(client, walk)).one("code").text or ""
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        row = session.get_one(outside.OutsideLink, (walk.case_id, links_of(walk)[0].id))
        token = vault_of(session).get(row)["token"]
    with office.runtime.database.write() as session, office.runtime.vault.unlocked():
        assert outside.unlock(session, token, code)
        outside.answer(session, token, Said("right", "Our roll says so.", name="Bea Holt, office"))
    text = client.get(f"{desk_of(walk)}/sources").text
    for words in ("It is right", "Our roll says so.", "Bea Holt, office"):
        assert words in text


def test_before_the_check_and_after_the_decision_nobody_is_asked(office: Office) -> None:
    early = challenge_in(office.runtime, "finding")
    worker_of(office, early).get(ask_page(early), 409)
    walk = decided(office)
    worker_of(office, walk).get(ask_page(walk), 409)


def test_who_may_ask_and_who_may_only_read(office: Office) -> None:
    walk = weighing(office)
    approver = client_of(office, walk.approver)
    approver.get(ask_page(walk), 403)
    approver.get(f"{desk_of(walk)}/sources")
    others = [(stranger_to(office), 404)]
    others += [(colleague(office, walk, role), 403) for role in ("administrator", "auditor")]
    for path in (ask_page(walk), f"{desk_of(walk)}/sources"):
        for client, answer in others:
            client.get(path, answer)


def test_a_made_up_body_or_line_is_not_there(office: Office) -> None:
    walk = weighing(office)
    client = worker_of(office, walk)
    client.get(f"{ask_page(walk)}?body=x", 404)
    client.get(f"{ask_page(walk)}?body={uuid.uuid4()}", 404)
    client.get(f"{desk_of(walk)}/lines/{uuid.uuid4()}/ask", 404)


def _picture(walk: Walk, purpose: str, name: str) -> uuid.UUID:
    row = Evidence(
        case_id=walk.case_id,
        status="clean",
        purpose=purpose,
        file_id=None,
        size=1,
        at=db.now(),
        actor="family",
        sealed=b"",
    )
    with walk.runtime.database.write() as session:
        vault_of(session).put(row, {"name": name, "kind": "jpeg", "pages": 1})
        session.add(row)
    return row.id
