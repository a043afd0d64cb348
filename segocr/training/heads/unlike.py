"""Labels that their own lines do not say: as a record has them, or the field's pattern is mistaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from segocr.evaluation.labels import Label
from segocr.templates import Template
from segocr.training.heads.checking import says
from segocr.training.heads.examples import Example
from segocr.training.heads.labels import lines_of

_FEWEST_UNLIKE = 2
"""One label that its line does not say may be misread."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """Labels of a class that are not what their lines say: so many of so many, and one with its line."""

    class_name: str
    count: int
    total: int
    value: str
    line: str
    document: str


def unlike(template: Template, examples: Sequence[Example]) -> tuple[Unlike, ...]:
    """Return the classes of which most labels are not what their own lines say, with one of each.

    Args:
        template: Its fields.
        examples: Labelled pages.
    """
    found = []
    for name in template.classes:
        on_lines = [
            (example, label, lines)
            for example in examples
            for label in example.document.labels
            if label.class_name == name and label.scored and label.value.strip()
            if (lines := lines_of(example.lines, label))
        ]
        wrong = [one for one in on_lines if not _is_printed(template, *one)]
        if len(wrong) >= _FEWEST_UNLIKE and len(wrong) > len(on_lines) / 2:
            example, label, lines = wrong[0]
            text = " ".join(example.lines[line].text for line in lines)
            found.append(Unlike(name, len(wrong), len(on_lines), label.value, text, example.document.id))
    return tuple(found)


def _is_printed(template: Template, example: Example, label: Label, lines: Sequence[int]) -> bool:
    """Whether a field of a label's class would have its value of its lines."""
    for spec in template.fields_of(label.class_name):
        if spec.name in example.evidence.matches:
            if says(spec, example, lines, label.value):
                return True
        else:
            words = "".join(" ".join(example.lines[line].text for line in lines).casefold().split())
            if "".join(label.value.casefold().split()) in words:
                return True
    return False
