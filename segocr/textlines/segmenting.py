"""Segmenting a page by its text lines: detect, read what is worth it, look, ask the head, assign, draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.geometry import Points
from segocr.pages import Page
from segocr.regions import Region
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template
from segocr.textlines.assignment import Assigned, assign
from segocr.textlines.features import PageEvidence, features_of, look_at
from segocr.textlines.head import Head
from segocr.textlines.lines import TextLine, find_lines, read_chosen, read_lines
from segocr.textlines.parts import spans_of
from segocr.textlines.patterns import guess
from segocr.textlines.tiles import smaller_lines
from segocr.textlines.worth import Worth


def segment(
    pages: Sequence[Page], template: Template, head: Head, steps: Steps, model: OcrModel
) -> list[list[Region]]:
    """Find the regions of pages.

    Args:
        pages: At any tilt.
        template: What is looked for.
        head: Trained for it.
        steps: The OCR host.
        model: The one that the head learned from.

    Returns:
        For each page its regions; each knows its lines.
    """
    found = find_lines(pages, steps, model)
    return [
        surest(page, _looks(page, lines, head, steps, model), template, head)
        for page, lines in zip(pages, found, strict=True)
    ]


def _looks(
    page: Page, lines: Sequence[TextLine], head: Head, steps: Steps, model: OcrModel
) -> Iterator[list[TextLine]]:
    """Yield a page's lines: those worth it read, then all of them, then with the smaller text of the page."""
    read = read_lines(page, lines, steps, model, Worth(head))
    yield read
    rest = np.array([not line.is_read for line in read], bool)
    if rest.any():
        read = read_chosen(page, read, rest, steps, model)
        yield read
    if head.forest is not None and (more := smaller_lines(page, read, steps, model)):
        every = [*read, *more]
        new = np.arange(len(every)) >= len(read)
        yield read_chosen(page, every, Worth(head)(every) & new, steps, model)


def surest(page: Page, looks: Iterable[Sequence[TextLine]], template: Template, head: Head) -> list[Region]:
    """Return the regions of the first look at a page that leaves nothing required unsure.

    Args:
        page: The page.
        looks: Its lines, with more of them read each time; asked for no further than need be, at least one.
        template: What is looked for.
        head: Trained for it.

    Returns:
        If every look leaves something unsure, those of the one that leaves least, the earliest of such.
    """
    best: list[Region] = []
    least = math.inf
    for lines in looks:
        regions = regions_of(page, lines, template, head)
        unsure = _unsure(template, head, regions)
        if unsure < least:
            best, least = regions, unsure
        if not unsure:
            break
    return best


def _unsure(template: Template, head: Head, regions: Sequence[Region]) -> int:
    """Return how many required classes have no region as probable as those of fields of several lines are."""
    sure = {region.class_name for region in regions if region.score >= head.card.least}
    return sum(
        any(spec.required for spec in template.fields_of(name))
        for name in template.classes
        if name not in sure
    )


def regions_of(page: Page, lines: Sequence[TextLine], template: Template, head: Head) -> list[Region]:
    """Return the regions of a page whose lines are read, as far as they are worth it."""
    if not lines:
        return []
    evidence = look_at(template, lines)
    probabilities = tell(template, evidence, lines, head)
    spans = spans_of(template, evidence, lines, probabilities, head)
    assigned = assign(template, evidence.layout, spans, probabilities, head.card.least)
    return [drawn(page.number, one, lines) for one in assigned]


def tell(
    template: Template, evidence: PageEvidence, lines: Sequence[TextLine], head: Head
) -> NDArray[np.float32]:
    """Return ``float32 (n, 1 + classes)``, how probable none and each class is for each line of a page."""
    if head.forest is None:
        return guess(template, evidence)
    read = np.array([line.is_read for line in lines], bool)
    told = np.zeros((len(lines), 1 + len(template.classes)), np.float32)
    told[:, 0] = 1.0
    told[read] = head.forest.tell(features_of(evidence, head.table)[read])
    return told


def drawn(page: int, assigned: Assigned, lines: Sequence[TextLine]) -> Region:
    """Return an instance as a region, its polygon the hull of its lines."""
    quads = tuple(
        lines[line].quad if span is None else lines[line].part(*span)
        for line, span in zip(assigned.lines, assigned.spans, strict=True)
    )
    # A part of a line is another strip: it has not been read.
    lattices = tuple(
        lines[line].lattice if span is None else b""
        for line, span in zip(assigned.lines, assigned.spans, strict=True)
    )
    return Region(page, assigned.class_name, assigned.score, _hull(quads), quads, lattices)


def _hull(quads: Sequence[Points]) -> NDArray[np.float32]:
    if len(quads) == 1:
        return quads[0].astype(np.float32)
    hull = cv2.convexHull(np.concatenate(quads).astype(np.float32))
    return np.asarray(hull.reshape(-1, 2), np.float32)
