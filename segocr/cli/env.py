"""``segocr env``: list, create and remove the environments of the steps."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from segocr.cli.output import Format, formats, note, print_rows
from segocr.errors import EnvironmentMissing, UsageError

DEFAULT = ("open", "openvino", "validate")
"""What the default engines need."""


@click.group()
def command() -> None:
    """List, create and remove the environments of the steps.

    Each step runs in a Python environment of its own, built from pinned packages; nothing is fetched later.
    """


@command.command(name="list")
@formats(Format.TABLE, Format.JSON)
def list_command(output: Format) -> None:
    """List the environments: their state, Python versions and size."""
    from segocr.environments.locate import list_environments
    from segocr.settings import load_settings

    environments = list_environments(load_settings().environment_pythons)
    columns = ["name", "state", "python_range", "megabytes", "purpose"]
    rows: list[list[object]] = [
        [one.name, one.state.value, one.python_range, one.megabytes, one.purpose] for one in environments
    ]
    if output is Format.JSON:  # a table has no room for paths
        columns.append("python")
        rows = [[*row, one.python and str(one.python)] for row, one in zip(rows, environments, strict=True)]
    print_rows(columns, rows, output)


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="All of them, torch and paddle too.")
@click.option("--python", metavar="PYTHON", help="The interpreter to build from.")
@click.option("--index-url", metavar="URL", help="A package index asked first, such as a framework's own.")
@click.option(
    "--gpu/--cpu", default=None, help="A GPU build, or one without CUDA packages; default: what is offered."
)
@click.option("--again", is_flag=True, help="Build anew what is there already.")
def create(
    names: tuple[str, ...],
    everything: bool,
    python: str | None,
    index_url: str | None,
    gpu: bool | None,
    again: bool,
) -> None:
    r"""Create environments; without a name, those of the default engines.

    A build that fails or is interrupted leaves nothing half-made.

    \b
    segocr env create
    segocr env create torch --cpu --index-url https://download.pytorch.org/whl/cpu
    segocr env create paddle --gpu --index-url https://www.paddlepaddle.org.cn/packages/stable/cu126/
    """
    from segocr.environments.build import BuildOptions
    from segocr.environments.build import create as build
    from segocr.environments.locate import spec_of
    from segocr.environments.specs import SPECS

    if everything and names:
        raise UsageError("--all and names exclude each other", hint="segocr env create --all")
    wanted = tuple(SPECS) if everything else names or DEFAULT
    for name in wanted:
        spec_of(name)  # all names are checked before the first build
    interpreter = None if python is None else _interpreter(python)
    options = BuildOptions(python=interpreter, index_url=index_url, gpu=gpu, again=again)
    for name in wanted:
        with _progress() as report:
            build(name, options, report)


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Remove environments that segocr built."""
    from segocr.environments.build import remove as take_away

    absent = [name for name in names if not take_away(name)]
    if absent:
        raise EnvironmentMissing(
            f"not built here: {', '.join(absent)}", code="environment-absent", hint="see: segocr env list"
        )


def _interpreter(named: str) -> Path:
    """Find an interpreter as a shell does: a bare name on ``PATH``, anything else from here."""
    found = None if os.sep in named else shutil.which(named)
    return Path(found or named).absolute()


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show the builder's last line on a terminal; write all of its lines anywhere else."""
    if not sys.stderr.isatty():
        yield note
        return
    from rich.console import Console

    from segocr.reports.printable import one_line

    console = Console(stderr=True, highlight=False, markup=False)
    with console.status("", spinner="dots") as status:

        def report(line: str) -> None:
            if line.endswith((": ready", ": is there")):
                console.print(one_line(line))
            status.update(one_line(line)[: max(20, console.width - 4)])

        yield report
