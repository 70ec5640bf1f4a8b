"""Families' ways in: codes by telephone and on a call, the wait after a lost factor was replaced."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"

MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    _spoken_codes()
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "recovered_at",
                MOMENT,
                nullable=True,
                comment="when staff last replaced a lost second factor: copies wait three days",
            )
        )
    with op.batch_alter_table("sign_in_token", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_sign_in_token_browser_hash"), ["browser_hash"])


def _spoken_codes() -> None:
    kinds = sa.Enum("phone", "call_back", name="spoken_code_kind", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "spoken_code",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("kind", kinds, nullable=False, comment="sent by a provider, or told by a caseworker"),
        sa.Column("person_id", sa.Uuid(), nullable=False, comment="whose second factor it is"),
        sa.Column(
            "session_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="hash of the session that asked: it opens in that one alone",
        ),
        sa.Column(
            "nonce",
            sa.LargeBinary(),
            nullable=False,
            comment="random; the code is worked out from it and a key outside the database",
        ),
        sa.Column("asked_at", MOMENT, nullable=False, comment="when it was asked for"),
        sa.Column("given_at", MOMENT, nullable=True, comment="when it was sent or told: its ten minutes begin"),
        sa.Column("given_by", sa.Uuid(), nullable=True, comment="the caseworker who rang"),
        sa.Column("used_at", MOMENT, nullable=True, comment="when it was used: once"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spoken_code")),
    )
    op.create_index(op.f("ix_spoken_code_person_id"), "spoken_code", ["person_id"])
    op.create_index(op.f("ix_spoken_code_asked_at"), "spoken_code", ["asked_at"])
