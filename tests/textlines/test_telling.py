"""A line that meets a telling constraint is its field, and the right way up, whatever stands around it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr import geometry
from segocr.evaluation.labels import read_labels
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import load_template
from segocr.textlines.features import look_at
from segocr.textlines.head import load_head
from segocr.textlines.lines import TextLine
from segocr.textlines.segmenting import segment
from segocr.textlines.telling import is_right_way_up, told_by, with_telling_matches

PASSPORT = Path(__file__).parents[2] / "templates" / "passport"
GOLDEN = PASSPORT / "golden"
FIRST = "P<UTOMARCHETTI<<GIULIA<<<<<<<<<<<<<<<<<<<<<<"
OCR = OcrModel("openvino", "PP-OCRv6_small")


def lines(*texts: str) -> list[TextLine]:
    return [
        TextLine(geometry.rectangle(400, 20) + np.array([50, 40 * number]), 0.9, text, 0.9, lattice=b"read")
        for number, text in enumerate(texts)
    ]


def told(*texts: str) -> list[float]:
    """Return the first class's probabilities of lines that a head gave 0.1."""
    template, page = load_template("passport"), lines(*texts)
    unsure = np.full((len(page), 3), 0.1, np.float32)
    raised = with_telling_matches(template, look_at(template, page), page, unsure)
    return [round(float(one), 2) for one in raised[:, 1]]


@pytest.mark.parametrize(
    ("template", "field", "least", "most"),
    [
        ("passport", "mrz_line1", 50, 200),
        ("passport", "mrz_line2", 50, 200),
        ("receipt", "date", 5, 30),
        ("receipt", "total", 2, 30),
        ("license_plate", "plate", 0, 20),
    ],
)
def test_only_a_long_and_narrow_constraint_is_telling(
    template: str, field: str, least: float, most: float
) -> None:
    constraint = load_template(template).fields[field].constraint
    assert constraint is not None
    assert least < told_by(constraint) < most


def test_the_one_line_that_a_class_accepts_is_that_class() -> None:
    assert told("PASSPORT", FIRST, "UTOPIA") == [0.1, 0.9, 0.1]
    assert told("PASSPORT", FIRST.replace("MARCH", "MÄRCH"), "UTOPIA") == [0.1, 0.9, 0.1]  # one misread
    assert told("PASSPORT", FIRST[:30], "UTOPIA") == [0.1, 0.1, 0.1]


def test_two_such_lines_are_two_such_fields() -> None:
    assert told(FIRST, "harbour", FIRST) == [0.9, 0.1, 0.9]


def test_one_within_a_longer_line_is_left_to_the_head() -> None:
    assert told(f"see {FIRST} and the others") == [0.1]


def test_what_is_told_upright_is_the_right_way_up() -> None:
    template = load_template("passport")
    assert is_right_way_up(template, lines("harbour", FIRST))
    assert not is_right_way_up(template, lines("harbour", FIRST[::-1], "PASSPORT"))
    assert not is_right_way_up(template, [])
    assert not is_right_way_up(load_template("license_plate"), lines("ABC1234"))


@pytest.mark.parametrize("turned", [False, True], ids=["as it lies", "upside down"])
def test_a_passport_on_a_letter_that_lies_the_other_way_up_is_read(steps: Steps, turned: bool) -> None:
    template = load_template("passport")
    document = next(one for one in read_labels(GOLDEN, None) if one.id == "passport-4")
    image = read_picture(document.path)
    page = Page(1, np.asarray(cv2.rotate(image, cv2.ROTATE_180), np.uint8) if turned else image)
    # Most of its text is the letter's: by that alone the page stands on its head.
    (regions,) = segment([page], template, load_head(PASSPORT / "head.npz"), steps, OCR)
    assert {region.class_name: region.score >= 0.8 for region in regions} == {
        "mrz_line1": True,
        "mrz_line2": True,
    }
    height, width = page.image.shape[:2]
    for label in document.labels:
        (region,) = [one for one in regions if one.class_name == label.class_name]
        first = np.asarray(region.lines[0][0])  # where reading begins
        wanted = geometry.order_corners(geometry.minimum_rectangle(label.polygons[0]))[0]
        wanted = np.array([width, height]) - wanted if turned else wanted
        assert np.hypot(*(first - wanted)) < 0.1 * width
