"""Housekeeping: what was kept long enough goes, a few rows at a time; then the database is tidied."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Engine, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import aliased

from db.arrivals import Arrivals
from db.connect import reading, translated, writing
from db.databasefile import write_back
from db.ended import discard, find_ended, plan_discarding
from db.moves import of_workspace
from db.schema import check_schema
from db.store import hold_documents
from db.tables import ArrivalRow, DocumentRow, ExtractionRow, ReadingRow, RegionRow
from segocr.errors import UsageError
from segocr.inbox import moving
from segocr.inbox.arrivals import State
from segocr.inbox.places import Places
from segocr.settings.service import KeepSettings

_Id = TypeVar("_Id", int, uuid.UUID)

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
        places: The workspace's folders: only what it brought goes, and what no workspace did. There the
            reasons of a failure lie whose file stayed in its inbox.

    Raises:
        DatabaseError: Some of it is done.
    """
    check_schema(engine)
    now = Arrivals(engine).now()

    def before(days: float) -> datetime | None:
        return now - timedelta(days=days) if days else None

    return Tidied(
        done=_drop_done(engine, before(keep.done), places),
        failed=_drop_failed(engine, before(keep.failed), places),
        versions=_drop_versions(engine, before(keep.versions), places),
        lattices=_drop_lattices(engine, before(keep.lattices), places),
        documents=_drop_documents(engine),
        megabytes=_vacuum(engine) if engine.dialect.name == "sqlite" else 0,
    )


def _drop_done(engine: Engine, moment: datetime | None, places: Places | None) -> int:
    """Delete filed files whose records were accepted; what waits for a person stays."""
    if moment is None:
        return 0
    # Read again since under another recipe, an accepted document may need review.
    doubtful = select(ExtractionRow.id).where(
        ExtractionRow.document_id == ArrivalRow.document_id, ExtractionRow.current, ~ExtractionRow.accepted
    )
    old = and_(
        ~doubtful.exists(),
        ArrivalRow.state == State.EXTRACTED.value,
        ArrivalRow.filed_at < moment,
        ArrivalRow.place.is_not(None),
        of_workspace(places),
    )
    count = 0
    for ids in _portions(engine, select(ArrivalRow.id).where(old)):
        still = and_(ArrivalRow.id.in_(ids), old)
        with writing(engine) as connection:
            # Their rows are held until they say so: nobody sends a file back to work that is being deleted,
            # or stores a record that needs it.
            held = select(ArrivalRow.id).where(still).order_by(ArrivalRow.id).with_for_update()
            connection.execute(held)
            hold_documents(connection, DocumentRow.id.in_(select(ArrivalRow.document_id).where(still)))
            rows = connection.execute(select(ArrivalRow.id, ArrivalRow.place).where(still))
            gone = [row.id for row in rows if _delete_filed(row.id, Path(row.place))]
            connection.execute(
                update(ArrivalRow).where(ArrivalRow.id.in_(gone)).values(place=None, gone=True)
            )
        count += len(gone)
    return count


def _delete_filed(arrival: uuid.UUID, file: Path) -> bool:
    """Delete what segocr filed under an arrival's id, and nothing else; return whether it is that."""
    if not file.name.startswith(f"{arrival}-"):
        return False
    file.unlink(missing_ok=True)
    moving.remove_empty(file.parent)
    return True


def _drop_failed(engine: Engine, moment: datetime | None, places: Places | None) -> int:
    if moment is None:
        return 0
    count = 0
    for ended in find_ended(engine, places=places):
        if ended.at is not None and ended.at < moment:
            with suppress(UsageError):  # left in its inbox: it is its owner's
                count += discard(engine, plan_discarding(engine, ended))
    return count


def _is_own(places: Places | None) -> ColumnElement[bool]:
    """Choose records that this workspace's arrivals brought, or none did."""
    others = select(ArrivalRow.id).where(ArrivalRow.id == ExtractionRow.arrival_id, ~of_workspace(places))
    return ~others.exists()


def _drop_versions(engine: Engine, moment: datetime | None, places: Places | None) -> int:
    if moment is None:
        return 0
    newer = aliased(ExtractionRow)
    # Of the same document: its pages replace a record of the whole, which has another part. A failure of what
    # could not be hashed is current until it is replaced.
    others = select(newer.id).where(
        newer.current,
        newer.document_id == ExtractionRow.document_id,
        newer.template == ExtractionRow.template,
    )
    replaced = or_(ExtractionRow.document_id.is_(None), others.exists())
    since = func.coalesce(ExtractionRow.replaced_at, ExtractionRow.extracted_at)
    old = and_(~ExtractionRow.current, since < moment, replaced, _is_own(places))
    count = 0
    for ids in _portions(engine, select(ExtractionRow.id).where(old)):
        still = and_(ExtractionRow.id.in_(ids), old)
        with writing(engine) as connection:
            # Extracted again under its recipe, an older version becomes the current one.
            hold_documents(connection, DocumentRow.id.in_(select(ExtractionRow.document_id).where(still)))
            count += connection.execute(delete(ExtractionRow).where(still)).rowcount
    return count


def _drop_lattices(engine: Engine, moment: datetime | None, places: Places | None) -> int:
    if moment is None:
        return 0
    query = (
        select(ReadingRow.id)
        .join(RegionRow)
        .join(ExtractionRow)
        .where(ExtractionRow.extracted_at < moment, func.length(ReadingRow.lattice) > 0, _is_own(places))
    )
    count = 0
    for ids in _portions(engine, query):
        with writing(engine) as connection:
            connection.execute(update(ReadingRow).where(ReadingRow.id.in_(ids)).values(lattice=b""))
        count += len(ids)
    return count


def _drop_documents(engine: Engine) -> int:
    unused = ~or_(
        select(ExtractionRow.id).where(ExtractionRow.document_id == DocumentRow.id).exists(),
        select(ArrivalRow.id).where(ArrivalRow.sha256 == DocumentRow.sha256).exists(),
    )
    count = 0
    for ids in _portions(engine, select(DocumentRow.id).where(unused)):
        still = and_(DocumentRow.id.in_(ids), unused)
        with writing(engine) as connection:
            hold_documents(connection, still)
            count += connection.execute(delete(DocumentRow).where(still)).rowcount
    return count


def _portions(engine: Engine, query: Select[tuple[_Id]]) -> Iterator[Sequence[_Id]]:
    """Yield the ids that a query finds, found once, in portions that one transaction each takes.

    Between the two anybody may change the rows: a transaction has to look again at what it was found by.
    """
    with reading(engine) as connection:
        ids = connection.scalars(query).all()
    for start in range(0, len(ids), _TOGETHER):
        yield ids[start : start + _TOGETHER]


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
        write_back(raw)
    return freed // 2**20
