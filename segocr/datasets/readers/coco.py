"""COCO: one JSON file with ``images``, ``annotations`` and ``categories``; polygons, masks, boxes.

A value is taken from an annotation's ``attributes`` (``text``, ``value`` or ``transcription``), where CVAT
puts it. A rectangle that CVAT turned is written as its upright box and ``attributes.rotation``, degrees
clockwise about its middle. Masks are run lengths, plain or packed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

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
    rotated,
    wrong,
)  # fmt: skip
from segocr.errors import UsageError
from segocr.evaluation.labels import Label, LabelledDocument, Polygon

_VALUES = ("text", "value", "transcription")


def is_coco(source: Path) -> bool:
    """Whether a file, or the only JSON file of a folder, is a COCO file."""
    try:
        content = read_json(_file(source))
    except UsageError:
        return False
    return isinstance(content, dict) and "annotations" in content and "images" in content


def _file(source: Path) -> Path:
    if source.is_file():
        return source
    found = sorted({*source.glob("*.json"), *source.glob("annotations/*.json")})
    if len(found) != 1:
        raise UsageError(
            f"{source} holds {len(found)} .json files; one is wanted",
            code="labels",
            hint="name the file itself",
        )
    return found[0]


def read_coco(source: Path, pictures: list[Path]) -> list[LabelledDocument]:
    """Read a COCO file.

    Args:
        source: The file, or a folder with one.
        pictures: Folders of pictures, before those around the file.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with the file and the number of image or annotation.
    """
    path = _file(source)
    content = read_json(path)
    names = _categories(content, path)
    around = [path.parent, *([path.parent.parent] if path.parent.name == "annotations" else [])]
    finder = Pictures([*pictures, *around])
    found: dict[int, tuple[dict[str, Any], Path, tuple[int, int], list[Label]]] = {}
    for image in need(content, "images", list, str(path)):
        place = f"{path}: image {image.get('id')!r}" if isinstance(image, dict) else str(path)
        picture = finder.find(need(image, "file_name", str, place), place)
        size = picture_size(picture, place)
        if "width" in image and "height" in image:
            require_size((int(image["width"]), int(image["height"])), size, picture, place)
        number = need(image, "id", int, place)
        if number in found:
            wrong(place, "two images have this id: whose annotations are which is not said")
        found[number] = (image, picture, size, [])
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
        )
        for key, (image, picture, size, labels) in found.items()
    ]


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
        return _outlines(_mask(given, size, place), place)
    outlines = [points(part, place) for part in given] if isinstance(given, list) else []
    turn = _rotation(annotation, place)
    if not outlines or (turn and len(outlines) == 1 and _is_upright_box(outlines[0])):
        box = points([*need(annotation, "bbox", list, place), 0, 0], place).ravel()[:4]
        upright = rectangle_points(*box)
        if not turn:
            return [upright]
        middle = box[0] + box[2] / 2, box[1] + box[3] / 2
        return [require_inside(rotated(upright, turn, middle), size, place)]
    return outlines


def _rotation(annotation: dict[str, Any], place: str) -> float:
    attributes = annotation.get("attributes")
    turn = attributes.get("rotation", 0) if isinstance(attributes, dict) else 0
    if not isinstance(turn, int | float) or abs(turn) > 360:
        wrong(place, f"'rotation' is {turn!r:.40}, and should be degrees")
    return float(turn) % 360


def _is_upright_box(polygon: Polygon) -> bool:
    sides = np.abs(np.roll(polygon, -1, axis=0) - polygon)
    return len(polygon) == 4 and bool((sides.min(axis=1) < 1e-3).all())


def _mask(given: dict[str, Any], size: tuple[int, int], place: str) -> NDArray[np.uint8]:
    """Return the mask ``(H, W)`` that run lengths describe: column by column, outside first."""
    counts, shape = given.get("counts"), need(given, "size", list, place)
    if isinstance(counts, str):
        counts = _unpacked(counts, place)
    if not isinstance(counts, list) or not all(isinstance(run, int) and run >= 0 for run in counts):
        wrong(place, "'counts' of a mask are run lengths")
    if list(shape) != [size[1], size[0]] or sum(counts) != size[0] * size[1]:
        wrong(place, f"the mask is not of the picture's {size[0]} × {size[1]} pixels")
    values = np.repeat(np.arange(len(counts)) % 2, counts)
    return (values.reshape(size[0], size[1]).T * 255).astype(np.uint8)


def _unpacked(text: str, place: str) -> list[int]:
    """Return the run lengths of COCO's packed form.

    Each is written in groups of five bits, a sixth says that more follow; from the fourth run on it is the
    difference from the run but one before (``rleFrString`` in COCO's ``maskApi.c``).
    """
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            wrong(place, "'counts' of a mask is no packed list of run lengths")
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            if bits & 0x10:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value, shift = 0, 0
    return counts


def _outlines(mask: NDArray[np.uint8], place: str) -> list[Polygon]:
    found, _ = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outlines = [_to_edges(contour.reshape(-1, 2)) for contour in found if len(contour) > 2]
    if not outlines:
        wrong(place, "the mask is empty")
    return outlines


def _to_edges(contour: NDArray[Any]) -> Polygon:
    """Return the outline of pixels: OpenCV's contour runs through the middles of the outermost ones."""
    line = np.asarray(contour, np.float64)
    middle = line.mean(axis=0)
    return np.where(line >= middle, line + 1, line)
