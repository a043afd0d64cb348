"""Views of a labelled photo keep their target, and everything pasted in is labelled where it is seen."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr.geometry import rectangle, transform
from segocr.synthesis.light import Light
from segocr.synthesis.scenes import Outline
from segocr.synthesis.views import ViewRecipe, cut_out, draw_view, make_view, mosaic

CLEAR = Light(darkest=1.0, blur=(0.3, 0.3), noise=(0.0, 0.0), jpeg=(100, 100))
RECIPE = ViewRecipe(size=(320, 240), light=CLEAR)
SEEDS = st.integers(0, 2**32 - 1)


def car() -> tuple[np.ndarray, Outline]:
    """A dark photo with one white plate."""
    photo = np.full((300, 400, 3), 60, np.uint8)
    photo[180:210, 150:250] = 240
    return photo, Outline("plate", rectangle(100, 30) + np.array([150, 180]))


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS)
def test_the_target_stays_inside_the_view(seed: int) -> None:
    _, outline = car()
    matrix = draw_view((400, 300), outline.polygon, RECIPE, np.random.default_rng(seed))
    middle = transform(matrix, outline.polygon.mean(axis=0, keepdims=True))[0]
    assert (middle > 0).all()
    assert (middle < RECIPE.size).all()


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_all_that_is_labelled_is_seen_and_all_that_is_seen_is_labelled(seed: int) -> None:
    photo, outline = car()
    cutting = cut_out(photo, outline, margin=0.0)
    ground = np.full((240, 320, 3), 60, np.uint8)
    scene = make_view(photo, [outline], ground, [cutting, cutting], RECIPE, np.random.default_rng(seed))
    seen = scene.picture.mean(axis=2) > 150
    labelled = np.zeros(seen.shape, bool)
    for one in scene.outlines:
        labelled |= filled(one.polygon, scene.size)
    assert 1 <= len(scene.outlines) <= 3
    assert (seen & labelled).sum() / (seen | labelled).sum() > 0.95


def filled(polygon: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels whose middle is inside a convex polygon in clockwise order, as bool (H, W)."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    inside = np.ones(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
    return inside


def test_a_mosaic_moves_labels_with_their_pictures() -> None:
    photo, outline = car()
    ground = np.full((240, 320, 3), 60, np.uint8)
    rng = np.random.default_rng(3)
    views = [make_view(photo, [outline], ground, [], RECIPE, rng) for _ in range(4)]
    together = mosaic(views, (320, 240))
    assert together.size == (320, 240)
    for number, (one, before) in enumerate(zip(together.outlines, views, strict=True)):
        corner = np.array([number % 2 * 160, number // 2 * 120])
        np.testing.assert_allclose((one.polygon - corner) * 2, before.outlines[0].polygon, atol=1e-9)
