"""What is made of a reading for a field, beyond what its constraint alone says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.constraints import Decoded
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
    text = "12.50"
    before, _, after = raw.partition(text)
    edits = tuple(edit for edit in ((0, before, ""), (len(text), after, "")) if edit[1])
    decoded = Decoded(
        text, -0.1, -0.1, raw, -0.1, 0.5, edits, (), 50.0, 1.0,
        (1.0,) * 5, ((0, 0),) * 5, (1.0,) * 5, ((0, 0),) * 5,
    )  # fmt: skip
    region = Region(1, "a", 1.0, rectangle(50.0, 10.0).astype(np.float32))
    return with_decision(Reading(region, rectangle(50.0, 10.0), 0), spec, decoded).status


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
