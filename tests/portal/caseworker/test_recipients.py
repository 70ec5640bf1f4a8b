"""Everybody who received the wrong version: told once, in words that tell of nobody's case, or the reason why not."""

from __future__ import annotations

import uuid

import pytest
from sqlmodel import Session

from portal import jobs
from portal.cases import verbs
from portal.cases.corrections import outside, recipients
from portal.cases.corrections.models import ChallengedLine, RecipientNotice
from portal.cases.corrections.recipients import Notice
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.documents import correspondence, letters, recipient_letter
from portal.records import bodies
from portal.records.bodies import Reach
from portal.vault import vault_of
from tests.builders import REQUESTER, Walk, open_case
from tests.corrections import lines_of
from tests.judge import Page
from tests.portal.caseworker.at_work import (
    POLICE,
    SCHOOL,
    client_of,
    colleague,
    decided,
    desk_of,
    stranger_to,
    worker_of,
)
from tests.portal.caseworker.desk import Office
from workflows.table import StepRefused

SENDING = 60  # it looks, changes the notice, makes the link and its mail, and logs each
ADDRESS = "desk@harrowmere.example.org"


def notices(walk: Walk) -> list[Notice]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return recipients.of_case(session, session.get_one(Case, walk.case_id))


def at(walk: Walk, what: str, number: int = 0) -> str:
    return f"{desk_of(walk)}/recipients/{notices(walk)[number].id}/{what}"


def on_file(office: Office) -> uuid.UUID:
    with office.runtime.database.write() as session:
        return bodies.keep(session, Reach(POLICE, ADDRESS, "07700 900777"), actor="system", role="system")


def holder(office: Office, walk: Walk) -> Case:
    """A relative who holds an earlier copy, entered as the decision enters them."""
    theirs = open_case(office.runtime, requester="Hanne Ashdown", email="hanne@example.org")
    row = RecipientNotice(case_id=walk.case_id, line_id=lines_of(walk)[0].id, kind="person", sealed=b"")
    row.copy_case_id = theirs.id
    with office.runtime.database.write() as session:
        vault_of(session).put(row, {})
        session.add(row)
    return theirs


def letters_to(office: Office, case: Case) -> list[str]:
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        found = verbs.messages(session, session.get_one(Case, case.id), kinds=("to_requester",))
        return [told["words"] for _row, told in found]


def test_everybody_in_the_register_of_sharings_is_listed_with_the_line(office: Office) -> None:
    walk = decided(office, SCHOOL, POLICE)
    text = worker_of(office, walk).get(f"{desk_of(walk)}/recipients").text
    for words in (SCHOOL, POLICE, "How reading goes (Meeting)", "Still to be told", "Corrected"):
        assert words in text


def test_a_body_is_told_by_a_link_which_it_confirms(office: Office) -> None:
    walk, body = decided(office, POLICE), on_file(office)
    client = worker_of(office, walk)
    page = client.get(f"{at(walk, 'link')}?body={body}")
    assert "Larkfield Primary School" in page.answers(_post(page))["now"][0]
    sent = client.submit(page, {"way": "phone"}, 200, form=_post(page), max_queries=SENDING)
    code = sent.one("code").text or ""
    one = notices(walk)[0]
    assert (one.state, one.way, one.source_id) == ("told", "email", body)
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        link = outside.of_case(session, session.get_one(Case, walk.case_id))[0]
    assert (link.purpose, link.email, link.shown.child) == ("tell_recipient", ADDRESS, "Wren Ashdown")
    assert (link.shown.child_number, link.shown.value, link.shown.claim) == ("", "", "")
    again = client.submit(page, {"way": "phone"}, 303, form=_post(page))
    assert code not in client.follow(again).text
    assert len(notices(walk)) == 1


