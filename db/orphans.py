"""Orphans: rows whose file is gone from ``work/``, and files there that no row knows (a restored backup).

A file counts as vanished only where ``work/`` is surely the folder that it was claimed into: the mark in it
says so (``segocr.inbox.workfolder``). Else nobody is to blame, and all wait until the folder is back. What
was given up, and lies in ``work/<id>/`` after all, is taken up again.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, and_, or_, select, update

from db.arrivalrows import chunks, is_in_inbox
from db.arrivals import Arrivals
from db.connect import reading, writing
from db.moves import follow_move, follow_workspace, of_workspace
from db.tables import ArrivalRow
from segocr.inbox import moving
from segocr.inbox.arrivals import State
from segocr.inbox.places import After, Inbox, Places
from segocr.inbox.workfolder import MISSING, PAUSE_SECONDS, adopt_work, is_right, known_work, work_missing
from segocr.service.logs import tell

_log = logging.getLogger("segocr.sweep")
_OLD_SECONDS = 600.0
"""A folder without a row must be so old: another database's service may have made it just now."""
_UNDER_WAY = (State.CLAIMED.value, State.EXTRACTING.value)
_PLACED = and_(
    ArrivalRow.state.in_(_UNDER_WAY), ArrivalRow.place.is_not(None), ArrivalRow.sha256.is_not(None)
)
"""Chooses hashed arrivals with a place in ``work``."""
VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class Mended:
    """What mending did.

    Attributes:
        orphans: How many there were.
        failed: The arrivals among them that failed, because their files are nowhere.
    """

    orphans: int
    failed: tuple[uuid.UUID, ...]


