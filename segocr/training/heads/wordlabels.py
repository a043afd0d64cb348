"""Which words of a line a label shows: what ``textlines.parts`` learns from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from segocr.evaluation.labels import Label, Polygon
from segocr.geometry import Points
from segocr.textlines.lines import TextLine
from segocr.textlines.parts import WORD

_EVEN = 0.02
"""Share of a line's length that a label may miss of a word's middle."""


def words_inside(line: TextLine, class_name: str, labels: Sequence[Label]) -> NDArray[np.int64] | None:
    """Return by word of a line whether a label shows it, ``int64 (words,)``; None if labels show none.

    Args:
        line: A line of the class.
        class_name: The class.
        labels: Of the page; those that show a part of their value only (``match: subset``) say nothing here.
    """
    middles = np.array(
        [(line.bounds[word.start()] + line.bounds[word.end()]) / 2 for word in WORD.finditer(line.text)]
    )
    inside = np.zeros(len(middles), np.int64)
    for label in labels:
        if label.class_name == class_name and label.taught:
            for start, end in _shown(line.quad, (*label.polygons, *label.alternatives)):
                inside |= (middles >= start - _EVEN) & (middles <= end + _EVEN)
    return inside if inside.any() else None


def _shown(quad: Points, polygons: Sequence[Polygon]) -> Iterator[tuple[float, float]]:
    """Yield between which shares of a line's length labels lie that stand at its height."""
    origin, along, down = quad[0], quad[1] - quad[0], quad[3] - quad[0]
    for polygon in polygons:
        offsets = polygon - origin
        across = offsets @ down / max(float(down @ down), 1e-9)
        shares = offsets @ along / max(float(along @ along), 1e-9)
        if min(across.max(), 1.0) - max(across.min(), 0.0) >= 0.5 * min(np.ptp(across), 1.0):
            yield float(shares.min()), float(shares.max())
