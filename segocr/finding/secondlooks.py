"""A second look at pages on which a region that is required was not found: the same page, smoothed.

A network takes a page shrunk by plain interpolation, so that the grain of a dim photo or of a poor scan
reaches it whole, and where grain is strong it finds nothing. Smoothed by a pixel of the network's input, the
page shows its lines again. What is found that way is cut out of the page as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


def with_second_look(
    images: Sequence[Image],
    found: Sequence[Sequence[SegmentedRegion]],
    template: Template,
    segment: Segment,
    image_size: int,
) -> list[list[SegmentedRegion]]:
    """Add the regions of classes that are required and were not found.

    Args:
        images: The pages, ``uint8 (H, W, 3)`` BGR each.
        found: Of each, what was found.
        template: Says what is required.
        segment: Asks the network.
        image_size: Pixels of the longer side of what the network takes.

    Returns:
        For each page what was found, then what was found of the absent classes when it was smoothed.
    """
    required = {spec.class_name for spec in template.fields.values() if spec.required and spec.class_name}
    absent = [required - {region.class_name for region in regions} for regions in found]
    again = [place for place, classes in enumerate(absent) if classes]
    if not again:
        return [list(regions) for regions in found]
    answers = dict(zip(again, segment([smoothed(images[place], image_size) for place in again]), strict=True))
    return [
        [*regions, *(region for region in answers.get(place, ()) if region.class_name in absent[place])]
        for place, regions in enumerate(found)
    ]


def smoothed(image: Image, image_size: int) -> Image:
    """Return a page without the grain that a network would see in it."""
    shrinking = max(1.0, max(image.shape[:2]) / image_size)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), SIGMA * shrinking), dtype=np.uint8)
