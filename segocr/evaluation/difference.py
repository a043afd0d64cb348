"""Difference: what got better or worse since an earlier evaluation that was stored as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

from segocr.errors import UsageError
from segocr.evaluation.outcomes import Outcome, Result

Key = tuple[str, str, str]
"""Document, field, labelled value."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Labelled values whose reading turned right or wrong.

    Attributes:
        better: Right now, not before.
        worse: Right before, not now.
        compared: Values that both evaluations have.
        chance: Probability of so uneven a split, or a more uneven one, if nothing had changed (exact sign
            test, as McNemar's, two-sided).
    """

    better: tuple[Key, ...]
    worse: tuple[Key, ...]
    compared: int
    chance: float

    def as_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "compared": self.compared,
            "better": [list(key) for key in self.better],
            "worse": [list(key) for key in self.worse],
            "chance": round(self.chance, 4),
        }


def read_earlier(path: Path) -> dict[Key, bool]:
    """Read a stored evaluation: whether each labelled value was right.

    Raises:
        UsageError: ``earlier-result``: the file is not one that ``segocr evaluate --json`` wrote.
    """
    try:
        outcomes = json.loads(path.read_text("utf-8"))["outcomes"]
        return {
            (o["document"], o["field"], o["label"]): o["result"] == Result.RIGHT
            for o in outcomes
            if o["label"] is not None
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is not the result of an earlier evaluation ({type(error).__name__}: {error})",
            code="earlier-result",
            hint="store one with: segocr evaluate TEMPLATE --data DIR --json > FILE",
        ) from error


def difference(before: dict[Key, bool], now: Iterable[Outcome]) -> Difference:
    """Compare two evaluations value by value; those that only one of them has are left out."""
    after = {
        (outcome.document, outcome.field, outcome.label): outcome.result is Result.RIGHT
        for outcome in now
        if outcome.label is not None
    }
    common = [key for key in after if key in before]
    better = tuple(key for key in common if after[key] and not before[key])
    worse = tuple(key for key in common if before[key] and not after[key])
    return Difference(better, worse, len(common), sign_test(len(better), len(worse)))


def sign_test(one: int, other: int) -> float:
    """Return the two-sided probability of a split at least so uneven between equally likely sides."""
    total, few = one + other, min(one, other)
    tail = float(sum(comb(total, k) for k in range(few + 1)) / 2**total)
    return min(1.0, 2 * tail)
