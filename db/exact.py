"""SQLite's answers as PostgreSQL gives them: 0.1 + 0.2 is 0.3, and dates are dates."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from functools import cache

_CONTEXT = Context(prec=60)


class _Sum:
    """``sum(x)``: exact over the decimals that the doubles stand for; null if there are none."""

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.count = 0

    def step(self, value: float | int | str | bytes | None) -> None:
        """Take a value in."""
        if value is not None:
            self.total = _CONTEXT.add(self.total, _decimal(value))
            self.count += 1

    def inverse(self, value: float | int | str | bytes | None) -> None:
        """Take a value out, when a window moves on."""
        if value is not None:
            self.total = _CONTEXT.subtract(self.total, _decimal(value))
            self.count -= 1

    def value(self) -> float | int | None:
        """Return the sum so far."""
        return _number(self.total) if self.count else None

    finalize = value


class _Average(_Sum):
    """``avg(x)``: the exact sum over the count."""

    def value(self) -> float | None:
        """Return the average so far."""
        return float(_CONTEXT.divide(self.total, Decimal(self.count))) if self.count else None

    finalize = value


def _decimal(value: float | int | str | bytes) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, int | float) else Decimal(0)


def _number(value: Decimal) -> float | int:
    whole = value == value.to_integral_value() and abs(value) < 2**63
    return int(value) if whole else float(value)


def register_exact_sums(connection: sqlite3.Connection) -> None:
    """Replace ``sum`` and ``avg`` of this connection, as aggregates and over windows."""
    connection.create_window_function("sum", 1, _Sum)
    connection.create_window_function("avg", 1, _Average)


@cache
def register_types() -> None:
    """Turn columns declared as such into dates, moments, booleans and decimals (``PARSE_DECLTYPES``)."""
    sqlite3.register_converter("DATE", lambda text: date.fromisoformat(text.decode()))
    sqlite3.register_converter("DATETIME", _moment)
    sqlite3.register_converter("BOOLEAN", lambda text: text != b"0")
    sqlite3.register_converter("NUMERIC", lambda text: Decimal(text.decode()))


def _moment(text: bytes) -> datetime:
    return datetime.fromisoformat(text.decode()).replace(tzinfo=UTC)
