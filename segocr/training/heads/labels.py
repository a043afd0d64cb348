"""Labels meet lines: which detected line a person has marked as which field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr.evaluation.labels import Label, Polygon
from segocr.geometry import convex_hull, minimum_rectangle, polygon_area
from segocr.overlaps import shared_part
from segocr.textlines.lines import TextLine

_MEETS = 0.5
"""A line shows a label if it covers this share of it, or lies within it by this share of itself."""

NONE = 0
"""The class of lines that no field is read from; the template's classes count from 1."""


@dataclass(frozen=True, slots=True)
class Marked:
    """The lines of a page with their classes.

    Attributes:
        classes: ``int64 (lines,)``, ``NONE`` or 1 + the number of the template's class.
        missed: Labels of which no line was detected: the detector missed it, or the label is off.
    """

    classes: NDArray[np.int64]
    missed: tuple[Label, ...]


def mark(lines: Sequence[TextLine], labels: Sequence[Label], classes: Sequence[str]) -> Marked:
    """Give each line the class of the label that it meets best.

    Args:
        lines: Detected ones.
        labels: Of the same page; those of other classes are left out.
        classes: The template's.
    """
    marks = np.zeros(len(lines), np.int64)
    best = np.zeros(len(lines))
    missed = []
    for label in labels:
        if label.class_name not in classes:
            continue
        number = 1 + classes.index(label.class_name)
        places = [*label.polygons, *label.alternatives]
        met = [_meets(lines, polygon) for polygon in places]
        for share in met:
            better = (share >= _MEETS) & (share > best)
            marks[better], best[better] = number, share[better]
        if any(not (share >= _MEETS).any() for share in met[: len(label.polygons)]):
            missed.append(label)
    return Marked(marks, tuple(missed))


def lines_of(lines: Sequence[TextLine], label: Label) -> list[int]:
    """Return the numbers of the lines that a label stands on, in its polygons' order."""
    met = [np.flatnonzero(_meets(lines, polygon) >= _MEETS).tolist() for polygon in label.polygons]
    return list(dict.fromkeys(line for some in met for line in some))


def has_area(polygon: Polygon) -> bool:
    """Whether a polygon encloses a pixel at least; one that crosses itself may."""
    hull = convex_hull(polygon)
    return len(hull) >= 3 and polygon_area(hull) >= 1.0


def _meets(lines: Sequence[TextLine], polygon: Polygon) -> NDArray[np.float64]:
    """Return by line the greater of the shares that it covers of a label and the label of it."""
    if not has_area(polygon):
        return np.zeros(len(lines))
    label = minimum_rectangle(polygon)
    return np.array([shared_part(line.quad, label) for line in lines], float)
