"""Storing: records become rows, in one transaction, and running again adds nothing."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.arrivalrows import End, end_arrivals, hold_arrivals
from db.connect import writing
from db.evidence import insert_evidence
from db.tables import DocumentRow, ExtractionRow, ProblemRow, table_of
from db.types import PathText
from segocr.inbox.arrivals import State
from segocr.records import Record, RecordStatus

_FAILED = RecordStatus.FAILED.value

# Statements of every document, built once: building one takes as long as SQLite takes to run it.
_INSERT_DOCUMENT = {
    dialect: insert_into(table_of(DocumentRow))
    .on_conflict_do_nothing(index_elements=["sha256"])
    .returning(DocumentRow.id, DocumentRow.sha256)
    for dialect, insert_into in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_INSERT_EXTRACTION = insert(table_of(ExtractionRow)).returning(ExtractionRow.id, sort_by_parameter_order=True)
_REPLACE_UNHASHED = (
    update(table_of(ExtractionRow))
    .where(
        ExtractionRow.document_id.is_(None),
        ExtractionRow.file == bindparam("shown", type_=PathText),
        ExtractionRow.current,
    )
    .values(current=False, replaced_at=bindparam("moment"))
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


@dataclass(frozen=True, slots=True)
class Processed:
    """What a document became.

    Attributes:
        records: All parts of it.
        arrival: The dropped file that brought it, if one did; it ends in the same transaction.
        owner: Who holds the arrival's lease; needed with ``arrival``.
    """

    records: Sequence[Record]
    arrival: uuid.UUID | None = None
    owner: str | None = None


def store_records(
    engine: Engine,
    records: Iterable[Record],
    *,
    arrival: uuid.UUID | None = None,
    owner: str | None = None,
) -> list[Stored]:
    """Store one document's records; as ``store_documents``."""
    (stored,) = store_documents(engine, [Processed(list(records), arrival, owner)])
    return stored


def store_documents(engine: Engine, documents: Sequence[Processed]) -> list[list[Stored]]:
    """Store documents' records, all of them or none, in one transaction.

    Args:
        engine: From ``db.connect.open_database``; its tables must exist (``db.schema.prepare``).
        documents: Those of a chunk; for each table there is one statement for all that are new.

    Raises:
        DatabaseError: Nothing was stored; ``lease-lost`` if another worker has one's arrival by now.
    """
    owned: dict[str | None, list[uuid.UUID]] = {}
    for one in documents:
        if one.arrival is not None:
            owned.setdefault(one.owner, []).append(one.arrival)
    with writing(engine) as connection:
        for owner, arrivals in owned.items():
            hold_arrivals(connection, arrivals, owner)
        stored = iter(_store(connection, [(of, one.arrival) for one in documents for of in one.records]))
        answers = [[next(stored) for _ in one.records] for one in documents]
        end_arrivals(connection, [_end(one) for one in documents if one.arrival and one.records])
    return answers


def _end(document: Processed) -> End:
    assert document.arrival is not None
    problem = next((problem for record in document.records for problem in record.problems), None)
    code, message = (problem.code, problem.message) if problem else (None, None)
    return End(document.arrival, outcome(document.records), code, message)


def outcome(records: Iterable[Record]) -> State:
    """Return how an arrival with these records ends: failed if all did, extracted if all are accepted."""
    kept = list(records)
    if all(record.status is RecordStatus.FAILED for record in kept):
        return State.FAILED
    return State.EXTRACTED if all(record.accepted for record in kept) else State.NEEDS_REVIEW


_Brought = tuple[Record, uuid.UUID | None]
"""A record, and the arrival that brought its document."""


def _store(connection: Connection, brought: Sequence[_Brought]) -> list[Stored]:
    """Store records in the transaction of ``connection``: together where nothing can be known of them."""
    shas = Counter(record.sha256 for record, _ in brought)
    alone = [record for record, _ in brought if record.sha256 is not None and shas[record.sha256] == 1]
    new = _insert_documents(connection, alone)
    fresh = [place for place, (record, _) in enumerate(brought) if record.sha256 in new]
    rows = [
        (record, new[record.sha256 or ""], arrival) for record, arrival in (brought[one] for one in fresh)
    ]
    # Of these there is no record that one of them could equal or replace.
    ids = _insert_records(connection, rows, current=True)
    _replace_unhashed(connection, [record for record, _, _ in rows])
    stored = {place: Stored(of, added=True, current=True) for place, of in zip(fresh, ids, strict=True)}
    # The others lock rows: in order, so that two who store never wait for each other.
    others = [place for place in range(len(brought)) if place not in stored]
    for place in sorted(others, key=lambda place: brought[place][0].sha256 or ""):
        record, arrival = brought[place]
        stored[place] = store_record(connection, record, arrival=arrival)
    return [stored[place] for place in range(len(brought))]


