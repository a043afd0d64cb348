"""SQLite's answers as PostgreSQL gives them: 0.1 + 0.2 is 0.3, and dates are dates."""

from __future__ import annotations

import math
import re
import sqlite3
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from functools import cache

_CONTEXT = Context(prec=60)
_SPACES = r"[ \t-\r]*"
_NUMERAL = re.compile(_SPACES + r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_INTEGER = re.compile(_SPACES + "[+-]?[0-9]+" + _SPACES)

_DAY = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + rb"[ T][0-9]{2}:[0-9]{2}")
_TRUTH = {b"0": False, b"1": True}

_Value = float | int | str | bytes | None


class _Sum:
    """``sum(x)``: exact over the decimals that the doubles stand for; null if there are none.

    As with SQLite's own ``sum`` (https://sqlite.org/lang_aggfunc.html#sumunc), the sum is an integer if all
    that went in were integers, else one as ``kept`` says: SQLite drops the remainder when it divides two of
    them. Text counts by the number that it begins with, else as 0; it is an integer if it is just that.
    """

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.count = 0
        self.loose = 0  # what is not an integer
        self.infinite = {True: 0, False: 0}  # by sign; outside the total, which they could not leave again

    def step(self, value: _Value) -> None:
        """Take a value in."""
        self._count(value, 1)

    def inverse(self, value: _Value) -> None:
        """Take a value out, when a window moves on."""
        self._count(value, -1)

    def _count(self, value: _Value, times: int) -> None:
        if value is None:
            return
        number = _decimal(value)
        if number.is_infinite():
            self.infinite[number > 0] += times
        else:
            self.total = _CONTEXT.fma(number, Decimal(times), self.total)
        self.count += times
        self.loose += times * _is_loose(value, number)

    def value(self) -> float | int | None:
        """Return the sum so far."""
        if not self.count or any(self.infinite.values()):
            return self._beyond()
        if self.loose or abs(self.total) >= 2**63:
            return kept(self.total)
        return int(self.total)

    finalize = value

    def _beyond(self) -> float | None:
        """Return the result where there is no finite sum; infinities of both signs are null, as in SQLite."""
        if not any(self.infinite.values()) or all(self.infinite.values()):
            return None
        return math.inf if self.infinite[True] else -math.inf


class _Average(_Sum):
    """``avg(x)``: the exact sum over the count."""

    def value(self) -> float | None:
        """Return the average so far."""
        if not self.count or any(self.infinite.values()):
            return self._beyond()
        return float(_CONTEXT.divide(self.total, Decimal(self.count)))

    finalize = value


def _decimal(value: float | int | str | bytes) -> Decimal:
    if isinstance(value, int | float):
        return Decimal(repr(value))
    found = _NUMERAL.match(value if isinstance(value, str) else value.decode("latin-1"))
    if found is None:
        return Decimal(0)
    nearest = float(found[1])
    if nearest == 0 or math.isinf(nearest):  # what a double cannot hold may be too much for a Decimal, too
        return Decimal(nearest)
    return _CONTEXT.create_decimal(found[1])


def _is_loose(value: float | int | str | bytes, number: Decimal) -> bool:
    """Whether SQLite takes a value for a float; ``number`` is what it stands for. Bytes always are one."""
    if not isinstance(value, str):
        return not isinstance(value, int)
    return not _INTEGER.fullmatch(value) or not -(2**63) <= number < 2**63


def kept(number: Decimal) -> float | int:
    """Return what SQLite is to keep of a decimal.

    A double, so that 25 / 4 is 6.25; but an integer where a whole number has more digits than SQLite shows of
    a double: at most 15.
    """
    whole = 10**15 <= abs(number) < 2**63 and number == number.to_integral_value()
    return int(number) if whole else float(number)


def written(number: float | int | str) -> Decimal:
    """Return the decimal that SQLite keeps as ``kept`` says: 12.5, and 25 where it has 25.0."""
    return Decimal(f"{Decimal(str(number)):f}".removesuffix(".0"))


def register_exact_sums(connection: sqlite3.Connection) -> None:
    """Replace ``sum`` and ``avg`` of this connection, as aggregates and over windows."""
    connection.create_window_function("sum", 1, _Sum)
    connection.create_window_function("avg", 1, _Average)


@cache
def register_types() -> None:
    """Turn columns declared as such into dates, moments and booleans (``PARSE_DECLTYPES``).

    Not numbers: SQLite would hand them over as text of 15 digits. A column's type goes by the first part of a
    UNION, and in somebody's own table anything may stand in it: what is no such value stays the text it is.
    """
    sqlite3.register_converter("DATE", _day)
    sqlite3.register_converter("DATETIME", _moment)
    sqlite3.register_converter("BOOLEAN", lambda raw: _TRUTH[raw] if raw in _TRUTH else _as_it_is(raw))


def _day(raw: bytes) -> date | str | bytes:
    with suppress(ValueError):
        if _DAY.fullmatch(raw):
            return date.fromisoformat(raw.decode())
    return _as_it_is(raw)


def _moment(raw: bytes) -> datetime | str | bytes:
    with suppress(ValueError):
        if _MOMENT.match(raw):
            moment = datetime.fromisoformat(raw.decode())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _as_it_is(raw)


def _as_it_is(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
