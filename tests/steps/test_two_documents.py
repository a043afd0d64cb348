"""Two passports in one file: whatever is accepted comes from one of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr.evaluation.labels import read_labels
from segocr.extraction import extract
from segocr.finding.elsewhere import elsewhere
from segocr.geometry import rectangle
from segocr.records import Record
from segocr.regions import Region
from segocr.synthesis.backgrounds import read_picture

GOLDEN = Path(__file__).parents[2] / "templates" / "passport" / "golden"
DOCUMENTS = read_labels(GOLDEN, None)
OWNER = {label.value: document.id for document in DOCUMENTS for label in document.labels}


def region(name: str, score: float, y: float) -> Region:
    return Region(1, name, score, (rectangle(90, 20) + np.array([0.0, y])).astype(np.float32))


def owners(record: Record) -> set[str | None]:
    values = [record.fields[name][0].value for name in ("mrz_line1", "mrz_line2")]
    return {OWNER.get(value) for value in values if value is not None}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Neighbouring golden photos, as two pages and as one picture."""
    folder = tmp_path_factory.mktemp("two")
    for number, (one, other) in enumerate(pairwise(DOCUMENTS)):
        pictures = [read_picture(document.path) for document in (one, other)]
        cv2.imwritemulti(str(folder / f"pages{number}.tif"), pictures)
        cv2.imwrite(str(folder / f"picture{number}.jpg"), np.vstack(pictures))
    return sorted(folder.iterdir())


def test_no_record_of_two_passports_mixes_them_and_is_accepted(
    environment: Callable[[str], Path], files: list[Path]
) -> None:
    for name in ("open", "openvino", "validate"):
        environment(name)
    records = list(extract(files, template="passport"))
    assert len(records) == 2 * (len(DOCUMENTS) - 1)
    assert [record.file.name for record in records if record.accepted and len(owners(record)) != 1] == []
    of_pages = [record for record in records if record.file.suffix == ".tif"]
    # Both pages are read, so a person is asked which one is meant.
    assert [record.accepted for record in of_pages] == [False] * len(of_pages)
    assert all(len(owners(record)) == 1 for record in of_pages)
    codes = {problem.code for problem in of_pages[0].fields["surname"][0].problems}
    assert codes == {"several-candidates"}


def test_a_second_document_lies_apart_and_is_as_sure() -> None:
    taken = [region("a", 0.9, 0), region("b", 0.8, 30)]
    others = [
        region("a", 0.8, 500),  # another document's
        region("a", 0.3, 900),  # hardly one
        region("a", 0.8, 32),  # the line of b
        region("b", 0.5, 530),
        region("b", 0.5, 533),  # the same place again
    ]
    assert elsewhere(others, taken) == [True, False, False, True, False]
