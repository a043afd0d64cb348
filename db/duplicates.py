"""The same bytes again: the arrival ends as the record that is there already, without being read again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from db.arrivalrows import MANY, End, end_arrivals, hold_arrivals
from db.connect import reading, writing
from db.tables import DocumentRow, ExtractionRow
from segocr.inbox.arrivals import State
from segocr.records import RecordStatus


@dataclass(frozen=True, slots=True)
class First:
    """What is known of the same bytes.

    Attributes:
        file: The path that brought them.
        state: How an arrival with these records ends.
    """

    file: str
    state: State


def known_contents(engine: Engine, digests: Sequence[str]) -> set[tuple[str, str]]:
    """Return which of these contents (SHA-256) have current records, and under which templates."""
    known: set[tuple[str, str]] = set()
    with reading(engine) as connection:
        for start in range(0, len(digests), MANY):
            query = (
                select(DocumentRow.sha256, ExtractionRow.template)
                .join(ExtractionRow, ExtractionRow.document_id == DocumentRow.id)
                .where(DocumentRow.sha256.in_(digests[start : start + MANY]), ExtractionRow.current)
            )
            known.update((row.sha256, row.template) for row in connection.execute(query))
    return known


def find_first(engine: Engine, sha256: str, template: str, *, but: uuid.UUID | None = None) -> First | None:
    """Return what is known of these bytes under a template; None if nothing is, or only failures.

    Args:
        engine: From ``db.connect.open_database``.
        sha256: Of the bytes.
        template: Its name.
        but: An arrival whose own records do not count, since it may be sent back to work to be read again.
    """
    with reading(engine) as connection:
        return _first(connection, sha256, template, but)


def _first(connection: Connection, sha256: str, template: str, but: uuid.UUID | None) -> First | None:
    rows = connection.execute(
        select(ExtractionRow.file, ExtractionRow.accepted, ExtractionRow.status)
        .join(DocumentRow, DocumentRow.id == ExtractionRow.document_id)
        .where(DocumentRow.sha256 == sha256, ExtractionRow.template == template, ExtractionRow.current)
        .where(ExtractionRow.arrival_id.is_distinct_from(but))
        .order_by(ExtractionRow.id)
    ).all()
    if all(row.status == RecordStatus.FAILED.value for row in rows):
        return None
    state = State.EXTRACTED if all(row.accepted for row in rows) else State.NEEDS_REVIEW
    return First(rows[0].file, state)


def link(engine: Engine, arrival: uuid.UUID, owner: str, sha256: str, template: str) -> State | None:
    """End an arrival as the record of the same bytes did, in one transaction with looking for it.

    Returns:
        Its state; None if there is no such record, and it is to be read.

    Raises:
        DatabaseError: ``lease-lost`` if another worker has the arrival by now.
    """
    with writing(engine) as connection:
        hold_arrivals(connection, [arrival], owner)
        first = _first(connection, sha256, template, arrival)
        if first is None:
            return None
        message = f"the same bytes as {first.file}"
        end_arrivals(connection, [End(arrival, first.state, "duplicate", message)])
        return first.state
