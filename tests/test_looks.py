"""Which of several looks at a line counts: the surest by a margin, or by vote where no height is right."""

from dataclasses import replace

import numpy as np
import pytest

from segocr.constraints import Decoded, greedy
from segocr.geometry import rectangle
from segocr.reading.looks import LONGER, LOWER, LOWEST, TALLER, Best
from segocr.templates import FieldSpec, load_template

PLATE = load_template("license_plate").fields["plate"]
LINE = load_template("passport").fields["mrz_line2"]
PLAIN = greedy(np.log(np.array([[0.01, 0.99], [0.99, 0.01]], np.float32)), ["", "A"])


def best(spec: FieldSpec, text: str | None, confidence: float) -> Best:
    decoded: Decoded = replace(PLAIN, text=text, raw=text or "", posterior=confidence)
    return Best(spec, decoded, b"", rectangle(10, 4))


def test_a_later_look_at_a_line_wins_by_a_margin_only() -> None:
    first = best(LINE, "AB", 0.6)
    assert first.with_look(best(LINE, "AC", 0.62), TALLER).decoded.text == "AB"
    assert first.with_look(best(LINE, "AC", 0.7), TALLER).decoded.text == "AC"
    surer = first.with_look(best(LINE, "AB", 0.62), LONGER)
    assert (surer.confidence, surer.agreed) == (0.62, True)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([("AB12", 0.5), ("AC12", 0.6)], "AC12"),
        ([("AB12", 0.6), ("AC12", 0.5), ("AC12", 0.3)], "AC12"),
        ([("AB12", 0.9), ("AC12", 0.4), ("AC12", 0.4)], "AB12"),
        ([("AB12", 0.5), ("AC12", 0.6), ("AB-12", 0.4)], "AB12"),
        ([(None, 0.0), ("AC12", 0.1), (None, 0.0)], "AC12"),
    ],
)
def test_looks_at_what_has_a_frame_vote(readings: list[tuple[str | None, float]], expected: str) -> None:
    (text, confidence), *others = readings
    counted = best(PLATE, text, confidence)
    for (text, confidence), look in zip(others, (LOWER, LOWEST), strict=False):
        counted = counted.with_look(best(PLATE, text, confidence), look)
    assert counted.decoded.text == expected
    assert counted.tries == ("first", "lower", "lowest")[: len(readings)]
    mine = [confidence for text, confidence in readings if text and text.replace("-", "") == expected]
    assert counted.confidence == max(mine)
