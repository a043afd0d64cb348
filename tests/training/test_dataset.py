"""Prepared pictures depend on seed and number alone, and labels lie beside them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr.errors import ConfigurationError
from segocr.geometry import rectangle
from segocr.synthesis.backgrounds import surface
from segocr.synthesis.scenes import Outline
from segocr.training.data import TrainingData
from segocr.training.dataset import prepare, write_data_yaml, write_pictures
from segocr.training.labels import LabelledPage
from segocr.training.plans import (
    CameraPlan,
    Kind,
    Plan,
    ReadyPlan,
    ScanPlan,
    ViewPlan,
    canvas,
    padding_for,
    plan_for,
)


@pytest.fixture
def pages(tmp_path: Path) -> list[LabelledPage]:
    """Two labelled pages on disk."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(2):
        path = tmp_path / f"page{number}.png"
        cv2.imwrite(str(path), surface((700, 480), rng))
        outline = Outline("line", rectangle(500, 12) + np.array([100, 400]))
        made.append(LabelledPage(str(number), path, (700, 480), (outline,)))
    return made


@pytest.mark.parametrize(
    "plan",
    [CameraPlan(("line",)), ScanPlan(("line",)), ReadyPlan(("line",)), ViewPlan(("line",), mosaics=0.5)],
)
def test_processes_do_not_change_the_pictures(pages: list[LabelledPage], plan: Plan, tmp_path: Path) -> None:
    for processes in (1, 2):
        write_pictures(pages, [], plan, tmp_path / str(processes), "train", range(6), 7, processes)
    names = sorted(path.name for path in (tmp_path / "1/images/train").iterdir())
    assert names == [f"{number:06d}.jpg" for number in range(6)]
    for name in names:
        one, two = ((tmp_path / str(n) / "images/train" / name).read_bytes() for n in (1, 2))
        assert one == two
    write_data_yaml(tmp_path / "1", plan.classes)
    data = json.loads((tmp_path / "1/data.yaml").read_text("utf-8"))
    assert data["names"] == {"0": "line"}


@pytest.mark.parametrize("kind", list(Kind))
def test_pictures_of_a_plan_have_one_size_so_that_they_can_be_shuffled(
    pages: list[LabelledPage], kind: Kind
) -> None:
    plan = plan_for(kind, ("line",), pages, 320, padding=0.1)
    (size,) = {plan.make(number, pages, [], 0).size for number in range(8)}
    assert max(size) == 320


@pytest.mark.parametrize("kind", list(Kind))
def test_a_page_without_labels_is_a_picture_without_regions(pages: list[LabelledPage], kind: Kind) -> None:
    bare = replace(pages[0], outlines=())
    plan = plan_for(kind, ("line",), [bare, pages[1]], 320, padding=0.0)
    assert plan.make(0, [bare], [], 0).outlines == ()


def test_ready_pictures_are_only_shrunk(pages: list[LabelledPage]) -> None:
    scene = ReadyPlan(("line",), (352, 256)).make(1, pages, [], 0)
    assert scene.size == (352, 256)
    np.testing.assert_allclose(scene.outlines[0].polygon, pages[1].outlines[0].polygon * 352 / 700, atol=0.5)


@pytest.mark.parametrize(("size", "expected"), [((700, 480), (640, 448)), ((300, 900), (224, 640))])
def test_tall_and_wide_pages_get_pictures_of_their_shape(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    page = LabelledPage("x", Path("x"), size, ())
    assert canvas([page], 640) == expected


def test_thin_lines_are_widened_and_thick_ones_are_not(pages: list[LabelledPage]) -> None:
    assert padding_for(pages, 350) == 0.3
    assert padding_for(pages, 700) == 0.0


def test_pictures_are_drawn_once_and_a_killed_drawing_is_not_taken_for_a_whole_one(
    pages: list[LabelledPage], tmp_path: Path
) -> None:
    data = TrainingData(("line",), tuple(pages), (pages[0],), (), "digest", "", {})
    plan = plan_for(Kind.SCANS, ("line",), pages, 160, padding=0.0)
    first = prepare(data, plan, [], tmp_path, 3, processes=1)
    drawn = first.parent / "images/train/000002.jpg"
    told = drawn.stat().st_mtime_ns
    assert prepare(data, plan, [], tmp_path, 3, processes=1) == first
    assert drawn.stat().st_mtime_ns == told
    first.parent.rename(tmp_path / f"{first.parent.name}.new")
    assert prepare(data, plan, [], tmp_path, 3, processes=1) == first
    assert drawn.stat().st_mtime_ns != told
    assert prepare(data, plan, [], tmp_path, 4, processes=1) != first
    assert json.loads(first.read_text("utf-8"))["path"] == str(first.parent)


def test_a_disk_without_room_is_refused_before_anything_is_drawn(
    pages: list[LabelledPage], tmp_path: Path
) -> None:
    data = TrainingData(("line",), tuple(pages), (pages[0],), (), "digest", "", {})
    plan = plan_for(Kind.SCANS, ("line",), pages, 160, padding=0.0)
    with pytest.raises(ConfigurationError, match="MB free") as caught:
        prepare(data, plan, [], tmp_path / "prepared", 10**14, processes=1)
    assert caught.value.code == "disk-full"
    assert "--count" in caught.value.hint
    assert not (tmp_path / "prepared").exists()
