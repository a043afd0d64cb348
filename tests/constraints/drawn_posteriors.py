"""Posteriors of a made-up recogniser that read a given text, with given doubts."""

import string
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

ALPHABET = ("", *string.digits, *string.ascii_letters, *"<-/., éΡ", " ")


def drawn(
    text: str,
    doubts: Mapping[int, Mapping[str, float]] | None = None,
    alphabet: tuple[str, ...] = ALPHABET,
    floor: float = 1e-7,
) -> npt.NDArray[np.float32]:
    """Two frames of blank, then one a character with a blank after it.

    Args:
        text: what is read.
        doubts: by position, probabilities of other characters.
        alphabet: symbols; the first is the blank.
        floor: probability of everything else.
    """
    rows = [np.full(len(alphabet), floor) for _ in range(2 * len(text) + 2)]
    for frame, row in enumerate(rows):
        place, inside = divmod(frame - 1, 2)
        others = (doubts or {}).get(place, {}) if frame and not inside and place < len(text) else {}
        for character, probability in others.items():
            row[alphabet.index(character)] = probability
        reads = bool(frame) and not inside and place < len(text)
        best = alphabet.index(text[place]) if reads else 0
        row[best] = 1.0 - sum(others.values())
    return np.log(np.stack(rows)).astype(np.float32)
