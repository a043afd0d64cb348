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


def placed(
    template: Template, boxes: list[tuple[float, float]], told: list[list[float]]
) -> list[tuple[int, ...]]:
    """Return the lines of each address among lines of 200 x 20 pixels at these places."""
    layout = lay_out([rectangle(200, 20) + np.array(place) for place in boxes])
    spans: Spans = {name: [None] * len(told) for name in template.classes}
    assigned = assign(template, layout, spans, np.array(told, np.float32), 0.4)
    return [one.lines for one in assigned if one.class_name == "address"]


ADDRESS, OTHER = [0.1, 0, 0, 0.9, 0], [1.0, 0, 0, 0, 0]


def test_what_is_printed_beside_a_field_of_several_lines_does_not_end_it(template: Template) -> None:
    boxes, told = [], []
    for row in range(3):
        for column, kind in ((0, ADDRESS), (300, OTHER), (600, OTHER)):
            boxes.append((float(column), 30.0 * row))
            told.append(kind)
    assert placed(template, boxes, told) == [(0, 3, 6)]
    # A line of the field in two parts on one row is one line all the same.
    told[4] = ADDRESS
    assert placed(template, boxes, told) == [(0, 3, 4, 6)]
    # And what stands between its lines, in its own column, ends it.
    told[3] = told[4] = OTHER
    assert placed(template, boxes, told)[0] in ((0,), (6,))


def test_a_list_of_blocks_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "note").mkdir()
    text = TEXT.replace("{lines: many}", "{lines: many, instances: all}")
    (tmp_path / "note/template.yaml").write_text(text)
    told = [ADDRESS, ADDRESS, OTHER, OTHER, ADDRESS, ADDRESS]
    boxes = [(0.0, 30.0 * row) for row in range(6)]
    assert placed(load_template(tmp_path / "note"), boxes, told) == [(0, 1), (4, 5)]


def test_a_second_line_as_probable_is_another_candidate(template: Template) -> None:
    told = [[0, 0.9, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0.85, 0, 0, 0], [0.5, 0.5, 0, 0, 0]]
    assert found(template, told) == {"name": [(0,), (2,)]}
    told[2] = [0.4, 0.6, 0, 0, 0]  # not nearly as probable
    assert found(template, told) == {"name": [(0,)]}
    blocks = [ADDRESS, ADDRESS, *[OTHER] * 4, ADDRESS]
    assert found(template, blocks) == {"address": [(0, 1), (6,)]}


def test_lines_stay_apart_where_one_field_of_their_class_joins_what_another_lists(tmp_path: Path) -> None:
    text = TEXT.replace(
        "item: {instances: all}", "item: {instances: all}\n  items: {class: item, instances: join}"
    )
    (tmp_path / "template.yaml").write_text(text)
    told = [[0.1, 0, 0, 0, 0.9], [0.2, 0, 0, 0, 0.8], [0.2, 0, 0, 0, 0.8]]
    assert found(load_template(tmp_path), told)["item"] == [(0,), (1,), (2,)]
    joined = TEXT.replace("item: {instances: all}", "item: {instances: join}")
    (tmp_path / "template.yaml").write_text(joined)
    assert found(load_template(tmp_path), told)["item"] == [(0, 1, 2)]
