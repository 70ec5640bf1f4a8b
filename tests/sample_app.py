"""A small app with every field and every part on its pages, for the tests of the shell alone."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from jinja2 import DictLoader

from portal import errors, forms, security_headers, shell

ROOT = Path(__file__).resolve().parent.parent
TODAY = datetime.date(2026, 11, 2)

PAGES = {
    "sample/form.html": """
{% extends "layout.html" %}
{% from "parts/forms.html" import page_form %}
{% block title %}Tell us about the child{% endblock %}
{% block content %}
{% call page_form(form) %}
{{ form.name() }}{{ form.story() }}{{ form.note() }}{{ form.email() }}{{ form.secret() }}{{ form.born(birth=true) }}
{{ form.way(reveal={'post': form.address}) }}{{ form.areas(reveal={'b': form.clinic}) }}
{{ form.agreed() }}{{ form.school() }}
{{ form.proof() }}{{ form.letters() }}{{ form.save() }}
{% endcall %}
{% endblock %}""",
    "sample/search.html": """
{% extends "layout.html" %}
{% from "parts/forms.html" import page_form %}
{% block title %}Find a case{% endblock %}
{% block content %}
{% call page_form(form, search=true) %}{{ form.words() }}{{ form.go(name='', value='') }}{% endcall %}
{% if form.validate() %}<p class="govuk-body" data-as-recorded>{{ form.words.data or '' }}</p>{% endif %}
{% endblock %}""",
    "sample/parts.html": """
{% extends "layout.html" %}
{% from "parts/timeline.html" import timeline %}
{% from "parts/steps.html" import task_list, progress, next_steps %}
{% from "parts/rows.html" import definition_rows, reflow_table %}
{% from "parts/case.html" import case_summary %}
{% from "parts/lists.html" import filters, older_newer %}
{% set wide = true %}
{% set navigation_items = [{'text': 'Your cases', 'href': '/', 'current': true}, {'text': 'Help', 'href': '/help'}] %}
{% set languages = [{'code': 'en', 'name': 'English', 'current': true},
                    {'code': 'cy', 'name': 'Cymraeg', 'href': '/parts?lang=cy'}] %}
{% block title %}Your request{% endblock %}
{% block content %}
{{ case_summary({'reference': 'SAR-7K3M-92QX', 'state': 'We are working on it', 'colour': 'blue', 'turn': 'Ours',
   'due': '2 December 2026', 'iso': '2026-12-02', 'due_note': 'Moved by 4 days, because we asked you something.',
   'next': 'We read the record and take out what is about other people.'}) }}
{{ progress([{'title': 'Received', 'state': 'done'}, {'title': 'We are working on it', 'state': 'now'},
             {'title': 'Ready', 'state': 'later', 'text': 'We will tell you.'}]) }}
