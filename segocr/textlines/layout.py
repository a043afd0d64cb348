"""Layout: where the lines of a page stand to each other, in the page's own reading direction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.geometry import Points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SAME_ROW = 0.5
"""Two lines stand on one row if their heights overlap by this share of the smaller one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes of lines in a frame whose x axis is the reading direction, and who stands beside whom.

    Attributes:
        boxes: ``float64 (n, 4)`` left, top, right, bottom in the frame, pixels.
        height: Median line height in pixels.
        order: ``int64 (n,)``, the lines in reading order.
        left: ``int64 (n,)``, the nearest line to the left on the same row, -1 for none.
        right: The same to the right.
        above: ``int64 (n,)``, the nearest line above that shares columns with it, -1 for none.
        below: The same below.
        row: ``int64 (n,)``, number of its row from the top.
        rows: How many rows there are.
    """

    boxes: Floats
    height: float
    order: Ints
    left: Ints
    right: Ints
    above: Ints
    below: Ints
    row: Ints
    rows: int


def lay_out(quads: Sequence[Points]) -> Layout:
    """Put the lines of a page into its reading frame.

    Args:
        quads: ``(4, 2)`` each, in reading direction.
    """
    boxes, heights = _boxes(quads)
    left, top, right, bottom = boxes.T
    n = len(boxes)
    row = _rows(boxes)
    same = (row[:, None] == row[None, :]) & ~np.eye(n, dtype=bool)
    middle = (left + right) / 2
    gap = middle[:, None] - middle[None, :]
    to_left = np.where(same & (gap > 0), gap, np.inf)
    to_right = np.where(same & (gap < 0), -gap, np.inf)
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) > 0
    centre = (top + bottom) / 2
    drop = centre[:, None] - centre[None, :]
    to_above = np.where(shared & ~same & (drop > 0), drop, np.inf)
    to_below = np.where(shared & ~same & (drop < 0), -drop, np.inf)
    return Layout(
        boxes,
        float(np.median(heights)) if n else 1.0,
        np.lexsort((left, row)),
        _nearest(to_left),
        _nearest(to_right),
        _nearest(to_above),
        _nearest(to_below),
        row,
        int(row.max(initial=-1)) + 1,
    )


def page_angle(quads: Sequence[Points]) -> float:
    """Return the direction that most of the lines' length reads in, radians; 0 for a page without lines."""
    if not quads:
        return 0.0
    # Doubled angles: a line and its half turn count for the same direction.
    doubled = 0j
    for quad in quads:
        width, height = geometry.quad_size(quad)
        doubled += max(width - height, 1.0) * np.exp(2j * geometry.reading_angle(quad))
    angle = float(np.angle(doubled)) / 2
    return angle if angle > -math.pi / 2 + 0.05 else angle + math.pi


def _boxes(quads: Sequence[Points]) -> tuple[Floats, Floats]:
    if not quads:
        return np.zeros((0, 4)), np.zeros(0)
    angle = page_angle(quads)
    direction = sum((quad[1] + quad[2] - quad[0] - quad[3] for quad in quads), np.zeros(2))
    if direction @ np.array([np.cos(angle), np.sin(angle)]) < 0:
        angle += np.pi
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = np.stack(quads) @ turn.T
    # The mean of each side: a tilt that remains must not make boxes higher.
    boxes = np.stack(
        [
            points[:, [0, 3], 0].mean(axis=1),
            points[:, [0, 1], 1].mean(axis=1),
            points[:, [1, 2], 0].mean(axis=1),
            points[:, [2, 3], 1].mean(axis=1),
        ],
        axis=1,
    )
    ordered = np.stack(
        [np.minimum(boxes[:, 0], boxes[:, 2]), np.minimum(boxes[:, 1], boxes[:, 3]),
         np.maximum(boxes[:, 0], boxes[:, 2]), np.maximum(boxes[:, 1], boxes[:, 3])], axis=1
    )  # fmt: skip
    return ordered, np.array([geometry.quad_size(quad)[1] for quad in quads])


def _rows(boxes: Floats) -> Ints:
    """Return the row of each box: from top to bottom, a box joins the row that it overlaps most."""
    row = np.full(len(boxes), -1, np.int64)
    spans: list[tuple[float, float]] = []
    for place in np.argsort((boxes[:, 1] + boxes[:, 3]) / 2, kind="stable"):
        top, bottom = boxes[place, 1], boxes[place, 3]
        for number in range(len(spans) - 1, max(len(spans) - 4, -1), -1):
            low, high = spans[number]
            if min(high, bottom) - max(low, top) >= _SAME_ROW * min(high - low, bottom - top):
                row[place] = number
                break
        else:
            row[place] = len(spans)
            spans.append((float(top), float(bottom)))
    return row


def _nearest(distance: Floats) -> Ints:
    if not len(distance):
        return np.zeros(0, np.int64)
    best = distance.argmin(axis=1)
    return np.where(np.isfinite(distance.min(axis=1)), best, -1)
