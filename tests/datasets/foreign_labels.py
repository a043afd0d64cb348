"""Small pictures, and their labels as other programs write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIZE = (200, 100)


def draw_picture(path: Path, seed: int = 0, size: tuple[int, int] = SIZE) -> Path:
    """Write a picture that no other seed gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 10, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    assert cv2.imwrite(str(path), picture)
    return path


def write_json(path: Path, content: Any) -> Path:
    """Write a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def labelme_file(folder: Path, shapes: list[dict[str, Any]], **more: Any) -> Path:
    """Write one LabelMe file and its picture."""
    draw_picture(folder / "a b.png")
    content = {"imagePath": "a b.png", "imageWidth": 200, "imageHeight": 100, "shapes": shapes, **more}
    return write_json(folder / "a b.json", content)


def coco_file(folder: Path, annotations: list[dict[str, Any]], **more: Any) -> Path:
    """Write a COCO file with one picture and the class ``total €``."""
    draw_picture(folder / "images" / "a.png")
    return write_json(
        folder / "instances.json",
        {
            "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 100}],
            "categories": [{"id": 3, "name": "total €"}],
            "annotations": [{"id": 7, "image_id": 1, "category_id": 3, **one} for one in annotations],
            **more,
        },
    )


def yolo_folder(folder: Path, lines: str, names: str = "[date, total]") -> Path:
    """Write a YOLO data set with one picture in its split ``valid``."""
    draw_picture(folder / "valid" / "images" / "a.png")
    label = folder / "valid" / "labels" / "a.txt"
    label.parent.mkdir(parents=True, exist_ok=True)
    label.write_text(lines, encoding="utf-8")
    (folder / "data.yaml").write_text(f"names: {names}\nval: ../valid/images\n", encoding="utf-8")
    return folder


def labelled_folder(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Write a folder of labelled documents; pictures that are not there are drawn."""
    for number, row in enumerate(rows):
        if not (folder / row["image"]).exists():
            draw_picture(folder / row["image"], seed=row.pop("seed", number))
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "fields.jsonl").write_text(text, encoding="utf-8")
    return folder


def labelled_row(name: str, **more: Any) -> dict[str, Any]:
    """Return one line of labels, of a document with a total."""
    field = {"class": "total", "value": "1.00", "polygons": [[[10, 10], [60, 10], [60, 30], [10, 30]]]}
    row = {"id": name, "split": "train", "image": f"{name}.png", "width": 200, "height": 100}
    return {**row, "fields": [field], **more}
