"""Scores come to mean how often instances of such a score are right."""

from __future__ import annotations

import numpy as np
import pytest

from segocr.textlines.calibration import calibrated, fitted, is_curve

RANDOM = np.random.default_rng(7)


def test_a_modest_forest_is_believed_more_and_a_bold_one_less() -> None:
    scores = RANDOM.uniform(0.3, 1.0, 2000)
    modest = fitted(scores.tolist(), [True] * 2000)
    assert all(calibrated(modest, score) > 0.98 for score in (0.3, 0.5, 0.9, 1.0))
    bold = fitted(scores.tolist(), (RANDOM.uniform(size=2000) < scores * 0.6).tolist())
    for score in (0.4, 0.6, 0.8):
        assert calibrated(bold, score) == pytest.approx(0.6 * score, abs=0.1)


def test_a_curve_ascends_however_the_instances_fall() -> None:
    scores = RANDOM.uniform(size=300)
    curve = fitted(scores.tolist(), (RANDOM.uniform(size=300) < 1 - scores).tolist())
    assert is_curve(curve)
    assert len(curve) == 1  # what descends is pooled to one share
    assert calibrated(curve, 0.0) == calibrated(curve, 1.0) == pytest.approx(0.5, abs=0.1)


def test_few_instances_prove_nothing() -> None:
    assert fitted([0.9] * 29, [True] * 29) == ()
    assert calibrated((), 0.37) == 0.37
    curve = fitted([0.9] * 30, [True] * 30)
    assert 0.9 < calibrated(curve, 0.9) < 1.0


@pytest.mark.parametrize(
    "points", [[(0.5, 1.2)], [(0.5, -0.1)], [(0.5, 0.9), (0.6, 0.8)], [(0.6, 0.5), (0.5, 0.9)]]
)
def test_what_is_no_curve_is_told_from_one(points: list[tuple[float, float]]) -> None:
    assert not is_curve(points)
    assert is_curve([(0.1, 0.0), (0.5, 0.9), (0.5, 0.9), (1.0, 1.0)])
    assert is_curve([])
