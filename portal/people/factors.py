"""The second factor: an app that shows codes, or a printed sheet of numbered codes (security.md 6a).

A factor is never enrolled merely after an e-mail link: whoever reads the mailbox would then have both. An app is
enrolled during the request, in the same browser, before it is submitted; a sheet is handed over or posted once the
person's identity is accepted. Nothing here can know that it was so: the callers do.
"""

from __future__ import annotations

import datetime
import hmac
import io
import secrets
import uuid
from dataclasses import dataclass, field

import pyotp
import qrcode
import sqlalchemy as sa
from qrcode.image.svg import SvgPathFillImage
from sqlmodel import Session, col, select

from portal import db
from portal.people import hashing
from portal.people.models import Factor, SheetCode
from portal.vault import vault_of

# 32 letters: I, L, O and U are left out, and read as the digit they look like (U has none) when somebody types them.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE = str.maketrans({"I": "1", "L": "1", "O": "0", " ": "", "-": "", "–": ""})
SHEET_CODES = 20
CODE_LENGTH = 8
NEW_SHEET_AT = 5  # unused codes left: time for a new sheet
PERIOD = 30  # seconds; RFC 6238's default, which every app knows


def new_secret() -> str:
    """A secret for an app that shows codes; 160 bits, as RFC 4226 recommends."""
    return pyotp.random_base32()


