"""The OCR engines agree: one model, PP-OCRv4 mobile, on PaddlePaddle and on OpenVINO."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.constraints import compile_constraint
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel

MODEL = "PP-OCRv4_mobile"
Strip = NDArray[np.uint8]


def drawn_strips() -> list[Strip]:
    """Strips of printed text in OpenCV's own font, of several widths."""
    strips = []
    for text in (
        "TOTAL 12.50",
        "2018-02-11",
        "ABC1234",
        "Kuala Lumpur 50450",
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ):
        strip = np.full((60, 26 * len(text) + 30, 3), 245, np.uint8)
        cv2.putText(strip, text, (12, 43), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (20, 20, 20), 2, cv2.LINE_AA)
        strips.append(strip)
    return strips


def labelled_strips(data: Path, each: int = 40) -> list[Strip]:
    """Upright boxes around labelled lines of validation documents, with a small margin."""
    strips = []
    for kind in ("receipts", "passports", "plates"):
        folder, count = data / kind, 0
        for line in (folder / "fields.jsonl").read_text("utf-8").splitlines():
            document = json.loads(line)
            if document["split"] != "val" or count >= each:
                continue
            image = cv2.imread(str(folder / document["image"]))
            assert image is not None
            for field in document["fields"]:
                corners = np.array(field["polygons"][0])
                (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
                margin = 0.1 * (bottom - top)
                rows = slice(max(0, int(top - margin)), int(bottom + margin) + 1)
                strip = image[rows, max(0, int(left - margin)) : int(right + margin) + 1]
                if min(strip.shape[:2]) >= 8:
                    strips.append(np.ascontiguousarray(strip, np.uint8))
                    count += 1
    return strips


def compare(steps: Steps, strips: list[Strip]) -> tuple[float, float]:
    """Return the share of equal texts, and the mean absolute difference of posteriors."""
    free = [[None]] * len(strips)
    one = steps.read(strips, free, OcrModel("openvino", MODEL), posteriors=True)
    other = steps.read(strips, free, OcrModel("paddleocr", MODEL), posteriors=True)
    equal, differences = [], []
    for a, b in zip(one, other, strict=True):
        assert a.posteriors is not None and b.posteriors is not None
        assert a.posteriors.shape == b.posteriors.shape
        equal.append(a.decoded[0].text == b.decoded[0].text)
        differences.append(float(np.abs(a.posteriors - b.posteriors).mean()))
    return float(np.mean(equal)), float(np.mean(differences))


@pytest.fixture
def both(steps: Steps, environment: Callable[[str], Path]) -> Steps:
    environment("paddle")
    return steps


def test_the_engines_read_drawn_strips_alike(both: Steps) -> None:
    equal, difference = compare(both, drawn_strips())
    assert equal == 1.0
    assert difference <= 0.01


def test_the_engines_read_labelled_strips_alike(both: Steps, data: Path) -> None:
    equal, difference = compare(both, labelled_strips(data))
    assert equal >= 0.99
    assert difference <= 0.01


def test_posteriors_are_probabilities(steps: Steps) -> None:
    for name in (MODEL, "PP-OCRv6_small"):
        for reading in steps.read(drawn_strips(), [[None]] * 5, OcrModel("openvino", name), posteriors=True):
            assert reading.posteriors is not None
            np.testing.assert_allclose(reading.posteriors.sum(axis=1), 1.0, atol=1e-3)


def test_an_onnx_model_runs_in_paddleocr_through_onnx_runtime(both: Steps) -> None:
    strips = drawn_strips()
    free = [[None]] * len(strips)
    one = both.read(strips, free, OcrModel("openvino", "PP-OCRv6_small"))
    other = both.read(strips, free, OcrModel("paddleocr", "PP-OCRv6_small"))
    assert [reading.decoded[0].text for reading in one] == [reading.decoded[0].text for reading in other]


@pytest.mark.parametrize("engine", ["openvino", "paddleocr"])
def test_either_engine_reads_under_a_constraint(both: Steps, engine: str) -> None:
    wanted = compile_constraint(r"P<UTO[A-Z]+<<[A-Z]+<[A-Z]+<{10}")
    [reading] = both.read([drawn_strips()[4]], [[wanted, None]], OcrModel(engine, MODEL))
    constrained, free = reading.decoded
    assert constrained.text == "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<"
    assert free.cost == 0.0
    assert reading.lattice


def test_either_engine_finds_the_lines_of_a_page(both: Steps) -> None:
    page = np.full((500, 900, 3), 250, np.uint8)
    for number, strip in enumerate(drawn_strips()[:4]):
        page[60 + 100 * number : 120 + 100 * number, 40 : 40 + strip.shape[1]] = strip
    for engine in ("openvino", "paddleocr"):
        for name in (MODEL, "PP-OCRv6_small"):
            [lines] = both.detect([page], OcrModel(engine, name))
            middles = sorted(float(line.polygon[:, 1].mean()) for line in lines if line.score > 0.5)
            assert len(middles) >= 4, (engine, name, middles)
            assert all(any(abs(middle - 90 - 100 * n) < 25 for middle in middles) for n in range(4))
