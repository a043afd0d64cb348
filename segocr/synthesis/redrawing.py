"""A page's labelled lines are taken off its paper, and others printed in their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.geometry import Points, transform
from segocr.synthesis.prints import Box, LinePrint, seen_ink

Picture = NDArray[np.uint8]

_ROOM = 12
"""Pixels around a line that paper is continued from."""
_NARROWEST = 0.82
"""A text is squeezed to so much of its width, and no further."""


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line to be printed: how, what, and whether it ends where the old one ended (numbers do)."""

    printed: LinePrint
    text: str
    to_right: bool = False


def redraw(page: Picture, lines: Sequence[NewLine]) -> tuple[Picture, list[Points | None]]:
    """Print lines in place of those that they were matched to.

    Args:
        page: ``uint8 (H, W, 3)``; it stays as it is.
        lines: Old print and new text.

    Returns:
        The new page, and of each line the label's new corners ``(4, 2)``, around the text as the old ones
        were; None for a text that has no room (the old one is gone all the same).
    """
    drawn = page.copy()
    for line in lines:
        _erase(drawn, line.printed)
    return drawn, [_print(drawn, line) for line in lines]


def fits(line: NewLine) -> bool:
    """Whether the text has room where the old one stood."""
    return _placing(line) is not None


def _erase(page: Picture, printed: LinePrint) -> None:
    """Continue the paper over the ink of a line."""
    strip = cv2.warpPerspective(page, printed.matrix, printed.size,
                                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    height = printed.box[3] - printed.box[1]
    ink = seen_ink(np.asarray(strip, np.uint8), height)
    reach = round(max(2.0, 0.09 * height))
    left, top = (
        max(round(min(a, b)) - reach, 0) for a, b in zip(printed.box[:2], printed.ink[:2], strict=True)
    )
    right, bottom = (round(max(a, b)) + reach for a, b in zip(printed.box[2:], printed.ink[2:], strict=True))
    mask = np.zeros(ink.shape, np.uint8)
    mask[top:bottom, left:right] = np.where(ink[top:bottom, left:right] > 0.18, 255, 0)
    mask = np.asarray(cv2.dilate(mask, np.ones((2 * reach - 1, 2 * reach - 1), np.uint8)), np.uint8)
    x, y, right, bottom = _around(printed.quad, page, _ROOM + reach * 2)
    crop = page[y:bottom, x:right]
    onto = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1.0]]) @ printed.matrix
    laid = cv2.warpPerspective(mask, onto, (crop.shape[1], crop.shape[0]), flags=cv2.INTER_NEAREST)
    crop[:] = cv2.inpaint(crop, np.asarray(laid, np.uint8), 3, cv2.INPAINT_TELEA)


def _placing(line: NewLine) -> tuple[float, float] | None:
    """Return (squeeze, shift) with which a text stands where the old one stood; None without room."""
    printed = line.printed
    drawing, start = printed.face.ink(line.text, printed.face_size)
    columns = np.flatnonzero((drawing > 96).any(axis=0))
    if not columns.size:
        return None
    matrix = printed.onto(start)
    ends = transform(matrix, np.array([[columns[0], start[1]], [columns[-1] + 1, start[1]]], np.float64))
    left, right = printed.ink[0], printed.ink[2]
    width = float(ends[1, 0] - ends[0, 0])
    squeeze = min(1.0, (right - left) / width)
    if squeeze < _NARROWEST:
        return None
    # Squeezed about the old ink's left end; then moved so that one end lies where it lay.
    began = left + (float(ends[0, 0]) - left) * squeeze
    shift = (right - width * squeeze if line.to_right else left) - began
    return squeeze, shift


def _print(page: Picture, line: NewLine) -> Points | None:
    placing, printed = _placing(line), line.printed
    if placing is None:
        return None
    share, box = printed.drawn(line.text, *placing)
    if box is None:
        return None
    x, y, right, bottom = _around(printed.quad, page, _ROOM)
    crop = page[y:bottom, x:right]
    onto = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1.0]]) @ printed.matrix
    alpha = cv2.warpPerspective(share, onto, (crop.shape[1], crop.shape[0]), flags=cv2.INTER_LINEAR)[
        ..., None
    ]
    mixed = crop * (1 - alpha) + np.array(printed.colour, np.float32) * alpha
    crop[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    return transform(printed.matrix, _label(printed.box, printed.ink, box))


def _label(old: Box, old_ink: Box, ink: Box) -> Points:
    """Return the corners of a label with the margins of the old one, as high or as high as the ink."""
    left, right = ink[0] - (old_ink[0] - old[0]), ink[2] + (old[2] - old_ink[2])
    top, bottom = min(old[1], ink[1]), max(old[3], ink[3])
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _around(quad: Points, page: Picture, room: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the part of a page that holds a quad and some room."""
    left, top = np.maximum(np.floor(quad.min(axis=0)).astype(int) - room, 0)
    right, bottom = np.ceil(quad.max(axis=0)).astype(int) + room
    return int(left), int(top), min(int(right), page.shape[1]), min(int(bottom), page.shape[0])
