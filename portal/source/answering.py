"""What a body sees behind link and code: the one entry that it supplied or received, and a form for its answer."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from werkzeug.exceptions import NotFound

from portal import db, forms, gate
from portal.cases import drafts, evidence
from portal.cases.corrections import outside
from portal.cases.corrections.lines import Value
from portal.cases.corrections.outside import Link, Said
from portal.cases.models import Draft
from portal.gate import page
from portal.people import limits
from portal.people.limits import Limited, Rule
from portal.security_headers import as_download
from portal.source import blueprint
from portal.source.entering import ANYONE, TYPED_FOR, Answer, Gone, shown_before, unlocked
from portal.uploads import LIMITS, Accepted, UploadRefused, inspect

UPLOADS = Rule("network upload", 300, 3600)
PICTURES = {"jpeg": "image/jpeg", "png": "image/png"}
ANSWERS = {
    "right": _l("It is right as it is"),
    "wrong": _l("It is wrong"),
    "cannot_tell": _l("We cannot tell"),
}


class _Signed(forms.Form):
    """Who answers for the body."""

    name = forms.TextField(_l("Your name"), needed=_l("Enter your name"))
    role = forms.TextField(_l("Your role"), needed=_l("Enter your role"))


class AnswerForm(_Signed):
    """What the body says of the entry that came from it."""

    answer = forms.RadiosField(
        _l("What do your own records say?"), choices=list(ANSWERS.items()), needed=_l("Choose one of the answers")
    )
    value = forms.LongTextField(_l("What should it say?"), longest=4000, counted=False)
    reasons = forms.LongTextField(
        _l("How do you know?"),
        hint=_l("Say what you looked at, and from which day it is. The people it is about may read what you write."),
        needed=_l("Say how you know, or why you cannot tell"),
        short=_l("Your reasons"),
        longest=4000,
    )
    file = forms.UploadField(
        _l("Add a file, if you have one that shows it"),
        hint=_l("A PDF, JPEG or PNG file of up to 10 MB. Cover what is about somebody else."),
        accept=".pdf,.jpg,.jpeg,.png",
    )
    go = forms.SubmitField(_l("Continue"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Whoever says that it is wrong says what is right."""
        good = super().validate(extra_validators)
        if self.answer.data == "wrong" and not self.value.data and not self.value.errors:
            self.value.errors = [_("Write what it should say")]
            return False
        return good


class NoticeForm(_Signed):
    """The body says that its own copy is put right."""

    reasons = forms.LongTextField(_l("Is there anything we should know?"), longest=4000)
    go = forms.SubmitField(_l("We have put it right"))


class SendForm(forms.Form):
    """The button that sends the answer."""

    go = forms.SubmitField(_l("Send the answer"))


class TakeOffForm(forms.Form):
    """The button that takes the file off."""

    go = forms.SubmitField(_l("Remove the file"))


@page(
    blueprint,
    "/source/question/<string:signed>",
    methods=("GET", "POST"),
    who=ANYONE,
    opens=("link",),
    why="see the one entry that this body supplied or received, and answer",
)
def question(signed: str) -> Answer:
    if request.method == "POST":
        return _answered(signed)
    token = unlocked(signed)
    return _question_page(signed, token, None)


@page(
    blueprint,
    "/source/check/<string:signed>",
    methods=("GET", "POST"),
    who=ANYONE,
    opens=("link",),
    why="read one's own answer once more and send it",
)
def check(signed: str) -> Answer:
    form = SendForm()
    if form.validate_on_submit():
        token = shown_before(signed)
        return gate.perform(form.form_key.data, lambda session: _send(session, token))
    token = unlocked(signed, within=TYPED_FOR)
    with gate.runtime().database.read() as session:
        draft = _draft(session, token)
        said = drafts.answers(session, draft) if draft else {}
        files = [told["name"] for _row, told in evidence.listed(session, draft.id)] if draft else []
    if not said.get("answer"):
        return gate.see_other(url_for("source.question", signed=signed))
    facts = {"rows": _rows(said), "files": files, "take_off": TakeOffForm(formdata=None)}
    return render_template("source/check.html", form=form, signed=signed, **facts), form.status


@page(
    blueprint,
    "/source/check/<string:signed>/remove-file",
    methods=("POST",),
    who=ANYONE,
    opens=("link",),
    why="take a file off an answer that is not sent yet",
)
def remove_file(signed: str) -> Response:
    token = unlocked(signed, within=TYPED_FOR)
    if TakeOffForm().validate_on_submit():
        with gate.runtime().database.write() as session:
            if draft := _draft(session, token):
                _drop_files(session, draft.id)
    return gate.see_other(url_for("source.check", signed=signed))


@page(
    blueprint,
    "/source/picture/<string:signed>/<uuid:evidence_id>",
    who=ANYONE,
    opens=("link",),
    why="look at a picture that was chosen for this body",
)
def picture(signed: str, evidence_id: uuid.UUID) -> Response:
    """The rebuilt picture as a download with the sandbox policy: an <img> shows it all the same."""
    token = unlocked(signed)
    with gate.runtime().database.read() as session:
        found = outside.picture(session, token, evidence_id)
    if found is None:
        raise NotFound
    told, data = found
    response = make_response(data)
    response.mimetype = PICTURES.get(str(told["kind"]), "application/octet-stream")
    return as_download(response, f"picture.{told['kind']}")


