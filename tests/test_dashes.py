"""A minus sign beside a number is a part of its line; leaders, full stops and frames are not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.crops import Crop
from segocr.reading.dashes import with_dashes
from segocr.reading.refit import refit
from segocr.regions import Region

HEIGHT, LEFT, RIGHT = 40, 160, 440
Draw = Callable[[NDArray[np.uint8]], object]


def drawn(draw: Draw, ink: int) -> NDArray[np.uint8]:
    """Return a picture with a line printed from ``LEFT`` to ``RIGHT``."""
    picture = np.full((200, 600, 3), 255 - ink, np.uint8)
    for x in range(LEFT, RIGHT - 16, 24):  # figures: strokes as high as the line
        cv2.rectangle(picture, (x, 80), (x + 16, 80 + HEIGHT), (ink,) * 3, 3)
    draw(picture)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), np.uint8)


def ends(draw: Draw, *, shift: int, ink: int) -> tuple[float, float]:
    """Return where the line ends that is found in a region with room beside it."""
    quad = np.array([[90, 72], [510, 72], [510, 128], [90, 128]], np.float64) + np.array([0, shift])
    picture = np.roll(drawn(draw, ink), shift, axis=0)
    found = refit(Crop(Region(1, "a", 1.0, quad.astype(np.float32)), picture, quad, np.eye(3)), quad)
    assert found is not None
    return float(found[:, 0].min()), float(found[:, 0].max())


def bar(x: int, y: int, width: int, height: int = 5, ink: int = 20) -> Draw:
    return lambda picture: cv2.rectangle(picture, (x, y), (x + width, y + height), (ink,) * 3, -1)


@pytest.mark.parametrize("shift", [-6, 0, 6])
@pytest.mark.parametrize("ink", [20, 90, 235])
@pytest.mark.parametrize("gap", [4, 25])
def test_a_dash_before_or_behind_is_taken_in(shift: int, ink: int, gap: int) -> None:
    start, _ = ends(bar(LEFT - gap - 22, 98, 20, ink=ink), shift=shift, ink=ink)
    assert start <= LEFT - gap - 20
    _, end = ends(bar(RIGHT - 8 + gap, 98, 20, ink=ink), shift=shift, ink=ink)
    assert end >= RIGHT + gap + 10


@pytest.mark.parametrize(
    "draw",
    [
        bar(LEFT - 30, 116, 8, 6),  # a full stop
        bar(LEFT - 40, 122, 30, 2),  # a part of an underline
        bar(LEFT - 30, 70, 6, 60),  # a frame
        bar(20, 98, 20),  # outside of the region
        lambda picture: [bar(x, 98, 14)(picture) for x in (LEFT - 68, LEFT - 46, LEFT - 24)],  # leaders
    ],
)
def test_what_is_no_dash_of_the_line_is_left_out(draw: Draw) -> None:
    grey = np.asarray(cv2.cvtColor(drawn(draw, 20), cv2.COLOR_BGR2GRAY), np.uint8)
    assert with_dashes(grey, (100.0, 100.0, HEIGHT), (LEFT, RIGHT), (90, 510)) == (LEFT, RIGHT)
