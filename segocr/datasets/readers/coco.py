"""COCO: one JSON file with ``images``, ``annotations`` and ``categories``; polygons, masks, boxes.

Roboflow writes one such file into each of the folders ``train``, ``valid`` and ``test``: the splits.

A value is taken from an annotation's ``attributes`` (``text``, ``value`` or ``transcription``), where CVAT
puts it. A rectangle that CVAT turned is written as its upright box and ``attributes.rotation``, degrees
clockwise about its middle. Masks are run lengths, plain or packed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from segocr.datasets.readers.masks import mask_outlines
from segocr.datasets.readers.order import in_reading_order
from segocr.datasets.readers.reading import (
    SPLITS,
    Pictures,
    Read,
    class_name,
    degrees,
    need,
    picture_size,
    points,
    read_json,
    rectangle_points,
    require_inside,
    require_size,
    rotated,
    wrong,
)  # fmt: skip
from segocr.errors import UsageError
from segocr.evaluation.labels import Label, LabelledDocument, Polygon

_ROBOFLOW = "_annotations.coco.json"
_VALUES = ("text", "value", "transcription")


def is_coco(source: Path) -> bool:
    """Whether a file, the only JSON file of a folder, or that of each of its splits is a COCO file."""
    try:
        contents = [read_json(file) for file, _ in _files(source)]
    except UsageError:
        return False
    return all(
        isinstance(content, dict) and "annotations" in content and "images" in content for content in contents
    )


def _files(source: Path) -> list[tuple[Path, str | None]]:
    """Return the COCO files of a folder with their splits; None where nothing is said."""
    if source.is_file():
        return [(source, None)]
    found = sorted({*source.glob("*.json"), *source.glob("annotations/*.json")})
    if not found:
        of_splits = [(source / name / _ROBOFLOW, split) for name, split in SPLITS.items()]
        if there := [(file, split) for file, split in of_splits if file.is_file()]:
            return list(there)
    if len(found) != 1:
        raise UsageError(
            f"{source} holds {len(found)} .json files; one is wanted",
            code="labels",
            hint="name the file itself; several may be named",
        )
    return [(found[0], None)]


def read_coco(source: Path, pictures: list[Path]) -> Read:
    """Read a COCO file.

    Args:
        source: The file, or a folder with one, or with one in each split.
        pictures: Folders of pictures, before those around the file.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with the file and the number of image or annotation.
    """
    return Read([one for path, split in _files(source) for one in _documents(path, split, pictures)])


def _documents(path: Path, split: str | None, pictures: list[Path]) -> list[LabelledDocument]:
    content = read_json(path)
    names = _categories(content, path)
    around = [path.parent, *([path.parent.parent] if path.parent.name == "annotations" else [])]
    found = _images(content, path, Pictures([*pictures, *around]))
    for annotation in need(content, "annotations", list, str(path)):
        place = f"{path}: annotation {annotation.get('id')!r}" if isinstance(annotation, dict) else str(path)
        number, category = (
            need(annotation, "image_id", int, place),
            need(annotation, "category_id", int, place),
        )
        if number not in found:
            wrong(place, f"there is no image {number}")
        if category not in names:
            wrong(place, f"there is no category {category}")
        _, _, size, labels = found[number]
        labels.append(Label(names[category], _value(annotation), tuple(_polygons(annotation, size, place))))
    return [
        LabelledDocument(
            Path(image["file_name"]).with_suffix("").as_posix(),
            picture,
            size,
            tuple(labels),
            f"{path}: image {key}",
            split,
        )
        for key, (image, picture, size, labels) in found.items()
    ]


def _images(
    content: Any, path: Path, finder: Pictures
) -> dict[int, tuple[dict[str, Any], Path, tuple[int, int], list[Label]]]:
    """Return by number what a file says of an image, its picture and size, and an empty list of labels."""
    found: dict[int, tuple[dict[str, Any], Path, tuple[int, int], list[Label]]] = {}
    for image in need(content, "images", list, str(path)):
        place = f"{path}: image {image.get('id')!r}" if isinstance(image, dict) else str(path)
        picture = finder.find(need(image, "file_name", str, place), place)
        size = picture_size(picture, place)
        require_size(image, ("width", "height"), size, picture, place)
        number = need(image, "id", int, place)
        if number in found:
            wrong(place, "two images have this id: whose annotations are which is not said")
        found[number] = (image, picture, size, [])
    return found


def _categories(content: Any, path: Path) -> dict[int, str]:
    """Return the names of the classes by number."""
    names: dict[int, str] = {}
    for one in need(content, "categories", list, str(path)):
        place = f"{path}: categories"
        number, name = need(one, "id", int, place), class_name(need(one, "name", str, place), place)
        if number in names:
            wrong(place, f"{names[number]!r} and {name!r} have the same id, {number}")
        names[number] = name
    return names


def _value(annotation: dict[str, Any]) -> str:
    attributes = annotation.get("attributes")
    for key in _VALUES:
        value = attributes.get(key) if isinstance(attributes, dict) else None
        if value not in (None, ""):
            return " ".join(str(value).split())
    return ""


def _polygons(annotation: dict[str, Any], size: tuple[int, int], place: str) -> list[Polygon]:
    given = annotation.get("segmentation")
    if isinstance(given, dict):
        return in_reading_order(mask_outlines(given, size, place))
    outlines = [points(part, place) for part in given] if isinstance(given, list) else []
    turn = _rotation(annotation, place)
    if not outlines or (turn and len(outlines) == 1 and _is_upright_box(outlines[0])):
        box = need(annotation, "bbox", list, place)
        if len(box) != 4:
            wrong(place, f"'bbox' is left, top, width and height, not {len(box)} numbers")
        left, top, width, height = points([*box, 0, 0], place).ravel()[:4]
        upright = rectangle_points(left, top, width, height, place)
        if not turn:
            return [upright]
        middle = left + width / 2, top + height / 2
        return [require_inside(rotated(upright, turn, middle), size, place)]
    # Nothing says in which order parts are written; what was a mask once begins with its lowest part.
    return in_reading_order(outlines)


def _rotation(annotation: dict[str, Any], place: str) -> float:
    attributes = annotation.get("attributes")
    return degrees(attributes.get("rotation") if isinstance(attributes, dict) else None, place) % 360


def _is_upright_box(polygon: Polygon) -> bool:
    sides = np.abs(np.roll(polygon, -1, axis=0) - polygon)
    return len(polygon) == 4 and bool((sides.min(axis=1) < 1e-3).all())
