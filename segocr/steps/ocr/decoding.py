"""Posteriors to readings.

Constraints are learnt once by digest and bound once to the recogniser's alphabet.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.constraints import BoundConstraint, Constraint, ConstraintError, bind, decode
from segocr.constraints.confusions import Confusions
from segocr.steps.protocol import Refusal

_LEAST = np.float32(1e-37)
_KNOWN = 512


class Decoder:
    """Reads posteriors of one recogniser.

    Args:
        alphabet: Symbols in the order of its outputs; the first is the blank.
    """

    def __init__(self, alphabet: Sequence[str]) -> None:
        self._alphabet = tuple(alphabet)
        self._bound: OrderedDict[str, BoundConstraint] = OrderedDict()
        self._confusions = Confusions(self._alphabet)

    def learn(self, definitions: Mapping[str, Any]) -> None:
        """Bind constraints (digest to wire form) that were not sent before.

        Raises:
            Refusal: ``bad-constraint``: it is of another version.
        """
        for digest, wire in definitions.items():
            try:
                self._bound[digest] = bind(Constraint.from_wire(wire), self._alphabet)
            except (ConstraintError, KeyError, TypeError, ValueError) as error:
                raise Refusal(
                    "request", "bad-constraint", f"a constraint that cannot be used: {error}"
                ) from error
        while len(self._bound) > max(_KNOWN, len(definitions)):
            self._bound.popitem(last=False)

    def require(self, digests: Iterable[str]) -> None:
        """Check that constraints are known.

        Raises:
            Refusal: ``unknown-constraint``: this host has not been told of one; send it again.
        """
        if any(digest not in self._bound for digest in digests):
            raise Refusal("request", "unknown-constraint", "a constraint that this host was not told of")

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
        log_probs = np.log(np.maximum(posteriors, _LEAST))
        softened = self._confusions.soften(log_probs) if any(digests) else log_probs
        readings = []
        for digest in digests:
            constraint = self._bound[digest] if digest is not None else None
            readings.append(decode(softened, self._alphabet, constraint).to_wire())
        return readings, b""
