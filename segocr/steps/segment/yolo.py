"""What a YOLO segmentation network's outputs mean, as ultralytics reads them; numpy and OpenCV only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.steps.segment.letterbox import Letterbox
from segocr.steps.segment.outlines import outline

Floats = NDArray[np.float32]
_MOST = 300
_CANDIDATES = 30_000


@dataclass(frozen=True, slots=True)
class Found:
    """One instance: class number, score, ``float32 (n, 2)`` polygon in page pixels."""

    kind: int
    score: float
    polygon: Floats


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes that a network proposes.

    Attributes:
        corners: ``float32 (n, 4)`` left, top, right, bottom in pixels of the network's input.
        scores: ``float32 (n,)``.
        kinds: ``int64 (n,)`` class numbers.
        weights: ``float32 (n, m)`` mask coefficients.
    """

    corners: Floats
    scores: Floats
    kinds: NDArray[np.int64]
    weights: Floats

    def take(self, places: NDArray[np.int64]) -> Candidates:
        """Return those at some places, in their order."""
        return Candidates(self.corners[places], self.scores[places], self.kinds[places], self.weights[places])


@dataclass(frozen=True, slots=True)
class Prototypes:
    """A window of the mask prototypes of a page.

    Attributes:
        values: ``float32 (m, h, w)``.
        left: Columns left of the window.
        top: Rows above it.
        width: Columns of the whole.
        height: Rows of the whole.
    """

    values: Floats
    left: int
    top: int
    width: int
    height: int


def decode(
    boxes: Floats, masks: Floats, letterbox: Letterbox, classes: int, confidence: float, iou: float
) -> list[Found]:
    """Turn a network's outputs for one page into instances, best first.

    Args:
        boxes: ``(4 + classes + m, candidates)`` (centre x, centre y, width, height, class scores, mask
            coefficients), or ``(candidates, 6 + m)`` (corners, score, class, coefficients) of end-to-end
            networks.
        masks: ``(m, h, w)`` mask prototypes.
        letterbox: How the page lies in the input.
        classes: Number of classes.
        confidence: Least score.
        iou: Overlap above which the lesser of two boxes of a class is dropped.
    """
    m, height, width = masks.shape
    if boxes.shape[1] == 6 + m and boxes.shape[0] != 4 + classes + m:
        rows = boxes[boxes[:, 4] > confidence][:_MOST]
        kept = Candidates(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64), rows[:, 6:])
    else:
        kept = suppressed(_candidates(boxes, classes, confidence), iou)
    return outlined(kept, Prototypes(masks, 0, 0, width, height), letterbox)


def _candidates(boxes: Floats, classes: int, confidence: float) -> Candidates:
    places, scores, kinds = promising(boxes[4 : 4 + classes], confidence)
    rows = boxes[:, places].T
    half = rows[:, 2:4] / 2
    corners = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
    return Candidates(corners, scores, kinds, rows[:, 4 + classes :])


def promising(scores: Floats, confidence: float) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Return the places, best scores and their classes, ``(n,)`` each, of what scores above a confidence.

    Args:
        scores: ``(classes, places)``.
        confidence: Least score.
    """
    best = scores.max(axis=0)
    places = np.flatnonzero(best > confidence)
    return places, best[places], scores[:, places].argmax(axis=0)


def suppressed(candidates: Candidates, iou: float) -> Candidates:
    """Return the candidates that overlap no better one of their class by more than ``iou``, best first."""
    ordered = candidates.take(np.argsort(-candidates.scores, kind="stable")[:_CANDIDATES])
    return ordered.take(_suppress(ordered.corners, ordered.kinds, iou)[:_MOST])


def outlined(kept: Candidates, prototypes: Prototypes, letterbox: Letterbox) -> list[Found]:
    """Outline the mask of each box; one whose mask is empty is dropped."""
    found = []
    for corner, score, kind, weight in zip(kept.corners, kept.scores, kept.kinds, kept.weights, strict=True):
        polygon = _polygon(corner, weight, prototypes, letterbox)
        if polygon is not None:
            found.append(Found(int(kind), float(min(max(score, 0.0), 1.0)), polygon))
    return found


def mask_window(corners: Floats, width: int, height: int, letterbox: Letterbox) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) of what a box's mask needs of prototypes ``width x height``.

    Right and bottom are exclusive; nothing is needed where they are not above left and top.
    """
    scale_x, scale_y = letterbox.input_width / width, letterbox.input_height / height
    left, top = (max(int(np.floor(v)), 0) for v in (corners[0] / scale_x - 1, corners[1] / scale_y - 1))
    right = min(int(np.ceil(corners[2] / scale_x)) + 2, width)
    bottom = min(int(np.ceil(corners[3] / scale_y)) + 2, height)
    return left, top, right, bottom


def _suppress(corners: Floats, kinds: NDArray[np.int64], iou: float) -> NDArray[np.int64]:
    """Drop boxes (best first) that overlap a better one of their class; returns the indices kept."""
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    alive = np.ones(len(corners), bool)
    kept = []
    for i in range(len(corners)):
        if not alive[i]:
            continue
        kept.append(i)
        sides = np.minimum(corners[i, 2:], corners[i + 1 :, 2:]) - np.maximum(
            corners[i, :2], corners[i + 1 :, :2]
        )
        overlap = np.prod(np.maximum(sides, 0.0), axis=1)
        ratio = overlap / np.maximum(areas[i] + areas[i + 1 :] - overlap, 1e-9)
        alive[i + 1 :] &= ~((ratio > iou) & (kinds[i + 1 :] == kinds[i]))
    return np.array(kept, np.int64)


def _polygon(corner: Floats, weight: Floats, prototypes: Prototypes, letterbox: Letterbox) -> Floats | None:
    """Assemble one mask in its box (ultralytics' ``process_mask``), and outline it."""
    width, height = prototypes.width, prototypes.height
    scale_x, scale_y = letterbox.input_width / width, letterbox.input_height / height
    left, top, right, bottom = mask_window(corner, width, height, letterbox)
    if right <= left or bottom <= top:
        return None
    rows = slice(top - prototypes.top, bottom - prototypes.top)
    columns = slice(left - prototypes.left, right - prototypes.left)
    part = np.tensordot(weight, prototypes.values[:, rows, columns], axes=1)
    size = (round((right - left) * scale_x), round((bottom - top) * scale_y))
    mask = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) > 0).astype(np.uint8)
    origin = np.array([left * scale_x, top * scale_y], np.float32)
    x = np.arange(size[0], dtype=np.float32) + origin[0]
    y = np.arange(size[1], dtype=np.float32) + origin[1]
    mask[:, (x < corner[0]) | (x >= corner[2])] = 0
    mask[(y < corner[1]) | (y >= corner[3])] = 0
    points = outline(mask)
    return None if points is None else letterbox.to_page(points + origin)
