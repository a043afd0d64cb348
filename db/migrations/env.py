"""Alembic's entry: the connection and its transaction are given by ``db.schema.upgrade``."""

from alembic import context

from db.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
