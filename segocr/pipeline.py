"""The stages of the way: open and segment, read, validate; each for a chunk of documents.

``Pipeline`` holds what is the same for all documents (template, models, hosts, recipe). Pixels of a page are
dropped as soon as its regions are cut. ``segocr.extraction`` runs the stages in process; ``flows/extract.py``
runs the same ones as Prefect tasks. No Prefect and no database here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr import crops, geometry
from segocr.ahead import ahead
from segocr.crops import Crop
from segocr.deciding.candidates import chosen, left_out
from segocr.documents import Document, hashed, opened
from segocr.errors import DocumentError, HostDied, HostTimeout
from segocr.fields import PartResult, field_values
from segocr.finding.blocks import joined
from segocr.finding.secondlooks import PartOf, with_second_looks
from segocr.finding.snapping import snap_pages
from segocr.geometry import FlatShapeError, Points, is_flat
from segocr.pages import Page
from segocr.reading.recognition import read_pages
from segocr.reading.upright import one_way
from segocr.readings import Reading
from segocr.recipes import Models, fitting_head, pinned, recipe_of
from segocr.records import Problem, Record, RecordStatus
from segocr.regions import Region
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OpenOptions, SegmentedRegion
from segocr.templates import Template
from segocr.textlines import segmenting as textlines
from segocr.work import Work

PAGES_AT_ONCE = 4
"""Pages segmented in one call: also the most that wait for the next one."""
PIXELS_AT_ONCE = 100_000_000
"""Pixels of the pages of one call, and of those that wait; a single page may have more."""
_KEPT_QUALITY = 92

RegionsOf = Callable[[Document, Page], list[Region]]
_OF_ONE = (HostDied, HostTimeout, FlatShapeError)
"""What one of several documents brings about: each is tried alone then, to know which."""


class Pipeline:
    """Everything that is the same for all documents of one run under one template.

    Args:
        template: What to extract.
        steps: The hosts; their owner closes them.
        models: Which engines and models.
        settings: Limits.
        day: What ``today`` means.
        keep_pages: Whether pages are kept (as JPEG) until their record is made.
        regions_of: Takes the place of segmentation: true regions, for evaluation.
        follow_links: Whether links are followed, or refused as files that strangers dropped.
        inboxes: Folders below which no link is followed on the way to a file, either.
    """

    def __init__(
        self,
        template: Template,
        steps: Steps,
        *,
        models: Models,
        settings: Settings,
        day: date,
        keep_pages: bool = False,
        regions_of: RegionsOf | None = None,
        follow_links: bool = False,
        inboxes: Sequence[Path] = (),
    ) -> None:
        self.template = template
        self.recipe = recipe_of(template, models, steps, dpi=settings.engines.open.dpi)
        self._steps = steps
        self._models = pinned(models, self.recipe, template)
        self._head = fitting_head(template, self._models, steps)
        self._settings = settings
        self._day = day
        self._keep_pages = keep_pages
        self._regions_of = regions_of
        self._follow_links = follow_links
        self._inboxes = tuple(inboxes)

    def segment(self, paths: Sequence[Path]) -> list[Work]:
        """Open documents, find their regions and cut them out.

        A document that cannot be opened has its ``failure``; the others go on.
        """
        (works,) = self.segment_chunks([paths])
        return works

    def segment_chunks(self, chunks: Iterable[Sequence[Path]]) -> Iterator[list[Work]]:
        """Segment chunks of documents, one after the other; the next pages are opened meanwhile."""
        batch: list[tuple[Work, Page]] = []
        opened_ahead = ahead(self._open_chunks(chunks), PAGES_AT_ONCE, weigh=_pixels, heaviest=PIXELS_AT_ONCE)
        for item in opened_ahead:
            if isinstance(item, tuple):
                batch.append(item)
            if batch and (isinstance(item, list) or _is_full(batch)):
                self._segment(batch)
                batch = []
            if isinstance(item, list):
                yield item

    def read(self, works: Sequence[Work]) -> None:
        """Read the crops of a chunk of documents, and drop them; who cannot be read has a ``failure``."""
        whole = [work for work in works if work.failure is None]
        try:
            self._read_together(whole)
        except _OF_ONE as error:
            if len(whole) == 1:
                whole[0].fail(error)
                return
            for work in whole:
                self.read([work])

    def _read_together(self, whole: Sequence[Work]) -> None:
        start = time.perf_counter()
        pages = [page for work in whole for page in work.crops]
        readings = iter(read_pages(pages, self.template, self._steps, self._models.ocr))
        for work in whole:
            work.readings = [next(readings) for _ in work.crops]
            work.crops = []
            work.spend("ocr", (time.perf_counter() - start) / len(whole))

    def validate(self, works: Sequence[Work]) -> list[list[Record]]:
        """Make the records of each document of a chunk: one, or one a page, as the template says.

        A document that cannot be judged has a ``failure``.
        """
        whole = [work for work in works if work.failure is None]
        try:
            made = self._validate_together(whole)
        except _OF_ONE as error:
            if len(works) > 1:
                return [records for work in works for records in self.validate([work])]
            works[0].fail(error)
            made = {}
        return [made.get(id(work)) or [self._failed(work)] for work in works]

    def _validate_together(self, whole: Sequence[Work]) -> dict[int, list[Record]]:
        start = time.perf_counter()
        for work in whole:
            work.unchosen = []  # it may be here for the second time
        parts = [(work, part, pages) for work in whole for part, pages in self._parts(work)]
        results = field_values(
            self.template,
            [self._candidates(work, pages) for work, _, pages in parts],
            validate=self._steps.validate,
            day=self._day,
        )
        for work in whole:
            work.spend("validate", (time.perf_counter() - start) / len(whole))
        made: dict[int, list[Record]] = {}
        for (work, part, pages), result in zip(parts, results, strict=True):
            made.setdefault(id(work), []).append(self._record(work, part, pages, result))
        return made

    def _open_chunks(self, chunks: Iterable[Sequence[Path]]) -> Iterator[tuple[Work, Page] | list[Work]]:
        """Yield the pages of each chunk's documents, and then the chunk."""
        for paths in chunks:
            works = [Work(path) for path in paths]
            yield from self._open_all(works)
            yield works

    def _open_all(self, works: Sequence[Work]) -> Iterator[tuple[Work, Page]]:
        for work in works:
            start = time.perf_counter()
            try:
                for page in self._open(work):
                    work.spend("open", time.perf_counter() - start)
                    yield work, page
                    start = time.perf_counter()
            except (DocumentError, HostDied, HostTimeout) as error:
                work.fail_to_open(error)
                work.spend("open", time.perf_counter() - start)

    def _open(self, work: Work) -> Iterator[Page]:
        limits = self._settings.limits
        options = OpenOptions(
            dpi=self._settings.engines.open.dpi,
            max_megapixels=limits.page_megapixels,
            max_pages=limits.pages,
            seconds=limits.seconds_per_document,
        )
        inbox = next((folder for folder in self._inboxes if work.path.is_relative_to(folder)), None)
        with opened(work.path, below=inbox, follow_links=self._follow_links) as descriptor:
            work.document = hashed(work.path, descriptor, max_bytes=limits.file_bytes)
            for image in self._steps.open(descriptor, options, self.template.pages.takes):
                work.media_type = image.media_type
                if self.template.pages.takes(image.number):
                    yield Page(image.number, image.image, image.dpi)

    def _segment(self, batch: Sequence[tuple[Work, Page]]) -> None:
        """Find and cut regions; if that fails, page by page, to know which one did it."""
        try:
            self._segment_together([item for item in batch if item[0].failure is None])
        except _OF_ONE as error:
            if len(batch) == 1:
                batch[0][0].fail(error)
                return
            for item in batch:
                self._segment([item])

    def _segment_together(self, batch: Sequence[tuple[Work, Page]]) -> None:
        start = time.perf_counter()
        found = self._regions(batch)
        cut = [self._cut(page, regions) for (_, page), regions in zip(batch, found, strict=True)]
        for (work, page), crops_of_page in zip(batch, cut, strict=True):
            work.pages.append(page.info)
            work.crops.append(crops_of_page)
            if self._keep_pages:
                quality = [cv2.IMWRITE_JPEG_QUALITY, _KEPT_QUALITY]
                work.kept.append(cv2.imencode(".jpg", page.image, quality)[1].tobytes())
            work.spend("segment", (time.perf_counter() - start) / len(batch))

    def _regions(self, batch: Sequence[tuple[Work, Page]]) -> list[list[Region]]:
        if self._regions_of is not None:
            return [self._regions_of(work.document, page) for work, page in batch if work.document]
        if self._head is not None:
            pages = [page for _, page in batch]
            return textlines.segment(pages, self.template, self._head, self._steps, self._models.ocr)
        images = [page.image for _, page in batch]
        answers = with_second_looks(
            images,
            self._find(images),
            [self._part_of(work, page) for work, page in batch],
            self.template,
            self._find,
            self._models.segment.image_size,
        )
        wanted = self.template.classes
        found = [
            [
                Region(page.number, region.class_name, region.score, _simplified(region.polygon))
                for region in regions
                if region.class_name in wanted
            ]
            for (_, page), regions in zip(batch, answers, strict=True)
        ]
        moved = snap_pages(images, found, self._takes_many_lines, self._detect)
        return [joined(regions, self._takes_many_lines) for regions in moved]

    def _part_of(self, work: Work, page: Page) -> PartOf:
        """Return which record a page is part of, and what the pages before it bring to that."""
        part_of = self.template.pages.part
        record = part_of(page.number)
        before = zip(work.pages, work.crops, strict=True)
        crops_of_record = [cut for info, cut in before if part_of(info.number) == record]
        known = {crop.region.class_name for cut in crops_of_record for crop in cut}
        return PartOf((id(work), record), known)

    def _find(self, images: Sequence[NDArray[np.uint8]]) -> list[list[SegmentedRegion]]:
        return self._steps.segment(images, self._models.segment)

    def _detect(self, images: Sequence[NDArray[np.uint8]]) -> list[list[NDArray[np.float32]]]:
        """Return the lines of print of pictures, ``(4, 2)`` corners each."""
        found = self._steps.detect(images, self._models.ocr)
        return [[line.polygon for line in lines] for lines in found]

    def _takes_many_lines(self, class_name: str) -> bool:
        return any(spec.lines == "many" for spec in self.template.fields_of(class_name))

    def _cut(self, page: Page, regions: Sequence[Region]) -> list[Crop]:
        regions = [region for region in regions if not is_flat(region.polygon)]  # as labels can be, too
        quads = one_way([geometry.minimum_rectangle(region.polygon) for region in regions])
        return [self._cut_one(page, region, quad) for region, quad in zip(regions, quads, strict=True)]

    def _cut_one(self, page: Page, region: Region, quad: Points) -> Crop:
        fields = self.template.fields_of(region.class_name)
        many = any(spec.lines == "many" for spec in fields)
        followed = any(spec.crop.fit for spec in fields)
        upright = geometry.reading_angle(quad)
        return crops.cut(page, region, lines=None if many else 1, upright=upright, followed=followed)

    def _parts(self, work: Work) -> list[tuple[int, Sequence[int]]]:
        """Return (part, places of its pages) for each record that a document becomes."""
        plan = self.template.pages
        parts: dict[int, list[int]] = {}
        for place, info in enumerate(work.pages):
            parts.setdefault(plan.part(info.number), []).append(place)
        return list(parts.items())

    def _candidates(self, work: Work, pages: Sequence[int]) -> dict[str, Sequence[tuple[Reading, ...]]]:
        """Return the candidates of each field, one a place; the others' readings are noted as unchosen."""
        found: dict[str, list[tuple[Reading, ...]]] = {}
        for place in pages:
            for crop_readings in work.readings[place]:
                for name, readings in crop_readings.items():
                    found.setdefault(name, []).append(readings)
        kept, unchosen = chosen(found, self.template.lists)
        work.unchosen += unchosen
        return kept

    def _record(self, work: Work, part: int, pages: Sequence[int], result: PartResult) -> Record:
        assert work.document is not None
        unchosen = (*result.unchosen, *_on_pages(work.unchosen, work, pages))
        return Record(
            file=work.path,
            sha256=work.document.sha256,
            media_type=work.media_type,
            part=part,
            recipe=self.recipe,
            status=result.status,
            accepted=result.accepted,
            problems=(*result.problems, *left_out(self.template.lists, result.fields, unchosen)),
            pages=tuple(work.pages[place] for place in pages),
            fields=result.fields,
            lists=self.template.lists,
            timings=dict(work.timings),
            day=self._day.isoformat(),
            unchosen=unchosen,
        )

    def _failed(self, work: Work) -> Record:
        problem = work.failure or Problem("no-pages", "the document has no page that the template reads")
        return Record(
            file=work.path,
            sha256=work.document.sha256 if work.document else None,
            media_type=work.media_type,
            part=0,
            recipe=self.recipe,
            status=RecordStatus.FAILED,
            accepted=False,
            problems=(problem,),
            pages=(),
            fields={},
            lists=self.template.lists,
            timings=dict(work.timings),
            day=self._day.isoformat(),
        )


def _pixels(item: tuple[Work, Page] | list[Work]) -> int:
    return item[1].pixels if isinstance(item, tuple) else 0


def _is_full(batch: Sequence[tuple[Work, Page]]) -> bool:
    """Whether one more page, of the size of the last, would be too much for one call."""
    pixels = [page.pixels for _, page in batch]
    return len(batch) == PAGES_AT_ONCE or sum(pixels) + pixels[-1] > PIXELS_AT_ONCE


def _simplified(polygon: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a polygon without the stairs of the mask's pixels: within a pixel or 0.4 % of its length."""
    tolerance = max(1.0, 0.004 * float(np.ptp(polygon, axis=0).max()))
    simple = cv2.approxPolyDP(polygon.reshape(-1, 1, 2), tolerance, True).reshape(-1, 2)
    return polygon if is_flat(simple) else np.asarray(simple, dtype=np.float32)


def _on_pages(readings: Iterable[Reading], work: Work, pages: Sequence[int]) -> Iterator[Reading]:
    numbers = {work.pages[place].number for place in pages}
    return (reading for reading in readings if reading.region.page in numbers)
