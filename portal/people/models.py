"""Tables of people: requesters, staff, teams, and how they come in."""

import datetime
import uuid

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import PERSON, REGISTER, SIGN_IN, STAFF, processed
from portal.vault import Owner

DOORS = ("family", "staff")
_HELD = text("state = 'held'")
STILL_OPEN = text("state IN ('waiting', 'held')")  # of messages; queries use this very text, or the index is not used
_WATCHED = text("watched_at IS NOT NULL")
FACTOR_KINDS = ("totp", "code_sheet", "passkey", "phone", "call_back")
STAFF_ROLES = ("caseworker", "approver", "auditor", "administrator")
DEVICES = ("phone", "tablet", "computer", "unknown")


@processed(REGISTER)
class Team(SQLModel, table=True):
    """A team that cases belong to."""

    __tablename__ = "team"

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    name: str = column("the team's name; kept while the installation lives", unique=True)


@processed(STAFF)
class Staff(SQLModel, table=True):
    """A person who works for the controller. One account, one person: never shared."""

    __tablename__ = "staff"

    id: uuid.UUID = column("random, time-ordered; stands in the log", default_factory=new_id, primary_key=True)
    version: int = column("grows with each edit, so that no edit is lost", default=1)
    sealed: bytes = column("name and work e-mail, sealed under the system's key; kept with the log")
    email_blind: bytes = column("blind index of the work e-mail, to sign in", unique=True)
    password_hash: str = column("Argon2id of the password")
    role: str = column("what the person may do", sa_type=choice(*STAFF_ROLES, name="staff_role"))
    team_id: uuid.UUID | None = column("team whose cases they see", default=None, foreign_key="team.id", index=True)
    disabled_at: datetime.datetime | None = column(
        "from when the account is closed: nobody signs in or is given a case once it is set", default=None
    )
    last_sign_in_at: datetime.datetime | None = column("shown to them at the next sign-in", default=None)

    def vault_owner(self) -> Owner:
        return Owner.system()

    def vault_row(self) -> str:
        return f"staff:{self.id.hex}"


@processed(PERSON)
class Person(SQLModel, table=True):
    """A requester: who asks, and how they can safely be reached. An account is a person, never a household."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_watched", "id", sqlite_where=_WATCHED, postgresql_where=_WATCHED),)

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each edit", default=1)
    sealed: bytes = column("name, contact points, safe-contact wishes; person's key; kept as long as their cases")
    email_blind: bytes | None = column("blind index of the e-mail address, to sign in", default=None, index=True)
    language: str = column("language of letters and mails", default="en")
    created_at: datetime.datetime = column("when they first wrote to us")
    watched_at: datetime.datetime | None = column(
        "when they told us that somebody was watching them; empty once a caseworker has seen to it", default=None
    )
    recovered_at: datetime.datetime | None = column(
        "when staff last replaced a lost second factor: copies wait three days", default=None
    )

    def vault_owner(self) -> Owner:
        return Owner.person(self.id)

    def vault_row(self) -> str:
        return f"person:{self.id.hex}"


@processed(SIGN_IN)
class Factor(SQLModel, table=True):
    """A second factor of a person or a member of staff."""

    __tablename__ = "factor"

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    door: str = column("whose factor: family or staff", sa_type=choice(*DOORS, name="factor_door"))
    holder_id: uuid.UUID = column("the person or member of staff", index=True)
    kind: str = column(
        "app, printed sheet, passkey, telephone, or a call back", sa_type=choice(*FACTOR_KINDS, name="factor_kind")
    )
    sealed: bytes = column("app's secret, or passkey's public key and name, sealed; destroyed when the factor ends")
    last_counter: int = column("last time step or signature count used: a code opens once", default=0)
    credential_blind: bytes | None = column(
        "blind index of a passkey's id, to find it; emptied when it ends", default=None, unique=True
    )
    used_at: datetime.datetime | None = column("when a passkey was last used, for its holder to see", default=None)
    made_at: datetime.datetime = column("when it was made")
    confirmed_at: datetime.datetime | None = column("when it first worked, or was handed over", default=None)
    ended_at: datetime.datetime | None = column("when it stopped counting", default=None)

    def vault_owner(self) -> Owner:
        return Owner.person(self.holder_id) if self.door == "family" else Owner.system()

    def vault_row(self) -> str:
        return f"factor:{self.id.hex}"


@processed(SIGN_IN)
class SheetCode(SQLModel, table=True):
    """One numbered code of a printed sheet; each opens once."""

    __tablename__ = "sheet_code"

    factor_id: uuid.UUID = column("the sheet", primary_key=True, foreign_key="factor.id")
    number: int = column("number printed beside the code", primary_key=True)
    code_hash: str = column("slow hash of the code")
    used_at: datetime.datetime | None = column("when it was used", default=None)


@processed(SIGN_IN)
class SignInToken(SQLModel, table=True):
    """A link sent by mail: random, single use, bound to the browser that asked (security.md 6d)."""

    __tablename__ = "sign_in_token"

    token_hash: bytes = column("SHA-256 of the random token", primary_key=True)
    purpose: str = column("what it is for", sa_type=choice("sign_in", "resume_draft", name="token_purpose"))
    holder_id: uuid.UUID = column("person or draft it is for", index=True)
    browser_hash: bytes = column("SHA-256 of the asking browser's cookie", index=True)
    made_at: datetime.datetime = column("when it was asked for")
    expires_at: datetime.datetime = column("from when it is dead; rows are deleted after a day")
    used_at: datetime.datetime | None = column("when it was used: once", default=None)


@processed(SIGN_IN)
class SignInSession(SQLModel, table=True):
    """A signed-in session. Ending it deletes the row, so a copied cookie opens nothing."""

    __tablename__ = "sign_in_session"

    id_hash: bytes = column("SHA-256 of the random id in the cookie", primary_key=True)
    door: str = column("family or staff", sa_type=choice(*DOORS, name="session_door"))
    holder_id: uuid.UUID = column("the person or member of staff", index=True)
    second_factor_at: datetime.datetime | None = column("when the second factor was last shown", default=None)
    made_at: datetime.datetime = column("when the session began: absolute limit")
    seen_at: datetime.datetime = column("last seen, at most one write a minute: idle limit")
    watched: bool = column("somebody is watching: the session shows state and dates alone", default=False)
    factor_kind: str | None = column(
        "which second factor was last shown: some acts need a passkey", default=None, max_length=40
    )
    device: str = column(
        "what kind of machine, for its holder to recognise; no more of the browser is kept",
        default="unknown",
        sa_type=choice(*DEVICES, name="session_device"),
    )


@processed(SIGN_IN)
class PasskeyChallenge(SQLModel, table=True):
    """What a browser's passkey has to sign next: made by the portal, for one session, once, for a few minutes."""

    __tablename__ = "passkey_challenge"

    bound_to: bytes = column("hash of the session, or of the browser that writes a request", primary_key=True)
    purpose: str = column(
        "enrol a passkey, or show one", primary_key=True, sa_type=choice("enrol", "show", name="challenge_purpose")
    )
    challenge: bytes = column("random bytes to sign; the row is deleted when they are used")
    expires_at: datetime.datetime = column("from when it is dead; rows are deleted after a day")


