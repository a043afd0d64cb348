"""Labels: what a person says stands on a document, read from ``fields.jsonl``.

One JSON object a line: ``id``, ``split``, ``image``, ``width``, ``height`` and
``fields: [{class, value, polygons, alt_polygons?, line_polygon?, match?}]`` in pixels of the stored picture;
perhaps ``group``: documents of one group belong on one side of a split.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.errors import UsageError
from segocr.strictjson import parse_json

LABELS = "fields.jsonl"
REVIEW = "review"
"""The split of pages that a person must correct first: no training takes it, and it is not divided."""
Polygon = NDArray[np.float64]
"""``float64 (n, 2)``, n >= 3, pixels of the upright picture, origin top-left, y down."""

FARTHEST = 1e6
"""Pixels: nothing is labelled so far off. Areas and pictures of what is farther could not be computed."""


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled field.

    Attributes:
        class_name: The segmentation class.
        value: What a person would write down.
        polygons: One a line of text, in reading order.
        alternatives: The same value printed elsewhere: right as well.
        scored: False where the polygons cover only a part of the value (``match: subset``), or something lies
            on the print (``match: covered``): such a field says nothing about readings.
        taught: False where the polygons cover only a part of the value: a model would learn half a field. A
            head takes the whole line, and learns it.
    """

    class_name: str
    value: str
    polygons: tuple[Polygon, ...]
    alternatives: tuple[Polygon, ...] = ()
    scored: bool = True
    taught: bool = True

    @property
    def says_value(self) -> bool:
        """Whether a reading can be right or wrong by it: labels for training alone have no value."""
        return self.scored and bool(self.value.strip())


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """One labelled picture: its id, path, size (width, height) in pixels and fields.

    ``place`` is where its labels stand, as file:line. ``split`` is its side (``train``, ``val`` …), ``group``
    what it shares with documents that must stay on the same side; None where nothing is said.
    """

    id: str
    path: Path
    size: tuple[int, int]
    labels: tuple[Label, ...]
    place: str = ""
    split: str | None = None
    group: str | None = None

    @property
    def kin(self) -> str:
        """What it shares with documents that must stay on one side: pictures drawn of a page name its id."""
        return self.id if self.group is None else self.group


def read_labels(folder: Path, split: str | None) -> list[LabelledDocument]:
    """Read the labelled documents of a folder, in the file's order.

    Args:
        folder: Holds ``fields.jsonl`` and the pictures that it names.
        split: ``train``, ``val`` …; None for all. Pictures of others need not be there.

    Raises:
        UsageError: ``labels``: no such file or split, a line that cannot be understood (as file:line), also
            of another split, or a picture that is not there.
    """
    every = [_described(parse_row(line, place), folder, place) for place, line in label_lines(folder)]
    documents = [document for document in every if split in (None, document.split)]
    if not documents:
        raise UsageError(f"{folder / LABELS} {_lacking(split, every)}", code="labels", hint=_FORMAT)
    for document in documents:
        _require_picture(document)
    return documents


def without_value_said(documents: Iterable[LabelledDocument]) -> str:
    """Say how many labels have no value and are not scored; nothing where there are none."""
    labels = [label for document in documents for label in document.labels]
    count = sum(label.scored and not label.says_value for label in labels)
    return f"{count} of {len(labels)} labels have no value: not scored" if count else ""


def _lacking(split: str | None, documents: list[LabelledDocument]) -> str:
    if not documents:
        return "holds no document"
    known = sorted({document.split for document in documents if document.split is not None})
    unsaid = sum(document.split is None for document in documents)
    said = [f"its splits: {', '.join(known)}"] if known else []
    said += [f"documents without a split: {unsaid}"] if unsaid else []
    return f"has no document of split {split!r}; {'; '.join(said)}"


def label_lines(folder: Path) -> list[tuple[str, str]]:
    """Return the lines of a folder's labels as (file:line, text), empty ones left out.

    Raises:
        UsageError: ``labels``, the file cannot be read.
    """
    path = folder / LABELS
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path} cannot be read: {why}", code="labels", hint=_FORMAT) from error
    return [(f"{path}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip()]


_FORMAT = "see docs/evaluation.md for the labelled format"


def _wrong(place: str, what: str) -> UsageError:
    return UsageError(f"{place}: {what}", code="labels", hint=_FORMAT)


def parse_row(line: str, place: str) -> dict[str, Any]:
    """Return the object that one line of labels is.

    Raises:
        UsageError: ``labels``, it is none.
    """
    try:
        row = parse_json(line)
    except ValueError as error:
        raise _wrong(place, f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise _wrong(place, "a line is one JSON object")
    return row


def document_of(row: dict[str, Any], folder: Path, place: str) -> LabelledDocument:
    """Return the document that a row of labels describes.

    Raises:
        UsageError: ``labels``, with the place: something is missing or malformed, or the picture is absent.
    """
    document = _described(row, folder, place)
    _require_picture(document)
    return document


def _require_picture(document: LabelledDocument) -> None:
    if not document.path.is_file():
        raise _wrong(document.place, f"the picture {document.path} is not there")


def _described(row: dict[str, Any], folder: Path, place: str) -> LabelledDocument:
    try:
        image, size = folder / row["image"], (int(row["width"]), int(row["height"]))
        labels = tuple(_labels(row["fields"], place))
        name = str(row.get("id", row["image"]))
    except KeyError as error:
        raise _wrong(place, f"{error.args[0]!r} is missing") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong(place, str(error)) from error
    if min(size) < 1 or max(size) > FARTHEST:
        raise _wrong(place, f"a picture of {size[0]} × {size[1]} pixels")
    split, group = (None if row.get(key) is None else str(row[key]) for key in ("split", "group"))
    return LabelledDocument(name, image, size, labels, place, split, group)


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
            scored=field.get("match") not in ("subset", "covered"),
            taught=field.get("match") != "subset",
        )


def _polygons(given: Any, name: str, place: str) -> tuple[Polygon, ...]:
    polygons = tuple(np.asarray(points, dtype=np.float64) for points in given)
    for points in polygons:
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
            raise _wrong(place, f"a polygon of {name!r} is not a list of three or more [x, y]")
        if np.abs(points).max() > FARTHEST:
            x, y = points[np.abs(points).max(axis=1).argmax()]
            raise _wrong(place, f"a polygon of {name!r} has a corner far off any picture ({x:g}, {y:g})")
    return polygons
