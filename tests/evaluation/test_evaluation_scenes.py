from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from evaluation_samples import box, label

from segocr.errors import UsageError
from segocr.evaluation.labels import LabelledDocument
from segocr.evaluation.run import widen
from segocr.evaluation.scenes import make_scenes


@pytest.fixture
def flat(tmp_path: Path) -> LabelledDocument:
    """A white page with one black bar, which the label covers."""
    page = np.full((961, 1400, 3), 255, np.uint8)
    cv2.rectangle(page, (200, 700), (1200, 760), (0, 0, 0), cv2.FILLED)
    cv2.imwrite(str(tmp_path / "flat.png"), page)
    bar = label("BAR", box(200, 700, 1000, 60), name="bar")
    return LabelledDocument("flat", tmp_path / "flat.png", (1400, 961), (bar,))


def test_labels_move_with_the_page_and_the_seed_repeats_it(flat: LabelledDocument, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.full((600, 800, 3), 200, np.uint8))
    first = make_scenes([flat], [photo], tmp_path, count=3)
    pictures = [one.path.read_bytes() for one in first]
    assert [one.id for one in first] == ["flat#0", "flat#1", "flat#2"]
    for scene in first:
        image = cv2.imread(str(scene.path), cv2.IMREAD_GRAYSCALE)
        inside = np.zeros_like(image)
        cv2.fillPoly(inside, [np.round(widen(scene.labels[0].polygons[0], -0.2)).astype(np.int32)], 1)
        assert scene.size == (1600, 1200)
        assert image[inside == 1].mean() < 60  # the bar lies under its label
        assert image[inside == 0].mean() > 120
    make_scenes([flat], [photo], tmp_path, count=3)
    assert [one.path.read_bytes() for one in first] == pictures
    assert len(set(pictures)) == 3


def test_pages_need_something_to_lie_on(flat: LabelledDocument, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no photos"):
        make_scenes([flat], [], tmp_path)
