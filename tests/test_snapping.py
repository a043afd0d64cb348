"""Rough lines move to the print: to the end of a word where more print follows, to its own end elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from segocr.finding.snapping import Window, snap_pages, snapped, window_of
from segocr.geometry import minimum_rectangle, quad_size, reading_angle
from segocr.reading.inkgaps import gaps
from segocr.regions import Region

TOP, HEIGHT = 100.0, 30.0
WORDS = ((60, 160), (180, 300), (320, 420), (450, 760))
"""Where the words of the drawn line begin and end; 20 or more pixels apart."""


def page() -> np.ndarray:
    """A white page with one line of print: words of strokes, 20 pixels high."""
    image = np.full((300, 1000, 3), 255, np.uint8)
    for start, end in WORDS:
        for x in range(start, end, 5):
            cv2.line(image, (x, 105), (min(x + 2, end), 124), (0, 0, 0), 2)
    return image


def box(left: float, right: float, top: float = TOP, height: float = HEIGHT) -> np.ndarray:
    bottom = top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def region(left: float, right: float, *, name: str = "address", score: float = 0.8, **where: float) -> Region:
    return Region(1, name, score, box(left, right, **where))


def many(name: str) -> bool:
    return name != "total"


def snap(*regions: Region) -> list[Region]:
    return snapped(regions, [box(56, 764)], page(), many)


def ends(one: Region) -> tuple[float, float]:
    return float(one.polygon[:, 0].min()), float(one.polygon[:, 0].max())


def test_a_line_that_ends_early_goes_on_to_the_end_of_the_print() -> None:
    (found,) = snap(region(150, 680))
    assert ends(found) == pytest.approx((56, 764))
    assert (found.class_name, found.score) == ("address", 0.8)


@pytest.mark.parametrize("end", [290, 303, 260], ids=["nearly", "just beyond", "in the middle of a word"])
def test_where_more_print_follows_it_ends_with_a_word(end: float) -> None:
    (found,) = snap(region(56, end))
    left, right = ends(found)
    assert left == pytest.approx(56)
    assert 300 < right < 312


def test_likewise_at_the_start() -> None:
    (found,) = snap(region(470, 764))
    left, right = ends(found)
    assert 430 < left < 450
    assert right == pytest.approx(764)


def test_two_pieces_of_one_line_are_one() -> None:
    (found,) = snap(region(60, 260, score=0.4), region(400, 700))
    assert ends(found) == pytest.approx((56, 764))
    assert found.score == 0.8


def test_of_two_on_one_place_the_surer_one_says_where_it_ends() -> None:
    (found,) = snap(region(56, 300), region(56, 760, score=0.4))
    assert 300 < ends(found)[1] < 312


def test_a_line_of_print_is_of_the_class_that_was_found_there_most_surely() -> None:
    (found,) = snap(region(60, 750, name="company", score=0.5), region(60, 740))
    assert found.class_name == "address"


@pytest.mark.parametrize(
    "other",
    [
        region(60, 750, name="total"),
        region(60, 750, top=160),
        region(60, 750, top=70, height=90),
        region(800, 900),
    ],
    ids=["a class of one line", "beside the print", "a whole block", "where nothing is printed"],
)
def test_what_lies_on_no_line_of_print_stays_as_it_is(other: Region) -> None:
    assert [one is other for one in snap(other)] == [True]


@pytest.mark.parametrize("degrees", [0.0, 12.0, -35.0])
def test_lines_are_moved_along_their_own_direction(degrees: float) -> None:
    matrix = cv2.getRotationMatrix2D((500, 150), -degrees, 1.0)
    image = cv2.warpAffine(page(), matrix, (1000, 800), borderValue=(255, 255, 255))

    def turned(points: np.ndarray) -> np.ndarray:
        return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    rough = Region(1, "address", 0.8, turned(box(56, 260)))
    (found,) = snapped([rough], [turned(box(56, 764))], image, many)
    quad = minimum_rectangle(found.polygon)
    assert reading_angle(quad) == pytest.approx(np.deg2rad(degrees), abs=0.01)
    assert quad_size(quad)[0] == pytest.approx(303 - 56, abs=5)


def test_print_is_looked_for_around_the_lines_of_texts_of_many() -> None:
    window = window_of([region(300, 500), region(10, 20, name="total", top=980)], many, (1000, 1200))
    assert window is not None
    assert window.left < 250 and window.left + window.width > 550
    assert window.top == 0 and window.height < 400
    part = window.of(np.zeros((1200, 1000, 3), np.uint8))
    assert part.shape == (window.height, window.width, 3)
    assert np.array_equal(window.to_page(box(0, 5, 0, 5))[0], [window.left, window.top])


def test_without_such_lines_nothing_is_looked_for() -> None:
    assert window_of([region(300, 500, name="total")], many, (1000, 300)) is None


def test_unsure_lines_far_off_make_the_window_no_larger() -> None:
    near = window_of([region(300, 500)], many, (1000, 3000))
    both = window_of([region(300, 500), region(300, 500, top=2500, score=0.1)], many, (1000, 3000))
    assert near == both
    alone = window_of([region(300, 500, top=2500, score=0.1)], many, (1000, 3000))
    assert alone is not None and alone.top > 2000


def test_of_several_pages_only_those_with_such_lines_are_looked_at() -> None:
    asked = []

    def detect(parts):
        asked.extend(part.shape[:2] for part in parts)
        return [[box(0, part.shape[1] / 2, 95, 30)] for part in parts]

    rough = region(300, 700)
    window = window_of([rough], many, (1000, 300))
    assert window is not None
    total = region(60, 750, name="total")
    none, some = snap_pages([page(), page()], [[total], [rough, total]], many, detect)
    assert none == [total]
    assert asked == [(window.height, window.width)]
    assert [one.class_name for one in some] == ["total", "address"]
    assert some[1].polygon[:, 1].min() == pytest.approx(window.top + 95)


def test_gaps_are_as_wide_as_they_are_asked_for() -> None:
    strip = page()[100:130, 56:764]
    assert len(gaps(strip, 0.5)) == 3
    assert len(gaps(strip, 0.95)) == 1


def test_a_window_is_a_copy_in_one_piece() -> None:
    assert Window(3, 4, 50, 60).of(page()).flags["C_CONTIGUOUS"]
