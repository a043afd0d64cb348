"""What a constrained reading is worth: every threshold of that judgement, in one place.

A status says how much the constraint had to bend the reading:

- ``ok``: it changed nothing;
- ``corrected``: the change was cheap, and no other accepted text comes near;
- ``doubtful``: the change was dear, or a rival comes near: a single check digit modulo 10 proves little when
  two texts satisfy it;
- ``invalid``: no accepted text was found.

The raw text is preferred: a wrong pattern shows up as cost, never as a silent change. Costs and margins are
in nats (e^-4.6 = 1 %): a cost of c means that the recogniser itself took its raw text to be e^c times as
probable.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from segocr.constraints.decoded import Decoded

Status = Literal["ok", "corrected", "doubtful", "invalid"]

CHEAP_COST_PER_EDIT = 5.0
"""Nats that one changed character may cost, on average, in a cheap correction."""

CHEAP_COST = 10.0
"""Nats that all changes of a field together may cost in a cheap correction."""

CHEAP_EDIT_SHARE = 0.25
"""Share of the characters that a cheap correction may change; one may always change."""

NEAR_MARGIN = 3.0
"""Nats; a rival within this (5 % as probable) is near."""

CORRECTED_MARGIN = 1.5
"""Nats; a corrected text with a rival closer than this (22 % as probable) is doubtful."""

OK_MARGIN = 0.5
"""Nats; even an unchanged text with a rival closer than this is doubtful."""


def judge(decoded: Decoded) -> Status:
    """The status of one constrained reading."""
    if decoded.text is None:
        return "invalid"
    if not decoded.edits:
        return "ok" if decoded.margin >= OK_MARGIN else "doubtful"
    if decoded.margin < CORRECTED_MARGIN or is_dear(decoded):
        return "doubtful"
    return "corrected"


class Bent(Protocol):
    """What a constraint did to a reading, as far as its dearness goes."""

    @property
    def text(self) -> str | None:
        """The accepted text."""

    @property
    def cost(self) -> float:
        """What the constraint took, in nats."""

    @property
    def edits(self) -> Sequence[tuple[int, str, str]]:
        """Position, raw and accepted characters."""


def is_dear(decoded: Bent) -> bool:
    """Whether the constraint had to bend the reading by more than a misread character or two explains."""
    changed = sum(max(len(old), len(new)) for _, old, new in decoded.edits)
    allowed = max(1.0, CHEAP_EDIT_SHARE * len(decoded.text or ""))
    return (
        decoded.cost > CHEAP_COST
        or decoded.cost > CHEAP_COST_PER_EDIT * max(1, len(decoded.edits))
        or changed > allowed
    )
