"""Tiles: text too small for the detector at a page's own size, looked for in enlarged parts of the page.

Number plates in 40 photos of train, made smaller until they were 15, 11 and 8 pixels high: the detector found
27, 18 and 11 of them as they were, 37, 25 and 14 in tiles of twice the size. It takes four times as long as
looking at the page, so it is for pages on which something required was not found. Of plates as they are,
mostly above 20 pixels, twice the size finds none that the page does not (118 of 120 are found).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.geometry import Points
from segocr.overlaps import shared_part
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.textlines.lines import TextLine, oriented

ENLARGED = 2.0
_SIDE, _SHARED = 640, 96
"""Side of a tile and what neighbours share, in pixels of the page: a line of small text fits into that."""
_MOST = 24
"""Tiles of a page; larger pages are not searched."""
_EDGE = 2.0
"""A line that ends so near to an inner edge of its tile, in pixels, goes on beyond it."""
_SAME = 0.5
"""Lines of which one lies in the other by this share are one."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a page: left, top, right, bottom in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def holds(self, quad: Points, size: tuple[int, int]) -> bool:
        """Whether a line ends within the tile, or where the page of ``(width, height)`` ends."""
        low, high = quad.min(axis=0), quad.max(axis=0)
        return bool(
            (low[0] > self.left + _EDGE or self.left == 0)
            and (low[1] > self.top + _EDGE or self.top == 0)
            and (high[0] < self.right - _EDGE or self.right == size[0])
            and (high[1] < self.bottom - _EDGE or self.bottom == size[1])
        )


def smaller_lines(page: Page, known: Sequence[TextLine], steps: Steps, model: OcrModel) -> list[TextLine]:
    """Find the lines of a page that ``find_lines`` has not found, in reading direction, not read.

    Args:
        page: The page.
        known: Its lines so far.
        steps: The OCR host.
        model: Its detector finds the lines.

    Returns:
        None of them lies on a known one; nothing for a page of more than ``_MOST`` tiles.
    """
    height, width = page.image.shape[:2]
    tiles = list(tiles_of(width, height))
    if len(tiles) > _MOST:
        return []
    detected = steps.detect([_enlarged(page.image, tile) for tile in tiles], model)
    found = [
        (line.score, quad)
        for tile, polygons in zip(tiles, detected, strict=True)
        for line in polygons
        for quad in [geometry.order_corners(line.polygon / ENLARGED + (tile.left, tile.top))]
        if tile.holds(quad, (width, height))
    ]
    kept: list[tuple[float, Points]] = []
    for score, quad in sorted(found, key=lambda one: -geometry.polygon_area(one[1])):
        others = [*(line.quad for line in known), *(other for _, other in kept)]
        if all(shared_part(quad, other) < _SAME for other in others):
            kept.append((score, quad))
    return oriented(kept, known)


def tiles_of(width: int, height: int) -> Iterator[Tile]:
    """Yield tiles that cover a page, all of one size, as even as they can be."""
    for top, bottom in _steps(height):
        for left, right in _steps(width):
            yield Tile(left, top, right, bottom)


def _steps(length: int) -> Iterator[tuple[int, int]]:
    if length <= _SIDE:
        yield 0, length
        return
    count = -(-(length - _SHARED) // (_SIDE - _SHARED))
    for number in range(count):
        start = round(number * (length - _SIDE) / (count - 1))
        yield start, start + _SIDE


def _enlarged(image: NDArray[np.uint8], tile: Tile) -> NDArray[np.uint8]:
    part = image[tile.top : tile.bottom, tile.left : tile.right]
    return np.asarray(
        cv2.resize(part, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8
    )
