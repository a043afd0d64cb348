"""What is first, and what comes after it, is told by the way in which the page reads, not by the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_fields import line, result, template

from segocr.deciding.readingorder import in_reading_order
from segocr.readings import Reading


def turned(reading: Reading, degrees: float) -> Reading:
    """Return a reading as it stands on the page turned clockwise by so many degrees."""
    x, y = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turn = np.array([[x, y], [-y, x]])
    polygon = (reading.region.polygon @ turn).astype(np.float32)
    return replace(reading, quad=reading.quad @ turn, region=replace(reading.region, polygon=polygon))


def texts(readings: list[Reading], degrees: float = 0.0) -> str:
    found = in_reading_order({"a": [(turned(reading, degrees),) for reading in readings]})
    return "".join(candidate[0].text or "" for candidate in found["a"])


ROWS = [line("c", y=40), line("b", x=600, y=3), line("d", x=600, y=44), line("a", x=10, y=6), line("e", y=70)]


@pytest.mark.parametrize("degrees", [0, 180, 90, -90, 4, -4, 176, 187, 45])
def test_the_order_is_the_same_however_the_page_lies(degrees: float) -> None:
    assert texts(ROWS, degrees) == "abcde"


@pytest.mark.parametrize("degrees", [0, 180, 90])
def test_first_all_and_join_follow_the_page(tmp_path: Path, degrees: float) -> None:
    part = {"a": [(turned(reading, degrees),) for reading in ROWS]}
    values = {}
    for instances in ("all", "join", "first"):
        found = result(template(tmp_path, f"  a: {{instances: {instances}}}\n"), part)
        values[instances] = [(value.ordinal, value.value) for value in found.fields["a"]]
    assert values["all"] == list(enumerate("abcde"))
    assert values["join"] == [(0, "a b c d e")]
    assert values["first"] == [(0, "a")]


def test_each_page_has_its_own_direction_and_pages_keep_their_order() -> None:
    upright = [line("b", y=40), line("a")]
    on_its_head = [turned(line("d", y=40, page=2), 180), turned(line("c", page=2), 180)]
    assert texts([*on_its_head, *upright]) == "abcd"


def test_other_fields_tell_the_direction_of_a_field_that_was_read_badly() -> None:
    unsure = [(line("b", y=40, confidence=0.1),), (line("a", confidence=0.1),)]
    sure = [(turned(line("x", y=at), 180),) for at in (90, 120)]
    found = in_reading_order({"a": unsure, "b": sure})
    assert [candidate[0].text for candidate in found["a"]] == ["b", "a"]


def test_a_field_without_candidates_is_left_out() -> None:
    assert in_reading_order({"a": [], "b": [(line("x"),)]}).keys() == {"b"}
