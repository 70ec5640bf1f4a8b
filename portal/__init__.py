"""The portal: Flask, the database and the doors. The law itself is in `workflows/`, which knows none of them."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.runtime import Runtime
from portal.settings import ROOT, Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The web application of one installation; a table of contents. Raises SettingsError when it may not start."""
    # Imported here: a command that needs one table must not load every page with it.
    from portal import (  # noqa: PLC0415
        caseworker,
        errors,
        forms,
        gate,
        requester,
        security_headers,
        shell,
        source,
        wiring,
    )

    settings = settings or Settings.load()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), instance_path=str(settings.instance))
    app.extensions["portal"] = Runtime.open(settings)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    wiring.connect_packages()
    security_headers.init_app(app)
    gate.init_app(app, settings)
    forms.init_app(app)
    errors.init_app(app)
    shell.init_app(app, settings)
    Babel(app, default_locale="en", default_timezone="Europe/London")
    for door in (requester, caseworker, source):
        app.register_blueprint(door.blueprint)
    if settings.demo:
        from portal import demo_pages  # noqa: PLC0415

        app.register_blueprint(demo_pages.blueprint)
    return app
