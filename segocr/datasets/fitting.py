"""Whether labels fit their template: its classes, how many of each it takes, and what its fields accept."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from segocr.datasets.findings import Finding, error, warning
from segocr.evaluation.compare import value_of_label
from segocr.evaluation.labels import LABELS, Label, LabelledDocument
from segocr.spelling import known_words
from segocr.synthesis.wording import bare_text
from segocr.templates import FieldSpec, Template
from segocr.validators.normalise import normalised

_LONGEST = 60


def fitting(folder: Path, documents: Sequence[LabelledDocument], template: Template) -> Iterator[Finding]:
    """Yield what of the labels does not fit a template.

    Args:
        folder: Holds their ``fields.jsonl``.
        documents: Those that can be read.
        template: What they are for.
    """
    yield from _classes(folder, documents, template)
    today = dt.date.today()
    for document in documents:
        yield from _counts(document, template)
        for label in document.labels:
            specs = template.fields_of(label.class_name)
            if specs and not any(_fits(label, spec, today) for spec in specs):
                yield warning("value-unlike-field", document.place, _unlike(label, specs[0]))


def _classes(folder: Path, documents: Sequence[LabelledDocument], template: Template) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for document in documents:
        for label in document.labels:
            seen.setdefault(label.class_name, document.place)
    for name, place in seen.items():
        if name not in template.classes:
            nearest = known_words(name, sorted(template.classes))
            yield error("unknown-class", place, f"the template lacks the class {name!r}; {nearest}")
    for name in template.classes:
        if name not in seen:
            yield warning("never-labelled", str(folder / LABELS), f"no label has the class {name!r}")


def _counts(document: LabelledDocument, template: Template) -> Iterator[Finding]:
    for name, count in Counter(label.class_name for label in document.labels).items():
        specs = template.fields_of(name)
        if count > 1 and specs and all(spec.instances in ("best", "first") for spec in specs):
            message = (
                f"{name!r} is labelled {count} times, and {specs[0].name} has one value: the same value "
                "printed again belongs into alt_polygons, a list has instances: all"
            )
            yield warning("several-labels", document.place, message)


def _fits(label: Label, spec: FieldSpec, today: dt.date) -> bool:
    """Whether a field takes what a label says, as far as that can be known without the page."""
    if not label.says_value:
        return True
    if spec.type != "text":
        return value_of_label(label.value, spec, today) is not None
    lines = label.value.split("\n")
    # Each line is read by itself; a value that does not say where its lines end cannot be parted.
    if spec.constraint is None or len(lines) < len(label.polygons) or _is_normalised(label.value, spec):
        return True
    return all(spec.constraint.accepts(bare_text(spec.constraint, line.strip())) for line in lines)


def _is_normalised(text: str, spec: FieldSpec) -> bool:
    """Whether a text may be what normalising leaves of one that the constraint accepts."""
    harmless: list[object] = ["strip", "collapse_spaces"]
    harmless += ["remove_spaces"] if spec.ignore_spaces else []
    harmless += ["upper", "lower", "title"] if spec.ignore_case else []
    steps = list(spec.normalise)
    return any(step not in harmless for step in steps) and normalised(text, steps) == text


def _unlike(label: Label, spec: FieldSpec) -> str:
    shown = label.value if len(label.value) <= _LONGEST else label.value[:_LONGEST] + "…"
    if spec.enum is not None:
        return f"{spec.name}: {shown!r} is none of: {', '.join(spec.enum)}"
    what = "its pattern, checks or list" if spec.type == "text" else f"its type, {spec.type}"
    return f"{spec.name}: {shown!r} does not fit {what}"
