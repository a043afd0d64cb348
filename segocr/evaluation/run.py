"""Running a template over labelled documents: as it is, and once more with true regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from segocr.documents import Document
from segocr.errors import UsageError
from segocr.evaluation.compare import Comparison, comparison_of
from segocr.evaluation.cost import Cost, Meter
from segocr.evaluation.labels import LabelledDocument, Polygon
from segocr.evaluation.outcomes import FieldRule, Outcome, outcomes_of
from segocr.evaluation.tables import Score, documents_right, score
from segocr.extraction import Progress, extract
from segocr.geometry import minimum_rectangle
from segocr.pages import Page
from segocr.records import Record
from segocr.regions import Region
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import Template

MARGIN = 0.18
"""True regions are widened by this share of a line's height on every side: labels touch the print."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One pass over the documents.

    Attributes:
        outcomes: Of every document, in order.
        failures: Ids of the documents that failed, with their problem codes.
        seconds: Wall time, hosts already started.
        recipe: Digest of everything that decided the results.
        cost: Processor time; the hosts had read one of the documents before.
    """

    outcomes: tuple[Outcome, ...]
    failures: Mapping[str, str]
    seconds: float
    recipe: str
    cost: Cost

    def of(self, name: str) -> list[Outcome]:
        """Return the outcomes of one field."""
        return [outcome for outcome in self.outcomes if outcome.field == name]

    @property
    def overall(self) -> Score:
        """All fields together (micro average)."""
        return score(self.outcomes)

    def as_json(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the numbers of all fields and of each."""
        right = documents_right(self.outcomes)
        return {
            "overall": self.overall.as_json(),
            "documents_right": {"count": right.count, "of": right.total, "interval": right.interval},
            "fields": {name: score(self.of(name)).as_json() for name in names},
            "failures": dict(self.failures),
            "seconds": round(self.seconds, 2),
            "cost": self.cost.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A template measured on documents: with the regions found, and with the true ones (the oracle)."""

    template: str
    version: int
    documents: int
    fields: tuple[str, ...]
    found: Measured
    oracle: Measured | None = None
    about: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints and ``--compare`` reads."""
        return {
            "template": self.template,
            "version": self.version,
            "recipe": self.found.recipe,
            "documents": self.documents,
            **self.about,
            **self.found.as_json(self.fields),
            "oracle": self.oracle.as_json(self.fields) if self.oracle else None,
            "outcomes": [_outcome_as_json(outcome) for outcome in self.found.outcomes],
        }


def field_rules(
    template: Template, documents: Sequence[LabelledDocument], chosen: Mapping[str, Comparison] = {}
) -> list[FieldRule]:
    """Return how each field is scored that the documents have labels for.

    Raises:
        UsageError: ``labels``: the labels' classes and the template's have nothing in common.
    """
    labelled = {label.class_name for document in documents for label in document.labels}
    rules = [
        FieldRule(spec, comparison_of(spec, chosen))
        for spec in template.fields.values()
        if spec.class_name in labelled
    ]
    if not rules:
        raise UsageError(
            f"the labels are of {', '.join(sorted(labelled))}; the template {template.name!r} reads "
            f"{', '.join(template.classes)}",
            code="labels",
        )
    return rules


def evaluate(
    template: Template,
    documents: Sequence[LabelledDocument],
    *,
    settings: Settings,
    engines: tuple[str | None, str | None] = (None, None),
    chosen: Mapping[str, Comparison] = {},
    oracle: bool = True,
    about: Mapping[str, object] = {},
    progress: Callable[[str, Progress], None] = lambda _, __: None,
    steps: Steps | None = None,
) -> Evaluation:
    """Measure a template.

    Args:
        template: What to measure.
        documents: Labelled pictures.
        settings: Of the workspace.
        engines: (segmentation, OCR) instead of the template's lists.
        chosen: How values compare where the usual way is not wanted, by field.
        oracle: Whether to read the true regions as well.
        about: What else to tell of this evaluation in its JSON.
        progress: Called with the pass's name after each document.
        steps: Running hosts that nobody else uses; by default own ones.

    Raises:
        SegocrError: As ``extract``; a single document's failure counts as all its values missing.
    """
    rules = field_rules(template, documents, chosen)
    with ExitStack() as stack:
        if steps is None:
            steps = stack.enter_context(
                Steps(
                    environments=settings.environment_pythons, device=settings.engines.devices, shared=False
                )
            )
        read = partial(
            extract, template=template, settings=settings, steps=steps, segment_engine=engines[0],
            ocr_engine=engines[1],
        )  # fmt: skip
        for _ in read([document.path for document in documents[:1]]):
            pass  # hosts start, models load and are compiled for the first picture: that is no cost of a page
        passes: list[Measured | None] = []
        for name, regions_of in (("found", None), ("oracle", true_regions(documents))):
            if name == "oracle" and not oracle:
                passes.append(None)
                continue
            start, meter = perf_counter(), Meter(steps)
            records = read(
                [document.path for document in documents], regions_of=regions_of,
                progress=partial(progress, name),
            )  # fmt: skip
            by_path = {record.file: record for record in records}
            cost = meter.read(sum(max(1, len(record.pages)) for record in by_path.values()))
            passes.append(_measured(documents, by_path, rules, perf_counter() - start, cost))
    found, true = passes
    assert found is not None
    names = tuple(rule.name for rule in rules)
    return Evaluation(template.name, template.version, len(documents), names, found, true, about)


def _measured(
    documents: Sequence[LabelledDocument],
    records: Mapping[Path, Record],
    rules: Sequence[FieldRule],
    seconds: float,
    cost: Cost,
) -> Measured:
    outcomes: list[Outcome] = []
    failures = {}
    for document in documents:
        record = records.get(document.path)
        if record is None or not record.fields:
            failures[document.id] = record.problems[0].code if record and record.problems else "no-record"
        outcomes.extend(outcomes_of(document, record, rules))
    recipe = next((record.recipe.digest for record in records.values()), "")
    return Measured(tuple(outcomes), failures, seconds, recipe, cost)


def true_regions(documents: Sequence[LabelledDocument]) -> Callable[[Document, Page], list[Region]]:
    """Return what takes the place of segmentation: the labelled regions, a little widened, with score 1."""
    labels = {document.path: document.labels for document in documents}

    def regions_of(document: Document, page: Page) -> list[Region]:
        return [
            Region(page.number, label.class_name, 1.0, _region_polygon(polygons), _lines(polygons))
            for label in labels[document.path]
            if (polygons := label.polygons)
        ]

    return regions_of


def _region_polygon(polygons: Sequence[Polygon]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the convex hull of a value's lines, ``float32 (n, 2)``, each line widened by ``MARGIN``."""
    widened = [widen(polygon, MARGIN) for polygon in polygons]
    if len(widened) == 1:
        return widened[0].astype(np.float32)
    hull = cv2.convexHull(np.concatenate(widened).astype(np.float32))
    return np.asarray(hull.reshape(-1, 2), dtype=np.float32)


def _lines(polygons: Sequence[Polygon]) -> tuple[Polygon, ...]:
    """Return the lines of a value of several lines, upright as far as their long sides tell."""
    if len(polygons) == 1:
        return ()
    return tuple(minimum_rectangle(polygon) for polygon in polygons)


def widen(polygon: Polygon, share: float) -> Polygon:
    """Widen a polygon's smallest rectangle by a share of its short side on every side: ``(4, 2)``."""
    (x, y), (width, height), angle = cv2.minAreaRect(polygon.astype(np.float32))
    extra = 2 * share * min(width, height)
    # Only the set of corners counts here, so OpenCV's changing order of them does no harm.
    return np.asarray(cv2.boxPoints(((x, y), (width + extra, height + extra), angle)), dtype=np.float64)


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "document": outcome.document,
        "field": outcome.field,
        "result": outcome.result.value,
        "label": outcome.label,
        "read": outcome.read,
        "raw": outcome.raw,
        "accepted": outcome.accepted,
        "status": outcome.status,
        "confidence": round(outcome.confidence, 4),
        "iou": round(outcome.overlap.iou, 4) if outcome.overlap else None,
    }
