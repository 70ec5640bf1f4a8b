"""The cases of the demo: one or more in every state, with what makes such work hard. Numbers are days ago."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PIL import Image, ImageDraw

from portal import uploads
from portal.cases import searching
from portal.cases.opening import Requester
from portal.demo import days
from portal.demo.families import Cast, Family
from portal.demo.people import CLEMENT, DEVAN, SORREL
from portal.demo.stage import Stage, Tale, parent

Story = Callable[[Stage, Family], Tale]
WEIGHED: dict[str, Any] = {
    "maturity": "Speaks clearly for their age and asked good questions.",
    "nature": "Notes of home visits, school, and what was said in confidence.",
    "orders": "None known.",
    "confidence": "Said things about home that they do not want repeated.",
    "consequences": "There could be a quarrel at home; no sign that anybody would be hurt.",
    "detriment": "The parent could not see how decisions were made.",
    "views": "Known in part; asked again.",
}
FOUND = ("found", "found", "destroyed", "nothing")


def asks(stage: Stage, family: Family, about: str, *, carer: int = 0, relation: str = "", **more: object) -> Tale:
    one = family.carers[carer]
    return stage.tale(
        children=family.children[:1],
        asker=parent(one),
        kind="parent",
        relation=relation or one.relation,
        about=about,
        **more,
    )


def accepted(tale: Tale, ago: int, basis: str = "mother") -> Tale:
    """Work begins, and identity and authority raise no doubt."""
    tale.assigned(ago).step(ago, "start_checking").step(ago, "accept_identity", known_by="known")
    if tale.kind != "self":
        tale.step(ago, "accept_authority", basis=basis, orders="None known. Asked the legal team.")
    return tale


def in_review(tale: Tale, ago: int, basis: str = "mother") -> Tale:
    """Everything up to the first page of the review."""
    accepted(tale, ago, basis).step(ago, "start_finding").planned(ago)
    return tale.attached(ago - 1).searched(ago - 2, *FOUND).step(ago - 2, "start_review")


def new_from_both_children(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "two requests that came in today, for two children at once")
    tale.children = family.children
    return tale.opened(
        0, words="I would like to see what the school and the social workers wrote about the two of them."
    )


def new_by_letter(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "", channel="letter", known=False)
    tale.asker = replace(tale.asker, email="", safe_channels=())
    return tale.opened(4, entered_by=DEVAN)


def asked_for_identity(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "we asked who she is: the clock stands still until papers come")
    tale.opened(16).assigned(15).step(15, "start_checking")
    proof = "A passport or driving licence, or a letter from the school that knows you"
    tale.step(14, "ask_identity", doubt="new-contact", proof=proof)
    tale.message(13, "from_requester", "My passport is with the embassy. Would a photo of my bus pass do?")
    tale.message(12, "to_requester", "A letter from the school office is enough. They can give you one the same day.")
    return tale.sent_file(2, uploads.inspect("letter-from-school.png", _specimen()), "identity")


def asked_for_authority(stage: Stage, family: Family) -> Tale:
    solicitor = Requester(
        "Imogen Fairweather",
        "imogen.fairweather@example.org",
        phone="07700 900880",
        address="Fairweather and Dunne\n3 Harbinger Road\nHarrowmere\nZZ4 2QA",
        safe_channels=("email",),
    )
    tale = stage.tale(
        children=family.children[:1],
        asker=solicitor,
        kind="representative",
        relation="solicitor",
        about="a solicitor who has not sent a signed authority yet",
        worker=DEVAN,
    )
    tale.opened(20).assigned(19).step(19, "start_checking").step(19, "accept_identity", known_by="confirmed")
    tale.step(18, "ask_authority", doubt="no-signed-authority", proof="signed-authority")
    return tale.knows(3, signed_by="holder", signed_on=days.working_day(tale.stage.today, 9).isoformat())


def child_is_asked(stage: Stage, family: Family) -> Tale:
    tale = asks(
        stage, family, "a fourteen-year-old is being asked; the mother reads only that we work on it", worker=DEVAN
    )
    accepted(tale.opened(37), 36)
    tale.step(30, "assess_competence", competence="competent", **WEIGHED)
    way = "Her form tutor, at school, in a free period"
    tale.step(29, "ask_child", way=way, safe="The tutor is trusted, and nothing goes home.")
    return tale.message(8, "from_requester", "It has been five weeks. Is anybody working on this?")


def child_said_no(stage: Stage, family: Family) -> Tale:
    tale = asks(
        stage, family, "a refusal waits for the approver: the son said no, and the father must not learn that", carer=1
    )
    accepted(tale.opened(24), 23, "father-registered-ew")
    tale.step(20, "assess_competence", competence="competent", **WEIGHED)
    tale.step(20, "ask_child", way="The youth worker, at the club", safe="Neither parent goes there.")
    tale.step(13, "record_child_answer", answer="no", own_words="It is mine. He would only use it in court.")
    words = "On what we know we cannot give you this record."
    return tale.step(
        12, "propose_refusal", ground="child-decides", reason="The child can decide and said no.", explanation=words
    )


def not_old_enough(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "past its day: the paper store has not answered", worker=SORREL)
    accepted(tale.opened(44), 43)
    tale.step(41, "assess_competence", competence="not-competent", **WEIGHED).step(40, "start_finding")
    tale.planned(40, (*searching.USUAL, "school_team")).attached(39).searched(38, "found", "found")
    tale.message(20, "note", "Rang the paper store twice. The basement is locked until the key is found.")
    return tale.message(6, "contact", "Told her that we are late and why. She was kind about it.", way="call")


def asked_what_is_meant(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "we asked what is meant: the clock is paused until she answers")
    accepted(tale.opened(19), 18).step(17, "start_finding").planned(17).attached(17)
    question = "Which years do you need? There are six boxes, and four of them are about the house repairs of 2019."
    why = "The boxes are not indexed; without the years each page would have to be read."
    return tale.step(11, "ask_clarification", about="which-dates", question=question, necessary=why)


def extended(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "a long file; two more months were taken in time, and she was told why", worker=DEVAN)
    in_review(tale.opened(46), 44).reviewing(30, most=60)
    words = "The record was kept by four services over eleven years, and many other people are named in it."
    tale.step(22, "extend", because="other-people", explanation=words)
    return tale.message(
        5, "to_requester", "We have read about two thirds. You will have your copy well before the new date."
    )


def half_reviewed(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "the review is half done; the parents live apart and a service is sensitive")
    in_review(tale.opened(21), 20).reviewing(9, most=34)
    return tale.message(
        7, "from_requester", "Please be careful that my address is in nothing that goes to anybody else."
    )


def another_day(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "", channel="letter", worker=SORREL, known=False)
    tale.asker = replace(tale.asker, email="", safe_channels=())
    tale.opened(14, entered_by=SORREL)
    accepted(tale, 13).step(12, "start_finding").planned(12)
    reason = "The letter lay at the front desk of the children’s centre; their stamp is from that day."
    return tale.step(11, "propose_receipt_day", day="today", reason=reason)


def waits_for_approval(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "the copy waits for a second pair of eyes")
    return in_review(tale.opened(25), 24).reviewing(12).packed(6).step(6, "send_to_approval")


def ready(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "a copy waits to be read: sign in with both steps")
    in_review(tale.opened(28), 27).reviewing(15).packed(8).step(8, "send_to_approval")
    return tale.approved(5).released(5)


def collected_by_herself(stage: Stage, family: Family) -> Tale:
    child = family.child
    asker = Requester(
        child.name, f"{child.forenames.split()[0].lower()}.{child.number}@example.org", safe_channels=("email",)
    )
    tale = stage.tale(
        children=(child,),
        asker=asker,
        kind="self",
        relation="self",
        about="a young person who has read their own record",
    )
    in_review(tale.opened(41, words="I want to know why we moved."), 40).reviewing(28).packed(21)
    return tale.step(21, "send_to_approval").approved(19).released(19).read(16)


def closed(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "finished, with the copy still there to read", relation="special guardian")
    in_review(tale.opened(70), 69, "special-guardian").reviewing(58).packed(52)
    return tale.step(52, "send_to_approval").approved(50).released(50).read(47).step(20, "close")


def part_given(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "a first part was given; the school’s papers are still to come", worker=DEVAN)
    in_review(tale.opened(23), 22).reviewing(14).packed(10, more_to_come=True)
    tale.step(10, "send_to_approval").approved(9)
    return tale.released(9, "The papers of the school, which it promised us for next week.")


def not_shown(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "refused: it was not shown that he may act", carer=1)
    tale.opened(48).assigned(47).step(47, "start_checking").step(47, "accept_identity", known_by="papers")
    tale.step(46, "ask_authority", doubt="order-or-dispute", proof="court-order")
    tale.step(38, "record_authority", came_on="today")
    tale.step(
        37, "refuse_authority_evidence", missing="The order you sent ended in 2022. Send the one that is in force now."
    )
    words = "You have not shown us that you may ask for this record. You can ask again with the order that is in force."
    tale.step(
        22, "propose_refusal", ground="no-authority", reason="No order in force after two letters.", explanation=words
    )
    return tale.step(21, "refuse_for_authority", approver=True)


def no_record(stage: Stage, family: Family) -> Tale:
    return _unknown_child(stage, family, "we looked and found nothing").step(18, "confirm_nothing_held", approver=True)


def perhaps_no_record(stage: Stage, family: Family) -> Tale:
    return _unknown_child(stage, family, "that nothing is held waits for the approver")


def _unknown_child(stage: Stage, family: Family, about: str) -> Tale:
    tale = asks(stage, family, about, worker=SORREL)
    stranger = replace(family.child, forenames="Tamsin", number=900 + family.child.number)
    tale.children = (stranger,)
    accepted(tale.opened(26), 25).step(24, "start_finding").planned(24, (*searching.USUAL, "school_team"))
    tale.searched(21, "nothing", "nothing", "destroyed", "nothing", "elsewhere")
    reason = "Not found under any name, number or address in five places."
    return tale.step(19, "propose_nothing_held", reason=reason, ask_instead="The school holds a file of its own.")


def taken_back(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "taken back by herself", worker=DEVAN)
    accepted(tale.opened(33), 32)
    tale.message(30, "from_requester", "The school has given me what I needed. You can stop.")
    return tale.step(29, "withdraw", requester=True, sure=True)


def no_answer(stage: Stage, family: Family) -> Tale:
    tale = asks(stage, family, "closed because no answer came; an answer opens it again", worker=DEVAN)
    accepted(tale.opened(85), 84).step(83, "start_finding").planned(83)
    question = "Do you mean the record of this child, or of the older one with the same name?"
    why = "Two children of this name lived at the address."
    tale.step(80, "ask_clarification", about="which-person", question=question, necessary=why)
    return tale.step(40, "close_unanswered", tried="Two messages and a letter, on three days.")


def adult_with_a_deputy(stage: Stage, family: Family) -> Tale:
    deputy = family.carers[0]
    tale = stage.tale(
        children=family.children[:1],
        asker=parent(deputy),
        kind="deputy",
        relation="deputy appointed by the court",
        about="a deputy for a young adult; with the youth justice team",
        worker=CLEMENT,
    )
    return accepted(tale.opened(9), 7, "deputyship").step(6, "start_finding").planned(6, ("directory", "youth_justice"))


CAST: tuple[tuple[Story, Cast], ...] = (
    (half_reviewed, Cast((7, 4), apart=True, notes=12, sensitive=True)),
    (waits_for_approval, Cast((9,), notes=7)),
    (ready, Cast((5, 8), notes=6)),
    (collected_by_herself, Cast((17,), notes=7, sensitive=True)),
    (closed, Cast((8,), carers=("grandmother",), notes=4)),
    (new_from_both_children, Cast((11, 6), apart=True, notes=5)),
    (child_is_asked, Cast((14,), notes=8, sensitive=True)),
    (child_said_no, Cast((15,), apart=True, notes=6)),
    (asked_what_is_meant, Cast((3,), notes=5)),
    (extended, Cast((10, 12), apart=True, notes=90, sensitive=True)),
    (asked_for_authority, Cast((12,), notes=4)),
    (not_shown, Cast((6,), apart=True, notes=5)),
    (taken_back, Cast((2,))),
    (no_record, Cast((8,), carers=("mother",), notes=0)),
    (perhaps_no_record, Cast((4,), carers=("mother",), notes=0)),
    (asked_for_identity, Cast((8,), notes=5)),
    (not_old_enough, Cast((13,), notes=6)),
    (another_day, Cast((9,), notes=4)),
    (new_by_letter, Cast((1,), notes=1)),
    (part_given, Cast((6,), notes=5)),
    (no_answer, Cast((10,), notes=4)),
    (adult_with_a_deputy, Cast((19,), notes=4)),
)
NOT_ASKED_FOR = Cast((7, 9), notes=8)  # for whoever plays the parent


def tell(stage: Stage, families: list[Family]) -> None:
    """Puts every story on the stage; `families` are in the order of CAST."""
    for (story, _cast), family in zip(CAST, families, strict=False):
        story(stage, family)


def _specimen() -> bytes:
    """A picture of a letter that nobody could take for a real one."""
    picture = Image.new("RGB", (900, 500), "#fdf6e3")
    pen = ImageDraw.Draw(picture)
    for line, words in enumerate(
        ("SPECIMEN – NOT A REAL DOCUMENT", "Tansy Infant and Junior School", "We know this parent.")
    ):
        pen.text((60, 80 + 90 * line), words, fill="#23395b", font_size=36)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
