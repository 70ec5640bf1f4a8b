"""Corrections: challenged lines, marks on entries, bodies that are asked and told; cases that nobody asked for."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "outside_link",
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the case it belongs to; it outlives whoever sent it"),
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows with each change"),
        sa.Column("line_id", sa.Uuid(), nullable=False, comment="the line it is about"),
        sa.Column(
            "purpose",
            sa.Enum(
                "ask_source",
                "tell_source",
                "tell_recipient",
                name="outside_link_purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="what it is for",
        ),
        sa.Column("source_id", sa.Uuid(), nullable=True, comment="the body of the register that is written to"),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "answered",
                "silent",
                "ended",
                "passed_on",
                name="outside_link_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="how far it is",
        ),
        sa.Column(
            "token_hash",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of the link's random value; empty once it has ended",
        ),
        sa.Column(
            "code_hash",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=False,
            comment="slow hash of the code that goes by another way",
        ),
        sa.Column("tries", sa.Integer(), nullable=False, comment="wrong codes so far"),
        sa.Column("sent_on", sa.Date(), nullable=False, comment="when it was sent"),
        sa.Column("answer_by", sa.Date(), nullable=False, comment="when an answer is wanted"),
        sa.Column("chased_on", sa.Date(), nullable=True, comment="when a reminder last went out"),
        sa.Column(
            "opened_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=True,
            comment="when it was first opened with its code",
        ),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when it was answered"),
        sa.Column(
            "answer",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=True,
            comment="right, wrong or cannot_tell; acknowledged of a notice",
        ),
        sa.Column(
            "passed_from", sa.Uuid(), nullable=True, comment="the link that this one replaces inside the same body"
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="address, what is shown, the answer in words; case key; R-150",
        ),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_outside_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_outside_link_token_hash")),
    )
    with op.batch_alter_table("outside_link", schema=None) as batch_op:
        batch_op.create_index("ix_outside_link_line", ["case_id", "line_id"], unique=False)
        batch_op.create_index("uq_outside_link_id", ["id"], unique=True)
        batch_op.create_index(
            "ix_outside_link_waiting",
            ["answer_by", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "entry_mark",
        sa.Column("child_id", sa.Uuid(), nullable=False, comment="the child"),
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("entry_id", sa.Uuid(), nullable=False, comment="the entry that is marked"),
        sa.Column(
            "kind",
            sa.Enum(
                "challenged",
                "disputed",
                "restricted",
                "corrected",
                "labelled",
                "mistake",
                "allegation",
                "statement",
                "refused",
                name="entry_mark_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="what the mark says",
        ),
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the correction case it comes from"),
        sa.Column("line_id", sa.Uuid(), nullable=False, comment="the line of that case"),
        sa.Column("since", sa.Date(), nullable=False, comment="from which day it stands; printed beside the entry"),
        sa.Column(
            "lifted_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=True,
            comment="when it ended; empty while it stands",
        ),
        sa.Column(
            "cls",
            sa.Enum(
                "core",
                "location",
                "sensitive",
                name="entry_mark_cls",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="class of the entry's data",
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="the family's statement, or what became of an allegation; kept with the entry",
        ),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_entry_mark_child_id")),
        sa.PrimaryKeyConstraint("child_id", "id", name=op.f("pk_entry_mark")),
    )
    with op.batch_alter_table("entry_mark", schema=None) as batch_op:
        batch_op.create_index("ix_entry_mark_line", ["case_id", "line_id"], unique=False)
        batch_op.create_index(
            "uq_entry_mark",
            ["child_id", "entry_id", "line_id", "kind"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )

    op.create_table(
        "feed_clash",
        sa.Column("child_id", sa.Uuid(), nullable=False, comment="the child"),
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("entry_id", sa.Uuid(), nullable=False, comment="the entry"),
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the correction case that decided otherwise"),
        sa.Column(
            "version_id", sa.Uuid(), nullable=True, comment="what the source says; empty where the entry is destroyed"
        ),
        sa.Column("feed", sqlmodel.sql.sqltypes.AutoString(), nullable=False, comment="the feed"),
        sa.Column("found_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="when the feed said it"),
        sa.Column(
            "told_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when the source was told, once"
        ),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when it ended"),
        sa.Column("ended", sqlmodel.sql.sqltypes.AutoString(), nullable=True, comment="agreed, accepted or decided"),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_feed_clash_child_id")),
        sa.PrimaryKeyConstraint("child_id", "id", name=op.f("pk_feed_clash")),
    )
    with op.batch_alter_table("feed_clash", schema=None) as batch_op:
        batch_op.create_index("ix_feed_clash_case", ["case_id"], unique=False)
        batch_op.create_index(
            "ix_feed_clash_open",
            ["found_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "uq_feed_clash_open",
            ["child_id", "entry_id"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "restricted_use",
        sa.Column("child_id", sa.Uuid(), nullable=False, comment="the child"),
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("entry_id", sa.Uuid(), nullable=False, comment="the entry"),
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="for which case"),
        sa.Column("reader", sqlmodel.sql.sqltypes.AutoString(), nullable=False, comment="role and id of who opened it"),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False, comment="code of the reason"),
        sa.Column(
            "at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=False,
            comment="when; it stays open to this reader for eight hours",
        ),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_restricted_use_child_id")),
        sa.PrimaryKeyConstraint("child_id", "id", name=op.f("pk_restricted_use")),
    )
    op.create_table(
        "challenged_line",
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the correction case"),
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows with each change, carried in the form"),
        sa.Column("number", sa.Integer(), nullable=False, comment="number within the case, as letters quote it"),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "disputed",
                "proposed",
                "decided",
                "withdrawn",
                name="line_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="how far it is",
        ),
        sa.Column(
            "kind",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=False,
            comment="what is wrong with it, as the requester says",
        ),
        sa.Column(
            "outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True, comment="what was decided, or is proposed"
        ),
        sa.Column(
            "matched",
            sa.Boolean(),
            nullable=False,
            comment="whether somebody settled which entry is meant, or that none is",
        ),
        sa.Column("child_id", sa.Uuid(), nullable=True, comment="the record it is about, once it is known"),
        sa.Column("entry_id", sa.Uuid(), nullable=True, comment="the entry it is about; empty where none is held"),
        sa.Column("version_id", sa.Uuid(), nullable=True, comment="the version that was challenged"),
        sa.Column(
            "cls",
            sa.Enum(
                "core",
                "location",
                "sensitive",
                name="challenged_line_cls",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
            comment="class of the entry's data",
        ),
        sa.Column(
            "source_id",
            sa.Uuid(),
            nullable=True,
            comment="the body of the register that supplied the entry, once it is decided; for counting",
        ),
        sa.Column(
            "shown",
            sa.Boolean(),
            nullable=False,
            comment="whether the requester was given this entry in a copy, or may be told of it",
        ),
        sa.Column(
            "restrict", sa.Boolean(), nullable=False, comment="whether restriction of its use is asked for (Art 18)"
        ),
        sa.Column(
            "proposed_by", sa.Uuid(), nullable=True, comment="who proposed the outcome that waits for a second person"
        ),
        sa.Column("decided_by", sa.Uuid(), nullable=True, comment="who decided, or confirmed"),
        sa.Column("decided_on", sa.Date(), nullable=True, comment="when"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="what it is about, what it should say, why; the decision and its reasons; case key; R-150",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_challenged_line_case_id")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_challenged_line")),
    )
    with op.batch_alter_table("challenged_line", schema=None) as batch_op:
        batch_op.create_index("ix_challenged_line_entry", ["child_id", "entry_id"], unique=False)
        batch_op.create_index(
            "ix_challenged_line_decided",
            ["decided_on", "id"],
            unique=False,
            sqlite_where=sa.text("decided_on IS NOT NULL"),
            postgresql_where=sa.text("decided_on IS NOT NULL"),
        )
        batch_op.create_index("uq_challenged_line_number", ["case_id", "number"], unique=True)

    op.create_table(
        "recipient_notice",
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the correction case"),
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows with each change"),
        sa.Column("line_id", sa.Uuid(), nullable=False, comment="the line whose change they are told"),
        sa.Column(
            "kind",
            sa.Enum("body", "person", name="told", native_enum=False, create_constraint=True, length=40),
            nullable=False,
            comment="a body, or a person who holds an earlier copy",
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "told",
                "acknowledged",
                "impossible",
                "disproportionate",
                "not_concerned",
                name="recipient_notice_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="how far it is",
        ),
        sa.Column("source_id", sa.Uuid(), nullable=True, comment="the body of the register"),
        sa.Column(
            "copy_case_id", sa.Uuid(), nullable=True, comment="the case whose released copy holds the wrong version"
        ),
        sa.Column("link_id", sa.Uuid(), nullable=True, comment="the link by which they acknowledge"),
        sa.Column("told_on", sa.Date(), nullable=True, comment="when they were told"),
        sa.Column("acknowledged_on", sa.Date(), nullable=True, comment="when they said that they put it right"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="who, what they received, what they are told and how, reasons; case key; R-150",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_recipient_notice_case_id")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_recipient_notice")),
    )
    with op.batch_alter_table("recipient_notice", schema=None) as batch_op:
        batch_op.create_index("ix_recipient_notice_line", ["case_id", "line_id"], unique=False)

    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.alter_column(
            "requester_id",
            existing_type=sa.Uuid(),
            nullable=True,
            comment="who asks; empty where nobody does: a breach is opened by staff",
        )

    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "corrected_at",
                sqlmodel.sql.sqltypes.UTCDateTime(),
                nullable=True,
                comment="since when a decided correction says who the child is: what a feed says is no longer searched by",
            )
        )

    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "person_id",
                sa.Uuid(),
                nullable=True,
                comment="who is signed in and writes it: they come back to it by signing in",
            )
        )
        batch_op.create_index(batch_op.f("ix_draft_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "decided_value",
                sa.LargeBinary(),
                nullable=True,
                comment="keyed hash of the value a correction case decided; no feed moves the current version while it is set",
            )
        )
        batch_op.add_column(
            sa.Column(
                "erased_at",
                sqlmodel.sql.sqltypes.UTCDateTime(),
                nullable=True,
                comment="destroyed by decision; the row stays as a tombstone",
            )
        )

    with op.batch_alter_table("pack", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "content",
                sa.Enum("copy", "decision", name="pack_content", native_enum=False, create_constraint=True, length=40),
                nullable=False,
                server_default="copy",
                comment="a copy of the record, or the decision on a challenge",
            )
        )

    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("version", sa.Integer(), nullable=False, server_default="1", comment="grows with each edit")
        )

    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column(
            "message", "read_at", comment="when staff said that they had read it; a requester's looks are in the log"
        )
