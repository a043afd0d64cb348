"""The refitted quadrilateral lies on the line of text, wherever the rough one lay."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr import crops, geometry
from segocr.pages import Page
from segocr.reading.refit import refit
from segocr.regions import Region

TEXT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<"


def line_of_text(degrees: float) -> tuple[Page, np.ndarray]:
    """Print a line on a tilted page; return it and the quad of its ink."""
    sheet = np.full((200, 1200, 3), 230, np.uint8)
    cv2.putText(sheet, TEXT, (100, 120), cv2.FONT_HERSHEY_PLAIN, 2.5, (20, 20, 20), 3, cv2.LINE_AA)
    ink_rows, ink_columns = np.nonzero(sheet[..., 0] < 120)
    ink = np.array(
        [
            [ink_columns.min(), ink_rows.min()],
            [ink_columns.max() + 1, ink_rows.min()],
            [ink_columns.max() + 1, ink_rows.max() + 1],
            [ink_columns.min(), ink_rows.max() + 1],
        ],
        dtype=float,
    )
    turn = cv2.getRotationMatrix2D((600, 100), -degrees, 1.0)
    turn[:, 2] += (100, 550)
    image = cv2.warpAffine(sheet, turn, (1400, 1300), borderValue=(230, 230, 230))
    return Page(1, image), ink @ turn[:, :2].T + turn[:, 2]


@settings(max_examples=25, deadline=None)
@given(
    degrees=st.floats(-40, 40),
    tilt=st.floats(-0.8, 0.8),
    shift=st.tuples(st.floats(-0.4, 0.4), st.floats(-0.3, 0.3)),
    taller=st.floats(0.8, 1.6),
)
def test_it_finds_the_line_near_a_rough_quad(degrees, tilt, shift, taller):
    page, quad = line_of_text(degrees)
    height = geometry.quad_size(quad)[1]
    axes = np.array([quad[1] - quad[0], quad[3] - quad[0]])
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    local = (quad - quad.mean(axis=0)) @ axes.T * [1.0, taller]
    spin = np.radians(tilt)
    local = local @ np.array([[np.cos(spin), np.sin(spin)], [-np.sin(spin), np.cos(spin)]])
    rough = (local + np.array(shift) * height) @ axes + quad.mean(axis=0)
    crop = crops.cut(page, Region(1, "line", 0.9, rough.astype(np.float32)))
    found = refit(crop, crop.quad)
    assert found is not None
    error = (geometry.transform(crop.to_page, found) - quad) @ axes.T / height
    assert np.abs(error[:, 1]).max() < 0.3
    assert np.abs(error[:, 0]).max() < 0.9


def test_a_plain_surface_has_no_line():
    page = Page(1, np.full((200, 600, 3), 128, np.uint8))
    crop = crops.cut(
        page, Region(1, "line", 0.9, np.array([[50, 50], [500, 50], [500, 90], [50, 90]], np.float32))
    )
    assert refit(crop, crop.quad) is None


@pytest.mark.parametrize("size", [(10, 30), (3, 1)])
def test_a_region_that_is_no_line_is_left_alone(size):
    page = Page(1, np.full((200, 600, 3), 128, np.uint8))
    crop = crops.cut(
        page, Region(1, "x", 0.9, np.array([[50, 50], [500, 50], [500, 90], [50, 90]], np.float32))
    )
    assert refit(crop, geometry.rectangle(*size)) is None
