"""Pages anybody may read: help and support, accessibility, cookies."""

from __future__ import annotations

from flask import render_template

from portal import gate
from portal.gate import page
from portal.people import sessions
from portal.requester import blueprint

ANYONE = ("visitor", "watched")


@page(blueprint, "/help", who=("visitor",), why="say where to get help, and how to complain")
def help_page() -> str:
    return render_template("requester/help/help.html")


@page(blueprint, "/accessibility", who=ANYONE, why="say how the pages can be used, and whom to tell of faults")
def accessibility() -> str:
    return render_template("requester/help/accessibility.html")


@page(blueprint, "/cookies", who=ANYONE, why="say what this website keeps in the browser")
def cookies() -> str:
    idle = int(sessions.LIMITS["family"].idle.total_seconds() // 60)
    return render_template("requester/help/cookies.html", idle=idle, secure=gate.runtime().settings.secure_cookies)
