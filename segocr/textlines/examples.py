"""Examples: labelled pages with their lines read, looked at and marked; the slow part is kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segocr.evaluation.labels import LabelledDocument
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template
from segocr.textlines.cache import LineCache
from segocr.textlines.features import PageEvidence, look_at
from segocr.textlines.labels import Marked, mark
from segocr.textlines.lines import TextLine, find_lines, read_lines


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
) -> list[Example]:
    """Detect and read the lines of labelled pages, or take them from the cache.

    Args:
        documents: One picture each.
        template: Its constraints and classes.
        steps: The OCR host; not asked for pages that the cache knows.
        model: Finds and reads the lines.
        cache: Folder, made if need be.
        progress: Called with (done, total) after each page.

    Raises:
        UsageError: ``unreadable-picture``.
        SegocrError: The OCR host fails.
    """
    kept = LineCache(cache, steps.load(model).digest)
    examples = []
    for number, document in enumerate(documents, start=1):
        picture = read_picture(document.path)
        lines = kept.get(picture)
        if lines is None:
            page = Page(1, picture)
            lines = read_lines(page, find_lines([page], steps, model)[0], steps, model)
            kept.put(picture, lines)
        marked = mark(lines, document.labels, template.classes)
        examples.append(Example(document, tuple(lines), look_at(template, lines), marked))
        progress(number, len(documents))
    return examples
