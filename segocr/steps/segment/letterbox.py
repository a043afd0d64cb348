"""Scaling a page into a network's input and coordinates back, as ultralytics' ``LetterBox`` does it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_STRIDE = 32
_GREY = (114, 114, 114)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a page of ``width x height`` lies in an input of ``input_width x input_height`` pixels.

    Attributes:
        scaled_width: Width of the page within the input.
        scaled_height: Height of the page within the input.
        left: Grey pixels left of it.
        top: Grey pixels above it.
    """

    width: int
    height: int
    scaled_width: int
    scaled_height: int
    left: int
    top: int
    input_width: int
    input_height: int

    @classmethod
    def of(cls, width: int, height: int, image_size: int, fixed: tuple[int, int] | None = None) -> Letterbox:
        """Fit a page into ``image_size``.

        The smallest rectangle of whole strides, or a fixed (height, width).
        """
        limit_height, limit_width = fixed or (image_size, image_size)
        ratio = min(limit_height / height, limit_width / width)
        scaled_width, scaled_height = max(round(width * ratio), 1), max(round(height * ratio), 1)
        spare_width, spare_height = limit_width - scaled_width, limit_height - scaled_height
        if fixed is None:
            spare_width, spare_height = spare_width % _STRIDE, spare_height % _STRIDE
        left, top = round(spare_width / 2 - 0.1), round(spare_height / 2 - 0.1)
        right, bottom = round(spare_width / 2 + 0.1), round(spare_height / 2 + 0.1)
        return cls(
            width, height, scaled_width, scaled_height, left, top,
            scaled_width + left + right, scaled_height + top + bottom,
        )  # fmt: skip

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the input, ``uint8 (1, input_height, input_width, 3)``."""
        if image.shape[:2] != (self.scaled_height, self.scaled_width):
            size = (self.scaled_width, self.scaled_height)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        right = self.input_width - self.scaled_width - self.left
        bottom = self.input_height - self.scaled_height - self.top
        padded = cv2.copyMakeBorder(
            image, self.top, bottom, self.left, right, cv2.BORDER_CONSTANT, value=_GREY
        )
        return np.asarray(padded, np.uint8)[None]

    def to_page(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map ``(n, 2)`` input coordinates (x, y) to the page, clipped to it."""
        scale = np.array([self.width / self.scaled_width, self.height / self.scaled_height], np.float32)
        page = (points - np.array([self.left, self.top], np.float32)) * scale
        limit = np.array([self.width, self.height], np.float32)
        return np.asarray(np.clip(page, 0.0, limit), np.float32)
