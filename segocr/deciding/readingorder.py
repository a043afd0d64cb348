"""Reading order: which region of a record comes first, in the direction in which its page reads.

The picture of a page that lies on its side or on its head begins with anything but the page's first line. The
readings know better: each has a quad in its own reading direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segocr.geometry import Points
from segocr.readings import Candidate, Reading

_Box = tuple[float, float, float, float]


def in_reading_order(part: Mapping[str, Sequence[Candidate]]) -> dict[str, list[Candidate]]:
    """Order the candidates of each field by page, row and column; fields without candidates are left out.

    Args:
        part: The candidates of one record, by field. A page reads in the direction of all that was read
            on it, for whatever field.
    """
    read = [reading for candidates in part.values() for candidate in candidates for reading in candidate]
    frames = {
        page: _frame([reading for reading in read if reading.region.page == page])
        for page in {reading.region.page for reading in read}
    }
    ordered = {name: _ordered(candidates, frames) for name, candidates in part.items()}
    return {name: candidates for name, candidates in ordered.items() if candidates}


def _frame(readings: Sequence[Reading]) -> Points:
    """Return the axes of a page as the rows of ``(2, 2)``: along its lines, and from line to line.

    Readings count with their length and confidence: the angle is the mean of the lines', whichever way they
    read; the way is what most of their length says.
    """
    quads = np.stack([reading.quad for reading in readings])
    sides = quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]
    ways = (sides[:, 0] + 1j * sides[:, 1]) * [reading.confidence for reading in readings]
    # The square of a complex number has the double angle: a line and its half turn have the same.
    angle = np.angle(np.sum(ways**2 / np.maximum(np.abs(ways), 1e-9))) / 2
    x, y = np.cos(angle), np.sin(angle)
    axes = np.array([[x, y], [-y, x]])
    return -axes if np.sum(ways * np.exp(-1j * angle)).real < 0 else axes


def _ordered(candidates: Sequence[Candidate], frames: Mapping[int, Points]) -> list[Candidate]:
    """Order regions; a row is what overlaps its first region by half a height."""
    waiting = [
        (candidate[0].region.page, _box(candidate, frames), candidate)
        for candidate in candidates
        if candidate
    ]
    waiting.sort(key=lambda one: (one[0], one[1][1]))
    ordered: list[Candidate] = []
    while waiting:
        page, (_, _, _, bottom), _ = waiting[0]
        row = [one for one in waiting if one[0] == page and (one[1][1] + one[1][3]) / 2 <= bottom]
        ordered += [candidate for _, _, candidate in sorted(row, key=lambda one: one[1][0])]
        taken = {id(one) for one in row}
        waiting = [one for one in waiting if id(one) not in taken]
    return ordered


def _box(candidate: Candidate, frames: Mapping[int, Points]) -> _Box:
    """Return left, top, right and bottom of a region in its page's frame, pixels."""
    region = candidate[0].region
    points = region.polygon @ frames[region.page].T
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)
