"""``segocr query``: ask the database in SQL, reading only."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal

import click

from segocr.cli.output import Format, formats, note, print_rows

_COMMENT = re.compile(r"--(\s|.*\n)")
_HUGE = Decimal("1e300")
"""No double holds much more, and Python writes no integer of some thousand digits."""


class _Query(click.Command):
    """A command that takes SQL which begins with a comment (``-- …``) for no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        return super().parse_args(ctx, [f" {arg}" if _COMMENT.match(arg) else arg for arg in args])


@click.command(cls=_Query)
@click.argument("sql")
@formats(Format.TABLE, Format.JSON, Format.JSONL, Format.CSV)
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(min=1), help="Most rows.")
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True, max=86_400),
    metavar="SECONDS",
    help="Longest time to wait.",
)
def command(sql: str, output: Format, limit: int, timeout: float) -> None:
    r"""Run one SELECT and print its rows.

    Every template has a view of its name; `needs_review` lists what a person should look at;
    `segocr db views` lists them all with their columns.

    \b
    Example: segocr query "select company, sum(total) from receipt group by company"
    """
    from db.queries import run_query
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        answer = run_query(engine, sql, row_limit=limit, time_limit=timeout)
    # One row at a time: as text, the rows of a large answer take up to twice as much memory once more.
    print_rows(answer.columns, ([_printed(value, output) for value in row] for row in answer.rows), output)
    if answer.truncated:
        note(f"only the first {limit} rows are shown; raise --limit for more")


def _printed(value: object, output: Format) -> object:
    """Return a value as both databases print it: no digit of an exact number is lost, and none is made up."""
    if isinstance(value, list | tuple):
        return [_printed(one, output) for one in value]
    if isinstance(value, dict):
        return {name: _printed(one, output) for name, one in value.items()}
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, Decimal | float):
        return _number(value, output)
    return value.hex() if isinstance(value, bytes) else value


def _number(value: Decimal | float, output: Format) -> object:
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        return str(float(value))
    if isinstance(value, float):
        # Beyond, a double stands for its neighbours, too: it is no whole number that somebody wrote.
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if abs(value) >= _HUGE:
        return value
    if value == value.to_integral_value():
        return int(value)
    # A column of JSON is of one type: numbers with a fraction are doubles there, as SQLite has them.
    of_json = output in (Format.JSON, Format.JSONL)
    return float(value) if of_json or Decimal(repr(float(value))) == value else value
