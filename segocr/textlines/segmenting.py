"""Segmenting a page by its text lines: detect, read what is worth it, look, ask the head, assign, draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

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
from segocr.textlines.calibration import calibrated
from segocr.textlines.closer import lines_in_full
from segocr.textlines.doubts import with_doubts
from segocr.textlines.ends import ended, line_length, plausible
from segocr.textlines.features import PageEvidence, features_of, look_at
from segocr.textlines.head import Head
from segocr.textlines.lines import TextLine, find_lines, read_chosen, read_lines
from segocr.textlines.parts import spans_of
from segocr.textlines.patterns import guess
from segocr.textlines.rivals import with_rivals
from segocr.textlines.sharing import cut_between_fields
from segocr.textlines.telling import is_right_way_up, with_telling_matches
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
    found = find_lines(pages, steps, model, areas=head.card.sparse)
    return [
        surest(page, _looks(page, lines, template, head, steps, model), template, head)
        for page, lines in zip(pages, found, strict=True)
    ]


def _looks(
    page: Page,
    lines: Sequence[TextLine],
    template: Template,
    head: Head,
    steps: Steps,
    model: OcrModel,
) -> Iterator[list[TextLine]]:
    """Yield a page's lines: those worth it read, then all of them, then what closer looks at it show."""
    read = read_lines(page, lines, steps, model, Worth(head), partial(is_right_way_up, template))
    yield read
    rest = np.array([not line.is_read for line in read], bool)
    if rest.any():
        read = read_chosen(page, read, rest, steps, model)
        yield read
    yield from closer_looks(page, read, head, steps, model)


def closer_looks(
    page: Page, read: Sequence[TextLine], head: Head, steps: Steps, model: OcrModel
) -> Iterator[list[TextLine]]:
    """Yield the lines of a page at its full size, if it was only glanced at, and with the smaller text on it.

    Args:
        page: The page.
        read: Its lines, read.
        head: Says which of them are worth reading; without a forest nothing is looked for.
        steps: The OCR host.
        model: The one that the head learned from.
    """
    if head.forest is None:
        return
    if found := lines_in_full(page, read, steps, model, areas=head.card.sparse):
        new = np.array([not line.is_read for line in found], bool)
        read = read_chosen(page, found, Worth(head)(found) & new, steps, model)
        yield list(read)
    if more := smaller_lines(page, read, steps, model):
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
        If every look leaves something unsure, those of the one that leaves least: the fewest classes, and
        of such the most probable ones. Their scores say how often such regions are right.
    """
    best: list[Region] = []
    least = math.inf, math.inf
    for lines in looks:
        regions = regions_of(page, lines, template, head)
        unsure = _unsure(template, head, regions)
        if unsure < least:
            best, least = regions, unsure
        if not unsure[0]:
            break
    curves = head.card.curves
    return [replace(one, score=calibrated(curves.get(one.class_name, ()), one.score)) for one in best]


def _unsure(template: Template, head: Head, regions: Sequence[Region]) -> tuple[int, float]:
    """Return how many required classes have no region as probable as those of fields of several lines are.

    And minus the sum of the probabilities of all required ones.
    """
    required = [name for name in template.classes if any(spec.required for spec in template.fields_of(name))]
    scores = [
        max((region.score for region in regions if region.class_name == name), default=0.0)
        for name in required
    ]
    return sum(score < head.card.least for score in scores), -sum(scores)


def regions_of(page: Page, lines: Sequence[TextLine], template: Template, head: Head) -> list[Region]:
    """Return the regions of a page whose lines are read, as far as they are worth it."""
    if not lines:
        return []
    if head.card.shared:
        lines = cut_between_fields(template, lines)
    evidence = look_at(template, lines)
    probabilities = tell(template, evidence, lines, head)
    raised = with_telling_matches(template, evidence, lines, probabilities)
    spans = spans_of(template, evidence, lines, raised, head)
    probabilities *= plausible(template, lines, spans)
    probabilities = with_telling_matches(template, evidence, lines, probabilities)
    assigned = assign(template, evidence.layout, spans, probabilities, head.card.least)
    found = with_rivals(template, lines, with_doubts(template, lines, assigned))
    return [drawn(page, template, one, lines) for one in found]


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


def drawn(page: Page, template: Template, assigned: Assigned, lines: Sequence[TextLine]) -> Region:
    """Return an instance as a region, its polygon the hull of its lines.

    A line whose text has a known length is outlined at its print and, where it is too short, followed.
    """
    parts = [_part(lines[line], span) for line, span in zip(assigned.lines, assigned.spans, strict=True)]
    outline = _hull([part.quad for part in parts])
    length = line_length(template, assigned.class_name)
    if length is not None and len(parts) == 1 and parts[0].is_read:
        whole = ended(page, parts[0], length)
        parts, outline = [whole.line], whole.outline.astype(np.float32)
    quads, lattices = tuple(part.quad for part in parts), tuple(part.lattice for part in parts)
    name, score, cut = assigned.class_name, assigned.score, assigned.cut
    return Region(page.number, name, score, outline, quads, lattices, cut)


def _part(line: TextLine, span: tuple[int, int] | None) -> TextLine:
    """Return a line, or what stands between two of its characters: another strip, which was not read."""
    if span is None or span == (0, len(line.text)):
        return line
    return TextLine(line.part(*span), line.score)


def _hull(quads: Sequence[Points]) -> NDArray[np.float32]:
    if len(quads) == 1:
        return quads[0].astype(np.float32)
    hull = cv2.convexHull(np.concatenate(quads).astype(np.float32))
    return np.asarray(hull.reshape(-1, 2), np.float32)
