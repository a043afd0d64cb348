"""IBAN (ISO 13616-1): country, check digits, account; mod 97-10 after moving the first four to the end."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from segocr.constraints.checks.kinds import ALNUM_VALUES

STRUCTURES = {
    "11n": "NO", "12n": "BE", "14n": "DK FI FO GL SD", "2a12n": "FK", "4a10n": "NL", "15n": "SI",
    "3n10c2n": "MK", "16n": "AT BA EE LT MN XK", "3n13c": "KZ LU", "17n": "HR", "4a13c": "LV",
    "5n12c": "CH LI", "18n": "CR DE ME RS VA", "2a16n": "GE", "4a14c": "BH", "4a14n": "GB IE",
    "4a6n8c": "BG", "19n": "AE IL SO TL", "3n16c": "OM", "4a15c": "GI", "4a15n": "IQ", "20c": "MD",
    "20n": "CZ ES SE SK TN", "2n18c": "SA", "4a16c": "PK RO", "4a16n": "VG", "8n12c": "AD",
    "21n": "LY PT ST", "22n": "IS", "6n16c": "TR", "10n11c2n": "FR MC", "1a10n12c": "IT SM",
    "23n": "BI DJ MR", "7n16c": "GR", "24c": "GT", "24n": "HU PL", "4a20c": "AZ", "4a20n": "HN NI SV",
    "4c20n": "DO", "4c4n16c": "BY", "4n20c": "LB", "8n16c": "AL CY", "23n1a1c": "BR", "25n": "EG",
    "4a21c": "PS QA", "6n19c": "UA", "4a19n3a": "MU", "4a22c": "KW", "4a4n18c": "JO YE", "4a20n3a": "SC",
    "4a5n18c": "MT", "4a24c": "LC", "14n15c": "RU",
}  # fmt: skip
"""Countries by what follows their check digits: n digits, a letters, c both (ISO 13616-1).

From the IBAN registry, release 101 (SWIFT, the registration authority of ISO 13616).
"""

_CLASSES = {"n": r"\d", "a": "[A-Z]", "c": "[A-Z0-9]"}
_CHECK_DIGITS = r"(?: ?0 ?[2-9]| ?[1-8] ?\d| ?9 ?[0-8])"
"""98 less a remainder of mod 97: 02 to 98."""

_INVERSE = pow(1_000_000, -1, 97)


def _layout() -> str:
    """One alternative a structure: country, check digits, account; a space may stand after any character."""
    options = []
    for structure, countries in STRUCTURES.items():
        named = "|".join(f"{code[0]} ?{code[1]}" for code in countries.split())
        account = (f"(?: ?{_CLASSES[kind]}){{{count}}}" for count, kind in _runs(structure))
        options.append(f"(?:{named}){_CHECK_DIGITS}{''.join(account)}")
    return "|".join(options)


def _runs(structure: str) -> list[tuple[str, str]]:
    return re.findall("([0-9]+)([nac])", structure)


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
        """The structures by country."""
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
