"""Strips show the text of a region upright at any tilt and scale."""

import cv2
import numpy as np
import pytest

from segocr import crops, geometry
from segocr.pages import Page
from segocr.reading import lines
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


@pytest.mark.parametrize("degrees", [0, 20, -55, 90])
def test_a_patch_ends_where_the_page_does(degrees):
    page, corners = scene(degrees, 1.0)
    crop = crops.cut(page, Region(1, "line", 0.9, corners.astype(np.float32)))
    outline = geometry.transform(
        crop.to_page, geometry.rectangle(crop.patch.shape[1], crop.patch.shape[0]).astype(np.float64)
    )
    # A line of 400 by 60 px in the middle of 1000 px: margins of 480 px at either end would leave the page.
    band = 60 + 2 * 0.9 * 60
    beyond = band * abs(np.tan(np.radians(degrees))) if abs(degrees) < 45 else band
    assert outline.min() > -beyond - 1
    assert outline.max() < 1000 + beyond + 1


def test_a_patch_has_its_whole_margins_where_the_page_goes_on():
    page = Page(1, np.zeros((1000, 2000, 3), np.uint8))
    line = np.array([[900, 500], [1100, 500], [1100, 520], [900, 520]], np.float32)
    crop = crops.cut(page, Region(1, "line", 0.9, line))
    (left, top), (right, bottom) = geometry.transform(
        crop.to_page, np.array([[0.0, 0.0], [crop.patch.shape[1], crop.patch.shape[0]]])
    )
    np.testing.assert_allclose([left, top, right, bottom], [700, 482, 1300, 538], atol=1)


def test_a_line_is_followed_to_the_edge_of_its_page():
    image = np.full((300, 1000, 3), 255, np.uint8)
    cv2.putText(image, "FOUND ONLY IN PART AND LONG", (30, 160), cv2.FONT_HERSHEY_SIMPLEX, 2.1, (0, 0, 0), 5)
    first = np.array([[20, 112], [520, 112], [520, 166], [20, 166]], np.float32)
    crop = crops.cut(Page(1, image), Region(1, "line", 0.9, first))
    found = geometry.transform(crop.to_page, lines.lengthened(crop, crop.quad))
    print_right = np.flatnonzero((image < 128).any(axis=(0, 2))).max()
    assert found[:, 0].max() == pytest.approx(print_right, abs=15)
