"""Overlap: how what was found lies on what was labelled, by counted pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.evaluation.labels import Polygon

_SMALLEST = 64.0
"""Height in pixels at which the thinnest labelled polygon is drawn: fine enough to count."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares 0–1: intersection over union, and how much of the label's area is covered."""

    iou: float
    covered: float


def overlap(labelled: Sequence[Polygon], found: Sequence[Polygon], size: tuple[int, int]) -> Overlap:
    """Count the common pixels of two areas, each the union of its polygons.

    Args:
        labelled: Page pixels; an empty sequence gives zero.
        found: Page pixels.
        size: (width, height) of the page; what lies outside does not count.
    """
    if not labelled or not found:
        return Overlap(0.0, 0.0)
    points = np.clip(np.concatenate([*labelled, *found]), 0, size)
    low, high = points.min(axis=0), points.max(axis=0)
    thin = min(float(np.ptp(polygon, axis=0).min()) for polygon in labelled)
    scale = min(_SMALLEST / max(thin, 1.0), 2048 / max(float((high - low).max()), 1.0))
    shape = tuple(int(np.ceil(side * scale)) + 1 for side in (high - low)[::-1])
    one, other = (_drawn(area, low, scale, shape, size) for area in (labelled, found))
    common, union = int((one & other).sum()), int((one | other).sum())
    return Overlap(common / max(union, 1), common / max(int(one.sum()), 1))


def _drawn(
    area: Sequence[Polygon],
    low: NDArray[np.float64],
    scale: float,
    shape: tuple[int, ...],
    size: tuple[int, int],
) -> NDArray[np.bool_]:
    picture = np.zeros(shape, np.uint8)
    for polygon in area:
        points = (np.clip(polygon, 0, size) - low) * scale
        cv2.fillPoly(picture, [np.round(points).astype(np.int32)], 1)
    return picture.astype(np.bool_)
