"""Lines: the lines of text in a crop, as quads in its patch, in reading order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from segocr import geometry
from segocr.crops import Crop
from segocr.geometry import Points
from segocr.reading.refit import refit

_SAME_ROW = 0.5
"""Two lines stand on one row if their heights overlap by this share of the smaller one."""
_INSIDE = 0.5
"""A detected line belongs to the region if this share of it lies between the region's edges."""


def single(crop: Crop) -> Points:
    """Return the one line of a crop, ``(4, 2)``: refitted to the print where it stands out."""
    return _or(refit(crop, crop.quad), crop.quad)


def _or(found: Points | None, quad: Points) -> Points:
    return quad if found is None else found


def lengthened(crop: Crop, quad: Points) -> Points:
    """Return a line followed to its ends beyond the region: models often find only a part of a long one."""
    height = geometry.quad_size(quad)[1]
    # The patch ends where the page does: at one end there may be less of it.
    room = max(float(quad[:, 0].min()), crop.patch.shape[1] - float(quad[:, 0].max()))
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
