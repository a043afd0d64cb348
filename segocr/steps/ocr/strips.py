"""Strips into a recogniser's input, as PP-OCR does it (PaddleX ``OCRReisizeNormImg``), one strip at a time.

Widths are rounded up to whole steps (PP-OCR pads a strip to the widest of its batch): frameworks prepare
themselves anew for every width that they have not seen, which takes as long as reading a strip.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT = 48
_NARROWEST = 160
"""PP-OCR pads to 320. On number plates 160 takes 0.6 of the time and reads as many; 96 loses 6 points."""
_WIDEST = 3200
_STEP = 32
_TOGETHER = 4
_SHORT = 320
"""Strips up to this width are read up to four at a time: most of their time goes into fetching the network's
weights. Alone a strip of 160 takes 5.1 ms, with three others 3.6 ms, and gives the same to the last digit."""
_NARROWER = 0.4
"""A strip that would have to be narrowed further than to this share does not hold so few characters: the
pattern is wrong, and a strip too narrow to be read would hide that. True lengths ask for 0.46 and more."""


def suited(
    strip: NDArray[np.uint8], characters: int | None, character_width: float | None, blur: float
) -> NDArray[np.uint8]:
    """Bring a strip whose number of characters is known into the form in which a recogniser reads it best.

    Args:
        strip: ``uint8 (h, w, 3)`` BGR.
        characters: How many it holds; None if that is not known, and nothing is changed.
        character_width: See ``narrowed``.
        blur: Standard deviation in pixels at a height of 48; 0 for none.
    """
    strip = narrowed(strip, characters, character_width)
    if characters is None or not blur:
        return strip
    return np.asarray(cv2.GaussianBlur(strip, (0, 0), blur * strip.shape[0] / HEIGHT), np.uint8)


def narrowed(
    strip: NDArray[np.uint8], characters: int | None, character_width: float | None
) -> NDArray[np.uint8]:
    """Squeeze a strip whose number of characters is known to what the recogniser needs for them.

    Args:
        strip: ``uint8 (h, w, 3)`` BGR.
        characters: How many it holds; None if that is not known.
        character_width: Pixels each may be narrowed to in a strip of height 48; None for a recogniser that
            reads narrow characters worse.
    """
    if characters is None or character_width is None:
        return strip
    height, width = strip.shape[:2]
    narrow = round(characters * character_width * height / HEIGHT)
    if not _NARROWER * width <= narrow < width:
        return strip
    return np.asarray(cv2.resize(strip, (narrow, height), interpolation=cv2.INTER_AREA), np.uint8)


def prepare(strip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Scale a strip to the recogniser's height and pad it to its least width.

    Args:
        strip: ``uint8 (h, w, 3)`` BGR.

    Returns:
        ``float32 (1, 3, 48, w')`` in -1 … 1, w' between 160 and 3200; padding is 0.
    """
    height, width = strip.shape[:2]
    scaled = min(_WIDEST, max(1, math.ceil(HEIGHT * width / height)))
    wide = -(-max(scaled, _NARROWEST) // _STEP) * _STEP
    if (height, width) != (HEIGHT, scaled):
        strip = np.asarray(cv2.resize(strip, (scaled, HEIGHT)), np.uint8)
    padded = np.zeros((1, 3, HEIGHT, wide), np.float32)
    padded[0, :, :, :scaled] = strip.transpose(2, 0, 1) * np.float32(1 / 127.5) - np.float32(1.0)
    return padded


def batched(prepared: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Put neighbouring short strips of one width together.

    Args:
        prepared: ``float32 (1, 3, 48, w)`` each.

    Yields:
        ``float32 (n, 3, 48, w)``, n from 1 to 4, in the order given.
    """
    waiting: list[NDArray[np.float32]] = []
    for strip in prepared:
        fits = waiting and strip.shape == waiting[0].shape and strip.shape[3] <= _SHORT
        if waiting and not (fits and len(waiting) < _TOGETHER):
            yield np.concatenate(waiting)
            waiting = []
        waiting.append(strip)
    if waiting:
        yield np.concatenate(waiting)
