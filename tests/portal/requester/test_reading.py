"""The copy in its requester's hands."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlmodel import select

from portal import db
from portal.audit.models import LogRow
from portal.cases import ledger, verbs
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.documents.models import Letter, StoredPack
from portal.documents.pack import Article15, Authority, Category, Entry, Gap, Pack, Regulator, Text, from_json, to_json
from portal.people import factors
from portal.vault import Owner
from tests.client import client_for, runtime_of, sign_in
from tests.portal.requester.following import Sent
from workflows.table import Role

WORKER = Actor("staff", uuid.UUID(int=7), Role.CASEWORKER)
GROWN = Asked(
    Requester("Rowan Marsh", email="rowan@example.org", safe_channels=("email",)),
    (Subject("self", "", "Rowan Marsh", birth_date=datetime.date(1999, 5, 1)),),
)


def entry(number: int, words: str, **more) -> Entry:
    return Entry(
        number=number,
        label=(Text("Note"),),
        value=(Text(words), Gap("about someone else")),
        source=(Text("Hill School"),),
        **more,
    )


def content(reference: str) -> Pack:
    parts = (
        Category(name="School", entries=(entry(1, "Rowan likes the pond. <b>"),)),
        Category(
            name="Health", entries=(entry(2, "A hard day at the ward.", content_note="an injury", disputed=True),)
        ),
    )
    none = Article15(purposes=(), categories=(), recipients=(), retention=(), sources=(), automated=(), transfers=())
    return Pack(
        reference=reference,
        copy_number="COP-7K3M-92QX",
        language="en",
        cut_off=db.now(),
        date=uk_today(),
        received=uk_today(),
        recipient_name="Rowan Marsh",
        recipient_lines=(),
        authority=Authority(name="Example Council"),
        regulator=Regulator(name="The regulator", link="https://regulator.example.org/"),
        about="you",
        asked_for="everything",
        information=none,
        searched=(),
        categories=parts,
        shared=(),
    )


@pytest.fixture
def ready(app):
    return make_ready(app)


def make_ready(app, ago: datetime.timedelta | None = None, of=content) -> Sent:
    """A request whose copy was released, with its grown-up requester signed in."""
    runtime, client = runtime_of(app), client_for(app)
    with runtime.database.write() as session:
        case = open_cases(session, GROWN, by=visitor(), received_on=uk_today()).cases[0]
        factors.add_app(session, "family", case.requester_id, factors.new_secret(), used_step=0, now=db.now())
        for step, answers in (("start_checking", {}), ("accept_identity", {"known_by": "known"})):
            verbs.take_step(session, case.id, step, by=WORKER, answers=answers, today=uk_today())
        case = ledger.locked(session, case.id)
        ledger.append(session, case, "release", by=WORKER, on_date=uk_today(), to_state="ready")
        _store(session, runtime, case, of(case.reference))
    sign_in(client, "family", case.requester_id, ago=ago)
    return Sent(client, runtime, case.requester_id, case.id, case.reference)


def _store(session, runtime, case: Case, made: Pack) -> None:
    own = Owner.case(case.id)
    pack = StoredPack(
        case_id=case.id,
        number=1,
        copy_number="COP-7K3M-92QX",
        recipient_id=case.requester_id,
        state="released",
        cut_off=db.now(),
        content_file=runtime.files.write(own, to_json(made)),
        pdf_file=runtime.files.write(own, b"%PDF-1.7 copy"),
        released_at=db.now(),
        sealed=b"",
    )
    runtime.vault.put(pack, {})
    session.add(pack)
    for template in ("copy_ready", "child_views_asked"):
        letter = Letter(
            case_id=case.id,
            event_seq=1,
            template=template,
            state="made",
            made_at=db.now(),
            sealed=b"",
            pdf_file=runtime.files.write(own, b"%PDF-1.7 " + template.encode()),
        )
        runtime.vault.put(letter, {})
        session.add(letter)


def canonical(ready: Sent) -> str:
    """Opens the copy by its button, as a reader does; where it is from then on."""
    page = ready.client.get(f"{ready.page}/copies")
    button = next(form.get("action") for form in page.all("form") if "/copies/" in (form.get("action") or ""))
    ready.client.post(button, {}, expect=303)
    return button.removesuffix("/open")


def acts(ready: Sent) -> list[str]:
    with ready.runtime.database.read() as session:
        return list(session.exec(select(LogRow.act).where(LogRow.case_id == ready.case_id)))


def test_a_word_of_warning_comes_before_the_copy_and_opens_nothing(ready):
    before = acts(ready)
    page = ready.client.get(f"{ready.page}/copies")
    assert "It can bring back hard times" in page.text
    assert acts(ready) == before


def test_the_parts_say_what_may_be_upsetting_before_it_is_opened(ready):
    page = ready.client.get(canonical(ready))
    assert "May be upsetting: an injury" in page.text
    assert "A hard day" not in page.text


def test_a_part_is_read_by_itself_with_its_gaps_and_numbers(ready):
    page = ready.client.get(canonical(ready) + "/part/1")
    assert "1. Note" in page.text
    assert "Rowan likes the pond. <b>[about someone else]" in page.text
    assert "A hard day" not in page.text
    upsetting = ready.client.get(canonical(ready) + "/part/2")
    assert "A hard day at the ward." in "".join(upsetting.one("details").itertext())
    assert "Challenged" in upsetting.text
    for number in (0, 3, 99999):
        ready.client.get(canonical(ready) + f"/part/{number}", 404)


def test_the_whole_copy_reads_on_one_page(ready):
    page = ready.client.get(canonical(ready) + "/whole")
    assert "Rowan likes the pond." in page.text


def test_the_file_is_an_attachment_with_a_name_that_tells_nothing(ready):
    page = ready.client.get(canonical(ready) + "/file")
    named = page.response.headers["Content-Disposition"]
    assert page.response.data == b"%PDF-1.7 copy"
    assert named.startswith("attachment")
    assert not {"Rowan", "Marsh", "SAR"} & set(named.replace("-", " ").split())


def test_the_same_copy_is_there_as_data_for_a_program_and_counts_as_a_download(ready):
    page = ready.client.get(canonical(ready) + "/data")
    assert page.response.mimetype == "application/json"
    assert page.response.headers["Content-Disposition"].startswith("attachment")
    assert from_json(page.response.data).entries == content(ready.reference).entries
    assert acts(ready).count("download_pack") == 1


def test_every_opening_is_in_the_log_and_the_first_collects_the_copy(ready):
    there = canonical(ready)
    for under in ("", "/part/1", "/whole", "/file", "/file"):
        ready.client.get(there + under)
    assert [one for one in acts(ready) if one.endswith("_pack")] == ["read_pack"] * 3 + ["download_pack"] * 2
    assert ready.case().state == "collected"
    assert ready.client.get(ready.page).text.count("You opened your copy.") == 1


def test_looking_at_the_address_of_a_copy_that_was_not_opened_changes_nothing(ready):
    page = ready.client.get(f"{ready.page}/copies")
    button = next(form.get("action") for form in page.all("form") if "/copies/" in (form.get("action") or ""))
    for under in ("", "/part/1", "/whole", "/file"):
        ready.client.get(button.removesuffix("/open") + under, 409)
    ready.client.get(button, 405)
    assert ready.case().state == "ready"


def test_the_copy_needs_a_code_of_the_last_five_minutes(app):
    ready = make_ready(app, ago=datetime.timedelta(minutes=6))
    there = canonical(ready)
    for under in ("", "/part/1", "/whole", "/file"):
        assert ready.client.get(there + under, 303).location.startswith("/sign-in/code")


def test_somebody_else_finds_no_copy(app, ready):
    from tests.portal.requester.following import sent_request

    other = sent_request(app)
    for under in ("", "/part/1", "/whole", "/file"):
        other.client.get(canonical(ready) + under, 404)
        mixed = canonical(ready).replace(ready.reference, other.reference)
        other.client.get(mixed + under, 404)


def test_the_requester_gets_their_letters_and_never_the_childs(ready):
    page = ready.client.get(ready.page)
    links = [link.get("href") for link in page.all("a") if "/letters/" in (link.get("href") or "")]
    assert [ready.client.get(link).response.data for link in links] == [b"%PDF-1.7 copy_ready"]
    with ready.runtime.database.read() as session:
        childs = session.exec(select(Letter.id).where(Letter.template == "child_views_asked")).one()
    ready.client.get(f"{ready.page}/letters/{childs}", 404)


def released(ready: Sent, ago: datetime.timedelta) -> None:
    """Moves the day of release back."""
    with ready.runtime.database.write() as session:
        session.execute(sa.update(StoredPack).values(released_at=db.now() - ago))


def words_of(day: datetime.date) -> str:
    return f"{day.day} {day:%B %Y}"


def test_the_pages_say_until_when_the_copy_can_be_read(ready):
    until = words_of(uk_today() + datetime.timedelta(days=30))
    assert f"You can read your copy until {until}." in ready.client.get(ready.page).text
    assert f"You can read this copy until {until}." in ready.client.get(f"{ready.page}/copies").text
    assert f"You can read it until {until}." in ready.client.get(canonical(ready)).text


def test_on_its_last_day_a_copy_can_be_read_and_kept(ready):
    there = canonical(ready)
    released(ready, datetime.timedelta(days=30))
    for under in ("", "/part/1", "/whole", "/file"):
        ready.client.get(there + under)


def test_once_the_time_is_over_every_page_says_so_and_how_to_ask_and_gives_nothing(ready):
    there = canonical(ready)
    released(ready, datetime.timedelta(days=32))
    before = acts(ready)
    for under in ("", "/part/1", "/whole", "/file"):
        page = ready.client.get(there + under, 409)
        assert "The time to read this copy is over. Write to us" in page.text
        assert "Rowan likes the pond" not in page.html
    assert "The time to read your copy is over." in ready.client.get(ready.page).text
    warning = ready.client.get(f"{ready.page}/copies")
    assert "The time to read this copy ended on" in warning.text
    assert f"{ready.page}/messages" in [link.get("href") for link in warning.all("a")]
    assert acts(ready) == before


def test_a_copy_that_nobody_opened_in_time_cannot_be_opened_late(ready):
    button = canonical_button(ready)
    released(ready, datetime.timedelta(days=32))
    assert "time to read this copy is over" in ready.client.post(button, {}, expect=409).text
    assert ready.case().state == "ready"


def canonical_button(ready: Sent) -> str:
    page = ready.client.get(f"{ready.page}/copies")
    return next(form.get("action") for form in page.all("form") if "/copies/" in (form.get("action") or ""))


def test_a_copy_is_kept_ten_times_and_read_as_often_as_one_likes(ready):
    there = canonical(ready)
    for under in ["/whole"] * 12 + ["/file"] * 10:
        ready.client.get(there + under)
    refused = ready.client.get(there + "/file", 409)
    assert "as many times as we allow" in refused.text
    page = ready.client.get(there)
    assert "as many times as we allow" in page.text
    assert f"{there}/file" not in [link.get("href") for link in page.all("a")]
    assert ready.client.get(there + "/whole").text.count("Rowan likes the pond.") == 1
    assert acts(ready).count("download_pack") == 10


def test_the_last_downloads_are_counted_down(ready):
    there = canonical(ready)
    assert "more time" not in ready.client.get(there).text
    for _n in range(9):
        ready.client.get(there + "/file")
    assert "(1 more time)" in ready.client.get(there).text


def in_years(reference: str) -> Pack:
    """A child's copy over some years."""
    parts = (
        Category(name="School", entries=(entry(1, "The pond.", when="3 May 2021"), entry(2, "The boat."))),
        Category(name="Health", entries=(entry(3, "A hard day.", when="1 May 2019", content_note="an injury"),)),
    )
    return replace(content(reference), categories=parts, for_child=True)


