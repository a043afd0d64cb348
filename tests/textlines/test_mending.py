"""Parts of one line become one line; lines of two columns, rows or sizes stay two."""

from __future__ import annotations

import numpy as np
import pytest

from segocr.geometry import Points, rectangle
from segocr.textlines.mending import parts_of_lines, united


def box(left: float, top: float, width: float, height: float = 20.0) -> Points:
    return rectangle(width, height) + np.array([left, top])


def turned(quads: list[Points], degrees: float) -> list[Points]:
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [quad @ matrix for quad in quads]


@pytest.mark.parametrize("degrees", [0.0, 17.0, 180.0])
@pytest.mark.parametrize(
    ("second", "together"),
    [
        (box(297, 1, 200), True),
        (box(300, 0, 200), False),  # touching boxes are a gap between prints
        (box(340, 0, 200), False),
        (box(260, 0, 200), False),  # another line over it
        (box(297, 12, 200), False),  # a row further down
        (box(297, -6, 200, 32), False),  # larger print
    ],
)
def test_only_boxes_that_go_on_where_another_ends_are_parts(
    second: Points, together: bool, degrees: float
) -> None:
    quads = turned([box(100, 0, 200), second, box(100, 60, 300), box(100, 100, 300)], degrees)
    groups = parts_of_lines(quads)
    assert ([0, 1] in groups) is together
    assert sorted(place for group in groups for place in group) == [0, 1, 2, 3]


def test_a_line_in_three_parts_is_one_from_left_to_right() -> None:
    quads = [box(294, 0, 100), box(100, 0, 100), box(197, 0, 100)]
    assert parts_of_lines(quads) == [[1, 2, 0]]
    assert parts_of_lines([]) == []


@pytest.mark.parametrize("degrees", [0.0, 17.0, 180.0])
def test_the_whole_line_is_around_its_parts_in_reading_direction(degrees: float) -> None:
    parts = turned([box(100, 0, 200), box(297, 0, 200)], degrees)
    [expected] = turned([box(100, 0, 397)], degrees)
    np.testing.assert_allclose(united(parts), expected, atol=1e-6)
