"""Masks as COCO writes them, run lengths, and the outlines of their parts."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.datasets.readers.reading import need, wrong
from segocr.evaluation.labels import Polygon

_SPECK = 0.01
"""A part of less than this share of the largest one's area is dirt of a brush or a model, not a line."""


def mask_outlines(given: dict[str, Any], size: tuple[int, int], place: str) -> list[Polygon]:
    """Return the outlines of a mask's parts, in no order; specks are left out.

    Args:
        given: ``size`` (height, width) and ``counts``, run lengths as a list or packed into a text.
        size: Width and height of the picture, pixels.
        place: Of the labels.

    Raises:
        UsageError: ``labels``: it is no such mask, is empty, or of another size.
    """
    mask = _pixels(given, size, place)
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        wrong(place, "the mask is empty")
    # OpenCV's contours run through the middles of pixels: of each twice as large, they tell its edges.
    twice = mask[top : top + height, left : left + width].repeat(2, axis=0).repeat(2, axis=1)
    found, _ = cv2.findContours(twice, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outlines = [(contour.reshape(-1, 2) + 1) // 2 + (left, top) for contour in found]
    areas = [cv2.contourArea(outline.astype(np.int32)) for outline in outlines]
    large = _SPECK * max(areas)
    return [
        outline.astype(np.float64) for outline, area in zip(outlines, areas, strict=True) if area >= large
    ]


def _pixels(given: dict[str, Any], size: tuple[int, int], place: str) -> NDArray[np.uint8]:
    """Return the mask ``(H, W)`` that run lengths describe: column by column, outside first."""
    counts, shape = given.get("counts"), need(given, "size", list, place)
    if isinstance(counts, str):
        counts = _unpacked(counts, place)
    if not isinstance(counts, list) or not all(isinstance(run, int) and run >= 0 for run in counts):
        wrong(place, "'counts' of a mask are run lengths")
    if list(shape) != [size[1], size[0]] or sum(counts) != size[0] * size[1]:
        wrong(place, f"the mask is not of the picture's {size[0]} × {size[1]} pixels")
    values = np.repeat(np.arange(len(counts)) % 2, counts)
    return (values.reshape(size[0], size[1]).T * 255).astype(np.uint8)


def _unpacked(text: str, place: str) -> list[int]:
    """Return the run lengths of COCO's packed form.

    Each is written in groups of five bits, a sixth says that more follow; from the fourth run on it is the
    difference from the run but one before (``rleFrString`` in COCO's ``maskApi.c``).
    """
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            wrong(place, "'counts' of a mask is no packed list of run lengths")
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            if bits & 0x10:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value, shift = 0, 0
    return counts
