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

from portal.documents import assembly
from portal.documents.letters import LetterFacts, TooManyLines, letter_html, letter_pdf
from portal.documents.pack import Searched
from portal.documents.render import TEMPLATES
from tests.portal.documents import packs
from tests.portal.documents.reading import pages_of, places_of
from workflows.kinds import WORKFLOWS, breach
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
        "child": "W Ashdown, born 4 May 2015, your number 17",
        "what": "Name of the school",
        "now": "Larkfield Primary School",
        "note": "Since September.",
    },
    searched=(Searched(place="Paper files", outcome="We found nothing."),),
)
KINDS = [WORKFLOWS["subject_access"], WORKFLOWS["correction"]]
BESIDE = {"correction": {"recipient"}}  # sent by hand to somebody outside, and by no step
OPTIONAL = {"get", "ask_instead", "now", "note"}


def named(workflow):
    return {workflow.opening_letter or "", *(step.letter for step in workflow.steps if step.letter)}


def refusing(workflow):
    """Letters that end a case without what was asked for."""
    ends = {step.letter for step in workflow.steps if step.letter and isinstance(step.to, State) and step.to.final}
    return ends - {"withdrawn"}


NAMED = [(kind.name, letter) for kind in KINDS for letter in sorted(named(kind) | BESIDE.get(kind.name, set()))]
REFUSING = [(kind.name, letter) for kind in KINDS for letter in sorted(refusing(kind))]
READY = [("subject_access", "copy_ready"), ("subject_access", "part_ready"), ("correction", "answer_ready")]
LATE = [("subject_access", "extension"), ("correction", "extension")]
TELLING = [("subject_access", "more_to_come"), ("correction", "question_asked"), ("correction", "review_asked")]
assert {"refusal", "refusal_authority", "refusal_identity", "nothing_held", "answered"} <= refusing(WORKFLOW)
assert {"refusal", "refusal_authority", "refusal_identity", "closed"} == refusing(WORKFLOWS["correction"])


@pytest.mark.parametrize("workflow", KINDS, ids=lambda kind: kind.name)
def test_letters_and_the_workflow_name_each_other(workflow):
    there = {path.stem for path in (TEMPLATES / "letters" / workflow.name).glob("*.html")}
    assert there == named(workflow) | BESIDE.get(workflow.name, set())


def test_a_breach_writes_to_nobody_by_itself():
    assert named(breach.WORKFLOW) == {""}


@pytest.mark.parametrize(("kind", "letter"), NAMED)
def test_each_letter_is_a_valid_page_with_one_heading(kind, letter):
    made = letter_html(kind, letter, FACTS)
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(made)
    assert parser.errors == []
    assert made.count("<h1>") == 1
    assert "Rowan Ashdown" in made and "SAR-7K3M-92QX" in made and "4 March 2026" in made


@pytest.mark.parametrize(("kind", "letter"), NAMED)
def test_a_letter_says_what_it_was_given_or_is_not_made(kind, letter):
    asked = set(re.findall(r"letter\.answers\.(\w+)", (TEMPLATES / f"letters/{kind}/{letter}.html").read_text()))
    for name in asked - OPTIONAL:
        assert FACTS.answers[name].split("\n")[0] in letter_html(kind, letter, FACTS)
        less = {other: words for other, words in FACTS.answers.items() if other != name}
        with pytest.raises(jinja2.UndefinedError):
            letter_html(kind, letter, dataclasses.replace(FACTS, answers=less))


def test_the_letter_of_a_first_part_says_what_the_part_says_and_nothing_that_somebody_typed():
    """Which part is missing would tell what somebody else is asked about (R-92)."""
    made = letter_html("subject_access", "part_ready", FACTS)
    assert assembly.STILL_TO_COME in made
    assert "The papers from 2019" not in made


def test_an_unknown_letter_is_not_made():
    with pytest.raises(jinja2.TemplateNotFound):
        letter_html(WORKFLOW.name, "nothing_of_the_kind", FACTS)


@pytest.mark.parametrize(("kind", "letter"), [*REFUSING, *LATE, *READY])
def test_who_is_refused_or_kept_waiting_reads_every_way_to_complain(kind, letter):
    made = letter_html(kind, letter, FACTS)
    for way in ("complain to us first", "Example Regulator", "https://regulator.example.org/complain", "court"):
        assert way in made


@pytest.mark.parametrize(("kind", "letter"), [*REFUSING, *READY, *TELLING])
def test_no_answer_tells_of_a_childs_no_of_harm_or_of_a_shield(kind, letter):
    made = letter_html(kind, letter, FACTS).lower()
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


@pytest.mark.parametrize("workflow", KINDS, ids=lambda kind: kind.name)
def test_refusing_for_authority_says_the_same_whoever_stood_in_the_way(workflow):
    """One step and one letter for "no proof" and for "the child did not agree"; nothing in it can differ."""
    assert {step.letter for step in workflow.steps if step.name == "refuse_for_authority"} == {"refusal_authority"}
    made = letter_html(workflow.name, "refusal_authority", FACTS)
    assert made == letter_html(workflow.name, "refusal_authority", dataclasses.replace(FACTS, answers={}, searched=()))
    assert "we do not say which" in made


def test_a_question_about_a_challenge_never_says_that_the_clock_stops():
    """The law has no pause for a correction (R-17)."""
    for due in (FACTS.due, None):
        made = letter_html("correction", "question_asked", dataclasses.replace(FACTS, due=due))
        assert "stays the same" in made
        assert "stop" not in made


def test_a_body_outside_reads_what_was_put_right_and_nothing_of_a_case_or_a_family():
    made = letter_html("correction", "recipient", FACTS)
    assert "Larkfield Primary School" in made
    assert "records.example.org/" not in made
    for word in ("challenge", "complain", "parent", "mother", "told us", "case", "family"):
        assert word not in made.lower()
    gone = {name: words for name, words in FACTS.answers.items() if name not in {"now", "note"}}
    assert "do not hold this any more" in letter_html(
        "correction", "recipient", dataclasses.replace(FACTS, answers=gone)
    )


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


@pytest.mark.parametrize(
    ("kind", "letter"),
    [("subject_access", "nothing_held"), ("correction", "acknowledgement"), ("correction", "recipient")],
)
def test_a_letter_is_accessible_numbered_and_the_same_every_time(tmp_path, kind, letter):
    made = letter_pdf(kind, letter, FACTS)
    assert made == letter_pdf(kind, letter, FACTS)
    (tmp_path / "letter.pdf").write_bytes(made)
    assert not validate(tmp_path / "letter.pdf").findings
    assert "Page 1 of 1" in pages_of(made)[0]
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Letter SAR-7K3M-92QX"


def test_words_of_staff_stay_words():
    facts = dataclasses.replace(FACTS, answers={"explanation": "<img src=x> {{ letter }} \x07"})
    made = letter_html(WORKFLOW.name, "refusal", facts)
    assert "&lt;img src=x&gt; {{ letter }} \ufffd" in made
