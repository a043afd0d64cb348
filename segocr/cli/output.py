"""How commands print data: one set of options and one way to write JSON, CSV and tables, harmless everywhere.

A command takes ``@formats(...)`` and gets a parameter ``output: Format``:

    @click.command()
    @formats(Format.JSON, Format.CSV, Format.TABLE)
    def command(output: Format) -> None:
        print_rows(["name", "size"], [("a", 1)], output)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import count, islice, repeat
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

import click

from segocr.reports.printable import csv_cell, json_text, one_line, printable

if TYPE_CHECKING:
    from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])

_CHOSEN = "segocr.output"

_PIECE = 2048
"""Characters, at most 8 kB in UTF-8: what Python's buffered output holds."""
PIPED_WIDTH = 160
"""Of a table that goes to a file and has no terminal's width: wide enough that few cells are folded."""
_READABLE = 12
"""Characters: a cell folded to fewer cannot be read."""
_GAP = 3
"""Characters between two columns of a table."""
_AMOUNT = 1000
"""From here on a reckoned number in a table is more likely money than a measurement: it keeps its digits."""
_TALLEST = 10
"""Lines, about: a row folded to more is no row."""
_MANY = 2000
"""Rows that Rich is given: about a second."""
_AT_ONCE = 200
_NUMBERS = (int, float, Decimal)


class Format(StrEnum):
    """What is written on standard output."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


_HELP = {
    Format.TABLE: "A table for people.",
    Format.JSON: "JSON.",
    Format.JSONL: "One JSON object a line.",
    Format.CSV: "Comma-separated values.",
}


def formats(*allowed: Format, default: Format | None = Format.TABLE) -> Callable[[F], F]:
    """Return a decorator that adds ``--json``, ``--csv`` … and the parameter ``output``.

    Args:
        allowed: The formats that the command can print.
        default: Taken where none is asked for; None: the command gets None and decides itself.
    """

    def choose(context: click.Context, option: click.Parameter, given: bool) -> None:
        context.params.setdefault("output", default)
        if given:
            kind = Format(str(option.name))
            first = context.meta.setdefault(_CHOSEN, kind)
            if first is not kind:
                raise click.UsageError(f"--{first} and --{kind} exclude each other", context)
            context.params["output"] = kind

    def decorate(function: F) -> F:
        for kind in reversed(allowed):
            text = _HELP[kind] + (" The default." if kind is default else "")
            option = click.option(f"--{kind}", is_flag=True, expose_value=False, callback=choose, help=text)
            function = option(function)
        return function

    return decorate


def print_json(value: object) -> None:
    """Print one JSON value, indented; dates, decimals and paths become text."""
    click.echo(as_json(value, indent=2))


def as_json(value: object, *, indent: int | None = None) -> str:
    """Return JSON text that is harmless on a terminal."""
    return json_text(json.dumps(value, ensure_ascii=False, indent=indent, default=str, allow_nan=False))


def print_whole(text: str) -> None:
    """Print a text that may be long, whole even when a signal comes in the middle.

    When a signal cuts a write of more than a buffer to a pipe short, CPython 3.11 loses the rest of it
    without an error (seen with other threads running, on records of 100 kB). Pieces that fit in the
    buffer are kept.
    """
    for start in range(0, len(text), _PIECE):
        click.echo(text[start : start + _PIECE], nl=False)


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], output: Format) -> None:
    """Print rows under named columns in any format.

    JSON and JSONL keep numbers, booleans and null; a table and CSV show null as nothing, and a path on one
    line, while a text may have several: a file may be named to look like another row. Where a table's
    columns would be too narrow to read, each row is a block. Of columns with the same name, the later ones
    are called ``name_2``, ``name_3`` …
    """
    columns = _distinct(columns)
    if output is Format.JSON:
        _print_json_rows(columns, rows)
    elif output is Format.JSONL:
        for row in rows:
            print_whole(as_json(dict(zip(columns, row, strict=True))) + "\n")
    elif output is Format.CSV:
        print_csv(columns, rows)
    else:
        rows = list(rows)
        needs = _needs(columns, rows)
        if needs is None:
            _print_blocks(columns, rows)
        elif len(rows) > _MANY:
            _print_long_table(columns, rows, needs)
        else:
            print_table(columns, rows)


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names with a number after those that came before, so that an object can hold all."""
    taken = set(names)
    distinct: dict[str, None] = {}  # an ordered set
    for name in names:
        if name in distinct:
            name = next(other for n in count(2) if (other := f"{name}_{n}") not in taken)
            taken.add(name)
        distinct[name] = None
    return list(distinct)


