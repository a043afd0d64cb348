"""Worth: which lines of a page are worth reading, told by where they stand, before anything is read.

The first of a head's two forests; the other one asks what is written. What it takes for each line is its
place and size, and those of its neighbours on all four sides. Features of the detector's network under the
line were tried beside them and found nothing more (see ``docs/decisions.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr.textlines.features import places
from segocr.textlines.head import Head
from segocr.textlines.layout import lay_out
from segocr.textlines.lines import TextLine

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

KEPT = 0.99
"""Share of the lines of fields that are read at least, on pages left out in turn."""
_LOST = (0.03, 0.025, 0.02, 0.015, 0.01, 0.005)
"""Shares of the lines of one class that its threshold alone may lose."""
_FEWEST = 6
"""Lines of a page that are read at least: the most promising ones."""
_EVEN = 0.002
"""A class's threshold is never lower: fewer trees than one in so many say nothing."""
_ENOUGH = 0.25
"""Nor higher: pages may be less like those learned from than these are like each other."""
_ABSENT = -1.0


@dataclass(frozen=True, slots=True)
class Worth:
    """Says of a page's lines which are worth reading.

    Attributes:
        head: Its first forest does, if it has one.
    """

    head: Head

    def __call__(self, lines: Sequence[TextLine]) -> Mask:
        """Return ``bool (n,)``."""
        if self.head.first is None or len(lines) <= _FEWEST:
            return np.ones(len(lines), bool)
        told = self.head.first.tell(place_features(lines))
        return chosen(told, np.array(self.head.card.worth, np.float32), left_of(lines))


def place_features(lines: Sequence[TextLine]) -> Floats:
    """Return ``float32 (n, 5 features)``: each line's own and those of its neighbours on every side."""
    layout = lay_out([line.quad for line in lines])
    own = places(layout, lines).astype(np.float32)
    known = np.concatenate([own, np.full((1, own.shape[1]), _ABSENT, np.float32)])
    sides = (layout.left, layout.above, layout.below, layout.right)
    return np.concatenate([own, *(known[beside] for beside in sides)], axis=1)


def left_of(lines: Sequence[TextLine]) -> Ints:
    """Return ``int64 (n,)``: each line's nearest neighbour to the left on its row, -1 for none."""
    return lay_out([line.quad for line in lines]).left


def chosen(told: Floats, least: Floats, left: Ints) -> Mask:
    """Return which lines of one page are read, ``bool (n,)``.

    Args:
        told: ``float32 (n, 1 + classes)``, the first forest's answer.
        least: ``float32 (classes,)``, above 0; a line is read that reaches it for one class.
        left: ``int64 (n,)``, as of ``left_of``; what stands before a line says what it is, such as the word
            TOTAL. Of 150 totals of train receipts 132 are read right without it, 139 with it, and 142 where
            every line is read.
    """
    promise = (told[:, 1:] / least).max(axis=1, initial=0.0)
    worth: Mask = promise >= 1.0
    worth[np.argsort(-promise, kind="stable")[:_FEWEST]] = True
    before = left[worth]
    worth[before[before >= 0]] = True
    return worth


def thresholds(told: Floats, classes: NDArray[np.int64], kinds: int) -> Floats | None:
    """Choose from which probability of each class a line is read, ``float32 (classes,)``.

    Args:
        told: ``float32 (n, kinds)``: what was said of the lines of pages left out.
        classes: ``int64 (n,)``: what they are, 0 for none.
        kinds: The number of classes and 1.

    Returns:
        As high as they can be so that ``KEPT`` of the lines of fields are read; None if that cannot be said
        of so few lines.
    """
    fields = classes > 0
    if fields.sum() < 1 / (1 - KEPT):
        return None
    for lost in _LOST:
        own = [np.quantile(told[classes == kind, kind], lost) for kind in range(1, kinds)]
        least: Floats = np.clip(own, _EVEN, _ENOUGH).astype(np.float32)
        read = (told[fields][:, 1:] >= least).any(axis=1)
        if read.mean() >= KEPT:
            return least
    return None


def as_seen(lines: Sequence[TextLine], worth: Mask) -> list[TextLine]:
    """Return the lines of a wholly read page as the engine first sees them: those of no worth without text.

    Args:
        lines: All read.
        worth: ``bool (n,)``.
    """
    return [line if is_read else unread(line) for line, is_read in zip(lines, worth, strict=True)]


def unread(line: TextLine) -> TextLine:
    """Return a line without its reading."""
    return TextLine(line.quad, line.score)