def test_of_two_who_tell_the_same_body_one_is_first(office: Office) -> None:
    walk, body = decided(office, POLICE), on_file(office)
    client = worker_of(office, walk)
    link, tell = client.get(f"{at(walk, 'link')}?body={body}"), client.get(at(walk, "tell"))
    client.submit(tell, {"way": "phone", "words": "It was told by telephone."})
    lost = client.submit(link, {"way": "phone"}, 409, form=_post(link), max_queries=SENDING)
    assert "It was told by telephone." in lost.text
    client.submit(lost, {"way": "phone"}, 400, form=_post(lost), max_queries=SENDING)
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        assert outside.of_case(session, session.get_one(Case, walk.case_id)) == []


@pytest.mark.parametrize("way", ["letter", "file", "phone"])
def test_a_body_told_another_way_can_be_noted_as_having_put_it_right(office: Office, way: str) -> None:
    walk = decided(office, SCHOOL)
    client = worker_of(office, walk)
    client.submit(client.get(at(walk, "tell")), {"way": way})
    assert (notices(walk)[0].state, notices(walk)[0].way) == ("told", way)
    client.submit(client.get(f"{desk_of(walk)}/recipients"), form=at(walk, "acknowledged"))
    assert notices(walk)[0].state == "acknowledged"


def test_nobody_is_left_out_without_a_reason(office: Office) -> None:
    walk = decided(office, SCHOOL)
    client = worker_of(office, walk)
    page = client.submit(client.get(at(walk, "leave-out")), {"state": "impossible"}, 400)
    assert notices(walk)[0].state == "open"
    client.submit(page, {"reason": "The school closed in 2024, and nobody took its files over."})
    assert notices(walk)[0].state == "impossible"
    assert "nobody took its files over" in client.get(f"{desk_of(walk)}/recipients").text


def test_words_that_name_who_asked_do_not_go_out(office: Office) -> None:
    walk, body = decided(office, SCHOOL), on_file(office)
    client = worker_of(office, walk)
    for words in (f"{REQUESTER} asked us to.", f"See {walk.case.reference.lower()}."):
        client.submit(client.get(at(walk, "tell")), {"way": "phone", "words": words}, 400)
        page = client.get(f"{at(walk, 'link')}?body={body}")
        client.submit(page, {"way": "phone", "now": words}, 400, form=_post(page), max_queries=SENDING)
    assert notices(walk)[0].state == "open"


def test_a_relative_is_written_to_on_their_own_case_for_a_reason(office: Office) -> None:
    walk = decided(office)
    theirs = holder(office, walk)
    client = worker_of(office, walk)
    page = client.get(at(walk, "tell"))
    client.submit(page, {"words": "What your copy says of reading has changed."}, 400)
    client.submit(page, {"words": f"{REQUESTER} had it changed.", "reason": "It is safe."}, 400)
    assert letters_to(office, theirs) == []
    good = {"words": "What your copy says of reading has changed.", "reason": "It is safe."}
    client.submit(page, good, max_queries=SENDING)  # two cases
    assert letters_to(office, theirs) == ["What your copy says of reading has changed."]
    assert notices(walk)[0].state == "told"
    client.submit(page, {"words": "What your copy says of reading has changed.", "reason": "It is safe."})
    assert len(letters_to(office, theirs)) == 1


def test_who_holds_a_copy_is_known_by_the_reference_alone(office: Office) -> None:
    walk = decided(office)
    theirs = holder(office, walk)
    text = worker_of(office, walk).get(f"{desk_of(walk)}/recipients").text
    assert theirs.reference in text
    assert "Hanne" not in text


def test_a_relative_is_never_told_by_a_link(office: Office) -> None:
    walk, body = decided(office), on_file(office)
    holder(office, walk)
    client = worker_of(office, walk)
    page = client.get(f"{at(walk, 'link')}?body={body}")
    client.submit(page, {"way": "phone", "now": "It changed."}, 400, form=_post(page), max_queries=SENDING)
    assert notices(walk)[0].state == "open"


