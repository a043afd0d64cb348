"""Real strips under patterns that are wrong: the cost rises, and nothing is accepted silently."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from segocr import crops
from segocr.constraints import Decoded, compile_constraint, judge
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.run import true_regions
from segocr.pages import Page
from segocr.reading import lines
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.synthesis.backgrounds import read_picture

TEMPLATES = Path(__file__).parents[2] / "templates"
MODEL = OcrModel("openvino", "PP-OCRv6_small")
RIGHT = {
    "mrz_line1": r"P[A-Z<]{43}",
    "mrz_line2": r"[A-Z0-9<]{44}",
    "plate": r"[A-Z0-9]([-·.]?[A-Z0-9]){3,8}",
    "date": r"\d{2}/\d{2}/\d{4}",
    "total": r"\d+\.\d{2}",
}
# Too short (some of them so short that the strip would be narrowed for them), too long, other characters, one
# character more or less.
WRONG = {
    "mrz_line1": ("[A-Z]", "[A-Z]{3}", "[A-Z0-9<]{43}", "[0-9]{4}", "[A-Z]+", "[a-z]{2,40}", "V[A-Z<]{43}"),
    "mrz_line2": ("[A-Z]", "[A-Z0-9]{20}", "[A-Z0-9<]{43}", "[A-Z0-9<]{45}", "[A-Z]{44}", "[0-9]+"),
    "plate": ("[A-Z]", "[A-Z0-9]{3}", "[A-Z]{7}", "[0-9]{7}", "[0-9]{3}[A-Z]{4}", "[A-Z0-9]{12}"),
    "date": ("[A-Z]", "[0-9]{2}", r"\d{4}/\d{2}/\d{2}", r"\d{2}/\d{2}/\d{2}", r"\d+\.\d{2}", "[A-Z]{3}"),
    "total": ("[A-Z]", "[0-9]{7}", r"\d+,\d{3}", r"\d{2}/\d{2}/\d{4}", "[A-Z]{3}"),
}


def strips_of(document: LabelledDocument) -> list[tuple[str, np.ndarray[Any, np.dtype[np.uint8]]]]:
    """Cut the labelled lines of a document, as extraction does it."""
    page = Page(1, read_picture(document.path))
    found = true_regions([document])(SimpleNamespace(path=document.path), page)  # type: ignore[arg-type]
    cut = [crops.cut(page, region) for region in found if region.class_name in RIGHT]
    return [(crop.region.class_name, crops.strip(crop, lines.single(crop))) for crop in cut]


@pytest.fixture(scope="module")
def golden() -> list[tuple[str, np.ndarray[Any, np.dtype[np.uint8]]]]:
    """Field and strip of two documents of each shipped template."""
    return [
        strip
        for name in ("passport", "license_plate", "receipt")
        for document in read_labels(TEMPLATES / name / "golden", None)[:2]
        for strip in strips_of(document)
    ]


def test_a_wrong_pattern_shows_as_cost_and_is_never_accepted(
    steps: Steps, golden: list[tuple[str, np.ndarray[Any, np.dtype[np.uint8]]]]
) -> None:
    asked = [(name, strip, pattern) for name, strip in golden for pattern in (RIGHT[name], *WRONG[name])]
    constraints = [[compile_constraint(pattern, ignore_spaces=True)] for _, _, pattern in asked]
    answers = steps.read([strip for _, strip, _ in asked], constraints, MODEL)
    by_strip: dict[int, dict[str, Decoded]] = {}
    for (_, strip, pattern), answer in zip(asked, answers, strict=True):
        by_strip.setdefault(id(strip), {})[pattern] = answer.decoded[0]
    for name, strip in golden:
        read = by_strip[id(strip)]
        right = read[RIGHT[name]]
        assert right.text is not None, (name, right)
        for pattern in WRONG[name]:
            wrong = read[pattern]
            assert judge(wrong) in ("doubtful", "invalid"), (name, pattern, wrong)
            assert wrong.cost > right.cost + 2.0, (name, pattern, wrong)
            assert wrong.raw, (name, pattern)
