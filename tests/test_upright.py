"""The lines of a machine-readable zone tell which way is up before any of them is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segocr import crops, geometry
from segocr.crops import Crop
from segocr.pages import Page
from segocr.reading.upright import one_way, stands_on_its_head
from segocr.regions import Region
from segocr.templates import Template, load_template

Found = list[tuple[Crop, list]]


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template("passport")


def zone(template: Template, degrees: float, names: tuple[str, ...] = ("mrz_line1", "mrz_line2")) -> Found:
    """Return crops of lines that stand one below the other, with the page turned clockwise."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    page = Page(1, np.zeros((800, 800, 3), np.uint8))
    found = []
    for place, name in enumerate(names):
        corners = (geometry.rectangle(440, 20) + np.array([-220, 40 * place])) @ turn + 400
        crop = crops.cut(page, Region(1, name, 0.9, corners.astype(np.float32)))
        found.append((crop, list(template.fields_of(name))))
    return found


def lines(*degrees: float) -> list[geometry.Points]:
    """Return lines of these angles in the direction that their long sides suggest."""
    angles = [np.radians(one) for one in degrees]
    turns = [np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) for a in angles]
    return [geometry.minimum_rectangle(geometry.rectangle(200, 20) @ turn) for turn in turns]


@pytest.mark.parametrize("page", [90, -90, 270])
def test_the_lines_of_a_page_on_its_side_read_one_way(page: float) -> None:
    found = lines(*(page + tilt for tilt in (-1.0, 0.5, 1.5, -0.2)))
    angles = [geometry.reading_angle(quad) for quad in one_way(found)]
    assert np.ptp(angles) < np.radians(3)


def test_lines_that_lie_otherwise_than_their_page_stay_as_they_are() -> None:
    found = lines(0, 2, -1, -80, 80, 45)
    for quad, same in zip(found, one_way(found), strict=True):
        np.testing.assert_array_equal(quad, same)
    assert one_way([]) == []


@pytest.mark.parametrize("degrees", [0, 25, -40, 80, -80])
def test_lines_in_their_order_stand_upright(template: Template, degrees: float) -> None:
    assert not stands_on_its_head(zone(template, degrees))
    assert stands_on_its_head(zone(template, degrees + 180))


def test_one_line_alone_tells_nothing(template: Template) -> None:
    assert not stands_on_its_head(zone(template, 180, ("mrz_line2",)))
    assert not stands_on_its_head([])


def test_lines_found_twice_in_contradiction_tell_nothing(template: Template) -> None:
    assert not stands_on_its_head(zone(template, 180, ("mrz_line1", "mrz_line2", "mrz_line1")))


def test_the_order_of_fields_that_no_standard_fixes_tells_nothing(template: Template) -> None:
    found = zone(template, 180)
    assert not stands_on_its_head(
        [(crop, [replace(one, checks=()) for one in specs]) for crop, specs in found]
    )
