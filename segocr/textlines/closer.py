"""A closer look: a page whose lines were found at a glance, looked at in full."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from segocr import geometry
from segocr.geometry import Points
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.textlines.lines import TextLine, find_lines, oriented, was_glanced_at

_ALIKE = 0.6
"""Two lines are one, and need not be read twice, if they share so much of the larger one."""


def lines_in_full(page: Page, known: Sequence[TextLine], steps: Steps, model: OcrModel) -> list[TextLine]:
    """Find the lines of a page at its full size.

    Args:
        page: The page.
        known: Its lines, in reading direction, as ``find_lines`` found them.
        steps: The OCR host.
        model: Its detector finds the lines.

    Returns:
        Known lines that were found again as they are known, the others in reading direction and not read;
        nothing for a page that was looked at in full before.
    """
    if not was_glanced_at(page, known):
        return []
    (found,) = find_lines([page], steps, model, in_full=True)
    again = [next((one for one in known if _alike(one.quad, line.quad)), None) for line in found]
    new = oriented(
        [(line.score, line.quad) for line, one in zip(found, again, strict=True) if one is None], known
    )
    others = iter(new)
    return [next(others) if one is None else one for one in again]


def _alike(quad: Points, other: Points) -> bool:
    if (quad.max(axis=0) <= other.min(axis=0)).any() or (quad.min(axis=0) >= other.max(axis=0)).any():
        return False
    shared, _ = cv2.intersectConvexConvex(quad.astype(np.float32), other.astype(np.float32))
    return float(shared) >= _ALIKE * max(geometry.polygon_area(quad), geometry.polygon_area(other))
