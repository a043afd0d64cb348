"""Label Studio's JSON export: a list of tasks with rectangles and polygons in percent of the picture.

A rectangle's ``rotation`` turns it clockwise about its top-left corner. A text area on the same region is its
value.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from segocr.datasets.readers.reading import (
    Pictures,
    class_name,
    need,
    picture_size,
    points,
    read_json,
    rectangle_points,
    require_inside,
    rotated,
    wrong,
)  # fmt: skip
from segocr.errors import UsageError
from segocr.evaluation.labels import Label, LabelledDocument, Polygon

_LABELS = {"rectanglelabels": "rectanglelabels", "polygonlabels": "polygonlabels"}


def is_label_studio(source: Path) -> bool:
    """Whether a file is such an export."""
    if not source.is_file() or source.suffix.lower() != ".json":
        return False
    try:
        content = read_json(source)
    except UsageError:
        return False
    return (
        isinstance(content, list)
        and bool(content)
        and isinstance(content[0], dict)
        and "annotations" in content[0]
    )


def read_label_studio(source: Path, pictures: list[Path]) -> list[LabelledDocument]:
    """Read an export.

    Args:
        source: The file.
        pictures: Folders of pictures, before the file's own.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with the file and the task.
    """
    finder = Pictures([*pictures, source.parent])
    tasks = read_json(source)
    if not isinstance(tasks, list):
        wrong(str(source), "an export is a list of tasks")
    return [_document(task, number, source, finder) for number, task in enumerate(tasks, start=1)]


def _document(task: Any, number: int, source: Path, finder: Pictures) -> LabelledDocument:
    place = (
        f"{source}: task {task.get('id', number)}" if isinstance(task, dict) else f"{source}: task {number}"
    )
    data = need(task, "data", dict, place)
    given = next((value for value in data.values() if _is_picture(value)), None)
    if given is None:
        wrong(place, "'data' names no picture")
    picture = finder.find(str(given), place, _spellings(str(given)))
    size = picture_size(picture, place)
    done = [one for one in need(task, "annotations", list, place) if not one.get("was_cancelled")]
    results = need(done[-1], "result", list, place) if done else []
    return LabelledDocument(finder.short(picture), picture, size, tuple(_labels(results, size, place)), place)


def _spellings(given: str) -> list[str]:
    """Return what a picture may be called: paths are percent-encoded, uploads have eight digits in front."""
    path = given.split("?d=")[-1]
    known = [path, unquote(path)]
    return known + [re.sub(r"(^|/)[0-9a-f]{8}-(?=[^/]+$)", r"\1", one) for one in known]


def _is_picture(value: object) -> bool:
    from segocr.datasets.readers.reading import PICTURES

    return isinstance(value, str) and value.lower().endswith(PICTURES)


def _labels(results: list[Any], size: tuple[int, int], place: str) -> list[Label]:
    texts = {
        one["id"]: " ".join(" ".join(one["value"].get("text", [])).split())
        for one in results
        if isinstance(one, dict) and one.get("type") == "textarea" and "id" in one
    }
    labels = []
    for one in results:
        kind = one.get("type") if isinstance(one, dict) else None
        if kind in ("textarea", "rectangle", "polygon", "choices"):
            continue  # values; and the bare shapes that belong to the labelled ones of the same id
        if kind not in _LABELS:
            wrong(place, f"a result {kind!r} outlines no region", "export rectangles or polygons with labels")
        value = need(one, "value", dict, place)
        (name, *_) = need(value, _LABELS[kind], list, place) or wrong(place, "a region has no label")
        labels.append(
            Label(
                class_name(name, place), texts.get(one.get("id"), ""), (_polygon(value, kind, size, place),)
            )
        )
    return labels


def _polygon(value: dict[str, Any], kind: str, size: tuple[int, int], place: str) -> Polygon:
    if kind == "polygonlabels":
        return points(need(value, "points", list, place), place) * size / 100
    x, y, width, height = (
        float(need(value, key, (int, float), place)) for key in ("x", "y", "width", "height")
    )
    wide, high = size[0] / 100, size[1] / 100
    # Percent of width and of height are of different length: turned in pixels, not in percent.
    upright = rectangle_points(x * wide, y * high, width * wide, height * high)
    turn = float(value.get("rotation") or 0)
    return require_inside(rotated(upright, turn, upright[0]), size, place) if turn else upright
