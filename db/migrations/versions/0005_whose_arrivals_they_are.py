"""Whose arrivals they are: several workspaces may keep their records in one database, and each its files."""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("workspace", db.types.PathText(), nullable=True))
    connection = op.get_bind()
    # As they are stored: <workspace>/work/<id>/<name>, or <workspace>/done/<date>/<id>-<name>, or failed/ so.
    rows = connection.execute(sa.text("SELECT id, place FROM arrivals WHERE place IS NOT NULL")).all()
    known = [{"id": row.id, "workspace": row.place.rsplit("/", 3)[0]} for row in rows]
    if known:
        connection.execute(sa.text("UPDATE arrivals SET workspace = :workspace WHERE id = :id"), known)
    # The others' inboxes tell, if they brought what is one workspace's alone, or lie in its folder. What was
    # only ever left in an inbox or deleted may be of a workspace that no place names: its stay unknown.
    pairs = connection.execute(sa.text("SELECT DISTINCT inbox, workspace FROM arrivals")).all()
    workspaces = {pair.workspace for pair in pairs} - {None}
    for inbox in {pair.inbox for pair in pairs if pair.workspace is None}:
        brought_for = {pair.workspace for pair in pairs if pair.inbox == inbox} - {None}
        around = {folder for folder in workspaces if inbox.startswith(f"{folder}/")}
        if len(owners := brought_for or around) == 1:
            rest = sa.text("UPDATE arrivals SET workspace = :it WHERE workspace IS NULL AND inbox = :inbox")
            connection.execute(rest, {"it": owners.pop(), "inbox": inbox})
