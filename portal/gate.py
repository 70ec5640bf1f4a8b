"""The gate of the doors: every page says who may open it and what it shows, and nobody else gets in.

`page()` registers a view together with its row of the route matrix, so a page without a row cannot exist; before each
request the gate looks the row up and refuses whatever it does not find. The doors share this and nothing else.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, Response, current_app, g, redirect, request
from flask import session as form_session
from sqlmodel import Session
from werkzeug.exceptions import Forbidden, NotFound

from portal import audit, db, links, once, shell
from portal.audit import Act
from portal.cases.actors import Actor
from portal.errors import PortalError
from portal.people import devices, kept_forms, sessions
from portal.people.kept_forms import Kept
from portal.people.limits import Floods, Rule, limited, network_of
from portal.people.models import Staff
from portal.people.staff import strong_enough
from portal.runtime import Runtime
from portal.settings import Settings
from workflows.kinds import WORKFLOWS
from workflows.table import Role

# "watched" is a family's session beside which somebody stands: it opens what names it, and nothing else. "enrolling" is
# an approver, auditor or administrator who has shown an app's code only: they need a passkey.
ROLES = ("visitor", "family", "family+2", "watched", "enrolling", "caseworker", "approver", "auditor", "administrator")
# "link" is what was frozen for one body outside, behind its link and its code (portal.cases.corrections.outside), or a
# question to a child behind the words of their card (portal.cases.voice).
CLASSES = ("none", "link", "case", "core", "location", "sensitive")
RECORD = frozenset({"core", "location", "sensitive"})
STATES = ("", "searched_in", "attached_in", "detached_in", "opened_in")  # workflows.table.Workflow names them
SIGN_IN = {"family": "/sign-in", "staff": "/staff/sign-in", "source": "/source"}
GO_ON = {"family": "/go-on/", "staff": "/staff/go-on/"}
ENROL = "/staff/passkeys/first"
HOME = {"family": "/cases", "staff": "/staff/", "source": "/source"}
PUBLIC = frozenset({"static"})  # files that are the same for everybody; the only endpoints without a row
_RULE = re.compile(r"(/(<(uuid|int|string):[a-z_]+>|[a-z0-9]+(-[a-z0-9]+)*))*/?", re.ASCII)
TEXT_BYTES = 512 * 1024  # of a form without files, and of each text of a form with some
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

View = Callable[..., object]


@dataclass(frozen=True)
class Row:
    """One row of the route matrix."""

    endpoint: str
    rule: str
    methods: tuple[str, ...]
    who: tuple[str, ...]
    opens: tuple[str, ...]
    why: str
    step_up: bool
    keeps: bool = True
    states: str = ""

    def in_states(self) -> dict[str, tuple[str, ...]]:
        """In which states of each kind of case the page handles the record, as the workflow itself says; empty where
        no state matters."""
        if not self.states:
            return {}
        named = {kind: tuple(one.name for one in getattr(flow, self.states)) for kind, flow in WORKFLOWS.items()}
        return {kind: states for kind, states in named.items() if states}


MATRIX: dict[str, Row] = {}


@dataclass(frozen=True)
class Reader:
    """Who asks for a page. `session` is what the log keeps of the session's id."""

    door: str
    id: uuid.UUID | None = None
    role: str = "visitor"
    team_id: uuid.UUID | None = None
    session: str = ""
    has_second_factor: bool = False
    stepped_up: bool = False
    lacks_passkey: bool = False
    found: sessions.Found | None = None

    def __str__(self) -> str:
        return f"{self.door}:{self.id.hex}" if self.id else "visitor"

    @property
    def roles(self) -> frozenset[str]:
        """The rows of the matrix that let this reader in. Staff without their second factor are nobody yet."""
        if self.id is None or (self.door == "staff" and not self.has_second_factor):
            return frozenset({"visitor"})
        if self.found is not None and self.found.watched:
            return frozenset({"watched"})
        if self.door == "family":
            return frozenset({"visitor", "family", *(["family+2"] if self.has_second_factor else [])})
        if self.lacks_passkey:
            return frozenset({"visitor", "enrolling"})
        return frozenset({"visitor", self.role})