def _print_json_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print what ``print_json`` does of a list of objects, holding one at a time: many rows are large."""
    opening = "[\n"
    for row in rows:
        text = as_json(dict(zip(columns, row, strict=True)), indent=2)
        print_whole(opening + "  " + text.replace("\n", "\n  "))  # no string in JSON holds a line feed
        opening = ",\n"
    click.echo("[]" if opening == "[\n" else "\n]")


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print CSV (RFC 4180, line feeds at the ends) without control characters or formulas."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([csv_cell(column) for column in columns])
    for row in rows:
        writer.writerow([_csv_text(cell) for cell in row])


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    widths: Sequence[int] | None = None,
) -> None:
    """Print a table as wide as the terminal; foreign text is escaped and never taken for markup.

    Args:
        columns: Their names.
        rows: Cells in the columns' order.
        title: Printed above.
        widths: Of the columns, characters; by default as their cells need.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title=Text(printable(title)) if title else None,
        title_justify="left",
    )
    for column, width in zip(columns, widths or repeat(None), strict=False):
        table.add_column(Text(one_line(column)), overflow="fold", width=width)
    for row in rows:
        cells = [Text(printable(_text(cell)), justify=_side(cell)) for cell in row]
        table.add_row(*cells)
    _console().print(table)


def _print_long_table(columns: Sequence[str], rows: Sequence[Sequence[object]], needs: Sequence[int]) -> None:
    """Print what ``print_table`` does of so many rows that Rich would take minutes and gigabytes."""
    from segocr.cli.longtable import table_lines, widths_within

    console = _console()
    widths = widths_within(needs, console.width)
    print_table(columns, [], widths=widths)
    cells = ([(printable(_text(cell)), _side(cell)) for cell in row] for row in rows)
    lines = table_lines(cells, widths, console)
    while some := "".join(islice(lines, _AT_ONCE)):
        print_whole(some)


def _console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)


def _needs(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[int] | None:
    """Return the widths that a table's columns need; None where the console leaves too little to read."""
    from segocr.cli.longtable import width_of

    room = _console().width
    needs = [0] * len(columns)
    longest = list(needs)
    for row in (columns, *rows):
        texts = [printable(_text(cell)) for cell in row]
        needs = [max(n, *map(width_of, text.split("\n"))) for n, text in zip(needs, texts, strict=True)]
        longest = [max(n, len(text)) for n, text in zip(longest, texts, strict=True)]
        least = sum(min(need, _READABLE) for need in needs) + _GAP * (len(needs) - 1)
        if least > room or sum(longest) > _TALLEST * room:
            return None
    return needs


def _print_blocks(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print each row as lines of a name and a value, with an empty line between two rows."""
    if not rows:
        note("no rows")
    for place, row in enumerate(rows):
        if place:
            click.echo()
        print_mapping(dict(zip(columns, row, strict=True)))


def print_mapping(values: Mapping[str, object], output: Format = Format.TABLE) -> None:
    """Print named values: one below the other for people, one object for programs."""
    if output in (Format.JSON, Format.JSONL):
        print_json(dict(values))
        return
    width = max((len(one_line(name)) for name in values), default=0)
    for name, value in values.items():
        lines = printable(_text(value)).split("\n")
        print_whole(f"{one_line(name):<{width}}  " + f"\n{'':<{width}}  ".join(lines) + "\n")


def note(message: str, hint: str | None = None) -> None:
    r"""Say something to the person on standard error: one line, and below it what to do next.

    Files in it may be named as they like: a line feed is written ``\n``.
    """
    click.echo(one_line(message), err=True)
    if hint:
        click.echo("  " + printable(hint).replace("\n", "\n  "), err=True)


def _csv_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and float(f"{cell:g}") != cell:
        return repr(cell)
    return _text(cell) if isinstance(cell, _NUMBERS) else csv_cell(_text(cell))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, PurePath):
        return one_line(str(cell))
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, float):
        return _digits(cell)
    return str(cell)


def _digits(number: float) -> str:
    """Return a double for people.

    A decimal of up to 15 digits comes back from a double as it was written; what does not was reckoned.
    """
    text = f"{number:.15g}"
    if float(text) == number:
        return text
    if abs(number) >= 10**15:  # no fraction is left to be rounded away
        return repr(number)
    return text if abs(number) >= _AMOUNT else f"{number:g}"


def _side(cell: object) -> Any:
    number = isinstance(cell, _NUMBERS) and not isinstance(cell, bool)
    return "right" if number else "left"
