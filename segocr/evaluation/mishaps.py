"""What happens to documents on their way to the inbox: turned, shrunk, blurred, darkened, compressed.

Each mishap is one fixed change of a whole picture; nothing is drawn by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from segocr.evaluation.labels import Label, LabelledDocument, Polygon
from segocr.geometry import Matrix, transform
from segocr.synthesis.backgrounds import Picture, read_picture
from segocr.synthesis.light import through_jpeg

Change = Callable[[Picture], tuple[Picture, Matrix]]
"""From a picture to the changed one and the ``(3, 3)`` matrix that takes the old pixels to the new ones."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """A change with a name for tables."""

    name: str
    change: Change


def turned(degrees: float) -> Change:
    """Turn clockwise; the picture grows so that nothing is cut off, with its own edge's grey around."""

    def change(picture: Picture) -> tuple[Picture, Matrix]:
        height, width = picture.shape[:2]
        radians = np.deg2rad(degrees)
        sine, cosine = np.sin(radians), np.cos(radians)
        size = (
            round(width * abs(cosine) + height * abs(sine)),
            round(width * abs(sine) + height * abs(cosine)),
        )
        middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
        turn = np.array([[cosine, -sine, size[0] / 2], [sine, cosine, size[1] / 2], [0, 0, 1]])
        matrix = turn @ middle
        # The matrix maps pixel edges; OpenCV samples at pixel centres, half a pixel further.
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        made = cv2.warpPerspective(
            picture, np.linalg.inv(half) @ matrix @ half, size, flags=cv2.INTER_LINEAR,
            borderValue=[float(value) for value in np.median(edge, axis=0)],
        )  # fmt: skip
        return np.asarray(made, np.uint8), matrix

    return change


def shrunk(share: float) -> Change:
    """Shrink to a share of width and height."""

    def change(picture: Picture) -> tuple[Picture, Matrix]:
        height, width = picture.shape[:2]
        size = max(1, round(width * share)), max(1, round(height * share))
        made = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        return made, np.diag([size[0] / width, size[1] / height, 1.0])

    return change


def blurred(sigma: float) -> Change:
    """Blur by a Gaussian, its sigma in thousandths of the long side."""
    return _in_place(
        lambda picture: np.asarray(
            cv2.GaussianBlur(picture, (0, 0), sigma * max(picture.shape[:2]) / 1000), np.uint8
        )
    )


def darkened(factor: float) -> Change:
    """Multiply all pixels by a factor below 1."""
    return _in_place(lambda picture: (picture * factor).astype(np.uint8))


def compressed(quality: int) -> Change:
    """Compress as JPEG of a quality of 1 to 100."""
    return _in_place(lambda picture: through_jpeg(picture, quality))


def _in_place(change: Callable[[Picture], Picture]) -> Change:
    return lambda picture: (change(picture), np.eye(3))


MISHAPS = (
    Mishap("turned 15°", turned(15)),
    Mishap("turned -15°", turned(-15)),
    Mishap("turned 180°", turned(180)),
    Mishap("shrunk to half", shrunk(0.5)),
    Mishap("blurred", blurred(1.5)),
    Mishap("darkened", darkened(0.35)),
    Mishap("JPEG 40", compressed(40)),
)


def with_mishap(
    documents: Sequence[LabelledDocument], mishap: Mishap, folder: Path
) -> list[LabelledDocument]:
    """Write documents as a mishap leaves them, as PNG, with their labels moved along.

    Args:
        documents: Labelled pictures.
        mishap: What happens to each.
        folder: Where the pictures are written; made if need be.

    Raises:
        UsageError: A picture cannot be opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _changed(document, mishap.change, folder / f"{number}-{document.path.stem}.png")
        for number, document in enumerate(documents)
    ]


def _changed(document: LabelledDocument, change: Change, path: Path) -> LabelledDocument:
    picture, matrix = change(read_picture(document.path))
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    labels = tuple(_moved(label, matrix) for label in document.labels)
    size = picture.shape[1], picture.shape[0]
    return LabelledDocument(document.id, path, size, labels, document.place)


def _moved(label: Label, matrix: Matrix) -> Label:
    def move(polygons: Sequence[Polygon]) -> tuple[Polygon, ...]:
        return tuple(transform(matrix, polygon) for polygon in polygons)

    return Label(label.class_name, label.value, move(label.polygons), move(label.alternatives), label.scored)
