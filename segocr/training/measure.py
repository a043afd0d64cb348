"""Region recall: how many labelled regions a model finds in the right place, before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from segocr.steps.client import Steps
from segocr.steps.contract import SegmentedRegion, SegmentModel
from segocr.synthesis.backgrounds import read_picture
from segocr.synthesis.scenes import Outline
from segocr.training.labels import LabelledPage, padded


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

    @property
    def f1(self) -> float:
        """Of regions found in their place with their class: 2 named / (labelled + named + spurious)."""
        return 2 * self.named / max(self.labelled + self.named + self.spurious, 1)

    def as_metrics(self) -> dict[str, float]:
        """Return the numbers as they stand in ``model.json``."""
        return {
            "f1": round(self.f1, 4),
            "recall": round(self.recall, 4),
            "labelled": self.labelled,
            "found": self.found,
            "named": self.named,
            "spurious": self.spurious,
        }


def mask_iou(one: ArrayLike, other: ArrayLike) -> float:
    """Intersection over union of two simple polygons ``(n, 2)``, drawn at four times their pixels."""
    polygons = [np.asarray(polygon, dtype=np.float64) for polygon in (one, other)]
    both = np.vstack(polygons)
    low = both.min(axis=0)
    width, height = np.ceil((both.max(axis=0) - low) * 4).astype(int) + 2
    masks = []
    for polygon in polygons:
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round((polygon - low) * 4).astype(np.int32)], 1)
        masks.append(mask.astype(bool))
    return float((masks[0] & masks[1]).sum() / max((masks[0] | masks[1]).sum(), 1))


def region_score(
    labelled: Sequence[Sequence[Outline]],
    found: Sequence[Sequence[SegmentedRegion]],
    least_iou: float = 0.5,
) -> RegionScore:
    """Compare what was found with the labels of the same pictures, in the same order.

    A labelled region is found where some region's IoU with it reaches ``least_iou``.
    """
    total = hit = named = spurious = 0
    for outlines, regions in zip(labelled, found, strict=True):
        matched = set()
        for outline in outlines:
            pairs = [(mask_iou(one.polygon, outline.polygon), n) for n, one in enumerate(regions)]
            good = {n for iou, n in pairs if iou >= least_iou}
            matched |= good
            total += 1
            hit += bool(good)
            named += any(regions[n].class_name == outline.name for n in good)
        spurious += len(regions) - len(matched)
    return RegionScore(total, hit, named, spurious)


def measure(steps: Steps, model: SegmentModel, pages: Sequence[LabelledPage], padding: float) -> RegionScore:
    """Let a model find the regions of labelled pages, and compare.

    Args:
        steps: The hosts.
        model: What to measure.
        pages: The pages; pictures are read one by one.
        padding: Share of their height by which labels are widened, as in training.
    """
    found = [steps.segment([read_picture(page.path)], model)[0] for page in pages]
    labelled = [[Outline(o.name, padded(o.polygon, padding)) for o in page.outlines] for page in pages]
    return region_score(labelled, found)
