"""Labels: what a person says stands on a document, read from ``fields.jsonl``.

One JSON object a line: ``id``, ``split``, ``image``, ``width``, ``height`` and
``fields: [{class, value, polygons, alt_polygons?, line_polygon?, match?}]`` in pixels of the stored picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.errors import UsageError

Polygon = NDArray[np.float64]
"""``float64 (n, 2)``, n >= 3, pixels of the upright picture, origin top-left, y down."""


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled field.

    Attributes:
        class_name: The segmentation class.
        value: What a person would write down.
        polygons: One a line of text, in reading order.
        alternatives: The same value printed elsewhere: right as well.
        scored: False where the polygons cover only a part of the value (``match: subset``): such a field says
            nothing about readings.
    """

    class_name: str
    value: str
    polygons: tuple[Polygon, ...]
    alternatives: tuple[Polygon, ...] = ()
    scored: bool = True


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """One labelled picture: its id, path, size (width, height) in pixels and fields.

    ``place`` is where its labels stand, as file:line.
    """

    id: str
    path: Path
    size: tuple[int, int]
    labels: tuple[Label, ...]
    place: str = ""


def read_labels(folder: Path, split: str | None) -> list[LabelledDocument]:
    """Read the labelled documents of a folder, in the file's order.

    Args:
        folder: Holds ``fields.jsonl`` and the pictures that it names.
        split: ``train``, ``val`` …; None for all.

    Raises:
        UsageError: ``labels``: no such file or split, a line that cannot be understood (as file:line), or a
            picture that is not there.
    """
    path = folder / "fields.jsonl"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", code="labels", hint=_FORMAT) from error
    documents, splits = [], set()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            row = _parsed(line, f"{path}:{number}")
            splits.add(row.get("split"))
            if split is None or row.get("split") == split:
                documents.append(_document(row, folder, f"{path}:{number}"))
    if not documents:
        known = ", ".join(sorted(str(name) for name in splits)) or "none"
        raise UsageError(f"{path} has no document of split {split!r}; its splits: {known}", code="labels")
    return documents


_FORMAT = "see docs/evaluation.md for the labelled format"


def _wrong(place: str, what: str) -> UsageError:
    return UsageError(f"{place}: {what}", code="labels", hint=_FORMAT)


def _parsed(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise _wrong(place, f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise _wrong(place, "a line is one JSON object")
    return row


def _document(row: dict[str, Any], folder: Path, place: str) -> LabelledDocument:
    try:
        image, size = folder / row["image"], (int(row["width"]), int(row["height"]))
        labels = tuple(_labels(row["fields"], place))
        name = str(row.get("id", row["image"]))
    except KeyError as error:
        raise _wrong(place, f"{error.args[0]!r} is missing") from error
    except (TypeError, ValueError) as error:
        raise _wrong(place, str(error)) from error
    if min(size) < 1:
        raise _wrong(place, f"a picture of {size[0]} × {size[1]} pixels")
    if not image.is_file():
        raise _wrong(place, f"the picture {image} is not there")
    return LabelledDocument(name, image, size, labels, place)


def _labels(fields: list[dict[str, Any]], place: str) -> Iterator[Label]:
    for field in fields:
        name, value = field["class"], field["value"]
        if not isinstance(name, str) or not isinstance(value, str):
            raise _wrong(place, f"class and value are texts, not {name!r} and {value!r}")
        yield Label(
            class_name=name,
            value=value,
            polygons=_polygons(field["polygons"], name, place),
            alternatives=_polygons(field.get("alt_polygons") or [], name, place),
            scored=field.get("match") != "subset",
        )


def _polygons(given: Any, name: str, place: str) -> tuple[Polygon, ...]:
    polygons = tuple(np.asarray(points, dtype=np.float64) for points in given)
    for points in polygons:
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
            raise _wrong(place, f"a polygon of {name!r} is not a list of three or more [x, y]")
    return polygons
