"""Inboxes that ``segocr.toml`` names no more, though the ledger knows files of them that have not ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, delete, func, select

from db.arrivalrows import ENDED, chunks
from db.arrivals import Arrivals
from db.connect import reading, writing
from db.moves import of_workspace
from db.tables import ArrivalRow
from segocr.inbox import nolinks
from segocr.inbox.arrivals import State
from segocr.inbox.places import Places

_OLD = timedelta(days=1)
"""So long a file is gone before it is dropped: a share may be away for a while."""


@dataclass(frozen=True, slots=True)
class Absent:
    """An inbox that ``segocr.toml`` does not name any more, though files of it are not done with.

    Attributes:
        inbox: Its key: the folder.
        files: How many of its files were seen or claimed and have not ended: nobody takes them.
    """

    inbox: str
    files: int

    @property
    def hint(self) -> str:
        """What to do."""
        return f'name it again in segocr.toml until they are done: [[inbox]] path = "{self.inbox}"'


def absent_inboxes(
    engine: Engine, inboxes: Collection[str], places: Places | None = None
) -> tuple[Absent, ...]:
    """Return the inboxes whose files nobody will take, most files first.

    Args:
        engine: From ``db.connect.open_database``.
        inboxes: Keys of those that are configured.
        places: The workspace's folders; other workspaces' inboxes are their own affair.

    Raises:
        DatabaseError: The database cannot be asked.
    """
    count = func.count()
    query = (
        select(ArrivalRow.inbox, count)
        .where(ArrivalRow.state.not_in(ENDED), ArrivalRow.inbox.not_in(list(inboxes)), of_workspace(places))
        .group_by(ArrivalRow.inbox)
        .order_by(count.desc())
    )
    with reading(engine) as connection:
        return tuple(Absent(inbox, files) for inbox, files in connection.execute(query))


def drop_gone(engine: Engine, inboxes: Collection[str], places: Places | None = None) -> int:
    """Drop what was seen in such inboxes, never claimed, and is there no more; return how many files.

    Where an inbox is configured, its sweep does so. With the workspace's folders, other workspaces' stay.
    """
    now = Arrivals(engine).now()
    query = select(ArrivalRow.id, ArrivalRow.inbox, ArrivalRow.path).where(
        ArrivalRow.state == State.RECEIVED.value,
        ArrivalRow.inbox.not_in(list(inboxes)),
        ArrivalRow.steady_since < now - _OLD,
        of_workspace(places),
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    gone = [row.id for row in rows if nolinks.is_gone(Path(row.inbox), row.path)]
    with writing(engine) as connection:
        for some in chunks(gone):
            theirs = delete(ArrivalRow).where(ArrivalRow.id.in_(some))
            connection.execute(theirs.where(ArrivalRow.state == State.RECEIVED.value))
    return len(gone)
