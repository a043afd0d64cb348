"""Snapping: rough lines, as masks give them, move to the lines of print that a text detector finds there.

A network's boxes reach only so far from their middle, so it ends long lines too early, by a word or two, and
its masks end with the boxes. A text detector ends with the print, which is right unless other print goes on
in the same line: then the mask decides, with the gaps between words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.crops import Margins, strip_of
from segocr.deciding.candidates import SAME_PLACE
from segocr.geometry import Points
from segocr.reading.inkgaps import gaps
from segocr.regions import Region

_AROUND = 6.0
"""How far around rough lines print is looked for, in their heights."""
_SURE = 0.3
"""Score of the lines around which it is; of a class without any, its best one."""
_HIGHER = 1.9
"""A rough line is at most so many times as high as the print that it means."""
_LEVEL = 0.5
"""It shares this part of the smaller one's height with the print …"""
_LONG = 0.3
"""… and this part of the shorter one's length."""
_WHOLE = 4.0
"""Print that goes on no further than this beyond a rough line belongs to it, in heights of the print …"""
_FREE = 2.5
"""… or than this, if the rough line ends where a word does."""
_AT = 0.2
"""How near to the end of a word that is."""
_REACH = 1.7
"""Where it goes on further, the words that end within this still do."""
_BACK = 0.5
"""A rough line may end as far beyond the end of its last word."""
_GAP = 0.15
"""Words are this far apart at least, in heights of the print, which a detector widens by two fifths."""
_MARGIN = 0.1
"""What is left free beside a word, in heights."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a page: its left top corner and its size, pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the part, ``uint8 (height, width, 3)``."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        return np.ascontiguousarray(part)

    def to_page(self, points: NDArray[np.float32]) -> Points:
        """Move ``(n, 2)`` points of the part to the page."""
        return np.asarray(points + np.array([self.left, self.top]), np.float64)


def window_of(
    regions: Sequence[Region], takes_many_lines: Callable[[str], bool], size: tuple[int, int]
) -> Window | None:
    """Return where to look for the print of a page's regions; None if there is nothing to snap.

    Args:
        regions: Of one page.
        takes_many_lines: Whether a class's fields take many lines.
        size: (width, height) of the page.
    """
    best: dict[str, float] = {}
    for region in regions:
        best[region.class_name] = max(region.score, best.get(region.class_name, 0.0))
    corners = []
    for region in regions:
        if takes_many_lines(region.class_name) and region.score >= min(_SURE, best[region.class_name]):
            quad = geometry.minimum_rectangle(region.polygon)
            room = _AROUND * geometry.quad_size(quad)[1]
            corners += [quad.min(axis=0) - room, quad.max(axis=0) + room]
    if not corners:
        return None
    low = np.clip(np.floor(np.min(corners, axis=0)), 0, size).astype(int)
    high = np.clip(np.ceil(np.max(corners, axis=0)), 0, size).astype(int)
    width, height = (int(side) for side in high - low)
    return Window(int(low[0]), int(low[1]), width, height) if width and height else None


def snap_pages(
    images: Sequence[NDArray[np.uint8]],
    found: Sequence[Sequence[Region]],
    takes_many_lines: Callable[[str], bool],
    detect: Callable[[Sequence[NDArray[np.uint8]]], Sequence[Sequence[NDArray[np.float32]]]],
) -> list[list[Region]]:
    """Move the rough lines of some pages, with one question to the detector; without any it is not asked.

    Args:
        images: The pages, ``uint8 (H, W, 3)`` BGR each.
        found: Their regions.
        takes_many_lines: Whether a class's fields take many lines.
        detect: Finds the lines of print of pictures, ``(4, 2)`` corners each.

    Returns:
        The regions of each page, as ``snapped`` returns them.
    """
    windows = [
        window_of(regions, takes_many_lines, (image.shape[1], image.shape[0]))
        for image, regions in zip(images, found, strict=True)
    ]
    parts = [window.of(image) for image, window in zip(images, windows, strict=True) if window]
    printed = iter(detect(parts) if parts else ())
    return [
        snapped(regions, [window.to_page(line) for line in next(printed)], image, takes_many_lines)
        if window
        else list(regions)
        for image, window, regions in zip(images, windows, found, strict=True)
    ]


def snapped(
    regions: Sequence[Region],
    printed: Sequence[NDArray[np.floating]],
    image: NDArray[np.uint8],
    takes_many_lines: Callable[[str], bool],
) -> list[Region]:
    """Move the rough lines of classes that take many to the print.

    Args:
        regions: Of one page, one line each or a whole block; a block stays as it is.
        printed: Lines that a text detector found, ``(4, 2)`` corners in page pixels, in any order.
        image: The page, ``uint8 (H, W, 3)`` BGR.
        takes_many_lines: Whether a class's fields take many lines.

    Returns:
        The regions; in the place of those that lie on a line of print one region a line, of the class that
        was found there most surely.
    """
    rough = [_Rough(region) for region in regions if takes_many_lines(region.class_name)]
    moved, used = [], set()
    for corners in printed:
        line = _Line(geometry.minimum_rectangle(corners))
        upon = [one for one in rough if line.is_meant_by(one)]
        if not upon:
            continue
        used |= {id(one.region) for one in upon}
        best = max(upon, key=lambda one: one.region.score)
        same = [one for one in upon if one.region.class_name == best.region.class_name]
        surest = sorted(same, key=lambda one: -one.region.score)
        quad = _ended(line, [line.extent(one) for one in surest], image)
        region = best.region
        moved.append(Region(region.page, region.class_name, region.score, quad.astype(np.float32)))
    return [region for region in regions if id(region) not in used] + moved


class _Rough:
    """A region, and the rectangle around it."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.quad = geometry.minimum_rectangle(region.polygon)


