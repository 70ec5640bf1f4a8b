"""What every page stands in: the components' macros and the few facts that the layout asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, current_app, request
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

if TYPE_CHECKING:
    from portal.settings import Settings

# Blueprint -> whose door it is: whose sessions open it (`portal.gate`), and the head of its pages. What has no door is
# a family's page, so that the quick exit is there too when a family mistypes an address.
DOORS = {"requester": "family", "caseworker": "staff", "source": "source", "oversight": "staff"}


def init_app(app: Flask, settings: Settings) -> None:
    """Lets the templates of `app` use the govuk macros, `settings` and `door()`."""
    components = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    app.jinja_env.loader = ChoiceLoader([app.create_global_jinja_loader(), components])
    app.jinja_env.globals.update(asset=asset, door=door, settings=settings)


def door() -> str:
    """`family`, `staff` or `source`: whose page is being shown."""
    return DOORS.get((request.blueprint or "").split(".")[0], "family")


def asset(name: str) -> str:
    """Address of one of our own styles and scripts.

    Not through `url_for`: the page that refuses a forged Host has no map of addresses, and must not fail for that."""
    return f"{request.script_root}{current_app.static_url_path}/{name}"
