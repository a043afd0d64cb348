"""Words: what a line's text looks like, as counts of hashed character n-grams.

The text and its shape (digits become 9, capitals A, small letters a, runs of them shortened) are counted
apart. A small table, made in training, reduces the counts to a few numbers a line.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUCKETS = 8192
_LENGTHS = (1, 2, 3, 4)
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Counts:
    """Sparse counts by line.

    Attributes:
        starts: ``int64 (lines + 1,)``, where the entries of each line begin.
        buckets: ``int64 (entries,)``, 0 to ``BUCKETS`` - 1.
        weights: ``float32 (entries,)``, each line's of length 1: 1 + log of the count, normalised.
    """

    starts: NDArray[np.int64]
    buckets: NDArray[np.int64]
    weights: NDArray[np.float32]


def count_words(texts: Sequence[str]) -> Counts:
    """Count the n-grams of each text."""
    starts, buckets, weights = [0], list[int](), list[float]()
    for text in texts:
        counts = Counter(_grams(text[:_LONGEST]))
        values = 1 + np.log(np.array(list(counts.values()), np.float64))
        buckets += counts.keys()
        weights += (values / max(float(np.linalg.norm(values)), 1e-9)).tolist()
        starts.append(len(buckets))
    return Counts(np.array(starts, np.int64), np.array(buckets, np.int64), np.array(weights, np.float32))


def reduce_words(counts: Counts, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``float32 (lines, k)``: the counts times a table ``(BUCKETS, k)``."""
    entries = counts.weights[:, None] * table[counts.buckets]
    total = np.vstack([np.zeros((1, table.shape[1])), np.cumsum(entries, axis=0, dtype=np.float64)])
    return np.asarray(total[counts.starts[1:]] - total[counts.starts[:-1]], np.float32)


def shape_of(text: str) -> str:
    """Return the shape of a text: digits 9, capitals A, small letters a; four and more of a kind as four."""
    plain = "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in text)
    return re.sub(r"(.)\1{4,}", r"\1\1\1\1", plain)


def _grams(text: str) -> Iterator[int]:
    for kind, form in (("t", f" {' '.join(text.casefold().split())} "), ("s", f" {shape_of(text)} ")):
        for length in _LENGTHS:
            for start in range(len(form) - length + 1):
                yield zlib.crc32(f"{kind}{form[start : start + length]}".encode()) % BUCKETS
