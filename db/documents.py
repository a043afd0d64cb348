"""What the database knows of documents and of the files that brought them: list them, show one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from db.arrivalrows import ENDED, is_in_inbox
from db.connect import reading
from db.moves import of_workspace
from db.schema import check_schema
from db.tables import (
    ArrivalRow,
    DocumentRow,
    ExtractionRow,
)
from segocr.errors import UsageError
from segocr.inbox.places import Places

_SHORTEST_DIGEST = 6
_UUID_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Brought:
    """The arrival that brought a document.

    Attributes:
        id: Its own; commands take the start of it.
        state: Where it stands (``segocr.inbox.arrivals.State``).
        attempts: How often its processing was started while it alone could be to blame.
        problem: Code of what last went wrong.
        message: The same in words.
        lease_owner: Who has it in work.
        lease_until: Until when nobody else takes it.
        received_at: When it was first seen.
        claimed_at: When it was taken from the inbox.
        ended_at: When its records were stored, or it failed.
        place: Where its file lies now; None: nowhere any more.
    """

    id: uuid.UUID
    state: str
    attempts: int
    problem: str | None
    message: str | None
    lease_owner: str | None
    lease_until: datetime | None
    received_at: datetime
    claimed_at: datetime | None
    ended_at: datetime | None
    place: Path | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A document's part, or a dropped file without a record yet.

    Attributes:
        sha256: None while not hashed.
        file: As it was given.
        template: None while not known.
        part: None without a record.
        status: The current record's.
        accepted: The current record's.
        problems: Codes, sorted; of the arrival where there is no record.
        at: When it was extracted, else received.
        arrival: What brought it; None for files named on the command line.
    """

    sha256: str | None
    file: str
    template: str | None
    part: int | None
    status: str | None
    accepted: bool | None
    problems: tuple[str, ...]
    at: datetime
    arrival: Brought | None = None

    @property
    def state(self) -> str | None:
        """Where the arrival stands."""
        return self.arrival.state if self.arrival else None


def count_documents(
    engine: Engine, *, template: str | None = None, state: str | None = None, places: Places | None = None
) -> int:
    """Return how many rows ``list_documents`` would return without a limit."""
    own = of_workspace(places)
    queries = (_current(template, state, own), _unrecorded(template, state, own))
    with reading(engine) as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(query.subquery())) or 0 for query in queries
        )


def list_documents(
    engine: Engine,
    *,
    template: str | None = None,
    state: str | None = None,
    limit: int = 100,
    places: Places | None = None,
) -> list[Listed]:
    """Return the newest current records and the arrivals that have none.

    Args:
        engine: From ``db.connect.open_database``.
        template: Only this template's.
        state: Only arrivals in this state (``segocr.inbox.arrivals.State``).
        limit: Most rows.
        places: A workspace's folders: nothing that another workspace of the database brought.

    Raises:
        DatabaseError: The database cannot be asked.
    """
    check_schema(engine)
    own = of_workspace(places)
    with reading(engine) as connection:
        found = [
            *_records(connection, _current(template, state, own), limit),
            *_waiting(connection, _unrecorded(template, state, own), limit),
        ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def _current(template: str | None, state: str | None, own: ColumnElement[bool]) -> Select[Any]:
    """Choose current records; ``own`` arrivals may have brought them, or none."""
    query = (
        select(ExtractionRow.id)
        .outerjoin(ArrivalRow, ArrivalRow.id == ExtractionRow.arrival_id)
        .where(ExtractionRow.current, or_(ArrivalRow.id.is_(None), own))
    )
    if template is not None:
        query = query.where(ExtractionRow.template == template)
    return query if state is None else query.where(ArrivalRow.state == state)


def _unrecorded(template: str | None, state: str | None, own: ColumnElement[bool]) -> Select[Any]:
    """Choose own arrivals that have no current record."""
    shown = select(ExtractionRow.id).where(ExtractionRow.arrival_id == ArrivalRow.id, ExtractionRow.current)
    query = select(ArrivalRow.id).where(~shown.exists(), own)
    if template is not None:
        query = query.where(ArrivalRow.template == template)
    return query if state is None else query.where(ArrivalRow.state == state)


def _records(connection: Connection, which: Select[Any], limit: int) -> Iterator[Listed]:
    query = (
        which.with_only_columns(ExtractionRow, DocumentRow.sha256, ArrivalRow)
        .outerjoin(DocumentRow, DocumentRow.id == ExtractionRow.document_id)
        .order_by(ExtractionRow.extracted_at.desc())
        .limit(limit)
    )
    with Session(connection) as session:
        for row, sha256, arrival in session.execute(query.options(selectinload(ExtractionRow.problems))):
            codes = tuple(sorted({problem.code for problem in row.problems}))
            yield Listed(
                sha256, row.file, row.template or None, row.part, row.status, row.accepted,
                codes, row.extracted_at, _brought(arrival) if arrival else None,
            )  # fmt: skip


def _waiting(connection: Connection, which: Select[Any], limit: int) -> Iterator[Listed]:
    query = which.with_only_columns(ArrivalRow.__table__).order_by(ArrivalRow.received_at.desc()).limit(limit)
    for row in connection.execute(query):
        codes = (row.last_problem_code,) if row.last_problem_code else ()
        file = str(Path(row.inbox) / row.path)
        yield Listed(row.sha256, file, row.template, None, None, None, codes, row.received_at, _brought(row))


def _brought(row: Any) -> Brought:
    return Brought(
        row.id,
        row.state,
        row.attempts,
        row.last_problem_code,
        row.last_problem,
        row.lease_owner if row.lease_until else None,
        row.lease_until,
        row.received_at,
        row.claimed_at,
        row.ended_at,
        _lies_at(row),
    )


def _lies_at(row: Any) -> Path | None:
    """Return where an arrival's file lies: where segocr put it, else in its inbox; None: nowhere any more."""
    if row.place is not None:
        return Path(row.place)
    # Rows from before ``gone`` was kept do not say it; and who owns a file that was left may have deleted it.
    ended = row.state in ENDED
    there = not row.gone and (not ended or is_in_inbox(row.inbox, row.path, row.size, row.mtime_ns))
    return Path(row.inbox) / row.path if there else None


def count_rows(engine: Engine) -> dict[str, int]:
    """Return how many rows the main tables hold."""
    tables = {"documents": DocumentRow, "extractions": ExtractionRow, "arrivals": ArrivalRow}
    with reading(engine) as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.items()
        }


