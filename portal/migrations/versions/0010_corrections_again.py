"""Corrections again: a body of the register is found by words of its name."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "body_word",
        sa.Column("blind", sa.LargeBinary(), nullable=False, comment="keyed hash of a word, or of its beginning"),
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="the body whose name has it"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_body_word_source_id")),
        sa.PrimaryKeyConstraint("blind", "source_id", name=op.f("pk_body_word")),
    )
    op.create_index("ix_body_word_source", "body_word", ["source_id"])