def page(
    blueprint: Blueprint,
    rule: str,
    *,
    who: tuple[str, ...],
    why: str,
    methods: tuple[str, ...] = ("GET",),
    opens: tuple[str, ...] = ("none",),
    step_up: bool = False,
    keeps: bool = True,
    states: str = "",
) -> Callable[[View], View]:
    """Registers a view with its row: `who` may open it, which classes of data it `opens`, and `why` it exists.

    `step_up` asks for a second factor shown within five minutes (security.md 6c); a form that comes later is kept,
    unless `keeps=False` says that secrets are typed there. `states` names the tuple of the workflow (`searched_in`,
    `opened_in` ...) outside which the page opens no record; staff's pages of the record have `opened_in` unless another
    is said. Raises ValueError for a row that could not be lawful, when the portal starts."""

    def register(view: View) -> View:
        row = Row(
            f"{blueprint.name}.{view.__name__}",
            rule,
            methods,
            who,
            opens,
            why,
            step_up,
            keeps,
            states or _usual(blueprint, rule, opens),
        )
        wrong = _wrong(row)
        if wrong:
            raise ValueError(f"{row.endpoint}: {wrong}")
        MATRIX[row.endpoint] = row
        blueprint.add_url_rule(rule, view.__name__, view, methods=list(methods))  # type: ignore[arg-type]
        return view

    return register


def _usual(blueprint: Blueprint, rule: str, opens: tuple[str, ...]) -> str:
    """Families read what was released, and bodies what was frozen for them: no state opens a record to those."""
    of_a_case = shell.DOORS.get(blueprint.name) == "staff" and "<string:reference>" in rule
    return "opened_in" if of_a_case and RECORD & set(opens) else ""


def _wrong(row: Row) -> str:
    record = RECORD & set(row.opens)
    if not set(row.who) <= set(ROLES) or not row.who or not set(row.opens) <= set(CLASSES) or not row.why:
        return "the row names an unknown role or class, or says nothing"
    if row.states not in STATES:
        return "the row names states that no workflow has"
    if not _RULE.fullmatch(row.rule):
        return "paths are kebab-case and parameters typed"
    if record and {"visitor", "family", "watched", "enrolling", "administrator"} & set(row.who):
        return "record data needs a second factor, and an administrator sees none"
    if "case" in row.opens and {"visitor", "enrolling", "administrator"} & set(row.who):
        return "a case is not for visitors or administrators"
    return ""


def init_app(app: Flask, settings: Settings) -> None:
    """Puts the gate before every request of `app`; call after everything that must run earlier is registered."""
    app.config.update(configuration(settings))
    app.extensions["portal_floods"] = Floods()
    app.before_request(_unlock)
    app.before_request(_enter)
    app.after_request(_forget_kept)
    app.teardown_request(_lock)
    app.context_processor(_for_layout)


def configuration(settings: Settings) -> dict[str, object]:
    """What Flask must know to be safe: cookies, trusted hosts, sizes."""
    hosts = {urlsplit(url).hostname or "" for url in (settings.family_url, settings.staff_url)}
    return {
        "SECRET_KEY": links.derived_key(settings, "form-session").hex(),
        "SESSION_COOKIE_NAME": _cookie_name(settings, "form"),
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "TRUSTED_HOSTS": sorted(hosts),
        "MAX_CONTENT_LENGTH": 55 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": TEXT_BYTES,
        "MAX_FORM_PARTS": 1000,
    }


def runtime() -> Runtime:
    return current_app.extensions["portal"]


def reader() -> Reader:
    """Who asks for this page."""
    found = g.get("reader")
    return found if isinstance(found, Reader) else Reader(shell.door())


def actor() -> Actor:
    """The reader as the workflow knows them."""
    who = reader()
    if who.door == "staff" and who.role not in set(Role):
        raise Forbidden  # auditors and administrators take no step of a case
    role = Role.REQUESTER if who.door == "family" else Role(who.role)
    return Actor(who.door if who.id else "visitor", who.id, role, who.team_id, who.session)


def act(name: str, **said: object) -> Act:
    """A row of the log about the reader's own account; about a visitor when nobody is signed in."""
    who = reader()
    chain = audit.account_chain(who.door, who.id) if who.id else audit.visitor_chain()
    return Act(chain=chain, act=name, actor=str(who), role=who.role, session=who.session, **said)  # type: ignore[arg-type]


def browser_hash() -> bytes:
    """SHA-256 of a random value that this browser keeps; links and drafts are bound to it."""
    if "browser" not in form_session:
        form_session["browser"] = secrets.token_urlsafe(32)
    return hashlib.sha256(str(form_session["browser"]).encode()).digest()


def perform(form_key: str | None, do: Callable[[Session], str]) -> Response:
    """Runs one action of a form that creates something: one write transaction, once per form key.

    `do` gets the session and answers with the address of the result. A second submission, even at the same moment,
    is sent to the first one's result (303)."""
    if not form_key:
        raise PortalError
    who = reader()
    holder = str(who) if who.id else browser_hash().hex()
    database = runtime().database
    try:
        with database.write() as session:
            outcome = once.first_outcome(session, holder, form_key) or _first(session, holder, form_key, do)
    except _Second:
        with database.write() as session:
            outcome = once.first_outcome(session, holder, form_key) or HOME[shell.door()]
    return see_other(outcome)


