"""Where the records of ``segocr extract`` go: standard output, pictures, a report, the database."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from segocr.cli.output import PIPED_WIDTH, Format, as_json, note, print_csv, print_whole
from segocr.errors import UsageError
from segocr.records import Record, record_as_json

if TYPE_CHECKING:
    from db.connect import Engine
    from db.views import TemplateShape
    from segocr.reports.album import Album
    from segocr.settings import Settings
    from segocr.templates import Template


class Sink(ABC):
    """Takes all records of one document at a time; leaving it finishes what it writes, interrupted or not."""

    @abstractmethod
    def add(self, records: Sequence[Record]) -> None:
        """Take the records of one document, in order of their parts."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish."""
        return  # most write as they go


class JsonArray(Sink):
    """A JSON array, one record a line, opened at once and always closed."""

    _begun = False

    def add(self, records: Sequence[Record]) -> None:
        """Write the records."""
        for record in records:
            print_whole(("[\n" if not self._begun else ",\n") + as_json(record_as_json(record)))
            self._begun = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the array, unless nobody reads it any more or nothing was done for an error."""
        if isinstance(error, BrokenPipeError):
            return
        if self._begun:
            click.echo("\n]")
        elif error is None or not isinstance(error, Exception):
            click.echo("[]")


class JsonLines(Sink):
    """One JSON object a line, as soon as its document is done."""

    def add(self, records: Sequence[Record]) -> None:
        """Write the records."""
        for record in records:
            print_whole(as_json(record_as_json(record)) + "\n")


class Csv(Sink):
    """CSV, written at the end: only then are all columns known."""

    def __init__(self) -> None:
        self._rows: list[dict[str, str]] = []

    def add(self, records: Sequence[Record]) -> None:
        """Keep the records' cells."""
        from segocr.reports.rows import record_row

        self._rows += [record_row(record) for record in records]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what came so far."""
        from segocr.reports.rows import columns_of

        columns = columns_of(self._rows)
        print_csv(columns, [[row.get(column, "") for column in columns] for row in self._rows])


class Tables(Sink):
    """A table for people, printed at the end: only then are the widths of its columns known."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def add(self, records: Sequence[Record]) -> None:
        """Keep the records."""
        self._records += records

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print what came so far."""
        from rich.console import Console

        from segocr.reports.table import print_records

        width = None if sys.stdout.isatty() else PIPED_WIDTH
        print_records(self._records, Console(file=sys.stdout, width=width, highlight=False))


class Explanations(Sink):
    """What was read, accepted and changed, field by field.

    Args:
        to_stderr: Where another format has standard output.
    """

    def __init__(self, *, to_stderr: bool) -> None:
        self._to_stderr = to_stderr

    def add(self, records: Sequence[Record]) -> None:
        """Print the explanations."""
        from segocr.reports.table import explanation

        for record in records:
            click.echo(explanation(record) + "\n", err=self._to_stderr)


class Pictures(Sink):
    """Overlay pictures in a folder and an HTML report, from the same pages.

    Args:
        album: Where the pipeline leaves the pages.
        folder: Where overlays go; made if absent; None for none.
        report: The report's file, in a folder that exists; None for none.
        title: Of the report.

    Raises:
        UsageError: The folder cannot be made.
    """

    def __init__(self, album: Album, *, folder: Path | None, report: Path | None, title: str) -> None:
        from segocr.reports.html import Report

        self._album = album
        self._folder = folder
        self._report = Report(report, title) if report else None
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(
                    f"--overlay {folder}: the folder cannot be made: {error.strerror}"
                ) from error

    def add(self, records: Sequence[Record]) -> None:
        """Draw the records' pages."""
        from segocr.reports.overlay import write_overlays

        for record in records:
            pages = self._album.take(record)
            if self._folder is not None:
                write_overlays(record, pages, self._folder)
            if self._report is not None:
                self._report.add(record, pages)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the report."""
        if self._report is not None:
            self._report.__exit__(kind, error, trace)


class Store(Sink):
    """The database: one transaction a document, so that an interruption leaves whole documents.

    Args:
        settings: They name the database.
        template_of: Loads a template by its name, to make its views when its first record comes.

    Raises:
        ConfigurationError: No database is named.
        DatabaseError: It cannot be used.
    """

    def __init__(self, settings: Settings, template_of: Callable[[str], Template]) -> None:
        from db.schema import prepare
        from segocr.cli.database import workspace_database

        self._engine: Engine = workspace_database(settings)
        self._template_of = template_of
        self._known: set[str] = set()
        self._renewed: list[TemplateShape] = []
        self._added = self._present = 0
        prepare(self._engine)

    def register(self, template: Template) -> None:
        """Make a template's views, unless they are there."""
        from db.views import register_template, shape_of

        shape = shape_of(template)
        if register_template(self._engine, shape):
            self._renewed.append(shape)
        self._known.add(template.name)

    def add(self, records: Sequence[Record]) -> None:
        """Store the records of one document."""
        from db.store import store_records

        for name in {record.recipe.template for record in records if record.fields} - self._known:
            self.register(self._template_of(name))
        for stored in store_records(self._engine, records):
            self._added += stored.added
            self._present += not stored.added

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say what was stored, and what new views do not show, and let the database go."""
        try:
            if error is None or self._added + self._present:  # else the error says enough
                known = f", {self._present} were there already" if self._present else ""
                note(f"stored {_count(self._added, 'record')}{known}")
            if error is None:
                self._tell_untyped()
        finally:
            self._engine.dispose()

    def _tell_untyped(self) -> None:
        from db.views import untyped_notice

        for shape in self._renewed:
            if notice := untyped_notice(self._engine, shape):
                note(notice)


def printing(output: Format, *, explain: bool) -> list[Sink]:
    """Return what writes records on standard output."""
    kinds: dict[Format, Callable[[], Sink]] = {
        Format.JSON: JsonArray,
        Format.JSONL: JsonLines,
        Format.CSV: Csv,
        Format.TABLE: Tables,
    }
    if explain and output is Format.TABLE:
        return [Explanations(to_stderr=False)]
    return [kinds[output](), *([Explanations(to_stderr=True)] if explain else [])]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