<h2 class="govuk-heading-m">To do</h2>
{{ task_list([{'title': 'Show who you are', 'href': '/a', 'status': 'Not started', 'colour': 'blue'},
              {'title': 'Read the record', 'status': 'Cannot start yet', 'hint': 'We are still collecting it.'}]) }}
{{ next_steps([{'title': 'Ask for proof', 'href': '/b'}, {'title': 'Release', 'reason': 'Nobody has approved it.'}]) }}
{{ filters('Show', [{'text': 'Mine', 'href': '?mine', 'current': true, 'count': 3},
                   {'text': 'Late', 'href': '?late'}]) }}
{{ definition_rows([{'key': 'Name', 'text': 'Ash Example', 'links': [{'href': '/c', 'text': 'Change'}]},
                    {'key': 'School', 'text': ''}]) }}
{{ reflow_table('Who looked', ['When', 'Who', 'Why'],
   [['1 November', 'A caseworker', 'To answer your request'], ['2 November', 'A manager', 'To check the answer']]) }}
{{ older_newer(older='?before=7', newer='?after=9') }}
<h2 class="govuk-heading-m">What happened</h2>
{{ timeline([{'title': 'We got your request', 'when': '1 November 2026', 'iso': '2026-11-01', 'by': 'you'},
             {'title': 'We asked you', 'when': '2 November 2026', 'text': 'Which school?'}], level=3) }}
{% endblock %}""",
}


class SampleForm(forms.VersionedForm):
    """Every kind of field."""

    name = forms.TextField("Child's full name", needed="Enter the child's name", hint="As on letters", longest=40)
    story = forms.LongTextField("What do you want to see?", longest=200)
    note = forms.LongTextField("Anything else?", counted=False)
    email = forms.EmailField("Your email", needed="Enter your email")
    secret = forms.PasswordField("Password", needed="Enter your password")
    born = forms.DateField(
        "Date of birth", needed="Enter the date of birth", hint="Like 27 3 2014", latest=lambda: TODAY
    )
    way = forms.RadiosField(
        "How may we reach you?",
        choices=[("email", "By email"), ("post", "By post")],
        hints={"post": "In a plain envelope"},
        needed="Choose how we may reach you",
    )
    address = forms.TextField("Address")
    clinic = forms.TextField("Which clinic?")
    areas = forms.CheckboxesField("Which parts?", choices=[("a", "School"), ("b", "Health")], needed="Choose a part")
    agreed = forms.CheckboxField("What I said is true", needed="Tick the box if it is true")
    school = forms.SelectField("School", choices=[("", "Choose one"), ("x", "Hill School")], needed="Choose a school")
    proof = forms.UploadField("Proof of who you are", accept=".pdf,.png", needed="Choose a file")
    letters = forms.UploadsField("Letters", most=2)
    save = forms.SubmitField("Continue")


class Search(forms.SearchForm):
    """A form that only looks."""

    words = forms.TextField("Reference")
    go = forms.SubmitField("Search")


def settings(**changes: Any) -> Any:
    """The settings that the shell reads."""
    told = {
        "service_name": "Children's records",
        "authority_name": "Example Council",
        "authority_phone": "07700 900123",
        "authority_email": "records@example.org",
        "quick_exit_url": "https://weather.example.org/",
        "demo": True,
    }
    return SimpleNamespace(**{**told, **changes})


def make_app(**changes: Any) -> Flask:
    """The sample app; `changes` are settings."""
    app = Flask("sample", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "portal" / "static"))
    app.config.update(SECRET_KEY="only for this sample", MAX_CONTENT_LENGTH=2_000_000)
    Babel(app)
    shell.init_app(app, settings(**changes))
    forms.init_app(app)
    errors.init_app(app)
    security_headers.init_app(app)
    loader: Any = app.jinja_env.loader
    loader.loaders.append(DictLoader(PAGES))
    _form_routes(app)
    _other_routes(app)
    return app


def _form_routes(app: Flask) -> None:
    @app.route("/form", methods=["GET", "POST"])
    def form() -> ResponseReturnValue:
        filled = SampleForm(data={"version": 3})
        if filled.validate_on_submit():
            app.config["ACCEPTED"] = filled.data
            flash("Your answers are saved", "success")
            flash("We will write to you")
            return redirect("/parts", 303)
        return render_template("sample/form.html", form=filled), filled.status

    @app.get("/search")
    def search() -> str:
        return render_template("sample/search.html", form=Search())


def _other_routes(app: Flask) -> None:
    for door in ("caseworker", "source"):
        blueprint = Blueprint(door, __name__, url_prefix=f"/{door}")
        blueprint.add_url_rule("/", "parts", lambda: render_template("sample/parts.html"))
        app.register_blueprint(blueprint)

    @app.get("/parts")
    def parts() -> str:
        return render_template("sample/parts.html")

    @app.get("/fails/<int:status>")
    def fails(status: int) -> str:
        abort(status)

    @app.get("/refuses/<kind>")
    def refuses(kind: str) -> str:
        raise getattr(errors, kind)("Because the sample says so.")

    @app.get("/crashes")
    def crashes() -> str:
        raise ZeroDivisionError

    @app.get("/file")
    def file() -> ResponseReturnValue:
        sent = send_file(ROOT / "LICENSE", mimetype="text/html")
        return security_headers.as_download(sent, request.args.get("name", "document.pdf"))
