"""Labels of overlays stand where nothing is: off each other, off regions, off print, and near."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.reports.room import Box, Room

WIDTH, HEIGHT = 300, 30


def region(left: int, top: int, right: int, bottom: int) -> NDArray[np.float64]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def page(*lines: int, left: int = 60, text: str = "Some words that fill most of a line") -> NDArray[np.uint8]:
    """Draw a page of 900 x 700 pixels with lines of print at these heights (of the line's bottom)."""
    image = np.full((900, 700, 3), 240, np.uint8)
    for bottom in lines:
        cv2.putText(image, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (30, 30, 30), 2)
    return image


def meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def darkest(image: NDArray[np.uint8], box: Box) -> int:
    return int(image[box[1] : box[3], box[0] : box[2]].min())


def test_labels_cover_neither_each_other_nor_a_region() -> None:
    image = page()
    regions = [(100, 400, 300, 440), (100, 445, 300, 480)]
    room = Room(image, [region(*one) for one in regions])
    boxes = [room.place(region(*regions[0]), WIDTH, HEIGHT) for _ in range(12)]
    assert not any(meet(one, other) for one, other in itertools.combinations([*boxes, *regions], 2))
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= 700 and box[3] <= 900 for box in boxes)


def test_a_label_alone_stands_just_above_its_region() -> None:
    place = region(100, 400, 300, 440)
    assert Room(page(), [place]).place(place, WIDTH, HEIGHT) == (100, 367, 400, 397)


def test_a_label_leaves_the_lines_around_its_region_readable() -> None:
    lines = range(300, 540, 38)  # too close for a label between them
    image = page(*lines)
    place = region(60, 388, 200, 420)
    box = Room(image, [place]).place(place, WIDTH, HEIGHT)
    assert darkest(image, box) == 240
    assert box[3] <= 300 or box[1] >= 490


@pytest.mark.parametrize(("left", "right"), [(60, 200), (480, 640)])
def test_a_label_stands_beside_its_region_where_the_line_has_room(left: int, right: int) -> None:
    image = page(*range(100, 900, 38), left=left, text="12345678")
    place = region(left, 388, right, 420)
    box = Room(image, [place]).place(place, WIDTH, HEIGHT)
    assert darkest(image, box) == 240
    assert 380 < (box[1] + box[3]) / 2 < 430


def test_a_label_on_patterned_paper_stands_next_to_its_region() -> None:
    image = np.random.default_rng(1).integers(0, 256, (900, 700, 3), np.uint8)
    place = region(100, 400, 300, 440)
    assert Room(image, [place]).place(place, WIDTH, HEIGHT)[3] == 397


def test_print_of_any_colour_counts() -> None:
    image = 255 - page(390)
    place = region(60, 395, 200, 425)
    box = Room(image, [place]).place(place, WIDTH, HEIGHT)
    assert image[box[1] : box[3], box[0] : box[2]].max() == 15


@pytest.mark.parametrize(("width", "height"), [(1, 1), (20, 900), (700, 8)])
def test_a_page_smaller_than_a_label_has_a_place_all_the_same(width: int, height: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    place = region(0, 0, width, height)
    left, top, right, bottom = Room(image, [place]).place(place, WIDTH, HEIGHT)
    assert (left >= 0, top >= 0) == (True, True)
    assert (right - left, bottom - top) == (WIDTH, HEIGHT)
