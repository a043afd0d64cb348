"""Labels meet lines: one without area meets none, and harms nothing."""

from __future__ import annotations

import numpy as np
import pytest

from segocr.evaluation.labels import Label
from segocr.geometry import rectangle
from segocr.textlines.lines import TextLine
from segocr.training.heads.labels import has_area, mark


def test_a_label_without_area_meets_no_line() -> None:
    flat = Label("a", "x", (np.array([[0.0, 0], [20, 4], [40, 8]]),))
    whole = Label("b", "y", (rectangle(50, 10),))
    marked = mark([TextLine(rectangle(50, 10), 0.9)], [flat, whole], ["a", "b"])
    assert marked.classes.tolist() == [2]
    assert marked.missed == (flat,)


@pytest.mark.parametrize(
    ("polygon", "wanted"),
    [
        ([[260, 400], [400, 540], [300, 440]], False),
        ([[5, 5], [5, 5], [5, 5]], False),
        ([[0, 0], [9, 9], [9, 0], [0, 9]], True),  # crosses itself
        ([[0, 0], [9, 0], [9, 9]], True),
    ],
)
def test_what_has_area(polygon: list[list[float]], wanted: bool) -> None:
    assert has_area(np.array(polygon, np.float64)) is wanted
