"""Refit: the exact quadrilateral of one line of text near a rough one.

Segmentation masks are coarse (a line of print may be one or two mask pixels high), so a region's corners are
off by a good part of the line's height. Inside the patch the line itself is plain to see: a band with many
vertical strokes. The band with the largest sum of stroke energy above a threshold is found over all small
tilts, offsets and heights at once, and then its ends likewise. No model is asked; about 2 ms a line.
"""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from segocr import geometry
from segocr.crops import Crop, warp
from segocr.geometry import Points
from segocr.reading.dashes import with_dashes

_LINE = 24
"""Height of the rough quad in the working picture, pixels."""
_AROUND = 0.8
"""How far beyond the rough quad to look, in its heights, on every side."""
_HEIGHTS = np.arange(0.4, 1.05, 0.1)
"""Heights of the band that are tried, in heights of the rough quad; higher ones take in the next line."""
_EDGE = 0.12
"""Height of the strips above and below a band that should be blank, in heights of the band."""
_EDGE_WEIGHT = 2.0
"""How much print in those strips speaks against a band."""
_THRESHOLD = 0.55
"""Share of the mean stroke energy of the rough quad above which a place counts as text."""


def refit(crop: Crop, quad: Points, *, along: float = _AROUND) -> Points | None:
    """Return the quad of the line of text that a rough quad means.

    Args:
        crop: The patch.
        quad: ``(4, 2)`` rough, in patch pixels.
        along: How far the line may reach beyond the rough quad at either end, in its heights.

    Returns:
        ``(4, 2)`` in patch pixels; None if no line stands out there.
    """
    width, height = geometry.quad_size(quad)
    if height < 2 or width < height:
        return None
    around, ends = _AROUND * height, along * height
    wide = geometry.grown(quad, ends, around, ends, around)
    scale = _LINE / height
    size = (round((width + 2 * ends) * scale), round((height + 2 * around) * scale))
    to_patch = geometry.homography(geometry.rectangle(*size), wide)
    grey = cv2.cvtColor(warp(crop.patch, to_patch, size, shrink=1 / scale), cv2.COLOR_BGR2GRAY)
    energy = _stroke_energy(grey)
    margin = round(along * _LINE)
    inner = energy[round(_AROUND * _LINE) : round((1 + _AROUND) * _LINE), margin : size[0] - margin]
    threshold = _THRESHOLD * float(inner.mean())
    if threshold < 1.0:
        return None
    band = _best_band(energy - threshold)
    found = _best_ends(energy, band, threshold)
    start, end = with_dashes(np.asarray(grey, np.uint8), band, found, (margin, size[0] - margin))
    return geometry.transform(to_patch, _corners(band, start, end, size[0]))


def _stroke_energy(grey: MatLike) -> NDArray[np.float32]:
    """Return ``float32 (h, w)``: strength of vertical strokes, smoothed over about a character."""
    strokes = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3))
    # Strong edges of frames and pictures must not outweigh faint print.
    strokes = np.minimum(strokes, 3 * float(strokes.mean()) + 1)
    return np.asarray(cv2.blur(strokes, (_LINE, 3)), dtype=np.float32)


def _best_band(surplus: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return (middle at the left edge, middle at the right edge, height) of the band of largest surplus.

    Args:
        surplus: ``float32 (h, w)``, energy above the threshold.
    """
    rows = surplus.shape[0]
    parts = np.array_split(surplus, max(2, min(24, surplus.shape[1] // _LINE)), axis=1)
    profiles = np.stack([part.sum(axis=1) for part in parts], axis=1)
    total = np.vstack([np.zeros((1, len(parts))), np.cumsum(profiles, axis=0)])
    middles = np.arange(0.35 * rows, 0.65 * rows, 1.0)
    place = (np.arange(len(parts)) + 0.5) / len(parts)
    left, right = np.meshgrid(middles, middles, indexing="ij")
    centre = left[..., None] * (1 - place) + right[..., None] * place
    # Which row of the table below each line passes in each part.
    passed = np.round(centre).astype(int), np.arange(len(parts))
    row = np.arange(rows + 1.0)
    best, chosen = -np.inf, (rows / 2, rows / 2, float(_LINE))

    def print_between(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
        first, last = (np.clip(np.round(edge).astype(int), 0, rows) for edge in (top, bottom))
        # Beyond the ends of the line there is nothing, which must not speak for a thinner band.
        return np.asarray(np.maximum(total[last] - total[first], 0))

    for height in _HEIGHTS * _LINE:
        top, bottom, edge = row - height / 2, row + height / 2, max(1.0, _EDGE * height)
        beside = print_between(top - edge, top) + print_between(bottom, bottom + edge)
        score = (print_between(top, bottom) - _EDGE_WEIGHT * beside)[passed].sum(axis=2)
        i, j = np.unravel_index(int(np.argmax(score)), score.shape)
        if score[i, j] > best:
            best, chosen = float(score[i, j]), (float(middles[i]), float(middles[j]), float(height))
    return chosen


def _best_ends(
    energy: NDArray[np.float32], band: tuple[float, float, float], threshold: float
) -> tuple[int, int]:
    """Return the columns between which the band holds text: the interval of largest surplus."""
    left, right, height = band
    rows, columns = energy.shape
    middle = left + (right - left) * (np.arange(columns) + 0.5) / columns
    grid = (np.arange(rows)[:, None] + 0.5 - middle[None, :]).astype(np.float32)
    profile = np.where(np.abs(grid) <= height / 2, energy, 0).sum(axis=0) / height - threshold
    running = np.concatenate([[0.0], np.cumsum(profile)])
    lowest = np.minimum.accumulate(running)
    end = int(np.argmax(running - lowest))
    start = int(np.argmin(running[: end + 1]))
    # The smoothing carries energy half a window beyond the first and last stroke.
    smear = min(round(0.3 * _LINE), (end - start) // 3)
    return start + smear, end - smear


def _corners(band: tuple[float, float, float], start: int, end: int, columns: int) -> Points:
    left, right, height = band
    slope = (right - left) / columns
    first, last = left + slope * start, left + slope * end
    half = height / 2
    return np.array(
        [[start, first - half], [end, last - half], [end, last + half], [start, first + half]],
        dtype=np.float64,
    )
