"""A workspace that was moved or renamed: its arrivals' places, and the inboxes in it, follow."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, bindparam, select, update

from db.connect import writing
from db.tables import ArrivalRow, table_of
from segocr.inbox.places import Inbox, Places
from segocr.inbox.workfolder import known_work, remember_work
from segocr.service.logs import tell

_log = logging.getLogger("segocr.sweep")


def follow_workspace(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> None:
    """Let the rows follow a workspace that lies elsewhere than when it was last looked at.

    A copy is no move: while the old folder is as it was, nothing is done.
    """
    known = known_work(places.work)
    if known is None or known.workspace == places.workspace:
        return
    before = known_work(known.workspace / places.work.name)
    if before is None or before.id != known.id:
        follow_move(engine, inboxes, places, known.workspace)
        remember_work(places.work, known.id)


def follow_move(engine: Engine, inboxes: Sequence[Inbox], places: Places, old: Path) -> None:
    """Let the rows follow a workspace that lay in ``old``; calling it again does no harm.

    All in one transaction: nobody takes a document whose inbox is the new one and whose file is at the old
    place. What a place says of a file that is still there, or that is not at the new one either, stays.

    Raises:
        DatabaseError: Nothing was changed.
    """
    with writing(engine) as connection:
        files = _follow_places(connection, places, old)
        arrivals = _follow_inboxes(connection, inboxes, places, old)
    if files or arrivals:
        tell(_log, logging.WARNING, "the workspace was moved", files=files, arrivals=arrivals)


def _follow_places(connection: Connection, places: Places, old: Path) -> int:
    rows = connection.execute(select(ArrivalRow.id, ArrivalRow.place).where(ArrivalRow.place.is_not(None)))
    moved = [
        {"arrival": row.id, "moved": str(now)}
        for row in rows
        if Path(row.place).is_relative_to(old)
        and (now := places.now(row.id, Path(row.place))) != Path(row.place)
    ]
    if moved:
        table = table_of(ArrivalRow)
        there = update(table).where(table.c.id == bindparam("arrival")).values(place=bindparam("moved"))
        connection.execute(there, moved)
    return len(moved)


def _follow_inboxes(connection: Connection, inboxes: Sequence[Inbox], places: Places, old: Path) -> int:
    keys = {inbox.key for inbox in inboxes}
    count = 0
    for inbox in inboxes:
        if not inbox.folder.is_relative_to(places.workspace):
            continue
        before = old / inbox.folder.relative_to(places.workspace)
        if str(before) not in keys and not before.exists():
            theirs = update(ArrivalRow).where(ArrivalRow.inbox == str(before))
            count += connection.execute(theirs.values(inbox=inbox.key)).rowcount
    return count
