"""Authority as a record of its own; authorities signed here; seals on records."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"

Text, Moment = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "authority",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", _one_of("authority_status", "counts", "later", "in_doubt", "ended"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_authority_case_id")),
        sa.ForeignKeyConstraint(["requester_id"], ["person.id"], name=op.f("fk_authority_requester_id")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_authority")),
    )
    op.create_index("ix_authority_requester", "authority", ["requester_id"])
    op.create_table(
        "signed_authority",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_signed_authority_person_id")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_signed_authority")),
    )
    op.create_index("ix_signed_authority_case", "signed_authority", ["case_id"])
    op.create_table(
        "record_seal",
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("what", _one_of("record_seal_what", "seal", "lift"), nullable=False),
        sa.Column("status", _one_of("record_seal_status", "proposed", "confirmed", "declined"), nullable=False),
        sa.Column("access_group", Text(), nullable=False),
        sa.Column("proposed_by", Text(), nullable=False),
        sa.Column("proposed_at", Moment(), nullable=False),
        sa.Column("decided_by", Text(), nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_record_seal_child_id")),
        sa.PrimaryKeyConstraint("child_id", "id", name=op.f("pk_record_seal")),
    )


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
