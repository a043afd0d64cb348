"""What is made of a reading for a field, beyond what its constraint alone says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.constraints import Decoded
from segocr.deciding.acceptance import about_readings
from segocr.deciding.doubts import AMONG_OTHERS, BEHIND_DASH
from segocr.deciding.preferences import with_decision
from segocr.geometry import rectangle
from segocr.readings import Reading, ReadingStatus
from segocr.regions import Region
from segocr.templates import FieldSpec, load_template


def spec(folder: Path, kind: str) -> FieldSpec:
    field = f"{{type: {kind}, pattern: '[0-9]+[.][0-9]{{2}}'}}"
    (folder / "template.yaml").write_text(f"template: thing\nversion: 1\nfields:\n  a: {field}\n")
    return load_template(folder).fields["a"]


def read(raw: str, spec: FieldSpec) -> ReadingStatus:
    """Return the status of a text of which everything but the accepted amount was left out, at no cost."""
    return reading(raw, spec).status


def reading(
    raw: str, spec: FieldSpec, *, text: str = "12.50", tries: tuple[str, ...] = ("first",)
) -> Reading:
    """Return a reading of a text, all but a part of it, or its spaces, left out at no cost."""
    before, _, after = raw.partition(text) if text in raw else ("", "", "")
    edits = tuple(edit for edit in ((0, before, ""), (len(text), after, "")) if edit[1])
    decoded = Decoded(
        text, -0.1, -0.1, raw, -0.1, 0.5, edits, (), 50.0, 1.0,
        (1.0,) * len(text), ((0, 0),) * len(text), (1.0,) * len(text), ((0, 0),) * len(text),
    )  # fmt: skip
    region = Region(1, "a", 1.0, rectangle(50.0, 10.0).astype(np.float32))
    return with_decision(Reading(region, rectangle(50.0, 10.0), 0, tries=tries), spec, decoded)


@pytest.mark.parametrize(
    "raw", ["-12.50", "\N{EN DASH}12.50", "- 12.50", "12.50-", "(12.50)", "\N{MINUS SIGN}12.50"]
)
def test_a_number_whose_sign_was_left_out_is_doubtful(tmp_path: Path, raw: str) -> None:
    assert read(raw, spec(tmp_path, "decimal")) is ReadingStatus.DOUBTFUL
    assert read(raw, spec(tmp_path, "money")) is ReadingStatus.DOUBTFUL


@pytest.mark.parametrize("raw", [":12.50", "12.50.", "(12.50", "12.50)", ": 12.50"])
def test_other_punctuation_at_an_end_is_left_out_cheaply(tmp_path: Path, raw: str) -> None:
    assert read(raw, spec(tmp_path, "money")) is ReadingStatus.CORRECTED


def test_in_a_text_a_dash_at_an_end_is_punctuation(tmp_path: Path) -> None:
    assert read("-12.50", spec(tmp_path, "text")) is ReadingStatus.CORRECTED


def number(folder: Path, keys: str) -> FieldSpec:
    (folder / "template.yaml").write_text(f"template: thing\nversion: 1\nfields:\n  a: {{{keys}}}\n")
    return load_template(folder).fields["a"]


@pytest.mark.parametrize(
    ("keys", "raw", "status"),
    [
        ("type: money, ignore_spaces: true", "2 150.00", ReadingStatus.DOUBTFUL),
        ("type: money, ignore_spaces: true, locale: de-CH", "2 150.00", ReadingStatus.OK),
        ("type: money, ignore_spaces: true", "RM 150.00", ReadingStatus.OK),
        ("type: money, ignore_spaces: true", "150 .00", ReadingStatus.OK),
        ("ignore_spaces: true, pattern: '[0-9.]+'", "2 150.00", ReadingStatus.OK),
    ],
)
def test_a_count_and_an_amount_are_not_one_number_without_doubt(
    tmp_path: Path, keys: str, raw: str, status: ReadingStatus
) -> None:
    spec = number(tmp_path, keys)
    assert reading(raw, spec, text=raw.replace(" ", "")).status is status


@pytest.mark.parametrize("cut", [BEHIND_DASH, AMONG_OTHERS])
def test_what_was_cut_out_in_doubt_is_doubtful_and_says_why(tmp_path: Path, cut: str) -> None:
    spec = number(tmp_path, "type: money")
    found = reading("12.50", spec, tries=(cut, "taller"))
    assert found.status is ReadingStatus.DOUBTFUL
    (problem,) = about_readings(spec, [found], {found.status})
    assert problem.code == "doubtful-reading"
    assert "much less likely" not in problem.message
