"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from db.exact import kept, written

_LONE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(\\|ud[89a-f][0-9a-f]{2})")


def storable_text(text: str) -> str:
    r"""Return text that both databases can hold: NUL becomes ``␀``, lone surrogates ``\udcff``."""
    if text.isascii() and "\0" not in text:
        return text
    return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\0", "␀"))


def _storable(value: Any) -> Any:
    if isinstance(value, float):  # first: most values are coordinates
        return value if math.isfinite(value) else None  # JSON has no infinity
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(str(key)): _storable(item) for key, item in value.items()}
    return value


class SafeText(TypeDecorator[str]):
    """Any text, also what a hostile document or recogniser made up (see ``storable_text``)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Clean the text."""
        return None if value is None else storable_text(value)


class PathText(TypeDecorator[str]):
    r"""A file's path, reversibly: names need not be UTF-8; a bad byte is ``\udcff``, ``\`` is ``\\``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what is not Unicode."""
        if value is None:
            return None
        return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", value.replace("\\", "\\\\"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the path as the file system knows it."""
        if value is None:
            return None
        return _ESCAPED.sub(lambda hit: "\\" if hit[1] == "\\" else chr(int(hit[1][1:], 16)), value)


class SafeJSON(TypeDecorator[Any]):
    """JSON whose texts are cleaned as in ``SafeText``."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Clean every text in it."""
        return _storable(value)


class Moment(TypeDecorator[datetime]):
    """A point in time, aware, UTC. PostgreSQL: TIMESTAMPTZ; SQLite: ``YYYY-MM-DD HH:MM:SS.ffffff``."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC; a naive time is refused, since nobody could say when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _SQLiteNumber(UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Declare a column that keeps both doubles and integers as they are given.

        SQLite goes by BLOB in a type's name (https://sqlite.org/datatype3.html#determination_of_column_affinity):
        a REAL column would make doubles of integers, and a NUMERIC one integers of 25.0.
        """
        return "NUMBER BLOB"


class Number(TypeDecorator[Decimal]):
    """A decimal number. PostgreSQL: exact NUMERIC; SQLite: REAL, or INTEGER for long whole ones.

    SQLite has no decimals. Values of up to 15 digits, and whole ones of 64 bits, compare and sort as they do
    in PostgreSQL, and ``db.queries`` sums them exactly. Short whole ones are REAL, too: 25 / 4 is 6.25. The
    exact text of every value stands in ``field_values.value``.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(_SQLiteNumber() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | float | int | None:
        """Give SQLite a double or an integer."""
        return kept(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return a decimal with the digits that were written."""
        return written(value) if isinstance(value, float | int) else value
