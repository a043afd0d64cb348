"""LabelMe: one JSON file beside each picture (labelme 3 to 5, X-AnyLabeling, Roboflow's and CVAT's exports).

A shape's ``description`` is its value, shapes of one label with the same ``group_id`` are the lines of one
field: each has its own line's text, or every one the whole value. Rotated rectangles are written as their
four corners (``rotation``, ``oriented_rectangle``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segocr.datasets.readers.reading import (
    Pictures,
    class_name,
    need,
    picture_size,
    points,
    read_json,
    rectangle_points,
    require_inside,
    require_size,
    wrong,
)  # fmt: skip
from segocr.errors import UsageError
from segocr.evaluation.labels import Label, LabelledDocument, Polygon

_CORNERS = ("rotation", "oriented_rectangle")


def is_labelme(source: Path) -> bool:
    """Whether a folder holds a LabelMe file, or a file is one."""
    files = [source] if source.is_file() else sorted(source.rglob("*.json"))[:1]
    if not files or files[0].suffix.lower() != ".json":
        return False
    try:
        content = read_json(files[0])
    except UsageError:
        return False
    return isinstance(content, dict) and "shapes" in content


def read_labelme(source: Path, pictures: list[Path]) -> list[LabelledDocument]:
    """Read the LabelMe files of a folder, at any depth.

    Args:
        source: The folder, or one file.
        pictures: Further folders of pictures.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with the file.
    """
    files = [source] if source.is_file() else sorted(source.rglob("*.json"))
    if not files:
        raise UsageError(f"{source} holds no .json file", code="labels")
    root = source.parent if source.is_file() else source
    return [_document(path, root, Pictures([path.parent, *pictures, root])) for path in files]


def _document(path: Path, root: Path, pictures: Pictures) -> LabelledDocument:
    content = read_json(path)
    shapes = need(content, "shapes", list, str(path))
    picture = pictures.find(need(content, "imagePath", str, str(path)), str(path))
    size = picture_size(picture, str(path))
    stated = content.get("imageWidth"), content.get("imageHeight")
    if None not in stated:
        require_size((int(stated[0]), int(stated[1])), size, picture, str(path))
    fields: dict[tuple[str, object], list[tuple[str, Polygon]]] = {}
    for number, shape in enumerate(shapes, start=1):
        place = f"{path}: shape {number}"
        name = class_name(need(shape, "label", str, place), place)
        group = shape.get("group_id")
        key = (name, ("shape", number) if group is None else ("group", group))
        text = " ".join((shape.get("description") or "").split())
        fields.setdefault(key, []).append((text, _polygon(shape, size, place)))
    labels = tuple(_label(name, lines) for (name, _), lines in fields.items())
    identity = path.relative_to(root).with_suffix("").as_posix()
    return LabelledDocument(identity, picture, size, labels, str(path))


def _label(name: str, lines: Sequence[tuple[str, Polygon]]) -> Label:
    """Return the label of a field's lines: (text, outline) each."""
    texts = [text for text, _ in lines if text]
    # Labelling programs copy a shape with its description: then each line carries the whole value.
    value = texts[0] if len(set(texts)) == 1 else " ".join(texts)
    return Label(name, value, tuple(polygon for _, polygon in lines))


def _polygon(shape: dict[str, Any], size: tuple[int, int], place: str) -> Polygon:
    kind, given = shape.get("shape_type") or "polygon", need(shape, "points", list, place)
    if kind == "polygon":
        return points(given, place)
    if kind == "rectangle" and len(given) == 2:
        (x, y), (to_x, to_y) = points([*given, given[0]], place)[:2]
        return rectangle_points(min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y))
    if kind == "rectangle" or kind in _CORNERS:
        corners = points(given, place)
        if len(corners) != 4:
            wrong(place, f"a shape {kind!r} has four corners, not {len(corners)}")
        return require_inside(corners, size, place)
    wrong(place, f"a shape {kind!r} outlines no region", "draw polygons or rectangles, or remove it")
