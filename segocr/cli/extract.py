"""``segocr extract``: files in, records out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segocr.cli.output import Format, formats, note, print_rows

if TYPE_CHECKING:
    from segocr.cli.sinks import Sink
    from segocr.documents import Document
    from segocr.pages import Page
    from segocr.records import Record
    from segocr.settings import Settings
    from segocr.templates import Template

SOME_FAILED = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for, beside the documents."""

    template: str | None
    output: Format
    overlay: Path | None
    report: Path | None
    store: bool | None
    segment_engine: str | None
    ocr_engine: str | None
    device: str | None
    explain: bool


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--template",
    "-t",
    metavar="NAME|PATH",
    help="The type of all these documents (see: segocr template list). By default the templates' routes "
    "decide, by folder and file name.",
)
@formats(Format.TABLE, Format.JSON, Format.JSONL, Format.CSV, default=None)
@click.option("--overlay", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
              help="Write each page with its regions and values drawn.")  # fmt: skip
@click.option("--report", metavar="FILE.html", type=click.Path(dir_okay=False, path_type=Path),
              help="Write an HTML report: crops beside values.")  # fmt: skip
@click.option(
    "--store/--no-store", default=None, help="Keep the records in the database. The default in a workspace."
)
@click.option(
    "--segment-engine", metavar="ENGINE", help="What finds regions, instead of the template's list."
)
@click.option("--ocr-engine", metavar="ENGINE", help="What reads them, instead of the template's list.")
@click.option(
    "--device", metavar="auto|cpu|cuda:N", help="Where models run, instead of the settings' device."
)
@click.option("--dpi", type=float, metavar="N", help="Resolution of PDF pages, instead of the settings' 200.")
@click.option("--explain", is_flag=True, help="Say what was read, accepted and changed, at which cost.")
@click.option("--dry-run", is_flag=True, help="List the files and their templates, and read nothing.")
def command(
    paths: tuple[str, ...],
    template: str | None,
    output: Format | None,
    overlay: Path | None,
    report: Path | None,
    store: bool | None,
    segment_engine: str | None,
    ocr_engine: str | None,
    device: str | None,
    dpi: float | None,
    explain: bool,
    dry_run: bool,
) -> int:
    r"""Read documents and print their records.

    PATH is a file, a folder (the pictures and PDFs in it and below) or a pattern such as 'in/*.jpg'.
    The output is a table on a terminal and JSON anywhere else, unless a format is asked for.
    A document that cannot be read has a failed record, the others go on, and the exit code is 3.

    \b
    segocr extract receipt.jpg --template receipt
    segocr extract scans/ --template passport --csv --report passports.html
    """
    from segocr.inputs import find_inputs
    from segocr.settings import check_device, load_settings, with_dpi

    settings = load_settings()
    settings = settings if dpi is None else with_dpi(settings, dpi)
    device = None if device is None else check_device(device)
    inputs = find_inputs(paths)
    if inputs.others:
        files = "1 other file" if inputs.others == 1 else f"{inputs.others} other files"
        note(f"left out: {files} in the folders, no documents by their names")
    if inputs.linked:
        links = "1 link" if inputs.linked == 1 else f"{inputs.linked} links"
        note(f"left out: {links} to folders in the folders; name them to have them read")
    if not inputs.files:
        note("there is no document in " + ", ".join(paths))
    if report is not None or overlay is not None:
        from segocr.cli.targets import check_overlays, check_report

        if report is not None:
            check_report(report)
        if overlay is not None:
            check_overlays(overlay, paths, inputs.files)
    output = output or (Format.TABLE if sys.stdout.isatty() else Format.JSON)
    if dry_run:
        _list(inputs.files, template, settings, output)
        return 0
    options = Options(template, output, overlay, report, store, segment_engine, ocr_engine, device, explain)
    return SOME_FAILED if _extract(inputs.files, options, settings) else 0


def _list(files: tuple[Path, ...], template: str | None, settings: Settings, output: Format) -> None:
    """Print which template would take which file, and why none does."""
    from segocr.errors import DocumentError
    from segocr.templates import route

    named = None if template is None else _load(template, settings).name
    rows: list[tuple[str, str | None, str | None]] = []
    for file in files:
        try:
            rows.append((str(file), named or route(file, search=settings.template_folders), None))
        except DocumentError as error:
            rows.append((str(file), None, error.code))
    print_rows(("file", "template", "problem"), rows, output)


def _load(template: str, settings: Settings) -> Template:
    from segocr.templates import load_template

    return load_template(
        template, search=settings.template_folders, validators_folder=settings.validators_folder
    )


def _extract(files: tuple[Path, ...], options: Options, settings: Settings) -> int:
    """Run the pipeline and give each document's records to all sinks.

    Returns:
        The number of documents that failed.
    """
    from segocr.cli.interrupts import orderly_termination, undisturbed
    from segocr.cli.progress import progress_bar
    from segocr.extraction import extract

    template = _load(options.template, settings) if options.template else None
    failed = 0
    with ExitStack() as stack:
        stack.enter_context(orderly_termination())
        sinks, on_page = _sinks(options, settings, template, stack)
        streaming = sys.stdout.isatty() and (options.explain or options.output in (Format.JSON, Format.JSONL))
        advance = stack.enter_context(progress_bar(len(files), shown=not streaming))
        waiting: list[Record] = []

        def finish() -> None:
            nonlocal failed
            if not waiting:
                return
            with undisturbed():
                for sink in sinks:
                    sink.add(waiting)
                failed += any(record.status == "failed" for record in waiting)
            advance(waiting[0].file.name)
            waiting.clear()

        records = extract(
            files,
            template=template,
            settings=settings,
            segment_engine=options.segment_engine,
            ocr_engine=options.ocr_engine,
            device=options.device,
            progress=lambda done: finish(),  # at once, not when the next document's first record comes
            on_page=on_page,
        )
        for record in records:
            if waiting and (record.file != waiting[0].file or record.part == waiting[0].part):
                finish()
            waiting.append(record)
        finish()
    return failed


def _sinks(
    options: Options, settings: Settings, template: Template | None, stack: ExitStack
) -> tuple[list[Sink], Callable[[Document, Page], None] | None]:
    """Open everything that takes records: stored first, then drawn, then printed."""
    from segocr.cli.sinks import Pictures, Store, printing

    sinks: list[Sink] = []
    on_page = None
    store = options.store if options.store is not None else settings.workspace is not None
    if store:
        database = Store(settings, lambda name: _load(name, settings))
        if template is not None:
            database.register(template)
        sinks.append(stack.enter_context(database))
    if options.overlay or options.report:
        from segocr.reports.album import Album

        album = Album()
        on_page = album.keep
        title = f"segocr: {template.title if template else 'records'}"
        pictures = Pictures(album, folder=options.overlay, report=options.report, title=title)
        sinks.append(stack.enter_context(pictures))
    sinks += [stack.enter_context(sink) for sink in printing(options.output, explain=options.explain)]
    return sinks, on_page
