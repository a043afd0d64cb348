"""Recipes: which engines and models a run takes, and the digest of everything that decides its results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from segocr.environments.locate import resolve
from segocr.errors import EnvironmentMissing, ModelError, SegocrError
from segocr.records import Recipe
from segocr.settings import find_workspace
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentModel
from segocr.steps.engines import engine_of
from segocr.templates import Template
from segocr.templates.trust import require_trust

DECODER = 1
"""Version of everything between the models and the values: raise it when results change."""

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Models:
    """The segmentation and the OCR model of a run."""

    segment: SegmentModel
    ocr: OcrModel


def choose_models(
    template: Template,
    environments: Mapping[str, Path],
    *,
    segment_engine: str | None = None,
    ocr_engine: str | None = None,
    ocr_model: str | None = None,
) -> Models:
    """Take the first engine of the template's list that is installed and has its model.

    Args:
        template: Its lists of engines.
        environments: Interpreters named in ``segocr.toml``.
        segment_engine: The only one wanted.
        ocr_engine: The only one wanted.
        ocr_model: Instead of the template's: a name or a directory.

    Raises:
        SegocrError: None of them can be taken; the error is the one of the first.
    """
    segment = _first(
        [segment_engine] if segment_engine else template.segment.engines,
        lambda engine: _segment_model(template, engine, environments),
    )
    ocr = _first(
        [ocr_engine] if ocr_engine else template.ocr.engines,
        lambda engine: _ocr_model(ocr_model or template.ocr.model, engine, environments),
    )
    return Models(segment, ocr)


def recipe_of(template: Template, models: Models, steps: Steps, *, dpi: float) -> Recipe:
    """Ask the hosts what they run, and digest it together with the template.

    Args:
        template: What is extracted.
        models: What with.
        steps: The hosts.
        dpi: What PDF pages are rendered at, dots per inch.

    Raises:
        SegocrError: A host does not start, or a model does not load.
    """
    steps.warm([], [models.segment, models.ocr])
    segment, ocr = steps.load(models.segment), steps.load(models.ocr)
    template.check_classes(segment.classes, str(models.segment.path))
    digests = {models.segment.path.name: segment.digest, models.ocr.name: ocr.digest}
    engines = {
        step: f"{engine} {steps.about(step, engine).get('version')}"
        for step, engine in (("segment", models.segment.engine), ("ocr", models.ocr.engine))
    }
    settings = [models.segment.image_size, models.segment.confidence, models.segment.iou, dpi]
    facts = [template.digest, digests, engines, settings, DECODER]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return Recipe(template.name, template.version, digest, digests, engines)


def _first(engines: Sequence[str], model_of: Callable[[str], Model]) -> Model:
    first_error: SegocrError | None = None
    for engine in engines:
        try:
            return model_of(engine)
        except (EnvironmentMissing, ModelError) as error:
            first_error = first_error or error
    assert first_error is not None, "a template names at least one engine"
    raise first_error


def _segment_model(template: Template, engine: str, environments: Mapping[str, Path]) -> SegmentModel:
    resolve(engine_of("segment", engine).environment, environments)
    path = template.segment_model(engine)
    if engine == "ultralytics":
        require_trust(path, find_workspace())
    return SegmentModel(engine, path, template.segment.image_size, template.segment.confidence)


def _ocr_model(name: str, engine: str, environments: Mapping[str, Path]) -> OcrModel:
    resolve(engine_of("ocr", engine).environment, environments)
    return OcrModel(engine, name)
