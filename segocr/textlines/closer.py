"""A closer look: a page whose lines were found at a glance, looked at in full."""

from __future__ import annotations

from collections.abc import Sequence

from segocr.overlaps import shared_part
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.textlines.lines import TextLine, find_lines, oriented, was_glanced_at

_ALIKE = 0.6
"""Two lines are one, and need not be read twice, if they share so much of the larger one."""


def lines_in_full(
    page: Page, known: Sequence[TextLine], steps: Steps, model: OcrModel, *, areas: bool = False
) -> list[TextLine]:
    """Find the lines of a page at its full size.

    Args:
        page: The page.
        known: Its lines, in reading direction, as ``find_lines`` found them.
        steps: The OCR host.
        model: Its detector finds the lines.
        areas: Whether only the areas with text were looked at so far.

    Returns:
        Known lines that were found again, or not at all, as they are known; new ones, and those of which a
        part was known, in reading direction and not read; nothing for a page looked at in full before.
    """
    if not was_glanced_at(page, known, areas=areas):
        return []
    (found,) = find_lines([page], steps, model, in_full=True)
    kept: list[TextLine] = []
    new: list[TextLine] = []
    for line in found:
        again = [one for one in known if shared_part(one.quad, line.quad, max) >= _ALIKE]
        if not again:
            new.append(line)
        elif all(again[0] is not one for one in kept):
            kept.append(again[0])
    lost = [one for one in known if all(shared_part(one.quad, line.quad) < _ALIKE for line in found)]
    return [*kept, *lost, *oriented([(line.score, line.quad) for line in new], known)]
