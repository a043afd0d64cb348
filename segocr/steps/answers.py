"""What hosts answer, as the types of ``contract``; what encloses no area is no region and no line."""

from __future__ import annotations

import re

import numpy as np

from segocr.constraints import Decoded
from segocr.geometry import is_flat
from segocr.steps.contract import LinePolygon, PageImage, SegmentedRegion, StripReading
from segocr.steps.protocol import Message

_MOST_PAGES = 1_000_000
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


def page_of(number: int, answer: Message) -> PageImage:
    """Return the page that an answer of the opening host holds.

    Raises:
        KeyError, IndexError, TypeError, ValueError: It holds none.
    """
    head, image = answer.body, np.asarray(answer.arrays[0])
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(f"a page of {image.dtype} {image.shape}")
    dpi, pages = head["dpi"], int(head["pages"])
    if not 1 <= number <= pages <= _MOST_PAGES:
        raise ValueError(f"page {number} of {pages}")
    if not _MEDIA_TYPE.fullmatch(head["media_type"]):
        raise ValueError("no media type")
    return PageImage(number, image, None if dpi is None else float(dpi), pages, head["media_type"])


def regions_of(answer: Message) -> list[list[SegmentedRegion]]:
    """Return the regions of an answer of a segmentation host, page by page."""
    points, place, result = answer.arrays[0], 0, []
    for listing in answer.body["pages"]:
        regions = []
        for name, score, count in listing:
            regions.append(SegmentedRegion(name, score, points[place : place + count]))
            place += count
        result.append([region for region in regions if not is_flat(region.polygon)])
    return result


def lines_of(answer: Message) -> list[list[LinePolygon]]:
    """Return the lines of an answer of the OCR host, page by page."""
    corners = iter(answer.arrays[0])
    lines = [[LinePolygon(score, next(corners)) for score in scores] for scores in answer.body["scores"]]
    return [[line for line in found if not is_flat(line.polygon)] for found in lines]


def readings_of(answer: Message) -> list[StripReading]:
    """Return the readings of an answer of the OCR host, strip by strip."""
    blob, kept = answer.arrays[0].tobytes(), answer.arrays[1:]
    place, readings = 0, []
    for number, (wires, size) in enumerate(
        zip(answer.body["readings"], answer.body["lattices"], strict=True)
    ):
        decoded = tuple(Decoded.from_wire(wire) for wire in wires)
        readings.append(StripReading(decoded, blob[place : place + size], kept[number] if kept else None))
        place += size
    return readings
