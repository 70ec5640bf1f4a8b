"""A new way in to a seat that is taken waits for a second person."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "way_in_until",
                sqlmodel.sql.sqltypes.UTCDateTime(),
                nullable=True,
                comment="until when a new way in may be given, because two people said so; emptied when it is used",
            )
        )
    op.create_index(op.f("ix_seat_stand_in_id"), "seat", ["stand_in_id"])
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "way_in",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
                comment="whether a new way in is granted, and the role stays",
            )
        )
