"""The command ``segocr``: a group whose subcommands are imported when they are called, not before."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from segocr import errors

# In the order of a day's work; each stands in its own module, as ``command``.
SUMMARIES = {
    "init": "Make a workspace: a folder with segocr.toml, an inbox and a database.",
    "env": "List, create and remove the environments of the steps.",
    "hosts": "Keep step hosts warm between commands.",
    "template": "Draft, check, test, show and trust templates.",
    "constraint": "Explain what a pattern and its checks accept.",
    "extract": "Read files and print or store their records.",
    "query": "Ask the database in SQL.",
    "documents": "List, show, retry, discard and forget documents.",
    "watch": "Process what is dropped into the inboxes, without Prefect's schedule.",
    "serve": "Watch the inboxes and extract what is dropped into them, for months.",
    "status": "Show inboxes, arrivals and what is paused, and why.",
    "replay": "Decide stored readings again, without pixels or models.",
    "db": "Upgrade and inspect the database.",
    "dataset": "Prepare labelled documents for training.",
    "synth": "Make labelled pictures from a few labelled pages.",
    "train": "Train a template's models.",
    "evaluate": "Measure a template on labelled documents.",
    "model": "List, export and inspect models.",
    "bench": "Measure speed and memory.",
    "doctor": "Find out what does not work here, and what mends it.",
}


_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands that this installation holds."""
        folder = Path(__file__).parent
        return [name for name in SUMMARIES if (folder / f"{name}.py").is_file()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command; None if there is none of that name."""
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"segocr.cli.{name}").command
        command.name = name
        _keep_line_breaks(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest and all the known ones."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from segocr.spelling import known_words

            hint = known_words(args[0], self.list_commands(ctx))
            raise errors.UsageError(f"there is no command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = [(name, SUMMARIES[name]) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="segocr", message="segocr %(version)s")
def group() -> None:
    """Structured data from photos and scans: find the field first, then read only that.

    Exit codes: 0 all processed, 2 usage, 3 some documents failed, 4 template or configuration,
    5 environment or model, 6 database, 130 interrupted.
    """


def _keep_line_breaks(command: click.Command) -> None:
    r"""Turn the two characters ``\b`` of raw docstrings into click's mark: do not fill this paragraph."""
    if command.help:
        command.help = command.help.replace("\\b\n", "\b\n")
    for inner in getattr(command, "commands", {}).values():
        _keep_line_breaks(inner)


def main() -> None:
    """Run the command line and leave with its exit code."""
    from segocr.cli.interrupts import interrupt_in_order, uninterrupted_from_now

    if threading.current_thread() is not threading.main_thread():
        sys.exit(run(sys.argv[1:]))
    interrupt_in_order()
    code = run(sys.argv[1:])
    uninterrupted_from_now()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit code, see the help of the group.
    """
    for stream in (sys.stdout, sys.stderr):  # a file name need not be UTF-8, and must not end the command
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        result = group.main(list(arguments), prog_name="segocr", standalone_mode=False)
    except errors.SegocrError as error:
        _report(error.message, error.hint)
        return error.exit_code
    except click.Abort:
        click.echo("segocr: interrupted", err=True)
        return 130
    except click.ClickException as error:
        _report(error.format_message(), _help_hint(error))
        return 2
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        where = f" {error.filename}" if error.filename else ""
        _report(f"cannot write{where}: {error.strerror}", None)
        return 1
    return result if isinstance(result, int) else 0


def _report(message: str, hint: str | None) -> None:
    from segocr.cli.output import note

    note(f"segocr: {message}", hint)


def _help_hint(error: click.ClickException) -> str | None:
    context = getattr(error, "ctx", None)
    return f"see: {context.command_path} --help" if context else None
