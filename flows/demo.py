"""``make demo``: the whole main job on sample documents (``python -m flows.demo FOLDER``)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from db.connect import open_database
from flows.server import local_server
from flows.watch import Hooks, Watch
from segocr.errors import SegocrError
from segocr.records import Record
from segocr.reports.album import Album
from segocr.reports.html import Report
from segocr.reports.overlay import write_overlays
from segocr.reports.table import print_records
from segocr.settings import Settings, load_settings
from segocr.steps.client import Steps
from segocr.templates import Template, load_templates
from segocr.work import Work

_SETTINGS = """\
# Made by `make demo`. The files that it drops are whole at once, so there is little to wait for.
[[inbox]]
path = "inbox"
interval = 1
settle_seconds = 0.3
# So that `make demo` shows the same the second time.
duplicates = "again"
"""
_SETTLE = 0.4
_PIPED_WIDTH = 160
_QUERIES = {
    "passport": "select document_number, surname, given_names, birth_date, expiry_date from passport"
    " where accepted order by birth_date",
    "receipt": "select company, date, total, address from receipt order by date",
    "license_plate": "select plate, plate_status, plate_confidence from license_plate_plate"
    " where plate_status in ('ok', 'corrected') order by plate",
}


class Show:
    """Keeps the records for the table, and draws them as they come."""

    def __init__(self, folder: Path, report: Report) -> None:
        self.records: dict[str, list[Record]] = {}
        self.picture: Path | None = None
        self._folder = folder
        self._report = report

    def add(self, work: Work, records: Sequence[Record]) -> None:
        """Take a document's records and pages."""
        album = Album()
        if work.document is not None:
            for page in work.shown_pages():
                album.keep(work.document, page)
        for record in records:
            self.records.setdefault(record.recipe.template, []).append(record)
            pages = album.take(record)
            drawn = write_overlays(record, pages, self._folder)
            if drawn and (self.picture is None or record.accepted):
                self.picture = drawn[0]
            self._report.add(record, pages)


def main(folder: Path) -> int:
    """Run the demo in a folder; returns an exit code."""
    start = time.monotonic()
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    make_workspace(folder)
    settings = load_settings(folder)
    templates = shown_templates(settings)
    for template in templates:
        dropped = drop_samples(template, folder)
        console.print(f"dropped {dropped} sample documents into {folder / 'inbox' / inbox_folder(template)}")
    console.print("starting a Prefect server in the workspace; the first start makes its database …")
    (folder / "overlays").mkdir(exist_ok=True)
    with local_server(folder) as url, Report(folder / "report.html", "segocr demo") as report:
        console.print(f"the flow runs; Prefect's API is at {url}")
        show = Show(folder / "overlays", report)
        ended = extract(settings, show)
    for template in templates:
        show_table(console, template, show.records.get(template.name, []))
    for template in templates:
        show_query(console, folder, _QUERIES[template.name])
    console.print(f"\n{sum(ended.values())} documents in {time.monotonic() - start:.0f} s: ", end="")
    console.print(", ".join(f"{count} {state.replace('_', ' ')}" for state, count in ended.most_common()))
    console.print(f"annotated picture: {show.picture or 'none'}", soft_wrap=True)
    console.print(f"HTML report:       {folder / 'report.html'}", soft_wrap=True)
    return 0 if ended and set(ended) <= {"extracted", "needs_review"} else 3


def make_workspace(folder: Path) -> None:
    """Make a workspace, or keep the one that is there, with the command that everybody uses."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "segocr.toml").exists():
        (folder / "segocr.toml").write_text(_SETTINGS, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "segocr.cli", "init", str(folder)], check=True)


def shown_templates(settings: Settings) -> list[Template]:
    """Return the shipped templates that have samples and a model."""
    templates = load_templates(
        settings.template_folders, validators_folder=settings.validators_folder
    ).values()
    return [
        template
        for template in templates
        if template.name in _QUERIES and (template.folder / template.segment.model).is_file()
    ]


def inbox_folder(template: Template) -> str:
    """Return the folder of the inbox that a template's route takes files from."""
    return template.route.folder or "."


def drop_samples(template: Template, folder: Path) -> int:
    """Copy a template's samples into the inbox; returns how many."""
    target = folder / "inbox" / inbox_folder(template)
    target.mkdir(parents=True, exist_ok=True)
    samples = sorted((template.folder / "golden" / "images").iterdir())
    for sample in samples:
        shutil.copyfile(sample, target / sample.name)
    return len(samples)


def extract(settings: Settings, show: Show) -> Counter[str]:
    """Let the inbox settle and run the flow over it."""
    from flows.extract import run_flow  # only now: Prefect reads its settings when it is imported

    engine = open_database(settings.database_url or "", folder=settings.workspace)
    hooks = Hooks(records=show.add, keep_pages=True)
    try:
        with (
            Steps(environments=settings.environment_pythons, device=settings.engines.devices) as steps,
            Watch(settings, engine, steps, run_flow, hooks=hooks) as watch,
        ):
            while watch.sweep():
                time.sleep(_SETTLE)
            return watch.extract()
    finally:
        engine.dispose()


def show_table(console: Console, template: Template, records: Sequence[Record]) -> None:
    """Print the extracted fields of a document type, without those that others are parts of."""
    console.print(f"\n[bold]{template.title}[/bold]")
    wholes = {spec.from_ for spec in template.fields.values()}
    parts = [
        replace(record, fields={n: v for n, v in record.fields.items() if n not in wholes})
        for record in sorted(records, key=lambda record: record.file)
    ]
    print_records(parts, console)


def show_query(console: Console, folder: Path, sql: str) -> None:
    """Run a query with the command that everybody uses, and print its answer."""
    console.print(f'\n$ cd {folder} && segocr query "{sql}"', style="bold", highlight=False, soft_wrap=True)
    subprocess.run([sys.executable, "-m", "segocr.cli", "query", sql], cwd=folder, check=True)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except SegocrError as error:
        print(f"segocr: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
