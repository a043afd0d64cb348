"""Strips whose number of characters is known are narrowed; others stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from segocr.constraints import compile_constraint
from segocr.constraints.lengths import known_length
from segocr.steps.ocr.decoding import Decoder
from segocr.steps.ocr.strips import narrowed, suited


@pytest.mark.parametrize(
    ("pattern", "length"), [("[A-Z]{3}[0-9]{4}", 7), ("[A-Z]{2,3}", None), ("a+", None), ("ab|cd", 2)]
)
def test_a_length_is_known_where_all_texts_have_it(pattern: str, length: int | None) -> None:
    assert known_length(compile_constraint(pattern)) == length


def test_the_check_digits_of_a_passport_say_how_many_characters_it_has() -> None:
    constraint = compile_constraint(checks=["mrz_td3_line2"], ignore_spaces=True)
    decoder = Decoder(["", *"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"])
    decoder.learn({constraint.digest: constraint.to_wire()})
    assert decoder.characters([None, constraint.digest]) == 44
    assert decoder.characters([None]) is None


@pytest.mark.parametrize(
    ("width", "characters", "character_width", "after"),
    [
        (2000, 44, 24.0, 1056),
        (1000, 44, 24.0, 1000),
        (2000, None, 24.0, 2000),
        (2000, 44, None, 2000),
        (2000, 3, 24.0, 2000),  # a wrong pattern must not make the strip illegible
    ],
)
def test_a_strip_is_narrowed_only_if_it_is_wider_than_its_characters_need(
    width: int, characters: int | None, character_width: float | None, after: int
) -> None:
    strip = np.zeros((48, width, 3), np.uint8)
    assert narrowed(strip, characters, character_width).shape == (48, after, 3)


def test_a_strip_is_blurred_only_if_its_number_of_characters_is_known() -> None:
    strip = np.zeros((48, 400, 3), np.uint8)
    strip[:, 200:] = 255
    assert suited(strip, None, None, 2.0) is strip
    assert suited(strip, 12, None, 0.0) is strip
    edge = suited(strip, 12, None, 2.0)[24, 190:210, 0].astype(int)
    assert edge[0] == 0
    assert edge[-1] == 255
    assert 3 < ((edge > 10) & (edge < 245)).sum() < 12
