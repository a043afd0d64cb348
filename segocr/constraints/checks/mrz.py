"""Machine-readable zones of travel documents (ICAO Doc 9303): every line, with all its check digits.

Values: digits as they are, A = 10 … Z = 35, the filler ``<`` = 0. Weights 7, 3, 1 repeated, modulus 10
(part 3, section 4.9). A composite digit runs over several fields as if they were written one after
another. Positions count from 0 here.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from segocr.constraints.checks.kinds import (
    ALNUM_VALUES,
    DIGIT_VALUES,
    AllOf,
    AnyOf,
    Check,
    Equation,
    Sums,
    cycle,
)

VALUES = {**ALNUM_VALUES, "<": 0}
_WEIGHTS = (7, 3, 1)
_NUMBER = r"[A-Z0-9][A-Z0-9<]{8}"
_COUNTRY = r"(?:[A-Z]{3}|[A-Z]{2}<|[A-Z]<<)"
# Unknown months and days are fillers; some issuers print 00.
_DATE = r"(?:\d\d|<<)(?:0\d|1[0-2]|<<)(?:[0-2]\d|3[01]|<<)"
_NAMES = r"(?P<surname>[A-Z]+(?:<[A-Z]+)*)(?:<<(?P<given_names>[A-Z]+(?:<[A-Z]+)*))?<*"
_DATES = rf"(?P<birth_date>{_DATE})\d(?P<sex>[MFX<])(?P<expiry_date>{_DATE})\d"
_HEAD = rf"(?P<document_number>{_NUMBER})[0-9<](?P<nationality>{_COUNTRY})"


def check_digit(text: str) -> str:
    """The check digit of a field.

    Args:
        text: letters, digits and fillers.

    Raises:
        KeyError: another character.
    """
    return str(
        sum(VALUES[letter] * weight for letter, weight in zip(text, cycle(_WEIGHTS, len(text)), strict=True))
        % 10
    )


def _digit(length: int, covered: Iterable[int], at: int) -> Equation:
    """The digit at one position, over the covered positions in order."""
    weights = [0] * length
    for place, position in enumerate(covered):
        weights[position] = _WEIGHTS[place % 3]
    weights[at] = -1
    return Equation(tuple(weights), 10)


def _line(name: str, layouts: tuple[str, ...], length: int, digits: dict[int, tuple[range, ...]]) -> Sums:
    """A line with check digits: by position of the digit, the ranges that it covers."""
    equations = tuple(
        _digit(length, (place for covered in ranges for place in covered), at)
        for at, ranges in digits.items()
    )
    return Sums(name, layouts, (VALUES,) * length, equations)


@dataclass(frozen=True)
class LongNumber:
    """A document number of more than nine characters (Doc 9303 parts 5 and 6).

    A filler stands where its check digit would be; the rest of the number, the digit and a filler begin the
    optional data.

    The state: position, sum of the number without its last character, that last character's value and digit
    (99: a letter) as ``100 * value + digit``, how many characters of the number were read (-1: the digit was
    found right).
    """

    name: str
    layouts: tuple[str, ...]
    number: range
    digit: int
    optional: range
    start: tuple[int, ...] = (0, 0, -1, 0)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Follow the number through both its places."""
        assert isinstance(state, tuple)
        place, total, last, count = state
        if count < 0:
            return place + 1, 0, 0, -1
        value = VALUES.get(character)
        if value is None or (place == self.digit and character != "<"):
            return None
        if place in self.number:
            return place + 1, (total + value * _WEIGHTS[count % 3]) % 10, -1, count + 1
        if place not in self.optional:
            return place + 1, total, last, count
        return self._continued(place, total, last, count, character, value)

    def _continued(
        self, place: int, total: int, last: int, count: int, character: str, value: int
    ) -> Hashable | None:
        """Read the rest of the number; its last character before the filler is the digit."""
        begins = place == self.optional.start
        if character == "<":
            found = count > len(self.number) + 1 and last % 100 == total and last >= 0
            return (place + 1, 0, 0, -1) if found else None
        if not begins:
            total = (total + last // 100 * _WEIGHTS[(count - 1) % 3]) % 10
        digit = value if value < 10 else 99
        return place + 1, total, value * 100 + digit, count + 1

    def accepts(self, state: Hashable) -> bool:
        """The digit was found right."""
        assert isinstance(state, tuple)
        return bool(state[3] < 0)


def _names_line(name: str, kind: str, length: int) -> Sums:
    """A first line without check digits: document type, issuer, names."""
    layout = rf"(?P<document_type>{kind}[A-Z<])(?P<issuer>{_COUNTRY}){_NAMES}"
    return Sums(name, (layout, rf"[A-Z<]{{{length}}}"), (VALUES,) * length, ())


def _with_long_number(short: Sums, rest: Sums, number: range, digit: int, optional: range) -> Check:
    """A line whose document number is either of nine characters or continued in the optional data."""
    long = LongNumber(short.name, (), number, digit, optional)
    return AnyOf(short.name, short.layouts, (short, AllOf(short.name, (), (rest, long))))


def _td1_line1() -> Check:
    layout = (
        rf"(?P<document_type>[ACI][A-Z0-9<])(?P<issuer>{_COUNTRY})(?P<document_number>{_NUMBER})[0-9<]"
        r"(?P<optional>[A-Z0-9<]{15})"
    )
    short = _line("mrz_td1_line1", (layout,), 30, {14: (range(5, 14),)})
    short = Sums(
        short.name, short.layouts, (*short.values[:14], DIGIT_VALUES, *short.values[15:]), short.equations
    )
    rest = _line("mrz_td1_line1", (), 30, {})
    return _with_long_number(short, rest, range(5, 14), 14, range(15, 30))


def _td2_line2() -> Check:
    digits = {19: (range(13, 19),), 27: (range(21, 27),), 35: (range(0, 10), range(13, 20), range(21, 35))}
    layout = rf"{_HEAD}{_DATES}(?P<optional>[A-Z0-9<]{{7}})\d"
    short = _line("mrz_td2_line2", (layout,), 36, {9: (range(0, 9),), **digits})
    short = Sums(
        short.name, short.layouts, (*short.values[:9], DIGIT_VALUES, *short.values[10:]), short.equations
    )
    return _with_long_number(short, _line("mrz_td2_line2", (), 36, digits), range(0, 9), 9, range(28, 35))


def _dates_digits(number_covers: range) -> dict[int, tuple[range, ...]]:
    return {9: (number_covers,), 19: (range(13, 19),), 27: (range(21, 27),)}


TD3_LINE1 = _names_line("mrz_td3_line1", "P", 44)
TD3_LINE2 = _line(
    "mrz_td3_line2",
    # An empty personal number has the check digit 0 or a filler.
    (rf"{_HEAD}{_DATES}(?:(?P<personal_number>[A-Z0-9<]{{14}})\d|<{{14}}<)\d", r".{9}\d.{34}"),
    44,
    {
        **_dates_digits(range(0, 9)),
        42: (range(28, 42),),
        43: (range(0, 10), range(13, 20), range(21, 43)),
    },
)
TD2_LINE1 = _names_line("mrz_td2_line1", "[ACIPV]", 36)
TD2_LINE2 = _td2_line2()
TD1_LINE1 = _td1_line1()
TD1_LINE2 = _line(
    "mrz_td1_line2",
    (
        rf"(?P<birth_date>{_DATE})\d(?P<sex>[MFX<])(?P<expiry_date>{_DATE})\d(?P<nationality>{_COUNTRY})"
        r"(?P<optional>[A-Z0-9<]{11})\d",
    ),
    30,
    {6: (range(0, 6),), 14: (range(8, 14),)},
)
"""Its composite digit (position 29) covers line 1 too: see `td1_composite_holds`."""
TD1_LINE3 = Sums("mrz_td1_line3", (_NAMES, "[A-Z<]{30}"), (VALUES,) * 30, ())
MRV_A_LINE1 = _names_line("mrv_a_line1", "V", 44)
MRV_A_LINE2 = _line(
    "mrv_a_line2",
    (rf"{_HEAD}{_DATES}(?P<optional>[A-Z0-9<]{{16}})", r".{9}\d.{34}"),
    44,
    _dates_digits(range(0, 9)),
)
MRV_B_LINE1 = _names_line("mrv_b_line1", "V", 36)
MRV_B_LINE2 = _line(
    "mrv_b_line2",
    (rf"{_HEAD}{_DATES}(?P<optional>[A-Z0-9<]{{8}})", r".{9}\d.{26}"),
    36,
    _dates_digits(range(0, 9)),
)


def td1_composite_holds(line1: str, line2: str) -> bool:
    """Whether the composite digit of a TD1 document (Doc 9303 part 5) holds over its first two lines.

    It covers positions 5–29 of line 1 and 0–6, 8–14 and 18–28 of line 2, so it can be verified only when both
    lines have been read.
    """
    if len(line1) != 30 or len(line2) != 30 or not set(line1 + line2) <= set(VALUES):
        return False
    return check_digit(line1[5:30] + line2[0:7] + line2[8:15] + line2[18:29]) == line2[29]
