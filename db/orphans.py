"""Orphans: rows whose file is gone from ``work/``, and files there that no row knows (a restored backup)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, or_, select, update

from db.arrivalrows import chunks
from db.arrivals import Arrivals
from db.connect import reading, writing
from db.tables import ArrivalRow
from segocr import filing
from segocr.arrivals import State
from segocr.places import After, Inbox, Places

_OLD_SECONDS = 600.0
"""A folder without a row must be so old: another database's service may have made it just now."""


def mend_orphans(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> int:
    """Let rows without a file end or settle again, and return files without a row to the first inbox.

    Args:
        engine: From ``db.connect.open_database``.
        inboxes: Of the workspace.
        places: Its folders.

    Returns:
        How many orphans there were.
    """
    rows = sum(_settle_row(engine, *found) for found in _rows_without_file(engine))
    return rows + _return_files(engine, inboxes, places)


def _rows_without_file(engine: Engine) -> Iterator[tuple[uuid.UUID, bool]]:
    """Yield rows that nobody holds, and whose file is not where it should be; whether the inbox has it."""
    with reading(engine) as connection:
        rows = connection.execute(select(ArrivalRow.__table__).where(_at_rest(engine))).all()
    for row in rows:
        if not Path(row.place).exists():
            yield row.id, _lies_at(Path(row.inbox) / row.path, row.size, row.mtime_ns)


def _lies_at(path: Path, size: int, mtime_ns: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (size, mtime_ns)


def _at_rest(engine: Engine) -> ColumnElement[bool]:
    """Choose hashed arrivals with a place in ``work`` that nobody holds."""
    free = or_(ArrivalRow.lease_until.is_(None), ArrivalRow.lease_until < Arrivals(engine).now())
    under_way = ArrivalRow.state.in_((State.CLAIMED.value, State.EXTRACTING.value))
    return and_(under_way, ArrivalRow.place.is_not(None), ArrivalRow.sha256.is_not(None), free)


def _settle_row(engine: Engine, arrival: uuid.UUID, back: bool) -> bool:
    """Receive the arrival again if its file is back in the inbox (a crash came then); else it failed."""
    now = Arrivals(engine).now()
    values: dict[str, Any] = {"place": None, "lease_owner": None, "lease_until": None}
    if back:
        values |= {"state": State.RECEIVED.value, "sha256": None, "claimed_at": None, "steady_since": now}
    else:
        message = "its file is neither in the inbox nor in work"
        values |= {"state": State.FAILED.value, "last_problem_code": "vanished", "last_problem": message}
        values |= {"ended_at": now, "filed_at": now}
    with writing(engine) as connection:
        changed = connection.execute(
            update(ArrivalRow).where(ArrivalRow.id == arrival, _at_rest(engine)).values(values)
        )
    return changed.rowcount == 1


def _return_files(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> int:
    # The folders first, then the rows: a row is always older than its folder.
    folders = {found: folder for folder in _work_folders(places.work) if (found := _id_of(folder))}
    known = _existing(engine, list(folders))
    target = next((inbox for inbox in inboxes if inbox.after is not After.LEAVE), None)
    returned = 0
    for arrival, folder in folders.items():
        if arrival in known or time.time() - folder.stat().st_mtime < _OLD_SECONDS:
            continue
        for file in list(folder.iterdir()):
            if file.name == filing.PARTIAL:
                file.unlink()
            elif target is not None:
                filing.return_to(file, target.folder, file.name)
                returned += 1
        filing.remove_empty(folder)
    return returned


def _existing(engine: Engine, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    known: set[uuid.UUID] = set()
    with reading(engine) as connection:
        for some in chunks(ids):
            known.update(connection.scalars(select(ArrivalRow.id).where(ArrivalRow.id.in_(some))))
    return known


def _work_folders(work: Path) -> list[Path]:
    return [folder for folder in work.iterdir() if folder.is_dir()] if work.is_dir() else []


def _id_of(folder: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(folder.name)
    except ValueError:
        return None
