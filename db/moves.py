"""A workspace that was moved or renamed: its arrivals' places, and the inboxes in it, follow."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, or_, select, true, update

from db.arrivalrows import chunks
from db.connect import reading, writing
from db.tables import ArrivalRow, table_of
from segocr.inbox.places import Inbox, Places
from segocr.inbox.workfolder import known_work, remember_work
from segocr.service.logs import tell

_log = logging.getLogger("segocr.sweep")
_ID_LENGTH = 36


def of_workspace(places: Places | None) -> ColumnElement[bool]:
    """Choose the arrivals that a workspace decides on: others of the same database keep theirs.

    Args:
        places: The workspace's folders; it may have been moved since it was last looked at. None: all
            arrivals are chosen.
    """
    if places is None:
        return true()
    own = [str(folder) for folder in (places.workspace, moved_from(places)) if folder is not None]
    return or_(ArrivalRow.workspace.is_(None), ArrivalRow.workspace.in_(own))


def moved_from(places: Places) -> Path | None:
    """Return where a workspace lay when it was last looked at, if that was elsewhere.

    A copy was not moved: the old folder is as it was.
    """
    known = known_work(places.work)
    if known is None or known.workspace == places.workspace:
        return None
    before = known_work(known.workspace / places.work.name)
    return None if before is not None and before.id == known.id else known.workspace


def follow_workspace(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> None:
    """Let the rows follow a workspace that lies elsewhere than when it was last looked at.

    Where nothing is remembered of that, because a backup was put back elsewhere, its files tell.
    """
    known = known_work(places.work)
    if known is None:
        for old in _filed_from(engine, places):
            follow_move(engine, inboxes, places, old)
    elif (moved := moved_from(places)) is not None:
        follow_move(engine, inboxes, places, moved)
        remember_work(places.work, known.id)


def _filed_from(engine: Engine, places: Places) -> list[Path]:
    """Return the folders, which are no more, of workspaces that filed what is in ``done/`` or ``failed/``."""
    names = (file.name for folder in (places.done, places.failed) for file in folder.glob("*/*"))
    ids = [found for name in names if (found := _id_at_start(name)) is not None]
    old: set[str] = set()
    with reading(engine) as connection:
        for some in chunks(ids):
            theirs = select(ArrivalRow.workspace).where(
                ArrivalRow.id.in_(some), ArrivalRow.workspace != str(places.workspace)
            )
            old.update(filter(None, connection.scalars(theirs.distinct())))
    return [folder for folder in sorted(map(Path, old)) if not folder.exists()]


def _id_at_start(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(name[:_ID_LENGTH])
    except ValueError:
        return None


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
        theirs = update(ArrivalRow).where(ArrivalRow.workspace == str(old))
        connection.execute(theirs.values(workspace=str(places.workspace)))
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