@processed(SIGN_IN)
class Limit(SQLModel, table=True):
    """Counts tries per account, address or network in a window of time."""

    __tablename__ = "limit_count"

    bucket: bytes = column("blind name of what is limited", primary_key=True)
    window: int = column("minute since 1970 in which the window of time began", primary_key=True)
    count: int = column("tries in the window; rows are deleted after a day")


@processed(PERSON)
class OutboxMessage(SQLModel, table=True):
    """A message waiting to go out. It holds ids and a template: address, safety check and words come at sending."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_held", "id", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_outbox_open_person", "person_id", sqlite_where=STILL_OPEN, postgresql_where=STILL_OPEN),
        Index("ix_outbox_open_staff", "staff_id", sqlite_where=STILL_OPEN, postgresql_where=STILL_OPEN),
    )

    id: uuid.UUID = column("random, time-ordered; makes the Message-ID", default_factory=new_id, primary_key=True)
    key: str = column("the same message asked for twice is one message", unique=True)
    template: str = column("which message")
    language: str = column("language of the message", default="en")
    person_id: uuid.UUID | None = column("whom it is for; empty for a draft's link", default=None)
    staff_id: uuid.UUID | None = column("the member of staff it is for, at their work e-mail", default=None)
    case_id: uuid.UUID | None = column("the case it concerns", default=None, index=True)
    token_sealed: bytes | None = column("the link's random token, sealed; emptied once sent", default=None)
    state: str = column(
        "waiting, sent, held for a person, or void",
        default="waiting",
        sa_type=choice("waiting", "sent", "held", "void", name="outbox_state"),
    )
    made_at: datetime.datetime = column("when it was asked for")
    sent_at: datetime.datetime | None = column("when it left; rows follow their case", default=None)


__all__ = [
    "DEVICES",
    "DOORS",
    "FACTOR_KINDS",
    "STAFF_ROLES",
    "Factor",
    "Limit",
    "OutboxMessage",
    "PasskeyChallenge",
    "Person",
    "SheetCode",
    "SignInSession",
    "SignInToken",
    "Staff",
    "Team",
]
