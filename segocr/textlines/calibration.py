"""Calibration: how often instances of a score were right, on pages left out of the training.

A forest is too modest where a page has one line like no other, such as a receipt's total, and too sure where
a text is found well and read badly. What a region's score says is then the share of such regions that were
right, which is what a template's ``accept`` asks for.

Isotonic regression by pooling adjacent violators: Ayer et al., "An empirical distribution function for
sampling with incomplete information", 1955; for classifiers Zadrozny and Elkan, 2002.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Curve = tuple[tuple[float, float], ...]
"""Scores, ascending, and what they mean; between them it is interpolated, outside it stays."""

_FEWEST = 30
"""Instances that a curve is made from, at least."""
_BINS = 15
"""Steps of a curve, at most."""
_FEWEST_A_BIN = 10


def fitted(scores: Sequence[float], right: Sequence[bool]) -> Curve:
    """Return what scores mean; an empty curve if too few instances are known.

    Args:
        scores: 0–1, of instances on pages that their head had not seen.
        right: Whether each was right.
    """
    count = len(scores)
    if count < _FEWEST:
        return ()
    order = np.argsort(np.asarray(scores), kind="stable")
    bins = np.array_split(order, max(1, min(_BINS, count // _FEWEST_A_BIN)))
    known = np.asarray(scores, np.float64), np.asarray(right, np.float64)
    # As if one more had been seen, half of it right: a few instances prove no certainty.
    pooled: list[list[float]] = []
    for places in bins:
        size = float(len(places))
        pooled.append([float(known[0][places].mean()), (float(known[1][places].sum()) + 0.5), size + 1.0])
        while len(pooled) > 1 and _share(pooled[-2]) >= _share(pooled[-1]):
            pooled[-2:] = [_together(pooled[-2], pooled[-1])]
    return tuple((round(one[0], 4), round(_share(one), 4)) for one in pooled)


def calibrated(curve: Curve, score: float) -> float:
    """Return what a score means; itself without a curve."""
    if not curve:
        return score
    scores, shares = zip(*curve, strict=True)
    return float(np.interp(score, scores, shares))


def _share(pool: Sequence[float]) -> float:
    return pool[1] / pool[2]


def _together(one: Sequence[float], other: Sequence[float]) -> list[float]:
    size = one[2] + other[2]
    return [(one[0] * one[2] + other[0] * other[2]) / size, one[1] + other[1], size]


def is_curve(points: Sequence[Sequence[float]]) -> bool:
    """Whether points are a curve: of scores and shares in 0–1, both ascending."""
    array: NDArray[np.float64] = np.asarray(points, np.float64).reshape(-1, 2)
    return bool(((array >= 0) & (array <= 1)).all() and (np.diff(array, axis=0) >= 0).all())
