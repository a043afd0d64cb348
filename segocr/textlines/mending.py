"""Mending: what a detector found as two lines end to end is one.

Where print is small or its characters stand far apart (the fillers of a machine-readable zone), a detector
that sees the page shrunk breaks lines in two. A detector's boxes are larger than the print, so those of such
parts overlap; those of two columns do not. On 119 passport pages of train that makes 61 lines whole, all
machine-readable ones among them; on 270 receipts 88 lines, most of them an amount and what stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segocr import geometry
from segocr.geometry import Points
from segocr.textlines.layout import lay_out

_OVERLAP = (0.1, 1.5)
"""Boxes of one line lie over each other by so much of the lower one's height, at least and at most."""
_HIGHER = 1.4
"""Parts of one line are at most so many times as high as each other."""
_BESIDE = 0.3
"""Nor does one stand higher than the other by more of the lower one's height."""


def parts_of_lines(quads: Sequence[Points]) -> list[list[int]]:
    """Group the parts of lines.

    Args:
        quads: ``(4, 2)`` each, in reading direction.

    Returns:
        The places of the parts of each line, from left to right; most lines have one.
    """
    left = lay_out(quads).left
    follows = {
        int(before): place
        for place, before in enumerate(left.tolist())
        if before >= 0 and _is_one_line(quads[before], quads[place])
    }
    lines = []
    for place in sorted(set(range(len(quads))) - set(follows.values())):
        parts = [place]
        while parts[-1] in follows:
            parts.append(follows[parts[-1]])
        lines.append(parts)
    return lines


def united(quads: Sequence[Points]) -> Points:
    """Return the quadrilateral around the parts of a line, ``float64 (4, 2)`` TL, TR, BR, BL."""
    along = quads[-1][[1, 2]].mean(axis=0) - quads[0][[0, 3]].mean(axis=0)
    along = along / max(float(np.hypot(*along)), 1e-9)
    frame = np.stack([along, np.array([-along[1], along[0]])])
    points = np.concatenate([quad @ frame.T for quad in quads])
    low, high = points.min(axis=0), points.max(axis=0)
    corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    whole: Points = corners @ frame
    return whole


def _is_one_line(before: Points, after: Points) -> bool:
    heights = [geometry.quad_size(quad)[1] for quad in (before, after)]
    low, high = min(heights), max(heights)
    along = before[1] - before[0]
    along = along / max(float(np.hypot(*along)), 1e-9)
    across = np.array([-along[1], along[0]])
    gap = float((after[[0, 3]].mean(axis=0) - before[[1, 2]].mean(axis=0)) @ along)
    step = float((after[[0, 3]].mean(axis=0) - before[[1, 2]].mean(axis=0)) @ across)
    return (
        high <= _HIGHER * low
        and _OVERLAP[0] * low <= -gap <= _OVERLAP[1] * low
        and abs(step) <= _BESIDE * low
    )
