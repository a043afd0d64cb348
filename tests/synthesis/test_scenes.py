"""A scene's polygons stay on what they were drawn around, and a seed gives the same scene again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr.geometry import polygon_area, rectangle, transform
from segocr.synthesis.light import Light
from segocr.synthesis.scenes import (
    CameraRecipe,
    Outline,
    clip_polygon,
    cover,
    draw_corners,
    lay_page,
    shrink,
)

CLEAR = Light(darkest=1.0, blur=(0.3, 0.3), noise=(0.0, 0.0), jpeg=(100, 100))
RECIPE = CameraRecipe(size=(480, 360), page_scale=(0.8, 1.1), any_angle=0.5, light=CLEAR)
SEEDS = st.integers(0, 2**32 - 1)


def page_with_field() -> tuple[np.ndarray, Outline]:
    """A dark page with one white field, and the field's outline."""
    page = np.full((180, 260, 3), 60, np.uint8)
    page[120:144, 30:230] = 240
    return page, Outline("field", np.array([[30.0, 120.0], [230.0, 120.0], [230.0, 144.0], [30.0, 144.0]]))


def bright(picture: np.ndarray) -> np.ndarray:
    """Where a picture is nearer to the field's white than to the page's grey, as bool (H, W)."""
    return picture.mean(axis=2) > 150


def filled(polygon: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels whose middle is inside a convex polygon in clockwise order, as bool (H, W)."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    inside = np.ones(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
    return inside


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_polygon_lies_exactly_on_the_warped_field(seed: int) -> None:
    page, outline = page_with_field()
    background = np.full((300, 300, 3), 90, np.uint8)
    scene = lay_page(page, [outline], background, RECIPE, np.random.default_rng(seed))
    seen, expected = bright(scene.picture), filled(scene.outlines[0].polygon, scene.size)
    assert (seen & expected).sum() / (seen | expected).sum() > 0.99
    middles = [np.argwhere(mask).mean(axis=0) for mask in (seen, expected)]
    # Half a pixel of offset, the usual mistake, would show here.
    assert np.abs(middles[0] - middles[1]).max() < 0.3


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS)
def test_the_matrix_takes_the_polygon_back_to_the_page(seed: int) -> None:
    page, outline = page_with_field()
    background = np.zeros((50, 70, 3), np.uint8)
    scene = shrink(lay_page(page, [outline], background, RECIPE, np.random.default_rng(seed)), 320)
    back = transform(np.linalg.inv(scene.matrix), scene.outlines[0].polygon)
    np.testing.assert_allclose(back, outline.polygon, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_a_page_that_fits_lies_inside_the_photo(seed: int) -> None:
    recipe = CameraRecipe()
    corners = draw_corners((1400, 961), recipe, np.random.default_rng(seed))
    reach = np.ptp(corners, axis=0)
    for axis in (0, 1):
        if reach[axis] <= recipe.size[axis]:
            assert corners[:, axis].min() >= -1e-6
            assert corners[:, axis].max() <= recipe.size[axis] + 1e-6


def test_the_recipe_turns_about_one_in_five_upside_down() -> None:
    rng = np.random.default_rng(1)
    corners = [draw_corners((1400, 961), CameraRecipe(), rng) for _ in range(1000)]
    upside_down = sum(quad[0, 0] > quad[1, 0] for quad in corners)
    assert 150 < upside_down < 250


def test_a_seed_gives_the_same_scene_and_another_seed_another() -> None:
    page, outline = page_with_field()
    background = np.full((300, 300, 3), 90, np.uint8)
    noisy = CameraRecipe(size=(480, 360), page_scale=(0.8, 1.1))
    one, same, other = (
        lay_page(page, [outline], background, noisy, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.picture, same.picture)
    assert not np.array_equal(one.picture, other.picture)


@given(width=st.integers(1, 90), height=st.integers(1, 90), wide=st.integers(1, 90), high=st.integers(1, 90))
def test_a_background_of_any_shape_fills_the_photo(width: int, height: int, wide: int, high: int) -> None:
    covered = cover(np.full((height, width, 3), 200, np.uint8), (wide, high))
    assert covered.shape == (high, wide, 3)
    assert covered.min() == 200


@pytest.mark.parametrize(
    ("shift", "share"),
    [((10, 10), 1.0), ((-20, 10), 0.5), ((-20, -10), 0.25), ((-41, 0), 0.0), ((200, 0), 0.0)],
)
def test_clipping_says_how_much_of_a_polygon_is_inside(shift: tuple[int, int], share: float) -> None:
    inside, seen = clip_polygon(rectangle(40, 20) + shift, (100, 80))
    assert seen == pytest.approx(share, abs=1e-4)
    if share:
        assert polygon_area(inside) == pytest.approx(800 * share, rel=1e-3)
