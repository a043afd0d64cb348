"""What stands beside the characters that a field takes of a line leaves a doubt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.deciding.doubts import AMONG_OTHERS, BEHIND_DASH
from segocr.geometry import rectangle
from segocr.pages import Page
from segocr.templates import load_template
from segocr.textlines.assignment import Assigned
from segocr.textlines.doubts import with_doubts
from segocr.textlines.lines import TextLine
from segocr.textlines.segmenting import drawn

AMOUNT = "{type: money, decimals: 2}"
AMOUNTS = "{type: money, instances: all}"


def doubt(folder: Path, field: str, text: str, taken: str) -> str:
    """Return how a field's region says that it was cut out of a line."""
    (folder / "template.yaml").write_text(f"template: thing\nversion: 1\nfields:\n  a: {field}\n")
    template = load_template(folder)
    line = TextLine(rectangle(200.0, 20.0), 1.0, text, 1.0, np.linspace(0.0, 1.0, len(text) + 1))
    start = text.index(taken)
    span = None if taken == text else (start, start + len(taken))
    (found,) = with_doubts(template, [line], [Assigned("a", 0.9, (0,), (span,))])
    page = Page(1, np.zeros((60, 300, 3), np.uint8))
    return drawn(page, template, found, [line]).cut


@pytest.mark.parametrize(
    ("field", "text", "taken", "cut"),
    [
        (AMOUNT, "TOTAL - 12.50", "12.50", BEHIND_DASH),
        (AMOUNT, "TOTAL \N{EN DASH} $12.50", "$12.50", BEHIND_DASH),
        (AMOUNT, "- 12.50", "12.50", BEHIND_DASH),
        ("{type: integer}", "Room - 12", "12", BEHIND_DASH),
        (AMOUNTS, "Tea - 2.00", "2.00", BEHIND_DASH),
        ("{pattern: '(- )?[0-9]+'}", "Room - 12", "12", BEHIND_DASH),
        ("{pattern: '[0-9]+'}", "Room - 12", "12", ""),
        ("{type: date, formats: [dd/MM/yyyy]}", "DATE - 12/03/2018", "12/03/2018", ""),
        (AMOUNT, "TOTAL -12.50", "-12.50", ""),
        (AMOUNT, "TOTAL --- 12.50", "12.50", ""),
        (AMOUNT, "NON-FOOD 12.50", "12.50", ""),
        (AMOUNTS, "12.50 13.50", "13.50", AMONG_OTHERS),
        ("{type: money, instances: join}", "12.50 13.50", "13.50", AMONG_OTHERS),
        (AMOUNTS, "2 x 5.30 10.60", "10.60", AMONG_OTHERS),
        (AMOUNTS, "2 Coffee 7.00", "7.00", ""),
        (AMOUNTS, "Coffee 7.00", "7.00", ""),
        ("{pattern: '[A-Z]{3,9}|[A-Z]{2}[0-9]{3}', instances: all}", "PLATE AB123", "AB123", ""),
        # Of one value both are candidates (``test_rivals``).
        (AMOUNT, "12.50 13.50", "13.50", ""),
    ],
)
def test_what_stands_beside_a_text_leaves_a_doubt(
    tmp_path: Path, field: str, text: str, taken: str, cut: str
) -> None:
    assert doubt(tmp_path, field, text, taken) == cut
