"""Pages with little text are looked at in the areas that hold some; nothing is lost that a whole look finds.

In the place of the detector stands one that takes whatever is dark for text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.steps.ocr.areas import find_lines
from segocr.steps.ocr.lines import DetectorSettings

Floats = NDArray[np.float32]
SETTINGS = DetectorSettings(side=736, limit="min", centred=True)
Bar = tuple[int, int, int, int]


class Dark:
    """A detector of dark pixels that counts what it was shown.

    Args:
        blind: From which share of a page's width on it sees nothing from afar.
    """

    def __init__(self, blind: float = 1.0) -> None:
        self.sizes: list[tuple[int, int]] = []
        self._blind = blind

    def __call__(self, prepared: Iterable[Floats]) -> Iterator[Floats]:
        for one in prepared:
            self.sizes.append((one.shape[2], one.shape[3]))
            seen = np.clip(-one[0].mean(axis=0), 0.0, 1.0).astype(np.float32)
            if len(self.sizes) == 1:  # the first look is from afar
                seen[:, round(self._blind * seen.shape[1]) :] = 0.0
            yield seen

    @property
    def pixels(self) -> int:
        return sum(high * wide for high, wide in self.sizes)


def page(bars: Sequence[Bar], width: int = 1000, height: int = 800) -> NDArray[np.uint8]:
    image = np.full((height, width, 3), 255, np.uint8)
    for left, top, long, high in bars:
        cv2.rectangle(image, (left, top), (left + long, top + high), (0, 0, 0), -1)
    return image


def looked(
    image: NDArray[np.uint8], *, areas: bool, blind: float = 1.0
) -> tuple[list[tuple[int, ...]], Dark]:
    """Return left, top, right and bottom of the lines found, sorted, and the detector."""
    detector = Dark(blind if areas else 1.0)
    [found] = find_lines([image], SETTINGS, detector, areas=areas)
    boxes = [(*corners.min(axis=0), *corners.max(axis=0)) for _, corners in found]
    return sorted(tuple(round(float(one)) for one in box) for box in boxes), detector


def assert_alike(found: Sequence[Sequence[int]], expected: Sequence[Sequence[int]]) -> None:
    assert len(found) == len(expected)
    assert np.abs(np.array(found) - np.array(expected)).max() <= 4


def test_the_lines_are_those_of_a_whole_look_at_a_fraction_of_its_cost() -> None:
    image = page([(300, 400, 200, 30), (320, 450, 160, 20), (900, 60, 80, 16), (2, 700, 90, 24)])
    whole, once = looked(image, areas=False)
    found, detector = looked(image, areas=True)
    assert len(whole) == 4
    assert_alike(found, whole)
    assert detector.pixels < 0.5 * once.pixels
    # Sizes repeat, because engines prepare themselves for each new one.
    assert all(high % 32 == 0 and wide % 32 == 0 for high, wide in detector.sizes)


@pytest.mark.parametrize(
    "bars",
    [[(60, top, 880, 20) for top in range(40, 760, 60)], []],
    ids=["text everywhere", "no text at all"],
)
def test_a_page_that_is_mostly_text_or_seems_to_have_none_is_looked_at_whole(bars: list[Bar]) -> None:
    image = page(bars)
    whole, once = looked(image, areas=False)
    found, detector = looked(image, areas=True)
    assert found == whole
    assert detector.sizes[1:] == once.sizes


def test_a_line_of_which_a_part_alone_is_seen_from_afar_is_found_whole() -> None:
    image = page([(200, 390, 600, 30)])
    whole, _ = looked(image, areas=False)
    found, _ = looked(image, areas=True, blind=0.35)  # the right part goes on far beyond the area
    assert found == whole


def test_what_only_reaches_into_an_area_is_no_line_of_it() -> None:
    image = page([(200, 390, 150, 30), (420, 420, 500, 30)])
    found, detector = looked(image, areas=True, blind=0.4)
    assert_alike(found, looked(page([(200, 390, 150, 30)]), areas=False)[0])
    assert detector.pixels < 0.6 * looked(image, areas=False)[1].pixels


def test_no_line_is_found_twice_where_areas_overlap() -> None:
    bars = [(200, 390, 150, 30), (200, 470, 150, 30), (420, 430, 150, 30)]
    found, _ = looked(page(bars), areas=True)
    assert_alike(found, looked(page(bars), areas=False)[0])


def test_several_pages_keep_their_lines() -> None:
    images = [page([(300, 400, 200, 30)]), page([]), page([(100, 100, 100, 20)], 500, 400)]
    found = find_lines(images, SETTINGS, Dark(), areas=True)
    assert [len(lines) for lines in found] == [1, 0, 1]
