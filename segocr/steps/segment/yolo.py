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
    m = masks.shape[0]
    if boxes.shape[1] == 6 + m and boxes.shape[0] != 4 + classes + m:
        chosen = boxes[boxes[:, 4] > confidence][:_MOST]
        corners, scores, kinds, weights = chosen[:, :4], chosen[:, 4], chosen[:, 5].astype(int), chosen[:, 6:]
    else:
        corners, scores, kinds, weights = _candidates(boxes, classes, confidence, iou)
    found = []
    for corner, score, kind, weight in zip(corners, scores, kinds, weights, strict=True):
        polygon = _polygon(corner, weight, masks, letterbox)
        if polygon is not None:
            found.append(Found(int(kind), float(min(max(score, 0.0), 1.0)), polygon))
    return found


def _candidates(
    boxes: Floats, classes: int, confidence: float, iou: float
) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
    scores = boxes[4 : 4 + classes].max(axis=0)
    chosen = np.flatnonzero(scores > confidence)
    rows = boxes[:, chosen].T
    scores = scores[chosen]
    kinds = rows[:, 4 : 4 + classes].argmax(axis=1)
    half = rows[:, 2:4] / 2
    corners = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
    order = np.argsort(-scores, kind="stable")[:_CANDIDATES]
    kept = order[_suppress(corners[order], kinds[order], iou)][:_MOST]
    return corners[kept], scores[kept], kinds[kept], rows[kept, 4 + classes :]


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


def _polygon(corner: Floats, weight: Floats, masks: Floats, letterbox: Letterbox) -> Floats | None:
    """Assemble one mask in its box (ultralytics' ``process_mask``), and outline it."""
    _, mask_height, mask_width = masks.shape
    scale_x, scale_y = letterbox.input_width / mask_width, letterbox.input_height / mask_height
    left, top = (max(int(np.floor(v)), 0) for v in (corner[0] / scale_x - 1, corner[1] / scale_y - 1))
    right = min(int(np.ceil(corner[2] / scale_x)) + 2, mask_width)
    bottom = min(int(np.ceil(corner[3] / scale_y)) + 2, mask_height)
    if right <= left or bottom <= top:
        return None
    part = np.tensordot(weight, masks[:, top:bottom, left:right], axes=1)
    size = (round((right - left) * scale_x), round((bottom - top) * scale_y))
    mask = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) > 0).astype(np.uint8)
    origin = np.array([left * scale_x, top * scale_y], np.float32)
    columns = np.arange(size[0], dtype=np.float32) + origin[0]
    rows = np.arange(size[1], dtype=np.float32) + origin[1]
    mask[:, (columns < corner[0]) | (columns >= corner[2])] = 0
    mask[(rows < corner[1]) | (rows >= corner[3])] = 0
    points = outline(mask)
    return None if points is None else letterbox.to_page(points + origin)
