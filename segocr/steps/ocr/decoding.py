"""Posteriors to readings.

Constraints are learnt once by digest and bound once to the recogniser's alphabet.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.constraints import BoundConstraint, Constraint, ConstraintError, bind, decode
from segocr.constraints.lattice import Lattice
from segocr.constraints.lengths import known_length
from segocr.steps.protocol import Refusal

_LEAST = np.float32(1e-37)
_KNOWN = 512
_NO_CHANCE = np.float32(1e-4)
"""16 nats: beyond what a lattice keeps (12 below the best symbol of a frame)."""


class Decoder:
    """Reads posteriors of one recogniser.

    Args:
        alphabet: Symbols in the order of its outputs; the first is the blank.
    """

    def __init__(self, alphabet: Sequence[str]) -> None:
        self._alphabet = tuple(alphabet)
        self._bound: OrderedDict[str, BoundConstraint] = OrderedDict()
        self._lengths: dict[str, int | None] = {}
        always = {chr(code) for code in range(0x20, 0x7F)} | {self._alphabet[0]}
        self._always = np.array([symbol in always for symbol in self._alphabet])

    def learn(self, definitions: Mapping[str, Any]) -> None:
        """Bind constraints (digest to wire form) that were not sent before.

        Raises:
            Refusal: ``bad-constraint``: it is of another version.
        """
        for digest, wire in definitions.items():
            try:
                bound = bind(Constraint.from_wire(wire), self._alphabet)
                self._bound[digest], self._lengths[digest] = bound, known_length(bound.constraint)
            except (ConstraintError, KeyError, TypeError, ValueError) as error:
                raise Refusal(
                    "request", "bad-constraint", f"a constraint that cannot be used: {error}"
                ) from error
        while len(self._bound) > max(_KNOWN, len(definitions)):
            del self._lengths[self._bound.popitem(last=False)[0]]

    def require(self, digests: Iterable[str]) -> None:
        """Check that constraints are known.

        Raises:
            Refusal: ``unknown-constraint``: this host has not been told of one; send it again.
        """
        if any(digest not in self._bound for digest in digests):
            raise Refusal("request", "unknown-constraint", "a constraint that this host was not told of")

    def characters(self, digests: Sequence[str | None]) -> int | None:
        """Return how many characters a strip holds if any of its constraints knows; None if none does."""
        known = [self._lengths[digest] for digest in digests if digest is not None]
        return max((length for length in known if length is not None), default=None)

    def decode(
        self, posteriors: NDArray[np.float32], digests: Sequence[str | None]
    ) -> tuple[list[dict[str, Any]], bytes]:
        """Read one strip under each of several constraints (None: without one).

        Args:
            posteriors: ``(frames, len(alphabet))``, rows summing to 1.
            digests: Which constraints.

        Returns:
            A decoded reading for each, in its wire form; and the compact lattice.
        """
        bounds = [self._bound[digest] if digest is not None else None for digest in digests]
        columns = self._columns_that_count(posteriors, bounds)
        alphabet = tuple(self._alphabet[column] for column in columns.tolist())
        log_probs = np.log(np.maximum(posteriors[:, columns], _LEAST))
        readings = []
        for bound in bounds:
            constraint = _narrowed(bound, columns, alphabet) if bound is not None else None
            readings.append(decode(log_probs, alphabet, constraint).to_wire())
        return readings, Lattice.compress(log_probs, self._alphabet, columns)

    def _columns_that_count(
        self, posteriors: NDArray[np.float32], bounds: Sequence[BoundConstraint | None]
    ) -> NDArray[np.int64]:
        """Return the columns that can matter: a few hundred of perhaps 18,710, in order, the blank first.

        They are those that some constraint can use, ASCII, and those that have a chance anywhere.
        """
        counts = self._always | (posteriors.max(axis=0) > _NO_CHANCE)
        for bound in bounds:
            if bound is not None:
                counts[bound.usable] = True
        return np.flatnonzero(counts)


def _narrowed(
    bound: BoundConstraint, columns: NDArray[np.int64], alphabet: tuple[str, ...]
) -> BoundConstraint:
    """Bind to some columns of the alphabet, all that the constraint can use among them."""
    klass = bound.klass[columns]
    space = int(np.searchsorted(columns, bound.space)) if bound.space >= 0 else -1
    return replace(bound, alphabet=alphabet, klass=klass, usable=np.flatnonzero(klass >= 0), space=space)
