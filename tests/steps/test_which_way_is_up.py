"""Which way a page is read: first the way its regions stand, and turned only for good reasons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segocr import crops
from segocr.evaluation.labels import read_labels
from segocr.evaluation.run import widen
from segocr.pages import Page
from segocr.recognition import read_pages
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


def test_a_passport_upside_down_takes_no_more_strips_than_one_upright(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = load_template("passport")
    document = read_labels(TEMPLATES / "passport" / "golden", None)[0]
    image = read_picture(document.path)
    size = np.array(document.size, dtype=np.float64)
    model = OcrModel("openvino", template.ocr.model)
    strips: list[int] = []
    read = steps.read

    def counted(cut: Any, constraints: Any, model: OcrModel) -> Any:
        strips.append(len(cut))
        return read(cut, constraints, model)

    monkeypatch.setattr(steps, "read", counted)
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
