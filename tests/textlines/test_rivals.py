"""A line with two texts that a field accepts gives both as candidates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.geometry import rectangle
from segocr.templates import load_template
from segocr.textlines.assignment import Assigned
from segocr.textlines.lines import TextLine
from segocr.textlines.rivals import with_rivals

DATE = "{type: date, formats: ['d MMM yyyy', dd/MM/yyyy]}"
ENUM = "{type: enum, enum: [OPEN, PAID]}"


def candidates(folder: Path, field: str, text: str, taken: str) -> list[str]:
    """Return what is read of a line of which a field has taken a part."""
    (folder / "template.yaml").write_text(f"template: thing\nversion: 1\nfields:\n  a: {field}\n")
    line = TextLine(rectangle(200.0, 20.0), 1.0, text, 1.0, np.linspace(0.0, 1.0, len(text) + 1))
    start = text.index(taken)
    span = None if taken == text else (start, start + len(taken))
    own = Assigned("a", 0.9, (0,), (span,))
    found = with_rivals(load_template(folder), [line], [own])
    assert all(one.score == own.score for one in found)
    return [text if one.spans[0] is None else text[slice(*one.spans[0])] for one in found]


@pytest.mark.parametrize(
    ("field", "text", "taken", "others"),
    [
        (DATE, "17 Mar 2019 and 18 Mar 2019", "18 Mar 2019", ["17 Mar 2019"]),
        (DATE, "02/02/2018 - 04/02/2018", "02/02/2018", ["04/02/2018"]),
        (DATE, "01/02/2018 02/02/2018 03/02/2018", "02/02/2018", ["01/02/2018", "03/02/2018"]),
        (DATE, "Date: 02/02/2018 14:33", "02/02/2018", []),
        (DATE, "02/02/2018", "02/02/2018", []),
        (ENUM, "OPEN PAID", "PAID", ["OPEN"]),
        (ENUM, "REOPENED PAID", "PAID", []),
        ("{type: money, decimals: 2}", "TOTAL 10.60 / 0.60", "10.60", ["0.60"]),
        ("{pattern: '[A-Z0-9-]{5,12}'}", "INVOICE INV-12345", "INV-12345", []),
        ("{pattern: '[A-Z0-9-]{5,12}'}", "ORDER 47112", "47112", []),
        ("{pattern: '[0-9]{4,10}'}", "Order 471123 of 20261", "471123", ["20261"]),
        ("{type: money}", "2 Coffee 7.00", "7.00", []),
        ("{type: money}", "2 Coffee 7", "7", ["2"]),
        ("{type: money}", "RS.500 45", "RS.500", ["45"]),
        ("{type: money}", "RS.500.50 45", "RS.500.50", []),
        # Of a list nothing says which of a line's texts are entries (``test_doubts``).
        ("{type: money, decimals: 2, instances: all}", "2 x 5.30 10.60", "10.60", []),
    ],
)
def test_other_texts_of_the_line_are_candidates(
    tmp_path: Path, field: str, text: str, taken: str, others: list[str]
) -> None:
    assert candidates(tmp_path, field, text, taken) == [taken, *others]
