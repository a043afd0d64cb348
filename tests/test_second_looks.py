"""The second look at a page: where something required is absent, at the smoothed page, for that alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segocr.finding.smoothing import smoothed, with_second_look
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

    assert with_second_look([grain(0)], found, PASSPORT, segment, 640) == found


def test_only_absent_classes_are_added_and_only_pages_that_lack_one_are_asked_about() -> None:
    whole = [region("mrz_line1"), region("mrz_line2")]
    first = region("mrz_line1", 0.3)
    asked: list[Image] = []

    def segment(pages: Sequence[Image]) -> list[list[SegmentedRegion]]:
        asked.extend(pages)
        return [[region("mrz_line2", 0.4), region("mrz_line1", 0.9)], []]

    images = [grain(0), grain(1), grain(2)]
    answers = with_second_look(images, [whole, [first], []], PASSPORT, segment, 640)
    assert [[(one.class_name, one.score) for one in regions] for regions in answers] == [
        [("mrz_line1", 0.5), ("mrz_line2", 0.5)],
        [("mrz_line1", 0.3), ("mrz_line2", 0.4)],
        [],
    ]
    assert [page.tobytes() for page in asked] == [smoothed(page, 640).tobytes() for page in images[1:]]


def test_the_more_a_page_is_shrunk_the_more_it_is_smoothed() -> None:
    page = grain(0, 1280)
    assert smoothed(page, 640).shape == page.shape
    assert 40 > smoothed(page, 1280).std() > smoothed(page, 640).std() > smoothed(page, 320).std()
