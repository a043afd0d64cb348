"""Whole numbers divide as others: SQLite kept them as integers, and dropped the remainder of 25 / 4.

Those with more digits than SQLite shows of a double stay integers (``db.exact.kept``).
"""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("field_values", recreate="always") as batch_op:
            batch_op.alter_column("number_value", existing_type=sa.Numeric(), type_=db.types.Number())
        op.execute(
            "UPDATE field_values SET number_value = CAST(number_value AS REAL)"
            " WHERE number_value > -1000000000000000 AND number_value < 1000000000000000"
            " AND typeof(number_value) = 'integer'"
        )
