"""What counts as right on pages that a head has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.evaluation.labels import Label, LabelledDocument
from segocr.geometry import rectangle
from segocr.templates import Template, load_template
from segocr.textlines.features import look_at
from segocr.textlines.lines import TextLine
from segocr.textlines.parts import WORD
from segocr.training.heads.checking import check, instances
from segocr.training.heads.examples import Example
from segocr.training.heads.labels import mark
from segocr.training.heads.unlike import unlike

TEXTS = ("TOTAL 12.50", "CASH RM 12.50", "CHANGE 7.50", "SHOP")


def template(folder: Path, field: str) -> Template:
    (folder / "template.yaml").write_text(f"template: thing\nversion: 1\nfields:\n  a: {field}\n")
    return load_template(folder)


def example(template: Template, *values: str) -> Example:
    """Return a page of four lines, the first of them labelled, and the next ones with the other values."""
    quads = [rectangle(200.0, 20.0) + np.array([0.0, 40.0 * place]) for place in range(len(TEXTS))]
    lines = tuple(
        TextLine(quad, 1.0, text, 1.0, np.linspace(0.0, 1.0, len(text) + 1))
        for quad, text in zip(quads, TEXTS, strict=True)
    )
    labels = tuple(
        Label("a", value, (quad.astype(np.float32),)) for value, quad in zip(values, quads, strict=False)
    )
    document = LabelledDocument("one", Path("one.png"), (200, 200), labels)
    return Example(document, lines, look_at(template, lines), mark(lines, labels, template.classes))


def told(line: int) -> NDArray[np.float32]:
    """Return what a head says that takes a line for the field."""
    probabilities = np.full((len(TEXTS), 2), (0.9, 0.1), np.float32)
    probabilities[line] = 0.2, 0.8
    return probabilities


@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("{type: money, decimals: 2, required: true}", "RM12.50", [True, True, False, False]),
        ("{type: money, decimals: 2, required: true, instances: all}", "12.50", [True, False, False, False]),
        ("{required: true}", "TOTAL 12.50", [True, False, False, False]),
    ],
)
def test_another_line_that_says_the_one_value_is_as_good(
    tmp_path: Path, field: str, value: str, right: list[bool]
) -> None:
    thing = template(tmp_path, field)
    page = example(thing, value)
    spans = {"a": [None] * len(TEXTS)}
    for line, is_right in enumerate(right):
        found = instances(thing, [page], [told(line)], [spans], 0.5)["a"]
        assert [one for _, one in found] == [is_right]
        assert check(thing, [page], [told(line)], [spans], 0.5).overall.count == is_right


@pytest.mark.parametrize(
    ("field", "values", "said"),
    [
        ("{type: date, formats: [dd/MM/yyyy], required: true}", ("01/02/2026", "01/02/2026"), 2),
        (r"{pattern: '\d{3}\.\d{2}', required: true}", ("12.50", "12.50"), 2),
        ("{required: true}", ("twelve fifty", "CASH RM 12.50"), 0),
        ("{required: true}", ("twelve fifty", "twelve fifty"), 2),
        ("{type: money, decimals: 2, required: true}", ("12.50", "12.50"), 0),
    ],
)
def test_labels_that_their_lines_do_not_say_are_wrong_and_told(
    tmp_path: Path, field: str, values: tuple[str, ...], said: int
) -> None:
    thing = template(tmp_path, field)
    page = example(thing, *values)
    found = unlike(thing, [page])
    assert [(one.count, one.total, one.line) for one in found] == ([(said, 2, "TOTAL 12.50")] if said else [])
    if said:
        assert check(thing, [page], [told(0)], [{"a": [None] * len(TEXTS)}], 0.5).overall.count == 0


def test_each_instance_of_a_list_answers_one_label(tmp_path: Path) -> None:
    thing = template(tmp_path, "{type: money, decimals: 2, instances: all}")
    page, spans = example(thing, "12.50", "12.50", "7.50"), [{"a": [None] * len(TEXTS)}]
    assert check(thing, [page], [told(0)], spans, 0.5).overall.count == 1
    both = told(0)
    both[1] = 0.2, 0.8
    assert check(thing, [page], [both], spans, 0.5).overall.count == 2
    both[2] = 0.2, 0.8
    assert check(thing, [page], [both], spans, 0.5).overall.count == 3


def test_a_label_without_a_value_is_right_where_its_line_is(tmp_path: Path) -> None:
    thing = template(tmp_path, "{required: true}")
    page, spans = example(thing, ""), [{"a": [None] * len(TEXTS)}]
    assert check(thing, [page], [told(0)], spans, 0.5).overall.count == 1
    assert check(thing, [page], [told(1)], spans, 0.5).overall.count == 0


def test_a_caption_that_sticks_to_a_value_is_another_word(tmp_path: Path) -> None:
    words = {
        "Stand:69.019,4 kWh": ["Stand:", "69.019,4", "kWh"],
        "No#12 12:30 (x)": ["No#", "12", "12:30", "(x)"],
        "# 5 a=b :": ["#", "5", "a=", "b", ":"],
    }
    for text, parts in words.items():
        assert [word.group() for word in WORD.finditer(text)] == parts


def test_labels_of_less_than_a_word_are_told(tmp_path: Path) -> None:
    thing = template(tmp_path, "{required: true}")
    page = example(thing, "12.50", "12.50")
    for place, (start, end) in enumerate(((100, 200), (130, 200))):
        polygon = rectangle(float(end - start), 20.0) + np.array([start, 40.0 * place])
        page.document.labels[place].polygons[0][:] = polygon
    assert unlike(thing, [page]) == ()  # as good as the word
    glued = [replace(line, text="TOTALSUM12.50", bounds=np.linspace(0.0, 1.0, 14)) for line in page.lines]
    page = replace(page, lines=tuple(glued))
    assert [(one.count, one.line) for one in unlike(thing, [page])] == [(2, "TOTALSUM12.50")]


def test_a_date_that_sticks_to_a_time_is_right_where_it_is_labelled(tmp_path: Path) -> None:
    thing = template(tmp_path, "{type: date, formats: [dd/MM/yyyy], required: true}")
    page, spans = example(thing, "12/03/2018"), [{"a": [None] * len(TEXTS)}]
    text = "12/03/201822:02"
    lines = (replace(page.lines[0], text=text, bounds=np.linspace(0.0, 1.0, len(text) + 1)), *page.lines[1:])
    page = replace(page, lines=lines, evidence=look_at(thing, lines))
    assert check(thing, [page], [told(0)], spans, 0.5).overall.count == 1
