"""Pictures to learn from are decoded as extraction does it: upright, alpha over white, deep grey in 8 bits.

That is done by ``segocr.steps.open`` with Pillow in an environment of its own; here is OpenCV alone, which by
itself leaves the colour under transparent pixels, mostly black, and drops the low bits of 12 in words of 16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_PNG = b"\x89PNG\r\n\x1a\n"
_DEPTH, _COLOUR, _WITH_ALPHA = 24, 25, (3, 4, 6)
_CHUNKS = 1 << 16
"""Transparent colours are named before the pixels begin."""


def decoded(content: bytes) -> Picture | None:
    """Return a picture as ``uint8 (H, W, 3)`` BGR; None if it cannot be decoded as extraction does it.

    Args:
        content: Of the file.
    """
    coded = np.frombuffer(content, np.uint8)
    picture = cv2.imdecode(coded, cv2.IMREAD_COLOR) if len(coded) else None
    if picture is None or not _may_be_more(content):
        return None if picture is None else np.asarray(picture, np.uint8)
    whole = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
    if whole is None or whole.dtype not in (np.uint8, np.uint16):
        return None
    if whole.ndim == 3 and whole.shape[2] == 4:
        return _over_white(np.asarray(whole), np.asarray(picture, np.uint8))
    if whole.dtype == np.uint16 and whole.ndim == 2:
        deep = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
        grey = _in_eight_bits(np.asarray(deep, np.uint16))
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.asarray(picture, np.uint8)


def _may_be_more(content: bytes) -> bool:
    """Whether there may be alpha or more than 8 bits: then it is decoded once more."""
    if content.startswith(_PNG):
        deep = content[_DEPTH : _DEPTH + 1] > b"\x08"
        return deep or content[_COLOUR] in _WITH_ALPHA or b"tRNS" in content[:_CHUNKS]
    return content[:2] in (b"II", b"MM") or content[8:12] == b"WEBP"


def _over_white(stored: NDArray[Any], upright: Picture) -> Picture | None:
    """Lay a picture with alpha over white: OpenCV gives it as it is stored, and without alpha upright."""
    shallow = np.asarray(stored if stored.dtype == np.uint8 else stored >> 8, np.uint8)
    turned = next((one for one in _turns(shallow) if np.array_equal(one[..., :3], upright)), None)
    if turned is None:
        return None
    alpha = turned[..., 3:].astype(np.float32) / 255
    return np.asarray(np.rint(turned[..., :3] * alpha + 255 * (1 - alpha)), np.uint8)


def _turns(picture: Picture) -> Iterator[Picture]:
    for one in (picture, picture[:, ::-1]):
        for turns in range(4):
            yield np.rot90(one, turns)


def _in_eight_bits(samples: NDArray[np.uint16]) -> Picture:
    """Scale grey as ``segocr.steps.open.depths`` does, where no tag says what is white."""
    largest = int(samples.max(initial=0))
    white = 0xFFFF if largest > 0xFFFF >> 3 else (1 << max(8, largest.bit_length())) - 1
    return np.asarray(np.minimum(samples * (255.0 / white) + 0.5, 255), np.uint8)
