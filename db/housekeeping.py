"""Housekeeping: what was kept long enough goes, a few rows at a time; then the database is tidied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Executable, delete, func, or_, select, update
from sqlalchemy.orm import aliased

from db.arrivals import Arrivals
from db.connect import reading, translated, writing
from db.ended import discard, find_ended, plan_discarding
from db.schema import check_schema
from db.tables import ArrivalRow, DocumentRow, ExtractionRow, ReadingRow, RegionRow
from segocr.errors import UsageError
from segocr.inbox import moving
from segocr.inbox.arrivals import State
from segocr.inbox.places import Places
from segocr.settings.service import KeepSettings

_TOGETHER = 500
"""Rows in a transaction: whoever stores records meanwhile waits for no longer than that takes."""
_WORTH_VACUUM = 0.2
_WORTH_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Tidied:
    """What went.

    Attributes:
        done: Files from ``done/``.
        failed: Failed arrivals, with their files and records.
        versions: Older versions of records.
        lattices: Readings that can no longer be decided again.
        documents: Rows of documents that nothing refers to.
        megabytes: By which the database's file became smaller.
    """

    done: int
    failed: int
    versions: int
    lattices: int
    documents: int
    megabytes: int


def tidy(engine: Engine, keep: KeepSettings, places: Places | None = None) -> Tidied:
    """Remove what the settings no longer keep, and give unused room of the database back.

    After an interruption, calling it again goes on.

    Args:
        engine: From ``db.connect.open_database``.
        keep: For how long what is kept; 0 keeps for ever.
        places: The workspace's folders: where the reasons of a failure lie whose file stayed in its inbox.

    Raises:
        DatabaseError: Some of it is done.
    """
    check_schema(engine)
    now = Arrivals(engine).now()

    def before(days: float) -> datetime | None:
        return now - timedelta(days=days) if days else None

    return Tidied(
        done=_drop_done(engine, before(keep.done)),
        failed=_drop_failed(engine, before(keep.failed), places),
        versions=_drop_versions(engine, before(keep.versions)),
        lattices=_drop_lattices(engine, before(keep.lattices)),
        documents=_drop_documents(engine),
        megabytes=_vacuum(engine) if engine.dialect.name == "sqlite" else 0,
    )


def _drop_done(engine: Engine, moment: datetime | None) -> int:
    """Delete filed files whose records were accepted; what waits for a person stays."""
    if moment is None:
        return 0
    query = select(ArrivalRow.id, ArrivalRow.place).where(
        ArrivalRow.state == State.EXTRACTED.value,
        ArrivalRow.filed_at < moment,
        ArrivalRow.place.is_not(None),
    )
    count = 0
    for rows in _portions(engine, query):
        gone = []
        for arrival, place in rows:
            file = Path(place)
            if file.name.startswith(f"{arrival}-"):  # what segocr filed, and nothing else
                file.unlink(missing_ok=True)
                moving.remove_empty(file.parent)
                gone.append(arrival)
        with writing(engine) as connection:
            connection.execute(update(ArrivalRow).where(ArrivalRow.id.in_(gone)).values(place=None))
        count += len(gone)
    return count


def _drop_failed(engine: Engine, moment: datetime | None, places: Places | None) -> int:
    if moment is None:
        return 0
    count = 0
    for ended in find_ended(engine, places=places):
        if ended.at is not None and ended.at < moment:
            with suppress(UsageError):  # left in its inbox: it is its owner's
                count += discard(engine, plan_discarding(engine, ended))
    return count


def _drop_versions(engine: Engine, moment: datetime | None) -> int:
    if moment is None:
        return 0
    newer = aliased(ExtractionRow)
    replaced = (
        select(newer.id)
        .where(
            newer.document_id == ExtractionRow.document_id,
            newer.template == ExtractionRow.template,
            newer.part == ExtractionRow.part,
            newer.current,
        )
        .exists()
    )
    query = select(ExtractionRow.id).where(
        ~ExtractionRow.current, ExtractionRow.extracted_at < moment, replaced
    )
    count = 0
    for rows in _portions(engine, query):
        with writing(engine) as connection:
            connection.execute(delete(ExtractionRow).where(ExtractionRow.id.in_([row.id for row in rows])))
        count += len(rows)
    return count


def _drop_lattices(engine: Engine, moment: datetime | None) -> int:
    if moment is None:
        return 0
    query = (
        select(ReadingRow.id)
        .join(RegionRow)
        .join(ExtractionRow)
        .where(ExtractionRow.extracted_at < moment, func.length(ReadingRow.lattice) > 0)
    )
    count = 0
    for rows in _portions(engine, query):
        ids = [row.id for row in rows]
        with writing(engine) as connection:
            connection.execute(update(ReadingRow).where(ReadingRow.id.in_(ids)).values(lattice=b""))
        count += len(rows)
    return count


def _drop_documents(engine: Engine) -> int:
    used = or_(
        select(ExtractionRow.id).where(ExtractionRow.document_id == DocumentRow.id).exists(),
        select(ArrivalRow.id).where(ArrivalRow.sha256 == DocumentRow.sha256).exists(),
    )
    with writing(engine) as connection:
        return connection.execute(delete(DocumentRow).where(~used)).rowcount


def _portions(engine: Engine, query: Executable) -> Iterator[Sequence[Any]]:
    """Yield what a query finds, found once, in portions that one transaction each takes."""
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    for start in range(0, len(rows), _TOGETHER):
        yield rows[start : start + _TOGETHER]


def _vacuum(engine: Engine) -> int:
    """Refresh the planner's statistics, empty the log, and give room back where there is much; megabytes."""
    with translated(engine), engine.connect().execution_options(segocr_reads=True) as connection:
        raw: Any = connection.connection.driver_connection

        def ask(name: str) -> int:
            return int(raw.execute(f"PRAGMA {name}").fetchone()[0])

        raw.execute("PRAGMA optimize")
        unused = ask("freelist_count") * ask("page_size")
        size = ask("page_count") * ask("page_size")
        path = Path(str(engine.url.database))
        # The copy that VACUUM makes needs as much room as the database has, and its log the same again.
        room = shutil.disk_usage(path.parent).free > 2 * size
        freed = 0
        if unused > max(_WORTH_BYTES, _WORTH_VACUUM * size) and room:
            raw.execute("VACUUM")
            freed = size - ask("page_count") * ask("page_size")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return freed // 2**20
