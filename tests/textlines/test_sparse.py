"""Heads for pages with little text look at its areas alone, and at the whole page where that leaves doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_notes import draw_notes

from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.overlap import overlap
from segocr.pages import Page
from segocr.regions import Region
from segocr.steps.client import Steps
from segocr.steps.contract import Image, LinePolygon, OcrModel
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import load_template
from segocr.textlines.head import Head, load_head
from segocr.textlines.lines import find_lines
from segocr.textlines.segmenting import segment
from segocr.training.heads.examples import gather, is_sparse

OCR = OcrModel("openvino", "PP-OCRv6_small")
PLATES = Path(__file__).parents[2] / "templates" / "license_plate"
GOLDEN = read_labels(PLATES / "golden", None)


class AwareSteps(Steps):
    """Steps that note how pages were looked at, and may see nothing in areas."""

    def __init__(self) -> None:
        super().__init__(shared=False)
        self.looks: list[bool] = []
        self.blind = False

    def detect(
        self, pages: Sequence[Image], model: OcrModel, *, side: int | None = None, areas: bool = False
    ) -> list[list[LinePolygon]]:
        self.looks.append(areas)
        if areas and self.blind:
            return [[] for _ in pages]
        return super().detect(pages, model, side=side, areas=areas)


@pytest.fixture(scope="module")
def _aware(openvino: Callable[[], Path]) -> Iterator[AwareSteps]:
    openvino()
    with AwareSteps() as steps:
        yield steps


@pytest.fixture
def aware(_aware: AwareSteps) -> AwareSteps:
    _aware.looks, _aware.blind = [], False
    return _aware


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head(PLATES / "head.npz")


def found(document: LabelledDocument, regions: Sequence[Region]) -> bool:
    [label] = document.labels
    return any(overlap(label.polygons, [one.polygon], document.size).covered >= 0.5 for one in regions)


def test_photos_of_cars_are_sparse_and_notes_are_not(aware: AwareSteps, tmp_path: Path, head: Head) -> None:
    draw_notes(tmp_path / "notes", 3)
    assert is_sparse(GOLDEN, aware, OCR)
    assert not is_sparse(read_labels(tmp_path / "notes", None), aware, OCR)
    assert not is_sparse([], aware, OCR)
    assert head.card.sparse


@pytest.mark.parametrize("document", GOLDEN, ids=lambda document: document.id)
def test_lines_of_areas_are_those_of_the_whole_page(aware: AwareSteps, document: LabelledDocument) -> None:
    page = Page(1, read_picture(document.path))
    [by_areas], [whole] = (find_lines([page], aware, OCR, areas=areas) for areas in (True, False))
    [label] = document.labels
    covered = [
        max(overlap(label.polygons, [one.quad], document.size).covered for one in lines)
        for lines in (by_areas, whole)
    ]
    assert covered[0] == pytest.approx(covered[1], abs=0.1)
    assert min(covered) > 0.4  # labels are of plates with their frames
    assert aware.looks == [True, False]


def test_a_sparse_head_looks_at_areas_alone_where_that_is_enough(aware: AwareSteps, head: Head) -> None:
    template = load_template("license_plate")
    document = GOLDEN[0]
    page = Page(1, read_picture(document.path))
    (regions,) = segment([page], template, head, aware, OCR)
    assert found(document, regions)
    assert aware.looks == [True]
    (regions,) = segment([page], template, replace(head, card=replace(head.card, sparse=False)), aware, OCR)
    assert found(document, regions)
    assert aware.looks == [True, False]


def test_what_areas_do_not_show_a_whole_look_does(aware: AwareSteps, head: Head, tmp_path: Path) -> None:
    template = load_template("license_plate")
    aware.blind = True
    document = GOLDEN[0]
    page = Page(1, read_picture(document.path))
    (regions,) = segment([page], template, head, aware, OCR)
    assert found(document, regions)
    assert aware.looks == [True, False]
    # So do pages to learn from, whose labels would lie on nothing, but not pages to be tested on.
    [learned] = gather([document], template, aware, OCR, tmp_path, areas=True)
    [tested] = gather([document], template, aware, OCR, tmp_path, areas=True, closer=False)
    assert (len(learned.marked.missed), len(tested.marked.missed)) == (0, 1)
    assert np.count_nonzero(learned.marked.classes)
