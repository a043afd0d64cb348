"""Two quads on one place are known by what they share."""

from __future__ import annotations

import numpy as np
import pytest

from segocr import geometry
from segocr.overlaps import shared_part

SMALL = geometry.rectangle(100, 20)
LARGE = geometry.rectangle(400, 200)


@pytest.mark.parametrize(("shift", "shared"), [(0, 1.0), (50, 0.5), (100, 0.0), (300, 0.0)])
def test_the_shared_part_is_of_the_smaller_quad(shift: float, shared: float) -> None:
    assert shared_part(SMALL, SMALL + np.array([shift, 0])) == pytest.approx(shared, abs=1e-3)


def test_a_quad_inside_a_larger_one_is_shared_whole() -> None:
    inside = SMALL + np.array([50, 30])
    assert shared_part(LARGE, inside) == pytest.approx(1.0, abs=1e-3)
    assert shared_part(LARGE, inside, max) == pytest.approx(2000 / 80000, abs=1e-3)


def test_a_quad_without_area_shares_nothing() -> None:
    assert shared_part(SMALL, np.array([[0.0, 5], [100, 5], [100, 5], [0, 5]])) == 0.0
