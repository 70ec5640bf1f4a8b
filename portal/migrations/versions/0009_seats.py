"""Seats, invitations, grants and hand-overs of staff; sign-ins elsewhere by OpenID Connect."""

import datetime

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column(
            "purpose",
            sa.Enum(
                "seat",
                "first_administrator",
                name="invitation_purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="to a seat, or to be the first",
        ),
        sa.Column("staff_id", sa.Uuid(), nullable=True, comment="whose seat; empty for the first administrator"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="name and work e-mail that the first administrator typed; system's key",
        ),
        sa.Column(
            "token_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of the random value in a mailed link"
        ),
        sa.Column(
            "number",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=True,
            comment="random number printed on a card, or shown on the console",
        ),
        sa.Column(
            "words_hash",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=True,
            comment="slow hash of the six words beside the number",
        ),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="when it was made"),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="from when it is dead"),
        sa.Column("used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when it was used: once"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("number", name=op.f("uq_invitation_number")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_index(op.f("ix_invitation_staff_id"), "invitation", ["staff_id"], unique=False)
    op.create_table(
        "openid_identity",
        sa.Column("identity_blind", sa.LargeBinary(), nullable=False, comment="blind index of issuer and subject"),
        sa.Column(
            "door",
            sa.Enum(
                "family", "staff", name="openid_identity_door", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
            comment="family or staff",
        ),
        sa.Column("holder_id", sa.Uuid(), nullable=False, comment="the person or member of staff"),
        sa.Column(
            "linked_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=False,
            comment="when it was linked, from an invitation or after the account's own way in",
        ),
        sa.Column(
            "seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="when somebody last came in by it"
        ),
        sa.Column(
            "sid_blind",
            sa.LargeBinary(),
            nullable=True,
            comment="blind index of the last session there, so that its end ends ours",
        ),
        sa.PrimaryKeyConstraint("identity_blind", name=op.f("pk_openid_identity")),
    )
    op.create_index(op.f("ix_openid_identity_holder_id"), "openid_identity", ["holder_id"], unique=False)
    op.create_index(op.f("ix_openid_identity_sid_blind"), "openid_identity", ["sid_blind"], unique=False)
    op.create_table(
        "openid_start",
        sa.Column(
            "state_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the random state that comes back"
        ),
        sa.Column(
            "door",
            sa.Enum("family", "staff", name="openid_start_door", native_enum=False, create_constraint=True, length=40),
            nullable=False,
            comment="family or staff",
        ),
        sa.Column(
            "purpose",
            sa.Enum(
                "sign_in",
                "step_up",
                "link",
                name="openid_start_purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="to sign in, to show the factor again, or to link",
        ),
        sa.Column("holder_id", sa.Uuid(), nullable=True, comment="the account, or the invitation, that it is about"),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the asking browser's cookie"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="nonce, code verifier and page to go to; system's key; destroyed with the row",
        ),
        sa.Column(
            "made_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=False,
            comment="when it was begun; rows are deleted after a day",
        ),
        sa.Column("used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when it came back: once"),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_openid_start")),
    )
    op.create_table(
        "hand_over",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("staff_id", sa.Uuid(), nullable=False, comment="whose work it was"),
        sa.Column("to_staff_id", sa.Uuid(), nullable=True, comment="who has it now; empty: the team"),
        sa.Column("to_team_id", sa.Uuid(), nullable=True, comment="the team that has it now"),
        sa.Column(
            "why",
            sa.Enum(
                "closed", "away", "moved", name="hand_over_why", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
            comment="the seat closes, its holder is away, or works elsewhere",
        ),
        sa.Column(
            "asked_by",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=False,
            comment="kind and id of who said so, or the portal itself",
        ),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="when it was said"),
        sa.Column("moved_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when everything had moved"),
        sa.Column(
            "ended_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=True,
            comment="when it was over: moved for good, or given back",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_hand_over_staff_id")),
        sa.ForeignKeyConstraint(["to_staff_id"], ["staff.id"], name=op.f("fk_hand_over_to_staff_id")),
        sa.ForeignKeyConstraint(["to_team_id"], ["team.id"], name=op.f("fk_hand_over_to_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
    )
    op.create_index(
        "ix_hand_over_open",
        "hand_over",
        ["staff_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.Uuid(), nullable=False, comment="random, time-ordered"),
        sa.Column("staff_id", sa.Uuid(), nullable=True, comment="whose role changes; empty for a new seat"),
        sa.Column(
            "role",
            sa.Enum(
                "caseworker",
                "approver",
                "auditor",
                "administrator",
                name="granted_role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="the role that is granted",
        ),
        sa.Column("team_id", sa.Uuid(), nullable=True, comment="the team that is granted"),
        sa.Column("owner_id", sa.Uuid(), nullable=True, comment="who will answer for a new seat"),
        sa.Column("ends_on", sa.Date(), nullable=True, comment="last day of a new seat"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="name and work e-mail for a new seat; system's key; emptied once decided",
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "confirmed",
                "declined",
                "withdrawn",
                name="grant_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            comment="waiting until somebody else decides",
        ),
        sa.Column("proposed_by", sa.Uuid(), nullable=False, comment="who proposed it"),
        sa.Column("proposed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="when"),
        sa.Column(
            "decided_by", sa.Uuid(), nullable=True, comment="who confirmed or declined it: never the one who proposed"
        ),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when"),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name=op.f("fk_role_grant_proposed_by")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_role_grant_staff_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_role_grant_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(
        "ix_role_grant_waiting",
        "role_grant",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "seat",
        sa.Column("staff_id", sa.Uuid(), nullable=False, comment="the account"),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows with each edit, so that no edit is lost"),
        sa.Column("owner_id", sa.Uuid(), nullable=True, comment="who answers for the seat"),
        sa.Column(
            "ends_on", sa.Date(), nullable=True, comment="last day of the seat; empty for the first administrator's"
        ),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False, comment="when the seat was made"),
        sa.Column(
            "came_in_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True, comment="when its holder first came in"
        ),
        sa.Column(
            "confirmed_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=False,
            comment="when its owner last said that it is needed",
        ),
        sa.Column("away_from", sa.Date(), nullable=True, comment="first day of an absence"),
        sa.Column("away_until", sa.Date(), nullable=True, comment="last day of the absence"),
        sa.Column("stand_in_id", sa.Uuid(), nullable=True, comment="who has the cases meanwhile; empty: the team"),
        sa.Column(
            "closing_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            nullable=True,
            comment="when it was said that the seat closes",
        ),
        sa.Column(
            "closed_why",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=True,
            comment="why it closes: said by a person, ended, or unused",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_seat_owner_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_seat_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_seat")),
    )
    op.create_index(op.f("ix_seat_owner_id"), "seat", ["owner_id"], unique=False)
    op.create_table(
        "lent_case",
        sa.Column("hand_over_id", sa.Uuid(), nullable=False, comment="the hand-over"),
        sa.Column("case_id", sa.Uuid(), nullable=False, comment="the case"),
        sa.ForeignKeyConstraint(["hand_over_id"], ["hand_over.id"], name=op.f("fk_lent_case_hand_over_id")),
        sa.PrimaryKeyConstraint("hand_over_id", "case_id", name=op.f("pk_lent_case")),
    )
    op.add_column(
        "outbox",
        sa.Column("staff_id", sa.Uuid(), nullable=True, comment="the member of staff it is for, at their work e-mail"),
    )
    _seats_of_accounts()


def _seats_of_accounts() -> None:
    """Accounts that are there keep their seat. Nobody answers for it yet; the administrator's list says so."""
    now = sa.literal(datetime.datetime.now(datetime.UTC), sqlmodel.sql.sqltypes.UTCDateTime())
    instant = sqlmodel.sql.sqltypes.UTCDateTime()
    seat = sa.table(
        "seat",
        sa.column("staff_id", sa.Uuid()),
        sa.column("version", sa.Integer()),
        sa.column("opened_at", instant),
        sa.column("came_in_at", instant),
        sa.column("confirmed_at", instant),
    )
    staff = sa.table("staff", sa.column("id", sa.Uuid()), sa.column("last_sign_in_at", instant))
    rows = sa.select(staff.c.id, sa.literal(1), now, staff.c.last_sign_in_at, now)
    op.execute(seat.insert().from_select(["staff_id", "version", "opened_at", "came_in_at", "confirmed_at"], rows))
