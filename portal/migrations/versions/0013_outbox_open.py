"""What is still on its way to a person or a colleague is found without reading all that ever went out."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_OPEN = sa.text("state IN ('waiting', 'held')")


def upgrade() -> None:
    for whom in ("person", "staff"):
        op.create_index(f"ix_outbox_open_{whom}", "outbox", [f"{whom}_id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
