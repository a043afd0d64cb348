"""A constraint over one recogniser's alphabet."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from segocr.constraints.product import Constraint


@dataclass(frozen=True)
class BoundConstraint:
    """A constraint over one recogniser's alphabet.

    Attributes:
        constraint: what is accepted.
        alphabet: the recogniser's symbols; the first is the blank.
        klass: int64 ``(symbols,)``, the automaton's class of each symbol, -1 where no edge takes it.
        usable: int64, the columns with a class.
        space: the column of the space, -1 without one or where spaces are not ignored.
    """

    constraint: Constraint
    alphabet: tuple[str, ...]
    klass: npt.NDArray[np.int64]
    usable: npt.NDArray[np.int64]
    space: int


_LARGE = 200
"""Of a range of so many characters no single one was meant."""


def bind(constraint: Constraint, alphabet: Sequence[str]) -> BoundConstraint:
    """Bind a constraint to a recogniser's alphabet; the same pair again costs nothing.

    Symbols of several characters are never part of an accepted text.

    Args:
        constraint: what is accepted.
        alphabet: symbol texts by column; column 0 is the blank.
    """
    return _bind(constraint, tuple(alphabet))


@lru_cache(maxsize=256)
def _bind(constraint: Constraint, alphabet: tuple[str, ...]) -> BoundConstraint:
    automaton = constraint.automaton
    code_points = np.array([ord(text) if len(text) == 1 else -1 for text in alphabet], dtype=np.int64)
    code_points[:1] = -1
    ranges = np.searchsorted(np.array(automaton.bounds), code_points, side="right") - 1
    klass = np.where(code_points >= 0, np.array(automaton.classes, dtype=np.int64)[np.maximum(ranges, 0)], -1)
    space = -1
    if constraint.ignore_spaces:
        klass[code_points == ord(" ")] = -1
        columns = np.flatnonzero(code_points == ord(" "))
        space = int(columns[0]) if len(columns) else -1
    return BoundConstraint(
        constraint,
        alphabet,
        klass,
        np.flatnonzero(klass >= 0),
        space,
    )


@lru_cache(maxsize=256)
def named_characters(constraint: Constraint) -> tuple[str, ...]:
    """The characters that a constraint can use, but for those of large ranges."""
    return tuple(
        chr(code)
        for ranges in constraint.automaton.class_ranges().values()
        for low, high in ranges
        if high - low < _LARGE
        for code in range(low, high + 1)
    )
