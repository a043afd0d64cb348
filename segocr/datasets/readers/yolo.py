"""YOLO segmentation labels: ``data.yaml``, and for ``images/…/a.jpg`` a file ``labels/…/a.txt``.

A line is a class number and x y pairs as shares of the picture's size; four numbers after the class are a box
(centre, width, height). A split is a folder of pictures, or a text file that lists them. There are no values
in this format.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from segocr.datasets.readers.reading import (
    PICTURES,
    SPLITS,
    Read,
    class_name,
    picture_size,
    points,
    rectangle_points,
    wrong,
)  # fmt: skip
from segocr.errors import UsageError
from segocr.evaluation.labels import Label, LabelledDocument
from segocr.plainfiles import read_plain

_MAX_BYTES = 16 << 20

_FEWEST_NUMBERS = 5
"""Of a line of labels: a class, and a box."""


def is_yolo(source: Path) -> bool:
    """Whether it is a folder with a ``data.yaml``, or such a file."""
    return (source / "data.yaml").is_file() or source.suffix.lower() in (".yaml", ".yml")


def read_yolo_folder(source: Path) -> Read:
    """Read a YOLO segmentation data set.

    Args:
        source: The folder with ``data.yaml``, or that file by any name.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with file and line.
    """
    path = source if source.is_file() else source / "data.yaml"
    try:
        content = YAML(typ="safe", pure=True).load(read_plain(path, _MAX_BYTES).decode("utf-8-sig"))
    # ruamel raises some of Python's own errors over what it does not expect.
    except (OSError, ValueError, YAMLError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}", code="labels") from error
    if not isinstance(content, dict) or "names" not in content:
        wrong(str(path), "'names', the names of the classes, is missing")
    names = _names(content["names"], str(path))
    documents: list[LabelledDocument] = []
    for key, split in SPLITS.items():
        if content.get(key):
            for place in _places(content[key], content.get("path"), path):
                folder = place if place.is_dir() else place.parent
                pictures = _below(place) if place.is_dir() else _listed(place, path)
                documents += _documents(pictures, folder, names, split)
    if not documents:
        wrong(str(path), "no pictures are where 'train', 'val' and 'test' say")
    return Read(documents, _without_picture(documents))


def _names(given: Any, place: str) -> dict[int, str]:
    numbered = dict(enumerate(given)) if isinstance(given, list) else given
    if not isinstance(numbered, dict) or not all(isinstance(number, int) for number in numbered):
        wrong(place, "'names' is a list of names, or of number: name")
    # Names that look like numbers are names; anything else may hold itself many times over.
    return {
        number: class_name(str(name) if isinstance(name, int | float) else name, place)
        for number, name in numbered.items()
    }


def _places(given: Any, root: Any, path: Path) -> Iterator[Path]:
    """Yield what a split names: folders, or text files that list pictures."""
    if not isinstance(root, str | None):
        wrong(str(path), "'path' is no folder")
    for one in given if isinstance(given, list) else [given]:
        if not isinstance(one, str):
            wrong(str(path), f"a split names folders or lists, not {reprlib.repr(one)}")
        # Exports of other programs name folders of their own machine, or begin with a '../' too many.
        tried = [path.parent / (root or "") / one, path.parent / one]
        tried += [path.parent / one.removeprefix("../")]
        found = next((place for place in tried if place.is_dir() or place.is_file()), None)
        if found is None:
            wrong(str(path), f"there is no folder and no list {one!r}")
        yield found.resolve()


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)


def _listed(file: Path, source: Path) -> Iterator[Path]:
    """Yield the pictures that a text file lists, one a line, from its own folder or from the data set's."""
    for number, line in enumerate(_lines(file), start=1):
        name = line.strip()
        if not name:
            continue
        # CVAT writes a folder 'data' that its archive does not hold.
        tried = [folder / one for folder in (file.parent, source.parent.resolve())
                 for one in (name, name.removeprefix("data/"))]  # fmt: skip
        found = next((picture for picture in tried if picture.is_file()), None)
        if found is None:
            wrong(f"{file}:{number}", f"there is no picture {name!r:.120}")
        yield found.resolve()


def _documents(
    pictures: Iterable[Path], folder: Path, names: dict[int, str], split: str
) -> Iterator[LabelledDocument]:
    for picture in pictures:
        label = _label_file(picture)
        size = picture_size(picture, str(label))
        labels = tuple(_labels(label, names, size)) if label.is_file() else ()
        inside = picture.relative_to(folder) if picture.is_relative_to(folder) else Path(picture.name)
        identity = f"{split}/{inside.with_suffix('').as_posix()}"
        yield LabelledDocument(identity, picture, size, labels, str(label), split)


def _label_file(picture: Path) -> Path:
    """Return where the labels of a picture are: in a folder ``labels`` for ``images``, else beside it.

    The last ``images`` of its path comes first; an outer one may be anybody's folder.
    """
    places = [place for place, part in enumerate(picture.parts[:-1]) if part == "images"]
    instead = [
        Path(*picture.parts[:place], "labels", *picture.parts[place + 1 :]).with_suffix(".txt")
        for place in reversed(places)
    ]
    tried = [*instead, picture.with_suffix(".txt")]
    return next((path for path in tried if path.is_file()), tried[0])


def _without_picture(documents: Iterable[LabelledDocument]) -> tuple[str, ...]:
    """Say which files of labels belong to no picture that was read."""
    files = {Path(document.place) for document in documents}
    beside = {path for folder in {file.parent for file in files} for path in folder.glob("*.txt")}
    lost = sorted(path for path in beside - files if _is_labels(path))
    if not lost:
        return ()
    names = ", ".join(path.name for path in lost[:3]) + (" …" if len(lost) > 3 else "")
    kinds = ", ".join(suffix.removeprefix(".") for suffix in PICTURES)
    said = f"{len(lost)} files of labels are passed over, no picture of theirs is read: {names}"
    return (f"{said} (read are {kinds})",)


def _is_labels(path: Path) -> bool:
    """Whether a text file is one of labels, and no list of classes or pictures."""
    words = next((line.split() for line in _lines(path) if line.strip()), [])
    try:
        return len([float(word) for word in words]) >= _FEWEST_NUMBERS
    except ValueError:
        return False


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", code="labels") from error


def _labels(path: Path, names: dict[int, str], size: tuple[int, int]) -> Iterator[Label]:
    for number, line in enumerate(_lines(path), start=1):
        place = f"{path}:{number}"
        if not line.strip():
            continue
        first, *rest = line.split()
        try:
            shares = [float(word) for word in rest]
        except ValueError:
            wrong(place, "a line is a class number and numbers")
        if not first.isdecimal() or int(first) not in names:
            wrong(place, f"{first!r} is no number of a class; they are {', '.join(map(str, sorted(names)))}")
        if len(shares) == 4:
            x, y, width, height = shares
            outline = rectangle_points(x - width / 2, y - height / 2, width, height, place)
        elif len(shares) % 2:
            wrong(place, f"x y pairs are an even number of numbers, not {len(shares)}")
        else:
            outline = points(shares, place)
        if outline.min() < -0.5 or outline.max() > 1.5:
            wrong(place, "coordinates are shares of the picture's size, 0 to 1; these are probably pixels")
        yield Label(names[int(first)], "", (outline * size,))
