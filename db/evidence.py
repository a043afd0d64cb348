"""Rows of what a record rests on: regions, readings, field values, problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.sql.dml import ReturningInsert

from db.tables import (
    Base,
    FieldValueRow,
    ProblemRow,
    ReadingRow,
    RegionRow,
    field_value_readings,
    table_of,
)
from segocr.readings import Reading
from segocr.records import FieldValue, Record
from segocr.regions import Region
from segocr.validators.registry import NUMBERS

_LARGEST_EXPONENT = 300

# Built once: building a statement takes as long as SQLite takes to run it.
_INSERT: dict[type[Base], ReturningInsert[Any]] = {
    row: insert(table_of(row)).returning(table_of(row).c.id, sort_by_parameter_order=True)
    for row in (RegionRow, ReadingRow, FieldValueRow, ProblemRow)
}
_INSERT_LINK = insert(field_value_readings)


def insert_evidence(connection: Connection, records: Sequence[tuple[int, Record]]) -> None:
    """Insert everything below extractions' rows, a statement a table.

    Args:
        connection: In a transaction.
        records: With the id of each one's row.
    """
    values = [
        (extraction_id, value)
        for extraction_id, record in records
        for field in record.fields.values()
        for value in field
    ]
    reading_ids = _insert_readings(connection, records)
    value_ids = _insert(connection, FieldValueRow, [_value_row(of, value) for of, value in values])
    links = [
        {"field_value_id": value_id, "reading_id": reading_ids[of, _reading_key(reading)], "place": place}
        for value_id, (of, value) in zip(value_ids, values, strict=True)
        for place, reading in enumerate(_unique(value.readings))
    ]
    if links:
        connection.execute(_INSERT_LINK, links)
    _insert(connection, ProblemRow, [row for of, record in records for row in _problem_rows(of, record)])


def _insert(connection: Connection, table: type[Base], rows: list[dict[str, Any]]) -> list[int]:
    """Insert rows in one statement; return their ids in order."""
    if not rows:
        return []
    return list(connection.execute(_INSERT[table], rows).scalars())


def _insert_readings(
    connection: Connection, records: Sequence[tuple[int, Record]]
) -> dict[tuple[int, tuple[Any, ...]], int]:
    """Insert each region and reading once, though several field values (``from``/``part``) may share it.

    Returns:
        The rows' ids by extraction and reading.
    """
    chosen: dict[tuple[int, tuple[Any, ...]], Reading] = {}
    others: dict[tuple[int, tuple[Any, ...]], Reading] = {}
    for of, record in records:
        values = (value for field in record.fields.values() for value in field)
        chosen |= {(of, _reading_key(one)): one for value in values for one in value.readings}
        others |= {(of, _reading_key(one)): one for one in record.unchosen}
    readings = chosen | {key: one for key, one in others.items() if key not in chosen}
    regions = {(of, _region_key(one.region)): one.region for (of, _), one in readings.items()}
    rows = [_region_row(of, region) for (of, _), region in regions.items()]
    region_ids = dict(zip(regions, _insert(connection, RegionRow, rows), strict=True))
    rows = [
        _reading_row(region_ids[key[0], _region_key(one.region)], one, key in chosen)
        for key, one in readings.items()
    ]
    return dict(zip(readings, _insert(connection, ReadingRow, rows), strict=True))


def _region_key(region: Region) -> tuple[Any, ...]:
    return region.page, region.class_name, region.score, region.polygon.tobytes()


def _reading_key(reading: Reading) -> tuple[Any, ...]:
    place = (_region_key(reading.region), reading.line, reading.direction, reading.quad.tobytes())
    return *place, reading.field, reading.raw, reading.text


def _unique(readings: Iterable[Reading]) -> Iterable[Reading]:
    return {_reading_key(reading): reading for reading in readings}.values()


def _region_row(extraction_id: int, region: Region) -> dict[str, Any]:
    return {
        "extraction_id": extraction_id,
        "page": region.page,
        "class_name": region.class_name,
        "score": float(region.score),
        "polygon": region.polygon.tolist(),
    }


def _reading_row(region_id: int, reading: Reading, chosen: bool) -> dict[str, Any]:
    return {
        "region_id": region_id,
        "line": reading.line,
        "quad": reading.quad.tolist(),
        "direction": reading.direction,
        "raw": reading.raw,
        "text": reading.text,
        "status": reading.status.value,
        "confidence": float(reading.confidence),
        "cost": float(reading.cost),
        "margin": None if reading.margin is None else float(reading.margin),
        "rivals": [[rival, float(score)] for rival, score in reading.rivals],
        "edits": [list(edit) for edit in reading.edits],
        "model": reading.model,
        "lattice": bytes(reading.lattice),
        "tries": list(reading.tries),
        "chosen": chosen,
        "field": reading.field or None,
        "decided_by": reading.decided_by or None,
    }


def _value_row(extraction_id: int, value: FieldValue) -> dict[str, Any]:
    return {
        "extraction_id": extraction_id,
        "name": value.name,
        "ordinal": value.ordinal,
        "type": value.type,
        "value": value.value,
        "text": value.text,
        "raw": value.raw,
        "number_value": as_number(value.value) if value.type in NUMBERS else None,
        "date_value": as_date(value.value) if value.type == "date" else None,
        "boolean_value": as_boolean(value.value) if value.type == "boolean" else None,
        "status": value.status.value,
        "accepted": value.accepted,
        "confidence": float(value.confidence),
        "cost": None if value.cost is None else float(value.cost),
    }


def _problem_rows(extraction_id: int, record: Record) -> Iterator[dict[str, Any]]:
    values = (value for field in record.fields.values() for value in field)
    of_record = ((problem, problem.field, None) for problem in record.problems)
    of_values = ((problem, value.name, value.ordinal) for value in values for problem in value.problems)
    for problem, field, ordinal in (*of_record, *of_values):
        yield {
            "extraction_id": extraction_id,
            "code": problem.code,
            "message": problem.message,
            "severity": problem.severity.value,
            "field": field,
            "ordinal": ordinal,
        }


def as_number(value: str | None) -> Decimal | None:
    """Return a canonical number's value, None where the text is no finite number of sane size."""
    try:
        number = Decimal(value) if value is not None else None
    except InvalidOperation:
        return None
    if number is None or not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return None
    return number


def as_date(value: str | None) -> date | None:
    """Return an ISO date's value, None where the text is not one."""
    try:
        return date.fromisoformat(value) if value is not None else None
    except ValueError:
        return None


def as_boolean(value: str | None) -> bool | None:
    """Return ``true`` and ``false`` as such, None for any other text."""
    return {"true": True, "false": False}.get(value or "")