def test_somebody_whom_no_register_knows_can_be_added_once_the_line_is_decided(office: Office) -> None:
    walk = decided(office)
    client, path = worker_of(office, walk), f"{desk_of(walk)}/lines/{lines_of(walk)[0].id}/recipients"
    client.submit(client.get(path), {"who": "Nether Quill Young Carers"})
    assert "Nether Quill Young Carers" in client.get(f"{desk_of(walk)}/recipients").text


def test_the_family_reads_only_names_that_were_ticked(office: Office) -> None:
    walk = decided(office, SCHOOL, POLICE)
    holder(office, walk)
    client = worker_of(office, walk)
    for number in (0, 1):
        client.submit(client.get(at(walk, "tell", number)), {"way": "phone"})
    assert recipients.names_for_family(notices(walk)) == ()
    page = client.get(f"{desk_of(walk)}/recipients/names")
    assert len(page.all("input", name="names")) == 2
    client.submit(page, {"names": notices(walk)[0].id.hex})
    assert recipients.names_for_family(notices(walk)) == (SCHOOL,)
    assert recipients.names_for_family(notices(walk), uuid.uuid4()) == ()
    page = client.get(f"{desk_of(walk)}/recipients/names")
    client.submit(page, {"names": []})
    assert recipients.names_for_family(notices(walk)) == ()


def test_a_person_is_never_named_to_somebody_else(office: Office) -> None:
    walk = decided(office)
    holder(office, walk)
    one = notices(walk)[0]
    with pytest.raises(StepRefused):
        walk.act(
            lambda session: recipients.review_names(session, walk.case_id, {one.id: "Hanne"}, by=walk.worker.actor)
        )
    page = worker_of(office, walk).get(f"{desk_of(walk)}/recipients/names")
    assert "No body has been told yet" in page.text


def test_a_case_with_somebody_still_to_be_told_stays_open_until_they_are(office: Office) -> None:
    walk = decided(office, SCHOOL)

    def open_ones(session: Session) -> int:
        return sum(one.state == "open" for one in recipients.of_case(session, session.get_one(Case, walk.case_id)))

    client = worker_of(office, walk)
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        assert open_ones(session) == 1
    client.submit(client.get(at(walk, "leave-out")), {"state": "not_concerned", "reason": "They got the address only."})
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        assert open_ones(session) == 0
        assert session.get_one(ChallengedLine, (walk.case_id, lines_of(walk)[0].id)).state == "decided"


def test_who_may_read_the_list_and_who_may_tell(office: Office) -> None:
    walk = decided(office, SCHOOL)
    approver, stranger = client_of(office, walk.approver), stranger_to(office)
    others = [colleague(office, walk, role) for role in ("administrator", "auditor")]
    approver.get(f"{desk_of(walk)}/recipients")
    for path in (at(walk, "tell"), at(walk, "link"), at(walk, "leave-out"), f"{desk_of(walk)}/recipients/names"):
        approver.get(path, 403)
        stranger.get(path, 404)
        for client in others:
            client.get(path, 403)
    worker_of(office, walk).get(f"{desk_of(walk)}/recipients/{uuid.uuid4()}/tell", 404)


def test_a_long_list_asks_no_more_than_a_short_one(office: Office) -> None:
    short = decided(office, SCHOOL)
    few = worker_of(office, short).get(f"{desk_of(short)}/recipients").queries
    assert short.record is not None
    long = decided(office, *(f"Body {number}" for number in range(30)), record=short.record)
    page = worker_of(office, long).get(f"{desk_of(long)}/recipients")
    assert "Body 29" in page.text
    assert page.queries <= few


def _post(page: Page) -> str:
    """The form that sends, beside the one that chooses the body."""
    return next(str(form.get("action")) for form in page.all("form") if "?body=" in str(form.get("action")))


