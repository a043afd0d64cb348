"""Large pages are looked at in full only where a glance shows small text, and lose no lines by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest

from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import Image, LinePolygon, OcrModel
from segocr.textlines.lines import find_lines

OCR = OcrModel("openvino", "PP-OCRv6_small")
WORDS = ("DELIVERY NOTE", "Harbour Street 12", "Total 48.20", "Thank you")


class WatchingSteps(Steps):
    """Steps that know at which sides pages were looked at."""

    def __init__(self) -> None:
        super().__init__(shared=False)
        self.sides: list[int | None] = []

    def detect(
        self, pages: Sequence[Image], model: OcrModel, *, side: int | None = None, areas: bool = False
    ) -> list[list[LinePolygon]]:
        self.sides += [side] * len(pages)
        return super().detect(pages, model, side=side, areas=areas)


@pytest.fixture(scope="module")
def watching(steps: Steps) -> Iterator[WatchingSteps]:
    """Hosts of these tests, skipped with those of the others."""
    with WatchingSteps() as own:
        yield own


def page(width: int, height: int, letters: float) -> Page:
    """Return a page with four lines whose capitals are so many pixels high."""
    image = np.full((height, width, 3), 235, np.uint8)
    for number, words in enumerate(WORDS):
        place = (width // 8, height // 6 + number * height // 6)
        cv2.putText(image, words, place, cv2.FONT_HERSHEY_DUPLEX, letters / 22, (30, 30, 30), 2, cv2.LINE_AA)
    return Page(1, image)


@pytest.mark.parametrize(
    ("width", "height", "letters", "expected"),
    [
        (1600, 1200, 40.0, [1152]),
        (1600, 1200, 9.0, [1152, None]),
        (1100, 800, 30.0, [None]),
    ],
    ids=["large text", "small text", "small page"],
)
def test_a_page_is_looked_at_as_closely_as_its_text_needs(
    watching: WatchingSteps, width: int, height: int, letters: float, expected: list[int | None]
) -> None:
    watching.sides.clear()
    [lines] = find_lines([page(width, height, letters)], watching, OCR)
    assert watching.sides == expected
    assert len(lines) >= len(WORDS)


def test_an_empty_large_page_is_looked_at_twice_and_has_no_lines(watching: WatchingSteps) -> None:
    watching.sides.clear()
    empty = Page(1, np.full((1200, 1600, 3), 235, np.uint8))
    assert find_lines([empty], watching, OCR) == [[]]
    assert watching.sides == [1152, None]
