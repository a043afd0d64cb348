"""How good a head would be: what it finds on pages that it has not seen, told without reading anything again.

A constrained field counts as right where its line is, or where another line says the same, as receipts print
their total twice: reading it under the constraint is another matter, and mostly right. The others count where
their plain text is. ``segocr evaluate`` measures the whole way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr.evaluation.compare import comparison_of, form_of_label
from segocr.evaluation.labels import Label
from segocr.evaluation.scores import Share
from segocr.templates import Template
from segocr.textlines.assignment import Assigned, assign
from segocr.textlines.parts import Spans
from segocr.training.heads.examples import Example

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Right:
    """Labelled values and how many of them are read right, by class."""

    by_class: dict[str, Share]

    @property
    def overall(self) -> Share:
        """All classes together."""
        shares = self.by_class.values()
        return Share(sum(one.count for one in shares), sum(one.total for one in shares))


def check(
    template: Template,
    examples: Sequence[Example],
    probabilities: Sequence[Floats],
    spans: Sequence[Spans],
    least: float,
) -> Right:
    """Compare the values of some pages with their labels.

    Args:
        template: Its classes.
        examples: The pages.
        probabilities: For each, what a head says that has not seen it.
        spans: For each, which characters would belong to each class.
        least: Probability from which a line belongs to a field of several lines or instances.
    """
    right, total = dict.fromkeys(template.classes, 0), dict.fromkeys(template.classes, 0)
    for example, told, span in zip(examples, probabilities, spans, strict=True):
        assigned = assign(template, example.evidence.layout, span, told, least)
        for label in example.document.labels:
            if label.class_name not in total or not label.scored:
                continue
            found = [one for one in assigned if one.class_name == label.class_name]
            total[label.class_name] += 1
            right[label.class_name] += any(_is_right(template, example, one, label) for one in found)
    return Right({name: Share(right[name], total[name]) for name in template.classes if total[name]})


def instances(
    template: Template,
    examples: Sequence[Example],
    probabilities: Sequence[Floats],
    spans: Sequence[Spans],
    least: float,
) -> dict[str, list[tuple[float, bool]]]:
    """Return by class the score of each instance found, and whether its lines are the field's, all of them.

    Arguments as ``check``. Of a field with one value another line that says the same is as good. How well a
    line is read is another matter, of which its reading tells.
    """
    found: dict[str, list[tuple[float, bool]]] = {name: [] for name in template.classes}
    for example, told, span in zip(examples, probabilities, spans, strict=True):
        for one in assign(template, example.evidence.layout, span, told, least):
            number = 1 + template.classes.index(one.class_name)
            labelled = set(np.flatnonzero(example.marked.classes == number).tolist())
            many = any(spec.lines == "many" for spec in template.fields_of(one.class_name))
            right = set(one.lines) == labelled if many else set(one.lines) <= labelled
            found[one.class_name].append((one.score, right or _says_the_same(template, example, one)))
    return found


def _says_the_same(template: Template, example: Example, assigned: Assigned) -> bool:
    """Whether a single line says the value of a field that has one, though nobody labelled it there."""
    spec = template.fields_of(assigned.class_name)[0]
    matches = example.evidence.matches.get(spec.name)
    if matches is None or spec.instances == "all" or len(assigned.lines) != 1:
        return False
    match = matches[assigned.lines[0]]
    if match is None or not match.whole:
        return False
    comparison, today = comparison_of(spec), dt.date.today()
    said = form_of_label(match.text, spec, comparison, today)
    return any(
        said == form_of_label(label.value, spec, comparison, today)
        for label in example.document.labels
        if label.class_name == assigned.class_name and label.scored
    )


def _is_right(template: Template, example: Example, assigned: Assigned, label: Label) -> bool:
    spec = template.fields_of(label.class_name)[0]
    if spec.name in example.evidence.matches:
        number = 1 + template.classes.index(label.class_name)
        is_labelled = all(example.marked.classes[line] == number for line in assigned.lines)
        return is_labelled or _says_the_same(template, example, assigned)
    comparison = comparison_of(spec)
    text = " ".join(
        example.lines[line].text if span is None else example.lines[line].text[span[0] : span[1]]
        for line, span in zip(assigned.lines, assigned.spans, strict=True)
    )
    said, labelled = (form_of_label(one, spec, comparison, dt.date.today()) for one in (text, label.value))
    return said == labelled
