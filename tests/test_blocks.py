"""Lines that were found one by one become the block that they are; what stands elsewhere stays alone."""

from __future__ import annotations

import numpy as np
import pytest

from segocr.finding.blocks import joined
from segocr.geometry import reading_angle
from segocr.regions import Region


def line(
    x: float, y: float, width: float = 200, height: float = 20, name: str = "address", score: float = 0.8
):
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return Region(1, name, score, np.array(corners, np.float32))


def turned(region: Region, degrees: float) -> Region:
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Region(1, region.class_name, region.score, (region.polygon @ matrix.T).astype(np.float32))


def many(name: str) -> bool:
    return name == "address"


@pytest.mark.parametrize("degrees", [0, 20, -70])
def test_lines_under_each_other_become_one_region_in_reading_order(degrees: float) -> None:
    lines = [turned(line(40, y), degrees) for y in (128, 100, 156)]
    (block,) = joined(lines, many)
    assert len(block.lines) == 3
    assert block.score == pytest.approx(0.8)
    down = np.array([-np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))])
    heights = [float(quad.mean(axis=0) @ down) for quad in block.lines]
    assert heights == sorted(heights)
    assert reading_angle(block.lines[0]) == pytest.approx(np.deg2rad(degrees), abs=0.01)


def test_lines_of_a_page_on_its_side_are_one_region_although_each_is_tilted_a_little() -> None:
    lines = [turned(line(40, y), 90 + tilt) for y, tilt in ((128, 0.3), (100, -0.3), (156, 0.2))]
    (block,) = joined(lines, many)
    assert len(block.lines) == 3
    across = [float(quad.mean(axis=0)[0]) for quad in block.lines]
    assert across == sorted(across, reverse=True)


def test_two_halves_of_a_row_are_read_from_left_to_right() -> None:
    (block,) = joined([line(250, 101), line(40, 100), line(40, 128)], many)
    assert [round(float(quad[0, 0])) for quad in block.lines] == [40, 250, 40]


@pytest.mark.parametrize(
    "other",
    [
        line(40, 300),
        line(40, 130, height=60),
        line(600, 128),
        turned(line(40, 128), 30),
        line(40, 128, name="total"),
    ],
    ids=["far below", "of other size", "in another column", "of another tilt", "of another class"],
)
def test_what_is_no_neighbour_stays_alone(other: Region) -> None:
    alone = line(40, 100)
    found = joined([alone, other], many)
    assert len(found) == 2
    assert all(len(region.lines) <= 1 for region in found)


def test_a_line_alone_is_known_to_be_one_where_others_are_as_high() -> None:
    total, block = line(400, 900, name="total"), line(40, 100, height=80)
    assert [len(region.lines) for region in joined([line(40, 100), total], many)] == [1, 0]
    assert [len(region.lines) for region in joined([block, total, total], many)] == [0, 0, 0]


def test_a_line_that_is_hardly_sure_spoils_no_block() -> None:
    (block,) = joined([line(40, 100), line(40, 112, score=0.2), line(40, 128)], many)
    assert [round(float(quad[0, 1])) for quad in block.lines] == [100, 128]
    (only,) = joined([line(40, 128, score=0.2)], many)
    assert len(only.lines) == 1


def test_of_two_regions_on_one_place_the_surer_one_is_read() -> None:
    short, long = line(40, 100, score=0.9), line(40, 102, width=260, score=0.6)
    (kept,) = joined([long, short], many)
    assert kept.score == pytest.approx(0.9)
    assert np.ptp(kept.lines[0][:, 0]) == pytest.approx(200)


def test_classes_of_one_line_are_left_alone() -> None:
    lines = [line(40, 100, name="total"), line(40, 128, name="total")]
    assert joined(lines, many) == lines
