"""A challenge without a copy, and without an account: what is wrong, in words, on the way that a request takes too."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal import gate
from portal.cases import drafts
from portal.cases.corrections.lines import MOST_LINES
from portal.gate import page
from portal.requester import blueprint, draft
from portal.requester.ask import ANYONE, Answer, back, changing, onward
from portal.requester.challenge_forms import RemoveForm, SayWithoutNumberForm
from portal.requester.challenge_lines import LINE, entry_for, next_line
from portal.requester.journey import CORRECTION, NAMED, Journey, Stop, way


@page(blueprint, "/wrong", who=ANYONE, why="say what a challenge is, and how one without a copy is made")
def wrong_start() -> str:
    with gate.runtime().database.read() as session:
        own = drafts.of_browser(session, draft.browser())
        begun = own is not None and draft.journey_of(session, own).kind == CORRECTION
    return render_template("requester/challenge/start.html", begun=begun)


@page(blueprint, "/ask/lines", methods=("GET", "POST"), who=ANYONE, why="list what is wrong, and add to it")
def ask_lines() -> Answer:
    journey, stop = draft.here()[1], Stop(NAMED["lines"])
    if stop not in way(journey):
        return gate.see_other(onward(journey, None))
    if not journey.lines:
        return gate.see_other(_new_line(journey))
    form = stop.question.filled(journey, 0)
    if form.validate_on_submit():
        if form["another"].data == "no":
            return gate.see_other(onward(draft.answer(stop, form), stop))
        if len(journey.lines) < MOST_LINES:
            return gate.see_other(_new_line(journey))
        form["another"].errors = [
            _("You can tell us about %(most)s things at a time. Send these first.", most=MOST_LINES)
        ]
    lines = [
        {
            "title": line.title,
            "change": url_for("requester.ask_line", number=line.at, **changing()),
            "remove": url_for("requester.ask_line_off", number=line.at, **changing()),
        }
        for line in journey.lines
    ]
    return render_template(
        "requester/challenge/lines.html",
        form=form,
        lines=lines,
        remove=RemoveForm(formdata=None),
        action=url_for("requester.ask_lines", **changing()),
        back=back(stop, journey),
    ), form.status


@page(blueprint, "/ask/lines/<int:number>", methods=("GET", "POST"), who=ANYONE, why="ask what is wrong, in words")
def ask_line(number: int) -> Answer:
    journey, stop = draft.here()[1], Stop(NAMED["lines"])
    line = next((one for one in journey.lines if one.at == number), None)
    new = line is None and number == next_line(journey.answers) and len(journey.lines) < MOST_LINES
    if stop not in way(journey) or not (line or new):
        return gate.see_other(onward(journey, None))
    count = line.count if line else 0
    form = SayWithoutNumberForm(data=line.data if line else {"version": 0})
    if form.validate_on_submit():
        if form["version"].data == count:
            draft.change(entry_for(number, form, (), "text", count + 1))
            return gate.see_other(url_for("requester.ask_lines", **changing()))
        form["version"].data, form["version"].raw_data = count, None
        form.form_errors.append(_("You changed this in another window. To put this in its place, choose Continue."))
    action = url_for("requester.ask_line", number=number, **changing())
    before = url_for("requester.ask_lines", **changing()) if journey.lines else back(stop, journey)
    if request.args.get("change") and not journey.lines:
        before = url_for("requester.check")
    return render_template("requester/challenge/say_in_words.html", form=form, action=action, back=before), form.status


@page(blueprint, "/ask/lines/<int:number>/remove", methods=("POST",), who=ANYONE, why="take a line off")
def ask_line_off(number: int) -> Answer:
    journey = draft.here()[1]
    if RemoveForm().validate_on_submit() and any(line.at == number for line in journey.lines):
        draft.change({f"{LINE}{number}": None})
    return gate.see_other(url_for("requester.ask_lines", **changing()))


def _new_line(journey: Journey) -> str:
    return url_for("requester.ask_line", number=next_line(journey.answers), **changing())
