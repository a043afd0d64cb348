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
    Read,
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
    return any(_is_labelme_file(path) for path in _files(source))


def _files(source: Path) -> list[Path]:
    return sorted(source.rglob("*.json")) if source.is_dir() else [source]


def _is_labelme_file(path: Path) -> bool:
    try:
        content = read_json(path) if path.suffix.lower() == ".json" else None
    except UsageError:
        return False
    return isinstance(content, dict) and "shapes" in content


def read_labelme(source: Path, pictures: list[Path]) -> Read:
    """Read the LabelMe files of a folder, at any depth; other JSON that lies there is passed over.

    Args:
        source: The folder, or one file.
        pictures: Further folders of pictures.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with the file.
    """
    root = source.parent if source.is_file() else source
    documents, others = [], []
    for path in _files(source):
        content = read_json(path)
        if path == source or _is_ours(content):
            documents.append(_document(path, content, root, Pictures([path.parent, *pictures, root])))
        else:
            others.append(path)
    if not documents:
        raise UsageError(f"{source} holds no .json file of LabelMe", code="labels")
    said = f"{others[0]} is no labels and is passed over" if others else ""
    more = f", and so are {len(others) - 1} more" if len(others) > 1 else ""
    return Read(documents, (said + more,) if said else ())


def _is_ours(content: Any) -> bool:
    """Whether JSON means to be labels: with one of the two keys missing it is a mistake to be told."""
    return isinstance(content, dict) and ("shapes" in content or "imagePath" in content)


def _document(path: Path, content: Any, root: Path, pictures: Pictures) -> LabelledDocument:
    shapes = need(content, "shapes", list, str(path))
    picture = pictures.find(need(content, "imagePath", str, str(path)), str(path))
    size = picture_size(picture, str(path))
    require_size(content, ("imageWidth", "imageHeight"), size, picture, str(path))
    fields: dict[tuple[str, object], list[tuple[str, Polygon]]] = {}
    for number, shape in enumerate(shapes, start=1):
        place = f"{path}: shape {number}"
        name = class_name(need(shape, "label", str, place), place)
        group = shape.get("group_id")
        if not isinstance(group, int | str | None):
            wrong(place, f"'group_id' is {group!r:.40}, and should be a number")
        key = (name, ("shape", number) if group is None else ("group", group))
        text = " ".join(str(shape.get("description") or "").split())
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
        return rectangle_points(min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y), place)
    if kind == "rectangle" or kind in _CORNERS:
        corners = points(given, place)
        if len(corners) != 4:
            wrong(place, f"a shape {kind!r} has four corners, not {len(corners)}")
        return require_inside(corners, size, place)
    wrong(place, f"a shape {kind!r} outlines no region", "draw polygons or rectangles, or remove it")
