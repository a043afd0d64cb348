"""Recipes: which engines and models a run takes, and the digest of everything that decides its results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from segocr.codeversion import deciding_code, reading_code
from segocr.environments.locate import resolve
from segocr.errors import EnvironmentMissing, ModelError, SegocrError
from segocr.records import Recipe
from segocr.spelling import known_words
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentModel
from segocr.steps.engines import engine_of
from segocr.steps.modelfiles import digest_of_one
from segocr.steps.ocr.names import NAMES as OCR_MODELS
from segocr.steps.ocr.names import may_have
from segocr.templates import FieldSpec, Template
from segocr.templates.alphabets import warn_of_lacking
from segocr.templates.trust import require_trust
from segocr.textlines.fitting import require_fitting, require_same_reader
from segocr.textlines.head import Head, load_head

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
    workspace: Path | None = None,
    segment_engine: str | None = None,
    ocr_engine: str | None = None,
    ocr_model: str | None = None,
) -> Models:
    """Take the first engine of the template's list that is installed and has its model.

    Args:
        template: Its lists of engines.
        environments: Interpreters named in ``segocr.toml``.
        workspace: Whose list of trusted models holds; None: only the shipped ones are trusted.
        segment_engine: The only one wanted.
        ocr_engine: The only one wanted.
        ocr_model: Instead of the template's: a name or a directory.

    Raises:
        SegocrError: None of them can be taken; the error is the one of the first.
    """
    segment = _first(
        [segment_engine] if segment_engine else template.segment.engines,
        lambda engine: _segment_model(template, engine, environments, workspace),
    )
    ocr = _first(
        [ocr_engine] if ocr_engine else template.ocr.engines,
        lambda engine: _ocr_model(ocr_model or template.ocr.model, engine, environments),
    )
    return Models(segment, ocr)


def recipe_of(template: Template, models: Models, steps: Steps, *, dpi: float) -> Recipe:
    """Ask the hosts what they run, and digest it together with the template.

    Characters that the template names and the OCR model does not know are logged as warnings.

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
    warn_of_lacking(template, steps.alphabet(models.ocr), models.ocr.name)
    digests = {
        models.segment.path.name: segment.digest,
        known_as(models.ocr.name, template): ocr.digest,
    }
    engines = {
        step: f"{engine} {steps.about(step, engine).get('version')}"
        for step, engine in (("segment", models.segment.engine), ("ocr", models.ocr.engine))
    }
    facts = {
        "template": template.digest,
        "deciding": deciding_code(),
        "reading": {
            "code": reading_code(),
            "models": digests,
            "engines": engines,
            "image_size": models.segment.image_size,
            "confidence": models.segment.confidence,
            "iou": models.segment.iou,
            "dpi": dpi,
            "strips": strips_of(template),
        },
    }
    return Recipe(template.name, template.version, digest_of(facts), digests, engines, facts)


def pinned(models: Models, recipe: Recipe, template: Template) -> Models:
    """Return the models as those that a recipe names: files that take their place are refused from now on."""
    segment = recipe.models.get(models.segment.path.name)
    ocr = recipe.models.get(known_as(models.ocr.name, template))
    return Models(
        replace(models.segment, digest=segment or models.segment.digest),
        replace(models.ocr, digest=ocr or models.ocr.digest),
    )


def known_as(ocr_model: str, template: Template) -> str:
    """Return what recipes call an OCR model: its name, or its folder as seen from the template's.

    So a workspace that was moved or copied makes the same records.

    Args:
        ocr_model: A name, or a folder's absolute path.
        template: In whose folder it may lie.
    """
    path = Path(ocr_model)
    return str(path.relative_to(template.folder)) if path.is_relative_to(template.folder) else ocr_model


def fitting_head(template: Template, models: Models, steps: Steps) -> Head | None:
    """Return the head of the engine textlines, checked; None where another engine finds the regions.

    Raises:
        ModelError: It was trained for other fields, on lines of another OCR model, or took the place of the
            one that the models name.
    """
    if models.segment.engine != "textlines":
        return None
    path = models.segment.path
    head = load_head(path)
    if models.segment.digest not in (None, head.digest):
        raise ModelError(f"{path} was replaced while it was in use", code="model-changed", hint="start again")
    require_fitting(head, template, path.name)
    require_same_reader(head, steps.load(models.ocr).digest, models.ocr.name, path.name)
    return head


def digest_of(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a recipe's facts, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def replayed(recipe: Recipe, template: Template) -> Recipe:
    """Return the recipe of a record that a template decides again from what was read under another one."""
    facts = {
        "template": template.digest,
        "deciding": deciding_code(),
        "reading": recipe.facts["reading"],
        "replayed": True,
    }
    return Recipe(template.name, template.version, digest_of(facts), recipe.models, recipe.engines, facts)


def strips_of(template: Template) -> dict[str, Any]:
    """Return, as JSON, all of a template that decides which strips are cut and read."""
    return {
        "each_page": template.pages.each_record,
        "pages": None if template.pages.numbers is None else list(template.pages.numbers),
        "fields": {
            name: _strips_of_field(template, spec)
            for name, spec in template.fields.items()
            if spec.class_name is not None
        },
    }


def _strips_of_field(template: Template, spec: FieldSpec) -> dict[str, Any]:
    assert spec.class_name is not None
    return {
        "class": spec.class_name,
        "lines": spec.lines,
        "crop": [spec.crop.fit, spec.crop.along, spec.crop.across],
        # Where every field of a class takes the best region only, not all of them are read.
        "best_only": all(other.instances == "best" for other in template.fields_of(spec.class_name)),
    }


def _first(engines: Sequence[str], model_of: Callable[[str], Model]) -> Model:
    first_error: SegocrError | None = None
    for engine in engines:
        try:
            return model_of(engine)
        except (EnvironmentMissing, ModelError) as error:
            first_error = first_error or error
    assert first_error is not None, "a template names at least one engine"
    raise first_error


def _segment_model(
    template: Template, engine: str, environments: Mapping[str, Path], workspace: Path | None
) -> SegmentModel:
    resolve(engine_of("segment", engine).environment, environments)
    path = template.segment_model(engine)
    digest = digest_of_one(require_trust(path, workspace)) if engine == "ultralytics" else None
    sizes = template.segment
    return SegmentModel(engine, path, sizes.image_size, sizes.confidence, digest=digest)


def _ocr_model(name: str, engine: str, environments: Mapping[str, Path]) -> OcrModel:
    if not may_have(engine, name):
        hint = f"{known_words(name, OCR_MODELS)}; PaddleOCR alone knows others"
        raise ModelError(f"the engine {engine} has no OCR model {name!r}", code="model-absent", hint=hint)
    resolve(engine_of("ocr", engine).environment, environments)
    return OcrModel(engine, name)
