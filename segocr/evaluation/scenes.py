"""Camera photos of labelled flat pages, made the same way by everybody: the recipe of the labelled data.

Five scenes a page, laid on photos of the same split, drawn from one seed: light, blur, noise and JPEG
included. The pictures are written without further loss (PNG), so what is read is what was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from segocr.errors import UsageError
from segocr.evaluation.labels import Label, LabelledDocument, Polygon
from segocr.geometry import transform
from segocr.synthesis.backgrounds import read_picture
from segocr.synthesis.scenes import CameraRecipe, lay_page

SCENES_A_PAGE = 5
SEED = 20260101


def make_scenes(
    documents: Sequence[LabelledDocument],
    photos: Sequence[Path],
    folder: Path,
    *,
    count: int = SCENES_A_PAGE,
    seed: int = SEED,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> list[LabelledDocument]:
    """Photograph flat pages.

    Args:
        documents: Flat labelled pages.
        photos: Pictures to lay them on.
        folder: Where the photos are written, as PNG.
        count: Scenes a page.
        seed: The same gives the same scenes, whichever other pages are asked for.
        progress: Called with (done, total) after each scene.

    Returns:
        The photos with their labels moved along; ids are ``page#scene``.

    Raises:
        UsageError: No photos to lay pages on, or a picture that cannot be opened.
    """
    if not photos:
        raise UsageError("there are no photos to lay the pages on", code="no-backgrounds")
    made = []
    for place, document in enumerate(documents):
        page = read_picture(document.path)
        for scene in range(count):
            rng = np.random.default_rng([seed, *document.id.encode(), scene])
            background = read_picture(photos[int(rng.integers(len(photos)))])
            drawn = lay_page(page, [], background, CameraRecipe(), rng)
            path = folder / f"{place:04d}-{scene}.png"
            written, data = cv2.imencode(".png", drawn.picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            assert written
            path.write_bytes(data.tobytes())
            size = (drawn.picture.shape[1], drawn.picture.shape[0])
            labels = tuple(_moved(label, drawn.matrix) for label in document.labels)
            made.append(LabelledDocument(f"{document.id}#{scene}", path, size, labels))
            progress(len(made), count * len(documents))
    return made


def _moved(label: Label, matrix: Polygon) -> Label:
    return Label(
        label.class_name,
        label.value,
        tuple(transform(matrix, polygon) for polygon in label.polygons),
        tuple(transform(matrix, polygon) for polygon in label.alternatives),
        label.scored,
    )
