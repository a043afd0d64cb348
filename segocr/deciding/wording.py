"""Wording: how a free field's texts usually go on, learned from its labels.

Counts of character n-grams, interpolated as Witten and Bell do ("The zero-frequency problem", 1991). Case
does not count, and all digits are one: which digit stands there the print alone says, never what other labels
say. Counts are kept by hashes of the n-grams; no label's text is.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ORDER = 6
"""Characters of the longest n-gram."""
_SYMBOLS = 60


@dataclass(frozen=True, eq=False)
class Wording:
    """Counts of n-grams.

    Attributes:
        keys: ``uint32 (n,)``, hashes, ascending.
        counts: ``uint32 (n,)``.
        digest: SHA-256 of both, 64 hexadecimal digits.
    """

    keys: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    digest: str = field(init=False, repr=False)
    _known: dict[int, int] = field(init=False, repr=False)
    _logs: dict[tuple[str, str], float] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the table that is asked, and the digest of what it says."""
        said = self.keys.tobytes() + self.counts.tobytes()
        object.__setattr__(self, "digest", hashlib.sha256(said).hexdigest())
        object.__setattr__(self, "_known", dict(zip(self.keys.tolist(), self.counts.tolist(), strict=True)))

    def __eq__(self, other: object) -> bool:
        """Whether both say the same."""
        return isinstance(other, Wording) and self.digest == other.digest

    def __hash__(self) -> int:
        """As equality."""
        return hash(self.digest)

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Wording:
        """Count the n-grams of texts."""
        counts: Counter[int] = Counter()
        following: dict[str, set[str]] = {}
        for text in texts:
            counted = f" {plain(' '.join(text.split()))} "
            for place in range(1, len(counted)):
                for start in range(max(0, place - ORDER + 1), place + 1):
                    before, after = counted[start:place], counted[place]
                    counts[_key(before, after)] += 1
                    counts[_key(before, "all")] += 1
                    following.setdefault(before, set()).add(after)
        counts.update({_key(before, "kinds"): len(kinds) for before, kinds in following.items()})
        keys = np.array(sorted(counts), np.uint32)
        return cls(keys, np.array([counts[key] for key in keys.tolist()], np.uint32))

    def log_prob(self, before: str, character: str) -> float:
        """Return the natural logarithm of how probable a character is behind others (plain, all of them)."""
        asked = before, character
        known = self._logs.get(asked)
        if known is None:
            if len(self._logs) > 1 << 20:
                self._logs.clear()
            known = self._logs[asked] = math.log(self._probability(before, character))
        return known

    def _probability(self, before: str, character: str) -> float:
        found = 1.0 / _SYMBOLS
        for start in range(len(before), -1, -1):
            kinds = self._known.get(_key(before[start:], "kinds"))
            if kinds is None:
                break
            count = self._known.get(_key(before[start:], character), 0)
            found = (count + kinds * found) / (self._known[_key(before[start:], "all")] + kinds)
        return found


def packed(wordings: Mapping[str, Wording]) -> dict[str, NDArray[np.uint32]]:
    """Return the arrays that a file keeps of wordings, in the order of the names."""
    empty = [np.zeros(0, np.uint32)]
    every = [wordings[name] for name in sorted(wordings)]
    return {
        "wording_keys": np.concatenate([*empty, *(one.keys for one in every)]),
        "wording_counts": np.concatenate([*empty, *(one.counts for one in every)]),
    }


def unpacked(
    sizes: Mapping[str, int], keys: NDArray[np.uint32], counts: NDArray[np.uint32]
) -> dict[str, Wording]:
    """Return wordings by name.

    Args:
        sizes: How many n-grams each has.
        keys: From ``packed``.
        counts: Likewise.

    Raises:
        ValueError: They do not fit together.
    """
    names = sorted(sizes)
    ends = np.cumsum([sizes[name] for name in names], dtype=np.int64)
    if (
        keys.shape != counts.shape
        or int(ends[-1] if len(ends) else 0) != len(keys)
        or min(sizes.values(), default=0) < 0
    ):
        raise ValueError("the counts of its wordings do not fit together")
    parts = zip(names, np.split(keys, ends[:-1]), np.split(counts, ends[:-1]), strict=True)
    return {name: Wording(own, its) for name, own, its in parts}


def plain(text: str) -> str:
    """Return a text as it is counted: without case, each digit the same."""
    return "".join("0" if one.isdigit() else one for one in text.casefold())


def _key(before: str, what: str) -> int:
    return zlib.crc32(f"{before}\0{what}".encode())
