"""Passkeys: where one is found, what it signs next, and which factor and which kind of machine a session began with."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _passkeys()
    _challenges()
    _sessions()


def _passkeys() -> None:
    with op.batch_alter_table("factor", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "credential_blind",
                sa.LargeBinary(),
                nullable=True,
                comment="blind index of a passkey's id, to find it; emptied when it ends",
            )
        )
        batch_op.add_column(
            sa.Column(
                "used_at",
                sqlmodel.sql.sqltypes.UTCDateTime(),
                nullable=True,
                comment="when a passkey was last used, for its holder to see",
            )
        )
        batch_op.create_unique_constraint(op.f("uq_factor_credential_blind"), ["credential_blind"])


def _challenges() -> None:
    op.create_table(
        "passkey_challenge",
        sa.Column(
            "bound_to",
            sa.LargeBinary(),
            nullable=False,
            comment="hash of the session, or of the browser that writes a request",
        ),
        sa.Column(
            "purpose",
            sa.Enum("enrol", "show", name="challenge_purpose", native_enum=False, create_constraint=True, length=40),
            nullable=False,
            comment="enrol a passkey, or show one",
        ),
        sa.Column(
            "challenge",
            sa.LargeBinary(),
            nullable=False,
            comment="random bytes to sign; the row is deleted when they are used",
        ),
        sa.Column(
            "expires_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=False,
            comment="from when it is dead; rows are deleted after a day",
        ),
        sa.PrimaryKeyConstraint("bound_to", "purpose", name=op.f("pk_passkey_challenge")),
    )


def _sessions() -> None:
    """Nobody knows which factor the sessions of before were begun with, so they end: everybody signs in again."""
    op.execute("DELETE FROM sign_in_session")
    with op.batch_alter_table("sign_in_session", schema=None, recreate="always") as batch_op:
        batch_op.add_column(
            sa.Column(
                "factor_kind",
                sqlmodel.sql.sqltypes.AutoString(length=40),
                nullable=True,
                comment="which second factor was last shown: some acts need a passkey",
            )
        )
        batch_op.add_column(
            sa.Column(
                "device",
                sa.String(length=40),
                nullable=False,
                server_default="unknown",
                comment="what kind of machine, for its holder to recognise; no more of the browser is kept",
            )
        )
        batch_op.create_check_constraint(
            op.f("ck_sign_in_session_session_device"),
            sa.column("device").in_(("phone", "tablet", "computer", "unknown")),
        )
