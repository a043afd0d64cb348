"""Labels that their own lines do not say: as a record has them, or the field's pattern is mistaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from segocr.evaluation.labels import Label
from segocr.templates import Template
from segocr.textlines.lines import TextLine
from segocr.textlines.parts import WORD
from segocr.training.heads.checking import says
from segocr.training.heads.examples import Example
from segocr.training.heads.labels import lines_of
from segocr.training.heads.wordlabels import words_inside

_FEWEST_UNLIKE = 2
"""One label that its line does not say may be misread."""
_NEARLY = 0.75
"""Plain text is misread here and there; a caption that sticks to the value is more than that."""


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
            if label.class_name == name and label.says_value
            if (lines := lines_of(example.lines, label))
        ]
        wrong = [one for one in on_lines if not _is_printed(template, *one)]
        if len(wrong) >= _FEWEST_UNLIKE and len(wrong) > len(on_lines) / 2:
            example, label, lines = wrong[0]
            text = " ".join(example.lines[line].text for line in lines)
            found.append(Unlike(name, len(wrong), len(on_lines), label.value, text, example.document.id))
    return tuple(found)


def _is_printed(template: Template, example: Example, label: Label, lines: Sequence[int]) -> bool:
    """Whether a field of a label's class would have its value, or nearly that, of its lines."""
    for spec in template.fields_of(label.class_name):
        if spec.name in example.evidence.matches:
            if says(spec, example, lines, label.value):
                return True
        else:
            texts = (_shown(example.lines[line], label) for line in lines)
            said, value = ("".join(text.casefold().split()) for text in (" ".join(texts), label.value))
            if SequenceMatcher(None, said, value, autojunk=False).ratio() >= _NEARLY:
                return True
    return False


def _shown(line: TextLine, label: Label) -> str:
    """Return the words of a line that a label shows: what is read where their part is learned."""
    inside = words_inside(line, label.class_name, [label])
    words = list(WORD.finditer(line.text))
    if inside is None or not words:
        return line.text
    shown = [word for word, is_inside in zip(words, inside, strict=True) if is_inside]
    return line.text[shown[0].start() : shown[-1].end()]
