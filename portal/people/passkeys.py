"""Passkeys and security keys as second factor (security.md 6a, 6b; WebAuthn Level 2).

A passkey signs a challenge that the portal made for one session, once, within minutes, and says with it that its
holder showed a finger, a face or a PIN. Which address it counts for comes from the settings, never from the request:
a passkey that was tricked into signing for another address opens nothing here. As with an app, nothing here can know
that the person may enrol one: the callers do (portal.people.factors).
"""

from __future__ import annotations

import datetime
import ipaddress
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlmodel import Session, col, select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal import db
from portal.people import factors
from portal.people.models import Factor, PasskeyChallenge
from portal.settings import Settings
from portal.vault import vault_of

LIFE = datetime.timedelta(minutes=5)
KEPT = datetime.timedelta(days=1)
LONGEST_NAME = 60
MOST = 10  # passkeys of one account
LONGEST_ID = 1023  # bytes of a credential's id (WebAuthn section 5.1)
_table = PasskeyChallenge.__table__  # type: ignore[attr-defined]
# What the library raises for an answer that is not one; a stranger may post anything.
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Site:
    """For whom a passkey is made: the "relying party" of a door."""

    rp_id: str
    origin: str
    name: str

    @property
    def possible(self) -> bool:
        """Browsers make passkeys for names, not for numbers such as 127.0.0.1."""
        try:
            ipaddress.ip_address(self.rp_id)
        except ValueError:
            return True
        return False


@dataclass(frozen=True)
class Passkey:
    """A passkey of an account. The public key is no secret, but whose it is, is."""

    id: uuid.UUID
    name: str = field(repr=False)
    credential: bytes = field(repr=False)
    key: bytes = field(repr=False)
    counter: int
    made_at: datetime.datetime
    used_at: datetime.datetime | None


@dataclass(frozen=True)
class Made:
    """What a browser answered when it made a passkey, verified."""

    credential: bytes = field(repr=False)
    key: bytes = field(repr=False)
    counter: int

    def as_text(self) -> dict[str, Any]:
        """For a draft that holds it until the request is sent."""
        return {"credential": self.credential.hex(), "key": self.key.hex(), "counter": self.counter}

    @classmethod
    def from_text(cls, kept: dict[str, Any]) -> Made:
        return cls(bytes.fromhex(kept["credential"]), bytes.fromhex(kept["key"]), int(kept["counter"]))


def site(settings: Settings, door: str) -> Site:
    """The door's address as the settings give it."""
    parts = urlsplit(settings.staff_url if door == "staff" else settings.family_url)
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return Site(parts.hostname or "", f"{parts.scheme}://{parts.netloc.removesuffix(default)}", settings.mail_from_name)


def challenge(session: Session, purpose: str, bound_to: bytes, *, now: datetime.datetime) -> bytes:
    """A new challenge for this session or browser; an earlier one for the same purpose is dead."""
    made = secrets.token_bytes(32)
    row = {"bound_to": bound_to, "purpose": purpose, "challenge": made, "expires_at": now + LIFE}
    session.execute(sa.delete(_table).where(_table.c.bound_to == bound_to, _table.c.purpose == purpose))
    db.insert_ignore(session, PasskeyChallenge, [row])  # pressed twice at once: one of the two pages will not do
    return made


def spend(session: Session, purpose: str, bound_to: bytes, *, now: datetime.datetime) -> bytes | None:
    """The challenge, for the first answer alone, right or wrong: one DELETE, so that of twenty at once one gets it."""
    live = (_table.c.bound_to == bound_to, _table.c.purpose == purpose, _table.c.expires_at > now)
    spent = sa.delete(_table).where(*live).returning(_table.c.challenge)
    found: bytes | None = session.execute(spent).scalar_one_or_none()
    return found


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes challenges that nobody answered; for the daily job."""
    session.execute(sa.delete(_table).where(_table.c.expires_at < now - KEPT))


def to_make(where: Site, challenge: bytes, *, account: str, known: list[Passkey]) -> str:
    """What the browser needs to make a passkey, as JSON. `account` shows on the person's devices: neutral words.

    A machine that holds one of the `known` passkeys says so instead of making a second."""
    return options_to_json(
        generate_registration_options(
            rp_id=where.rp_id,
            rp_name=where.name,
            user_name=account,
            challenge=challenge,
            timeout=int(LIFE.total_seconds() * 1000),
            exclude_credentials=_described(known),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED,  # the account is known by then
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def to_show(where: Site, challenge: bytes, known: list[Passkey]) -> str:
    """What the browser needs to sign the challenge with one of the `known` passkeys, as JSON."""
    return options_to_json(
        generate_authentication_options(
            rp_id=where.rp_id,
            challenge=challenge,
            timeout=int(LIFE.total_seconds() * 1000),
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def made(where: Site, challenge: bytes, answer: str) -> Made | None:
    """The new passkey in a browser's answer; None for one that is not for this challenge, address or person."""
    try:
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=where.rp_id,
            expected_origin=where.origin,
            require_user_verification=True,
        )
    except _UNREADABLE:
        return None
    if len(verified.credential_id) > LONGEST_ID:
        return None
    return Made(verified.credential_id, verified.credential_public_key, verified.sign_count)


