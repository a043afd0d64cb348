"""Any other weighted-sum scheme, written in the template.

    checks:
      - weighted: {weights: [2, 7, 6, 5, 4, 3, 2], modulus: 11, values: {X: 10}, over: number}

The sum of weight × value over the characters, check digit included, must leave ``remainder`` (0 without
it). Where the scheme says "digit = modulus − sum", give the digit the weight 1; "digit = sum", -1.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from segocr.constraints.checks.kinds import DIGIT_VALUES
from segocr.constraints.errors import ConstraintError

KEYS = frozenset({"name", "weights", "modulus", "remainder", "values", "repeat", "skip", "over"})


@dataclass(frozen=True)
class Weighted:
    """A weighted sum over texts of the length of the weights, or any length where they repeat from the left.

    The state is the position (its phase where the weights repeat) and the sum.
    """

    name: str
    weights: tuple[int, ...]
    modulus: int
    remainder: int
    values: tuple[tuple[str, int], ...]
    repeat: bool
    skipped: str
    layouts: tuple[str, ...] = ()
    start: tuple[int, int] = (0, 0)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Add one weighted value; a character without a value, unless skipped, ends the text."""
        if character in self.skipped:
            return state
        assert isinstance(state, tuple)
        place, total = state
        value = dict(self.values).get(character)
        if value is None or (place >= len(self.weights) and not self.repeat):
            return None
        after = place + 1
        if self.repeat:
            after = after % len(self.weights)
        return after, (total + self.weights[place] * value) % self.modulus

    def accepts(self, state: Hashable) -> bool:
        """All weights are used, and the sum leaves the remainder."""
        assert isinstance(state, tuple)
        return bool(
            (self.repeat or state[0] == len(self.weights)) and state[1] == self.remainder % self.modulus
        )


def make_weighted(options: Mapping[str, Any]) -> Weighted:
    """Build the check from what a template says.

    Args:
        options: ``weights`` (whole numbers, from the left) and ``modulus``; perhaps ``remainder``,
            ``values`` (by character; digits have their own value anyway), ``repeat`` (the weights repeat),
            ``skip`` (characters passed over; space and hyphen without it), ``over`` (part of the pattern).

    Raises:
        ConstraintError: something is missing, unknown or not a number.
    """
    unknown = sorted(str(key) for key in options if key not in KEYS)
    if unknown:
        message = f"'weighted' does not know {', '.join(unknown)}; it knows {', '.join(sorted(KEYS))}"
        raise ConstraintError(message, "bad-check")
    weights, modulus = options.get("weights"), options.get("modulus")
    if not isinstance(weights, Sequence) or not weights or not all(map(_is_whole, weights)):
        raise ConstraintError("'weighted' needs 'weights', a list of whole numbers", "bad-check")
    if not _is_whole(modulus) or not 2 <= modulus <= 1000:
        raise ConstraintError("'weighted' needs a 'modulus' between 2 and 1000", "bad-check")
    remainder, values = options.get("remainder", 0), options.get("values", {})
    if not _is_whole(remainder) or not isinstance(values, Mapping):
        raise ConstraintError("'remainder' must be a whole number and 'values' a mapping", "bad-check")
    own = {str(character): value for character, value in values.items()}
    if not all(len(character) == 1 and _is_whole(value) for character, value in own.items()):
        message = "'values' gives single characters whole numbers, such as {X: 10}"
        raise ConstraintError(message, "bad-check")
    repeat, skip = options.get("repeat", False), options.get("skip", " -")
    if not isinstance(repeat, bool) or not isinstance(skip, str):
        raise ConstraintError("'repeat' must be true or false, and 'skip' characters in quotes", "bad-check")
    return Weighted(
        name=str(options.get("name", "weighted")),
        weights=tuple(weights),
        modulus=modulus,
        remainder=remainder,
        values=tuple(sorted({**DIGIT_VALUES, **own}.items())),
        repeat=repeat,
        skipped=skip,
    )


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
