"""Whether a head fits: the template as it is now, and the OCR model that finds and reads the lines."""

from __future__ import annotations

from collections.abc import Sequence

from segocr.errors import ModelError
from segocr.templates import Template
from segocr.textlines.features import SAYS, own_names
from segocr.textlines.head import Head


def require_fitting(head: Head, template: Template, name: str) -> None:
    """Check that a head was trained for a template as it is now.

    Args:
        head: The head.
        template: Its fields' constraints are features of the head.
        name: The head's file, for the message.

    Raises:
        ModelError: ``class-missing`` or ``model-kind``.
    """
    template.check_classes(head.card.classes, name)
    names = own_names(template)
    if list(head.card.names) != names or head.card.classes != template.classes:
        raise ModelError(
            f"the head {name} was trained for other fields than template {template.name} has now: "
            f"{_what_changed(head, names)}",
            code="model-kind",
            hint=f"train it again: segocr train {template.name} --engine textlines --data DIR",
        )


def require_same_reader(head: Head, ocr_digest: str, ocr_name: str, name: str) -> None:
    """Check that lines are found and read by the model that the head learned from.

    Raises:
        ModelError: ``other-reader``.
    """
    if head.card.ocr != ocr_digest:
        raise ModelError(
            f"the head {name} learned from lines that {head.card.ocr_name} found and read "
            f"({head.card.ocr[:12]}), not from those of {ocr_name} ({ocr_digest[:12]})",
            code="other-reader",
            hint=f"read with {head.card.ocr_name}, or train the head again with this model",
        )


def _what_changed(head: Head, names: Sequence[str]) -> str:
    """Say in an author's words why a template has other features than a head was trained on."""
    known = [name.removeprefix(SAYS) for name in head.card.names if name.startswith(SAYS)]
    now = [name.removeprefix(SAYS) for name in names if name.startswith(SAYS)]
    said = [f"field {field} is gone" for field in known if field not in now]
    said += [f"field {field} is new" for field in now if field not in known]
    differing = set(names) ^ set(head.card.names)
    said += [
        f"field {field} has another type or pattern now"
        for field in now
        if field in known and any(name.startswith(f"{field} ") for name in differing)
    ]
    if said:
        return "; ".join(said)
    if differing:
        return "another version of segocr trained it"
    return "their order" if now != known else "the order of their classes"
