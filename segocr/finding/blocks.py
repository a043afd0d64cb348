"""Blocks: regions of a text of several lines, each found as a region of its own, become one region.

Models are trained on lines or on whole blocks, as the labels are. A field that takes many lines wants the
block, with its lines in reading order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from segocr import geometry
from segocr.deciding.candidates import SAME_PLACE
from segocr.geometry import Points
from segocr.overlaps import shared_part
from segocr.reading.upright import one_way
from segocr.regions import Region

_FAR = 1.6
"""Lines of one block are no further apart than this, middle to middle, in heights of the higher one."""
_HIGHER = 1.8
"""Lines of one block are at most so many times as high as each other."""
_SURE = 0.3
"""Score from which a line takes part in a block; below it only the best of a class that has no other. Fields
of one line are chosen by what is read in them; a line too many spoils a text of many."""
_TURNED = np.deg2rad(8.0)
"""Lines of one block are level with each other, radians."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A region that may be a line of a block."""

    region: Region
    quad: Points

    @property
    def height(self) -> float:
        return geometry.quad_size(self.quad)[1]

    @property
    def middle(self) -> Points:
        middle: Points = self.quad.mean(axis=0)
        return middle

    def follows(self, other: _Line) -> bool:
        """Whether two lines stand under each other, or side by side, in one block."""
        high, low = max(self.height, other.height), min(self.height, other.height)
        angle = geometry.reading_angle(self.quad)
        between = angle - geometry.reading_angle(other.quad)
        if high > _HIGHER * low or abs((between + np.pi) % (2 * np.pi) - np.pi) > _TURNED:
            return False
        axis = np.array([np.cos(angle), np.sin(angle)])
        mine, others = self.quad @ axis, other.quad @ axis
        apart = max(mine.min(), others.min()) - min(mine.max(), others.max())
        step = abs(float((self.middle - other.middle) @ np.array([-axis[1], axis[0]])))
        return bool(step <= _FAR * high and apart <= (0 if step > 0.5 * low else _FAR * high))


def joined(regions: Sequence[Region], takes_many_lines: Callable[[str], bool]) -> list[Region]:
    """Join neighbouring lines of one class.

    Args:
        regions: Of one page.
        takes_many_lines: Whether a class's fields take many lines.

    Returns:
        The regions, blocks in the place of their best line. A block has its lines (top to bottom, on a row
        left to right) and their mean score. A region without
        neighbours is a line as well if it is no higher than the others of its page; else it stays as it is.
    """
    if not any(takes_many_lines(region.class_name) for region in regions):
        return list(regions)
    quads = one_way([geometry.minimum_rectangle(region.polygon) for region in regions])
    found = [_Line(region, quad) for region, quad in zip(regions, quads, strict=True)]
    usual = float(np.median([line.height for line in found])) if found else 0.0
    left = _one_a_place([line for line in found if takes_many_lines(line.region.class_name)])
    places = {id(line.region) for line in left}
    inside = {
        id(region) for region in regions if takes_many_lines(region.class_name) and id(region) not in places
    }
    blocks: dict[int, Region] = {}
    while left:
        block = [left.pop(0)]
        for line in block:
            near = [
                other
                for other in left
                if other.region.class_name == line.region.class_name and line.follows(other)
            ]
            block += near
            left = [other for other in left if other not in near]
        if len(block) > 1 or block[0].height < _HIGHER * usual:
            best = max(block, key=lambda line: line.region.score)
            blocks[id(best.region)] = _block(block)
            inside |= {id(line.region) for line in block if line is not best}
    return [blocks.get(id(region), region) for region in regions if id(region) not in inside]


def _one_a_place(lines: Sequence[_Line]) -> list[_Line]:
    """Keep sure lines, and of those of one class that lie on each other the surest, in the order given."""
    kept: list[_Line] = []
    for line in sorted(lines, key=lambda line: -line.region.score):
        others = [other for other in kept if other.region.class_name == line.region.class_name]
        if others and line.region.score < _SURE:
            continue
        if all(shared_part(line.quad, other.quad) < SAME_PLACE for other in others):
            kept.append(line)
    return [line for line in lines if any(line is other for other in kept)]


def _block(lines: Sequence[_Line]) -> Region:
    first = lines[0]
    angle = geometry.reading_angle(first.quad)
    across = np.array([-np.sin(angle), np.cos(angle)])
    rows: list[list[_Line]] = []
    for line in sorted(lines, key=lambda line: float(line.middle @ across)):
        if rows and abs(float((line.middle - rows[-1][-1].middle) @ across)) < 0.5 * line.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    along = np.array([np.cos(angle), np.sin(angle)])
    ordered = [line.quad for row in rows for line in sorted(row, key=lambda line: float(line.middle @ along))]
    score = float(np.mean([line.region.score for line in lines]))
    hull = geometry.convex_hull(np.concatenate(ordered)).astype(np.float32)
    return Region(first.region.page, first.region.class_name, score, hull, tuple(ordered))
