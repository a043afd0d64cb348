"""Who stands beside whom does not depend on how the page lies."""

from __future__ import annotations

import numpy as np
import pytest

from segocr.geometry import Points, rectangle
from segocr.textlines.layout import lay_out

BOXES = ((0, 0, 200, 20), (0, 40, 80, 60), (120, 40, 200, 60), (0, 80, 200, 100))


def quads(degrees: float) -> list[Points]:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [(rectangle(r - x, b - y) + np.array([x, y])) @ turn + 500 for x, y, r, b in BOXES]


@pytest.mark.parametrize("degrees", [0, 3, -25, 40, 90, 180, 200])
def test_neighbours_at_any_tilt(degrees: float) -> None:
    layout = lay_out(quads(degrees))
    assert layout.row.tolist() == [0, 1, 1, 2]
    assert layout.left.tolist() == [-1, -1, 1, -1]
    assert layout.right.tolist() == [-1, 2, -1, -1]
    assert layout.above.tolist()[:3] == [-1, 0, 0]
    assert layout.below[1] == 3
    assert layout.order.tolist() == [0, 1, 2, 3]
    assert layout.height == pytest.approx(20)


def test_a_page_without_lines() -> None:
    layout = lay_out([])
    assert layout.rows == 0
    assert layout.boxes.shape == (0, 4)
