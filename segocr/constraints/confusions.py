"""Characters that a recogniser takes for each other, and what that is worth as evidence.

A recogniser is sure of itself where it should not be: in the fonts of machine-readable zones it gives ``O`` as
``0`` in 160 of 162 cases, with a posterior near 1 (PP-OCRv6 small, the ``train`` pages of the passports set).
Taken at its word, that ``O`` costs more than changing a well-read character elsewhere, and the check digits then
pick a wrong text. So before a constrained search each character lends a share of its posterior to those that
it is known to stand for. A share is the chance of being misread, kept well below what was counted, so that
what was read remains the first choice wherever the constraint leaves one.

Look-alikes of other scripts (Greek capital rho for ``P``) lend everything: their pictures are the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARES: dict[tuple[str, str], float] = {
    ("0", "O"): 0.2,
    ("O", "0"): 0.1,
    ("2", "Z"): 0.05,
    ("1", "I"): 0.03,
    ("I", "1"): 0.03,
    ("Z", "2"): 0.01,
    ("0", "D"): 0.01,
    ("0", "Q"): 0.01,
    ("O", "Q"): 0.01,
    ("5", "S"): 0.01,
    ("S", "5"): 0.01,
    ("8", "B"): 0.01,
    ("B", "8"): 0.01,
    ("6", "G"): 0.003,
    ("G", "6"): 0.003,
}
"""(read, printed): the share of ``read`` that counts as evidence for ``printed``."""

TWINS: dict[str, str] = {
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    **dict(zip("АВЕКМНОРСТУХІЅЈ", "ABEKMHOPCTYXISJ", strict=True)),
    **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},
    "‹": "<",
    "〈": "<",
    "《": "<",
    "«": "<",
}
"""Characters with the picture of an ASCII one: Greek, Cyrillic, full width, angle brackets."""


class Confusions:
    """The columns of one alphabet that lend to others.

    Args:
        alphabet: Symbols by column; the first is the blank.
    """

    def __init__(self, alphabet: Sequence[str]) -> None:
        place = {symbol: column for column, symbol in enumerate(alphabet) if column}
        shares = {**SHARES, **dict.fromkeys(TWINS.items(), 1.0)}
        known = [(pair, share) for pair, share in shares.items() if pair[0] in place and pair[1] in place]
        self._lender = np.array([place[read] for (read, _), _ in known], dtype=np.int64)
        self._borrower = np.array([place[printed] for (_, printed), _ in known], dtype=np.int64)
        self._share = np.log(np.array([share for _, share in known], dtype=np.float64)).astype(np.float32)

    def soften(self, log_probs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return posteriors in which misread characters count for what may be printed there.

        Rows sum to a little more than 1: a lent share is not taken from the lender, so that what was read
        keeps its cost of 0.

        Args:
            log_probs: ``float32 (frames, symbols)``, natural logarithms; unchanged.
        """
        result = log_probs.copy()
        lent = log_probs[:, self._lender] + self._share
        for column, borrower in enumerate(self._borrower):
            np.logaddexp(result[:, borrower], lent[:, column], out=result[:, borrower])
        return result
