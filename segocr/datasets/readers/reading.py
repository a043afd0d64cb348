"""What all readers of foreign labels share: strict JSON, pictures found and measured, shapes checked."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import cv2
import numpy as np

from segocr.errors import UsageError
from segocr.evaluation.labels import FARTHEST, LabelledDocument, Polygon
from segocr.strictjson import parse_json
from segocr.synthesis.backgrounds import read_picture

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
SPLITS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
"""Ours by what other programs call them."""
_MOST = 1e30


@dataclass(frozen=True, slots=True)
class Read:
    """Foreign labels as they were read.

    Attributes:
        documents: With their labels.
        passed_over: What was there and is in no document, as sentences.
    """

    documents: list[LabelledDocument]
    passed_over: tuple[str, ...] = ()


def wrong(place: str, what: str, hint: str | None = None) -> NoReturn:
    """Raise the error of a mistake in labels.

    Args:
        place: As file:line, or file and what in it.
        what: Is wrong there.
        hint: What to do.
    """
    raise UsageError(f"{place}: {what}", code="labels", hint=hint)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UsageError: ``labels``, with file and line.
    """
    try:
        return parse_json(path.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}", code="labels"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", code="labels") from error


def need(mapping: Any, key: str, kind: type | tuple[type, ...], place: str) -> Any:
    """Return what stands under a key.

    Raises:
        UsageError: ``labels``: nothing does, or something of another type.
    """
    if not isinstance(mapping, Mapping):
        wrong(place, f"an object with {key!r} should stand here, not {type(mapping).__name__}")
    if key not in mapping:
        wrong(place, f"{key!r} is missing")
    value = mapping[key]
    if not isinstance(value, kind) or isinstance(value, bool) or not _is_usable(value):
        wrong(place, f"{key!r} is {reprlib.repr(value)}, which it cannot be")
    return value


def _is_usable(value: object) -> bool:
    """Whether a value is no number, or one that can be counted with: JSON's may be endless."""
    return not isinstance(value, int | float) or bool(abs(value) < _MOST)


def degrees(value: object, place: str) -> float:
    """Return a rotation; none where nothing is said.

    Raises:
        UsageError: ``labels``: it is no number from -360 to 360.
    """
    if value is None:
        return 0.0
    if not isinstance(value, int | float) or not abs(value) <= 360:
        wrong(place, f"'rotation' is {reprlib.repr(value)}, and should be degrees")
    return float(value)


def points(numbers: Any, place: str) -> Polygon:
    """Return ``(n, 2)`` points, n >= 3, from pairs or from a flat list of x and y in turn.

    Raises:
        UsageError: ``labels``.
    """
    try:
        array = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        wrong(place, "a polygon is a list of numbers")
    if array.ndim == 1 and array.size % 2 == 0:
        array = array.reshape(-1, 2)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < 3:
        wrong(place, "a polygon has three or more points x, y")
    if not np.isfinite(array).all():
        wrong(place, "a polygon's points are finite numbers")
    if np.abs(array).max() > FARTHEST:
        wrong(place, "a polygon has a corner far off any picture")
    return array


def rectangle_points(left: float, top: float, width: float, height: float, place: str) -> Polygon:
    """Return the corners TL, TR, BR, BL of an upright rectangle.

    Raises:
        UsageError: ``labels``: it has no area.
    """
    right, bottom = left + width, top + height
    if not (right > left and bottom > top):
        wrong(place, f"a rectangle has no area: {width:g} × {height:g} at {left:g}, {top:g}")
    return points([[left, top], [right, top], [right, bottom], [left, bottom]], place)


def rotated(polygon: Polygon, degrees: float, about: Sequence[float]) -> Polygon:
    """Turn a polygon clockwise on the screen about a point."""
    turn, centre = math.radians(degrees), np.asarray(about, np.float64)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    result: Polygon = (polygon - centre) @ matrix.T + centre
    return result


def require_inside(polygon: Polygon, size: tuple[int, int], place: str) -> Polygon:
    """Check a rectangle that was turned here: programs disagree about centre, sense and unit of a rotation.

    Raises:
        UsageError: ``labels``: a corner lies farther outside the picture than drawing by hand explains.
    """
    width, height = size
    slack = 0.02 * max(size) + 2
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    if (low < -slack).any() or high[0] > width + slack or high[1] > height + slack:
        wrong(
            place,
            f"the rotated rectangle leaves its picture of {width} × {height} pixels "
            f"({low[0]:.0f}, {low[1]:.0f} to {high[0]:.0f}, {high[1]:.0f})",
            "the rotation was probably written in another way; export polygons instead of rectangles",
        )
    return polygon