def find_document(engine: Engine, word: str) -> str:
    """Return the SHA-256 that starts with ``word`` (at least 6 digits), or of the arrival whose id does.

    Raises:
        UsageError: ``unknown-document`` if none or several do, or its file was never hashed.
    """
    found = find_shown(engine, word)
    if isinstance(found, str):
        return found
    raise UsageError(
        f"the file of the arrival {found} was never hashed: it is no document yet",
        code="unknown-document",
        hint=f"see `segocr documents show {str(found)[:8]}`",
    )


def find_shown(engine: Engine, word: str) -> str | uuid.UUID:
    """Return what ``show_document`` takes: as ``find_document``, the arrival's id where it has no SHA-256.

    Raises:
        UsageError: ``unknown-document`` if none or several are named so.
    """
    check_schema(engine)
    start = word.strip().lower()
    digits = start.replace("-", "")
    if len(digits) < _SHORTEST_DIGEST or not set(digits) <= set("0123456789abcdef"):
        raise UsageError(
            f"{word!r} is not the start of a SHA-256, nor of an arrival's id",
            hint="give at least 6 of its digits: `segocr documents list`",
        )
    with reading(engine) as connection:
        in_documents = select(DocumentRow.sha256).where(DocumentRow.sha256.startswith(start))
        in_arrivals = select(ArrivalRow.sha256).where(ArrivalRow.sha256.startswith(start))
        found: set[str | uuid.UUID] = set(connection.scalars(in_documents.union(in_arrivals).limit(3)))
        if len(digits) <= _UUID_DIGITS:
            first, last = (uuid.UUID(digits.ljust(_UUID_DIGITS, end)) for end in "0f")
            ids = select(ArrivalRow.id, ArrivalRow.sha256).where(ArrivalRow.id.between(first, last)).limit(3)
            found.update(row.sha256 or row.id for row in connection.execute(ids))
    if len(found) == 1:
        return found.pop()
    how_many = "several documents start" if found else "no document starts"
    raise UsageError(f"{how_many} with {start}", code="unknown-document", hint="see `segocr documents list`")


def show_document(engine: Engine, which: str | uuid.UUID) -> dict[str, Any]:
    """Return all that is known of a document, as JSON-like values.

    Args:
        engine: From ``db.connect.open_database``.
        which: Its SHA-256, or the id of an arrival that was never hashed.
    """
    sha256 = which if isinstance(which, str) else None
    brought, its = ArrivalRow.id == which, ExtractionRow.arrival_id == which
    if sha256 is not None:
        brought = ArrivalRow.sha256 == sha256
        its = ExtractionRow.document_id.in_(select(DocumentRow.id).where(DocumentRow.sha256 == sha256))
    with reading(engine) as connection, Session(connection) as session:
        document = session.scalar(select(DocumentRow).where(DocumentRow.sha256 == sha256))
        arrivals = session.scalars(select(ArrivalRow).where(brought).order_by(ArrivalRow.received_at)).all()
        extractions = session.scalars(select(ExtractionRow).where(its).order_by(ExtractionRow.id)).all()
        return {
            "sha256": sha256,
            "media_type": document.media_type if document else None,
            "pages": [
                {"page": int(number), "width": width, "height": height, "dpi": dpi}
                for number, (width, height, dpi) in sorted(
                    document.page_sizes.items() if document else (), key=lambda item: int(item[0])
                )
            ],
            "arrivals": [_arrival(row) for row in arrivals],
            "extractions": [_extraction(row) for row in extractions],
        }


def _arrival(row: ArrivalRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "file": str(Path(row.inbox) / row.path),
        "place": str(place) if (place := _lies_at(row)) else None,
        "state": row.state,
        "attempts": row.attempts,
        "problem": row.last_problem_code,
        "message": row.last_problem,
        "lease_owner": row.lease_owner if row.lease_until else None,
        "lease_until": _iso(row.lease_until),
        "received_at": _iso(row.received_at),
        "claimed_at": _iso(row.claimed_at),
        "ended_at": _iso(row.ended_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _extraction(row: ExtractionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "file": row.file,
        "template": row.template,
        "version": row.template_version,
        "part": row.part,
        "status": row.status,
        "accepted": row.accepted,
        "current": row.current,
        "extracted_at": row.extracted_at.isoformat(),
        "problems": [{"code": one.code, "message": one.message, "field": one.field} for one in row.problems],
        "fields": [
            {
                "name": one.name,
                "ordinal": one.ordinal,
                "value": one.value,
                "text": one.text,
                "raw": one.raw,
                "status": one.status,
                "accepted": one.accepted,
                "confidence": round(one.confidence, 4),
                "readings": len(one.readings),
            }
            for one in row.field_values
        ],
    }
