"""Records and labels made by hand, for tests of what they add up to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from segocr.evaluation.compare import Comparison
from segocr.evaluation.labels import Label, LabelledDocument
from segocr.evaluation.outcomes import FieldRule
from segocr.readings import Reading, ReadingStatus
from segocr.records import FieldStatus, FieldValue, Recipe, Record, RecordStatus
from segocr.regions import Region
from segocr.templates import FieldSpec

PLATE = FieldRule(FieldSpec("plate", "plate", "text", instances="all"), Comparison.ALPHANUMERIC)
TOTAL = FieldRule(FieldSpec("total", "total", "money"), Comparison.VALUE)


def box(left: float, top: float, width: float = 100, height: float = 20) -> np.ndarray:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


def label(value: str, *polygons: np.ndarray, name: str = "plate", **more: object) -> Label:
    return Label(name, value, polygons, **more)  # type: ignore[arg-type]


def document(*labels: Label, name: str = "a") -> LabelledDocument:
    return LabelledDocument(name, Path(f"{name}.jpg"), (640, 480), labels)


def value(
    text: str | None, polygon: np.ndarray | None = None, *, name: str = "plate", accepted: bool = True
) -> FieldValue:
    readings = ()
    if polygon is not None:
        region = Region(1, name, 0.9, polygon.astype(np.float32))
        readings = (Reading(region, polygon, 0, text or "", text, ReadingStatus.OK, 0.95),)
    status = FieldStatus.OK if text is not None else FieldStatus.MISSING
    return FieldValue(
        name, "text", text, text, text, status, accepted and text is not None, 0.95, readings=readings
    )


def record(*values: FieldValue) -> Record:
    fields: dict[str, tuple[FieldValue, ...]] = {}
    for one in values:
        fields[one.name] = (*fields.get(one.name, ()), one)
    return Record(
        file=Path("a.jpg"), sha256="0" * 64, media_type="image/jpeg", part=0, recipe=Recipe("t", 1, "d"),
        status=RecordStatus.COMPLETE, accepted=True, problems=(), pages=(), fields=fields,
        lists=frozenset({"plate"}), timings={}, day=dt.date(2020, 1, 1).isoformat(),
    )  # fmt: skip
