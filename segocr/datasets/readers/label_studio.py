"""Label Studio's JSON export: a list of tasks with rectangles and polygons in percent of the picture.

A region is made of the results of one ``id``: its outline, its label (in the same result, or in one of its
own) and a text area, its value. A rectangle's ``rotation`` turns it clockwise about its top-left corner. Of
several annotations the one marked as ground truth counts, else the last one. A task may have several
pictures: each is a document, with the results whose ``to_name`` is its name in the task's data.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from segocr.datasets.readers.reading import (
    PICTURES,
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

_OUTLINES = ("rectangle", "rectanglelabels", "polygon", "polygonlabels")


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


def read_label_studio(source: Path, pictures: list[Path]) -> Read:
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
    passed_over: Counter[str] = Counter()
    read = [_task(task, number, source) for number, task in enumerate(tasks, start=1)]
    shown = {one.get("to_name") for task in read for one in task.results}
    documents = [
        _document(task, name, finder, passed_over) for task in read for name in _pictures_of(task, shown)
    ]
    said = ", ".join(f"{kind} {count}" for kind, count in passed_over.items())
    return Read(documents, (f"results that label no region are passed over: {said}",) if said else ())


@dataclass(frozen=True, slots=True)
class _Task:
    """One task: where it stands, its pictures by their names in its data, and the results that count."""

    place: str
    pictures: dict[str, str]
    results: list[dict[str, Any]]


def _task(task: Any, number: int, source: Path) -> _Task:
    place = (
        f"{source}: task {task.get('id', number)}" if isinstance(task, dict) else f"{source}: task {number}"
    )
    data = need(task, "data", dict, place)
    pictures = {str(name): value for name, value in data.items() if _is_picture(value)}
    if not pictures:
        wrong(place, "'data' names no picture")
    annotations = need(task, "annotations", list, place)
    done = [one for one in annotations if not (isinstance(one, dict) and one.get("was_cancelled"))]
    truth = [one for one in done if isinstance(one, dict) and one.get("ground_truth")]
    results = need((truth or done)[-1], "result", list, place) if done else []
    for one in results:
        need(one, "type", str, place)
    return _Task(place, pictures, results)


def _pictures_of(task: _Task, shown: set[object]) -> list[str]:
    """Return the names of a task's pictures that somebody labels: of a thumbnail beside them nobody does."""
    first = next(iter(task.pictures))
    if len(task.pictures) == 1:
        return [first]
    astray = {one.get("to_name") for one in task.results} - task.pictures.keys() - {None}
    if astray:
        wrong(
            task.place,
            f"results are for {', '.join(sorted(map(repr, astray)))}, and the pictures are "
            f"{', '.join(map(repr, task.pictures))}",
            "name the Image tags of the labelling interface as the data name their pictures",
        )
    return [name for name in task.pictures if name in shown] or [first]


def _document(task: _Task, name: str, finder: Pictures, passed_over: Counter[str]) -> LabelledDocument:
    given, place = task.pictures[name], task.place
    picture = finder.find(given, place, _spellings(given))
    size = picture_size(picture, place)
    alone = len(task.pictures) == 1
    labels: list[Label] = []
    for region in _regions([one for one in task.results if alone or one.get("to_name", name) == name]):
        for one in region:
            _require_as_labelled(one, size, picture, place)
        labels += _labels(region, size, place, passed_over)
    group = None if alone else place.rpartition(": ")[2]
    return LabelledDocument(finder.short(picture), picture, size, tuple(labels), place, group=group)


def _spellings(given: str) -> list[str]:
    """Return what a picture may be called: paths are percent-encoded, uploads have eight digits in front."""
    path = _path(given).split("?d=")[-1]
    known = [path, unquote(path)]
    return known + [re.sub(r"(^|/)[0-9a-f]{8}-(?=[^/]+$)", r"\1", one) for one in known]


def _is_picture(value: object) -> bool:
    return isinstance(value, str) and _path(value).lower().endswith(PICTURES)


def _path(given: str) -> str:
    """Return an address without its query: that of a bucket is signed in it."""
    is_address = re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", given) and "?d=" not in given
    return given.split("?")[0] if is_address else given


def _regions(results: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return results by region; what has no id (a relation) stands alone."""
    regions: dict[object, list[dict[str, Any]]] = {}
    for number, one in enumerate(results):
        name = one.get("id")
        regions.setdefault(("result", number) if name is None else str(name), []).append(one)
    return list(regions.values())


def _require_as_labelled(one: dict[str, Any], size: tuple[int, int], picture: Path, place: str) -> None:
    """Check that a result is for the picture as it is: of its size, and not turned in the browser."""
    require_size(one, ("original_width", "original_height"), size, picture, place)
    if one.get("image_rotation") not in (None, 0):
        wrong(
            place,
            f"the picture was turned by {one['image_rotation']!r:.10}° when it was labelled",
            "turn it back in Label Studio, or turn the picture itself and label it again",
        )


def _labels(
    region: list[dict[str, Any]], size: tuple[int, int], place: str, passed_over: Counter[str]
) -> list[Label]:
    """Return the labels of a region, one for each of its classes; count what is none."""
    outlines = [one for one in region if one["type"] in _OUTLINES]
    naming = [one for one in region if one["type"].endswith("labels")]
    names = [
        name for one in naming for name in need(need(one, "value", dict, place), one["type"], list, place)
    ]
    if names and not outlines:
        kind = naming[0]["type"]
        wrong(place, f"a result {kind!r} outlines no region", "export rectangles or polygons with labels")
    used = ("textarea", *_OUTLINES) if outlines else ()
    passed_over.update(one["type"] for one in region if one not in naming and one["type"] not in used)
    if not names:
        passed_over.update(["region without a label"] if outlines else [])
        return []
    value = _text(region, place)
    polygon = _polygon(need(outlines[0], "value", dict, place), size, place)
    return [Label(class_name(name, place), value, (polygon,)) for name in names]


def _text(region: list[dict[str, Any]], place: str) -> str:
    """Return what a region's text area says: one text, or several lines of one."""
    said = []
    for one in region:
        if one["type"] == "textarea":
            given = need(need(one, "value", dict, place), "text", (str, list), place)
            lines = [given] if isinstance(given, str) else given
            said.append(" ".join(" ".join(str(line) for line in lines).split()))
    texts = list(dict.fromkeys(text for text in said if text))
    if len(texts) > 1:
        wrong(place, f"a region has two texts, {texts[0]!r:.40} and {texts[1]!r:.40}", "export one text area")
    return texts[0] if texts else ""


def _polygon(value: dict[str, Any], size: tuple[int, int], place: str) -> Polygon:
    if "points" in value:
        return points(points(need(value, "points", list, place), place) * size / 100, place)
    x, y, width, height = (
        float(need(value, key, (int, float), place)) for key in ("x", "y", "width", "height")
    )
    wide, high = size[0] / 100, size[1] / 100
    # Percent of width and of height are of different length: turned in pixels, not in percent.
    upright = rectangle_points(x * wide, y * high, width * wide, height * high, place)
    turn = degrees(value.get("rotation"), place)
    return require_inside(rotated(upright, turn, upright[0]), size, place) if turn else upright
