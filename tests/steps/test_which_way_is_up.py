"""Which way a page is read: first the way its regions stand, and turned only for good reasons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segocr import crops, geometry
from segocr.constraints import compile_constraint
from segocr.evaluation.labels import read_labels
from segocr.evaluation.run import widen
from segocr.finding.blocks import joined
from segocr.pages import Page
from segocr.reading.recognition import read_pages
from segocr.regions import Region
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import load_template

TEMPLATES = Path(__file__).parents[2] / "templates"
GOLDEN = TEMPLATES / "receipt" / "golden"


def test_values_cut_out_with_their_neighbours_do_not_turn_a_page(steps: Steps) -> None:
    template = load_template("receipt")
    fields = {name: template.fields[name] for name in ("date", "total")}
    document = read_labels(GOLDEN, None)[0]
    page = Page(1, read_picture(document.path))
    # Each region takes in what stands before the value, as a segmentation that is not sure does.
    left = np.array([0.75 * page.image.shape[1], 0.0])
    regions = [
        Region(1, label.class_name, 0.9, np.concatenate([polygon, polygon - left]).astype(np.float32))
        for label in document.labels
        if label.class_name in fields
        for polygon in [widen(label.polygons[0], 0.1)]
    ]
    cut = [crops.cut(page, region) for region in regions]
    model = OcrModel("openvino", template.ocr.model)
    (found,) = read_pages([cut], replace(template, fields=fields), steps, model)
    readings = [reading for crop in found for several in crop.values() for reading in several]
    assert readings
    assert {reading.direction for reading in readings} == {0}
    assert all(len(reading.raw) > 12 for reading in readings), "the neighbours were not cut out, too"


@pytest.fixture
def strips(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many strips each call of the host reads."""
    counts: list[int] = []
    read = steps.read

    def counted(cut: Any, constraints: Any, model: OcrModel) -> Any:
        counts.append(len(cut))
        return read(cut, constraints, model)

    monkeypatch.setattr(steps, "read", counted)
    return counts


def test_a_passport_upside_down_takes_no_more_strips_than_one_upright(
    steps: Steps, strips: list[int]
) -> None:
    template = load_template("passport")
    document = read_labels(TEMPLATES / "passport" / "golden", None)[0]
    image = read_picture(document.path)
    size = np.array(document.size, dtype=np.float64)
    model = OcrModel("openvino", template.ocr.model)
    for picture, turn in ((image, False), (image[::-1, ::-1].copy(), True)):
        regions = [
            Region(1, label.class_name, 0.9, (size - shape if turn else shape).astype(np.float32))
            for label in document.labels
            for shape in [widen(label.polygons[0], 0.18)]
        ]
        cut = [crops.cut(Page(1, picture), region) for region in regions]
        strips.clear()
        (found,) = read_pages([cut], template, steps, model)
        texts = [reading.text for crop in found for several in crop.values() for reading in several]
        assert texts == [label.value for label in document.labels]
        assert sum(strips) == len(document.labels)


@pytest.mark.parametrize("found_apart", [False, True], ids=["one region", "a region a line"])
@pytest.mark.parametrize("turn", [False, True], ids=["upright", "upside down"])
def test_a_text_of_many_lines_is_read_from_its_first_line_on(
    steps: Steps, turn: bool, found_apart: bool
) -> None:
    template = load_template("receipt")
    document = read_labels(GOLDEN, None)[0]
    (label,) = [label for label in document.labels if label.class_name == "address"]
    picture, shapes = read_picture(document.path), [widen(shape, 0.2) for shape in label.polygons]
    if turn:
        size = np.array(document.size, dtype=np.float64)
        picture, shapes = picture[::-1, ::-1].copy(), [size - shape for shape in shapes]
    shapes = shapes if found_apart else [geometry.minimum_rectangle(np.concatenate(shapes))]
    regions = [Region(1, "address", 0.9, shape.astype(np.float32)) for shape in shapes]
    cut = [
        crops.cut(Page(1, picture), region, lines=None)
        for region in (joined(regions, lambda _: True) if found_apart else regions)
    ]
    ((found,),) = read_pages([cut], template, steps, OcrModel("openvino", template.ocr.model))
    assert len(found["address"]) == len(label.polygons)
    read = "".join(reading.raw for reading in found["address"])
    assert _letters(read) == _letters(label.value)
    assert [reading.line for reading in found["address"]] == list(range(len(label.polygons)))
    assert {reading.direction for reading in found["address"]} == {180 if turn else 0}


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def plate(name: str) -> tuple[crops.Crop, str]:
    """Return a golden number plate cut out, and what it says."""
    documents = read_labels(TEMPLATES / "license_plate" / "golden", None)
    (document,) = [one for one in documents if one.id == name]
    label = document.labels[0]
    region = Region(1, label.class_name, 0.9, label.polygons[0].astype(np.float32))
    return crops.cut(Page(1, read_picture(document.path)), region, followed=False), label.value


def test_what_is_read_with_certainty_is_not_tried_upside_down(steps: Steps, strips: list[int]) -> None:
    template = load_template("license_plate")
    crop, text = plate("plate-us-3")
    unfit = replace(template.fields["plate"], constraint=compile_constraint("[0-9]{12}"), preferred=None)
    (found,) = read_pages(
        [[crop]], replace(template, fields={"plate": unfit}), steps, OcrModel("openvino", template.ocr.model)
    )
    (reading,) = found[0]["plate"]
    assert (reading.raw.replace("-", ""), reading.text, reading.direction) == (text, None, 0)
    assert reading.tries == ("first",)
    assert strips == [1]


@pytest.mark.parametrize(("enough", "looks"), [(0.3, 1), (1.0, 2)])
def test_what_the_template_accepts_is_not_looked_at_again(
    steps: Steps, strips: list[int], enough: float, looks: int
) -> None:
    template = load_template("license_plate")
    asking = replace(template, accept=replace(template.accept, confidence=enough))
    (found,) = read_pages([[plate("plate-br-5")[0]]], asking, steps, OcrModel("openvino", template.ocr.model))
    (reading,) = found[0]["plate"]
    assert 0.3 < reading.confidence < 0.9
    assert sum(strips) == looks


def test_a_place_that_holds_no_plate_gets_no_second_look(steps: Steps, strips: list[int]) -> None:
    template = load_template("license_plate")
    document = read_labels(TEMPLATES / "license_plate" / "golden", None)[0]
    image = read_picture(document.path)
    bare = np.full_like(image, 90)
    polygon = np.asarray(document.labels[0].polygons[0], np.float32)
    model = OcrModel("openvino", template.ocr.model)
    cut = [crops.cut(Page(1, bare), Region(1, "plate", 0.9, polygon), lines=1)]
    ((found,),) = read_pages([cut], template, steps, model)
    (reading,) = found["plate"]
    assert reading.raw == ""
    assert reading.tries == ("first",)
