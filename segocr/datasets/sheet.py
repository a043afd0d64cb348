"""A contact sheet: labelled pictures, their outlines, and some lines cut out above their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.errors import UsageError
from segocr.evaluation.labels import Label, LabelledDocument, Polygon
from segocr.geometry import homography, quad_size, rectangle
from segocr.synthesis.backgrounds import read_picture
from segocr.synthesis.prints import line_quad

Picture = NDArray[np.uint8]

_TILE = (420, 330)
_CAPTION, _STRIP, _STRIPS = 18, 36, 4
"""Heights of a tile's caption, and of each line cut out; how many lines are."""
_COLUMNS = 4
_COLOURS = (
    (60, 60, 230), (200, 120, 20), (40, 160, 40), (180, 40, 180), (20, 150, 220), (160, 150, 0), (90, 90, 90)
)  # fmt: skip
_GREY = (232, 232, 232)


def contact_sheet(documents: Sequence[LabelledDocument], most: int = 24) -> Picture:
    """Draw some documents of a folder, spread evenly over it.

    Args:
        documents: At least one.
        most: How many are drawn.

    Returns:
        ``uint8 (H, W, 3)``, BGR: a legend of the classes, then four documents a row. Pictures that cannot be
        opened are drawn as an empty place with their names.
    """
    step = max(len(documents) / most, 1.0)
    shown = [documents[int(number * step)] for number in range(min(most, len(documents)))]
    classes = sorted({label.class_name for one in documents for label in one.labels})
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(classes)}
    tiles = [_tile(document, colours) for document in shown]
    columns = min(_COLUMNS, len(tiles))
    empty = np.full_like(tiles[0], _GREY[0])
    tiles += [empty] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack([_legend(colours, rows[0].shape[1]), *rows]).astype(np.uint8)


def write_sheet(documents: Sequence[LabelledDocument], path: Path, most: int = 24) -> None:
    """Write a contact sheet as a PNG or JPEG.

    Raises:
        UsageError: As ``require_sheet``.
        OSError: It cannot be written.
    """
    require_sheet(path)
    _, coded = cv2.imencode(path.suffix.lower(), contact_sheet(documents, most))
    path.write_bytes(coded.tobytes())


def require_sheet(path: Path) -> None:
    """Refuse a sheet's name before the work is done.

    Raises:
        UsageError: Its ending is neither PNG's nor JPEG's, or its folder is absent.
    """
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageError(f"{path} is neither .png nor .jpg", hint="name the sheet something.png")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}")


def _tile(document: LabelledDocument, colours: dict[str, tuple[int, int, int]]) -> Picture:
    tile = np.full((_TILE[1] + _CAPTION + _STRIPS * _STRIP, _TILE[0], 3), _GREY[0], np.uint8)
    told = document.id if document.labels else f"{document.id}: no labels"
    _write(tile, told[-60:], (4, _TILE[1] + 13), (40, 40, 40))
    try:
        picture = read_picture(document.path)
    except (UsageError, OSError):
        _write(tile, "cannot be opened", (4, 20), (0, 0, 200))
        return tile
    scale = min((_TILE[0] - 8) / picture.shape[1], (_TILE[1] - 8) / picture.shape[0])
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    for label in document.labels:
        _outline(small, (*label.polygons, *label.alternatives), scale, colours[label.class_name])
    left, top = (_TILE[0] - size[0]) // 2, (_TILE[1] - size[1]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    lines = [(label, polygon) for label in document.labels for polygon in label.polygons]
    for place, (label, polygon) in enumerate(lines[:_STRIPS]):
        at = _TILE[1] + _CAPTION + place * _STRIP
        _cut_line(tile[at : at + _STRIP], picture, label, polygon, colours[label.class_name])
    return tile


def _cut_line(
    room: Picture, picture: Picture, label: Label, polygon: Polygon, colour: tuple[int, int, int]
) -> None:
    """Draw a line as it would be cut out, and below it what its label says."""
    height = _STRIP - 18
    cv2.rectangle(room, (0, 1), (3, _STRIP - 3), colour, -1)
    try:
        quad = line_quad(polygon)
    except ValueError:
        _write(room, "no area", (8, 14), (0, 0, 200))
        return
    across, down = quad_size(quad)
    width = int(np.clip(across * height / max(down, 1.0), 4, room.shape[1] - 10))
    matrix = homography(rectangle(width, height), quad)
    cut = cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP)
    room[1 : 1 + height, 8 : 8 + width] = cut
    mark = "" if label.scored else " (not scored)"
    _write(room, f"{label.value or '(no value)'}{mark}"[:64], (8, _STRIP - 5), (90, 60, 20))


def _outline(
    picture: Picture, polygons: Iterable[Polygon], scale: float, colour: tuple[int, int, int]
) -> None:
    for polygon in polygons:
        points = np.round(polygon * scale * 16).astype(np.int32)
        cv2.polylines(picture, [points], True, colour, 1, cv2.LINE_AA, shift=4)


def _legend(colours: dict[str, tuple[int, int, int]], width: int) -> Picture:
    legend = np.full((30, width, 3), 250, np.uint8)
    x = 8
    for name, colour in colours.items():
        cv2.rectangle(legend, (x, 8), (x + 14, 22), colour, -1)
        _write(legend, name, (x + 20, 20), (30, 30, 30))
        x += 40 + 8 * len(name)
    return legend


def _write(picture: Picture, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    shown = "".join(character if character.isprintable() else " " for character in text)
    cv2.putText(picture, shown, at, colour, _font(), 12, 400)


def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")
