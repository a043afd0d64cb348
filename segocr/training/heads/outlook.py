"""What to expect of a head: which pages are left out in turn, and what more labelled pages would bring."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr.datasets.likeness import groups
from segocr.evaluation.labels import LabelledDocument
from segocr.synthesis.backgrounds import read_picture

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FEWEST_TO_CHECK = 3
"""Groups of pages from which some can be left out."""
_FOLDS = 6
_CURVE = (0.25, 0.5)
_FEWEST_TO_PLOT = 8
_MORE = 20
"""Pages that people label in one go."""


@dataclass(frozen=True, slots=True)
class Kin:
    """Which pages belong together: one that is left out must not be learned from under another name.

    Attributes:
        groups: ``int64 (pages,)``, numbered by their first page from 0; -1 for pages without text.
        copies: ``bool (pages,)``, whether an earlier page is the same picture.
    """

    groups: Ints
    copies: Mask

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.groups.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class Dealt:
    """Which pages are left out in turn.

    Attributes:
        folds: ``int64 (pages,)``, -1 for pages that are never left out.
        plots: ``bool (p, pages)``, the pages that each point of the learning curve learns from.
        sizes: How many these are; copies are not counted.
    """

    folds: Ints
    plots: Mask
    sizes: tuple[int, ...]


def kin_of(documents: Sequence[LabelledDocument], has_text: Sequence[bool]) -> Kin:
    """Say which pages belong together: those of one group, and those with the same pixels.

    Args:
        documents: One picture each.
        has_text: Whether any text was read on it. Without, nothing is learned from a page, and leaving it
            out shows nothing.

    Raises:
        UsageError: ``unreadable-picture``.
    """
    pictures = _pictures(documents)
    first = {picture: place for place, picture in reversed(list(enumerate(pictures)))}
    named = [(place, ("kin", one.kin)) for place, one in enumerate(documents)]
    roots = groups(len(documents), [(first[one], place) for place, one in enumerate(pictures)], named)
    numbers: dict[int, int] = {}
    return Kin(
        np.array(
            [
                numbers.setdefault(root, len(numbers)) if text else -1
                for root, text in zip(roots, has_text, strict=True)
            ],
            np.int64,
        ),
        np.array([first[one] != place for place, one in enumerate(pictures)], bool),
    )


def strangers(pages: int) -> Kin:
    """Return the kin of so many pages of which none belongs to another one."""
    return Kin(np.arange(pages), np.zeros(pages, bool))


def _pictures(documents: Sequence[LabelledDocument]) -> list[str]:
    """Return for each picture a name that it shares with those of the same pixels."""
    sizes = Counter(one.size for one in documents)
    return [
        hashlib.sha256(read_picture(one.path).tobytes()).hexdigest() if sizes[one.size] > 1 else str(place)
        for place, one in enumerate(documents)
    ]


def deal(kin: Kin, seed: int) -> Dealt:
    """Choose which groups of pages are left out in turn, and which ones the learning curve learns from.

    Args:
        kin: Which pages belong together.
        seed: Of the order.

    Returns:
        No folds and plots where the groups are too few.
    """
    count, pages = kin.count, len(kin.groups)
    if count < FEWEST_TO_CHECK:
        return none_dealt(pages)
    order = np.random.default_rng(seed).permutation(count)
    fold = np.empty(count, np.int64)
    fold[order] = np.arange(count) % min(_FOLDS, count)
    sizes = sorted({round(share * count) for share in _CURVE}) if count >= _FEWEST_TO_PLOT else []
    plots = np.array([np.isin(kin.groups, order[:size]) for size in sizes], bool).reshape(len(sizes), pages)
    return Dealt(
        np.where(kin.groups >= 0, fold[kin.groups], -1),
        plots,
        tuple(int((plot & ~kin.copies).sum()) for plot in plots),
    )


def none_dealt(pages: int) -> Dealt:
    """Return no folds and no plots of so many pages."""
    return Dealt(np.full(pages, -1), np.zeros((0, pages), bool), ())


def expected_gain(curve: Sequence[tuple[int, float]], more: int = _MORE) -> float | None:
    """Return how much larger the share right is expected to be with `more` pages, 0–1.

    Errors of learners fall as a power of the number of examples (Cortes et al., Learning Curves, NIPS 1993);
    the power is fitted to the curve. A rising error, by chance, is taken for a level one.

    Args:
        curve: (pages, share right), ascending.
        more: Pages added to the last one's.

    Returns:
        The gain; None with fewer than two points, or where nothing is wrong.
    """
    pages = np.array([count for count, _ in curve], np.float64)
    errors = 1 - np.array([share for _, share in curve])
    if len(curve) < 2 or errors[-1] <= 0:
        return None
    # A point without an error would say that the error falls to nothing at once; half a value is not much.
    slope = np.polyfit(np.log(pages), np.log(np.maximum(errors, 1e-3)), 1)[0]
    return float(errors[-1] * (1 - ((pages[-1] + more) / pages[-1]) ** min(slope, 0.0)))
