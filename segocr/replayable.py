"""Whether a stored record can be decided again under a template, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from segocr.errors import ModelError
from segocr.recipes import known_as, strips_of
from segocr.records import Problem, Record, RecordStatus
from segocr.steps.modelfiles import digest_files
from segocr.templates import Template
from segocr.templates.spec import MODEL_SUFFIX

WANT_PAGES = frozenset({"other-template", "nothing-read", "reading-unknown", "other-reading", "no-lattice"})
"""Codes of records that stay as they are until their documents are extracted again."""


def why_not(record: Record, template: Template) -> Problem | None:
    """Return why a record stays as it is; None if it can be decided again."""
    if record.recipe.template != template.name:
        message = f"it is a record of template {record.recipe.template or 'none'}, not of {template.name}"
        return Problem("other-template", message)
    if record.status is RecordStatus.FAILED:
        return Problem("nothing-read", "the document failed: nothing was read that could be decided again")
    if not record.recipe.facts:
        message = "it was stored by an older segocr, which did not keep how it was read"
        return Problem("reading-unknown", message)
    reading = record.recipe.facts["reading"]
    differences = [*_other_models(reading, template), *_other_strips(reading["strips"], template)]
    return Problem("other-reading", "; ".join(differences)) if differences else None


def sources_of(record: Record, template: Template) -> dict[str, str]:
    """Return for each field that is read the field whose stored readings can be decided for it.

    That is itself, or one that was read from the same strips: of the same class, cut the same way.
    """
    stored = record.recipe.facts["reading"]["strips"]["fields"]
    wanted = strips_of(template)["fields"]
    found: dict[str, str] = {}
    for name, own in wanted.items():
        for source in dict.fromkeys((name, *stored)):
            if source in stored and _same_strips(stored[source], own):
                found[name] = source
                break
    return found


def _same_strips(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    same = all(stored[key] == wanted[key] for key in ("class", "lines", "crop"))
    return same and (wanted["best_only"] or not stored["best_only"])


def _other_strips(stored: Mapping[str, Any], template: Template) -> Iterator[str]:
    wanted = strips_of(template)
    if any(stored[key] != wanted[key] for key in ("each_page", "pages")):
        yield "the template now takes other pages, or divides them into records otherwise"
    for name, own in wanted["fields"].items():
        known = stored["fields"]
        if any(_same_strips(other, own) for other in known.values()):
            continue
        of_class = [other for other in known.values() if other["class"] == own["class"]]
        before = known.get(name)
        if not of_class:
            was = f" (it was {before['class']!r})" if before else ""
            yield f"field {name} is now read from class {own['class']!r}{was}, of which nothing was read"
        elif all(other["lines"] != own["lines"] for other in of_class):
            yield f"field {name} now has lines: {own['lines']}"
        elif all(other["crop"] != own["crop"] for other in of_class):
            yield f"field {name} is now cut out otherwise (crop)"
        else:
            yield f"field {name} now takes more than the best region, and the others were not read"


def _other_models(reading: Mapping[str, Any], template: Template) -> Iterator[str]:
    engine = str(reading["engines"]["segment"]).split()[0]
    if engine not in template.segment.engines:
        yield f"the template no longer names the segmentation engine {engine}"
        return
    reader = str(reading["engines"]["ocr"]).split()[0]
    if reader not in template.ocr.engines:
        yield f"the template no longer names the OCR engine {reader}"
    if (wanted := known_as(template.ocr.model, template)) not in reading["models"]:
        yield f"the template now wants the OCR model {wanted}"
    for key in ("image_size", "confidence"):
        if reading[key] != getattr(template.segment, key):
            yield f"segment.{key} is now {getattr(template.segment, key)} (it was {reading[key]})"
    if engine not in MODEL_SUFFIX:
        return
    try:
        path = template.segment_model(engine)
    except ModelError:  # not needed here, so it need not be there
        return
    if reading["models"].get(path.name) != digest_files([path]):
        yield f"the segmentation model {path.name} is another one now"
