"""Labels with what no picture has: each is a mistake told with its place, and none of it is written."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from segocr.datasets.importing import Kind, import_labels
from segocr.errors import UsageError
from segocr.evaluation.labels import LABELS, read_labels

HUGE = 10**400
CORNERS = [[1, 1], [20, 1], [20, 9]]


def labelme(**shape: Any) -> Any:
    whole = {"label": "total", "points": CORNERS, "shape_type": "polygon"}
    return {"imagePath": "a.png", "shapes": [whole | shape]}


def coco(attributes: Any = None, **annotation: Any) -> Any:
    whole = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [], "bbox": [10, 10, 19, 9]}
    return {
        "images": [{"id": 1, "file_name": "a.png"}],
        "categories": [{"id": 1, "name": "total"}],
        "annotations": [whole | {"attributes": attributes or {}} | annotation],
    }


def label_studio(name: str = "a.png", **value: Any) -> Any:
    whole = {"x": 10, "y": 10, "width": 20, "height": 20, "rectanglelabels": ["total"]}
    result = {"id": "r", "type": "rectanglelabels", "value": whole | value}
    return [{"id": 1, "data": {"image": name}, "annotations": [{"result": [result]}]}]


def read(folder: Path, kind: Kind, content: Any) -> str:
    """Import labels of one picture and return what the folder's labels are."""
    cv2.imwrite(str(folder / "a.png"), np.full((60, 80, 3), 200, np.uint8))
    source = folder / "labels.json"
    source.write_text(content if isinstance(content, str) else json.dumps(content))
    import_labels(source, folder / "out", kind=kind)
    return (folder / "out" / LABELS).read_text()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Kind.LABELME, labelme(points=[[1, 1], [20, 1], [20, 1e308]])),
        (Kind.LABELME, labelme(points=[[1, 1], [20, 1], [20, HUGE]])),
        (Kind.LABELME, labelme(group_id=[1])),
        (Kind.LABELME, labelme(description="\ud800")),
        (Kind.COCO, coco({"rotation": float("nan")})),
        (Kind.COCO, coco({"rotation": HUGE})),
        (Kind.COCO, coco(bbox=[1, 1, 1e308, 1e308])),
        (Kind.COCO, coco(bbox=[1, 1, HUGE, 5])),
        (Kind.LABEL_STUDIO, label_studio(rotation=float("nan"))),
        (Kind.LABEL_STUDIO, label_studio(rotation=HUGE)),
        (Kind.LABEL_STUDIO, label_studio(rotation="x")),
        (Kind.LABEL_STUDIO, label_studio(rotation=[1])),
        (Kind.LABEL_STUDIO, label_studio(x=HUGE)),
        (Kind.LABEL_STUDIO, label_studio(width=1e308)),
        (Kind.LABEL_STUDIO, label_studio(x=float("nan"))),
        (Kind.LABEL_STUDIO, label_studio("x" * 300 + ".png")),
        (Kind.LABEL_STUDIO, "[" * 100_000),
        (Kind.COCO, '{"images": ' + "[" * 100_000),
    ],
)
def test_what_no_picture_has_is_a_mistake(tmp_path: Path, kind: Kind, content: Any) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, kind, content)
    assert caught.value.code == "labels"
    assert "labels.json" in caught.value.message
    assert not (tmp_path / "out").exists()


def test_whole_pairs_of_escapes_and_long_ids_are_read(tmp_path: Path) -> None:
    content = coco({"text": "\N{GRINNING FACE}"})
    for one in (content["images"][0], content["annotations"][0]):
        one["id" if "file_name" in one else "image_id"] = 2**62
    assert "\N{GRINNING FACE}" in read(tmp_path, Kind.COCO, content)


@pytest.mark.parametrize(
    "row", [{"width": HUGE}, {"fields": [{"class": "a", "value": "\ud800", "polygons": []}]}]
)
def test_so_it_is_in_our_own_labels(tmp_path: Path, row: dict[str, Any]) -> None:
    whole = {"id": "a", "split": "train", "image": "a.png", "width": 80, "height": 60, "fields": []}
    (tmp_path / LABELS).write_text(json.dumps(whole | row))
    with pytest.raises(UsageError, match=f"{LABELS}:1"):
        read_labels(tmp_path, None)


@pytest.mark.parametrize(
    "end",
    [
        "names: *a8",
        "names: {0: *a8}",
        "names: [a]\ntrain: *a8",
        "names: [a]\npath: *a8\ntrain: x",
        "b: &b {<<: *b}",
    ],
)
def test_aliases_do_not_grow_into_a_bomb(tmp_path: Path, end: str) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (tmp_path / "data.yaml").write_text("\n".join([*lines, end]))
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"data\.yaml"):
        import_labels(tmp_path, tmp_path / "out", kind=Kind.YOLO)
    assert time.monotonic() - started < 5
