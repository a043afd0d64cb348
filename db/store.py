"""Storing: records become rows, in one transaction, and running again adds nothing."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.arrivalrows import end_arrival, hold_arrival
from db.connect import writing
from db.evidence import insert_evidence
from db.tables import DocumentRow, ExtractionRow, ProblemRow, table_of
from db.types import PathText
from segocr.arrivals import State
from segocr.records import Record, RecordStatus

_FAILED = RecordStatus.FAILED.value

# Statements of every document, built once: building one takes as long as SQLite takes to run it.
_INSERT_DOCUMENT = {
    dialect: insert_into(table_of(DocumentRow))
    .on_conflict_do_nothing(index_elements=["sha256"])
    .returning(DocumentRow.id)
    for dialect, insert_into in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_INSERT_EXTRACTION = insert(table_of(ExtractionRow)).returning(ExtractionRow.id)
_REPLACE_UNHASHED = (
    update(table_of(ExtractionRow))
    .where(
        ExtractionRow.document_id.is_(None),
        ExtractionRow.file == bindparam("shown", type_=PathText),
        ExtractionRow.current,
    )
    .values(current=False)
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a record.

    Attributes:
        extraction_id: Its row, or that of the equal record stored before.
        added: False if the same document part under the same recipe was there already.
        current: Whether views show it now.
    """

    extraction_id: int
    added: bool
    current: bool


def store_records(
    engine: Engine,
    records: Iterable[Record],
    *,
    arrival: uuid.UUID | None = None,
    owner: str | None = None,
) -> list[Stored]:
    """Store records, all of them or none, in one transaction.

    Args:
        engine: From ``db.connect.open_database``; its tables must exist (``db.schema.prepare``).
        records: Give all parts of one document together; with ``arrival``, those of its file only.
        arrival: The dropped file that brought them, if one did; it ends in the same transaction.
        owner: Who holds the arrival's lease; needed with ``arrival``.

    Raises:
        DatabaseError: Nothing was stored; ``lease-lost`` if another worker has the arrival by now.
    """
    with writing(engine) as connection:
        return store_in(connection, records, arrival=arrival, owner=owner)


def store_in(
    connection: Connection,
    records: Iterable[Record],
    *,
    arrival: uuid.UUID | None = None,
    owner: str | None = None,
) -> list[Stored]:
    """Store in the transaction of ``connection``: several documents of a chunk can share one."""
    kept = list(records)
    if arrival is not None:
        hold_arrival(connection, arrival, owner)
    stored = [store_record(connection, record, arrival=arrival) for record in kept]
    if arrival is not None and kept:
        problem = next((problem for record in kept for problem in record.problems), None)
        code, message = (problem.code, problem.message) if problem else (None, None)
        end_arrival(connection, arrival, outcome(kept), code=code, message=message)
    return stored


def outcome(records: Iterable[Record]) -> State:
    """Return how an arrival with these records ends: failed if all did, extracted if all are accepted."""
    kept = list(records)
    if all(record.status is RecordStatus.FAILED for record in kept):
        return State.FAILED
    return State.EXTRACTED if all(record.accepted for record in kept) else State.NEEDS_REVIEW


def store_record(connection: Connection, record: Record, *, arrival: uuid.UUID | None = None) -> Stored:
    """Store one record in the transaction of ``connection`` (see ``store_records``)."""
    if record.sha256 is None:
        document_id = None
    elif (document_id := _insert_document(connection, record.sha256, record)) is not None:
        # It is new, so it has no record that this one could equal or replace.
        extraction_id = _insert_record(connection, record, document_id, arrival, current=True)
        _replace_unhashed(connection, record)
        return Stored(extraction_id, added=True, current=True)
    else:
        document_id = _lock_document(connection, record.sha256, record)
    known = _find_same(connection, record, document_id)
    if known is not None:
        return Stored(known, added=False, current=_make_current(connection, record, document_id, known))
    extraction_id = _insert_record(connection, record, document_id, arrival, current=False)
    current = _make_current(connection, record, document_id, extraction_id)
    return Stored(extraction_id, added=True, current=current)


def _insert_document(connection: Connection, sha256: str, record: Record) -> int | None:
    """Make the document's row, which nobody else sees before the commit; None if there is one already."""
    insert_document = _INSERT_DOCUMENT[connection.dialect.name]
    sizes = _sizes(record)
    row = {
        "sha256": sha256,
        "media_type": record.media_type,
        "pages": len(sizes),
        "page_sizes": sizes,
        "first_seen_at": datetime.now(UTC),
    }
    return connection.execute(insert_document, row).scalar_one_or_none()


def _sizes(record: Record) -> dict[str, Any]:
    return {str(page.number): [page.width, page.height, page.dpi] for page in record.pages}


