"""Strips show the text of a region upright at any tilt and scale."""

import cv2
import numpy as np
import pytest

from segocr import crops, geometry
from segocr.pages import Page
from segocr.regions import Region


def chart(height: int = 60, width: int = 400) -> np.ndarray:
    """A line-shaped picture that differs at both ends and both edges."""
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[: height // 2, : width // 4] = (0, 0, 255)
    picture[height // 2 :, width // 2 :] = (255, 0, 0)
    return picture


def scene(degrees: float, scale: float) -> tuple[Page, np.ndarray]:
    source = chart()
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * scale
    corners = (geometry.rectangle(400, 60) - [200, 30]) @ turn + 500
    matrix = geometry.homography(geometry.rectangle(400, 60), corners)
    half, back = np.eye(3), np.eye(3)
    half[:2, 2], back[:2, 2] = 0.5, -0.5
    image = cv2.warpPerspective(
        source, back @ matrix @ half, (1000, 1000), flags=cv2.INTER_AREA, borderValue=(90, 90, 90)
    )
    return Page(1, image), corners


@pytest.mark.parametrize("degrees", [0, 7, -31, 62, 88])
@pytest.mark.parametrize("scale", [0.4, 1.0, 2.0])
def test_a_strip_is_the_region_turned_upright(degrees, scale):
    page, corners = scene(degrees, scale)
    region = Region(1, "line", 0.9, corners.astype(np.float32))
    crop = crops.cut(page, region)
    strip = crops.strip(crop, crop.quad, crops.Margins(0, 0))
    assert strip.shape == (crops.STRIP_HEIGHT, pytest.approx(320, abs=4), 3)
    wanted = cv2.resize(chart(), strip.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(strip.astype(int) - wanted)[4:-4, 4:-4].mean() < 8


def test_a_turned_quad_gives_the_strip_upside_down():
    page, corners = scene(20, 1.0)
    crop = crops.cut(page, Region(1, "line", 0.9, corners.astype(np.float32)))
    upright = crops.strip(crop, crop.quad)
    upside_down = crops.strip(crop, geometry.turned(crop.quad))
    assert np.abs(upright[::-1, ::-1].astype(int) - upside_down).mean() < 2


def test_the_matrix_leads_back_to_the_page():
    page, corners = scene(-25, 1.3)
    crop = crops.cut(page, Region(1, "line", 0.9, corners.astype(np.float32)))
    np.testing.assert_allclose(geometry.transform(crop.to_page, crop.quad), corners, atol=0.05)


def test_a_region_at_the_border_is_filled_with_the_nearest_pixels():
    page = Page(1, np.full((50, 200, 3), 128, np.uint8))
    crop = crops.cut(
        page, Region(1, "line", 0.9, np.array([[-5, -5], [100, -5], [100, 20], [-5, 20]], np.float32))
    )
    assert (crop.patch == 128).all()
