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
from enum import StrEnum
from typing import Any, TypeVar

import click

from segocr.reports.printable import csv_cell, json_text, one_line, printable

F = TypeVar("F", bound=Callable[..., Any])

# A table that goes to a file has no terminal's width: wide enough that few cells are folded.
_PIECE = 2048
"""Characters, at most 8 kB in UTF-8: what Python's buffered output holds."""
PIPED_WIDTH = 160


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

    def decorate(function: F) -> F:
        for kind in reversed(allowed):
            text = _HELP[kind] + (" The default." if kind is default else "")
            option = click.option(
                f"--{kind}", "output", flag_value=kind, type=Format, default=default, help=text
            )
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

    JSON and JSONL keep numbers, booleans and null; a table and CSV show null as nothing.
    """
    if output is Format.JSON:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif output is Format.JSONL:
        for row in rows:
            click.echo(as_json(dict(zip(columns, row, strict=True))))
    elif output is Format.CSV:
        print_csv(columns, rows)
    else:
        print_table(columns, rows)


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print CSV (RFC 4180, line feeds at the ends) without control characters or formulas."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([csv_cell(column) for column in columns])
    for row in rows:
        writer.writerow([_csv_text(cell) for cell in row])


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> None:
    """Print a table as wide as the terminal; foreign text is escaped and never taken for markup."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title=Text(printable(title)) if title else None,
        title_justify="left",
    )
    for column in columns:
        table.add_column(Text(one_line(column)), overflow="fold")
    for row in rows:
        cells = [Text(printable(_text(cell)), justify=_side(cell)) for cell in row]
        table.add_row(*cells)
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False).print(table)


def print_mapping(values: Mapping[str, object], output: Format = Format.TABLE) -> None:
    """Print named values: one below the other for people, one object for programs."""
    if output in (Format.JSON, Format.JSONL):
        print_json(dict(values))
        return
    width = max((len(name) for name in values), default=0)
    for name, value in values.items():
        lines = printable(_text(value)).split("\n")
        click.echo(f"{one_line(name):<{width}}  " + f"\n{'':<{width}}  ".join(lines))


def note(message: str) -> None:
    """Say something to the person on standard error."""
    click.echo(printable(message), err=True)


def _csv_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return csv_cell(_text(cell))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:g}"
    return str(cell)


def _side(cell: object) -> Any:
    number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    return "right" if number else "left"
