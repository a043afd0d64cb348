"""Which pages are left out together, and what more would bring: nothing is promised that nobody knows."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr.evaluation.labels import LabelledDocument
from segocr.training.heads.outlook import Kin, deal, expected_gain, kin_of, strangers


def drawn(folder: Path, name: str, shade: int, group: str | None = None) -> LabelledDocument:
    """Write a picture of one shade."""
    cv2.imwrite(str(folder / name), np.full((8, 9, 3), shade, np.uint8))
    return LabelledDocument(name, folder / name, (9, 8), (), group=group)


def test_pages_of_one_group_and_pictures_of_the_same_pixels_are_kin(tmp_path: Path) -> None:
    documents = [
        drawn(tmp_path, "a.png", 1),
        drawn(tmp_path, "b.png", 2, "x"),
        drawn(tmp_path, "c.bmp", 1, "y"),
        drawn(tmp_path, "d.png", 3, "y"),
        drawn(tmp_path, "e.png", 4, "x"),
        drawn(tmp_path, "f.png", 5),
        drawn(tmp_path, "g.png", 6),
    ]
    kin = kin_of(documents, [True] * 5 + [False, True])
    assert kin.groups.tolist() == [0, 1, 0, 0, 1, -1, 2]
    assert np.flatnonzero(kin.copies).tolist() == [2]
    assert kin.count == 3


def test_kin_are_left_out_together_and_copies_are_not_counted() -> None:
    kin = Kin(np.array([0, 0, 1, -1, 2, 3, 4, 5, 6, 7]), np.array([False, True] + [False] * 8))
    dealt = deal(kin, seed=0)
    assert dealt.folds[0] == dealt.folds[1]
    assert dealt.folds[3] == -1
    assert set(dealt.folds.tolist()) == {-1, 0, 1, 2, 3, 4, 5}
    assert dealt.sizes == (2, 4)
    for plot in dealt.plots:
        assert plot[0] == plot[1]
        assert not plot[3]


def test_of_two_groups_none_is_left_out() -> None:
    dealt = deal(Kin(np.array([0, 1, 1, 1, -1]), np.zeros(5, bool)), seed=0)
    assert (dealt.folds == -1).all()
    assert dealt.sizes == ()


def test_strangers_are_dealt_one_by_one() -> None:
    dealt = deal(strangers(12), seed=0)
    assert np.bincount(dealt.folds).tolist() == [2] * 6
    assert dealt.sizes == (3, 6)


def test_errors_that_fall_as_a_power_of_the_pages_go_on_falling() -> None:
    curve = [(pages, 1 - 0.8 * pages**-0.5) for pages in (5, 10, 20)]
    assert expected_gain(curve, 60) == pytest.approx(0.8 * 20**-0.5 / 2)
    assert expected_gain(curve, 20) < expected_gain(curve, 60)  # type: ignore[operator]


def test_a_level_or_falling_curve_promises_nothing() -> None:
    assert expected_gain([(5, 0.8), (10, 0.8), (20, 0.8)]) == pytest.approx(0.0, abs=1e-12)
    assert expected_gain([(5, 0.9), (20, 0.8)]) == pytest.approx(0.0)


@pytest.mark.parametrize("curve", [[], [(20, 0.7)], [(10, 0.9), (20, 1.0)]])
def test_of_one_point_or_a_perfect_head_nothing_is_said(curve: list[tuple[int, float]]) -> None:
    assert expected_gain(curve) is None
