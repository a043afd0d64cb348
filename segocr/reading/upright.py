"""Which way a page reads: one way for all of its lines, and which, as far as a standard fixes their order."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import combinations

from segocr import geometry
from segocr.crops import Crop
from segocr.geometry import Points
from segocr.templates import FieldSpec
from segocr.textlines.layout import page_angle

_AGAINST = -0.5
"""Cosine of the angle to the page's direction, 120 degrees, from which a line reads against the others."""
_LINE = re.compile(r"(.+)_line(\d+)")
"""Checks of the lines of one zone are named so: ``mrz_td3_line1``, ``mrz_td3_line2`` (ICAO Doc 9303)."""


def one_way(quads: Sequence[Points]) -> list[Points]:
    """Turn the lines that read against the others of their page.

    By its long side alone a line reads to the right. On a page that lies on its side, half a degree decides
    whether that is up or down; all of the page's lines are to be tried one way, and then the other.

    Args:
        quads: ``(4, 2)`` each, of one page.
    """
    angle = page_angle(quads)
    against = [math.cos(geometry.reading_angle(quad) - angle) < _AGAINST for quad in quads]
    return [geometry.turned(quad) if its else quad for quad, its in zip(quads, against, strict=True)]


def stands_on_its_head(crops: Sequence[tuple[Crop, Sequence[FieldSpec]]]) -> bool:
    """Whether the lines of a zone follow each other from bottom to top, so that the page is upside down.

    Args:
        crops: Of one page, with the fields that each is read for.

    Returns:
        False as well where no two lines of one zone were found, or where they do not agree.
    """
    lines = [(zone, crop) for crop, specs in crops for spec in specs for zone in _zones(spec)]
    votes = [
        _is_above(later, earlier)
        for ((zone, number), one), ((same, other), another) in combinations(lines, 2)
        if zone == same and number != other
        for earlier, later in [(one, another) if number < other else (another, one)]
    ]
    return bool(votes) and all(votes)


def _zones(spec: FieldSpec) -> list[tuple[str, int]]:
    """Return (zone, line) for each check of a field that is a line of a zone."""
    found = [_LINE.fullmatch(check) for check in spec.checks if isinstance(check, str)]
    return [(match[1], int(match[2])) for match in found if match]


def _is_above(one: Crop, other: Crop) -> bool:
    """Whether one crop lies above another, seen in the direction in which each of both would be read."""
    quads = [geometry.transform(crop.to_page, crop.quad) for crop in (one, other)]
    way = quads[1].mean(axis=0) - quads[0].mean(axis=0)
    return all(float(way @ (quad[3] - quad[0])) > 0 for quad in quads)
