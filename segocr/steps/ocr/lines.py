"""Text lines from a DB detector's probability map, with PP-OCR's settings.

Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", 2020.
The page's lines are quadrilaterals; their corners are in no promised order, because OpenCV's versions
disagree on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
_STRIDE = 32
_LEAST_SIDE = 3
_MOST = 1000
_LARGEST = 2.0
"""Small pictures are enlarged by no more: in a crop of few lines, ten times as large, letters were lines."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How a detector is fed and read.

    Attributes:
        side: A page is scaled so that ``limit`` side has this many pixels …
        limit: … ``min``: the shorter side is at least, ``max``: the longer side is at most.
        threshold: Probability above which a pixel is text.
        box_threshold: Mean probability above which a region is a line.
        unclip: How far the shrunken region is grown: area x unclip / perimeter.
        centred: Input normalised to -1 … 1 instead of by ImageNet's mean and deviation.
        dilate: Close gaps of a pixel before looking for regions.
    """

    side: int = 960
    limit: str = "max"
    threshold: float = 0.3
    box_threshold: float = 0.5
    unclip: float = 1.6
    centred: bool = False
    dilate: bool = False

    def within(self, side: int | None) -> DetectorSettings:
        """Return settings that shrink longer sides to at most so many pixels; None: these."""
        return self if side is None else replace(self, side=side, limit="max")


def scale_of(page: NDArray[np.uint8], settings: DetectorSettings) -> float:
    """Return how many times as large the detector sees a page."""
    height, width = page.shape[:2]
    if settings.limit == "max":
        return min(1.0, settings.side / float(max(height, width)))
    ratio = max(1.0, settings.side / float(min(height, width)))
    return min(ratio, _LARGEST, 4000 / float(max(height, width)))


def prepare(page: NDArray[np.uint8], settings: DetectorSettings, scale: float | None = None) -> Floats:
    """Scale and normalise a page, or a part of one whose scale is known.

    Returns:
        ``float32 (1, 3, h, w)``, sides whole multiples of 32.
    """
    height, width = page.shape[:2]
    ratio = scale_of(page, settings) if scale is None else scale
    size = [max(round(side * ratio / _STRIDE) * _STRIDE, _STRIDE) for side in (width, height)]
    scaled = np.asarray(cv2.resize(page, (size[0], size[1])), np.float32) / 255.0
    normal = (scaled - 0.5) / 0.5 if settings.centred else (scaled - _MEAN) / _DEVIATION
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None], np.float32)


def lines(
    probabilities: Floats, width: int, height: int, settings: DetectorSettings
) -> list[tuple[float, Floats]]:
    """Find lines in a map ``(h, w)`` of text probabilities.

    Returns:
        Score 0–1 and ``float32 (4, 2)`` corners in pixels of a page of ``width x height``, clipped to it.
    """
    mask = (probabilities > settings.threshold).astype(np.uint8)
    if settings.dilate:
        mask = np.asarray(cv2.dilate(mask, np.ones((2, 2), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.array([width / mask.shape[1], height / mask.shape[0]], np.float32)
    limit = np.array([width, height], np.float32)
    found = []
    for contour in contours[:_MOST]:
        corners, short_side = _rectangle(contour.reshape(-1, 2).astype(np.float32))
        if short_side < _LEAST_SIDE:
            continue
        score = _mean_inside(probabilities, corners)
        if score < settings.box_threshold:
            continue
        grown, short_side = _grow(corners, settings.unclip)
        if short_side < _LEAST_SIDE + 2:
            continue
        found.append((score, np.asarray(np.clip(grown * scale, 0.0, limit), np.float32)))
    return found


def _rectangle(points: Floats) -> tuple[Floats, float]:
    """Return the least rectangle's corners around points, in cyclic order, and its shorter side."""
    rectangle = cv2.minAreaRect(points)
    return np.asarray(cv2.boxPoints(rectangle), np.float32), float(min(rectangle[1]))


def _grow(corners: Floats, unclip: float) -> tuple[Floats, float]:
    """Move a rectangle's sides outwards by area x unclip / perimeter; returns it and its shorter side."""
    along, across = corners[1] - corners[0], corners[3] - corners[0]
    length, breadth = float(np.hypot(*along)), float(np.hypot(*across))
    distance = length * breadth * unclip / (2 * (length + breadth))
    a, b = along / length * distance, across / breadth * distance
    grown = corners + np.stack([-a - b, a - b, a + b, b - a])
    return np.asarray(grown, np.float32), min(length, breadth) + 2 * distance


def _mean_inside(probabilities: Floats, corners: Floats) -> float:
    height, width = probabilities.shape
    low = np.clip(np.floor(corners.min(axis=0)), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, [width - 1, height - 1]).astype(int)
    part = probabilities[low[1] : high[1] + 1, low[0] : high[0] + 1]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(corners - low).astype(np.int32)], [1])
    return float(cv2.mean(part, mask)[0])
