"""Region recall: how many labelled regions a model finds in the right place, before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from segocr.geometry import Points
from segocr.synthesis.scenes import Outline
from segocr.training.train import Found


@dataclass(frozen=True, slots=True)
class RegionScore:
    """Counts over a set: labelled regions, found with any class, with their own; found ones matching none."""

    labelled: int
    found: int
    named: int
    spurious: int

    @property
    def recall(self) -> float:
        """Share of labelled regions found, whatever their class."""
        return self.found / max(self.labelled, 1)


def mask_iou(one: Points, other: Points) -> float:
    """Intersection over union of two simple polygons ``(n, 2)``, drawn at four times their pixels."""
    both = np.vstack([one, other])
    low = both.min(axis=0)
    width, height = np.ceil((both.max(axis=0) - low) * 4).astype(int) + 2
    masks = []
    for polygon in (one, other):
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round((polygon - low) * 4).astype(np.int32)], 1)
        masks.append(mask.astype(bool))
    return float((masks[0] & masks[1]).sum() / max((masks[0] | masks[1]).sum(), 1))


def region_score(
    labelled: Sequence[Sequence[Outline]], found: Sequence[Found], least_iou: float = 0.5
) -> RegionScore:
    """Compare what was found with the labels of the same pictures, in the same order.

    A labelled region is found where some region's IoU with it reaches ``least_iou``.
    """
    total = hit = named = spurious = 0
    for outlines, picture in zip(labelled, found, strict=True):
        matched = set()
        for outline in outlines:
            pairs = [
                (mask_iou(polygon, outline.polygon), n) for n, (_, _, polygon) in enumerate(picture.regions)
            ]
            good = {n for iou, n in pairs if iou >= least_iou}
            matched |= good
            total += 1
            hit += bool(good)
            named += any(picture.regions[n][0] == outline.name for n in good)
        spurious += len(picture.regions) - len(matched)
    return RegionScore(total, hit, named, spurious)
