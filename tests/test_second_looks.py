"""Second looks at a page: where something required is absent, smoothed, then turned, for that alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segocr import pipeline as module
from segocr.finding.secondlooks import PartOf, smoothed, turned, with_second_looks
from segocr.pages import Page
from segocr.pipeline import Pipeline
from segocr.recipes import Models
from segocr.records import Recipe
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentedRegion, SegmentModel
from segocr.templates import load_template
from segocr.templates.spec import Pages
from segocr.work import Work

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

    assert with_second_looks([grain(0)], found, [PartOf(1)], PASSPORT, segment, 640) == found


def test_only_absent_classes_are_added_and_only_pages_that_lack_one_are_asked_about() -> None:
    whole = [region("mrz_line1"), region("mrz_line2")]
    first = region("mrz_line1", 0.3)
    asked: list[Image] = []

    def segment(pages: Sequence[Image]) -> list[list[SegmentedRegion]]:
        asked.extend(pages)
        return [[region("mrz_line2", 0.4), region("mrz_line1", 0.9)], []] if len(pages) == 2 else [[]]

    images = [grain(0), grain(1), grain(2)]
    parts = [PartOf(1), PartOf(2), PartOf(3)]
    answers = with_second_looks(images, [whole, [first], []], parts, PASSPORT, segment, 640)
    assert [[(one.class_name, one.score) for one in regions] for regions in answers] == [
        [("mrz_line1", 0.5), ("mrz_line2", 0.5)],
        [("mrz_line1", 0.3), ("mrz_line2", 0.4)],
        [],
    ]
    looks = [*(smoothed(page, 640) for page in images[1:]), turned(images[2], 1), turned(images[2], -1)]
    assert [page.tobytes() for page in asked] == [page.tobytes() for page in looks]


def test_pages_of_a_record_that_has_all_are_not_looked_at_again() -> None:
    asked: list[Image] = []

    def segment(pages: Sequence[Image]) -> list[list[SegmentedRegion]]:
        asked.extend(pages)
        return [[region("mrz_line2", 0.4)], [region("mrz_line2", 0.3), region("mrz_line1", 0.3)]]

    images = [grain(seed) for seed in range(4)]
    parts = [PartOf("a"), PartOf("b", {"mrz_line1"}), PartOf("b"), PartOf("a")]
    found = [[region("mrz_line1")], [], [], [region("mrz_line2")]]
    answers = with_second_looks(images, found, parts, PASSPORT, segment, 640)
    assert [[(one.class_name, one.score) for one in regions] for regions in answers] == [
        [("mrz_line1", 0.5)],
        [("mrz_line2", 0.4)],
        [("mrz_line2", 0.3)],
        [("mrz_line2", 0.5)],
    ]
    assert [page.tobytes() for page in asked] == [smoothed(page, 640).tobytes() for page in images[1:3]]


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

    [[found]] = with_second_looks([page], [[]], [PartOf(1)], PASSPORT, segment, 640)
    assert found.polygon.min(axis=0).tolist() == [70, 10]
    assert found.polygon.max(axis=0).tolist() == [90, 20]


@pytest.mark.parametrize(("each", "looks"), [(False, [1, 2, 3]), (True, [1, *[2] * 4, *[3] * 4])])
def test_a_document_of_one_record_is_looked_at_again_until_it_has_all_and_pages_of_their_own_each(
    monkeypatch: pytest.MonkeyPatch, each: bool, looks: list[int]
) -> None:
    box = np.array([[0, 0], [60, 0], [60, 9], [0, 9]], np.float32)
    asked: list[int] = []

    def find(pages: Sequence[Image]) -> list[list[SegmentedRegion]]:
        asked.extend(int(page.max()) for page in pages)
        names = [("mrz_line1", "mrz_line2") if page.max() == 1 else () for page in pages]
        return [[SegmentedRegion(name, 0.9, box) for name in of_page] for of_page in names]

    monkeypatch.setattr(module, "recipe_of", lambda *_, **__: Recipe("passport", 1, "0" * 64))
    monkeypatch.setattr(module, "snap_pages", lambda _, found, *__: found)
    template = replace(PASSPORT, pages=Pages(each_record=each))
    models = Models(SegmentModel("openvino", Path("none.onnx")), OcrModel("openvino", "none"))
    with Steps(shared=False) as steps:
        pipeline = Pipeline(template, steps, models=models, settings=Settings(), day=date(2026, 1, 1))
        monkeypatch.setattr(pipeline, "_find", find)
        work = Work(Path("a.tif"))
        for number in (1, 2, 3):
            pipeline._segment([(work, Page(number, np.full((64, 96, 3), number, np.uint8), None))])
    assert work.failure is None
    assert asked == looks
