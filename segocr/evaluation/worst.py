"""Worst examples: what was not read right, as pictures beside label and reading, in one HTML file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader
from numpy.typing import NDArray

from segocr.evaluation.labels import LabelledDocument, Polygon
from segocr.evaluation.outcomes import Outcome, Result
from segocr.evaluation.run import Evaluation
from segocr.reports.printable import one_line, printable
from segocr.synthesis.backgrounds import read_picture

MOST = 200
"""So many examples at most: wrong but accepted first, then the surest."""
_LONG_SIDE = 900
_LABEL, _READ = (60, 160, 20), (30, 30, 210)  # BGR
_RANK = {Result.WRONG: 0, Result.SPURIOUS: 1, Result.MISSING: 2, Result.ELSEWHERE: 3}


def write_worst(evaluation: Evaluation, documents: Sequence[LabelledDocument], path: Path) -> int:
    """Write the examples of an evaluation.

    Args:
        evaluation: What was measured.
        documents: Where its pictures are.
        path: The HTML file; its folder exists.

    Returns:
        How many examples it shows.
    """
    by_id = {document.id: document for document in documents}
    faults = [outcome for outcome in evaluation.found.outcomes if outcome.result is not Result.RIGHT]
    faults.sort(key=lambda o: (not o.accepted, _RANK[o.result], -o.confidence))
    page = _environment().get_template("worst.html.j2")
    style = _environment().get_template("report.css.j2").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = page.render(
        style=style,
        style_digest=digest,
        evaluation=evaluation,
        oracle=_oracle_verdicts(evaluation),
        examples=_examples(faults[:MOST], by_id),
        faults=len(faults),
    )
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return min(len(faults), MOST)


def _oracle_verdicts(evaluation: Evaluation) -> Mapping[tuple[str, str, str | None], str]:
    """Say for each labelled value what became of it with true regions."""
    if evaluation.oracle is None:
        return {}
    return {(o.document, o.field, o.label): o.result.value for o in evaluation.oracle.outcomes}


def _examples(
    faults: Sequence[Outcome], documents: Mapping[str, LabelledDocument]
) -> Iterator[dict[str, Any]]:
    for outcome in faults:
        picture = read_picture(documents[outcome.document].path)
        yield {"outcome": outcome, "picture": _data_url(example(picture, outcome))}


def example(picture: NDArray[np.uint8], outcome: Outcome) -> NDArray[np.uint8]:
    """Cut what an outcome is about out of its page, labelled (green) and read (red) polygons drawn.

    Args:
        picture: ``uint8 (H, W, 3)`` BGR.
        outcome: Says where.
    """
    polygons = [*outcome.label_polygons, *outcome.read_polygons]
    picture = picture.copy()
    if polygons:
        _draw(picture, outcome.label_polygons, _LABEL)
        _draw(picture, outcome.read_polygons, _READ)
        picture = _around(picture, np.concatenate(polygons))
    scale = _LONG_SIDE / max(picture.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how), dtype=np.uint8)


def _draw(picture: NDArray[np.uint8], polygons: Sequence[Polygon], colour: tuple[int, int, int]) -> None:
    for polygon in polygons:
        cv2.polylines(picture, [np.round(polygon).astype(np.int32)], True, colour, 1, cv2.LINE_AA)


def _around(picture: NDArray[np.uint8], points: Polygon) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * float((high - low).max()) + 10
    left, top = np.clip(np.floor(low - margin), 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(high + margin), [left + 1, top + 1], [width, height]).astype(int)
    return picture[top:bottom, left:right]


def _data_url(picture: NDArray[np.uint8]) -> str:
    written, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 82])
    assert written
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def _environment() -> Environment:
    folders = [Path(__file__).parent, Path(__file__).parents[1] / "reports"]
    environment = Environment(loader=FileSystemLoader(folders), autoescape=True, trim_blocks=True)
    environment.filters["printable"] = lambda text: printable(str(text))
    environment.filters["one_line"] = lambda text: one_line(str(text))
    return environment
