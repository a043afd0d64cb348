"""The camera photos of flat pages that ``evaluate`` measures on: made the same way by everybody.

The recipe is the one of the labelled data's README: the page at 0.57–0.82 of its width in a 1600×1200 photo,
within ±40°, one in five upside down, corners moved by up to 4 %, uneven light, blur, noise, JPEG.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from segocr.synthesis.backgrounds import read_picture
from segocr.synthesis.scenes import CameraRecipe, Outline, Scene, lay_page

CAMERA_SEED = 20260311
SCENES_A_PAGE = 5


def camera_scenes(
    page_id: str,
    page: Path,
    outlines: Sequence[Outline],
    photos: Sequence[Path],
    count: int = SCENES_A_PAGE,
    seed: int = CAMERA_SEED,
) -> Iterator[Scene]:
    """Make the camera photos of one flat page.

    A scene depends on the page's id, its number, the backgrounds and the seed only, so a page keeps its
    scenes when other pages come.

    Args:
        page_id: The page's id in its labels.
        page: Its picture.
        outlines: Its labelled regions in pixels of the picture.
        photos: Backgrounds, at least one; for a fair measurement of the same split as the page.
        count: How many scenes.
        seed: Another seed gives another set.

    Raises:
        UsageError: A picture cannot be opened.
    """
    picture = read_picture(page)
    name = int.from_bytes(hashlib.sha256(page_id.encode()).digest()[:8], "big")
    for number in range(count):
        rng = np.random.default_rng([seed, name, number])
        background = read_picture(photos[int(rng.integers(len(photos)))])
        yield lay_page(picture, outlines, background, CameraRecipe(), rng)
