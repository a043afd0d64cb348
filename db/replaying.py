"""Storing what was decided again: a new version beside the old one, unless something newer came meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, func, select, update

from db.connect import writing
from db.store import hold_documents, store_record
from db.stored import StoredRecord
from db.tables import ArrivalRow, DocumentRow, ExtractionRow
from segocr.inbox.arrivals import State
from segocr.records import Record


def store_replayed(engine: Engine, pairs: Sequence[tuple[StoredRecord, Record]]) -> int:
    """Store records in place of those that they were decided from, all of them or none.

    The older versions stay in the database. The arrival that brought a document ends as its records do now.

    Args:
        engine: From ``db.connect.open_database``.
        pairs: What was stored, and what it is now.

    Returns:
        How many were stored; the others are no longer current: their documents were extracted again.

    Raises:
        DatabaseError: Nothing was stored.
    """
    count = 0
    with writing(engine) as connection:
        _hold(connection, [before for before, _ in pairs])
        for before, record in pairs:
            still = select(ExtractionRow.current).where(ExtractionRow.id == before.extraction_id)
            if connection.scalar(still):
                store_record(connection, record, arrival=before.arrival)
                count += 1
                if before.arrival is not None:
                    _end_as_records_do(connection, before.arrival)
    return count


def _hold(connection: Connection, stored: Sequence[StoredRecord]) -> None:
    """Hold arrivals, then documents, as whoever stores records does: they take turns, and never deadlock."""
    brought = ArrivalRow.id.in_({one.arrival for one in stored if one.arrival is not None})
    connection.execute(select(ArrivalRow.id).where(brought).order_by(ArrivalRow.id).with_for_update())
    theirs = select(ExtractionRow.document_id).where(
        ExtractionRow.id.in_([one.extraction_id for one in stored])
    )
    hold_documents(connection, DocumentRow.id.in_(theirs))


def _end_as_records_do(connection: Connection, arrival: uuid.UUID) -> None:
    current = select(func.count()).where(ExtractionRow.arrival_id == arrival, ExtractionRow.current)
    doubtful = connection.scalar(current.where(~ExtractionRow.accepted))
    state = State.NEEDS_REVIEW if doubtful else State.EXTRACTED
    ended = (State.NEEDS_REVIEW.value, State.EXTRACTED.value)
    connection.execute(
        update(ArrivalRow)
        .where(ArrivalRow.id == arrival, ArrivalRow.state.in_(ended))
        .values(state=state.value)
    )
