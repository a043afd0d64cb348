"""The engine textlines for real: trained on drawn notes, it finds others, at any tilt; mistakes are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_notes import TEMPLATE, draw_notes

from segocr.errors import ModelError, UsageError
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.extraction import extract
from segocr.pages import Page
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentModel
from segocr.templates import Template, load_template
from segocr.textlines.fitting import require_fitting, require_same_reader
from segocr.textlines.head import load_head
from segocr.textlines.segmenting import segment
from segocr.training.heads.examples import Example, gather
from segocr.training.heads.train import Trained, train_on, train_textlines

OCR = OcrModel("openvino", "PP-OCRv6_small")
SEEN, UNSEEN = slice(0, 4), slice(4, 6)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledDocument]:
    folder = tmp_path_factory.mktemp("drawn") / "notes"
    draw_notes(folder, 6)
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
    steps: Steps,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Example]:
    return gather(documents, template, steps, OCR, tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def trained(
    template: Template, examples: list[Example], steps: Steps, openvino: Callable[[], Path]
) -> Trained:
    ocr = (steps.load(OCR).digest, OCR.name)
    made = train_on(template, examples[SEEN], ocr=ocr, python=openvino(), about={"licence": "own"})
    (template.folder / "head.npz").write_bytes(made.head.to_bytes())
    return made


def test_every_label_meets_a_line(examples: list[Example]) -> None:
    assert [label.value for example in examples for label in example.marked.missed] == []


def test_records_of_pages_never_seen(
    template: Template, documents: list[LabelledDocument], trained: Trained, steps: Steps
) -> None:
    assert trained.expected is not None
    unseen = documents[UNSEEN]
    paths = [one.path for one in unseen]
    records = list(extract(paths, template=template, settings=Settings(), steps=steps, day=date(2030, 1, 1)))
    for record, document in zip(records, unseen, strict=True):
        assert record.recipe.engines["segment"].startswith("textlines")
        values = {label.class_name: label.value for label in document.labels}
        assert record.fields["total"][0].value == values["total"]
        assert record.fields["date"][0].text == values["date"]
        assert record.fields["place"][0].value == values["place"]
        assert record.fields["sender"][0].value == values["sender"]


@pytest.mark.parametrize("degrees", [7, 180])
def test_tilted_and_upside_down(
    template: Template, documents: list[LabelledDocument], trained: Trained, steps: Steps, degrees: float
) -> None:
    picture = cv2.imread(str(documents[4].path))
    assert picture is not None
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.85)
    turned = cv2.warpAffine(picture, turn, (width, height), borderValue=(255, 255, 255))
    (regions,) = segment([Page(1, np.asarray(turned, np.uint8))], template, trained.head, steps, OCR)
    (label,) = [label for label in documents[4].labels if label.class_name == "total"]
    middle = turn @ np.append(label.polygons[0].mean(axis=0), 1.0)
    found = [region for region in regions if region.class_name == "total"]
    assert len(found) == 1
    assert cv2.pointPolygonTest(found[0].polygon, (float(middle[0]), float(middle[1])), False) >= 0


def test_pages_without_text(template: Template, trained: Trained, steps: Steps) -> None:
    empty = Page(1, np.full((300, 200, 3), 255, np.uint8))
    assert segment([empty], template, trained.head, steps, OCR) == [[]]


def test_another_reader_or_other_fields_are_refused(template: Template, trained: Trained) -> None:
    with pytest.raises(ModelError) as caught:
        require_same_reader(trained.head, "0" * 64, "other", "head.npz")
    assert caught.value.code == "other-reader"
    require_fitting(trained.head, template, "head.npz")
    fewer = replace(template, fields={k: v for k, v in template.fields.items() if k != "date"})
    with pytest.raises(ModelError, match="date"):
        require_fitting(trained.head, fewer, "head.npz")


def test_a_damaged_head_keeps_everything_from_being_processed(
    template: Template, trained: Trained, steps: Steps, tmp_path: Path
) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(trained.head.to_bytes()[:-100])
    with pytest.raises(ModelError) as caught:
        steps.load(SegmentModel("textlines", path))
    assert caught.value.code == "model-broken"
    assert load_head(template.folder / "head.npz").card.pages == 4


def test_the_same_pages_give_the_same_head(
    template: Template, examples: list[Example], trained: Trained, openvino: Callable[[], Path]
) -> None:
    ocr = (trained.head.card.ocr, trained.head.card.ocr_name)
    again = train_on(template, examples[SEEN], ocr=ocr, python=openvino(), about={"licence": "own"})
    assert again.head.to_bytes() == trained.head.to_bytes()


def test_one_page_trains_and_says_nothing_of_accuracy(
    template: Template, examples: list[Example], openvino: Callable[[], Path]
) -> None:
    made = train_on(template, examples[:1], ocr=("0" * 64, "x"), python=openvino())
    assert made.expected is None
    assert made.head.forest is not None


def test_a_class_without_an_example_is_told(
    template: Template,
    documents: list[LabelledDocument],
    steps: Steps,
    openvino: Callable[[], Path],
    tmp_path: Path,
) -> None:
    bare = replace(documents[0], labels=tuple(one for one in documents[0].labels if one.class_name != "date"))
    with pytest.raises(UsageError, match="'date'"):
        train_textlines(template, [bare], steps=steps, model=OCR, python=openvino(), cache=tmp_path)


def test_without_pages_patterns_find_what_they_can(
    template: Template, examples: list[Example], steps: Steps, openvino: Callable[[], Path]
) -> None:
    made = train_on(template, [], ocr=(steps.load(OCR).digest, OCR.name), python=openvino())
    picture = cv2.imread(str(examples[4].document.path))
    (regions,) = segment([Page(1, np.asarray(picture, np.uint8))], template, made.head, steps, OCR)
    assert {"date", "total"} <= {region.class_name for region in regions}
