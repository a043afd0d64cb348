"""Drafting a template from the classes of a model or of labelled documents."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from segocr.errors import TemplateError
from segocr.templates import names
from segocr.templates.classes import model_classes
from segocr.templates.guessing import Shown, guess
from segocr.templates.load import FILE

_HEAD = """\
# yaml-language-server: $schema=template.schema.json
# A draft: one field for each class{guessed}. Say of each what its text looks like; see docs/templates.md.
template: {name}
version: 1
title: {title}
route: {{folder: {name}}}
segment: {{engines: [{engines}], model: model{suffix}, image_size: 1024, confidence: 0.25}}
ocr: {{engines: [openvino, paddleocr], model: PP-OCRv6_small}}
fields:
"""
_SPELT = {
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "å": "a", "ł": "l", "đ": "d",
}  # fmt: skip
_UNSEEN = Shown((), 0)
_TAIL = """\
accept: {confidence: 0.9}
"""


def draft(
    name: str, model: Path | None, folder: Path, shown: Mapping[str, Shown] = {}, documents: int = 0
) -> Path:
    """Write a template's folder with a draft and a copy of its model.

    Args:
        name: The template's name.
        model: An ``.onnx`` or ``.pt`` file; another one of the same name and the other suffix is taken along.
            None: it is still to be trained.
        folder: Where the template's folder is made.
        shown: What the labels show, by class, where there is no model.
        documents: How many labelled documents there are.

    Returns:
        The template's file.

    Raises:
        TemplateError: The name cannot be used, or the folder exists.
        ModelError: The model is absent or does not say its classes.
    """
    if fault := names.fault_of_template_name(name):
        raise TemplateError(fault)
    text = (
        draft_text(name, dict.fromkeys(model_classes(model), _UNSEEN), model)
        if model
        else draft_text(name, shown, None, documents)
    )
    target = folder / name
    if target.exists():
        raise TemplateError(f"{target} exists already", hint="choose another name, or edit what is there")
    try:
        target.mkdir(parents=True)
        for suffix in (".onnx", ".pt"):
            if model and (part := model.with_suffix(suffix)).is_file():
                shutil.copyfile(part, target / f"model{suffix}")
        (target / FILE).write_text(text, encoding="utf-8")
        (target / "template.schema.json").write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{target} cannot be written: {error.strerror}") from error
    return target / FILE


def draft_text(name: str, shown: Mapping[str, Shown], model: Path | None, documents: int = -1) -> str:
    """Return the draft of a template with one field for each class, guessed from labels if there are some."""
    fields = _field_names(tuple(shown))
    bare = model is not None and model.suffix == ".pt" and not model.with_suffix(".onnx").is_file()
    engines, suffix = ("ultralytics", ".pt") if bare else ("openvino, ultralytics", ".onnx")
    head = _HEAD.format(
        name=name,
        title=name.replace("_", " ").capitalize(),
        engines=engines if model else f"textlines, {engines}",
        suffix=suffix,
        guessed="" if model else f", guessed from {documents} labelled documents",
    )
    return (
        head
        + "".join(
            f"  {field}:\n" + "".join(f"    {line}\n" for line in _field(field, label, one, documents))
            for field, (label, one) in zip(fields, shown.items(), strict=True)
        )
        + _TAIL
    )


def _field(field: str, label: str, shown: Shown, documents: int) -> list[str]:
    return [*([] if field == label else [f"class: {_quoted(label)}"]), *guess(shown, documents)]


def _field_names(classes: tuple[str, ...]) -> list[str]:
    """Make a field's name from each class: small letters and digits, not reserved, no two the same."""
    taken: list[str] = []
    for label in classes:
        plain = re.sub(r"[^a-z0-9]+", "_", _in_ascii(label)).strip("_")[:30] or "field"
        plain = plain if plain[0].isalpha() else f"field_{plain}"
        plain = f"{plain}_field" if names.fault_of_field_name(plain) else plain
        free = next(n for n in (plain, *(f"{plain}_{at}" for at in range(2, 10_000))) if n not in taken)
        taken.append(free)
    return taken


def _in_ascii(label: str) -> str:
    """Return a label in small letters without accents, as people write them where they have none."""
    small = unicodedata.normalize("NFC", label).lower()
    spelt = "".join(_SPELT.get(character, character) for character in small)
    return "".join(c for c in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(c))


def _quoted(label: str) -> str:
    """Return any text as YAML: in double quotes, with what does not print escaped."""
    plain = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in label)
    return f'"{"".join(plain)}"'


def schema_text() -> str:
    """Return the JSON Schema of the template language, for editors."""
    import json

    from segocr.templates.written import TemplateWritten

    return json.dumps(TemplateWritten.model_json_schema(by_alias=True), indent=2) + "\n"
