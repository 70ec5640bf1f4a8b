"""Safe contact: new ways to reach a person that wait, what goes out on paper, sessions that somebody watches."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0006"
down_revision = "0005"

_WAITING = sa.text("state = 'waiting'")
_OPEN = sa.text("state IN ('to_check', 'checked', 'printed', 'returned')")
_SEEN = sa.text("watched_at IS NOT NULL")


def upgrade() -> None:
    _changes()
    _paper()
    _watched()


def _changes() -> None:
    op.create_table(
        "contact_change",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("person_id", sa.Uuid(), nullable=False, comment="whom it is about"),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "done",
                "stopped",
                name="contact_change_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="waiting, done, or stopped by somebody",
        ),
        sa.Column("made_at", UTCDateTime(), nullable=False, comment="when it was asked for"),
        sa.Column("made_by", AutoString(), nullable=False, comment="role and id of who asked"),
        sa.Column("due_at", UTCDateTime(), nullable=False, comment="not used before"),
        sa.Column(
            "needs_second",
            sa.Boolean(),
            nullable=False,
            comment="whether a member of staff, other than whoever asked, must confirm it",
        ),
        sa.Column("confirmed_by", AutoString(), nullable=True, comment="role and id of who confirmed it"),
        sa.Column("ended_at", UTCDateTime(), nullable=True, comment="when it took effect or was stopped"),
        sa.Column("ended_by", AutoString(), nullable=True, comment="who stopped it"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="new address or number and the channels it is for; person's key; emptied once it has ended",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contact_change_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_change")),
    )
    op.create_index(op.f("ix_contact_change_person_id"), "contact_change", ["person_id"])
    op.create_index(
        "uq_contact_change_waiting",
        "contact_change",
        ["person_id"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def _paper() -> None:
    op.create_table(
        "posted",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("key", AutoString(), nullable=False, comment="the same thing asked for twice is one"),
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the case"),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows with each act, so that no act is done twice"),
        sa.Column(
            "what",
            sa.Enum(
                "letter",
                "notice",
                "code_sheet",
                "card",
                name="posted_what",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="letter, notice, sheet of codes or card",
        ),
        sa.Column(
            "way",
            sa.Enum("post", "hand", name="posted_way", native_enum=False, create_constraint=True, length=40),
            nullable=False,
            comment="by post, or handed over",
        ),
        sa.Column(
            "state",
            sa.Enum(
                "to_check",
                "checked",
                "printed",
                "posted",
                "handed_over",
                "returned",
                "called_off",
                name="posted_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="how far it is",
        ),
        sa.Column("letter_id", sa.Uuid(), nullable=True, comment="the letter that is printed"),
        sa.Column("event_seq", sa.Integer(), nullable=True, comment="the event it tells of"),
        sa.Column(
            "to_child",
            sa.Boolean(),
            nullable=False,
            comment="for the child's own hand, never for the requester's address",
        ),
        sa.Column("made_at", UTCDateTime(), nullable=False, comment="when it was queued"),
        sa.Column("checked_by", AutoString(), nullable=True, comment="who looked at the address first"),
        sa.Column("checked_again_by", AutoString(), nullable=True, comment="who looked at it second: somebody else"),
        sa.Column("printed_by", AutoString(), nullable=True, comment="who printed it"),
        sa.Column("sent_on", sa.Date(), nullable=True, comment="day on which it was posted or handed over"),
        sa.Column("sent_by", AutoString(), nullable=True, comment="who posted it or handed it over"),
        sa.Column("returned_on", sa.Date(), nullable=True, comment="day on which it came back undelivered"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="address as checked, tracking number, identity seen, why it came back; case key; R-150",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_posted_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posted")),
        sa.UniqueConstraint("key", name=op.f("uq_posted_key")),
    )
    op.create_index("ix_posted_case", "posted", ["case_id", "id"])
    op.create_index("ix_posted_open", "posted", ["id"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def _watched() -> None:
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("watched_at", UTCDateTime(), nullable=True))
    op.create_index("ix_person_watched", "person", ["id"], sqlite_where=_SEEN, postgresql_where=_SEEN)
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("watched", sa.Boolean(), nullable=False, server_default=sa.false()))
