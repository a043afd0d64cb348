"""Second looks at pages of records that lack a region that is required: the page smoothed, then turned.

A network takes a page shrunk by plain interpolation, so that the grain of a dim photo or of a poor scan
reaches it whole, and where grain is strong it finds nothing. Smoothed by a pixel of the network's input, the
page shows its lines again. What is found that way is cut out of the page as it is.

Networks learn from pages that stand, or stand on their heads: of one that lies on its side they find nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.steps.contract import SegmentedRegion
from segocr.templates import Template

Image = NDArray[np.uint8]
Segment = Callable[[Sequence[Image]], list[list[SegmentedRegion]]]

SIGMA = 1.0
"""Pixels of the network's input. Of 24 passport pages of ``train`` with grain of 60 grey levels both lines
are found on none as they are, on 15 smoothed by 0.5, on all smoothed by 0.7 to 1.2. Of 80 clean photos plates
are found on 75, and on 79 with a second look, which finds nothing else."""


@dataclass(frozen=True, slots=True)
class PartOf:
    """The record that a page is part of.

    Attributes:
        record: The same for all its pages.
        known: Classes that were found on pages of it that came before.
    """

    record: Hashable
    known: Set[str] = frozenset()


def with_second_looks(
    images: Sequence[Image],
    found: Sequence[Sequence[SegmentedRegion]],
    parts: Sequence[PartOf],
    template: Template,
    segment: Segment,
    image_size: int,
) -> list[list[SegmentedRegion]]:
    """Add the regions of classes that are required and were not found, on no page of a record.

    Args:
        images: The pages, ``uint8 (H, W, 3)`` BGR each.
        found: Of each, what was found.
        parts: Of each, its record.
        template: Says what is required.
        segment: Asks the network.
        image_size: Pixels of the longer side of what the network takes.

    Returns:
        For each page what was found, then what was found of the classes still absent when it was smoothed,
        when it was turned to the left and when it was turned to the right: networks that know pages standing
        on their heads are less sure of them.
    """
    required = {spec.class_name for spec in template.fields.values() if spec.required and spec.class_name}

    def absent_classes(looked: Sequence[Sequence[SegmentedRegion]]) -> list[Set[str]]:
        absent = {part.record: set(required) for part in parts}
        for part, regions in zip(parts, looked, strict=True):
            absent[part.record] -= part.known | {region.class_name for region in regions}
        return [absent[part.record] for part in parts]

    def seen_smoothed(pages: Sequence[Image]) -> list[list[SegmentedRegion]]:
        return segment([smoothed(page, image_size) for page in pages])

    def seen_turned(pages: Sequence[Image], quarters: int) -> list[list[SegmentedRegion]]:
        answers = segment([turned(page, quarters) for page in pages])
        return [
            [replace(one, polygon=turned_back(one.polygon, page, quarters)) for one in regions]
            for page, regions in zip(pages, answers, strict=True)
        ]

    looks: list[Segment] = [
        seen_smoothed, partial(seen_turned, quarters=1), partial(seen_turned, quarters=-1),
    ]  # fmt: skip
    looked = [list(regions) for regions in found]
    for look in looks:
        absent = absent_classes(looked)
        again = [place for place, classes in enumerate(absent) if classes]
        answers = look([images[place] for place in again]) if again else []
        for place, regions in zip(again, answers, strict=True):
            looked[place] += [region for region in regions if region.class_name in absent[place]]
    return looked


def smoothed(image: Image, image_size: int) -> Image:
    """Return a page without the grain that a network would see in it."""
    shrinking = max(1.0, max(image.shape[:2]) / image_size)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), SIGMA * shrinking), dtype=np.uint8)


def turned(image: Image, quarters: int) -> Image:
    """Return a page turned against the clock by so many times 90 degrees, 1 or -1."""
    return np.ascontiguousarray(np.rot90(image, quarters))


def turned_back(polygon: NDArray[np.float32], image: Image, quarters: int) -> NDArray[np.float32]:
    """Return where on a page a polygon of the turned page lies.

    Args:
        polygon: ``float32 (n, 2)``.
        image: The page as it was.
        quarters: As it was turned.
    """
    x, y = polygon[:, 0], polygon[:, 1]
    height, width = image.shape[:2]
    back = (width - y, x) if quarters == 1 else (y, height - x)
    return np.stack(back, axis=1).astype(np.float32)
