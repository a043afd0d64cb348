"""Second looks at a page: where something required is absent, smoothed, then turned, for that alone."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.finding.secondlooks import smoothed, turned, with_second_looks
from segocr.steps.contract import SegmentedRegion
from segocr.templates import load_template

Image = NDArray[np.uint8]
PASSPORT = load_template("passport")
CORNERS = np.array([[0, 0], [9, 0], [9, 9]], dtype=np.float32)


def region(name: str, score: float = 0.5) -> SegmentedRegion:
    return SegmentedRegion(name, score, CORNERS)


def grain(seed: int, width: int = 640) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (64, width, 3), dtype=np.uint8)


def test_pages_with_all_that_is_required_are_not_looked_at_again() -> None:
    found = [[region("mrz_line1"), region("mrz_line2")]]

    def segment(_: Sequence[Image]) -> list[list[SegmentedRegion]]:
        raise AssertionError("nothing is absent")

    assert with_second_looks([grain(0)], found, PASSPORT, segment, 640) == found


def test_only_absent_classes_are_added_and_only_pages_that_lack_one_are_asked_about() -> None:
    whole = [region("mrz_line1"), region("mrz_line2")]
    first = region("mrz_line1", 0.3)
    asked: list[Image] = []

    def segment(pages: Sequence[Image]) -> list[list[SegmentedRegion]]:
        asked.extend(pages)
        return [[region("mrz_line2", 0.4), region("mrz_line1", 0.9)], []] if len(pages) == 2 else [[]]

    images = [grain(0), grain(1), grain(2)]
    answers = with_second_looks(images, [whole, [first], []], PASSPORT, segment, 640)
    assert [[(one.class_name, one.score) for one in regions] for regions in answers] == [
        [("mrz_line1", 0.5), ("mrz_line2", 0.5)],
        [("mrz_line1", 0.3), ("mrz_line2", 0.4)],
        [],
    ]
    looks = [*(smoothed(page, 640) for page in images[1:]), turned(images[2], 1), turned(images[2], -1)]
    assert [page.tobytes() for page in asked] == [page.tobytes() for page in looks]


@pytest.mark.parametrize("quarters", [1, -1])
def test_what_is_found_on_the_turned_page_is_told_in_coordinates_of_the_page(quarters: int) -> None:
    page = np.zeros((60, 100, 3), np.uint8)
    page[10:20, 70:90] = 255  # x 70 to 90, y 10 to 20

    def segment(pages: Sequence[Image]) -> list[list[SegmentedRegion]]:
        if not np.array_equal(pages[0], turned(page, quarters)):
            return [[]]
        y, x = np.nonzero(pages[0][:, :, 0])
        low, high = (x.min(), y.min()), (x.max() + 1, y.max() + 1)
        box = np.array([low, (high[0], low[1]), high, (low[0], high[1])], np.float32)
        return [[SegmentedRegion("mrz_line1", 0.9, box)]]

    [[found]] = with_second_looks([page], [[]], PASSPORT, segment, 640)
    assert found.polygon.min(axis=0).tolist() == [70, 10]
    assert found.polygon.max(axis=0).tolist() == [90, 20]
