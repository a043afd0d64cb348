"""Labelled documents read by the product's own way, with chosen regions and constraints, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from constraint_ways import narrowed, steered
from remembered import NO_MODEL, RememberingSteps

from segocr.errors import ModelError
from segocr.evaluation.labels import LabelledDocument
from segocr.evaluation.outcomes import Outcome, outcomes_of
from segocr.evaluation.run import field_rules
from segocr.pipeline import Pipeline, RegionsOf
from segocr.recipes import Models, choose_models
from segocr.records import FieldValue
from segocr.settings import Settings
from segocr.steps.contract import OcrModel
from segocr.templates import Template, load_template

SETS = {
    "passports": ("passport", ("mrz_line1", "mrz_line2")),
    "plates": ("license_plate", ("plate",)),
    "receipts": ("receipt", ("date", "total")),
}
"""Data set: its template, and the fields that a constraint steers."""

SEED = 20260103
TOGETHER = 8

Compared = tuple[Outcome, FieldValue | None]
"""What became of a value, and the value if one was read."""


def template_of(name: str) -> Template:
    """Return the template of a set, with the fields that count."""
    template, fields = SETS[name]
    return narrowed(load_template(template), fields)


def chosen_models(template: Template) -> tuple[Models, bool]:
    """Return the models to take, and whether there is one that finds regions."""
    try:
        return choose_models(template, {}), True
    except ModelError:
        return Models(NO_MODEL, OcrModel(template.ocr.engines[0], template.ocr.model)), False


def read_all(
    template: Template,
    way: str,
    documents: Sequence[LabelledDocument],
    models: Models,
    steps: RememberingSteps,
    regions_of: RegionsOf | None,
) -> list[Compared]:
    """Read documents in one way and compare them with their labels, which are compared as always."""
    pipeline = Pipeline(
        steered(template, way), steps, models=models, settings=Settings(), day=date.today(),
        regions_of=regions_of, follow_links=True,
    )  # fmt: skip
    rules = field_rules(template, documents)
    compared: list[Compared] = []
    for start in range(0, len(documents), TOGETHER):
        part = documents[start : start + TOGETHER]
        works = pipeline.segment([document.path for document in part])
        pipeline.read(works)
        for document, records in zip(part, pipeline.validate(works), strict=True):
            values = [value for values in records[0].fields.values() for value in values]
            for outcome in outcomes_of(document, records[0], rules):
                own = (
                    v
                    for v in values
                    if (v.name, v.value, v.raw) == (outcome.field, outcome.read, outcome.raw)
                )
                compared.append((outcome, next(own, None)))
    return compared


def drawn(documents: list[LabelledDocument], limit: int | None) -> list[LabelledDocument]:
    """Return some of the documents, always the same, in their order."""
    if limit is None or limit >= len(documents):
        return documents
    places = np.random.default_rng(SEED).choice(len(documents), limit, replace=False)
    return [documents[place] for place in sorted(places.tolist())]
