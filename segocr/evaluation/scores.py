"""Scores: counts, shares with their intervals, edit distances. Numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054
"""Normal quantile of a two-sided interval of 95 %."""
_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval: ``count`` of ``total``; value and bounds are None where total is 0."""

    count: int
    total: int

    @property
    def value(self) -> float | None:
        """The share, 0–1."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's score interval (J. Am. Stat. Assoc. 22, 1927); it holds for none and all as well."""
        if not self.total:
            return None
        p, n = self.count / self.total, self.total
        centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)


def f1_score(right: float, read: float, labelled: float) -> float:
    """Return F1 from the number of right, read and labelled values; 1 if there was nothing to find."""
    return 2 * right / (read + labelled) if read + labelled else 1.0


def bootstrap_f1(counts: NDArray[np.int64], *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of F1 over redrawn documents (percentile bootstrap, 2000 draws).

    Args:
        counts: ``int64 (documents, 3)``: right, read, labelled of each. Whole documents are redrawn, because
            the fields of one fail together.
        seed: Of the draws: the same counts give the same interval.
    """
    if not len(counts):
        return 0.0, 1.0
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=_DRAWS) @ counts
    sums = drawn[:, 1] + drawn[:, 2]
    values = np.where(sums > 0, 2 * drawn[:, 0] / np.maximum(sums, 1), 1.0)
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and replacements between two texts (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
