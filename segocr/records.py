"""Records: all field values of one document, or of one part of it, under one recipe; and their JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from segocr.errors import SegocrError
from segocr.pages import PageInfo
from segocr.readings import Reading
from segocr.regions import Region


class RecordStatus(StrEnum):
    """Complete: every required field has a value; partial: one lacks it; failed: nothing could be read."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class FieldStatus(StrEnum):
    """What a field's value is worth."""

    OK = "ok"
    CORRECTED = "corrected"
    DOUBTFUL = "doubtful"
    INVALID = "invalid"
    MISSING = "missing"


class Severity(StrEnum):
    """An error keeps a record from being accepted; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to know about a record: stable code, message, the field it concerns."""

    code: str
    message: str
    field: str | None = None
    severity: Severity = Severity.ERROR


def failure(error: SegocrError) -> Problem:
    """Return why a document has no values, with what to do about it."""
    return Problem(error.code, f"{error.message}; {error.hint}" if error.hint else error.message)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of one field.

    Attributes:
        name: The field.
        type: Its type's name (text, integer, decimal, money, date, time, enum, boolean).
        value: Canonical text (ISO date, plain decimal, ``true``/``false``); None if it is not of its type.
        text: What was accepted as read, before normalising; None if nothing was.
        raw: The unconstrained reading; None if nothing was read.
        status: What it is worth.
        accepted: Status ok or corrected, and confidence high enough.
        confidence: 0–1; 0 if missing.
        cost: The constraint's cost (natural log), summed over the readings; None if nothing was read.
        ordinal: Place in the list for ``instances: all``, else 0.
        readings: The evidence, in reading order.
        problems: What is wrong with it.
    """

    name: str
    type: str
    value: str | None
    text: str | None
    raw: str | None
    status: FieldStatus
    accepted: bool
    confidence: float
    cost: float | None = None
    ordinal: int = 0
    readings: tuple[Reading, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a result.

    Attributes:
        template: Its name.
        version: Its version.
        digest: SHA-256 over everything that decides the result (``facts``).
        models: Model name to digest.
        engines: Step name to "engine version".
        facts: What the digest is taken of (made by ``segocr.recipes``, kept as JSON); empty if not known.
    """

    template: str
    version: int
    digest: str
    models: Mapping[str, str] = field(default_factory=dict)
    engines: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """All field values of one document part under one recipe.

    Attributes:
        file: The document's path as it was given.
        sha256: The document's digest; None if it could not even be read.
        media_type: Such as ``image/jpeg``; None if not known.
        part: 0 for the whole document, else the page number.
        recipe: What made it.
        status: complete, partial or failed.
        accepted: Every required field is accepted and no error rule fails.
        problems: Those of the record as a whole.
        pages: Sizes of the pages it was read from.
        fields: Every field of the template; a tuple of one, except for ``instances: all``.
        lists: Names of the fields with ``instances: all``.
        timings: Seconds by step.
        day: The arrival's day as ISO date: what ``today`` means in rules.
        unchosen: Readings that no value was made from; evidence all the same.
    """

    file: Path
    sha256: str | None
    media_type: str | None
    part: int
    recipe: Recipe
    status: RecordStatus
    accepted: bool
    problems: tuple[Problem, ...]
    pages: tuple[PageInfo, ...]
    fields: Mapping[str, tuple[FieldValue, ...]]
    lists: frozenset[str]
    timings: Mapping[str, float]
    day: str
    unchosen: tuple[Reading, ...] = ()


def record_as_json(record: Record) -> dict[str, Any]:
    """Return the JSON contract's object of a record (see docs/json.md)."""
    return {
        "file": str(record.file),
        "sha256": record.sha256,
        "part": record.part,
        "template": record.recipe.template,
        "version": record.recipe.version,
        "status": record.status.value,
        "accepted": record.accepted,
        "problems": [_problem_as_json(problem) for problem in record.problems],
        "pages": [
            {"page": page.number, "width": page.width, "height": page.height, "dpi": page.dpi}
            for page in record.pages
        ],
        "fields": {
            name: [_value_as_json(v) for v in values] if name in record.lists else _value_as_json(values[0])
            for name, values in record.fields.items()
        },
        "timings": {step: round(seconds, 4) for step, seconds in record.timings.items()},
    }


def _problem_as_json(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "message": problem.message, "field": problem.field}


def regions_of(value: FieldValue) -> list[Region]:
    """Return the regions that a value was read in, each once, whatever number of lines it has."""
    found = {(r.region.page, r.region.polygon.tobytes()): r.region for r in value.readings}
    return list(found.values())


def _value_as_json(value: FieldValue) -> dict[str, Any]:
    return {
        "value": value.value,
        "text": value.text,
        "raw": value.raw,
        "status": value.status.value,
        "accepted": value.accepted,
        "confidence": round(value.confidence, 4),
        "cost": None if value.cost is None else round(value.cost, 3),
        "regions": [
            {
                "page": region.page,
                "polygon": [[round(float(x), 1), round(float(y), 1)] for x, y in region.polygon],
                "score": round(region.score, 4),
            }
            for region in regions_of(value)
        ],
        "problems": [_problem_as_json(problem) for problem in value.problems],
    }
