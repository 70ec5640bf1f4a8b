"""Letters: every one the workflow names is there, complete, neutral and readable."""

import dataclasses
import datetime
import io
import re

import html5lib
import jinja2
import pikepdf
import pytest
from pdfua.validator import validate

from portal.documents.letters import LetterFacts, TooManyLines, letter_html, letter_pdf
from portal.documents.pack import Searched
from portal.documents.render import TEMPLATES
from tests.portal.documents import packs
from tests.portal.documents.reading import pages_of, places_of
from workflows.kinds.subject_access import WORKFLOW
from workflows.table import State

FACTS = LetterFacts(
    reference="SAR-7K3M-92QX",
    recipient_name="Rowan Ashdown",
    recipient_lines=("12 Kiln Yard", "Exampleton", "EX2 9ZZ"),
    authority=packs.AUTHORITY,
    regulator=packs.REGULATOR,
    date=datetime.date(2026, 3, 4),
    received=datetime.date(2026, 2, 9),
    due=datetime.date(2026, 3, 9),
    portal_link="https://records.example.org/",
    answers={
        "proof": "A bill with your name\nor a letter from a school",
        "missing": "The second page",
        "question": "Which years do you mean?",
        "explanation": "There are very many papers.",
        "still_to_come": "The papers from 2019",
        "ask_instead": "The council of the next town",
    },
    searched=(Searched(place="Paper files", outcome="We found nothing."),),
)
NAMED = sorted({WORKFLOW.opening_letter or "", *(step.letter for step in WORKFLOW.steps if step.letter)})
REFUSING = {step.letter for step in WORKFLOW.steps if step.letter and isinstance(step.to, State) and step.to.final}
REFUSING -= {"withdrawn"}
assert {"refusal", "refusal_authority", "refusal_identity", "nothing_held", "answered"} <= REFUSING


def test_letters_and_the_workflow_name_each_other():
    there = {path.stem for path in (TEMPLATES / "letters" / WORKFLOW.name).glob("*.html")}
    assert there == set(NAMED)


@pytest.mark.parametrize("letter", NAMED)
def test_each_letter_is_a_valid_page_with_one_heading(letter):
    made = letter_html(WORKFLOW.name, letter, FACTS)
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(made)
    assert parser.errors == []
    assert made.count("<h1>") == 1
    assert "Rowan Ashdown" in made and "SAR-7K3M-92QX" in made and "4 March 2026" in made


@pytest.mark.parametrize("letter", NAMED)
def test_a_letter_says_what_it_was_given_or_is_not_made(letter):
    asked = set(
        re.findall(r"letter\.answers\.(\w+)", (TEMPLATES / f"letters/subject_access/{letter}.html").read_text())
    )
    for name in asked - {"get", "ask_instead"}:
        assert FACTS.answers[name].split("\n")[0] in letter_html(WORKFLOW.name, letter, FACTS)
        less = {other: words for other, words in FACTS.answers.items() if other != name}
        with pytest.raises(jinja2.UndefinedError):
            letter_html(WORKFLOW.name, letter, dataclasses.replace(FACTS, answers=less))


def test_an_unknown_letter_is_not_made():
    with pytest.raises(jinja2.TemplateNotFound):
        letter_html(WORKFLOW.name, "nothing_of_the_kind", FACTS)


@pytest.mark.parametrize("letter", sorted(REFUSING | {"extension", "copy_ready", "part_ready"}))
def test_who_is_refused_or_kept_waiting_reads_every_way_to_complain(letter):
    made = letter_html(WORKFLOW.name, letter, FACTS)
    for way in ("complain to us first", "Example Regulator", "https://regulator.example.org/complain", "court"):
        assert way in made


@pytest.mark.parametrize("letter", sorted(REFUSING | {"copy_ready", "part_ready", "more_to_come"}))
def test_no_answer_tells_of_a_childs_no_of_harm_or_of_a_shield(letter):
    made = letter_html(WORKFLOW.name, letter, FACTS).lower()
    for word in (
        "abuse",
        "harm",
        "risk",
        "shield",
        "objec",
        "wish",
        "exempt",
        "said no",
        "refused to",
        "police",
        "safe ",
    ):
        assert word not in made


def test_refusing_for_authority_says_the_same_whoever_stood_in_the_way():
    """One step and one letter for "no proof" and for "the child did not agree"; nothing in it can differ."""
    assert {step.letter for step in WORKFLOW.steps if step.name == "refuse_for_authority"} == {"refusal_authority"}
    made = letter_html(WORKFLOW.name, "refusal_authority", FACTS)
    assert made == letter_html(WORKFLOW.name, "refusal_authority", dataclasses.replace(FACTS, answers={}, searched=()))
    assert "we do not say which" in made


def test_a_letter_while_the_clock_stands_still_names_no_day():
    stopped = dataclasses.replace(FACTS, due=None)
    assert "9 March" not in letter_html(WORKFLOW.name, "acknowledgement", stopped)
    assert "9 March" in letter_html(WORKFLOW.name, "acknowledgement", FACTS)


def test_an_address_longer_than_the_window_is_refused():
    with pytest.raises(TooManyLines):
        dataclasses.replace(FACTS, recipient_lines=("a",) * 7)


def test_the_address_stands_in_the_window_of_the_envelope():
    """A DL window shows 53 to 86 mm from the top and 20 to 110 mm from the left."""
    longest = dataclasses.replace(FACTS, recipient_lines=("Wrenfield Cottage by the Old Mill",) * 6)
    seen = [
        box
        for line in ("Rowan Ashdown", "Wrenfield Cottage")
        for box in places_of(letter_pdf(WORKFLOW.name, "refusal", longest), line)
    ]
    in_window = [(left, top) for left, top in seen if 53 <= top <= 86 and 20 <= left <= 110]
    assert len(in_window) == 7
    assert len(seen) == 8  # and the name once more, after "Dear"


def test_a_letter_is_accessible_numbered_and_the_same_every_time(tmp_path):
    made = letter_pdf(WORKFLOW.name, "nothing_held", FACTS)
    assert made == letter_pdf(WORKFLOW.name, "nothing_held", FACTS)
    (tmp_path / "letter.pdf").write_bytes(made)
    assert not validate(tmp_path / "letter.pdf").findings
    assert "Page 1 of 1" in pages_of(made)[0]
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Letter SAR-7K3M-92QX"


def test_words_of_staff_stay_words():
    facts = dataclasses.replace(FACTS, answers={"explanation": "<img src=x> {{ letter }} \x07"})
    made = letter_html(WORKFLOW.name, "refusal", facts)
    assert "&lt;img src=x&gt; {{ letter }} \ufffd" in made