def _lock_document(connection: Connection, sha256: str, record: Record) -> int:
    """Find the document's row and hold it, so that two stores of one document take turns."""
    row = connection.execute(
        select(DocumentRow.id, DocumentRow.media_type, DocumentRow.page_sizes)
        .where(DocumentRow.sha256 == sha256)
        .with_for_update()
    ).one()
    merged = {**row.page_sizes, **_sizes(record)}
    media_type = row.media_type or record.media_type
    if merged != row.page_sizes or media_type != row.media_type:
        connection.execute(
            update(DocumentRow)
            .where(DocumentRow.id == row.id)
            .values(page_sizes=merged, pages=len(merged), media_type=media_type)
        )
    return int(row.id)


def _find_same(connection: Connection, record: Record, document_id: int | None) -> int | None:
    """Return an equal record's row: same place and recipe, and, if it failed, for the same reasons."""
    same_recipe = and_(
        _same_subject(record, document_id),
        ExtractionRow.part == record.part,
        ExtractionRow.recipe_digest == record.recipe.digest,
    )
    if record.status is not RecordStatus.FAILED:
        query = select(ExtractionRow.id).where(same_recipe, ExtractionRow.status != _FAILED)
        return connection.scalar(query)
    codes = sorted(problem.code for problem in record.problems)
    failed = select(ExtractionRow.id).where(same_recipe, ExtractionRow.status == _FAILED)
    for extraction_id in connection.scalars(failed.order_by(ExtractionRow.id.desc())).all():
        found = connection.scalars(select(ProblemRow.code).where(ProblemRow.extraction_id == extraction_id))
        if sorted(found) == codes:
            return int(extraction_id)
    return None


def _same_subject(record: Record, document_id: int | None) -> Any:
    """Select the rows of the same document, or of the same path if it could not even be hashed."""
    same_template = ExtractionRow.template == record.recipe.template
    if document_id is not None:
        return and_(ExtractionRow.document_id == document_id, same_template)
    return and_(
        ExtractionRow.document_id.is_(None), ExtractionRow.file == absolute(record.file), same_template
    )


def _insert_record(
    connection: Connection,
    record: Record,
    document_id: int | None,
    arrival: uuid.UUID | None,
    *,
    current: bool,
) -> int:
    """Insert an extraction's row and everything below it."""
    row = {
        "document_id": document_id,
        "arrival_id": arrival,
        "file": absolute(record.file) if record.sha256 is None else str(record.file),
        "template": record.recipe.template,
        "template_version": record.recipe.version,
        "part": record.part,
        "recipe_digest": record.recipe.digest,
        "models": dict(record.recipe.models),
        "engines": dict(record.recipe.engines),
        "facts": dict(record.recipe.facts) or None,
        "day": date.fromisoformat(record.day),
        "status": record.status.value,
        "accepted": record.accepted,
        "current": current,
        "timings": dict(record.timings),
        "extracted_at": datetime.now(UTC),
    }
    extraction_id = int(connection.execute(_INSERT_EXTRACTION, row).scalar_one())
    insert_evidence(connection, extraction_id, record)
    return extraction_id


def _make_current(
    connection: Connection, record: Record, document_id: int | None, extraction_id: int
) -> bool:
    """Let views show this record in place of what it replaces; return whether they do.

    A failure never replaces a success. A whole document (part 0) and its single pages replace each other: a
    template changes from one to the other as a whole, and what fails is a whole document.
    """
    subject = _same_subject(record, document_id)
    parts = ExtractionRow.part == record.part
    other_kind = ExtractionRow.part != 0 if record.part == 0 else ExtractionRow.part == 0
    replaced = and_(
        subject,
        ExtractionRow.current,
        ExtractionRow.id != extraction_id,
        or_(parts, other_kind),
    )
    if record.status is RecordStatus.FAILED and connection.scalar(
        select(func.count()).select_from(ExtractionRow).where(replaced, ExtractionRow.status != _FAILED)
    ):
        return False
    connection.execute(update(ExtractionRow).where(replaced).values(current=False))
    connection.execute(
        update(ExtractionRow)
        .where(ExtractionRow.id == extraction_id, ~ExtractionRow.current)
        .values(current=True)
    )
    if document_id is not None:
        _replace_unhashed(connection, record)
    return True


def _replace_unhashed(connection: Connection, record: Record) -> None:
    """Take ``current`` from failures of the same path from when it could not be hashed."""
    connection.execute(_REPLACE_UNHASHED, {"shown": absolute(record.file)})


def absolute(file: Path) -> str:
    """Return the path by which a file is known that could not be hashed, wherever it was named from."""
    return os.path.abspath(file)  # noqa: PTH100  # a link is not followed: it may be what is wrong
