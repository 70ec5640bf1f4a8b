"""Alembic's entry: runs inside a connection that portal.migrate hands over."""

from alembic import context
from sqlmodel import SQLModel

from portal import schema  # noqa: F401  every table must be known here

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
