"""Labels that nobody drew: what a record is sure of in every field, or why it is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segocr.constraints.scores import CHEAP_COST_PER_EDIT
from segocr.evaluation.labels import Label, Polygon
from segocr.readings import Reading
from segocr.records import FieldStatus, FieldValue, Problem, Record, RecordStatus
from segocr.templates import FieldSpec, Template

CHEAP = CHEAP_COST_PER_EDIT
"""Nats that the constraint may have taken from a reading: what one misread character costs."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a document has no labels: a problem's code or one of docs/cli.md, and the field."""

    field: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Sure:
    """The labels of a record by page number, and the confidence of the least sure one, 0–1."""

    labels: dict[int, tuple[Label, ...]]
    confidence: float


def labels_of(record: Record, template: Template, *, cheap: float = CHEAP) -> Sure | Doubt:
    """Return a record's regions as labels, if all of it is sure.

    Every field that is read from regions of its own must be accepted, at no more than a cheap cost; a field
    that is not required may also be missing altogether. A doubtful one is no reason to label the rest: what
    trains on the page would learn that nothing stands there.

    Args:
        record: Extracted by the template.
        template: Its fields and classes.
        cheap: Nats that a constraint may have taken from a value.
    """
    if record.status is RecordStatus.FAILED:
        return _of_problems(record.problems)
    sure: list[tuple[FieldSpec, FieldValue]] = []
    for name, spec in template.fields.items():
        if spec.class_name is None:
            continue
        for value in record.fields.get(name, ()):
            if value.status is FieldStatus.MISSING and not spec.required:
                continue
            if doubt := _doubt(value, cheap):
                return doubt
            sure.append((spec, value))
    if not record.accepted:
        values = [value for values in record.fields.values() for value in values]
        return _of_problems([*record.problems, *(problem for value in values for problem in value.problems)])
    if not sure:
        return Doubt(None, "no-regions", "nothing was found on it")
    return Sure(_by_page(sure), min(value.confidence for _, value in sure))


def labels_found(record: Record, template: Template) -> dict[int, tuple[Label, ...]]:
    """Return whatever was found on a record as labels by page, sure or not: for a person to correct.

    Args:
        record: Extracted by the template.
        template: Its fields and classes.
    """
    return _by_page(
        (spec, value)
        for name, spec in template.fields.items()
        if spec.class_name is not None
        for value in record.fields.get(name, ())
    )


def _of_problems(problems: Sequence[Problem]) -> Doubt:
    if not problems:
        return Doubt(None, "not-accepted", "the record is not accepted")
    return Doubt(problems[0].field, problems[0].code, problems[0].message)


def _doubt(value: FieldValue, cheap: float) -> Doubt | None:
    if value.status is FieldStatus.MISSING:
        return Doubt(value.name, "missing", "nothing was found that is required")
    if not value.accepted or value.problems:
        problem = next(iter(value.problems), None)
        if problem is None:
            return Doubt(value.name, value.status.value, f"{value.text!r} is {value.status.value}")
        return Doubt(value.name, problem.code, problem.message)
    if (value.cost or 0.0) > cheap:
        message = f"{value.raw!r} became {value.text!r} at a cost of {value.cost:.1f} nats"
        return Doubt(value.name, "dear", message)
    return None


def _by_page(sure: Iterable[tuple[FieldSpec, FieldValue]]) -> dict[int, tuple[Label, ...]]:
    """Return the labels of each page; what two fields read from one region is labelled once."""
    found: dict[int, list[Label]] = {}
    known: set[tuple[str, bytes]] = set()
    for spec, value in sure:
        assert spec.class_name is not None
        for page, regions in _regions(value.readings):
            new = [one for one in regions if (spec.class_name, one.region.polygon.tobytes()) not in known]
            known |= {(spec.class_name, one.region.polygon.tobytes()) for one in new}
            if new:
                polygons = tuple(polygon for one in new for polygon in _lines(one))
                found.setdefault(page, []).append(Label(spec.class_name, value.text or "", polygons))
    return {page: tuple(labels) for page, labels in found.items()}


def _regions(readings: Sequence[Reading]) -> Iterator[tuple[int, list[Reading]]]:
    """Yield for each page one reading of each region, in reading order."""
    pages: dict[int, dict[bytes, Reading]] = {}
    for reading in readings:
        pages.setdefault(reading.region.page, {}).setdefault(reading.region.polygon.tobytes(), reading)
    for page, regions in pages.items():
        yield page, list(regions.values())


def _lines(reading: Reading) -> tuple[Polygon, ...]:
    lines = reading.region.lines or (reading.region.polygon,)
    return tuple(np.asarray(line, dtype=np.float64) for line in lines)
