"""Small text is found in enlarged tiles; what the page itself shows is not found twice."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from drawn_notes import draw_notes

from segocr.evaluation.labels import Label, read_labels
from segocr.geometry import turned
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.synthesis.backgrounds import read_picture
from segocr.textlines.lines import find_lines
from segocr.textlines.tiles import smaller_lines, tiles_of
from segocr.training.heads.labels import mark

OCR = OcrModel("openvino", "PP-OCRv6_small")
SHRUNK = 0.16
"""Letters of 20 pixels are 3 pixels high then: far too small to be read, not too small to be seen."""


@pytest.mark.parametrize(("width", "height"), [(300, 200), (640, 641), (1000, 562), (1600, 1200), (97, 3000)])
def test_tiles_cover_the_page_and_share_a_strip(width: int, height: int) -> None:
    seen = np.zeros((height, width), int)
    for tile in tiles_of(width, height):
        assert 0 <= tile.left < tile.right <= width
        assert 0 <= tile.top < tile.bottom <= height
        assert max(tile.right - tile.left, tile.bottom - tile.top) <= 640
        seen[tile.top : tile.bottom, tile.left : tile.right] += 1
    assert seen.min() == 1
    lefts = sorted({(tile.left, tile.right) for tile in tiles_of(width, height)})
    assert all(before[1] - after[0] >= 96 for before, after in pairwise(lefts))


def test_a_line_cut_by_a_tile_is_its_neighbours() -> None:
    first, second, *_ = tiles_of(1000, 400)
    quad = np.array([[600.0, 50.0], [640.0, 50.0], [640.0, 60.0], [600.0, 60.0]])
    assert not first.holds(quad, (1000, 400))
    assert second.holds(quad, (1000, 400))
    assert second.holds(quad + np.array([360.0, 0.0]), (1000, 400))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, tuple[Label, ...]]:
    folder = tmp_path_factory.mktemp("small") / "notes"
    draw_notes(folder, 1)
    (document,) = read_labels(folder, None)
    note = cv2.resize(read_picture(document.path), None, fx=SHRUNK, fy=SHRUNK, interpolation=cv2.INTER_AREA)
    canvas = np.full((800, 1000, 3), 250, np.uint8)
    canvas[300 : 300 + note.shape[0], 500 : 500 + note.shape[1]] = note
    labels = tuple(
        Label(one.class_name, one.value, tuple(p * SHRUNK + (500, 300) for p in one.polygons), (), one.scored)
        for one in document.labels
    )
    return Page(1, canvas), labels


def missed(page: Page, labels: tuple[Label, ...], lines: list[object]) -> int:
    return len(mark(lines, labels, ("sender", "place", "date", "total")).missed)  # type: ignore[arg-type]


def test_small_text_is_found_once(small: tuple[Page, tuple[Label, ...]], steps: Steps) -> None:
    page, labels = small
    (known,) = find_lines([page], steps, OCR)
    more = smaller_lines(page, known, steps, OCR)
    assert missed(page, labels, [*known, *more]) < missed(page, labels, [*known])
    assert smaller_lines(page, [*known, *more], steps, OCR) == []


def test_lines_of_a_page_on_its_head_are_found_in_its_direction(
    small: tuple[Page, tuple[Label, ...]], steps: Steps
) -> None:
    page, _ = small
    more = smaller_lines(page, [], steps, OCR)
    (first, *others) = sorted(more, key=lambda line: -float(np.ptp(line.quad[:, 0])))
    first = type(first)(turned(first.quad), first.score)
    for line in smaller_lines(page, [first], steps, OCR):
        along = line.quad[1] - line.quad[0]
        assert along[0] < 0
    assert others
