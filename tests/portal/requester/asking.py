"""How tests walk the journey: answers of an invented family, page after page."""

from __future__ import annotations

from typing import Any

from tests.judge import JudgingClient, Page

BORN = {"birth_date-day": "27", "birth_date-month": "3", "birth_date-year": "2014"}
CHILD = {
    "about": {"about": "child"},
    "name": {"names": "Ash Vale", "former_names": "Ash Rowan", **BORN},
    "find": {"address": "1 Mill Lane", "school": "Hill School", "identifiers": ""},
    "right": {"footing": "mother", "more": ""},
    "you": {"name": "Robin Vale"},
    "reach": {
        "ways": ["email", "post"],
        "email": "robin.vale@example.org",
        "address": "1 Mill Lane",
        "notes": "No voicemail",
    },
    "wanted": {"scope": "everything"},
    "words": {"words": "Mostly the years at Hill School"},
    "format": {"format": "portal", "needs": ""},
    "second-step": {"way": "sheet"},
}
BY_TELEPHONE = {
    "telephone": {"hours": ["evening"], "may_say": "nothing", "leave_message": "no"},
    "caller-word": {"word": "Blue teapot"},
}
SELF = {**CHILD, "about": {"about": "me"}, "name": {**CHILD["name"], "names": "Robin Vale"}}


def name_of(page: Page) -> str:
    """Which question a page asks."""
    return page.path.split("?")[0].rpartition("/")[2]


def begin(client: JudgingClient) -> Page:
    client.get("/")
    return client.get("/ask/about")


def go_on(client: JudgingClient, page: Page, answers: dict[str, dict[str, Any]], *, until: str = "check") -> Page:
    """Answers question after question until a page called `until` is reached."""
    while name_of(page) != until:
        name = name_of(page)
        if name == "files":
            page = client.follow(client.submit(page, form="/ask/files/done"))
        elif name == "children":
            page = client.follow(client.submit(page, {"another": "no"}, form="/ask/children"))
        else:
            page = client.follow(client.submit(page, answers[name]))
    return page


def send(client: JudgingClient, answers: dict[str, dict[str, Any]] | None = None) -> Page:
    """A whole request; answers with the page that gives the references."""
    page = go_on(client, begin(client), answers or CHILD)
    return client.follow(client.submit(page))
