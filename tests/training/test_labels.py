"""Labels survive being written for the framework and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr.evaluation.labels import read_labels
from segocr.geometry import quad_size, rectangle
from segocr.synthesis.scenes import Outline
from segocr.training.labels import labelled_pages, padded, yolo_lines

CLASSES = ("first line", "zweite Zeile")


def _read(text: str, size: tuple[int, int]) -> list[Outline]:
    """Read what ``yolo_lines`` wrote, in pixels of a picture of ``size``."""
    outlines = []
    for line in text.splitlines():
        number, *values = line.split()
        points = np.asarray(values, dtype=np.float64).reshape(-1, 2) * size
        outlines.append(Outline(CLASSES[int(number)], points))
    return outlines


@st.composite
def inside(draw: st.DrawFn) -> list[Outline]:
    """Some rectangles wholly inside a picture of 640 by 480."""
    count = draw(st.integers(0, 5))
    outlines = []
    for _ in range(count):
        left, top = draw(st.integers(0, 500)), draw(st.integers(0, 400))
        quad = rectangle(draw(st.integers(2, 139)), draw(st.integers(2, 79))) + np.array([left, top])
        outlines.append(Outline(draw(st.sampled_from(CLASSES)), quad))
    return outlines


@given(outlines=inside())
def test_labels_come_back_as_they_were_written(outlines: list[Outline]) -> None:
    text = "\n".join(yolo_lines(outlines, (640, 480), CLASSES))
    back = _read(text, (640, 480))
    assert [one.name for one in back] == [one.name for one in outlines]
    for one, other in zip(back, outlines, strict=True):
        np.testing.assert_allclose(one.polygon, other.polygon, atol=1e-3)


@pytest.mark.parametrize(("left", "kept"), [(-10, True), (-50, True), (-70, False), (-200, False)])
def test_a_region_mostly_outside_the_picture_is_not_taught(left: int, kept: bool) -> None:
    outline = Outline(CLASSES[0], rectangle(100, 20) + np.array([left, 30]))
    lines = yolo_lines([outline], (640, 480), CLASSES)
    assert bool(lines) is kept
    for one in _read("\n".join(lines), (640, 480)):
        assert one.polygon.min() >= 0
        assert np.ptp(one.polygon[:, 0]) == pytest.approx(100 + left, abs=0.01)


def test_padding_widens_a_tilted_quad_along_its_own_axes() -> None:
    turn = np.deg2rad(30)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    quad = rectangle(200, 10) @ rotation.T
    wide = padded(quad, 0.3)
    assert quad_size(wide) == pytest.approx((206, 16))
    np.testing.assert_allclose(wide.mean(axis=0), quad.mean(axis=0))


def test_fields_labelled_in_part_are_left_out(tmp_path: Path) -> None:
    square = [[0, 0], [9, 0], [9, 9], [0, 9]]
    fields = [
        {"class": "a", "value": "1", "polygons": [square, square]},
        {"class": "b", "value": "2", "polygons": [square], "match": "subset"},
    ]
    row = {"id": "x", "split": "train", "image": "images/x.jpg", "width": 20, "height": 10, "fields": fields}
    (tmp_path / "images").mkdir()
    (tmp_path / "images/x.jpg").touch()
    rows = [{**row, "id": "y", "split": "val"}, row]
    (tmp_path / "fields.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (page,) = labelled_pages(read_labels(tmp_path, "train"))
    assert (page.id, page.size, page.path) == ("x", (20, 10), tmp_path / "images/x.jpg")
    assert [one.name for one in page.outlines] == ["a", "a"]
    assert page.place == f"{tmp_path / 'fields.jsonl'}:2"


def test_padding_of_another_polygon_is_that_of_its_rectangle() -> None:
    hexagon = np.array([[0, 5], [10, 0], [90, 0], [100, 5], [90, 10], [10, 10]], dtype=np.float64)
    assert quad_size(padded(hexagon, 0.5)) == pytest.approx((110, 20))
    assert padded(hexagon, 0.0) is hexagon


def test_a_hollow_polygon_inside_the_picture_is_written_as_it_is() -> None:
    corner = np.array([[10, 10], [90, 10], [90, 20], [20, 20], [20, 80], [10, 80]], dtype=np.float64)
    [line] = yolo_lines([Outline(CLASSES[0], corner)], (100, 100), CLASSES)
    [back] = _read(line, (100, 100))
    np.testing.assert_allclose(back.polygon, corner, atol=1e-3)
