"""When a record was replaced: from then on an older version is kept. Of those so far nobody knows."""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("extractions", sa.Column("replaced_at", db.types.Moment(timezone=True), nullable=True))