def mend_orphans(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> Mended:
    """Let rows without a file end or settle again, and return files without a row to the first inbox.

    Rows follow a workspace that was moved; what was given up and is there after all is taken up again.

    Args:
        engine: From ``db.connect.open_database``.
        inboxes: Of the workspace.
        places: Its folders.

    Raises:
        SegocrError: ``work-missing`` (transient): ``work/`` is away, or another folder. Nothing was ended.
    """
    follow_workspace(engine, inboxes, places)
    try:
        lost = _look(engine, inboxes, places)
    except OSError as error:  # a disk that does not answer
        raise work_missing(places.work) from error
    # Only now: a disk that went while the files were looked for shows here.
    _check_work(engine, inboxes, places, lost)
    settled = [one for one in lost if _settle_row(engine, one)]
    _resume(engine, places)
    orphans = len(settled) + _settle_files(engine, inboxes, places)
    return Mended(orphans, tuple(one.id for one in settled if not one.back))


@dataclass(frozen=True, slots=True)
class _Lost:
    """A row whose file is not where it should be; whether the inbox has it."""

    id: uuid.UUID
    back: bool


def _look(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> list[_Lost]:
    """Find the rows that nobody holds and whose file is gone; those of a moved workspace find theirs."""
    absent = list(_absent(engine, _at_rest(engine)))
    moved = {
        Path(row.place).parents[2] for row in absent if places.now(row.id, Path(row.place)) != Path(row.place)
    }
    for old in moved:
        follow_move(engine, inboxes, places, old)
    if moved:
        absent = list(_absent(engine, _at_rest(engine)))
    return [_Lost(row.id, _is_back(row)) for row in absent if _is_ours(row, inboxes, places)]


def _absent(engine: Engine, which: ColumnElement[bool]) -> Iterator[Row[Any]]:
    with reading(engine) as connection:
        rows = connection.execute(select(ArrivalRow.__table__).where(which)).all()
    return (row for row in rows if not Path(row.place).exists())


def _is_ours(row: Row[Any], inboxes: Sequence[Inbox], places: Places) -> bool:
    """Whether this workspace is to judge: a database may serve several."""
    if row.workspace is not None:
        return bool(row.workspace == str(places.workspace))
    return Path(row.place).is_relative_to(places.work) or row.inbox in {inbox.key for inbox in inboxes}


def _is_back(row: Row[Any]) -> bool:
    """Whether the inbox has its file, unchanged."""
    return is_in_inbox(row.inbox, row.path, row.size, row.mtime_ns)


def _at_rest(engine: Engine) -> ColumnElement[bool]:
    """Choose hashed arrivals with a place in ``work`` that nobody holds."""
    return and_(_PLACED, _free(engine))


def _free(engine: Engine) -> ColumnElement[bool]:
    """Choose what nobody holds; a pause has no owner."""
    until = ArrivalRow.lease_until
    return or_(ArrivalRow.lease_owner.is_(None), until.is_(None), until < Arrivals(engine).now())


def _check_work(engine: Engine, inboxes: Sequence[Inbox], places: Places, lost: Sequence[_Lost]) -> None:
    """Refuse a work folder that is not surely the one that files were claimed into.

    One without the remembered mark is taken where no file is missed; where nothing is remembered yet, because
    an older version claimed the files, also where the folder of one of them is in it.
    """
    leaves = all(inbox.after is After.LEAVE for inbox in inboxes)
    first = known_work(places.work) is None
    if leaves and not lost and first:
        with suppress(OSError):  # it may be read-only; else it is known again when it is moved
            adopt_work(places.work)
    if is_right(places.work) or (leaves and not lost):
        return
    if (first and _holds_one(engine, places)) or not _misses_one(engine, inboxes, places):
        try:
            adopt_work(places.work)
        except (
            FileExistsError,
            FileNotFoundError,
            NotADirectoryError,
        ) as error:  # a link to a disk that is away
            raise work_missing(places.work) from error
        return
    with writing(engine) as connection:
        now = Arrivals(engine).now()
        pause = {"lease_until": now + timedelta(seconds=PAUSE_SECONDS), "last_problem_code": MISSING}
        for some in chunks([one.id for one in lost if not one.back]):
            waiting = update(ArrivalRow).where(ArrivalRow.id.in_(some), _at_rest(engine))
            connection.execute(waiting.values(lease_owner=None, **pause))
    raise work_missing(places.work)


def _holds_one(engine: Engine, places: Places) -> bool:
    with reading(engine) as connection:
        ids = connection.scalars(select(ArrivalRow.id).where(_PLACED)).all()
    return any((places.work / str(arrival)).is_dir() for arrival in ids)


def _misses_one(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> bool:
    """Whether a file under way is nowhere, whoever holds it; one that was about to be claimed, too."""
    if any(_is_ours(row, inboxes, places) and not _is_back(row) for row in _absent(engine, _PLACED)):
        return True
    keys = [inbox.key for inbox in inboxes if inbox.after is not After.LEAVE]
    about = and_(ArrivalRow.state == State.CLAIMED.value, ArrivalRow.sha256.is_(None))
    with reading(engine) as connection:
        rows = connection.execute(
            select(ArrivalRow.id, ArrivalRow.inbox, ArrivalRow.path).where(
                about, ArrivalRow.inbox.in_(keys), of_workspace(places)
            )
        ).all()
    return any(
        not places.claimed(row.id, Path(row.path).name).exists() and not (Path(row.inbox) / row.path).exists()
        for row in rows
    )


def _settle_row(engine: Engine, lost: _Lost) -> bool:
    """Receive the arrival again if its file is back in the inbox (a crash came then); else it failed."""
    now = Arrivals(engine).now()
    values: dict[str, Any] = {"place": None, "lease_owner": None, "lease_until": None}
    if lost.back:
        values |= {"state": State.RECEIVED.value, "sha256": None, "claimed_at": None, "steady_since": now}
        values |= {"attempts": 0}
    else:
        message = "its file is neither in the inbox nor in work"
        values |= {"state": State.FAILED.value, "last_problem_code": VANISHED, "last_problem": message}
        values |= {"ended_at": now, "filed_at": now, "gone": True}
    with writing(engine) as connection:
        changed = connection.execute(
            update(ArrivalRow).where(ArrivalRow.id == lost.id, _at_rest(engine)).values(values)
        )
    if changed.rowcount and not lost.back:
        tell(_log, logging.WARNING, "failed", arrival=lost.id, state=State.FAILED.value, code=VANISHED)
    return changed.rowcount == 1


def _resume(engine: Engine, places: Places) -> None:
    """Let go on what rested because its file was away."""
    away = and_(ArrivalRow.lease_owner.is_(None), ArrivalRow.last_problem_code == MISSING)
    resting = and_(_PLACED, away, of_workspace(places))
    with reading(engine) as connection:
        if not connection.scalar(select(ArrivalRow.id).where(resting).limit(1)):
            return
    with writing(engine) as connection:
        # Over, and not none: what somebody began is taken by its lease's end.
        over = Arrivals(engine).now() - timedelta(microseconds=1)
        connection.execute(update(ArrivalRow).where(resting).values(lease_until=over, last_problem_code=None))


def _settle_files(engine: Engine, inboxes: Sequence[Inbox], places: Places) -> int:
    # The folders first, then the rows: a row is always older than its folder.
    folders = {found: folder for folder in _work_folders(places.work) if (found := _id_of(folder))}
    known = _rows_of(engine, list(folders))
    target = next((inbox for inbox in inboxes if inbox.after is not After.LEAVE), None)
    settled = 0
    for arrival, folder in folders.items():
        if arrival in known:
            settled += _take_up(engine, known[arrival], folder)
        elif time.time() - folder.stat().st_mtime >= _OLD_SECONDS:
            settled += _return_files(folder, target)
    return settled


def _return_files(folder: Path, target: Inbox | None) -> int:
    returned = 0
    for file in list(folder.iterdir()):
        if file.name.endswith(moving.PARTIAL):
            file.unlink()
        elif target is not None:
            moving.return_to(file, target.folder, file.name)
            returned += 1
    moving.remove_empty(folder)
    return returned


def _take_up(engine: Engine, row: Row[Any], folder: Path) -> bool:
    """Claim again what had vanished and lies in its folder after all; file what was said to be filed.

    Either happens to what somebody worked on just when the folder was away.
    """
    if row.state in _UNDER_WAY or not (folder / Path(row.path).name).is_file():
        return False
    filed = row.filed_at is not None
    vanished = filed and (row.state, row.last_problem_code) == (State.FAILED.value, VANISHED)
    values: dict[str, Any] = {"lease_owner": None, "lease_until": None, "filed_at": None, "gone": False}
    if vanished or (row.state == State.RECEIVED.value and not (Path(row.inbox) / row.path).exists()):
        # As a claim that somebody abandoned: hashed next, since nobody knows what happened to it meanwhile.
        now = Arrivals(engine).now()
        values |= {"state": State.CLAIMED.value, "claimed_at": now, "sha256": None, "place": None}
        values |= {"lease_until": now - timedelta(microseconds=1), "ended_at": None, "attempts": 0}
        values |= {"last_problem_code": None, "last_problem": None}
    elif not filed or (row.place is not None and Path(row.place).exists()):
        return False
    as_seen = ArrivalRow.filed_at.is_not(None) if filed else ArrivalRow.filed_at.is_(None)
    with writing(engine) as connection:
        changed = connection.execute(
            update(ArrivalRow)
            .where(ArrivalRow.id == row.id, ArrivalRow.state == row.state, as_seen, _free(engine))
            .values(values)
        )
    if changed.rowcount:
        tell(_log, logging.WARNING, "taken up again", arrival=row.id, state=row.state)
    return changed.rowcount == 1


def _rows_of(engine: Engine, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row[Any]]:
    columns = (
        ArrivalRow.id, ArrivalRow.state, ArrivalRow.inbox, ArrivalRow.path, ArrivalRow.place,
        ArrivalRow.filed_at, ArrivalRow.last_problem_code,
    )  # fmt: skip
    known: dict[uuid.UUID, Row[Any]] = {}
    with reading(engine) as connection:
        for some in chunks(ids):
            rows = connection.execute(select(*columns).where(ArrivalRow.id.in_(some)))
            known.update((row.id, row) for row in rows)
    return known


def _work_folders(work: Path) -> list[Path]:
    return [folder for folder in work.iterdir() if folder.is_dir()] if work.is_dir() else []


def _id_of(folder: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(folder.name)
    except ValueError:
        return None
