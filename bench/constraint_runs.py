"""Labelled documents read by the product's own way, with chosen regions and constraints, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from constraint_ways import narrowed, steered
from remembered import NO_MODEL, PretendingSteps

from segocr.crops import Crop
from segocr.errors import SegocrError
from segocr.evaluation.labels import LabelledDocument
from segocr.evaluation.outcomes import FieldRule, Outcome, outcomes_of
from segocr.evaluation.run import field_rules
from segocr.pipeline import Pipeline, RegionsOf
from segocr.recipes import Models, choose_models
from segocr.records import FieldValue, Record
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
    except SegocrError:
        return Models(NO_MODEL, OcrModel(template.ocr.engines[0], template.ocr.model)), False


def read_all(
    name: str,
    ways: Sequence[str],
    documents: Sequence[LabelledDocument],
    steps: PretendingSteps,
    regions_of: RegionsOf | None,
) -> dict[str, list[Compared]]:
    """Read documents in some ways and compare them with their labels; each is opened and cut only once.

    Args:
        name: Of the set.
        ways: Of ``constraint_ways``.
        documents: With labels of the template's own fields.
        steps: The hosts.
        regions_of: The true regions; None to find them with the template as it is.
    """
    template, whole = template_of(name), load_template(SETS[name][0])
    models, _ = chosen_models(whole)
    known = replace(models, segment=NO_MODEL)
    steps.classes = whole.classes

    def pipeline(of: Template, with_models: Models) -> Pipeline:
        return Pipeline(
            of, steps, models=with_models, settings=Settings(), day=date.today(), regions_of=regions_of,
            follow_links=True,
        )  # fmt: skip

    finder = pipeline(template, known) if regions_of else pipeline(whole, models)
    readers = {way: pipeline(steered(template, way), known) for way in ways}
    rules = field_rules(template, documents)
    compared: dict[str, list[Compared]] = {way: [] for way in ways}
    for start in range(0, len(documents), TOGETHER):
        part = documents[start : start + TOGETHER]
        found = finder.segment([document.path for document in part])
        for way, reader in readers.items():
            works = [
                replace(
                    work, crops=[_of_fields(page, template) for page in work.crops], timings={}, unchosen=[]
                )
                for work in found
            ]
            reader.read(works)
            for document, records in zip(part, reader.validate(works), strict=True):
                compared[way] += compare(document, records[0], rules)
    return compared


def _of_fields(page: Sequence[Crop], template: Template) -> list[Crop]:
    return [crop for crop in page if crop.region.class_name in template.classes]


def compare(document: LabelledDocument, record: Record, rules: Sequence[FieldRule]) -> Iterator[Compared]:
    """Compare one record with its labels."""
    values = {
        (value.name, value.value, value.raw): value for several in record.fields.values() for value in several
    }
    for outcome in outcomes_of(document, record, rules):
        yield outcome, values.get((outcome.field, outcome.read, outcome.raw))


def labelled(documents: Sequence[LabelledDocument], template: Template) -> list[LabelledDocument]:
    """Return the documents with the labels that the template has a field for."""
    return [
        replace(document, labels=tuple(one for one in document.labels if one.class_name in template.classes))
        for document in documents
    ]


def drawn(documents: list[LabelledDocument], limit: int | None) -> list[LabelledDocument]:
    """Return some of the documents, always the same, in their order."""
    if limit is None or limit >= len(documents):
        return documents
    places = np.random.default_rng(SEED).choice(len(documents), limit, replace=False)
    return [documents[place] for place in sorted(places.tolist())]
