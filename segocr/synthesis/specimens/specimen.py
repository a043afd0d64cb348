"""A specimen: a drawn picture with what stands in it and where."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.scenes import CameraRecipe, Outline, lay_page

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DrawnField:
    """What one field says, and the polygon ``(n, 2)`` of each of its lines, in reading order."""

    class_name: str
    value: str
    polygons: tuple[Points, ...]


@dataclass(frozen=True, slots=True)
class Specimen:
    """A picture ``uint8 (H, W, 3)`` BGR and its fields, in pixels of that picture."""

    picture: Picture
    fields: tuple[DrawnField, ...]


def photograph_on(
    page: Specimen, background: Picture, recipe: CameraRecipe, rng: np.random.Generator
) -> Specimen:
    """Lay a flat specimen on a background and take its photo."""
    outlines = [Outline(one.class_name, polygon) for one in page.fields for polygon in one.polygons]
    scene = lay_page(page.picture, outlines, background, recipe, rng)
    moved = iter(scene.outlines)
    fields = tuple(
        DrawnField(one.class_name, one.value, tuple(next(moved).polygon for _ in one.polygons))
        for one in page.fields
    )
    return Specimen(scene.picture, fields)


def save(
    specimens: Sequence[tuple[str, Specimen]], folder: Path, *, split: str = "val", most_bytes: int = 190_000
) -> None:
    """Write named specimens as ``images/<name>.jpg`` and ``fields.jsonl``, the labelled data format.

    Args:
        specimens: Name and specimen; a name is the picture's file name without its ending.
        folder: Made if it is absent.
        split: Which side of a data set they are on.
        most_bytes: A picture that would be larger is written with a lower quality.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    lines = []
    for name, specimen in specimens:
        image = f"images/{name}.jpg"
        (folder / image).write_bytes(_as_jpeg(specimen.picture, most_bytes))
        lines.append(json.dumps(_label(name, image, specimen, split), ensure_ascii=False))
    (folder / "fields.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _as_jpeg(picture: Picture, most_bytes: int) -> bytes:
    for quality in range(82, 30, -6):
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(coded) <= most_bytes:
            break
    return coded.tobytes()


def _label(name: str, image: str, specimen: Specimen, split: str) -> dict[str, Any]:
    height, width = specimen.picture.shape[:2]
    fields = [
        {
            "class": one.class_name,
            "value": one.value,
            "polygons": [np.round(polygon, 1).tolist() for polygon in one.polygons],
        }
        for one in specimen.fields
    ]
    return {"id": name, "split": split, "image": image, "width": width, "height": height, "fields": fields}
