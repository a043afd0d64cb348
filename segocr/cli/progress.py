"""Progress on standard error of a terminal: a bar with rate and the document in hand, or a counting line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Advance = Callable[[str], None]
Count = Callable[[str, int, int], None]


def counting_line(prefix: str = "") -> Count:
    """Return what shows how far something is: a line that changes, and stays when all is done.

    It is called with what is counted, how many are done and how many there are. Where nobody looks at a
    terminal only the last line is written.

    Args:
        prefix: Stands before what is counted.
    """
    began: dict[str, float] = {}

    def show(what: str, done: int, total: int) -> None:
        since = began.setdefault(what, time.monotonic())
        whole = done == total
        if not whole and not sys.stderr.isatty():
            return
        left = round((time.monotonic() - since) / max(done, 1) * (total - done))
        text = f"{prefix}{what}: {done} of {total}" + ("" if whole else f", {left} s left")
        click.echo(f"\r{text:<60}" if sys.stderr.isatty() else text, err=True, nl=whole)

    return show


@contextmanager
def progress_bar(total: int, *, shown: bool = True) -> Iterator[Advance]:
    """Show a bar while a block runs; it is gone afterwards.

    Args:
        total: Documents in all.
        shown: False for none. There is none either for one document, or where nobody looks at a terminal.

    Yields:
        A function to call after each document, with its file's name.
    """
    if not shown or total < 2 or not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    from segocr.reports.printable import one_line

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.1f} documents/s", style="cyan")

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=True
    ) as bar:
        task = bar.add_task("", total=total, name="")
        yield lambda name: bar.update(task, advance=1, name=one_line(name)[:40])
