"""Lines to classes: no line twice, runs of neighbours, any number of instances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.geometry import rectangle
from segocr.templates import Template, load_template
from segocr.textlines.assignment import assign
from segocr.textlines.layout import lay_out
from segocr.textlines.parts import Spans

TEXT = """
template: note
version: 1
title: Note
fields:
  name: {required: true}
  code: {pattern: '[A-Z]{2}[0-9]{2}'}
  address: {lines: many}
  item: {instances: all}
"""


@pytest.fixture
def template(tmp_path: Path) -> Template:
    (tmp_path / "note").mkdir()
    (tmp_path / "note/template.yaml").write_text(TEXT)
    return load_template(tmp_path / "note")


def found(template: Template, told: list[list[float]]) -> dict[str, list[tuple[int, ...]]]:
    """Assign lines that stand one below the other; classes: none, name, code, address, item."""
    layout = lay_out([rectangle(200, 20) + np.array([0, 30 * place]) for place in range(len(told))])
    spans: Spans = {name: [None] * len(told) for name in template.classes}
    by_class: dict[str, list[tuple[int, ...]]] = {}
    for one in assign(template, layout, spans, np.array(told, np.float32), 0.4):
        by_class.setdefault(one.class_name, []).append(one.lines)
    return by_class


def test_the_surest_line_of_each_class_and_no_line_twice(template: Template) -> None:
    told = [[0, 0.9, 0.8, 0, 0], [0, 0.3, 0.7, 0, 0], [1, 0, 0, 0, 0]]
    assert found(template, told) == {"name": [(0,)], "code": [(1,)]}


def test_what_is_required_takes_the_best_there_is(template: Template) -> None:
    assert found(template, [[0.9, 0.1, 0.1, 0, 0]]) == {"name": [(0,)]}


def test_a_run_of_neighbours_and_nothing_far_away(template: Template) -> None:
    told = [[0.1, 0, 0, 0.9, 0], [0.2, 0, 0, 0.8, 0], *[[1.0, 0, 0, 0, 0]] * 4, [0.4, 0, 0, 0.6, 0]]
    assert found(template, told) == {"address": [(0, 1)]}


def test_any_number_of_instances(template: Template) -> None:
    told = [[0.1, 0, 0, 0, 0.9], [0.9, 0, 0, 0, 0.1], [0.4, 0, 0, 0, 0.6]]
    assert found(template, told)["item"] == [(0,), (2,)]


def test_a_page_without_lines(template: Template) -> None:
    assert assign(template, lay_out([]), {}, np.zeros((0, 5), np.float32), 0.4) == []