def test_the_reader_chooses_the_order_and_keeps_it_from_page_to_page(app):
    ready = make_ready(app, of=in_years)
    there = canonical(ready)
    link = next(one for one in ready.client.get(there).all("a") if "in order of time" in "".join(one.itertext()))
    page = ready.client.get(link.get("href"))
    told = [one.get("href") for one in page.all("a") if "/part/" in one.get("href", "")]
    assert told == [f"{there}/part/{number}?order=time" for number in (1, 2, 3)]
    assert page.text.index("2019") < page.text.index("May be upsetting: an injury") < page.text.index("2021")
    first = ready.client.get(told[0])
    assert "3. Note" in first.text
    assert "A hard day." in "".join(first.one("details").itertext())
    assert "Health" in first.text
    following = next(one.get("href") for one in first.all("a") if "next part" in "".join(one.itertext()))
    assert following == told[1]
    assert "2. Note" in ready.client.get(told[2]).text
    ready.client.get(f"{there}/part/4?order=time", 404)
    whole = ready.client.get(f"{there}/whole?order=time").text
    assert whole.index("3. Note") < whole.index("1. Note") < whole.index("2. Note")
    by_category = ready.client.get(f"{there}/whole?order=nonsense").text
    assert by_category.index("1. Note") < by_category.index("2. Note") < by_category.index("3. Note")


