"""The first head leaves out lines that cannot be a field, and nothing where it knows too little."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_notes import TEMPLATE, draw_notes

from segocr import crops
from segocr.crops import Crop
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.geometry import rectangle
from segocr.pages import Page
from segocr.reading.recognition import read_pages
from segocr.regions import Region
from segocr.steps.client import Steps
from segocr.steps.contract import Image, OcrModel, StripReading
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template, load_template
from segocr.textlines import segmenting
from segocr.textlines.head import Head
from segocr.textlines.lines import TextLine, find_lines
from segocr.textlines.segmenting import segment, surest
from segocr.textlines.worth import KEPT, as_seen, chosen, thresholds
from segocr.training.heads.examples import Example, gather
from segocr.training.heads.train import train_on
from segocr.training.heads.worth import learn_worth

OCR = OcrModel("openvino", "PP-OCRv6_small")
UNSEEN = 2


class CountingSteps(Steps):
    """Steps that know how many strips were read."""

    strips = 0

    def read(self, strips: Sequence[Image], *args: object, **more: object) -> list[StripReading]:
        self.strips += len(strips)
        return super().read(strips, *args, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def counting(openvino: Callable[[], Path]) -> Iterator[CountingSteps]:
    openvino()
    with CountingSteps(shared=False) as steps:
        yield steps


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledDocument]:
    folder = tmp_path_factory.mktemp("drawn") / "notes"
    draw_notes(folder, 22)
    return read_labels(folder, None)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("templates") / "delivery_note"
    folder.mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    return load_template(folder)


@pytest.fixture(scope="module")
def examples(
    template: Template,
    documents: list[LabelledDocument],
    counting: CountingSteps,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Example]:
    return gather(documents, template, counting, OCR, tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def head(template: Template, examples: list[Example], openvino: Callable[[], Path]) -> Head:
    return train_on(template, examples[UNSEEN:], ocr=("0" * 64, "x"), python=openvino(), checked=False).head


def regions(
    head: Head, document: LabelledDocument, template: Template, counting: CountingSteps
) -> tuple[list[Crop], int]:
    page = Page(1, read_picture(document.path))
    before = counting.strips
    (found,) = segment([page], template, head, counting, OCR)
    return [crops.cut(page, region, lines=None) for region in found], counting.strips - before


def test_what_is_left_out_is_no_field(
    head: Head, template: Template, documents: list[LabelledDocument], counting: CountingSteps
) -> None:
    for document in documents[:UNSEEN]:
        found, read = regions(head, document, template, counting)
        (lines,) = find_lines([Page(1, read_picture(document.path))], counting, OCR)
        assert read < len(lines)
        for label in document.labels:
            middle = tuple(map(float, label.polygons[0].mean(axis=0)))
            mine = [crop.region.polygon for crop in found if crop.region.class_name == label.class_name]
            assert any(cv2.pointPolygonTest(polygon, middle, False) >= 0 for polygon in mine), label


def test_what_segmentation_read_is_not_read_again(
    head: Head, template: Template, documents: list[LabelledDocument], counting: CountingSteps
) -> None:
    known, _ = regions(head, documents[0], template, counting)
    forgotten = [replace(crop, region=replace(crop.region, lattices=())) for crop in known]
    texts, strips = [], []
    for page in (known, forgotten):
        before = counting.strips
        (found,) = read_pages([page], template, counting, OCR)
        strips.append(counting.strips - before)
        texts.append([{name: [one.text for one in lines] for name, lines in crop.items()} for crop in found])
    assert texts[0] == texts[1]
    # The date's format has one length: its strip is narrowed, so that it is another one.
    assert strips[0] <= strips[1] - 3


def test_a_required_field_that_is_not_among_them_has_more_read(
    head: Head, template: Template, examples: list[Example], documents: list[LabelledDocument]
) -> None:
    example = examples[0]
    page = Page(1, read_picture(documents[0].path))
    is_date = np.equal(example.marked.classes, 1 + template.classes.index("date"))
    assert is_date.any()
    without_dates = as_seen(example.lines, ~is_date)
    assert [line.is_read for line in without_dates] == (~is_date).tolist()
    looks = iter([without_dates, example.lines, example.lines])
    found = surest(page, looks, template, head)
    assert "date" in {region.class_name for region in found}
    assert len(list(looks)) == 1, "once everything required is sure, nothing more is read"


def test_of_looks_that_leave_as_much_unsure_the_most_probable_one_counts(
    template: Template, monkeypatch: pytest.MonkeyPatch, head: Head
) -> None:
    scores = {1: 0.1, 2: 0.3, 3: 0.2}
    required = next(
        name for name in template.classes if any(spec.required for spec in template.fields_of(name))
    )
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32)

    def regions(page: Page, lines: list[TextLine], *_: object) -> list[Region]:
        return [Region(1, required, scores[len(lines)], square)]

    monkeypatch.setattr(segmenting, "regions_of", regions)
    page = Page(1, np.zeros((9, 9, 3), np.uint8))
    line = TextLine(rectangle(9, 9), 0.9)
    (found,) = surest(page, ([line] * count for count in (1, 2, 3)), template, head)
    assert found.score == 0.3


def test_few_pages_leave_nothing_out(
    template: Template, examples: list[Example], openvino: Callable[[], Path]
) -> None:
    first = learn_worth(template, examples[:19], openvino(), seed=0)
    assert first.forest is None
    assert all(line.is_read for example in first.seen for line in example.lines)


def test_thresholds_keep_the_lines_of_fields() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 3000)
    told = rng.dirichlet([1, 1, 1], 3000).astype(np.float32)
    told[np.arange(3000), classes] += 1.0
    told /= told.sum(axis=1, keepdims=True)
    least = thresholds(told, classes, 3)
    assert least is not None
    read = (told[:, 1:] >= least).any(axis=1)
    assert read[classes > 0].mean() >= KEPT
    assert read[classes == 0].mean() < 0.6


def test_so_few_lines_say_nothing_of_one_in_a_hundred() -> None:
    assert thresholds(np.full((60, 2), 0.5, np.float32), np.ones(60, np.int64), 2) is None


def test_some_lines_of_every_page_are_read() -> None:
    told = np.concatenate([np.ones((9, 1)), np.zeros((9, 1))], axis=1).astype(np.float32)
    told[3] = [0.9, 0.1]
    alone = np.full(9, -1)
    worth = chosen(told, np.array([0.5], np.float32), alone)
    assert np.flatnonzero(worth).tolist() == [0, 1, 2, 3, 4, 5]


def test_what_stands_before_a_line_is_read_with_it() -> None:
    told = np.tile(np.array([[1.0, 0.0]], np.float32), (12, 1))
    told[10:] = [0.4, 0.6]
    left = np.full(12, -1)
    left[11] = 8  # whose own neighbour says nothing of it
    left[8] = 9
    worth = chosen(told, np.array([0.5], np.float32), left)
    assert np.flatnonzero(worth).tolist() == [0, 1, 2, 3, 8, 10, 11]
