"""Tables of signing in elsewhere by OpenID Connect: a start that waits for its return, and who is who there."""

from __future__ import annotations

import datetime
import uuid

from sqlmodel import SQLModel

from portal.db import choice, column
from portal.people.models import DOORS
from portal.processing import SIGN_IN, processed
from portal.vault import Owner

PURPOSES = ("sign_in", "step_up", "link")


@processed(SIGN_IN)
class OpenIdStart(SQLModel, table=True):
    """Somebody was sent to sign in elsewhere. The return is good once, in the same browser, for a few minutes."""

    __tablename__ = "openid_start"

    state_hash: bytes = column("SHA-256 of the random state that comes back", primary_key=True)
    door: str = column("family or staff", sa_type=choice(*DOORS, name="openid_start_door"))
    purpose: str = column(
        "to sign in, to show the factor again, or to link", sa_type=choice(*PURPOSES, name="openid_start_purpose")
    )
    holder_id: uuid.UUID | None = column("the account, or the invitation, that it is about", default=None)
    browser_hash: bytes = column("SHA-256 of the asking browser's cookie")
    sealed: bytes = column("nonce, code verifier and page to go to; system's key; destroyed with the row")
    made_at: datetime.datetime = column("when it was begun; rows are deleted after a day")
    used_at: datetime.datetime | None = column("when it came back: once", default=None)

    def vault_owner(self) -> Owner:
        return Owner.system()

    def vault_row(self) -> str:
        return f"openid_start:{self.state_hash.hex()}"


@processed(SIGN_IN)
class OpenIdIdentity(SQLModel, table=True):
    """Who an account is at the sign-in elsewhere: issuer and subject, never an address (ASVS V10.5.2)."""

    __tablename__ = "openid_identity"

    identity_blind: bytes = column("blind index of issuer and subject", primary_key=True)
    door: str = column("family or staff", sa_type=choice(*DOORS, name="openid_identity_door"))
    holder_id: uuid.UUID = column("the person or member of staff", index=True)
    linked_at: datetime.datetime = column("when it was linked, from an invitation or after the account's own way in")
    seen_at: datetime.datetime = column("when somebody last came in by it")
    sid_blind: bytes | None = column(
        "blind index of the last session there, so that its end ends ours", default=None, index=True
    )


__all__ = ["OpenIdIdentity", "OpenIdStart"]
