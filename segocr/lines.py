"""Lines: the lines of text in a crop, as quads in its patch, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from segocr import geometry
from segocr.crops import STRIP_HEIGHT, Crop, Margins, strip
from segocr.geometry import Points
from segocr.refit import refit

_SAME_ROW = 0.5
"""Two lines stand on one row if their heights overlap by this share of the smaller one."""
_INSIDE = 0.5
"""A detected line belongs to the region if this share of it lies between the region's edges."""
_GAP = 0.2
"""Words are this far apart at least, in heights of their line."""
_FURTHEST = 3.0
"""A word that is cut in two is followed this far, in heights of its line."""
_INK = 0.4
"""A column holds ink if its contrast is this share of that of the strongest columns."""


def single(crop: Crop) -> Points:
    """Return the one line of a crop, ``(4, 2)``: refitted to the print where it stands out."""
    return _or(refit(crop, crop.quad), crop.quad)


def _or(found: Points | None, quad: Points) -> Points:
    return quad if found is None else found


def whole_words(crop: Crop) -> Crop:
    """Return the crop with its region's lines lengthened to the ends of words that their masks cut in two."""
    quads = [geometry.transform(crop.to_page, _to_gaps(crop, quad)) for quad in crop.lines]
    return replace(crop, region=replace(crop.region, lines=tuple(quads)))


def _to_gaps(crop: Crop, quad: Points) -> Points:
    """Move the ends of a line outwards until a gap between words, or the end of the print."""
    height = geometry.quad_size(quad)[1]
    room = _FURTHEST * height
    wide = geometry.grown(quad, room, 0.0, room, 0.0)
    picture = strip(crop, wide, Margins(0.0, 0.0))
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.int16)
    contrast = np.ptp(grey, axis=0)
    inked = contrast > _INK * max(float(np.percentile(contrast, 90)), 1.0)
    scale = picture.shape[0] / max(height, 1.0)
    gap, end = max(2, round(_GAP * STRIP_HEIGHT)), round(room * scale)
    before = _ink_up_to_gap(inked[: end + gap][::-1], gap) - gap
    after = _ink_up_to_gap(inked[len(inked) - end - gap :], gap) - gap
    return geometry.grown(quad, max(before, 0) / scale, 0.0, max(after, 0) / scale, 0.0)


def _ink_up_to_gap(inked: NDArray[np.bool_], gap: int) -> int:
    """Return how many columns the ink goes on from the first one, up to a gap; 0 if it never ends."""
    run = np.convolve(~inked, np.ones(gap, int), "valid")
    free = np.flatnonzero(run == gap)
    return int(free[0]) if len(free) else 0


def lengthened(crop: Crop, quad: Points) -> Points:
    """Return a line followed to its ends beyond the region: models often find only a part of a long one."""
    height = geometry.quad_size(quad)[1]
    room = min(float(quad[:, 0].min()), crop.patch.shape[1] - float(quad[:, 0].max()))
    return _or(refit(crop, quad, along=max(1.0, room / max(height, 1.0))), quad)


def ordered(crop: Crop, polygons: Sequence[ArrayLike]) -> list[Points]:
    """Return detected lines as quads in reading order: rows from top to bottom, in a row from left to right.

    Args:
        crop: The patch that they were detected in.
        polygons: ``(n, 2)`` each, patch pixels; those outside the region are dropped.

    Returns:
        Quads ``(4, 2)`` in patch pixels; the region's own quad if nothing was detected in it.
    """
    quads = [geometry.order_corners(geometry.minimum_rectangle(polygon), upright=0.0) for polygon in polygons]
    quads = [quad for quad in quads if _share_inside(crop, quad) >= _INSIDE]
    if not quads:
        return [crop.quad]
    rows: list[list[Points]] = []
    for quad in sorted(quads, key=lambda quad: float(quad[:, 1].mean())):
        row = next((row for row in rows if _on_one_row(row[-1], quad)), None)
        if row is None:
            rows.append([quad])
        else:
            row.append(quad)
    return [quad for row in rows for quad in sorted(row, key=lambda quad: float(quad[:, 0].mean()))]


def _share_inside(crop: Crop, quad: Points) -> float:
    """Return the share of a line's height and width (the smaller one) that lies within the region's box."""
    low, high = crop.quad.min(axis=0), crop.quad.max(axis=0)
    size = np.ptp(quad, axis=0)
    overlap = np.minimum(high, quad.max(axis=0)) - np.maximum(low, quad.min(axis=0))
    return float((np.maximum(overlap, 0) / np.maximum(size, 1e-9)).min())


def _on_one_row(a: Points, b: Points) -> bool:
    top, bottom = max(a[:, 1].min(), b[:, 1].min()), min(a[:, 1].max(), b[:, 1].max())
    return bool(bottom - top >= _SAME_ROW * min(np.ptp(a[:, 1]), np.ptp(b[:, 1])))
