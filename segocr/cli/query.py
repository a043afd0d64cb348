"""``segocr query``: ask the database in SQL, reading only."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import click

from segocr.cli.output import Format, formats, note, print_rows


@click.command()
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
    print_rows(answer.columns, ([_printed(value) for value in row] for row in answer.rows), output)
    if answer.truncated:
        note(f"only the first {limit} rows are shown; raise --limit for more")


def _printed(value: object) -> object:
    """Return a value as both databases print it."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 2**53:
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    if (isinstance(value, float) and value != value) or value in (float("inf"), float("-inf")):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value.hex() if isinstance(value, bytes) else value
