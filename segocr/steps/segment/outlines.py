"""Mask to polygon: the outline of the largest part, in coordinates of pixel *edges*."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_FINE = 4


def outline(mask: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Return the outline of a mask's largest part.

    OpenCV's contours run through the centres of border pixels, half a pixel inside the region on every side.
    A text line may be six pixels high here, so the mask is enlarged first, which leaves an eighth of a pixel.

    Args:
        mask: ``uint8 (h, w)``, 0 or not.

    Returns:
        ``float32 (n, 2)``, n >= 3, x and y with (0, 0) the top left *edge*; None for an empty mask.
    """
    if not mask.any():
        return None
    size = (mask.shape[1] * _FINE, mask.shape[0] * _FINE)
    fine = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(contours, key=cv2.contourArea)
    points = np.asarray(contour, np.float32).reshape(-1, 2)
    return np.asarray((points + 0.5) / _FINE, np.float32) if len(points) >= 3 else None