class _Line:
    """A line of print, and the axes that it is measured along."""

    def __init__(self, quad: Points) -> None:
        self.quad = quad
        self.width, self.height = geometry.quad_size(quad)
        angle = geometry.reading_angle(quad)
        self._along = np.array([np.cos(angle), np.sin(angle)])
        self._across = np.array([-self._along[1], self._along[0]])
        self._start = float((quad @ self._along).min())

    def extent(self, rough: _Rough) -> tuple[float, float]:
        """Return between which pixels from the line's start a rough line lies; it may lie beyond."""
        along = rough.quad @ self._along - self._start
        return float(along.min()), float(along.max())

    def is_meant_by(self, rough: _Rough) -> bool:
        """Whether a rough line lies on this one."""
        mine, other = self.quad @ self._across, rough.quad @ self._across
        low = min(np.ptp(mine), np.ptp(other))
        level = min(mine.max(), other.max()) - max(mine.min(), other.min())
        if np.ptp(other) > _HIGHER * np.ptp(mine) or level < _LEVEL * low:
            return False
        start, end = self.extent(rough)
        return min(end, self.width) - max(start, 0.0) >= _LONG * min(end - start, self.width)


def _ended(line: _Line, extents: Sequence[tuple[float, float]], image: NDArray[np.uint8]) -> Points:
    """Return the quad of a line of print, or of the part that is meant where it goes on further.

    Args:
        line: The print.
        extents: Between which pixels from its start the rough lines on it lie, the surest first.
        image: The page.
    """
    start, end = extents[0]
    for other in extents[1:]:
        # On the same place the surer one is right; beside it, one line was found in two pieces.
        if min(end, other[1]) - max(start, other[0]) < SAME_PLACE * min(end - start, other[1] - other[0]):
            start, end = min(start, other[0]), max(end, other[1])
    before, after = max(start, 0.0), max(line.width - end, 0.0)
    least = _FREE * line.height
    if before <= least and after <= least:
        return line.quad
    picture = strip_of(image, line.quad, Margins(0.0, 0.0))
    scale = line.width / picture.shape[1]
    free = [(first * scale, last * scale) for first, last in gaps(picture, _GAP)]
    before = _left_out(before, [last for _, last in free], line)
    after = _left_out(after, [line.width - first for first, _ in free], line)
    return geometry.grown(line.quad, -before, 0.0, -after, 0.0)


def _left_out(rest: float, ends: Sequence[float], line: _Line) -> float:
    """Return how much of the print at one end is not meant.

    Args:
        rest: How much of it the rough line left out, pixels.
        ends: How far from the end of the print its words end.
        line: The print.
    """
    height = line.height
    ended = any(abs(rest - end) <= _AT * height for end in ends)
    if rest <= (_FREE if ended else _WHOLE) * height:
        return 0.0
    words = [end for end in ends if -_BACK * height <= rest - end <= _REACH * height]
    return max(min(words, default=rest) - _MARGIN * height, 0.0)