def add(
    session: Session, door: str, holder_id: uuid.UUID, new: Made, *, name: str, now: datetime.datetime
) -> Factor | None:
    """The passkey becomes a second factor of the account. None when it is somebody's already, or there are too many."""
    blind = _blind(session, new.credential)
    taken = session.exec(select(Factor.id).where(col(Factor.credential_blind) == blind)).first()
    if taken or len(factors.live(session, door, holder_id, "passkey")) >= MOST:
        return None
    factor = Factor(
        id=db.new_id(),
        door=door,
        holder_id=holder_id,
        kind="passkey",
        sealed=b"",
        last_counter=new.counter,
        credential_blind=blind,
        made_at=now,
        confirmed_at=now,
    )
    payload = {"name": name[:LONGEST_NAME], "credential": new.credential.hex(), "key": new.key.hex()}
    vault_of(session).put(factor, payload)
    session.add(factor)
    session.flush()
    return factor


def all_of(session: Session, door: str, holder_id: uuid.UUID) -> list[Passkey]:
    """The account's passkeys, oldest first."""
    rows = sorted(factors.live(session, door, holder_id, "passkey"), key=lambda one: one.id)
    told = vault_of(session).get_many(rows)
    return [_passkey(row, payload) for row, payload in zip(rows, told, strict=True)]


def shown(
    session: Session,
    where: Site,
    answer: str,
    *,
    door: str,
    holder_id: uuid.UUID,
    challenge: bytes,
    now: datetime.datetime,
) -> bool:
    """Whether a passkey of this account signed the challenge, at our address, with its holder verified.

    Its count of signatures must have grown: a copied key gives itself away. One conditional UPDATE, as with an app."""
    passkey = _answering(session, door, holder_id, answer)
    if passkey is None:
        return False
    try:
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=where.rp_id,
            expected_origin=where.origin,
            credential_public_key=passkey.key,
            credential_current_sign_count=passkey.counter,
            require_user_verification=True,
        )
    except _UNREADABLE:
        return False
    unchanged = (
        col(Factor.id) == passkey.id,
        col(Factor.last_counter) == passkey.counter,
        col(Factor.ended_at).is_(None),
    )
    used = sa.update(Factor).where(*unchanged).values(last_counter=verified.new_sign_count, used_at=now)
    return session.execute(used).rowcount == 1  # type: ignore[attr-defined]


def end(session: Session, door: str, holder_id: uuid.UUID, passkey_id: uuid.UUID, *, now: datetime.datetime) -> bool:
    """Ends one passkey of the account. False: it has none of this id."""
    mine = [one for one in factors.live(session, door, holder_id, "passkey") if one.id == passkey_id]
    for factor in mine:
        factors.end(session, factor, now=now)
    session.flush()
    return bool(mine)


def _answering(session: Session, door: str, holder_id: uuid.UUID, answer: str) -> Passkey | None:
    """The account's own passkey that the answer names."""
    try:
        named = parse_authentication_credential_json(answer).raw_id
    except _UNREADABLE:
        return None
    query = select(Factor).where(
        col(Factor.credential_blind) == _blind(session, named),
        col(Factor.door) == door,
        col(Factor.holder_id) == holder_id,
        col(Factor.ended_at).is_(None),
    )
    row = session.exec(query).first()
    return _passkey(row, vault_of(session).get(row)) if row else None


def _passkey(row: Factor, told: dict[str, Any]) -> Passkey:
    credential, key = bytes.fromhex(told["credential"]), bytes.fromhex(told["key"])
    return Passkey(row.id, str(told["name"]), credential, key, row.last_counter, row.made_at, row.used_at)


def _described(known: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.credential) for one in known]


def _blind(session: Session, credential: bytes) -> bytes:
    return vault_of(session).blind("passkey", credential.hex())
