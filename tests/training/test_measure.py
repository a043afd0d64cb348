"""Region recall counts what it says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.geometry import rectangle
from segocr.steps.contract import SegmentedRegion
from segocr.synthesis.scenes import Outline
from segocr.training.measure import mask_iou, region_score


@pytest.mark.parametrize(("shift", "iou"), [(0, 1.0), (20, 1 / 3), (40, 0.0), (100, 0.0)])
def test_iou_of_shifted_rectangles(shift: int, iou: float) -> None:
    assert mask_iou(rectangle(40, 30), rectangle(40, 30) + np.array([shift, 0])) == pytest.approx(
        iou, abs=0.03
    )


def test_found_named_missed_and_spurious_are_told_apart() -> None:
    labels = [
        Outline("a", rectangle(40, 30)),
        Outline("b", rectangle(40, 30) + np.array([0, 50])),
        Outline("b", rectangle(9, 9) + 200),
    ]
    found = [
        region("a", rectangle(40, 30)),
        region("a", rectangle(40, 30) + np.array([2, 50])),
        region("b", rectangle(40, 30) + 300),
    ]
    score = region_score([labels], [found])
    assert (score.labelled, score.found, score.named, score.spurious) == (3, 2, 1, 1)
    assert score.recall == pytest.approx(2 / 3)
    assert score.f1 == pytest.approx(2 / 5)


def region(name: str, polygon: NDArray[np.float64]) -> SegmentedRegion:
    return SegmentedRegion(name, 0.9, polygon.astype(np.float32))
