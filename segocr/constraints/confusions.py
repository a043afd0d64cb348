"""Characters that a recogniser takes for each other, and what that is worth as evidence.

A recogniser is sure of itself where it should not be. Taken at its word, a misread character costs more to
set right than a well-read one elsewhere, and check digits then pick a wrong text. So before a constrained
search the posteriors are corrected by what is known of the print:

- *Twins* (Greek capital rho for ``P``) have the same picture: they lend everything.
- In *everyday* print a character lends a share of its posterior to those that it is known to stand for: the
  chance of being misread, kept well below what was counted, so that what was read remains the first choice
  wherever the constraint leaves one.
- In *OCR-B*, the print of machine-readable zones, ``O`` and ``0`` hardly differ: PP-OCRv6 small gives ``O``
  as ``0`` in all of 50 cases, with a posterior near 1, and small fillers as ``A``. There the joint
  probability of two characters is kept and its division between them set right, frame by frame, by a curve
  measured on labelled lines.

The unconstrained reading is never touched.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from segocr.constraints.errors import ConstraintError

Floats = npt.NDArray[np.float64]

PRINTS = ("everyday", "none", "ocr_b")
"""The prints whose confusions are known; with ``none`` posteriors are taken as they are."""

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
"""(read, printed): the share of ``read`` that counts as evidence for ``printed`` in everyday print."""

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


@dataclass(frozen=True, slots=True)
class Division:
    """How the evidence for two characters is divided again.

    Attributes:
        one: a character.
        other: another one.
        points: (log p(one) - log p(other) of the recogniser, the same set right), both ascending; linear
            between the points, constant beyond.
    """

    one: str
    other: str
    points: tuple[tuple[float, float], ...]

    def divide(self, one: Floats, other: Floats) -> tuple[Floats, Floats]:
        """Set two columns right; their joint probability stays.

        Args:
            one: float64 ``(frames,)``, log-probabilities of ``one``.
            other: the same of ``other``.
        """
        measured, right = zip(*self.points, strict=True)
        odds = np.interp(one - other, measured, right)
        joint = np.logaddexp(one, other)
        return joint - np.logaddexp(0.0, -odds), joint - np.logaddexp(0.0, odds)


OCR_B = (
    # PP-OCRv6 small on the document numbers of rendered TD3 pages (O 26, 0 26, I 32, 1 28, Z 30, 2 30 of the
    # training part): O and 0 get the same log-odds (median -9 either way), so where it reads 0 nothing is
    # known; I lies above -6 and 1 below -9; Z above -7 and 2 below -8.
    Division("O", "0", ((-40.0, 0.0), (0.0, 0.0), (40.0, 40.0))),
    Division("I", "1", ((-40.0, -20.0), (-7.3, 0.0), (0.0, 5.0), (40.0, 40.0))),
    Division("Z", "2", ((-40.0, -20.0), (-7.5, 0.0), (0.0, 5.0), (40.0, 40.0))),
    # The same on 119 such pages with lines of 8 pixels and on 30 clean, blurred and noisy ones. G lies above
    # -5 and 6 below -19 (PP-OCRv4: -7); no check digit tells them apart, both are 6 modulo 10. S lies above
    # -4 and 5 below -8 (PP-OCRv4: -5).
    Division("G", "6", ((-40.0, -20.0), (-12.0, -6.0), (-7.0, 0.0), (-2.0, 4.0), (40.0, 40.0))),
    Division("S", "5", ((-40.0, -20.0), (-8.0, -6.0), (-3.5, 0.0), (0.0, 4.0), (40.0, 40.0))),
    # Small fillers look like A: where that was printed its log-odds are 13 and more (of 400; PP-OCRv4: 11),
    # where a filler was, 99 in 100 lie below 10.5 (of 8,700).
    Division("A", "<", ((-40.0, -40.0), (0.0, -8.0), (7.0, -4.0), (10.0, 0.0), (13.0, 5.0), (40.0, 40.0))),
)
"""The print of machine-readable travel documents (ISO 1073-2)."""

OCR_B_SHARES: dict[tuple[str, str], float] = {
    **{(letter, letter.upper()): 1.0 for letter in "kopsuvwxyz"},
    **{(other, "<"): 1.0 for other in "Λヘへハ人"},
    ("c", "<"): 0.5,
    ("e", "<"): 0.5,
    ("c", "C"): 0.1,
}
"""(read, printed) as in `SHARES`, of a print that has capitals only. PP-OCRv6 small reads small fillers as a
lambda, an East Asian angle (44 of 44), c or e (16 of 17)."""


def require_print(name: str) -> str:
    """The name, if it is that of a known print.

    Raises:
        ConstraintError: it is not.
    """
    if name not in PRINTS:
        message = f"the print '{name}' is not known; known are {', '.join(PRINTS)}"
        raise ConstraintError(message, "unknown-print")
    return name


def set_right(log_probs: npt.NDArray[Any], alphabet: tuple[str, ...], name: str) -> npt.NDArray[Any]:
    """Posteriors corrected by what is known of a print; the input stays as it is.

    Where characters lend, rows sum to a little more than 1: a lent share is not taken from the lender, so
    that what was read keeps its cost of 0.

    Args:
        log_probs: float ``(frames, len(alphabet))``, natural logarithms.
        alphabet: the text of each column.
        name: one of `PRINTS`.
    """
    if name == "none":
        return log_probs
    lending = _lending(alphabet, name)
    corrected = log_probs.copy()
    # A recogniser's own division must be seen before anything is lent.
    for division in OCR_B if name == "ocr_b" else ():
        if division.one in lending.column and division.other in lending.column:
            one, other = lending.column[division.one], lending.column[division.other]
            corrected[:, one], corrected[:, other] = division.divide(
                corrected[:, one].astype(np.float64), corrected[:, other].astype(np.float64)
            )
    lent = log_probs[:, lending.lender] + lending.share
    for place, borrower in enumerate(lending.borrower):
        np.logaddexp(corrected[:, borrower], lent[:, place], out=corrected[:, borrower])
    return corrected


@dataclass(frozen=True, slots=True)
class _Lending:
    """The columns of one alphabet that lend to others.

    Attributes:
        column: column by character, of those that are named here.
        lender: columns that lend.
        borrower: columns that borrow, one a lender.
        share: float32, logarithm of what is lent.
    """

    column: dict[str, int]
    lender: list[int]
    borrower: list[int]
    share: npt.NDArray[np.float32]


@lru_cache(maxsize=64)
def _lending(alphabet: tuple[str, ...], name: str) -> _Lending:
    of_print = {"everyday": SHARES, "ocr_b": OCR_B_SHARES}.get(name, {})
    shares = {**dict.fromkeys(TWINS.items(), 1.0), **of_print}
    named = {character for pair in shares for character in pair}
    named |= {character for division in OCR_B for character in (division.one, division.other)}
    column = {text: place for place, text in enumerate(alphabet) if place and text in named}
    known = [
        (read, printed, share)
        for (read, printed), share in shares.items()
        if read in column and printed in column
    ]
    return _Lending(
        column,
        [column[read] for read, _, _ in known],
        [column[printed] for _, printed, _ in known],
        np.log(np.array([share for _, _, share in known], dtype=np.float64)).astype(np.float32),
    )
