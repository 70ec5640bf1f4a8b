"""The right person: authority as a record, the child's own voice, safe contact, ways in, seats; words of headings."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"


FACTOR_KINDS = ("totp", "code_sheet", "passkey", "phone", "call_back")


def upgrade() -> None:
    _cards()
    _kinds_of_factors()


def _kinds_of_factors() -> None:
    with op.batch_alter_table("factor", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_factor_factor_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_factor_factor_kind"), sa.column("kind").in_(FACTOR_KINDS))


def _cards() -> None:
    op.create_table(
        "card",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column(
            "purpose",
            sa.Enum("sign_in", "voice", name="card_purpose", native_enum=False, create_constraint=True, length=40),
            nullable=False,
            comment="signs its holder in, or lets a child answer one question",
        ),
        sa.Column(
            "number",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=False,
            comment="random number printed on the card; says nothing of a case",
        ),
        sa.Column(
            "card_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False, comment="slow hash of the six words"
        ),
        sa.Column("holder_id", sa.Uuid(), nullable=False, comment="the person, or the child's question, that it opens"),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="when it was printed"),
        sa.Column("uses", sa.Integer(), nullable=False, comment="how often it was used"),
        sa.Column("used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when it was last used"),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when it stopped counting"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("number", name=op.f("uq_card_number")),
    )
    op.create_index(op.f("ix_card_holder_id"), "card", ["holder_id"])
