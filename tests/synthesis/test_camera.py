"""The camera photos that accuracy is measured on are the same for everybody."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr.errors import UsageError
from segocr.synthesis.backgrounds import draw_background, surface
from segocr.synthesis.camera import camera_scenes
from segocr.synthesis.scenes import Outline

OUTLINE = Outline("line", np.array([[200.0, 730.0], [1150.0, 730.0], [1150.0, 752.0], [200.0, 752.0]]))


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, list[Path]]:
    """A page and two backgrounds on disk."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    for path, size in zip(paths, [(1400, 961), (500, 400), (300, 600)], strict=True):
        cv2.imwrite(str(path), surface(size, rng))
    return paths[0], paths[1:]


def test_five_scenes_of_the_recipes_size_and_the_same_again(pictures: tuple[Path, list[Path]]) -> None:
    page, photos = pictures
    scenes = list(camera_scenes("A/1", page, [OUTLINE], photos))
    again = list(camera_scenes("A/1", page, [OUTLINE], photos))
    assert [scene.size for scene in scenes] == [(1600, 1200)] * 5
    for one, other in zip(scenes, again, strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)
        np.testing.assert_array_equal(one.outlines[0].polygon, other.outlines[0].polygon)
    assert len({scene.picture.tobytes() for scene in scenes}) == 5


def test_pages_get_scenes_of_their_own(pictures: tuple[Path, list[Path]]) -> None:
    page, photos = pictures
    (one,) = camera_scenes("A/1", page, [OUTLINE], photos, count=1)
    (other,) = camera_scenes("A/2", page, [OUTLINE], photos, count=1)
    assert not np.allclose(one.matrix, other.matrix)


def test_a_background_that_is_no_picture_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"broken\.jpg"):
        draw_background([broken], (64, 64), np.random.default_rng(0))


def test_without_photos_a_surface_is_drawn() -> None:
    drawn = draw_background([], (64, 48), np.random.default_rng(0))
    assert drawn.shape == (48, 64, 3)
    assert drawn.std() > 0
