"""Which pictures are the same, or nearly: by their bytes, and by a hash of what they show.

The hash is a difference hash: the picture, grey and shrunk to 17 × 16, says of each pair of neighbours in a
row which is lighter: 256 bits. Of scanned receipts, nine in ten changed at most 8 bits when they were shrunk
and compressed, 13 in another light. Documents of one form differ in few bits as well, so nearness is a
reason to look, and to keep both on one side of a split; it is no proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Hash = NDArray[np.bool_]

SIDE = 16
NEAR = 14
"""Pictures whose hashes differ in at most so many of 256 bits are near duplicates."""


def byte_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def difference_hash(picture: NDArray[np.uint8]) -> Hash:
    """Return the difference hash of a picture ``(H, W, 3)``, 256 bits."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = np.asarray(cv2.resize(grey, (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA), np.int16)
    return np.asarray(small[:, 1:] > small[:, :-1], np.bool_).ravel()


def near_pairs(hashes: Sequence[Hash], most: int = NEAR) -> list[tuple[int, int, int]]:
    """Return (place, later place, bits that differ) of all pairs that differ in at most ``most`` bits."""
    if len(hashes) < 2:
        return []
    packed = np.packbits(np.array(hashes, np.bool_), axis=1)
    found = []
    for place in range(len(packed) - 1):
        differing = np.bitwise_count(packed[place + 1 :] ^ packed[place]).sum(axis=1)
        found += [
            (place, place + 1 + int(offset), int(differing[offset]))
            for offset in np.flatnonzero(differing <= most)
        ]
    return found


def groups(count: int, alike: Iterable[tuple[int, int]], keys: Iterable[tuple[int, Hashable]]) -> list[int]:
    """Put places into groups: those alike, and those with the same key, directly or through others.

    Args:
        count: Places are 0 to ``count`` - 1.
        alike: Pairs of places.
        keys: (place, key); a place may have several.

    Returns:
        Of each place the first place of its group.
    """
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[Hashable, int] = {}
    pairs = [*alike, *((first.setdefault(key, place), place) for place, key in keys)]
    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return [root(place) for place in range(count)]
