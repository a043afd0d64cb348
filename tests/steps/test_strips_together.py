"""Strips that are read together: each gives what it gives alone, in the order given."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.steps.ocr.strips import batched

MODEL = OcrModel("openvino", "PP-OCRv6_small")


def inputs(*widths: int) -> list[NDArray[np.float32]]:
    return [np.full((1, 3, 48, width), place, np.float32) for place, width in enumerate(widths)]


def test_only_neighbours_of_one_short_width_are_put_together() -> None:
    batches = list(batched(inputs(160, 160, 192, 160, 640, 640)))
    assert [batch.shape[0] for batch in batches] == [2, 1, 1, 1, 1]
    assert [float(strip.max()) for batch in batches for strip in batch] == [0, 1, 2, 3, 4, 5]


def test_no_more_than_four_are_put_together() -> None:
    assert [batch.shape[0] for batch in batched(inputs(*[192] * 9))] == [4, 4, 1]


def test_strips_read_together_give_what_each_gives_alone(steps: Steps) -> None:
    strips = []
    for text in ("ABC1234", "12.50", "2018-02-11", "KL 50450", "X7", "TOTAL AMOUNT 1,204.00", "JCN9D48"):
        strip = np.full((60, 30 * len(text) + 30, 3), 240, np.uint8)
        cv2.putText(strip, text, (12, 43), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (20, 20, 20), 2, cv2.LINE_AA)
        strips.append(strip)
    together = steps.read(strips, [[None]] * len(strips), MODEL, posteriors=True)
    for strip, one in zip(strips, together, strict=True):
        [alone] = steps.read([strip], [[None]], MODEL, posteriors=True)
        assert alone.decoded[0].text == one.decoded[0].text != ""
        assert alone.posteriors is not None
        assert one.posteriors is not None
        np.testing.assert_allclose(alone.posteriors, one.posteriors, atol=1e-3)
