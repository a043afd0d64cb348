"""IBAN (ISO 13616-1): country, check digits, account; mod 97-10 after moving the first four to the end."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from segocr.constraints.checks.kinds import ALNUM_VALUES

LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
    32: "LC", 33: "RU",
}  # fmt: skip
"""Countries by length, from the IBAN registry (SWIFT, the registration authority of ISO 13616)."""

_INVERSE = pow(1_000_000, -1, 97)


def _layout() -> str:
    """One alternative a length: country, check digits, account; a space may stand after any character."""
    options = []
    for length, countries in LENGTHS.items():
        named = "|".join(f"{code[0]} ?{code[1]}" for code in countries.split())
        options.append(f"(?:{named})(?: ?\\d){{2}}(?: ?[A-Z0-9]){{{length - 4}}}")
    return "|".join(options)


@dataclass(frozen=True)
class Iban:
    """Mod 97-10 from left to right.

    The state: characters read of the first four, their value, and from the fifth on what the account must
    come to and what it has come to, mod 97.
    """

    name: str = "iban"
    start: tuple[int, int, int] = (0, 0, 0)

    @cached_property
    def layouts(self) -> tuple[str, ...]:
        """The lengths by country."""
        return (_layout(),)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Take one character; spaces between groups are passed over."""
        if character == " ":
            return state
        value = ALNUM_VALUES.get(character)
        if value is None:
            return None
        assert isinstance(state, tuple)
        place, first, rest = state
        scale = 10 if value < 10 else 100
        if place == 4:
            return 4, first, (rest * scale + value) % 97
        if (place < 2) != (value >= 10):
            return None
        head = (first * scale + value) % 97
        if place < 3:
            return place + 1, head, 0
        # account * 10**6 + head must leave 1, so the account must leave this:
        return 4, (1 - head) * _INVERSE % 97, 0

    def accepts(self, state: Hashable) -> bool:
        """The account came to what the head asks for."""
        assert isinstance(state, tuple)
        return bool(state[0] == 4 and state[1] == state[2])