def test_a_child_reads_the_short_version_and_goes_on_from_it_to_the_entries(app):
    ready = make_ready(app, of=in_years)
    there = canonical(ready)
    page = ready.client.get(f"{there}/short")
    assert f"{there}/short" in [one.get("href") for one in ready.client.get(there).all("a")]
    assert "There are 3 things in it." in page.text
    assert "Some of this may be hard to read." in page.text
    for kept in ("A hard day", "an injury", "The pond"):
        assert kept not in page.html
    links = [one.get("href") for one in page.all("a") if (one.get("href") or "").startswith(there)]
    assert f"{there}/part/2" in links
    for link in links:
        ready.client.get(link.partition("#")[0])
    assert acts(ready).count("read_pack") >= 3


def test_a_grown_up_has_no_short_version(ready):
    there = canonical(ready)
    assert "short version" not in ready.client.get(there).text
    ready.client.get(f"{there}/short", 404)


def test_the_short_version_is_guarded_like_the_copy(app):
    ready = make_ready(app, of=in_years)
    there = canonical(ready)
    released(ready, datetime.timedelta(days=32))
    assert "time to read this copy is over" in ready.client.get(f"{there}/short", 409).text
    sign_in(ready.client, "family", ready.person_id, ago=datetime.timedelta(minutes=6))
    assert ready.client.get(f"{there}/short", 303).location.startswith("/sign-in/code")
