"""What a record's recipe was taken of, and what each reading was read for and decided by: for replaying."""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("extractions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facts", db.types.SafeJSON(), nullable=True))
    with op.batch_alter_table("readings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("field", db.types.SafeText(), nullable=True))
        batch_op.add_column(sa.Column("decided_by", sa.String(length=64), nullable=True))
