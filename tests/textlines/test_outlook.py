"""What more pages would bring: nothing is promised where nothing is known."""

from __future__ import annotations

import pytest

from segocr.textlines.outlook import expected_gain


def test_errors_that_fall_as_a_power_of_the_pages_go_on_falling() -> None:
    curve = [(pages, 1 - 0.8 * pages**-0.5) for pages in (5, 10, 20)]
    assert expected_gain(curve, 60) == pytest.approx(0.8 * 20**-0.5 / 2)
    assert expected_gain(curve, 20) < expected_gain(curve, 60)  # type: ignore[operator]


def test_a_level_or_falling_curve_promises_nothing() -> None:
    assert expected_gain([(5, 0.8), (10, 0.8), (20, 0.8)]) == pytest.approx(0.0, abs=1e-12)
    assert expected_gain([(5, 0.9), (20, 0.8)]) == pytest.approx(0.0)


@pytest.mark.parametrize("curve", [[], [(20, 0.7)], [(10, 0.9), (20, 1.0)]])
def test_of_one_point_or_a_perfect_head_nothing_is_said(curve: list[tuple[int, float]]) -> None:
    assert expected_gain(curve) is None
