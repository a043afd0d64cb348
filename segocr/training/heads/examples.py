"""Examples: labelled pages with their lines read, looked at and marked; the slow part is kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.evaluation.labels import LabelledDocument
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template
from segocr.textlines.features import PageEvidence, look_at
from segocr.textlines.lines import TextLine, find_lines, read_lines
from segocr.textlines.sharing import cut_between_fields
from segocr.training.heads.cache import LineCache
from segocr.training.heads.labels import Marked, mark

_ENOUGH_PAGES = 20
_AROUND = 2.0
"""What is looked at of a line besides itself, in its heights, along and across."""
_OFTEN = 0.05
"""Share of the pages with a field that was found by cutting lines, from which they are cut."""
_SPARSE = 0.3
"""Share of a page that lines and what is around them take."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled page: its document, its lines, what is known of them, and what they are."""

    document: LabelledDocument
    lines: tuple[TextLine, ...]
    evidence: PageEvidence
    marked: Marked


def gather(
    documents: Sequence[LabelledDocument],
    template: Template,
    steps: Steps,
    model: OcrModel,
    cache: Path,
    progress: Callable[[int, int], None] = lambda _, __: None,
    *,
    areas: bool = False,
    closer: bool = True,
) -> list[Example]:
    """Detect and read the lines of labelled pages, or take them from the cache.

    Args:
        documents: One picture each.
        template: Its constraints and classes.
        steps: The OCR host; not asked for pages that the cache knows.
        model: Finds and reads the lines.
        cache: Folder, made if need be.
        progress: Called with (done, total) after each page.
        areas: Whether only areas with text are looked at for lines.
        closer: Whether a page is then looked at whole if a label meets no line, as the engine does where it
            finds nothing; only for pages to learn from.

    Raises:
        UsageError: ``unreadable-picture``.
        SegocrError: The OCR host fails.
    """
    digest = steps.load(model).digest
    looks = [LineCache(cache, digest, areas=by_areas) for by_areas in ((True, False) if areas else (False,))]
    looks = looks if closer else looks[:1]
    examples = []
    for number, document in enumerate(documents, start=1):
        picture = read_picture(document.path)
        for kept in looks:
            lines = _lines(picture, kept, steps, model)
            marked = mark(lines, document.labels, template.classes)
            if not marked.missed:
                break
        examples.append(Example(document, tuple(lines), look_at(template, lines), marked))
        progress(number, len(documents))
    return examples


def _lines(picture: NDArray[np.uint8], kept: LineCache, steps: Steps, model: OcrModel) -> list[TextLine]:
    lines = kept.get(picture)
    if lines is None:
        page = Page(1, picture)
        (found,) = find_lines([page], steps, model, areas=kept.areas)
        read = read_lines(page, found, steps, model)
        kept.put(picture, read)
        lines = kept.get(picture) or read  # rounded, so that a second training learns from the same
    return lines


def with_shared_lines_cut(template: Template, examples: Sequence[Example]) -> list[Example] | None:
    """Return pages whose lines are cut between the fields that share them; None if that finds few labels."""
    cut = []
    for example in examples:
        lines = cut_between_fields(template, example.lines)
        marked = mark(lines, example.document.labels, template.classes)
        cut.append(Example(example.document, tuple(lines), look_at(template, lines), marked))
    pairs = zip(cut, examples, strict=True)
    gaining = sum(bool(set(new.marked.classes) - set(old.marked.classes)) for new, old in pairs)
    return cut if gaining > _OFTEN * len(examples) else None


def is_sparse(documents: Sequence[LabelledDocument], steps: Steps, model: OcrModel) -> bool:
    """Say whether pages hold so little text that looking at its areas alone pays.

    Args:
        documents: One picture each; the first few are looked at.
        steps: The OCR host.
        model: Its detector finds the lines.

    Raises:
        UsageError: ``unreadable-picture``.
        SegocrError: The OCR host fails.
    """
    shares = []
    for document in documents[:_ENOUGH_PAGES]:
        page = Page(1, read_picture(document.path))
        (lines,) = find_lines([page], steps, model)
        sizes = [geometry.quad_size(line.quad) for line in lines]
        around = sum((width + _AROUND * height) * (1 + _AROUND) * height for width, height in sizes)
        shares.append(min(1.0, around / (page.image.shape[0] * page.image.shape[1])))
    return bool(shares) and float(np.mean(shares)) <= _SPARSE