def app_address(secret: str, *, account: str, issuer: str) -> str:
    """What the QR picture says. `account` and `issuer` show in the app: neutral words, no child's name."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def qr_picture(address: str) -> bytes:
    """The QR picture as SVG, for an image of our own address (the page's policy allows no other)."""
    picture = io.BytesIO()
    qrcode.make(address, image_factory=SvgPathFillImage, border=4).save(picture)
    return picture.getvalue()


def step_of(secret: str, code: str, *, now: datetime.datetime) -> int | None:
    """The number of the time step that `code` belongs to: this one, the one before or after. None for a wrong code."""
    typed = code.strip().replace(" ", "").encode()
    at = int(now.timestamp()) // PERIOD
    app = pyotp.TOTP(secret)
    right = [step for step in (at - 1, at, at + 1) if hmac.compare_digest(app.generate_otp(step).encode(), typed)]
    return right[-1] if right else None


def add_app(
    session: Session, door: str, holder_id: uuid.UUID, secret: str, *, used_step: int, now: datetime.datetime
) -> Factor:
    """Enrols an app whose first code (of time step `used_step`) was right; that code will not open anything again."""
    factor = _new(session, door, holder_id, "totp", {"secret": secret}, now=now)
    factor.last_counter = used_step
    session.add(factor)
    session.flush()
    return factor


def begin_app(session: Session, person_id: uuid.UUID, *, now: datetime.datetime) -> Factor:
    """An app that a signed-in person sets up on their own page: it counts only once its first code was right."""
    factor = _new(session, "family", person_id, "totp", {"secret": new_secret()}, now=now)
    factor.confirmed_at = None
    session.add(factor)
    session.flush()
    return factor


def begun(session: Session, person_id: uuid.UUID, factor_id: uuid.UUID) -> Factor | None:
    """The person's app of this id that waits for its first code, or None."""
    mine = (col(Factor.id) == factor_id, col(Factor.holder_id) == person_id, col(Factor.door) == "family")
    waits = (col(Factor.kind) == "totp", col(Factor.confirmed_at).is_(None), col(Factor.ended_at).is_(None))
    return session.exec(select(Factor).where(*mine, *waits)).first()


def confirm_app(session: Session, factor: Factor, code: str, *, now: datetime.datetime) -> bool:
    """The app counts from now on, for a right first code; that code will not open anything again."""
    step = step_of(vault_of(session).get(factor)["secret"], code, now=now)
    waits = (col(Factor.id) == factor.id, col(Factor.confirmed_at).is_(None))
    done = sa.update(Factor).where(*waits).values(confirmed_at=now, last_counter=step)
    return step is not None and db.changed_rows(session.execute(done)) == 1


def add(
    session: Session, person_id: uuid.UUID, kind: str, payload: dict[str, str], *, now: datetime.datetime
) -> Factor:
    """Enrols a factor of a kind that keeps its own rules elsewhere."""
    factor = _new(session, "family", person_id, kind, payload, now=now)
    session.add(factor)
    session.flush()
    return factor


def check_app(session: Session, door: str, holder_id: uuid.UUID, code: str, *, now: datetime.datetime) -> bool:
    """Whether `code` is right and was not used before. One conditional UPDATE: of two at once, one is right."""
    for factor in live(session, door, holder_id, "totp"):
        step = step_of(vault_of(session).get(factor)["secret"], code, now=now)
        if step is None:
            continue
        newer = (col(Factor.id) == factor.id, col(Factor.last_counter) < step, col(Factor.ended_at).is_(None))
        if session.execute(sa.update(Factor).where(*newer).values(last_counter=step)).rowcount == 1:  # type: ignore[attr-defined]
            return True
    return False


@dataclass(frozen=True)
class NewSheet:
    """Codes in their order, to be printed now and never shown again, and what is kept of them."""

    codes: tuple[str, ...] = field(repr=False)
    hashes: tuple[str, ...] = field(repr=False)


def new_sheet(pepper: bytes) -> NewSheet:
    """A sheet for nobody yet. Takes about half a second (twenty slow hashes), so outside any transaction: SQLite has
    one writer, and everybody else would wait."""
    codes = tuple("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(SHEET_CODES))
    return NewSheet(codes, tuple(hashing.slow_hash(pepper, code) for code in codes))


def give_sheet(session: Session, person_id: uuid.UUID, new: NewSheet, *, now: datetime.datetime) -> None:
    """The sheet becomes this person's second factor, and an earlier one ends.

    Only for a person whose identity is accepted."""
    for earlier in live(session, "family", person_id, "code_sheet"):
        end(session, earlier, now=now)
    sheet = _new(session, "family", person_id, "code_sheet", {}, now=now)
    session.add(sheet)
    session.flush()
    session.add_all(
        SheetCode(factor_id=sheet.id, number=number, code_hash=code_hash)
        for number, code_hash in enumerate(new.hashes, start=1)
    )
    session.flush()


def asked_number(session: Session, person_id: uuid.UUID) -> int | None:
    """The number of the code to ask for; None without a sheet, or when it is used up.

    Always the first unused one: asking again brings no other, so that one code seen by somebody is not waited for."""
    code = _asked(session, person_id)
    return code.number if code else None


def check_sheet(session: Session, person_id: uuid.UUID, typed: str, *, pepper: bytes) -> tuple[uuid.UUID, int] | None:
    """Sheet and number of the code that is asked for, when it is the one typed. Slow, so outside a write
    transaction; `use_code` then uses it up."""
    code = _asked(session, person_id)
    right = hashing.matches(pepper, code.code_hash if code else None, normal_code(typed))
    return (code.factor_id, code.number) if code and right else None


def use_code(session: Session, sheet_id: uuid.UUID, number: int, *, now: datetime.datetime) -> bool:
    """Uses a code up. False: it was used a moment ago."""
    unused = (col(SheetCode.factor_id) == sheet_id, col(SheetCode.number) == number, col(SheetCode.used_at).is_(None))
    live = sa.exists().where(col(Factor.id) == sheet_id, col(Factor.ended_at).is_(None))
    used = sa.update(SheetCode).where(*unused, live).values(used_at=now)
    return session.execute(used).rowcount == 1  # type: ignore[attr-defined]


def codes_left(session: Session, person_id: uuid.UUID) -> int:
    """How many codes of the sheet are unused; at NEW_SHEET_AT it is time for a new sheet."""
    query = (
        sa.select(sa.func.count())
        .select_from(SheetCode)
        .join(Factor, col(Factor.id) == col(SheetCode.factor_id))
        .where(*_mine("family", person_id, "code_sheet"), col(SheetCode.used_at).is_(None))
    )
    return int(session.execute(query).scalar_one())


def kinds(session: Session, door: str, holder_id: uuid.UUID) -> set[str]:
    """What the account can show, as `portal.people.models.FACTOR_KINDS` names it."""
    query = sa.select(col(Factor.kind)).where(*_mine(door, holder_id)).distinct()
    return set(session.execute(query).scalars())


def all_live(session: Session, door: str, holder_id: uuid.UUID) -> list[Factor]:
    """Every factor that counts, the oldest first."""
    return list(session.exec(select(Factor).where(*_mine(door, holder_id)).order_by(col(Factor.id))))


def had_one(session: Session, door: str, holder_id: uuid.UUID) -> bool:
    """Whether the account has a second factor, or has ever had one."""
    ever = (col(Factor.holder_id) == holder_id, col(Factor.door) == door, col(Factor.confirmed_at).is_not(None))
    return session.execute(sa.select(col(Factor.id)).where(*ever).limit(1)).first() is not None


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes apps that were begun on a person's own page and never confirmed; for the daily job."""
    begun_long_ago = col(Factor.made_at) < now - datetime.timedelta(days=1)
    session.execute(sa.delete(Factor).where(col(Factor.confirmed_at).is_(None), begun_long_ago))


def end(session: Session, factor: Factor, *, now: datetime.datetime) -> None:
    """The factor stops counting, and its secret is destroyed."""
    factor.ended_at = now
    factor.credential_blind = None
    vault_of(session).put(factor, {})
    session.add(factor)


def normal_code(typed: str) -> str:
    """A code of a sheet as it is printed, however it was typed."""
    return typed.upper().translate(_LOOKS_LIKE)


def printed(code: str) -> str:
    """A code as a sheet shows it, in two halves."""
    return f"{code[:4]} {code[4:]}"


def _asked(session: Session, person_id: uuid.UUID) -> SheetCode | None:
    query = (
        select(SheetCode)
        .join(Factor, col(Factor.id) == col(SheetCode.factor_id))
        .where(*_mine("family", person_id, "code_sheet"), col(SheetCode.used_at).is_(None))
        .order_by(col(Factor.made_at).desc(), col(SheetCode.number))
        .limit(1)
    )
    return session.exec(query).first()


def live(session: Session, door: str, holder_id: uuid.UUID, kind: str) -> list[Factor]:
    return list(session.exec(select(Factor).where(*_mine(door, holder_id, kind))))


def _mine(door: str, holder_id: uuid.UUID, kind: str = "") -> list[sa.ColumnElement[bool]]:
    mine = [col(Factor.holder_id) == holder_id, col(Factor.door) == door]
    counts = [col(Factor.confirmed_at).is_not(None), col(Factor.ended_at).is_(None)]
    return [*mine, *counts, *([col(Factor.kind) == kind] if kind else [])]


def _new(
    session: Session, door: str, holder_id: uuid.UUID, kind: str, payload: dict[str, str], *, now: datetime.datetime
) -> Factor:
    factor = Factor(
        id=db.new_id(), door=door, holder_id=holder_id, kind=kind, sealed=b"", made_at=now, confirmed_at=now
    )
    vault_of(session).put(factor, payload)
    return factor
