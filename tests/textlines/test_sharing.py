"""Two fields on one printed line: cut between them, learned, and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr import geometry
from segocr.evaluation.labels import read_labels
from segocr.extraction import extract
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template, load_template
from segocr.textlines.lines import TextLine
from segocr.textlines.sharing import cut_between_fields
from segocr.training.heads.examples import gather
from segocr.training.heads.train import train_on

OCR = OcrModel("openvino", "PP-OCRv6_small")
TEXT = """
template: purchase
version: 1
title: Purchase
segment: {engines: [textlines], head: head.npz}
ocr: {engines: [openvino], model: PP-OCRv6_small}
fields:
  ref: {pattern: 'PO-[0-9]{5}', required: true}
  ordered: {type: date, formats: [dd.MM.yyyy], required: true}
"""
FONT, SIZE, THICK = cv2.FONT_HERSHEY_DUPLEX, 1.0, 2


@pytest.fixture
def template(tmp_path: Path) -> Template:
    (tmp_path / "purchase").mkdir()
    (tmp_path / "purchase/template.yaml").write_text(TEXT)
    return load_template(tmp_path / "purchase")


def line(text: str) -> TextLine:
    bounds = np.linspace(0, 1, len(text) + 1)
    return TextLine(geometry.rectangle(10.0 * len(text), 20), 0.9, text, 0.9, bounds, b"read")


def test_a_line_is_cut_behind_each_text_but_the_last(template: Template) -> None:
    ref, ordered = cut_between_fields(template, [line("Order PO-73944 of 01.07.2025 at last")])
    assert (ref.text, ordered.text) == ("Order PO-73944", "of 01.07.2025 at last")
    assert ref.quad[:, 0].max() == pytest.approx(140)
    assert ordered.quad[:, 0].min() == pytest.approx(150)
    assert ordered.bounds[[0, -1]].tolist() == [0.0, 1.0]
    # Where the characters of a part stand is still known.
    assert ordered.part(3, 13)[:, 0].tolist() == pytest.approx([180, 280, 280, 180])
    assert ref.is_read
    assert ordered.is_read


@pytest.mark.parametrize("text", ["PO-73944", "of 01.07.2025 and 02.07.2025", "nothing", ""])
def test_a_line_of_one_field_or_none_stays_as_it_is(template: Template, text: str) -> None:
    whole = line(text)
    assert cut_between_fields(template, [whole]) == [whole]


def drawn(folder: Path, count: int) -> Path:
    """Draw orders whose number and date stand on one line, and label both."""
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(3)
    rows = []
    for number in range(count):
        image = np.full((500, 900, 3), 245, np.uint8)
        ref, day = f"PO-{random.integers(10000, 99999)}", f"{random.integers(10, 28)}.07.20{10 + number}"
        y, x = 120 + int(random.integers(0, 200)), 60
        labels = []
        for name, text in ((None, "Order "), ("ref", ref), (None, " of "), ("ordered", day)):
            (wide, _), _ = cv2.getTextSize(text, FONT, SIZE, THICK)
            cv2.putText(image, text, (x, y), FONT, SIZE, (20, 20, 20), THICK, cv2.LINE_AA)
            if name is not None:
                box = [[x, y - 26], [x + wide, y - 26], [x + wide, y + 6], [x, y + 6]]
                labels.append({"class": name, "value": text, "polygons": [box]})
            x += wide
        cv2.putText(image, "DELIVERY NOTE", (60, 60), FONT, SIZE, (20, 20, 20), THICK, cv2.LINE_AA)
        cv2.putText(
            image, "Thank you for your order", (60, 450), FONT, SIZE, (20, 20, 20), THICK, cv2.LINE_AA
        )
        cv2.imwrite(str(folder / "images" / f"{number}.png"), image)
        rows.append(
            {"id": str(number), "split": "train", "image": f"images/{number}.png", "width": 900,
             "height": 500, "fields": labels}
        )  # fmt: skip
    (folder / "fields.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize("pages", [0, 6])
def test_both_fields_of_a_line_are_found_and_read(
    steps: Steps, openvino: Callable[[], Path], template: Template, tmp_path: Path, pages: int
) -> None:
    documents = read_labels(drawn(tmp_path / "orders", 8), None)
    examples = gather(documents[:pages], template, steps, OCR, tmp_path / "lines")
    made = train_on(template, examples, ocr=(steps.load(OCR).digest, OCR.name), python=openvino())
    assert made.head.card.shared
    (template.folder / "head.npz").write_bytes(made.head.to_bytes())
    for document in documents[6:]:
        [record] = extract(document.path, template=load_template(template.folder), steps=steps)
        read = {name: record.fields[name][0].text for name in ("ref", "ordered")}
        assert read == {label.class_name: label.value for label in document.labels}
