"""Labels as training needs them: outlines in pixels, and YOLO's label files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segocr.evaluation.labels import LabelledDocument
from segocr.geometry import Points, convex_hull, grown, minimum_rectangle, quad_size
from segocr.synthesis.scenes import Outline, clip_polygon


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """One labelled picture: path, ``size`` (width, height) in pixels, and its outlines in those pixels.

    ``place`` is where its labels stand, as file:line.
    """

    id: str
    path: Path
    size: tuple[int, int]
    outlines: tuple[Outline, ...]
    place: str = ""


def labelled_pages(documents: Iterable[LabelledDocument]) -> list[LabelledPage]:
    """Return what a model is to find on labelled documents, in their order.

    Fields marked ``match: subset`` are left out: their polygons cover only a part of the value. Places
    where the same value is printed again (``alt_polygons``) are outlines too.
    """
    return [
        LabelledPage(
            document.id,
            document.path,
            document.size,
            tuple(
                Outline(label.class_name, polygon)
                for label in document.labels
                if label.taught
                for polygon in (*label.polygons, *label.alternatives)
            ),
            document.place,
        )
        for document in documents
    ]


def padded(polygon: Points, share: float) -> Points:
    """Move all sides of a quad ``(4, 2)`` outwards by a share of its height.

    Of another polygon ``(n, 2)`` the smallest rectangle around it is taken; a share of 0 changes nothing.
    """
    if not share:
        return polygon
    quad = polygon if len(polygon) == 4 else minimum_rectangle(polygon)
    step = quad_size(quad)[1] * share
    return grown(quad, step, step, step, step)


def yolo_lines(
    outlines: Sequence[Outline], size: tuple[int, int], classes: Sequence[str], seen: float = 0.4
) -> list[str]:
    """Write outlines as YOLO segmentation labels: class number, then x y pairs as shares of ``size``.

    Outlines are cut to the picture; those of which less than a share ``seen`` is inside are left out.
    """
    lines = []
    for one in outlines:
        polygon, share = _inside(one.polygon, size)
        if share >= seen:
            values = np.clip(polygon / size, 0, 1).ravel()
            lines.append(f"{classes.index(one.name)} " + " ".join(f"{value:.6f}" for value in values))
    return lines


def _inside(polygon: Points, size: tuple[int, int]) -> tuple[Points, float]:
    # Wholly inside it is written as it is: cutting may start at another corner, and knows convex ones only.
    if (polygon >= 0).all() and (polygon <= size).all():
        return polygon, 1.0
    inside, share = clip_polygon(polygon if len(polygon) == 4 else convex_hull(polygon), size)
    return (polygon, share) if share > 0.9999 else (inside, share)