def store_record(connection: Connection, record: Record, *, arrival: uuid.UUID | None = None) -> Stored:
    """Store one record in the transaction of ``connection``, of whose document there may be others."""
    document_id = None
    if record.sha256 is not None:
        document_id = _lock_document(connection, record.sha256, record)
    known = _find_same(connection, record, document_id)
    if known is not None:
        return Stored(known, added=False, current=_make_current(connection, record, document_id, known))
    (extraction_id,) = _insert_records(connection, [(record, document_id, arrival)], current=False)
    current = _make_current(connection, record, document_id, extraction_id)
    return Stored(extraction_id, added=True, current=current)


def _insert_documents(connection: Connection, records: Sequence[Record]) -> dict[str, int]:
    """Make documents' rows, which nobody else sees before the commit; return the ids of those made now."""
    insert_document = _INSERT_DOCUMENT[connection.dialect.name]
    now = datetime.now(UTC)
    rows = [
        {
            "sha256": record.sha256,
            "media_type": record.media_type,
            "pages": len(sizes),
            "page_sizes": sizes,
            "first_seen_at": now,
        }
        for record in sorted(records, key=lambda record: record.sha256 or "")
        for sizes in [_sizes(record)]
    ]
    if not rows:
        return {}
    return {sha256: int(of) for of, sha256 in connection.execute(insert_document, rows)}


def _sizes(record: Record) -> dict[str, Any]:
    return {str(page.number): [page.width, page.height, page.dpi] for page in record.pages}


def _lock_document(connection: Connection, sha256: str, record: Record) -> int:
    """Make the document's row, or find it, and hold it, so that two stores of one document take turns."""
    columns = (DocumentRow.id, DocumentRow.media_type, DocumentRow.page_sizes)
    query = select(*columns).where(DocumentRow.sha256 == sha256).with_for_update()
    row = None
    while row is None:  # found, it may be removed (forgotten, say) before it is held
        _insert_documents(connection, [record])
        row = connection.execute(query).one_or_none()
    merged = {**row.page_sizes, **_sizes(record)}
    media_type = row.media_type or record.media_type
    if merged != row.page_sizes or media_type != row.media_type:
        connection.execute(
            update(DocumentRow)
            .where(DocumentRow.id == row.id)
            .values(page_sizes=merged, pages=len(merged), media_type=media_type)
        )
    return int(row.id)


def hold_documents(connection: Connection, which: ColumnElement[bool]) -> None:
    """Hold documents' rows, in the order in which stores do: nobody stores a record of theirs meanwhile."""
    connection.execute(select(DocumentRow.id).where(which).order_by(DocumentRow.sha256).with_for_update())


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


def _insert_records(
    connection: Connection, records: Sequence[tuple[Record, int | None, uuid.UUID | None]], *, current: bool
) -> list[int]:
    """Insert extractions' rows, each with its document and arrival, and everything below them."""
    now = datetime.now(UTC)
    rows = [
        {
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
            "extracted_at": now,
        }
        for record, document_id, arrival in records
    ]
    if not rows:
        return []
    ids = [int(of) for of in connection.execute(_INSERT_EXTRACTION, rows).scalars()]
    insert_evidence(connection, [(of, record) for of, (record, _, _) in zip(ids, records, strict=True)])
    return ids


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
    connection.execute(
        update(ExtractionRow).where(replaced).values(current=False, replaced_at=datetime.now(UTC))
    )
    connection.execute(
        update(ExtractionRow)
        .where(ExtractionRow.id == extraction_id, ~ExtractionRow.current)
        .values(current=True, replaced_at=None)
    )
    if document_id is not None:
        _replace_unhashed(connection, [record])
    return True


def _replace_unhashed(connection: Connection, records: Sequence[Record]) -> None:
    """Take ``current`` from failures of the same paths from when they could not be hashed."""
    now = datetime.now(UTC)
    if records:
        shown = [{"shown": absolute(record.file), "moment": now} for record in records]
        connection.execute(_REPLACE_UNHASHED, shown)


def absolute(file: Path) -> str:
    """Return the path by which a file is known that could not be hashed, wherever it was named from."""
    return os.path.abspath(file)  # noqa: PTH100  # a link is not followed: it may be what is wrong
