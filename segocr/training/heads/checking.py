"""How good a head would be: what it finds on pages that it has not seen, told without reading anything again.

A constrained field counts as right where what its constraint accepts of the line is the labelled value, on
the labelled line or on another one that says the same, as receipts print their total twice. The others count
where their plain text is. A label without a value counts where its line is. ``segocr evaluate`` measures the
whole way.
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
from segocr.templates import FieldSpec, Template
from segocr.textlines.assignment import Assigned, assign
from segocr.textlines.parts import Spans
from segocr.training.heads.examples import Example
from segocr.training.heads.labels import lines_of

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
        for name in template.classes:
            labels = [one for one in example.document.labels if one.class_name == name and one.scored]
            found = [one for one in assigned if one.class_name == name]
            total[name] += len(labels)
            right[name] += _count_right(template, example, found, labels)
    return Right({name: Share(right[name], total[name]) for name in template.classes if total[name]})


def _count_right(
    template: Template, example: Example, found: Sequence[Assigned], labels: Sequence[Label]
) -> int:
    """Count the labels of a class that are found; of a list each instance answers one label."""
    left, right = list(found), 0
    for label in labels:
        answer = next((one for one in left if _is_right(template, example, one, label)), None)
        right += answer is not None
        if answer is not None and _is_list(template, label.class_name):
            left.remove(answer)
    return right


def _is_list(template: Template, class_name: str) -> bool:
    return any(spec.instances == "all" for spec in template.fields_of(class_name))


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
    if _is_list(template, assigned.class_name) or len(assigned.lines) != 1:
        return False
    return any(
        says(spec, example, assigned.lines, label.value, whole=True)
        for spec in template.fields_of(assigned.class_name)
        if spec.name in example.evidence.matches
        for label in example.document.labels
        if label.class_name == assigned.class_name and label.scored
    )


def _is_right(template: Template, example: Example, assigned: Assigned, label: Label) -> bool:
    if not label.value.strip():
        return bool(set(assigned.lines) & set(lines_of(example.lines, label)))
    number = 1 + template.classes.index(label.class_name)
    is_labelled = all(example.marked.classes[line] == number for line in assigned.lines)
    may_be_elsewhere = len(assigned.lines) == 1 and not _is_list(template, label.class_name)
    for spec in template.fields_of(label.class_name):
        if spec.name not in example.evidence.matches:
            right = _texts_say(spec, example, assigned, label.value)
        else:
            right = (is_labelled or may_be_elsewhere) and says(
                spec, example, assigned.lines, label.value, whole=not is_labelled
            )
        if right:
            return True
    return False


def says(spec: FieldSpec, example: Example, lines: Sequence[int], value: str, *, whole: bool = False) -> bool:
    """Whether what a field's constraint accepts of lines is a value, as a label has it.

    Args:
        spec: A constrained field.
        example: The page.
        lines: Numbers of the page's lines.
        value: As a person wrote it down.
        whole: Whether a match counts only if it is no part of something longer. On the labelled line one
            does: of a date that sticks to the time behind it the date is read, and not accepted.
    """
    matches = [example.evidence.matches[spec.name][line] for line in lines]
    texts = [match.text for match in matches if match is not None and (match.whole or not whole)]
    return bool(texts) and len(texts) == len(matches) and _same(spec, " ".join(texts), value)


def _texts_say(spec: FieldSpec, example: Example, assigned: Assigned, value: str) -> bool:
    text = " ".join(
        example.lines[line].text if span is None else example.lines[line].text[span[0] : span[1]]
        for line, span in zip(assigned.lines, assigned.spans, strict=True)
    )
    return _same(spec, text, value)


def _same(spec: FieldSpec, text: str, value: str) -> bool:
    comparison, today = comparison_of(spec), dt.date.today()
    said, labelled = (form_of_label(one, spec, comparison, today) for one in (text, value))
    return said == labelled
