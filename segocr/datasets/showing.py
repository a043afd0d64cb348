"""What the labels of a folder show of each class."""

from __future__ import annotations

from collections.abc import Sequence

from segocr.evaluation.labels import LabelledDocument
from segocr.templates.guessing import Shown


def shown_by(documents: Sequence[LabelledDocument]) -> dict[str, Shown]:
    """Return what labelled documents show, by class, in the order in which the classes appear."""
    names = dict.fromkeys(label.class_name for document in documents for label in document.labels)
    return {name: _of_class(name, documents) for name in names}


def _of_class(name: str, documents: Sequence[LabelledDocument]) -> Shown:
    of_each = [[label for label in one.labels if label.class_name == name] for one in documents]
    labels = [label for some in of_each for label in some]
    return Shown(
        tuple(label.value.strip() for label in labels if label.says_value),
        sum(bool(some) for some in of_each),
        several=any(len(some) > 1 for some in of_each),
        many_lines=any(len(label.polygons) > 1 for label in labels),
    )
