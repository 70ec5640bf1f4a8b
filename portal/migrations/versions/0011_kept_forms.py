"""What was typed when the second factor had to be shown again."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "kept_form",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column(
            "door",
            sa.Enum("family", "staff", name="kept_form_door", native_enum=False, create_constraint=True, length=40),
            nullable=False,
            comment="whose form: family or staff",
        ),
        sa.Column(
            "holder_id", sa.Uuid(), nullable=False, comment="the person or member of staff; nobody else gets it back"
        ),
        sa.Column(
            "place",
            sa.LargeBinary(),
            nullable=False,
            comment="blind index of the page's address: a newer form of the page takes its place",
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="the page's address and what was typed, sealed under the account's key",
        ),
        sa.Column(
            "expires_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=False,
            comment="from when it is dead: a quarter of an hour; rows are deleted the day after",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_form")),
    )
    op.create_index(op.f("ix_kept_form_holder_id"), "kept_form", ["holder_id"])
