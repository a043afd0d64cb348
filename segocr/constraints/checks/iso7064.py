"""Check characters of ISO/IEC 7064 for texts of any length."""

from collections.abc import Hashable
from dataclasses import dataclass

from segocr.constraints.checks.kinds import ALNUM_VALUES, DIGIT_VALUES


@dataclass(frozen=True)
class Mod97:
    """ISO 7064 mod 97-10: letters count as two digits (A = 10), the whole number leaves 1 (LEI)."""

    name: str = "iso7064_mod97_10"
    layouts: tuple[str, ...] = (r"[A-Z0-9](?:[ -]?[A-Z0-9])*[ -]?\d[ -]?\d",)
    start: int = 0

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Append one or two decimal digits."""
        if character in " -":
            return state
        value = ALNUM_VALUES.get(character)
        if value is None or not isinstance(state, int):
            return None
        return (state * (10 if value < 10 else 100) + value) % 97

    def accepts(self, state: Hashable) -> bool:
        """The remainder is 1."""
        return state == 1


@dataclass(frozen=True)
class Mod11:
    """ISO 7064 mod 11-2: digits with a last character 0–9 or X = 10 (ISNI, ORCID).

    The state is (remainder, whether an X, which must be last, was read).
    """

    name: str = "iso7064_mod11_2"
    layouts: tuple[str, ...] = (r"\d(?:[ -]?\d)*[ -]?[\dX]",)
    start: tuple[int, bool] = (0, False)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """The remainder doubles with each character."""
        if character in " -":
            return state
        assert isinstance(state, tuple)
        value = 10 if character == "X" else DIGIT_VALUES.get(character)
        if value is None or state[1]:
            return None
        return (2 * state[0] + value) % 11, character == "X"

    def accepts(self, state: Hashable) -> bool:
        """The remainder is 1."""
        assert isinstance(state, tuple)
        return bool(state[0] == 1)


@dataclass(frozen=True)
class Hybrid:
    """The hybrid systems of ISO 7064: mod 37,36 over letters and digits (GRid), mod 11,10 over digits.

    The state is the product carried on and whether the text may end here.
    """

    name: str
    layouts: tuple[str, ...]
    modulus: int

    @property
    def start(self) -> Hashable:
        """The product begins with the smaller modulus; the empty text does not count."""
        return self.modulus, False

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Add the value, replace 0 by the modulus, double."""
        if character in " -":
            return state
        assert isinstance(state, tuple)
        value = ALNUM_VALUES.get(character)
        if value is None or value >= self.modulus:
            return None
        total = (state[0] + value) % self.modulus
        return 2 * (total or self.modulus) % (self.modulus + 1), total == 1

    def accepts(self, state: Hashable) -> bool:
        """The sum with the last character left 1."""
        assert isinstance(state, tuple)
        return bool(state[1])


MOD_37_36 = Hybrid("iso7064_mod37_36", (r"[A-Z0-9](?:[ -]?[A-Z0-9])+",), 36)
MOD_11_10 = Hybrid("iso7064_mod11_10", (r"\d(?:[ -]?\d)+",), 10)
