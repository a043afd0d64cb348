"""Labelled documents as LabelMe files, to be looked at and corrected by hand, and imported again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segocr.datasets.folder import cannot_write, require_outside
from segocr.datasets.importing import image_names
from segocr.diskroom import require_room
from segocr.errors import UsageError
from segocr.evaluation.labels import LabelledDocument, read_labels


def export_labelme(folder: Path, target: Path, split: str | None = None) -> int:
    """Write a picture and a LabelMe file for each document, and return how many.

    Args:
        folder: Holds ``fields.jsonl``.
        target: Absent or empty.
        split: Of the documents; None: all.

    Raises:
        UsageError: ``labels``: a mistake in them, or no such split; ``folder-taken``.
        ConfigurationError: ``disk-full``, or ``target`` cannot be written.
    """
    documents = read_labels(folder, split)
    require_outside(target, [folder])
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} holds files", code="folder-taken", hint="name another folder with --out")
    needed = sum(document.path.stat().st_size for document in documents)
    require_room(target, needed, hint="make room, or name another disk with --out")
    try:
        target.mkdir(parents=True, exist_ok=True)
        for document, image in zip(documents, image_names(documents), strict=True):
            picture = target / Path(image).name
            shutil.copyfile(document.path, picture)
            text = json.dumps(_content(document, picture.name), indent=1, ensure_ascii=False)
            picture.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(target, error) from error
    return len(documents)


def _content(document: LabelledDocument, picture: str) -> dict[str, Any]:
    width, height = document.size
    return {
        "version": "5.5.0", "flags": {}, "shapes": list(_shapes(document)), "imagePath": picture,
        "imageData": None, "imageHeight": height, "imageWidth": width,
    }  # fmt: skip


def _shapes(document: LabelledDocument) -> Iterator[dict[str, Any]]:
    """Yield a shape for each line; the lines of one field have a group, and its whole value each."""
    for number, label in enumerate(document.labels, start=1):
        for polygon in label.polygons:
            yield {
                "label": label.class_name, "points": polygon.round(2).tolist(),
                "group_id": number if len(label.polygons) > 1 else None, "description": label.value,
                "shape_type": "polygon", "flags": {},
            }  # fmt: skip
