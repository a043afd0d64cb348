"""The machine-readable zone of a passport's data page: two lines of 44 characters.

Source: ICAO Doc 9303, part 3 (check digits, section 4.9) and part 4 (TD3 layout, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 3, 1)
_LENGTH = 44


@dataclass(frozen=True, slots=True)
class Holder:
    """An invented person and their document; `sex` is F, M or X."""

    surname: str
    given_names: str
    number: str
    nationality: str
    birth: date
    sex: str
    expiry: date
    personal_number: str = ""


def check_digit(text: str) -> str:
    """Return the check digit of `text`: weights 7, 3, 1 modulo 10; A–Z are 10–35, the filler is 0."""
    values = (0 if c == "<" else int(c, 36) for c in text)
    return str(sum(value * _WEIGHTS[i % 3] for i, value in enumerate(values)) % 10)


def mrz_lines(holder: Holder) -> tuple[str, str]:
    """Return both lines of a TD3 zone, every check digit right."""
    names = f"{holder.surname}<<{holder.given_names}".replace(" ", "<")
    first = f"P<{holder.nationality:<<3}{names}".ljust(_LENGTH, "<")
    number = holder.number.ljust(9, "<")
    birth, expiry = f"{holder.birth:%y%m%d}", f"{holder.expiry:%y%m%d}"
    personal = holder.personal_number.ljust(14, "<")
    numbered = number + check_digit(number)
    dated = f"{birth}{check_digit(birth)}"
    until = f"{expiry}{check_digit(expiry)}{personal}{check_digit(personal)}"
    sex = "<" if holder.sex == "X" else holder.sex
    second = f"{numbered}{holder.nationality:<<3}{dated}{sex}{until}"
    return first[:_LENGTH], second + check_digit(numbered + dated + until)
