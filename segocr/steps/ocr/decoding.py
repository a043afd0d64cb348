"""Posteriors to lattices and readings. Constraints are learnt once, by digest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.constraints import Constraint, ConstraintError
from segocr.constraints.deciding import decide_each
from segocr.constraints.lattice import Lattice
from segocr.constraints.lengths import known_length
from segocr.steps.protocol import Refusal

_LEAST = np.float32(1e-37)
_KNOWN = 512
NO_CHANCE = np.float32(1e-4)
"""A symbol that is nowhere more probable than this decides nothing; it takes the floor of the lattice."""


class Decoder:
    """Reads posteriors of one recogniser.

    Args:
        alphabet: Symbols in the order of its outputs; the first is the blank.
    """

    def __init__(self, alphabet: Sequence[str]) -> None:
        self._alphabet = tuple(alphabet)
        self._known: OrderedDict[str, Constraint] = OrderedDict()
        self._lengths: dict[str, int | None] = {}
        always = {chr(code) for code in range(0x20, 0x7F)} | {self._alphabet[0]}
        self._always = np.array([symbol in always for symbol in self._alphabet])

    def learn(self, definitions: Mapping[str, Any]) -> None:
        """Take constraints (digest to wire form) that were not sent before.

        Raises:
            Refusal: ``bad-constraint``: it is of another version.
        """
        for digest, wire in definitions.items():
            try:
                constraint = Constraint.from_wire(wire)
                self._known[digest], self._lengths[digest] = constraint, known_length(constraint)
            except (ConstraintError, KeyError, TypeError, ValueError) as error:
                raise Refusal(
                    "request", "bad-constraint", f"a constraint that cannot be used: {error}"
                ) from error
        while len(self._known) > max(_KNOWN, len(definitions)):
            del self._lengths[self._known.popitem(last=False)[0]]

    def require(self, digests: Iterable[str]) -> None:
        """Check that constraints are known.

        Raises:
            Refusal: ``unknown-constraint``: this host has not been told of one; send it again.
        """
        if any(digest not in self._known for digest in digests):
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
        counts = self._always | (posteriors.max(axis=0) > NO_CHANCE)
        columns = np.flatnonzero(counts)
        log_probs = np.log(np.maximum(posteriors[:, columns], _LEAST))
        packed = Lattice.compress(log_probs, self._alphabet, columns)
        lattice = Lattice.expand(packed)
        constraints = [None if digest is None else self._known[digest] for digest in digests]
        return [decoded.to_wire() for decoded in decide_each(lattice, constraints)], packed
