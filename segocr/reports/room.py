"""Where the label of a region finds room on its page: off other labels, off regions, off print, and near."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels; right and bottom are beyond it."""

_GAP = 3
_FARTHEST = 12
"""How many heights of a label it may stand from its region, above and below."""
_PRINT_CONTRAST = 40
_STROKE = 5
_DISTANCE_PRICE = 0.02
"""What a label's height of distance weighs, against the root of the share of the label that covers print."""
_COVERING_PRICE = 10.0


class Room:
    """The room on a page, less with each label that is placed.

    Args:
        image: ``uint8 (h, w, 3)`` BGR, nothing drawn on it yet.
        polygons: Of all regions, each ``(n, 2)`` in pixels.
    """

    def __init__(self, image: NDArray[np.uint8], polygons: Sequence[NDArray[np.float64]]) -> None:
        self._rows, self._columns = image.shape[:2]
        self._printed = cv2.integral(_print_of(image))
        self._taken = [_around(polygon) for polygon in polygons]

    def place(self, polygon: NDArray[np.float64], width: int, height: int) -> Box:
        """Find a place for the label of a region, and take it.

        Where everything is print, as on patterned paper, it stands next to its region.

        Args:
            polygon: Of the region, ``(n, 2)`` in pixels.
            width: Of the label.
            height: Of the label.

        Returns:
            A box on the page, unless the label is larger than the page.
        """
        region = _around(polygon)
        boxes = self._places(region, width, height)
        price = (
            np.sqrt(self._share_of_print(boxes))  # a word that is covered is lost, however long the label
            + _DISTANCE_PRICE * _distances(boxes, region) / height
            + _COVERING_PRICE * _meeting(boxes, np.array(self._taken))
        )
        left, top, right, bottom = boxes[int(np.argmin(price))].tolist()
        self._taken.append((left, top, right, bottom))
        return left, top, right, bottom

    def _places(self, region: Box, width: int, height: int) -> NDArray[np.int64]:
        """List places around a region, ``(n, 4)``: of equally good ones, the first is taken."""
        steps = np.arange(2 * _FARTHEST) * height // 2
        above, below = region[1] - height - _GAP - steps, region[3] + _GAP + steps
        beside = (region[1] + region[3] - height) // 2 + np.array([0, -height // 2, height // 2])
        tops = np.clip([*above, *below, *beside], 0, max(0, self._rows - height))
        aligned, outside = (region[0], region[2] - width), (region[2] + _GAP, region[0] - width - _GAP)
        lefts = np.clip([*aligned, *outside], 0, max(0, self._columns - width))
        corners = np.stack(np.meshgrid(lefts, tops, indexing="ij"), axis=-1).reshape(-1, 2)
        return np.hstack([corners, corners + np.array([width, height])])

    def _share_of_print(self, boxes: NDArray[np.int64]) -> NDArray[np.float64]:
        left, right = np.minimum(boxes[:, 0::2], self._columns).T
        top, bottom = np.minimum(boxes[:, 1::2], self._rows).T
        total = self._printed
        printed = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
        share: NDArray[np.float64] = printed / np.maximum((right - left) * (bottom - top), 1)
        return share


def _print_of(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 1 where strokes are, on paper of any colour, else 0."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    contrast = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((_STROKE, _STROKE), np.uint8))
    return (np.asarray(contrast) > _PRINT_CONTRAST).astype(np.uint8)


def _around(polygon: NDArray[np.float64]) -> Box:
    left, top = np.floor(polygon.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(polygon.max(axis=0)).astype(int).tolist()
    return left, top, right, bottom


def _distances(boxes: NDArray[np.int64], region: Box) -> NDArray[np.float64]:
    across = np.maximum(np.maximum(region[0] - boxes[:, 2], boxes[:, 0] - region[2]), 0)
    down = np.maximum(np.maximum(region[1] - boxes[:, 3], boxes[:, 1] - region[3]), 0)
    distances: NDArray[np.float64] = np.hypot(across, down)
    return distances


def _meeting(boxes: NDArray[np.int64], taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count for each box, ``(n, 4)``, how many of those taken, ``(m, 4)``, it meets."""
    apart = (boxes[:, None, :2] >= taken[None, :, 2:]) | (taken[None, :, :2] >= boxes[:, None, 2:])
    counts: NDArray[np.int64] = (~apart.any(axis=2)).sum(axis=1)
    return counts
