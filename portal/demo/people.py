"""Who can sign in to the demo, with passwords and app keys that everybody may know."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlmodel import Session

from portal import db
from portal.cases.actors import Actor
from portal.people import factors, staff
from portal.people.models import Staff, Team
from portal.people.seat_models import Seat
from workflows.table import Role

PASSWORD = "everyone here is invented"  # noqa: S105 of the demo alone; it is printed when the demo starts
TEAMS = ("Records team", "Youth justice team")
FILE = "sign-ins.json"


@dataclass(frozen=True)
class Member:
    """Somebody who works for the invented authority."""

    name: str
    email: str
    role: str
    team: str = TEAMS[0]


SORREL = Member("Sorrel Marsh", "sorrel.marsh@example.org", "caseworker")
DEVAN = Member("Devan Ruddock", "devan.ruddock@example.org", "caseworker")
INES = Member("Ines Moor", "ines.moor@example.org", "approver")
HESTER = Member("Hester Quine", "hester.quine@example.org", "approver")
CLEMENT = Member("Clement Adeyo", "clement.adeyo@example.org", "caseworker", TEAMS[1])
STAFF = (
    SORREL,
    DEVAN,
    INES,
    HESTER,
    CLEMENT,
    Member("Rosalind Pyke", "rosalind.pyke@example.org", "approver", TEAMS[1]),
    Member("Audrey Lintott", "audrey.lintott@example.org", "auditor"),
    Member("Max Ferris", "max.ferris@example.org", "administrator"),
)


_OTHERS = {
    "administrator": "administrator: seats, teams, roles, bodies; no case",
    "auditor": "auditor; their pages come later",
}


@dataclass(frozen=True)
class SignIn:
    """One way in: `door` is family or staff; `secret` makes the codes; `told` says what there is to see."""

    door: str
    name: str
    email: str
    secret: str
    told: str
    reference: str = ""


@dataclass(frozen=True)
class Paper:
    """What somebody holds in their hand: number and words to be typed at `where`, and with some a sheet of codes."""

    name: str
    told: str
    where: str
    number: str
    words: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What `portal demo` prints, kept beside the data: invented people alone."""

    made_on: str
    password: str
    sign_ins: tuple[SignIn, ...]
    not_asked_for: str  # a child nobody has asked about yet
    papers: tuple[Paper, ...]

    def write(self, folder: Path) -> None:
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Told:
        """Raises OSError or ValueError when the demo's data was never finished."""
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        papers = tuple(Paper(**{**one, "codes": tuple(one["codes"])}) for one in told["papers"])
        return cls(**{**told, "sign_ins": tuple(SignIn(**one) for one in told["sign_ins"]), "papers": papers})


def app_secret(email: str) -> str:
    """The key of somebody's app, the same each time."""
    return base64.b32encode(hashlib.sha256(f"portal demo: {email}".encode()).digest()[:20]).decode()


def enter_staff(session: Session, pepper: bytes) -> dict[Member, Actor]:
    """Teams and accounts, each with an app; answers as whom those act who take steps of a case."""
    teams = {}
    for name in TEAMS:  # a request goes to the first team
        teams[name] = Team(name=name)
        session.add(teams[name])
        session.flush()
    accounts = {member: _enter(session, member, teams[member.team], pepper) for member in STAFF}
    _give_seats(session, list(accounts.values()))
    return {
        member: Actor("staff", account.id, Role(member.role), team_id=account.team_id)
        for member, account in accounts.items()
        if member.role in set(Role)
    }


def _enter(session: Session, member: Member, team: Team, pepper: bytes) -> Staff:
    told = {"name": member.name, "email": member.email, "role": member.role}
    account = staff.create(session, password=PASSWORD, pepper=pepper, team_id=team.id, **told)
    factors.add_app(session, "staff", account.id, app_secret(member.email), used_step=0, now=db.now())
    return account


def _give_seats(session: Session, accounts: list[Staff]) -> None:
    """The administrator answers for every seat but their own, for which an approver does; each lasts most of a year."""
    boss = next(one for one in accounts if one.role == "administrator")
    other = next(one for one in accounts if one.role == "approver")
    for account in accounts:
        seat = session.get_one(Seat, account.id)
        seat.owner_id = other.id if account is boss else boss.id
        seat.ends_on = db.now().date() + datetime.timedelta(days=300)
        seat.came_in_at = seat.opened_at
    session.flush()


def staff_sign_ins() -> tuple[SignIn, ...]:
    return tuple(SignIn("staff", one.name, one.email, app_secret(one.email), _told(one)) for one in STAFF)


def _told(member: Member) -> str:
    return f"{member.role}, {member.team}" if member.role in set(Role) else _OTHERS[member.role]
