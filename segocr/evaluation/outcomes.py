"""Outcomes: each labelled value beside what was read, and each value read that nobody labelled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from segocr.evaluation.compare import Comparison, form_of_label, form_of_value
from segocr.evaluation.labels import Label, LabelledDocument, Polygon
from segocr.evaluation.overlap import Overlap, overlap
from segocr.evaluation.scores import edit_distance
from segocr.records import FieldValue, Record
from segocr.templates import FieldSpec

COVERED = 0.5
"""A region shows a label if it covers this share of the label's area."""


class Result(StrEnum):
    """What became of a value.

    right, wrong, missing: of a labelled one. spurious: read where the label of another, or none for this
    document, stands. elsewhere: read where nobody labelled anything in a field that may have several values
    (a second car): right or not, no label says.
    """

    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"
    SPURIOUS = "spurious"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field is scored.

    Attributes:
        spec: The field.
        comparison: How its values compare.
        day: The day of reading: what ``today`` means for a label's year of two digits.
    """

    spec: FieldSpec
    comparison: Comparison
    day: dt.date = field(default_factory=dt.date.today)

    @property
    def name(self) -> str:
        """The field's name."""
        return self.spec.name

    @property
    def class_name(self) -> str | None:
        """The class that its labels have."""
        return self.spec.class_name

    def right(self, label: str, value: str) -> bool:
        """Whether a value is what a label says."""
        return self.of_label(label) == self.of_value(value)

    def of_label(self, label: str) -> str:
        """Return the form that a label shares with the values that it says."""
        return form_of_label(label, self.spec, self.comparison, self.day)

    def of_value(self, value: str) -> str:
        """Return the form that equal values share."""
        return form_of_value(value, self.spec, self.comparison)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One value.

    Attributes:
        document: The labelled document's id.
        field: The field's name.
        result: What became of it.
        label: The labelled value; None if nobody labelled it.
        read: The value read; None if nothing was.
        raw: The unconstrained reading.
        accepted: Whether the record accepts the field.
        confidence: 0–1.
        status: The field's status.
        distance: Edits from label to what was read, in the forms compared; a missing one lacks
            all characters.
        length: Characters of the label, in the form compared.
        overlap: How the region found lies on the labelled one; None without a label.
        label_polygons: Page pixels.
        read_polygons: Page pixels.
    """

    document: str
    field: str
    result: Result
    label: str | None
    read: str | None
    raw: str | None = None
    accepted: bool = False
    confidence: float = 0.0
    status: str = "missing"
    distance: int = 0
    length: int = 0
    overlap: Overlap | None = None
    label_polygons: tuple[Polygon, ...] = ()
    read_polygons: tuple[Polygon, ...] = ()


def outcomes_of(
    document: LabelledDocument, record: Record | None, rules: Sequence[FieldRule]
) -> list[Outcome]:
    """Compare one document's record with its labels.

    Args:
        document: Its labels.
        record: What was read; None if the document failed.
        rules: The fields to score.
    """
    found: list[Outcome] = []
    for rule in rules:
        labels = [label for label in document.labels if label.class_name == rule.class_name]
        judged = [label for label in labels if label.says_value]
        if labels and not judged:
            continue
        values = [value for value in (record.fields.get(rule.name, ()) if record else ()) if _has(value)]
        others = [label for label in labels if not label.says_value]
        found.extend(_paired(document, rule, judged, _not_of(others, document, values)))
    return found


def _not_of(
    labels: Sequence[Label], document: LabelledDocument, values: Sequence[FieldValue]
) -> list[FieldValue]:
    """Return the values that stand where none of some labels does: of these nobody said what they are."""
    return [value for value in values if not any(_covered(document, one, value) >= COVERED for one in labels)]


def _has(value: FieldValue) -> bool:
    return value.value is not None


def _paired(
    document: LabelledDocument, rule: FieldRule, labels: Sequence[Label], values: Sequence[FieldValue]
) -> Iterator[Outcome]:
    rest = list(values)
    pairs: list[tuple[Label, FieldValue | None]] = []
    for label in sorted(labels, key=lambda label: -_best_right(rule, label, rest)):
        value = _partner(document, rule, label, rest)
        if value is not None:
            rest.remove(value)
        pairs.append((label, value))
    for label, value in pairs:
        yield _labelled(document, rule, label, value)
    for value in rest:
        covered = any(_covered(document, label, value) >= COVERED for label in document.labels)
        result = Result.ELSEWHERE if rule.spec.is_list and not covered else Result.SPURIOUS
        yield _outcome(document, rule, result, None, value)


def _best_right(rule: FieldRule, label: Label, values: Sequence[FieldValue]) -> int:
    return sum(rule.right(label.value, value.value or "") for value in values)


def _partner(
    document: LabelledDocument, rule: FieldRule, label: Label, values: Sequence[FieldValue]
) -> FieldValue | None:
    """Return the value that answers a label: an equal one, else the one whose region shows it."""
    if not rule.spec.is_list:
        return values[0] if values else None
    equal = [value for value in values if rule.right(label.value, value.value or "")]
    near = [(_covered(document, label, value), value) for value in equal or values]
    covered, value = max(near, key=lambda pair: pair[0], default=(0.0, None))
    return value if equal or covered >= COVERED else None


def _covered(document: LabelledDocument, label: Label, value: FieldValue) -> float:
    return overlap(label.polygons, _polygons(value), document.size).covered


def _labelled(document: LabelledDocument, rule: FieldRule, label: Label, value: FieldValue | None) -> Outcome:
    if value is None:
        return _outcome(document, rule, Result.MISSING, label, None)
    right = rule.right(label.value, value.value or "")
    return _outcome(document, rule, Result.RIGHT if right else Result.WRONG, label, value)


def _outcome(
    document: LabelledDocument, rule: FieldRule, result: Result, label: Label | None, value: FieldValue | None
) -> Outcome:
    read = value.value if value else None
    expected = rule.of_label(label.value) if label else ""
    return Outcome(
        document=document.id,
        field=rule.name,
        result=result,
        label=label.value if label else None,
        read=read,
        raw=value.raw if value else None,
        accepted=value.accepted if value else False,
        confidence=value.confidence if value else 0.0,
        status=value.status.value if value else "missing",
        distance=edit_distance(expected, rule.of_value(read)) if read is not None else len(expected),
        length=len(expected),
        overlap=_overlap(document, label, value) if label else None,
        label_polygons=label.polygons if label else (),
        read_polygons=_polygons(value),
    )


def _overlap(document: LabelledDocument, label: Label, value: FieldValue | None) -> Overlap:
    here = _polygons(value)
    places = [label.polygons, *((polygon,) for polygon in label.alternatives)]
    return max((overlap(place, here, document.size) for place in places), key=lambda one: one.iou)


def _polygons(value: FieldValue | None) -> tuple[Polygon, ...]:
    if value is None:
        return ()
    unique = {reading.region.polygon.tobytes(): reading.region.polygon for reading in value.readings}
    return tuple(np.asarray(polygon, dtype=np.float64) for polygon in unique.values())
