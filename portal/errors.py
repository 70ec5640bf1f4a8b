"""What may go wrong, in words a person can act on, and the pages that say it.

Any package may raise a PortalError or define its own kind of it; the pages are made in one place, here.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, make_response, render_template
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException


class PortalError(Exception):
    """Something a person asked for cannot be done.

    `status` is the HTTP status of the page, `words` what the page says: why, and what to do now. A subclass sets
    both; whoever raises it may give words of their own. The words are shown: no personal data, no codes."""

    status: int = HTTPStatus.BAD_REQUEST
    words: str = ""

    def __init__(self, words: str = "", *, status: int | None = None) -> None:
        super().__init__(words or self.words)
        self.words = words or self.words
        self.status = status or self.status


class Refused(PortalError):
    """The reader is known and may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotThere(PortalError):
    """No such thing, or not for this reader: the two must not be told apart."""

    status = HTTPStatus.NOT_FOUND


class Conflict(PortalError):
    """Somebody else was quicker, or the thing has moved on."""

    status = HTTPStatus.CONFLICT


class TooLarge(PortalError):
    """More was sent than the limits of security.md section 7 allow."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TooOften(PortalError):
    """A limit on repeated tries was reached; `wait` is the number of seconds until the next may be made."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, words: str = "", *, wait: int = 600) -> None:
        super().__init__(words)
        self.wait = wait


class Unavailable(PortalError):
    """Something the portal needs does not answer now; trying again later may help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    wait = 120


# status -> heading, then what happened and what to do. One list, so that no two pages tell it differently.
PAGES = {
    400: (
        _l("We could not read what was sent"),
        (
            _l("Nothing has been saved or sent."),
            _l("Go back to the page before, check your answers and try again."),
        ),
    ),
    403: (
        _l("You cannot open this page"),
        (
            _l("You may need to sign in again, or this page is for someone else."),
            _l("If you think you should be able to see it, please tell us."),
        ),
    ),
    404: (
        _l("Page not found"),
        (
            _l("If you typed the web address, check it is right. If you copied it, check you copied all of it."),
            _l("A link in an email works once. If you have used it, sign in to get a new one."),
        ),
    ),
    405: (
        _l("This page cannot be opened that way"),
        (_l("Nothing has been saved or sent."), _l("Go back to the page before and use the button on it.")),
    ),
    409: (
        _l("Something has changed since you opened this page"),
        (
            _l("What you sent has not been saved, so nothing was lost or written over."),
            _l("Open the page again to see how it is now, then make your change again."),
        ),
    ),
    413: (
        _l("What you sent is too big"),
        (
            _l("Nothing has been saved."),
            _l("Send fewer files at a time, or make them smaller. You can also send them to us by post."),
        ),
    ),
    429: (
        _l("Too many tries"),
        (
            _l("To keep records safe, we stop for a while after many tries."),
            _l("Wait a few minutes, then try once more."),
        ),
    ),
    500: (
        _l("Sorry, something went wrong"),
        (
            _l("This is our fault, not yours. We have been told about it."),
            _l("Try again in a few minutes. Your answers may not have been saved."),
        ),
    ),
    503: (
        _l("Sorry, the service is not working now"),
        (_l("Try again in a few minutes."), _l("If it is urgent, please ring or write to us.")),
    ),
}
EXPIRED_FORM = _l(
    "The page was open for too long, or in more than one window, so we could not check it was you. "
    "Nothing has been saved or sent."
)


def init_app(app: Flask) -> None:
    """Registers the pages for every error of `app`."""
    app.register_error_handler(PortalError, _portal_error)
    app.register_error_handler(CSRFError, _expired_form)
    app.register_error_handler(HTTPException, _http_error)


def _portal_error(error: PortalError) -> Response:
    response = error_page(error.status, error.words)
    if isinstance(error, TooOften | Unavailable):
        response.headers["Retry-After"] = str(error.wait)
    return response


def _expired_form(_error: CSRFError) -> Response:
    return error_page(HTTPStatus.BAD_REQUEST, EXPIRED_FORM)


def _http_error(error: HTTPException) -> Response | HTTPException:
    """The page for an error of the web itself. Redirects pass; a 405 keeps saying what is allowed."""
    status = error.code
    if status is None or status < HTTPStatus.BAD_REQUEST:
        return error
    response = error_page(status)
    for name in ("Allow", "Retry-After", "Content-Range"):
        value = error.get_response().headers.get(name)
        if value:
            response.headers[name] = value
    return response


def error_page(status: int, words: str = "") -> Response:
    """The page for `status`; `words` takes the place of its first paragraph."""
    known = status if status in PAGES else 500 if status >= 500 else 400
    heading, (what, *then) = PAGES[known]
    page = render_template("errors/error.html", heading=heading, what=words or what, then=then, status=status)
    return make_response(page, status)