def picture_size(path: Path, place: str) -> tuple[int, int]:
    """Return (width, height) of a picture as it stands upright.

    Raises:
        UsageError: ``labels``, it is not there; ``unreadable-picture``, it cannot be opened.
    """
    if not path.is_file():
        wrong(place, f"the picture {path} is not there", "name its folder with --pictures")
    try:
        picture = read_picture(path)
    except (UsageError, OSError, cv2.error) as error:
        raise UsageError(
            f"{place}: {path} is not a picture that can be opened", code="unreadable-picture"
        ) from error
    return picture.shape[1], picture.shape[0]


def require_size(
    stated: Mapping[str, Any], keys: tuple[str, str], real: tuple[int, int], path: Path, place: str
) -> None:
    """Check that labels are for the picture as it is.

    Args:
        stated: Where labels say for which size they are; if they do not, there is nothing to check.
        keys: Of width and height.
        real: Width and height of the picture, pixels.
        path: Of the picture.
        place: Of the labels.

    Raises:
        UsageError: ``labels``, it was turned, cut or scaled since.
    """
    if any(stated.get(key) is None for key in keys):
        return
    width, height = (need(stated, key, (int, float), place) for key in keys)
    if (width, height) != real:
        wrong(
            place,
            f"the labels are for {width} × {height} pixels, {path.name} has {real[0]} × {real[1]}",
            "was it turned, cut or shrunk after it was labelled?",
        )


def class_name(name: object, place: str) -> str:
    """Return the name of a class; any text will do that can be seen.

    Raises:
        UsageError: ``labels``.
    """
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        wrong(place, f"{reprlib.repr(name)} is no name of a class")
    return name.strip()


class Pictures:
    """Finds pictures by the paths that labels give, which are often those of another machine.

    Args:
        folders: Where they may lie, at any depth.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = list(dict.fromkeys(folders))
        self._by_name: dict[str, list[Path]] | None = None

    def find(self, given: str, place: str, spellings: Sequence[str] = ()) -> Path:
        """Return where a picture lies.

        A relative path is looked for as it is, at any depth. Of a path of another machine only the name says
        something here.

        Args:
            given: Its path as the labels give it.
            place: Of the labels.
            spellings: What to look for instead, in turn, where a program writes more than a path.

        Raises:
            UsageError: ``labels``: nowhere, or several pictures of that name lie in different folders.
        """
        for plain in (one.replace("\\", "/") for one in spellings or (given,)):
            found = self._direct(plain) or self._below(plain)
            if len(found) > 1:
                wrong(place, f"several pictures are called {plain!r}: {', '.join(map(str, found[:3]))}")
            if found:
                return found[0]
        where = ", ".join(map(str, self.folders))
        wrong(place, f"the picture {given!r:.120} is not below {where}", "name its folder with --pictures")

    def short(self, picture: Path) -> str:
        """Return a picture's path below its folder, without suffix and with ``/``: an id."""
        inside = [folder for folder in self.folders if picture.is_relative_to(folder)]
        return (picture.relative_to(inside[0]) if inside else picture).with_suffix("").as_posix()

    def _direct(self, plain: str) -> list[Path]:
        if not plain or _is_elsewhere(plain):
            return []
        return [folder / plain for folder in self.folders if _is_file(folder / plain)][:1]

    def _below(self, plain: str) -> list[Path]:
        parts = PurePosixPath(plain).parts
        known = self._named(parts[-1]) if parts else []
        if _is_elsewhere(plain) or ".." in parts:
            return known
        # "train/a.jpg" is not the "val/a.jpg" that is there instead.
        return [path for path in known if path.resolve().parts[-len(parts) :] == parts]

    def _named(self, name: str) -> list[Path]:
        if self._by_name is None:
            self._by_name = {}
            for folder in self.folders:
                for path in sorted(folder.rglob("*")):
                    if path.suffix.lower() in PICTURES and path.is_file():
                        known = self._by_name.setdefault(path.name, [])
                        known += [path] if not any(path.samefile(one) for one in known) else []
        return self._by_name.get(name, [])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be looked into
        return False


def _is_elsewhere(plain: str) -> bool:
    """Whether a path begins at a root, a drive or a server: of whichever machine the labels were made on."""
    return plain.startswith("/") or bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", plain))
