from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from evaluation_samples import box, label

from segocr.evaluation.damage import CLEAN, DAMAGES, Damage, damage_documents, line_height
from segocr.evaluation.labels import LabelledDocument


@pytest.fixture
def page(tmp_path: Path) -> LabelledDocument:
    """A white page with a black bar of 400 × 40 pixels, which the label covers."""
    picture = np.full((300, 600, 3), 255, np.uint8)
    cv2.rectangle(picture, (100, 100), (499, 139), (0, 0, 0), cv2.FILLED)
    cv2.imwrite(str(tmp_path / "page.png"), picture)
    bar = label("BAR", box(100, 100, 400, 40))
    return LabelledDocument("page", tmp_path / "page.png", (600, 300), (bar,))


def picture_of(document: LabelledDocument) -> np.ndarray:
    return cv2.imread(str(document.path), cv2.IMREAD_GRAYSCALE).astype(float)


def test_a_clean_document_is_the_document_itself(page: LabelledDocument, tmp_path: Path) -> None:
    assert damage_documents([page], CLEAN, tmp_path) == [page]


@pytest.mark.parametrize("damage", DAMAGES[1:], ids=lambda damage: damage.name)
def test_the_label_still_lies_on_its_print_and_the_seed_repeats_the_damage(
    page: LabelledDocument, tmp_path: Path, damage: Damage
) -> None:
    (damaged,) = damage_documents([page], damage, tmp_path)
    first = damaged.path.read_bytes()
    picture = picture_of(damaged)
    assert damaged.size == (picture.shape[1], picture.shape[0])
    inside = np.zeros(picture.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(damaged.labels[0].polygons[0]).astype(np.int32)], 1)
    assert picture[inside == 1].mean() < 90
    assert picture[inside == 0].mean() > 200
    assert damage.line is None or line_height(damaged.labels) == pytest.approx(damage.line, abs=0.5)
    (again,) = damage_documents([page], damage, tmp_path)
    assert again.path.read_bytes() == first


def test_small_print_is_never_enlarged_and_noise_is_as_strong_as_named(
    page: LabelledDocument, tmp_path: Path
) -> None:
    (damaged,) = damage_documents([page], Damage("noise", line=100.0, noise=20.0), tmp_path)
    assert damaged.size == page.size
    bar = picture_of(damaged)[110:130, 110:490]
    # Black is cut off below 0: of a normal distribution so halved the deviation is 0.58 of the whole.
    assert bar.std() == pytest.approx(0.58 * 20.0, rel=0.1)
