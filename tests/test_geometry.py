"""Corners keep one order at every tilt, and matrices map there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr import geometry


def tilted(width: float, height: float, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (geometry.rectangle(width, height) - [width / 2, height / 2]) @ turn + 500


@given(
    degrees=st.floats(-89, 89),
    ratio=st.floats(1.5, 40),
    shift=st.integers(0, 3),
    mirrored=st.booleans(),
)
def test_a_rectangle_reads_to_the_right_along_its_long_side(degrees, ratio, shift, mirrored):
    quad = tilted(20 * ratio, 20, degrees)
    shuffled = np.roll(quad[::-1] if mirrored else quad, shift, axis=0)
    np.testing.assert_allclose(geometry.order_corners(shuffled), quad, atol=1e-6)
    assert np.degrees(geometry.reading_angle(geometry.order_corners(shuffled))) == pytest.approx(
        degrees, abs=1e-6
    )


@given(degrees=st.floats(-89, 89), ratio=st.floats(1.5, 40))
def test_the_least_rectangle_around_a_rectangle_is_itself(degrees, ratio):
    quad = tilted(20 * ratio, 20, degrees)
    inside = quad.mean(axis=0) + (quad - quad.mean(axis=0)) * np.linspace(0, 0.9, 5)[:, None, None]
    found = geometry.minimum_rectangle(np.vstack([quad, inside.reshape(-1, 2)]))
    np.testing.assert_allclose(found, quad, atol=1e-6)


@given(degrees=st.floats(-180, 180))
def test_a_known_direction_decides_for_a_square(degrees):
    quad = tilted(30, 30, degrees)
    np.testing.assert_allclose(
        geometry.order_corners(quad[[2, 0, 3, 1]], upright=np.radians(degrees)), quad, atol=1e-6
    )


@given(
    jitter=st.lists(st.floats(-20, 20), min_size=8, max_size=8),
    degrees=st.floats(-180, 180),
)
def test_a_homography_maps_its_points_and_back(jitter, degrees):
    quad = tilted(300, 100, degrees) + np.array(jitter).reshape(4, 2)
    matrix = geometry.homography(geometry.rectangle(96, 48), quad)
    np.testing.assert_allclose(geometry.transform(matrix, geometry.rectangle(96, 48)), quad, atol=1e-6)
    back = geometry.transform(np.linalg.inv(matrix), geometry.transform(matrix, quad))
    np.testing.assert_allclose(back, quad, atol=1e-4)


def test_turning_twice_changes_nothing():
    quad = tilted(300, 40, 17)
    np.testing.assert_array_equal(geometry.turned(geometry.turned(quad)), quad)
    assert abs(geometry.reading_angle(geometry.turned(quad)) - geometry.reading_angle(quad)) == pytest.approx(
        np.pi
    )


def test_growing_moves_each_side_by_its_own_margin():
    grown = geometry.grown(geometry.rectangle(100, 20), 1, 2, 3, 4)
    np.testing.assert_allclose(grown, [[-1, -2], [103, -2], [103, 24], [-1, 24]])


@pytest.mark.parametrize("points", [[[0, 0], [1, 1], [2, 2]], [[3, 3], [3, 3], [3, 3]]])
def test_points_on_one_line_have_no_rectangle(points):
    with pytest.raises(ValueError, match="on one line"):
        geometry.minimum_rectangle(points)


@pytest.mark.parametrize(
    ("points", "flat"),
    [
        ([[0, 0], [9, 9], [3, 3]], True),
        ([[5, 5]] * 4, True),
        ([[0, 0], [500, 0], [500, 1e-4], [0, 1e-4]], True),
        ([[0, 0], [9, 0], [float("nan"), 4]], True),
        ([[0, 0], [500, 0], [500, 0.5], [0, 0.5]], False),
        ([[0, 0], [9, 0], [4, 4]], False),
        ([[0, 0], [4, 4], [4, 0], [0, 4]], False),
    ],
)
def test_what_encloses_no_area_is_flat(points, flat):
    assert geometry.is_flat(points) is flat
