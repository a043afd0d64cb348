"""Extraction in process: paths in, records out in input order.

``segocr extract`` and ``segocr.extract`` are this: one chunk is read while the next is segmented.
``flows/extract.py`` runs the same stages as Prefect tasks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

from segocr.ahead import ahead
from segocr.day import day_of
from segocr.documents import Document
from segocr.errors import DocumentError
from segocr.inputs import find_inputs
from segocr.pages import Page
from segocr.pipeline import Pipeline, RegionsOf
from segocr.recipes import choose_models
from segocr.records import Recipe, Record, RecordStatus, failure
from segocr.settings import Settings, load_settings, with_dpi
from segocr.steps.client import Steps
from segocr.templates import Template, find_templates, load_template
from segocr.templates.load import read_route
from segocr.templates.routes import nearest_route
from segocr.templates.spec import Route
from segocr.work import Work

_CHUNKS = (1, 2, 4, 8)
"""Documents in the first chunks, the last number for all later ones: the first record comes soon."""

OnPage = Callable[[Document, Page], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an extraction is: documents done, documents in all, the file just done."""

    done: int
    total: int
    path: Path


def extract(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    template: str | Path | Template | None = None,
    settings: Settings | None = None,
    steps: Steps | None = None,
    day: date | None = None,
    segment_engine: str | None = None,
    ocr_engine: str | None = None,
    device: str | None = None,
    dpi: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_page: OnPage | None = None,
    regions_of: RegionsOf | None = None,
) -> Iterator[Record]:
    """Extract the fields of documents.

    Args:
        paths: Files, folders and patterns, as ``segocr.inputs.find_inputs`` takes them.
        template: Name, path or loaded template; without one, each file's route decides.
        settings: Of a workspace; by default those of the workspace around the current folder.
        steps: Running hosts to use; by default own ones, ended with the iterator.
        day: What ``today`` means in rules; by default the day it is where the machine stands.
        segment_engine: Instead of the template's list.
        ocr_engine: Instead of the template's list.
        device: Where models run (auto, cpu, cuda:N); by default as the settings say.
        dpi: What PDF pages are rendered at, 36–1200 dots per inch; by default as the settings say.
        progress: Called after each document.
        on_page: Called with each page of a document just before its records are yielded.
        regions_of: Takes the place of segmentation (for evaluation).

    Yields:
        Records in the order of the paths; a document that cannot be processed yields a failed one.

    Raises:
        SegocrError: Template, model, environment or configuration keep everything from being processed.
    """
    settings = settings or load_settings(None)
    if dpi is not None:
        settings = with_dpi(settings, dpi)
    day = day or day_of(datetime.now(UTC))
    files = find_inputs(paths).files
    with ExitStack() as stack:
        own: Steps | None = None
        if steps is None:
            device_of = device or settings.engines.devices
            steps = own = Steps(environments=settings.environment_pythons, device=device_of)
            stack.enter_context(own)
        run = _Run(settings, steps, day, segment_engine, ocr_engine, on_page is not None, regions_of)
        groups = _by_template(files, template, settings)
        # What interrupts us need not wait for a page that takes minutes to open.
        documents = _documents(groups, run, cut_short=None if own is None else own.close)
        stack.enter_context(closing(documents))
        for done, (work, records) in enumerate(documents, start=1):
            if on_page is not None and work.document is not None:
                for page in work.shown_pages():
                    on_page(work.document, page)
            yield from records
            if progress is not None:
                progress(Progress(done, len(files), work.path))


@dataclass(frozen=True, slots=True)
class _Run:
    """What is the same for all documents of an extraction, whatever their template."""

    settings: Settings
    steps: Steps
    day: date
    segment_engine: str | None
    ocr_engine: str | None
    keep_pages: bool
    regions_of: RegionsOf | None

    def pipeline(self, template: Template) -> Pipeline:
        """Return what processes the documents of one template."""
        models = choose_models(
            template,
            self.settings.environment_pythons,
            workspace=self.settings.workspace,
            segment_engine=self.segment_engine,
            ocr_engine=self.ocr_engine,
        )
        return Pipeline(
            template,
            self.steps,
            models=models,
            settings=self.settings,
            day=self.day,
            keep_pages=self.keep_pages,
            regions_of=self.regions_of,
            follow_links=True,
        )


def _documents(
    groups: Iterable[tuple[Template | DocumentError, Sequence[Path]]],
    run: _Run,
    cut_short: Callable[[], None] | None,
) -> Generator[tuple[Work, list[Record]]]:
    """Yield each document and its records, in order; one that no template takes has a failed one."""
    for chosen, paths in groups:
        if isinstance(chosen, DocumentError):
            yield from ((Work(path), [_unrouted(path, chosen, run.day)]) for path in paths)
        else:
            yield from _flow(run.pipeline(chosen), paths, cut_short)


def _by_template(
    files: Sequence[Path], template: str | Path | Template | None, settings: Settings
) -> Iterator[tuple[Template | DocumentError, list[Path]]]:
    """Yield runs of files that one template takes, in order; or why none does."""
    if isinstance(template, Template):
        yield template, list(files)
    elif template is not None:
        yield _load(template, settings), list(files)
    else:
        routes = {name: read_route(file) for name, file in find_templates(settings.template_folders).items()}
        for chosen, run in groupby(files, key=lambda path: _routed(path, routes)):
            yield (chosen if isinstance(chosen, DocumentError) else _load(chosen, settings)), list(run)


def _routed(path: Path, routes: Mapping[str, Route]) -> str | DocumentError:
    try:
        return nearest_route(path, routes)
    except DocumentError as error:
        return error


def _load(template: str | Path, settings: Settings) -> Template:
    return load_template(
        template, search=settings.template_folders, validators_folder=settings.validators_folder
    )


def _unrouted(path: Path, error: DocumentError, day: date) -> Record:
    return Record(
        file=path,
        sha256=None,
        media_type=None,
        part=0,
        recipe=Recipe("", 0, ""),
        status=RecordStatus.FAILED,
        accepted=False,
        problems=(failure(error),),
        pages=(),
        fields={},
        lists=frozenset(),
        timings={},
        day=day.isoformat(),
    )


def _flow(
    pipeline: Pipeline, paths: Sequence[Path], cut_short: Callable[[], None] | None
) -> Iterator[tuple[Work, list[Record]]]:
    """Segment ahead in a thread, read and validate here."""
    for works in ahead(pipeline.segment_chunks(_chunks(paths)), 2, cut_short):
        pipeline.read(works)
        yield from zip(works, pipeline.validate(works), strict=True)


def _chunks(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    sizes = iter(_CHUNKS)
    start, size = 0, 1
    while start < len(paths):
        size = next(sizes, size)
        yield paths[start : start + size]
        start += size
