"""Tables of many rows, written line by line: Rich takes half a millisecond and 5 kB for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

_BETWEEN = "   "
"""What Rich writes between two columns of a table without lines."""


def width_of(text: str) -> int:
    """Return how many characters wide a terminal shows a line; most are ASCII, where each is one."""
    return len(text) if text.isascii() else cell_len(text)


def widths_within(needs: Sequence[int], room: int) -> list[int]:
    """Return how wide columns are made: as wide as their cells if there is room, else the widest give way.

    Args:
        needs: Width of each column's widest line, characters of a terminal.
        room: Of the whole table, enough for one character a column.
    """
    widths = list(needs)
    for _ in range(sum(widths) + len(_BETWEEN) * (len(widths) - 1) - room):
        widths[widths.index(max(widths))] -= 1
    return widths


def table_lines(
    rows: Iterable[Sequence[tuple[str, str]]], widths: Sequence[int], console: Console
) -> Iterator[str]:
    """Yield the lines of rows as Rich would write them in columns of these widths, with their line feeds.

    Args:
        rows: Cells as harmless text and the side that it stands on, ``left`` or ``right``.
        widths: Of the columns; longer texts are folded.
        console: Whose way of folding it is.
    """
    for row in rows:
        cells = [_folded(text, width, console) for (text, _), width in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            parts = [
                _padded(part, side, width) for part, (_, side), width in zip(line, row, widths, strict=True)
            ]
            yield _BETWEEN.join(parts) + "\n"


def _folded(text: str, width: int, console: Console) -> Sequence[str]:
    if "\n" not in text and width_of(text) <= width:
        return (text,)
    return [line.plain for line in Text(text).wrap(console, width, overflow="fold")]


def _padded(text: str, side: str, width: int) -> str:
    space = " " * (width - width_of(text))
    return space + text if side == "right" else text + space
