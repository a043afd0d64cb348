"""Readings: what the recogniser made of a crop, with everything that later doubt could ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from segocr.regions import Region


class ReadingStatus(StrEnum):
    """What the constraint did to a reading (thresholds: ``segocr.constraints.scores``), the best first."""

    OK = "ok"
    CORRECTED = "corrected"
    DOUBTFUL = "doubtful"
    INVALID = "invalid"

    @property
    def rank(self) -> int:
        """Which of several readings of one line is better: 3 for ok to 0 for invalid."""
        return _RANKS[self]

    @property
    def worth(self) -> int:
        """As a field's value: 2 if it fits, corrected or not, 1 if it is doubtful, 0 if it is invalid."""
        return min(self.rank, 2)

    @property
    def fits(self) -> bool:
        """Whether the constraint accepts what was read, or what is near to it."""
        return self.rank >= 2


_RANKS = {status: rank for rank, status in enumerate(reversed(ReadingStatus))}


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of text read from a region; what its text is, says ``deciding.preferences.with_decision``.

    Attributes:
        region: Where it was found.
        quad: ``float64 (4, 2)`` corners TL, TR, BR, BL *in reading direction*, page pixels.
        direction: 0 or 180 degrees: how the strip was turned against the upright page's guess.
        raw: The unconstrained reading.
        text: The most probable string that the constraint accepts; None if there is none.
        status: What the constraint did.
        confidence: 0–1, not calibrated.
        cost: Log-probability gap (natural log) from raw to text; 0 if the constraint changed nothing.
        margin: Log-probability gap from the accepted string to its nearest rival; None if there is none.
        rivals: Other accepted strings, best first, with their total log-probabilities.
        edits: (position in text, raw characters, accepted characters).
        model: Recogniser's name and digest.
        lattice: Compact posteriors (``segocr.constraints.lattice``).
        tries: How the strip was cut at each try, in order; the last one was taken. The first one is called as
            the region's ``cut``, if it has one.
        line: Place among the lines of its region, in reading order, from 0.
        field: The field that it was read for; one strip may be read for several.
        decided_by: Digest of the constraints and of the code that made text and status of the lattice.
    """

    region: Region
    quad: NDArray[np.float64]
    direction: int
    raw: str = ""
    text: str | None = None
    status: ReadingStatus = ReadingStatus.INVALID
    confidence: float = 0.0
    cost: float = 0.0
    margin: float | None = None
    rivals: tuple[tuple[str, float], ...] = ()
    edits: tuple[tuple[int, str, str], ...] = ()
    model: str = ""
    lattice: bytes = b""
    tries: tuple[str, ...] = field(default=("first",))
    line: int = 0
    field: str = ""
    decided_by: str = ""


Candidate = tuple[Reading, ...]
"""The readings of one region for one field, in line order, never empty."""
