"""Vehicle identification numbers (ISO 3779, check digit of 49 CFR 565.15), freight containers (ISO 6346)."""

from collections.abc import Hashable
from dataclasses import dataclass

from segocr.constraints.checks.kinds import DIGIT_VALUES, Equation, Sums

_VIN_LETTERS = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_VALUES = {**DIGIT_VALUES, **_VIN_LETTERS}
_VIN_CHECK = {**DIGIT_VALUES, "X": 10}

VIN = Sums(
    name="vin",
    # 49 CFR 565.15 (d): the tenth is the model year, never U, Z or 0; the last four are digits, and those of
    # cars and light trucks the last five, but a number does not tell what vehicle it is of.
    layouts=(r"[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-TV-Y1-9][A-HJ-NPR-Z0-9]{3}\d{4}",),
    values=(_VIN_VALUES,) * 8 + (_VIN_CHECK,) + (_VIN_VALUES,) * 8,
    equations=(Equation((8, 7, 6, 5, 4, 3, 2, 10, -1, 9, 8, 7, 6, 5, 4, 3, 2), 11),),
)
"""North American vehicles; elsewhere the ninth character need not be a check digit."""


def _container_letters() -> dict[str, int]:
    """A = 10 and on, without the multiples of 11."""
    values = [value for value in range(10, 39) if value % 11]
    return dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", values, strict=True))


_CONTAINER_LETTERS = _container_letters()


@dataclass(frozen=True)
class Container:
    """ISO 6346: owner, category, six digits; the sum with weights 1, 2, 4 … mod 11 mod 10 is the last digit.

    The state is the position and the sum mod 11.
    """

    name: str = "iso6346"
    layouts: tuple[str, ...] = (r"[A-Z] ?[A-Z] ?[A-Z] ?[UJZ](?: ?\d){6}[ -]?\d",)
    start: tuple[int, int] = (0, 0)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Add the weighted value, or compare the last digit."""
        if character in " -":
            return state
        assert isinstance(state, tuple)
        place, total = state
        if place > 10:
            return None
        value = (_CONTAINER_LETTERS if place < 4 else DIGIT_VALUES).get(character)
        if value is None or (place == 10 and value != total % 10):
            return None
        return place + 1, (total + (value << place)) % 11 if place < 10 else 0

    def accepts(self, state: Hashable) -> bool:
        """All eleven characters were read."""
        assert isinstance(state, tuple)
        return bool(state[0] == 11)


CONTAINER = Container()
