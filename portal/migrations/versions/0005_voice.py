"""The child's own voice: questions that reach a child by a card or a link."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"

_WAYS = sa.Enum("card", "link", name="child_question_way", native_enum=False, create_constraint=True, length=40)
_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "child_question",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered; the child's acts bear it"),
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the case in which the child is asked"),
        sa.Column("way", _WAYS, nullable=False, comment="on a printed card, or by a link"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="who asks, in words for the child; who hands the card over; the link's address; case key",
        ),
        sa.Column("made_at", _MOMENT(), nullable=False, comment="when it was put"),
        sa.Column(
            "until", sa.Date(), nullable=False, comment="last day on which it can be answered, or the answer changed"
        ),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of the link's random token"),
        sa.Column("link_used_at", _MOMENT(), nullable=True, comment="when the link was used: once"),
        sa.Column(
            "visit_hash",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of the random value in the browser that shows the question",
        ),
        sa.Column("visit_at", _MOMENT(), nullable=True, comment="when number and words were shown last"),
        sa.Column("answered_at", _MOMENT(), nullable=True, comment="when the child last answered"),
        sa.Column("read_at", _MOMENT(), nullable=True, comment="when staff said that they had read it"),
        sa.Column("ended_at", _MOMENT(), nullable=True, comment="when it was ended before its last day"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_child_question_case_id_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_question")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_child_question_link_hash")),
        sa.UniqueConstraint("visit_hash", name=op.f("uq_child_question_visit_hash")),
    )
    op.create_index(op.f("ix_child_question_case_id"), "child_question", ["case_id"])
