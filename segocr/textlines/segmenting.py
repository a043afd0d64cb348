"""Segmenting a page by its text lines: detect, read, look, ask the head, assign, and draw the regions."""

from __future__ import annotations

from collections.abc import Sequence

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
from segocr.textlines.lines import TextLine, find_lines, read_lines
from segocr.textlines.parts import spans_of
from segocr.textlines.patterns import guess


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
        regions_of(page, read_lines(page, lines, steps, model), template, head)
        for page, lines in zip(pages, found, strict=True)
    ]


def regions_of(page: Page, lines: Sequence[TextLine], template: Template, head: Head) -> list[Region]:
    """Return the regions of a page whose lines are read."""
    if not lines:
        return []
    evidence = look_at(template, lines)
    probabilities = tell(template, evidence, head)
    spans = spans_of(template, evidence, lines, probabilities, head)
    assigned = assign(template, evidence.layout, spans, probabilities, head.card.least)
    return [drawn(page.number, one, lines) for one in assigned]


def tell(template: Template, evidence: PageEvidence, head: Head) -> NDArray[np.float32]:
    """Return ``float32 (n, 1 + classes)``, how probable none and each class is for each line of a page."""
    if head.forest is None:
        return guess(template, evidence)
    return head.forest.tell(features_of(evidence, head.table))


def drawn(page: int, assigned: Assigned, lines: Sequence[TextLine]) -> Region:
    """Return an instance as a region, its polygon the hull of its lines."""
    quads = tuple(
        lines[line].quad if span is None else lines[line].part(*span)
        for line, span in zip(assigned.lines, assigned.spans, strict=True)
    )
    return Region(page, assigned.class_name, assigned.score, _hull(quads), quads)


def _hull(quads: Sequence[Points]) -> NDArray[np.float32]:
    if len(quads) == 1:
        return quads[0].astype(np.float32)
    hull = cv2.convexHull(np.concatenate(quads).astype(np.float32))
    return np.asarray(hull.reshape(-1, 2), np.float32)
