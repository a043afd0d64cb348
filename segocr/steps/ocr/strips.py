"""Strips into a recogniser's input, exactly as PP-OCR does it (PaddleX ``OCRReisizeNormImg``), one strip at a time."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT = 48
_NARROWEST = 320
_WIDEST = 3200


def prepare(strip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Scale a strip to the recogniser's height and pad it to its least width.

    Args:
        strip: ``uint8 (h, w, 3)`` BGR.

    Returns:
        ``float32 (1, 3, 48, w')`` in -1 … 1, w' between 320 and 3200; padding is 0.
    """
    height, width = strip.shape[:2]
    wide = int(HEIGHT * max(width / height, _NARROWEST / HEIGHT))
    if wide > _WIDEST:
        wide = scaled = _WIDEST
    else:
        scaled = min(wide, math.ceil(HEIGHT * width / height))
    if (height, width) != (HEIGHT, scaled):
        strip = np.asarray(cv2.resize(strip, (scaled, HEIGHT)), np.uint8)
    padded = np.zeros((1, 3, HEIGHT, wide), np.float32)
    padded[0, :, :, :scaled] = strip.transpose(2, 0, 1) * np.float32(1 / 127.5) - np.float32(1.0)
    return padded


def frames_used(strip: NDArray[np.uint8], frames: int, wide: int) -> int:
    """Return how many of a reading's frames lie over the strip itself, not over its padding; at least 1."""
    height, width = strip.shape[:2]
    return max(1, min(frames, math.ceil(frames * min(1.0, HEIGHT * width / height / wide)) + 1))
