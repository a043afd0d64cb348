"""The Luhn formula (ISO/IEC 7812-1 annex B): payment cards, IMEI and many national numbers."""

from collections.abc import Hashable
from dataclasses import dataclass

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


@dataclass(frozen=True)
class Luhn:
    """From the right, every second digit is doubled (digits of the product added); the sum ends in 0.

    The length is not known while reading, so the state keeps both sums: if the digit just read is the last,
    and if one more follows.
    """

    name: str = "luhn"
    layouts: tuple[str, ...] = (r"\d(?:[ -]?\d)+",)
    start: tuple[int, int] = (0, 0)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Take one digit; spaces and hyphens between groups are passed over."""
        if character in " -":
            return state
        if not ("0" <= character <= "9"):
            return None
        assert isinstance(state, tuple)
        plain, doubled = state
        digit = ord(character) - ord("0")
        return (doubled + digit) % 10, (plain + _DOUBLED[digit]) % 10

    def accepts(self, state: Hashable) -> bool:
        """The sum whose last digit is not doubled ends in 0."""
        assert isinstance(state, tuple)
        return bool(state[0] == 0)
