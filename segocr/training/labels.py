"""Labels: the project's ``fields.jsonl`` is read, YOLO segmentation label files are written and read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segocr.geometry import Points, grown, quad_size
from segocr.synthesis.scenes import Outline, clip_polygon


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """One labelled picture: path, ``size`` (width, height) in pixels, and its outlines in those pixels."""

    id: str
    path: Path
    size: tuple[int, int]
    outlines: tuple[Outline, ...]


def read_labels(folder: Path, split: str) -> list[LabelledPage]:
    """Read one split (train or val) of a folder with ``fields.jsonl``, in the file's order.

    Fields marked ``match: subset`` are left out: their polygons cover only a part of the value. Places where the
    same value is printed again (``alt_polygons``) are outlines too.
    """
    pages = []
    for line in (folder / "fields.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] == split:
            outlines = tuple(
                Outline(field["class"], np.asarray(polygon, dtype=np.float64))
                for field in row["fields"]
                if field.get("match") != "subset"
                for polygon in (*field["polygons"], *field.get("alt_polygons", ()))
            )
            pages.append(
                LabelledPage(row["id"], folder / row["image"], (row["width"], row["height"]), outlines)
            )
    return pages


def padded(quad: Points, share: float) -> Points:
    """Move all sides of a quad ``(4, 2)`` outwards by a share of its height."""
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
        inside, share = clip_polygon(one.polygon, size)
        # Wholly inside it is written as it is: cutting may start at another corner.
        polygon = one.polygon if share > 0.9999 else inside
        if share >= seen:
            values = np.clip(polygon / size, 0, 1).ravel()
            lines.append(f"{classes.index(one.name)} " + " ".join(f"{value:.6f}" for value in values))
    return lines


def read_yolo(text: str, size: tuple[int, int], classes: Sequence[str]) -> list[Outline]:
    """Read what ``yolo_lines`` wrote, in pixels of a picture of ``size``."""
    outlines = []
    for line in text.splitlines():
        number, *values = line.split()
        points = np.asarray(values, dtype=np.float64).reshape(-1, 2) * size
        outlines.append(Outline(classes[int(number)], points))
    return outlines
