"""Stored records as the pipeline made them: rows become records again, with all their evidence."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, and_, not_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from db.connect import reading
from db.schema import check_schema
from db.tables import DocumentRow, ExtractionRow, FieldValueRow, ProblemRow, ReadingRow, RegionRow
from segocr.pages import PageInfo
from segocr.readings import Reading, ReadingStatus
from segocr.records import FieldStatus, FieldValue, Problem, Recipe, Record, RecordStatus, Severity
from segocr.regions import Region

_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record, its row, and the dropped file that brought it, if one did."""

    extraction_id: int
    arrival: uuid.UUID | None
    record: Record


def current_templates(engine: Engine) -> list[str]:
    """Return the names of the templates that have current records, sorted."""
    check_schema(engine)
    query = select(ExtractionRow.template).where(ExtractionRow.current, ExtractionRow.template != "")
    with reading(engine) as connection:
        return sorted(set(connection.scalars(query.distinct())))


def current_ids(engine: Engine, template: str, documents: Sequence[str] = ()) -> list[int]:
    """Return the rows of a template's current records, oldest first; without those that failed.

    Args:
        engine: From ``db.connect.open_database``.
        template: Its name.
        documents: SHA-256 of the only documents wanted; all without any.
    """
    check_schema(engine)
    query = (
        select(ExtractionRow.id)
        .where(
            ExtractionRow.template == template,
            ExtractionRow.current,
            ExtractionRow.status != RecordStatus.FAILED.value,
        )
        .order_by(ExtractionRow.id)
    )
    if documents:
        query = query.join(DocumentRow).where(DocumentRow.sha256.in_(documents))
    with reading(engine) as connection:
        return list(connection.scalars(query))


def outdated_ids(engine: Engine, template: str, digest: str, deciding: str) -> list[int]:
    """Return those of ``current_ids`` that another template, or another version of segocr, decided.

    Args:
        engine: From ``db.connect.open_database``.
        template: Its name.
        digest: The template's, as it is now (``Template.digest``).
        deciding: Of the code that decides (``segocr.codeversion.deciding_code``).
    """
    facts = ExtractionRow.facts
    same = and_(facts["template"].as_string() == digest, facts["deciding"].as_string() == deciding)
    query = select(ExtractionRow.id).where(
        ExtractionRow.template == template,
        ExtractionRow.current,
        ExtractionRow.status != RecordStatus.FAILED.value,
        or_(facts.is_(None), not_(same)),
    )
    with reading(engine) as connection:
        return list(connection.scalars(query.order_by(ExtractionRow.id)))


def stored_records(engine: Engine, ids: Sequence[int]) -> Iterator[StoredRecord]:
    """Yield records by their rows, in order; rows that are gone meanwhile are left out."""
    for start in range(0, len(ids), _TOGETHER):
        part = ids[start : start + _TOGETHER]
        with reading(engine) as connection, Session(connection) as session:
            query = select(ExtractionRow).where(ExtractionRow.id.in_(part)).options(
                joinedload(ExtractionRow.document),
                selectinload(ExtractionRow.regions).selectinload(RegionRow.readings),
                selectinload(ExtractionRow.field_values).selectinload(FieldValueRow.readings),
                selectinload(ExtractionRow.problems),
            )  # fmt: skip
            rows = {row.id: row for row in session.scalars(query)}
            found = [_stored(rows[one]) for one in part if one in rows]
        yield from found


def _stored(row: ExtractionRow) -> StoredRecord:
    readings: dict[int, Reading] = {}
    for region_row in row.regions:
        polygon = np.asarray(region_row.polygon, dtype=np.float32).reshape(-1, 2)
        region = Region(region_row.page, region_row.class_name, region_row.score, polygon)
        readings |= {one.id: _reading(one, region) for one in region_row.readings}
    linked = {one.id for value in row.field_values for one in value.readings}
    recipe = Recipe(
        row.template, row.template_version, row.recipe_digest, row.models, row.engines, row.facts or {}
    )
    record = Record(
        file=Path(row.file),
        sha256=row.document.sha256 if row.document else None,
        media_type=row.document.media_type if row.document else None,
        part=row.part,
        recipe=recipe,
        status=RecordStatus(row.status),
        accepted=row.accepted,
        problems=tuple(_problem(one) for one in row.problems if one.ordinal is None),
        pages=_pages(row.document, row.part),
        fields=_fields(row, readings),
        lists=frozenset(one.name for one in row.field_values if one.ordinal),
        timings=row.timings,
        day=row.day.isoformat(),
        unchosen=tuple(one for key, one in readings.items() if key not in linked),
    )
    return StoredRecord(row.id, row.arrival_id, record)


def _reading(row: ReadingRow, region: Region) -> Reading:
    return Reading(
        region=region,
        quad=np.asarray(row.quad, dtype=np.float64),
        direction=row.direction,
        raw=row.raw,
        text=row.text,
        status=ReadingStatus(row.status),
        confidence=row.confidence,
        cost=row.cost,
        margin=row.margin,
        rivals=tuple((text, float("-inf") if score is None else score) for text, score in row.rivals),
        edits=tuple((place, old, new) for place, old, new in row.edits),
        model=row.model,
        lattice=row.lattice,
        tries=tuple(row.tries),
        line=row.line,
        field=row.field or "",
        decided_by=row.decided_by or "",
    )


def _fields(row: ExtractionRow, readings: Mapping[int, Reading]) -> dict[str, tuple[FieldValue, ...]]:
    found: dict[str, tuple[FieldValue, ...]] = {}
    for one in row.field_values:
        problems = tuple(
            _problem(problem)
            for problem in row.problems
            if problem.field == one.name and problem.ordinal == one.ordinal
        )
        value = FieldValue(
            name=one.name,
            type=one.type,
            value=one.value,
            text=one.text,
            raw=one.raw,
            status=FieldStatus(one.status),
            accepted=one.accepted,
            confidence=one.confidence,
            cost=one.cost,
            ordinal=one.ordinal,
            readings=tuple(readings[evidence.id] for evidence in one.readings),
            problems=problems,
        )
        found[one.name] = (*found.get(one.name, ()), value)
    return found


def _problem(row: ProblemRow) -> Problem:
    return Problem(row.code, row.message, row.field, Severity(row.severity))


def _pages(document: DocumentRow | None, part: int) -> tuple[PageInfo, ...]:
    sizes = {} if document is None else {int(number): size for number, size in document.page_sizes.items()}
    return tuple(PageInfo(number, *sizes[number]) for number in sorted(sizes) if part in (0, number))