class _Second(Exception):
    """Another submission of the same form was first; what this one did is rolled back."""


def _first(session: Session, holder: str, form_key: str, do: Callable[[Session], str]) -> str:
    outcome = do(session)
    if not once.remember(session, holder, form_key, outcome):
        raise _Second
    return outcome


def see_other(target: str) -> Response:
    return redirect(target, HTTPStatus.SEE_OTHER)  # type: ignore[return-value]


def hold_back_floods(rule: Rule) -> None:
    """Counts this request for its network; raises Limited when one network sends too many."""
    now = db.now()
    floods: Floods = current_app.extensions["portal_floods"]
    if not floods.within(rule, network(), now=now):
        raise limited(rule, now=now)


def network() -> str:
    """The network this request came from, as limits count it."""
    return network_of(request.remote_addr or "")


def device() -> str:
    """What kind of machine asks, as a session's row keeps it."""
    return devices.kind_of(request.user_agent.string)


def let_in(response: Response, cookie: str) -> Response:
    """Gives the browser the id of its session. The form's own session begins anew: its CSRF token was the visitor's."""
    kept = form_session.get("browser")
    flashes = form_session.get("_flashes")
    form_session.clear()
    form_session.update({k: v for k, v in {"browser": kept, "_flashes": flashes}.items() if v})
    give_cookie(response, shell.door(), cookie)
    return response


def give_cookie(response: Response, what: str, value: str, *, lasts: datetime.timedelta | None = None) -> None:
    """Sets a cookie of ours; it goes when the browser closes, unless it is said how long it `lasts`."""
    settings = runtime().settings
    response.set_cookie(
        _cookie_name(settings, what),
        value,
        max_age=lasts,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="Strict" if shell.door() == "staff" else "Lax",
        path="/",
    )


def cookie(what: str) -> str | None:
    """What the browser sent as our cookie of this name."""
    return request.cookies.get(_cookie_name(runtime().settings, what))


def let_out(response: Response) -> Response:
    """Takes everything away that this browser holds of us (security.md 6a). At the staff's door one cookie stays: that
    an account has signed in here before, which opens nothing (portal.people.known_browsers)."""
    settings, door = runtime().settings, shell.door()
    form_session.clear()
    response.delete_cookie(_cookie_name(settings, door), path="/", secure=settings.secure_cookies, httponly=True)
    kinds = ("cache", "storage") if door == "staff" else ("cache", "cookies", "storage")
    response.headers["Clear-Site-Data"] = ", ".join(f'"{kind}"' for kind in kinds)
    return response


def _unlock() -> None:
    g.vault_open = runtime().vault.unlocked()
    g.vault_open.__enter__()


def _lock(_fault: BaseException | None) -> None:
    opened = g.pop("vault_open", None)
    if opened is not None:
        opened.__exit__(None, None, None)


def _enter() -> Response | None:
    """Lets the reader in, sends them to sign in, or refuses. What has no row is refused."""
    _refuse_forged_requests()
    if request.mimetype != "multipart/form-data":  # MAX_FORM_MEMORY_SIZE does not bind other forms (security.md 6d)
        request.max_content_length = TEXT_BYTES
    if request.endpoint is None or request.endpoint in PUBLIC:
        return None  # no such page, or a method it does not have: the router says so
    row = MATRIX.get(request.endpoint)
    if row is None:
        raise NotFound
    _refuse_the_other_host()
    g.reader = who = _find_reader()
    if not who.roles & set(row.who):
        return _turned_away(row, who)
    if row.step_up and not who.stepped_up:
        return _to_second_factor(who.door, _kept(who))
    return None


