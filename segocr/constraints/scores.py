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

How the values were chosen, on ``train``, and the curves: docs/constraints.md.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from segocr.constraints.decoded import Decoded

Status = Literal["ok", "corrected", "doubtful", "invalid"]

CHEAP_COST_PER_EDIT = 4.0
"""Nats that one changed character may cost, on average, in a cheap correction. At 4, 2 of 226 wrong patterns
(one place of the layout swapped, missing or too much) change a well-read text of ``train`` so that it is
accepted, look-alikes apart (at 5: 3, at 10: 11); of 207 values that right patterns accept, none is lost
(at 3: 4)."""

CHEAP_COST = 10.0
"""Nats that all changes of a field together may cost in a cheap correction; no right value of ``train`` needs
more than 6."""

CHEAP_EDIT_SHARE = 0.25
"""Share of the characters that a cheap correction may change; one may always change."""

CHEAP_EDGE_COST = 10.0
"""Nats that leaving out punctuation before or after the text may cost: a colon or a bracket beside a value is
often cut out with it, and read well (six dates in eighty-nine of the receipts, all of them right)."""

NEAR_MARGIN = 3.0
"""Nats; a rival within this (5 % as probable) is near."""

CORRECTED_MARGIN = 1.5
"""Nats; a corrected text with a rival closer than this (22 % as probable) is doubtful. With an
``accept.confidence`` of 0.9 no margin below 2.2 passes: the margins decide in templates that ask for less."""

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


def ranked_texts(spelled: Sequence[str], totals: Sequence[float], raw: str, ignore_case: bool) -> list[int]:
    """Places of texts, the winner first, then by their total probability.

    A raw text that is accepted gives way only to one that is more probable by `CORRECTED_MARGIN`: a smear
    before a 3 makes a 1 of several faint chances, and none of them says that anything is there.

    Args:
        spelled: the accepted texts found.
        totals: their total log-probabilities.
        raw: the unconstrained text, without what is ignored.
        ignore_case: whether case tells texts apart.
    """
    ranked = sorted(range(len(spelled)), key=lambda place: -totals[place])
    told = str.casefold if ignore_case else str
    unchanged = next((place for place in ranked if told(spelled[place]) == told(raw)), None)
    if unchanged is None or totals[ranked[0]] - totals[unchanged] >= CORRECTED_MARGIN:
        return ranked
    return [unchanged, *(place for place in ranked if place != unchanged)]


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
    length = len(decoded.text or "")
    inner = [edit for edit in decoded.edits if not _is_edge(edit, length)]
    edges = len(decoded.edits) - len(inner)
    changed = sum(max(len(old), len(new)) for _, old, new in inner)
    spare = edges * CHEAP_EDGE_COST
    return (
        decoded.cost > spare + (CHEAP_COST if inner or not edges else 0.0)
        or decoded.cost > spare + CHEAP_COST_PER_EDIT * (len(inner) if edges else max(1, len(inner)))
        or changed > max(1.0, CHEAP_EDIT_SHARE * length)
        or any(_is_added(edit, length) for edit in inner)
    )


def _is_added(edit: tuple[int, str, str], length: int) -> bool:
    """Whether a letter or digit was put at an end where none was read: it is not there, or was cut off."""
    place, old, new = edit
    at_end = place == 0 or place + len(new) == length
    return old == "" and at_end and any(character.isalnum() for character in new)


def _is_edge(edit: tuple[int, str, str], length: int) -> bool:
    """Whether an edit leaves out punctuation at an end."""
    place, old, new = edit
    return new == "" and place in (0, length) and not any(character.isalnum() for character in old)