def test_a_letter_to_a_body_is_made_here_and_names_nobody_s_case(office: Office) -> None:
    walk = decided(office, SCHOOL)
    client = worker_of(office, walk)
    said = {"way": "letter", "address": "Kiln Lane\nNether Quill"}
    client.submit(client.get(at(walk, "tell")), said, max_queries=SENDING)
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        facts = recipient_letter.facts_of(session, walk.case_id, notices(walk)[0].id)
    shown = letters.letter_html("correction", recipients.LETTER, facts)
    for words in (SCHOOL, "Nether Quill", "Wren Ashdown", "Larkfield Primary School"):
        assert words in shown
    for words in (walk.case.reference, REQUESTER, "It now says"):
        assert words not in shown


def test_the_letter_to_a_body_is_among_the_letters_for_staff_and_never_for_the_family(office: Office) -> None:
    walk = decided(office, SCHOOL)
    client = worker_of(office, walk)
    said = {"way": "letter", "address": "Kiln Lane\nNether Quill"}
    client.submit(client.get(at(walk, "tell")), said, max_queries=SENDING)
    jobs.run_all(office.runtime.database, office.runtime)
    assert "Recipient (PDF)" in client.get(f"{desk_of(walk)}/letters").text
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        theirs = correspondence.of_case(session, case, by=walk.requester)
    assert recipients.LETTER not in {row.template for row in theirs}


def test_a_body_to_tell_is_found_by_its_name(office: Office) -> None:
    walk, body = decided(office, POLICE), on_file(office)
    client, here = worker_of(office, walk), at(walk, "link")
    page = client.submit(client.get(here), {"search": POLICE[:5], "find": "1"}, 200, form=here)
    assert f"{here}?body={body.hex}" in {one.get("href") for one in page.all("a")}
    assert notices(walk)[0].state == "open"


def test_several_bodies_that_never_got_it_are_settled_for_one_reason(office: Office) -> None:
    walk = decided(office, SCHOOL, POLICE)
    client, line = worker_of(office, walk), lines_of(walk)[0].id
    here = f"{desk_of(walk)}/lines/{line}/not-concerned"
    assert here in {one.get("href") for one in client.get(f"{desk_of(walk)}/recipients").all("a")}
    page = client.get(here)
    for words in (SCHOOL, POLICE, "How reading goes (Meeting)"):
        assert words in page.text
    picks = [f"{one.id.hex}.{one.version}" for one in notices(walk)]
    for answers in ({"reason": "x"}, {"which": picks, "reason": ""}):
        client.submit(page, answers, 400)
    assert {one.state for one in notices(walk)} == {"open"}
    client.submit(page, {"which": picks, "reason": "They left before it was written."})
    assert [(one.state, one.reason) for one in notices(walk)] == [
        ("not_concerned", "They left before it was written.")
    ] * 2


def test_of_several_of_whom_one_was_settled_meanwhile_none_is(office: Office) -> None:
    walk = decided(office, SCHOOL, POLICE)
    client, first = worker_of(office, walk), notices(walk)[0]
    page = client.get(f"{desk_of(walk)}/lines/{lines_of(walk)[0].id}/not-concerned")
    client.submit(client.get(at(walk, "tell")), {"way": "phone"})
    picks = [f"{one.id.hex}.1" for one in notices(walk)]
    client.submit(page, {"which": picks, "reason": "They left before it was written."}, 400)
    versions = {one.id: 1 for one in notices(walk)}
    with pytest.raises(LostRace):
        walk.act(lambda s: recipients.not_concerned(s, walk.case_id, versions, "Because.", by=walk.worker.actor))
    assert sorted(one.state for one in notices(walk)) == ["open", "told"]
    assert first.version == 1


def test_nobody_of_the_family_who_holds_a_copy_is_settled_with_others(office: Office) -> None:
    walk = decided(office, SCHOOL)
    holder(office, walk)
    person = next(one for one in notices(walk) if one.kind == "person")
    with pytest.raises(StepRefused):
        walk.act(lambda s: recipients.not_concerned(s, walk.case_id, {person.id: 1}, "Because.", by=walk.worker.actor))
