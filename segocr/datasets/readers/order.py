"""Reading order of a field's lines where labels say none."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from segocr import geometry
from segocr.evaluation.labels import Polygon


def in_reading_order(lines: Sequence[Polygon]) -> list[Polygon]:
    """Order outlines from top to bottom, in a row from left to right, as they are tilted.

    A row is what overlaps its first line by half a height. The page stands upright by less than 45°: which
    way it reads otherwise is not seen by outlines.

    Args:
        lines: ``float64 (n, 2)`` each, pixels.
    """
    if len(lines) < 2:
        return list(lines)
    axes = _axes(max(lines, key=lambda line: cv2.contourArea(line.astype(np.float32))))
    waiting = sorted(((line, line @ axes.T) for line in lines), key=lambda one: float(one[1][:, 1].min()))
    ordered: list[Polygon] = []
    while waiting:
        bottom = waiting[0][1][:, 1].max()
        ends = [(turned[:, 1].min() + turned[:, 1].max()) / 2 <= bottom for _, turned in waiting]
        row = [one for one, belongs in zip(waiting, ends, strict=True) if belongs]
        ordered += [line for line, _ in sorted(row, key=lambda one: float(one[1][:, 0].min()))]
        waiting = [one for one, belongs in zip(waiting, ends, strict=True) if not belongs]
    return ordered


def _axes(line: Polygon) -> Polygon:
    """Return the axes of a line as the rows of ``(2, 2)``: along it, and to the next one."""
    try:
        quad = geometry.order_corners(geometry.minimum_rectangle(line), upright=0.0)
    except geometry.FlatShapeError:
        return np.eye(2)
    angle = geometry.reading_angle(quad)
    x, y = np.cos(angle), np.sin(angle)
    return np.array([[x, y], [-y, x]])
