"""Sums and averages on SQLite: exact, and text counts as SQLite's own functions take it."""

from __future__ import annotations

import itertools
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from db.exact import register_exact_sums, register_types

Value = float | int | str | bytes | None

ODD: list[Value] = [
    *("12", " 12 ", "+7", "-7", "\v\f12", "9223372036854775807", "9223372036854775808", "9" * 38, "007"),
    *("12.50", "12.", ".5", "-.5e-1x", "5.e1", "1e3", "1e", "1e+", "12abc", "1,5", "1_000", "12.50 EUR"),
    *("", " ", "abc", "-", "- 1", "+-7", ".", "e5", "inf", "Infinity", "-inf", "nan", "12\0", "\0", "-0"),
    "0x10",
    *("\u0661", "\u00a012", "1e999", "-1e999", "1e-999", "1e99999999999999999999", "1e-99999999999999999999"),
    *("0.1234567890123456789012", "1" + "0" * 400 + "e-400", b"123", b" 1.5z", b"", b"\xff1", b"7\xff"),
    *(0.1, 2.5, 7, -3, 1e300, math.inf, -math.inf, None),
]  # fmt: skip
BOTH = "select sum(x), avg(x) from given"


@pytest.fixture
def own() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        register_exact_sums(connection)
        connection.execute("create table given (x)")
        yield connection


@pytest.fixture
def plain() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table given (x)")
        yield connection


def fill(connection: sqlite3.Connection, values: Sequence[Value]) -> sqlite3.Connection:
    connection.execute("delete from given")
    connection.executemany("insert into given values (?)", [(value,) for value in values])
    return connection


def near(results: Sequence[float | None]) -> list[object]:
    """Plain SQLite adds doubles, and its rounding is not ours."""
    return [None if one is None else pytest.approx(one, rel=1e-12, abs=1e-12) for one in results]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:30])
def test_one_value_counts_as_in_plain_sqlite(
    own: sqlite3.Connection, plain: sqlite3.Connection, value: Value
) -> None:
    total, mean = fill(own, [value]).execute(BOTH).fetchone()
    expected = fill(plain, [value]).execute(BOTH).fetchone()
    assert [total, mean] == near(expected)
    assert type(total) is type(expected[0])


def test_two_values_count_as_in_plain_sqlite(own: sqlite3.Connection, plain: sqlite3.Connection) -> None:
    modest = [
        value for value in ODD if value not in ("9223372036854775807", 1e300)
    ]  # no overflow, no rounding
    for pair in itertools.combinations(modest, 2):
        total, mean = fill(own, pair).execute(BOTH).fetchone()
        expected = fill(plain, pair).execute(BOTH).fetchone()
        assert [total, mean] == near(expected), pair
        if expected[0] is None or abs(expected[0]) < 10**15:  # beyond, what is exact is an integer
            assert type(total) is type(expected[0]), pair


def test_text_is_summed_exactly(own: sqlite3.Connection) -> None:
    assert fill(own, ["0.1", "0.2", "x"]).execute(BOTH).fetchone() == (0.3, 0.1)
    assert fill(own, ["9007199254740993", "1"]).execute(BOTH).fetchone()[0] == 9007199254740994
    assert fill(own, ["1e16", "1", "-1e16"]).execute(BOTH).fetchone()[0] == 1.0


def test_a_long_whole_sum_is_exact_with_doubles_in_it(own: sqlite3.Connection) -> None:
    assert fill(own, [12345678901234567, 2.0]).execute(BOTH).fetchone()[0] == 12345678901234569
    assert fill(own, [2**63 - 1, 2.0]).execute(BOTH).fetchone()[0] == pytest.approx(2.0**63)


def test_a_sum_divides_as_in_plain_sqlite(own: sqlite3.Connection, plain: sqlite3.Connection) -> None:
    share = "select sum(x) / count(*) from given"
    for values in ([1.5, 1.5], [10.0, 15.0], [10, 15], [10, 15.0]):
        assert fill(own, values).execute(share).fetchone() == fill(plain, values).execute(share).fetchone()


def test_a_window_forgets_text_and_infinity_that_it_has_left(own: sqlite3.Connection) -> None:
    fill(own, ["1.5", "inf", "1e999", "-1e999", "2", "3", None])
    moving = "select sum(x) over (order by rowid rows between 1 preceding and current row) from given"
    sums = [row[0] for row in own.execute(moving)]
    assert sums == [1.5, 1.5, math.inf, None, -math.inf, 5, 3]
    assert [type(one) for one in sums[-2:]] == [int, int]


def test_a_very_long_number_does_not_hold_up_a_query(own: sqlite3.Connection) -> None:
    fill(own, ["1." + "3" * 5_000_000, "0" * 5_000_000 + "1", "1" + "0" * 5_000_000])
    assert own.execute("select sum(x), avg(x) from given").fetchone() == (math.inf, math.inf)


@pytest.fixture
def typed() -> Iterator[sqlite3.Connection]:
    register_types()
    with closing(sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)) as connection:
        connection.execute("create table own (day DATE, at DATETIME, paid BOOLEAN, amount NUMBER BLOB)")
        yield connection


def test_columns_declared_as_such_hold_days_moments_and_truth(typed: sqlite3.Connection) -> None:
    at = "2026-03-01 12:30:00.000000"
    typed.execute("insert into own values ('2026-03-01', ?, 1, 12.5)", (at,))
    moment = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert typed.execute("select * from own").fetchone() == (date(2026, 3, 1), moment, True, 12.5)


def test_a_moment_with_an_offset_is_that_moment(typed: sqlite3.Connection) -> None:
    typed.execute("insert into own (at) values ('2026-03-01T12:30:00+02:00')")
    [(moment,)] = typed.execute("select at from own").fetchall()
    assert moment == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["all", "01.03.2026", "20260301", "2026-02-30", "2026-03-01 99:00", "ü"])
def test_what_is_no_such_value_stays_the_text_it_is(typed: sqlite3.Connection, text: str) -> None:
    typed.execute("insert into own values (?, ?, ?, ?)", (text,) * 4)
    shown = tuple(str(one) for one in typed.execute("select * from own").fetchone())
    assert shown == (text,) * 4


def test_bytes_that_are_no_text_stay_bytes(typed: sqlite3.Connection) -> None:
    typed.execute("insert into own (day) values (?)", (b"\xff",))
    assert typed.execute("select day from own").fetchone() == (b"\xff",)


@pytest.mark.parametrize("number", [123456789012345.5, 1 / 3, 12345678901234.56, 2**63 - 1, 1e300])
def test_a_number_keeps_all_its_digits(typed: sqlite3.Connection, number: float) -> None:
    typed.execute("insert into own (amount) values (?)", (number,))
    assert typed.execute("select amount from own").fetchone() == (number,)
