"""Whether a template's models can be used, as far as their files say without an engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from segocr.errors import ModelError
from segocr.spelling import known_words
from segocr.steps.ocr.names import NAMES as OCR_MODELS
from segocr.steps.ocr.names import may_have
from segocr.templates.classes import model_classes
from segocr.templates.spec import Template
from segocr.textlines.fitting import require_fitting
from segocr.textlines.head import load_head


def check_models(template: Template) -> Iterator[str]:
    """Look at the models of all engines that a template names; that they have its classes is known already.

    Yields:
        What is no mistake before somebody needs it: a model that is absent, or does not say its classes.

    Raises:
        ModelError: One is damaged, of another kind, or was trained for other fields.
    """
    for engine in template.segment.engines:
        try:
            path = template.segment_model(engine)
        except ModelError:
            yield f"no model for the engine {engine} in {template.folder}"
            continue
        if engine == "textlines":
            require_fitting(load_head(path), template, str(path))
            continue
        try:
            model_classes(path)
        except ModelError as error:
            if error.code != "model-classes":
                raise
            yield f"{error.message}: {error.hint}"
    for engine in template.ocr.engines:
        if not may_have(engine, template.ocr.model):
            hint = known_words(template.ocr.model, OCR_MODELS)
            yield f"the engine {engine} has no OCR model {template.ocr.model!r}; PaddleOCR may: {hint}"
    ocr = Path(template.ocr.model)
    if ocr.is_absolute() and not ocr.is_dir():
        yield f"the folder of the OCR model, {ocr}, is not there"
