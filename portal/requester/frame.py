"""What stands around every page of the family's door: the menu, and links in the foot."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _

from portal import gate
from portal.requester import blueprint


@blueprint.context_processor
def around() -> dict[str, object]:
    """Menu and foot of the page that is shown."""
    signed_in = gate.reader().id is not None
    menu = [("start", _("Ask for a record"))]
    menu += [("cases", _("My requests")), ("my", _("My page"))] if signed_in else [("ask_for_link", _("Sign in"))]
    help_pages = [
        ("help_page", _("Help and support")),
        ("accessibility", _("Accessibility")),
        ("cookies", _("Cookies")),
    ]
    if "family+2" in gate.reader().roles and gate.runtime().settings.family_openid_issuer:
        help_pages.append(("openid_join", _("Another way to sign in")))
    return {
        "home_url": url_for("requester.cases") if signed_in else url_for("requester.start"),
        "navigation_items": [_link(name, text) for name, text in menu],
        "footer_links": [_link(name, text) for name, text in help_pages],
    }


def _link(name: str, text: str) -> dict[str, object]:
    endpoint = f"requester.{name}"
    return {"text": text, "href": url_for(endpoint), "current": request.endpoint == endpoint}