def _refuse_forged_requests() -> None:
    """What another site makes a browser send is refused, except that a link may lead here."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    followed = request.method in _SAFE and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if site not in {"same-origin", "none"} and not followed:
        raise Forbidden


def _refuse_the_other_host() -> None:
    settings, door = runtime().settings, shell.door()
    if settings.one_host:
        return
    own = settings.staff_url if door == "staff" else settings.family_url
    if request.host != _host(own):
        raise NotFound


def _host(url: str) -> str:
    parts = urlsplit(url)
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc.removesuffix(default)


def _find_reader() -> Reader:
    door, now = shell.door(), db.now()
    cookie = request.cookies.get(_cookie_name(runtime().settings, door))
    if door not in sessions.LIMITS or not cookie:
        return Reader(door)
    with runtime().database.read() as session:
        found = sessions.find(session, door, cookie, now=now)
        staff = session.get(Staff, found.holder_id) if found and door == "staff" else None
    if found is None or (door == "staff" and _is_closed(staff, now)):
        return Reader(door)
    if now - found.seen_at >= sessions.MINUTE:
        with runtime().database.write() as session:
            sessions.seen(session, found, now=now)
    return Reader(
        door,
        found.holder_id,
        staff.role if staff else "family",
        staff.team_id if staff else None,
        found.prefix,
        found.second_factor_at is not None,
        found.stepped_up(now),
        staff is not None and _lacks_passkey(staff, found),
        found,
    )


def _is_closed(staff: Staff | None, now: datetime.datetime) -> bool:
    """A seat that closes may finish what it does while its work moves: less than a minute (portal.people.closing)."""
    return staff is None or (staff.disabled_at is not None and staff.disabled_at <= now)


def _lacks_passkey(staff: Staff, found: sessions.Found) -> bool:
    """Whether this session was begun with less than the role needs. The demo is played without a passkey."""
    return not runtime().settings.demo and not strong_enough(staff.role, found.factor_kind)


def _turned_away(row: Row, who: Reader) -> Response:
    if who.id is None:
        return see_other(SIGN_IN[who.door] + _then())
    if who.found is not None and who.found.watched:  # as if there were nothing more: a refusal would be seen
        return see_other(HOME[who.door])
    if (who.door == "family" and "family+2" in row.who) or (who.door == "staff" and not who.has_second_factor):
        return _to_second_factor(who.door)
    if who.lacks_passkey:
        return see_other(ENROL)
    with runtime().database.write() as session:
        audit.append(session, act("page", outcome="denied", detail={"page": row.endpoint}))
    raise Forbidden


def _to_second_factor(door: str, then: str = "") -> Response:
    return see_other(SIGN_IN[door] + "/code" + (then or _then()))


def ask_again() -> Response | None:
    """For a page of which only some uses need a fresh second factor: where to show it, or None when it is fresh."""
    who = reader()
    return None if who.stepped_up else _to_second_factor(who.door, _kept(who))


def _kept(who: Reader) -> str:
    """A form that comes too late is not lost: after the second factor its sender finds it on a page of its own."""
    keeps = MATRIX[str(request.endpoint)].keeps  # not where secrets are typed
    if request.method != "POST" or who.id is None or not who.has_second_factor or not keeps:
        return ""
    sent = Kept(request.full_path.rstrip("?"), list(request.form.items(multi=True)), bool(request.files))
    with runtime().database.write() as session:
        kept_id = kept_forms.keep(session, who.door, who.id, sent, now=db.now())
    return f"?{urlencode({'next': GO_ON[who.door] + str(kept_id)})}"


def _forget_kept(response: Response) -> Response:
    """What was typed is kept no longer than until it went through."""
    who: Reader | None = g.get("reader")
    done = request.method == "POST" and response.status_code == HTTPStatus.SEE_OTHER and who and who.stepped_up
    named = request.form.get(kept_forms.FIELD, "") if done else ""
    if who and who.id and re.fullmatch("[0-9a-f]{32}", named):
        with runtime().database.write() as session:
            kept_forms.forget(session, who.door, who.id, uuid.UUID(named))
    return response


def _then() -> str:
    """The page to come back to, where it can be opened with a link."""
    if request.method != "GET":
        return ""
    target = links.safe_next(request.full_path.rstrip("?"))
    return f"?{urlencode({'next': target})}" if target else ""


def _cookie_name(settings: Settings, what: str) -> str:
    return f"__Host-{what}" if settings.secure_cookies else what


def home(door: str, role: str) -> str:
    """Where a reader begins. Administrators and auditors have no work list of cases (design section 1)."""
    return {"administrator": "/staff/bodies", "auditor": "/staff/grants"}.get(role, HOME[door])


def _for_layout() -> dict[str, object]:
    who = reader()
    if not who.roles - {"visitor"}:
        return {}
    sign_out = SIGN_IN[who.door].removesuffix("sign-in") + "sign-out"
    return {"home_url": home(who.door, who.role), "sign_out_url": sign_out, "reader": who}


__all__ = [
    "CLASSES",
    "HOME",
    "MATRIX",
    "PUBLIC",
    "ROLES",
    "Reader",
    "Row",
    "act",
    "actor",
    "ask_again",
    "browser_hash",
    "configuration",
    "cookie",
    "device",
    "give_cookie",
    "hold_back_floods",
    "init_app",
    "let_in",
    "let_out",
    "network",
    "page",
    "perform",
    "reader",
    "runtime",
    "see_other",
]