@page(blueprint, "/source/thanks", who=ANYONE, why="say that the answer has come")
def thanks() -> str:
    return render_template("source/thanks.html")


def _question_page(signed: str, token: str, form: forms.Form | None) -> Answer:
    with gate.runtime().database.read() as session:
        link = outside.look(session, token)
        draft = _draft(session, token)
        said = drafts.answers(session, draft) if draft else {}
    if link is None:
        raise Gone
    form = form or _form_of(link)(formdata=None, data=said)
    facts = {"shown": link.shown, "body": link.body, "day": _day, "answer_by": _day(link.answer_by)}
    facts["pictures_chosen"] = [uuid.UUID(one) for one in link.shown.evidence]
    name = "source/question.html" if link.purpose == "ask_source" else "source/notice.html"
    return render_template(name, form=form, signed=signed, **facts), form.status


def _answered(signed: str) -> Answer:
    """Takes what was posted: an answer is kept to be read once more, an acknowledgement is sent at once."""
    token = shown_before(signed)
    with gate.runtime().database.read() as session:
        row = outside.waiting(session, token)
        notice = row is not None and row.purpose != "ask_source"
    if row is None or notice:
        form: forms.Form = NoticeForm()
        if form.validate_on_submit():
            return gate.perform(form.form_key.data, lambda session: _acknowledge(session, token, form))
    else:
        form = AnswerForm()
        if form.validate_on_submit() and _kept(token, form):
            return gate.see_other(url_for("source.check", signed=signed))
    return _question_page(signed, unlocked(signed, within=TYPED_FOR), form)


def _kept(token: str, form: AnswerForm) -> bool:
    """Keeps the answer, and its file once it is inspected; False, with words beside the file, where it is refused."""
    try:
        accepted = _inspected(token, form.file.data) if form.file.data else None
    except UploadRefused as refused:
        form.file.errors = [_(refused.words)]
        return False
    except Limited as limit:
        form.file.errors = [_("Too many files were sent. Wait %(count)s minutes, then try again", count=limit.minutes)]
        return False
    said = {name: form[name].data or "" for name in ("answer", "value", "reasons", "name", "role")}
    runtime = gate.runtime()
    with runtime.database.write() as session:
        draft = _draft(session, token) or drafts.begin(session, _holder(token))
        drafts.save(session, draft.id, _holder(token), said)
        if accepted is not None:
            _drop_files(session, draft.id)
            scanner = runtime.settings.scanner_socket
            evidence.store(
                session, runtime.files, draft.id, accepted, purpose="other", scanner=scanner, by=outside.BODY
            )
    return True


def _inspected(token: str, sent: Any) -> Accepted:
    """The file, read and rebuilt in a process of its own, outside any transaction. Raises UploadRefused, Limited."""
    gate.hold_back_floods(UPLOADS)
    with gate.runtime().database.write() as session:
        allowed = limits.within(session, limits.FILES, "outside", token)
    if not allowed:
        raise limits.limited(limits.FILES, now=db.now())
    return inspect(sent.filename or "", sent.stream.read(LIMITS.file_bytes + 1))


def _send(session: Session, token: str) -> str:
    draft = _draft(session, token)
    if draft is None:
        raise Gone
    told = drafts.submitted(session, draft.id, _holder(token))
    value = Value(value=told["value"]) if told["answer"] == "wrong" else Value()
    said = Said(told["answer"], told["reasons"], value, told["name"], told["role"])
    if outside.answer(session, token, said, draft_id=draft.id) is None:
        raise Gone
    return url_for("source.thanks")


def _acknowledge(session: Session, token: str, form: forms.Form) -> str:
    said = Said("acknowledged", form["reasons"].data or "", name=form["name"].data, role=form["role"].data)
    if outside.answer(session, token, said) is None:
        raise Gone
    return url_for("source.thanks")


def _draft(session: Session, token: str) -> Draft | None:
    return drafts.of_browser(session, _holder(token))


def _holder(token: str) -> str:
    """Whose draft it is: this browser's, for this link."""
    return f"outside:{gate.browser_hash().hex()}:{token}"


def _drop_files(session: Session, draft_id: uuid.UUID) -> None:
    for row, _told in evidence.listed(session, draft_id):
        evidence.drop(session, draft_id, row.id)


def _form_of(link: Link) -> type[forms.Form]:
    return AnswerForm if link.purpose == "ask_source" else NoticeForm


def _rows(said: dict[str, Any]) -> list[dict[str, str]]:
    value = [(_("It should say"), said["value"])] if said["answer"] == "wrong" else []
    told = [
        (_("Your answer"), str(ANSWERS[said["answer"]])),
        *value,
        (_("How you know"), said["reasons"]),
        (_("Your name"), said["name"]),
        (_("Your role"), said["role"]),
    ]
    return [{"key": key, "text": text} for key, text in told]


def _day(day: Any) -> str:
    return format_date(day, "d MMMM yyyy") if day else ""
