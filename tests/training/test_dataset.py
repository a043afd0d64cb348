"""Prepared pictures depend on seed and number alone, and labels lie beside them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr.geometry import rectangle
from segocr.synthesis.backgrounds import surface
from segocr.synthesis.scenes import Outline
from segocr.training.dataset import Plan, ScenePlan, ViewPlan, write_photos, write_pictures
from segocr.training.labels import LabelledPage, read_yolo


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


@pytest.mark.parametrize("plan", [ScenePlan(("line",)), ViewPlan(("line",), mosaics=0.5)])
def test_processes_do_not_change_the_pictures(pages: list[LabelledPage], plan: Plan, tmp_path: Path) -> None:
    for processes in (1, 2):
        write_pictures(pages, [], plan, tmp_path / str(processes), "train", range(6), 7, processes)
    names = sorted(path.name for path in (tmp_path / "1/images/train").iterdir())
    assert names == [f"{number:06d}.jpg" for number in range(6)]
    for name in names:
        one, two = ((tmp_path / str(n) / "images/train" / name).read_bytes() for n in (1, 2))
        assert one == two
    data = json.loads((tmp_path / "1/data.yaml").read_text("utf-8"))
    assert data["names"] == {"0": "line"}


def test_pictures_of_a_plan_have_one_size_so_that_they_can_be_shuffled(pages: list[LabelledPage]) -> None:
    plan = ScenePlan(("line",), flat=0.5)
    assert {plan.make(number, pages, [], 0).size for number in range(8)} == {(640, 480)}


def test_photos_to_check_on_are_only_shrunk(pages: list[LabelledPage], tmp_path: Path) -> None:
    write_photos(pages, tmp_path / "out", "val", ("line",), 350)
    picture = cv2.imread(str(tmp_path / "out/images/val/000001.jpg"))
    assert picture.shape == (240, 350, 3)
    (outline,) = read_yolo((tmp_path / "out/labels/val/000001.txt").read_text("utf-8"), (350, 240), ("line",))
    np.testing.assert_allclose(outline.polygon, pages[1].outlines[0].polygon / 2, atol=1e-3)
