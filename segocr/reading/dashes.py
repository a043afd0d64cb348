"""Dashes at the ends of a line: a minus has no vertical strokes and looks like blank paper to ``refit``.

Cut off, it would make a positive number of a negative one, and nothing that comes later could tell.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_INK = 0.4
"""Share of the way from paper to ink from which on a pixel is ink."""
_WIDTHS = (0.15, 1.3)
"""How wide a dash is, in heights of its line."""
_THICKEST = 0.4
_OFF_MIDDLE = 0.25
"""How far from the line's middle a dash stands at most: below are full stops and underlines."""
_AROUND = 0.7
"""How far from its middle a line is looked at, in its heights: with some blank paper, most of it is paper."""
_GAP = 0.9
"""Widest gap between a line and its dash."""

Band = tuple[float, float, float]


def with_dashes(
    grey: NDArray[np.uint8], band: Band, ends: tuple[int, int], within: tuple[int, int]
) -> tuple[int, int]:
    """Return the ends of a line, moved out to take in a single dash beside it.

    Args:
        grey: ``uint8 (h, w)``.
        band: Middle of the line at the left and at the right edge of the picture, and its height.
        ends: First column of the line, and the one after its last.
        within: Columns between which a dash may stand: those of the region, which somebody or something found
            to be the whole of the field.
    """
    left, right, height = band
    columns = grey.shape[1]
    middle = left + (right - left) * (np.arange(columns) + 0.5) / columns
    ink = _ink(grey, middle, height, ends)
    if ink is None:
        return ends
    dashes = _dashes(ink, middle, height)
    start, end = ends
    before = [dash for dash in dashes if within[0] <= sum(dash) / 2 < start]
    after = [dash for dash in dashes if end < sum(dash) / 2 <= within[1]]
    # Several in a row lead the eye from a word to its number: they belong to neither.
    if len(before) == 1 and start - before[0][1] <= _GAP * height:
        start = before[0][0]
    if len(after) == 1 and after[0][0] - end <= _GAP * height:
        end = after[0][1]
    return start, end


def _ink(
    grey: NDArray[np.uint8], middle: NDArray[np.float64], height: float, ends: tuple[int, int]
) -> NDArray[np.uint8] | None:
    """Return where there is ink, ``uint8 (h, w)``: of the colour of the line's print; None if it has none."""
    rows = np.arange(grey.shape[0])[:, None] + 0.5
    line = (np.abs(rows - middle) <= _AROUND * height)[:, slice(*ends)]
    values = grey[:, slice(*ends)][line]
    if not values.size:
        return None
    low, paper, high = (float(value) for value in np.percentile(values, (5, 50, 95)))
    print_ = low if paper - low >= high - paper else high
    if abs(print_ - paper) < 1.0:
        return None
    share = (grey.astype(np.float32) - paper) / (print_ - paper)
    return np.asarray(share >= _INK, np.uint8)


def _dashes(ink: NDArray[np.uint8], middle: NDArray[np.float64], height: float) -> list[tuple[int, int]]:
    """Return the first and the last column (excluded) of each piece of ink that is a dash, left to right."""
    _, _, boxes, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    found = []
    for (x, _, width, tall, _), centre in zip(boxes[1:].tolist(), centres[1:].tolist(), strict=True):
        off = abs(centre[1] + 0.5 - middle[min(int(centre[0]), len(middle) - 1)])
        wide = _WIDTHS[0] * height <= width <= _WIDTHS[1] * height and width >= 1.5 * tall
        if wide and tall <= _THICKEST * height and off <= _OFF_MIDDLE * height:
            found.append((x, x + width))
    return sorted(found)
