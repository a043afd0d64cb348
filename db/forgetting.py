"""Forgetting a document: its rows, readings and the copies that segocr keeps; first shown, then done."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from db.connect import reading, writing
from db.tables import (
    ArrivalRow,
    DocumentRow,
    ExtractionRow,
    FieldValueRow,
    ProblemRow,
    ReadingRow,
    RegionRow,
)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting a document removes.

    Attributes:
        sha256: The document.
        rows: Table's name to how many of its rows go.
        files: Copies that segocr keeps (in ``work``, ``done``, ``failed``) and would delete.
        left: Files that are their owner's and stay where they are.
    """

    sha256: str
    rows: dict[str, int]
    files: tuple[Path, ...]
    left: tuple[Path, ...]


def plan_forgetting(engine: Engine, sha256: str) -> Forgetting:
    """Say what ``forget`` would remove; changes nothing."""
    with reading(engine) as connection:
        document_id = connection.scalar(select(DocumentRow.id).where(DocumentRow.sha256 == sha256))
        of_document = select(ExtractionRow.id).where(ExtractionRow.document_id == document_id)
        arrivals = connection.execute(
            select(ArrivalRow.id, ArrivalRow.inbox, ArrivalRow.path, ArrivalRow.place).where(
                ArrivalRow.sha256 == sha256
            )
        ).all()
        given = connection.scalars(
            select(ExtractionRow.file)
            .where(ExtractionRow.document_id == document_id, ExtractionRow.arrival_id.is_(None))
            .distinct()
        ).all()
        rows = _rows_to_go(connection, of_document)
    files = tuple(file for row in arrivals for file in _own_files(row.id, row.place))
    left = tuple(Path(file) for file in given) + tuple(
        Path(row.inbox) / row.path for row in arrivals if row.place is None
    )
    rows = {"documents": int(document_id is not None), "arrivals": len(arrivals), **rows}
    return Forgetting(sha256, rows, files, left)


def _rows_to_go(connection: Connection, of_document: Any) -> dict[str, int]:
    regions = select(RegionRow.id).where(RegionRow.extraction_id.in_(of_document))
    conditions = {
        "extractions": ExtractionRow.id.in_(of_document),
        "regions": RegionRow.extraction_id.in_(of_document),
        "readings": ReadingRow.region_id.in_(regions),
        "field_values": FieldValueRow.extraction_id.in_(of_document),
        "problems": ProblemRow.extraction_id.in_(of_document),
    }
    tables = (ExtractionRow, RegionRow, ReadingRow, FieldValueRow, ProblemRow)
    return {
        name: connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
        for table, (name, condition) in zip(tables, conditions.items(), strict=True)
    }


def _own_files(arrival: uuid.UUID, place: str | None) -> Iterator[Path]:
    """Yield the files that segocr filed under an arrival's id; nothing else is ever deleted."""
    if place is None:
        return
    file = Path(place)
    if file.name.startswith(f"{arrival}-"):  # done/<date>/<id>-<name>, and the reasons beside it
        yield from (one for one in (file, file.with_name(f"{arrival}.json")) if one.is_file())
    elif file.parent.name == str(arrival) and file.is_file():  # work/<id>/<name>
        yield file


def forget(engine: Engine, plan: Forgetting) -> None:
    """Remove a document's files, then its rows; after an interruption, calling it again goes on.

    Raises:
        DatabaseError: Some rows may be left; the files are gone.
    """
    for file in plan.files:
        with suppress(FileNotFoundError):
            file.unlink()
        if file.parent.parent.name == "work":
            with suppress(OSError):
                file.parent.rmdir()
    with writing(engine) as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:  # overwrite what is deleted
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        document_id = connection.scalar(select(DocumentRow.id).where(DocumentRow.sha256 == plan.sha256))
        connection.execute(delete(DocumentRow).where(DocumentRow.id == document_id))
        connection.execute(delete(ArrivalRow).where(ArrivalRow.sha256 == plan.sha256))
    if sqlite:  # and let no older copy live on in the write-ahead log
        with engine.connect().execution_options(segocr_reads=True) as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
