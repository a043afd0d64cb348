"""Alembic migrations: one file a revision, run by `db.schema.upgrade`."""
