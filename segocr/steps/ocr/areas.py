"""Areas: the parts of a page where there is text at all, seen from afar; only these are looked at closely.

A photo of a car is one tenth text, and a detector takes as long for the road as for the plate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.steps.ocr.lines import DetectorSettings, Floats, lines, prepare, scale_of

Image = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""
Probabilities = Callable[[Iterable[Floats]], Iterator[Floats]]
"""Runs a detector: prepared pages → maps ``float32 (h, w)`` of text probabilities."""

_AFAR = 512
"""Pixels of a page's longer side at which areas are looked for."""
_SAYS = 0.08
"""Probability above which a pixel seen from afar may be text. Of 120 number plates in photos of train 110 lie
in such areas, 118 are found at full size; the areas are a tenth of the photos."""
_LEAST = 4
"""Pixels of an area there."""
_MARGIN, _MARGIN_HEIGHTS, _MARGIN_LENGTHS = 16, 1.0, 0.3
"""An area is widened by so many pixels there at least, or so many of its heights, and along by so much of its
length: from afar a line's ends are lost first."""
_STEP = 64
"""Sides of areas are multiples of so many pixels at full size: engines prepare themselves for each size."""
_MOST = 0.5
"""Share of a page from which it is looked at as a whole."""
_EDGE = 2.0
"""A line that ends so near to an inner edge of its area, in pixels, goes on beyond it."""


def find_lines(
    pages: Sequence[Image], settings: DetectorSettings, probabilities: Probabilities, *, areas: bool
) -> list[list[tuple[float, Floats]]]:
    """Find the lines of pages.

    Args:
        pages: ``uint8 (h, w, 3)`` each.
        settings: Of a look at a whole page.
        probabilities: The detector.
        areas: Whether to look at the parts alone where there is text.

    Returns:
        For each page as ``lines`` does.
    """
    if not areas:
        maps = probabilities(prepare(page, settings) for page in pages)
        return [
            lines(seen, page.shape[1], page.shape[0], settings)
            for page, seen in zip(pages, maps, strict=True)
        ]
    afar = probabilities(prepare(page, settings.within(_AFAR)) for page in pages)
    areas_of = [_areas(seen, page, scale_of(page, settings)) for page, seen in zip(pages, afar, strict=True)]
    return [
        _in_areas(page, some, settings, probabilities) for page, some in zip(pages, areas_of, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Areas:
    """Where a page is looked at closely, and where text was seen from afar, in pixels of the page."""

    boxes: Sequence[Box]
    seen: Sequence[Box]


def _in_areas(
    page: Image, areas: _Areas, settings: DetectorSettings, probabilities: Probabilities
) -> list[tuple[float, Floats]]:
    whole = (0, 0, page.shape[1], page.shape[0])
    scale = scale_of(page, settings)
    found: list[tuple[float, Floats]] = []
    is_cut = False
    parts = [np.ascontiguousarray(page[top:bottom, left:right]) for left, top, right, bottom in areas.boxes]
    maps = probabilities(prepare(part, settings, scale) for part in parts)
    for box, part, map_ in zip(areas.boxes, parts, maps, strict=True):
        for score, corners in lines(map_, part.shape[1], part.shape[0], settings):
            moved = corners + np.array(box[:2], np.float32)
            if not _holds(box, moved, whole):
                # What was not seen from afar only reaches into the area.
                is_cut |= any(_is_inside(moved.mean(axis=0), one) for one in areas.seen)
            elif not any(_is_inside(moved.mean(axis=0), _around(other)) for _, other in found):
                found.append((score, moved))
    if is_cut:
        return _in_areas(page, _Areas([whole], []), settings, probabilities)
    return found


def _areas(map_: Floats, page: Image, scale: float) -> _Areas:
    """Return the areas of a page; the whole page if they are most of it, or if nothing is seen from afar."""
    height, width = page.shape[:2]
    x_scale, y_scale = width / map_.shape[1], height / map_.shape[0]
    mask = (map_ > _SAYS).astype(np.uint8)
    wide = np.zeros_like(mask)
    seen: list[Box] = []
    for left, top, long, high, size in cv2.connectedComponentsWithStats(mask)[2][1:].tolist():
        if size >= _LEAST:
            x, y = _margins(long, high)
            wide[max(0, top - y) : top + high + y, max(0, left - x) : left + long + x] = 1
            seen.append(_scaled((left, top, left + long, top + high), x_scale, y_scale))
    step = _STEP / scale
    boxes: list[Box] = []
    for left, top, long, high, _ in cv2.connectedComponentsWithStats(wide)[2][1:].tolist():
        box = _scaled((left, top, left + long, top + high), x_scale, y_scale)
        (left, right), (top, bottom) = _side(box[0], box[2], width, step), _side(box[1], box[3], height, step)
        boxes.append((left, top, right, bottom))
    size = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    if not 0 < size <= _MOST * width * height:
        return _Areas([(0, 0, width, height)], [])
    return _Areas(boxes, seen)


def _scaled(box: Box, x: float, y: float) -> Box:
    return round(box[0] * x), round(box[1] * y), round(box[2] * x), round(box[3] * y)


def _around(corners: Floats) -> Box:
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _is_inside(point: Floats, box: Box) -> bool:
    return bool(box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3])


def _margins(long: int, high: int) -> tuple[int, int]:
    """Return how far an area is widened to either side, and up and down."""
    low = min(long, high)
    around = max(_MARGIN, round(_MARGIN_HEIGHTS * low))
    return max(around, round(_MARGIN_LENGTHS * long)), max(around, round(_MARGIN_LENGTHS * high))


def _side(low: float, high: float, limit: int, step: float) -> tuple[int, int]:
    """Return a side of an area, within the page, as long as a whole number of steps if there is room."""
    length = min(limit, round(np.ceil((high - low) / step) * step))
    start = min(max(0, round((low + high - length) / 2)), limit - length)
    return start, start + length


def _holds(box: Box, corners: Floats, whole: Box) -> bool:
    """Whether a line ends within an area, or where the page ends."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    return bool(
        (low[0] > box[0] + _EDGE or box[0] == whole[0])
        and (low[1] > box[1] + _EDGE or box[1] == whole[1])
        and (high[0] < box[2] - _EDGE or box[2] == whole[2])
        and (high[1] < box[3] - _EDGE or box[3] == whole[3])
    )
