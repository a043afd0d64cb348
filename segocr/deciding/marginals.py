"""How sure one part of a reading is: often surer than the whole, since the doubt concerns another part.

The rivals of a reading are other accepted texts with their probabilities. Those that agree with the accepted
text on a part are no rivals of that part: their probability counts for it (the marginal over the texts
found).
"""

from __future__ import annotations

import math

from segocr.constraints import Constraint
from segocr.constraints.scores import CORRECTED_MARGIN, OK_MARGIN, is_dear
from segocr.readings import Reading, ReadingStatus


def part_worth(reading: Reading, part: str, constraint: Constraint) -> tuple[ReadingStatus, float]:
    """Judge one part of a reading by the rivals that differ in it.

    Args:
        reading: With text, margin and rivals.
        part: A part that the constraint names.
        constraint: What the reading was read under.

    Returns:
        Status and confidence (0–1, not calibrated). A reading that is invalid or whose constraint
        was dear, leaves none of its parts surer than itself.
    """
    whole = reading.status, reading.confidence
    doubt_is_local = reading.status is not ReadingStatus.INVALID and not is_dear(reading)
    if reading.text is None or reading.margin is None or not reading.rivals or not doubt_is_local:
        return whole
    own = _cut(reading.text, part, constraint)
    best = reading.rivals[0][1] + reading.margin
    weights = [(text, math.exp(min(0.0, total - best))) for text, total in reading.rivals]
    against = sum(weight for text, weight in weights if _cut(text, part, constraint) != own)
    agreeing = 1.0 + sum(weight for _, weight in weights) - against
    confidence = agreeing / (agreeing + against)
    needed = CORRECTED_MARGIN if reading.edits else OK_MARGIN
    if against and math.log(agreeing / against) < needed:
        return ReadingStatus.DOUBTFUL, min(confidence, 1.0)
    return (ReadingStatus.CORRECTED if reading.edits else ReadingStatus.OK), max(
        confidence, reading.confidence
    )


def _cut(text: str, part: str, constraint: Constraint) -> str | None:
    span = constraint.parts(text).get(part)
    return None if span is None else text[span[0] : span[1]]
