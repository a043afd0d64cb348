"""Field values made from readings that nobody read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from segocr.fields import PartResult, field_values
from segocr.readings import Reading, ReadingStatus
from segocr.records import FieldValue
from segocr.regions import Region
from segocr.steps.validate.python import handle
from segocr.templates import Template, load_template

DAY = date(2026, 11, 22)
OK, CORRECTED, DOUBTFUL, INVALID = ReadingStatus


def line(
    text: str | None, *, x: float = 0, y: float = 0, page: int = 1, score: float = 0.9, **given: Any
) -> Reading:
    """One reading, in a region of 90 × 20 pixels at (x, y)."""
    polygon = np.array([[x, y], [x + 90, y], [x + 90, y + 20], [x, y + 20]], dtype=np.float32)
    plain: dict[str, Any] = {"status": OK, "confidence": 0.99, "raw": text or "?"}
    return Reading(
        Region(page, "any", score, polygon), polygon.astype(np.float64), 0, text=text, **plain | given
    )


def template(folder: Path, fields: str, more: str = "") -> Template:
    (folder / "template.yaml").write_text(f"template: thing\nversion: 1\nfields:\n{fields}{more}")
    return load_template(folder)


def result(made: Template, part: dict[str, list[tuple[Reading, ...]]]) -> PartResult:
    [only] = field_values(made, [part], validate=handle, day=DAY)
    return only


def single(made: Template, *candidates: tuple[Reading, ...]) -> FieldValue:
    [value] = result(made, {"a": list(candidates)}).fields["a"]
    return value
