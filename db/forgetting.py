"""Forgetting a document: its rows, readings and the copies that segocr keeps; first shown, then done.

What could not be hashed has failures by its path alone; these can be forgotten too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, delete, func, or_, select

from db.arrivalrows import is_in_inbox
from db.connect import database_error, reading, translated, writing
from db.databasefile import write_back
from db.store import absolute
from db.tables import (
    ArrivalRow,
    DocumentRow,
    ExtractionRow,
    FieldValueRow,
    ProblemRow,
    ReadingRow,
    RegionRow,
)
from segocr.errors import UsageError
from segocr.inbox import moving
from segocr.inbox.places import Places


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting a document removes.

    Attributes:
        sha256: The document; None for a file that could not be hashed.
        path: That file, absolute.
        rows: Table's name to how many of its rows go.
        files: Copies that segocr keeps (in ``work``, ``done``, ``failed``) and would delete.
        left: Files that are their owner's and stay where they are.
        returning: Of these, what was left in an inbox: while it is there, a sweep takes it again.
    """

    sha256: str | None
    rows: dict[str, int]
    files: tuple[Path, ...]
    left: tuple[Path, ...]
    returning: tuple[Path, ...] = ()
    path: str | None = None


def plan_forgetting(engine: Engine, sha256: str, *, places: Places | None = None) -> Forgetting:
    """Say what ``forget`` would remove; changes nothing.

    With the workspace's folders, files are also found that were moved with it, or are filed just now.
    """
    with reading(engine) as connection:
        return _plan(connection, sha256, places)


def _plan(connection: Connection, sha256: str, places: Places | None) -> Forgetting:
    document_id = connection.scalar(select(DocumentRow.id).where(DocumentRow.sha256 == sha256))
    of_document = select(ExtractionRow.id).where(
        or_(ExtractionRow.document_id == document_id, _before_its_hash(sha256))
    )
    arrivals = connection.execute(select(ArrivalRow.__table__).where(ArrivalRow.sha256 == sha256)).all()
    given = connection.scalars(
        select(ExtractionRow.file)
        .where(ExtractionRow.document_id == document_id, ExtractionRow.arrival_id.is_(None))
        .distinct()
    ).all()
    rows = _rows_to_go(connection, of_document)
    files = tuple(dict.fromkeys(file for row in arrivals for file in _own_files(row, places)))
    named = tuple(file for file in map(Path, given) if not _is_known_gone(file))
    returning = tuple(
        Path(row.inbox) / row.path
        for row in arrivals
        if row.place is None and not row.gone and is_in_inbox(row.inbox, row.path, row.size, row.mtime_ns)
    )
    rows = {"documents": int(document_id is not None), "arrivals": len(arrivals), **rows}
    return Forgetting(sha256, rows, files, named + returning, returning)


def plan_forgetting_failures(engine: Engine, file: Path) -> Forgetting:
    """Say what ``forget`` would remove of a file that could not be hashed; changes nothing.

    Raises:
        UsageError: ``unknown-document``: there is no failure of a file of this path.
    """
    path = absolute(file)
    with reading(engine) as connection:
        rows = _rows_to_go(connection, _failures_of(path))
    if not rows["extractions"]:
        raise UsageError(
            f"nothing is known of a file {path} that could not be read",
            code="unknown-document",
            hint="a document is named by 6 digits of its SHA-256: `segocr documents list`",
        )
    left = () if _is_known_gone(Path(path)) else (Path(path),)
    return Forgetting(None, rows, (), left, path=path)


def _is_known_gone(file: Path) -> bool:
    """Whether a file is there no more; of a relative path nobody knows what it was relative to."""
    try:
        file.lstat()
    except FileNotFoundError:
        return file.is_absolute()
    except OSError:
        return False
    return False


def _failures_of(path: str) -> Any:
    """Select the failures of a file that could not be hashed and that no inbox brought."""
    return select(ExtractionRow.id).where(
        ExtractionRow.document_id.is_(None), ExtractionRow.arrival_id.is_(None), ExtractionRow.file == path
    )


def _before_its_hash(sha256: str) -> ColumnElement[bool]:
    """Choose failures of a document from when it could not be hashed yet: the same arrival brought them."""
    arrivals = select(ArrivalRow.id).where(ArrivalRow.sha256 == sha256)
    return and_(ExtractionRow.document_id.is_(None), ExtractionRow.arrival_id.in_(arrivals))


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


def _own_files(row: Row[Any], places: Places | None) -> Iterator[Path]:
    """Yield the files that segocr filed under an arrival's id; nothing else is ever deleted."""
    stored = [] if row.place is None else [Path(row.place)]
    if places is not None:
        stored = [places.now(row.id, place) for place in stored] + list(_ways(row, places))
    for file in stored:
        if file.name.startswith(f"{row.id}-"):  # done/<date>/<id>-<name>, and the reasons beside it
            yield from (one for one in (file, file.with_name(f"{row.id}.json")) if one.is_file())
        elif file.parent.name == str(row.id) and file.is_file():  # work/<id>/<name>
            yield file


def _ways(row: Row[Any], places: Places) -> Iterator[Path]:
    """Yield where a file may lie that is moved just now: its row is told afterwards."""
    name, day = Path(row.path).name, row.received_at.date().isoformat()
    yield places.claimed(row.id, name)
    for folder in (places.done, places.failed):
        yield folder / day / moving.name_with_id(row.id, name)


def forget(engine: Engine, plan: Forgetting, *, places: Places | None = None) -> Forgetting:
    """Remove a document's files, then its rows; after an interruption, calling it again goes on.

    What goes is planned again in the transaction that removes the rows: the document may have been filed or
    brought anew since ``plan`` was shown.

    Args:
        engine: From ``db.connect.open_database``.
        plan: What was shown.
        places: The workspace's folders; see ``plan_forgetting``.

    Returns:
        What was removed.

    Raises:
        DatabaseError: Some rows may be left; the files are gone. With ``kept-in-log`` all rows are gone, too.
    """
    arrivals: Sequence[Row[Any]] = ()
    with writing(engine) as connection:
        if plan.path is not None:
            failures = _failures_of(plan.path)
            connection.execute(delete(ExtractionRow).where(ExtractionRow.id.in_(failures)))
        elif (sha256 := plan.sha256) is not None:
            # The rows first: until the end, nobody can say in them that a file lies elsewhere.
            theirs = ArrivalRow.sha256 == sha256
            arrivals = connection.execute(select(ArrivalRow.__table__).where(theirs).with_for_update()).all()
            plan = _plan(connection, sha256, places)
            _delete(plan.files)
            connection.execute(delete(ExtractionRow).where(_before_its_hash(sha256)))
            connection.execute(delete(DocumentRow).where(DocumentRow.sha256 == sha256))
            connection.execute(delete(ArrivalRow).where(theirs))
    if places is not None:  # a file that was moved between the two places while these were looked at
        _delete([file for row in arrivals for file in _own_files(row, places)])
    if engine.dialect.name == "sqlite":
        _empty_log(engine)
    return plan


def _empty_log(engine: Engine) -> None:
    """Let no older copy live on in SQLite's write-ahead log."""
    with translated(engine), engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if not write_back(raw):
            log = f"{engine.url.database}-wal"
            raise database_error(
                "kept-in-log",
                f"it is forgotten, but copies are in {log} still: somebody reads the database",
                "the log goes when nobody has the database open: stop `segocr serve`, and what else reads it",
            )


def _delete(files: Sequence[Path]) -> None:
    for file in files:
        with suppress(FileNotFoundError):
            file.unlink()
        if file.parent.parent.name == "work":
            moving.remove_empty(file.parent)
