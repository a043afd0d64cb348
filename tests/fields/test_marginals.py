"""A part is as sure as its own rivals leave it, not as its whole line."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_field_values import CORRECTED, DOUBTFUL, INVALID, OK, line, result, template

from segocr.records import FieldStatus

FIELDS = """\
  a: {pattern: '(?P<year>[0-9]{4})/(?P<number>[A-Z0-9]+)'}
  year: {from: a, part: year, type: integer}
  number: {from: a, part: number}
"""


def test_a_near_rival_makes_only_the_part_doubtful_that_it_changes(tmp_path: Path) -> None:
    reading = line("2024/O7", status=DOUBTFUL, confidence=0.55, margin=0.2, rivals=(("2024/07", -1.2),))
    fields = result(template(tmp_path, FIELDS), {"a": [(reading,)]}).fields
    assert (fields["a"][0].status, fields["number"][0].status) == (FieldStatus.DOUBTFUL, FieldStatus.DOUBTFUL)
    assert fields["number"][0].confidence == pytest.approx(0.55, abs=0.01)
    [year] = fields["year"]
    assert (year.status, year.confidence, year.accepted, year.problems) == (FieldStatus.OK, 1.0, True, ())


def test_far_rivals_leave_a_part_as_sure_as_they_are_far(tmp_path: Path) -> None:
    reading = line("2024/O7", confidence=0.9, margin=4.0, rivals=(("2023/O7", -5.0), ("2024/07", -6.0)))
    fields = result(template(tmp_path, FIELDS), {"a": [(reading,)]}).fields
    assert fields["year"][0].confidence == pytest.approx(1 - 0.018, abs=0.002)
    assert fields["number"][0].confidence == pytest.approx(1 - 0.0066, abs=0.002)


def test_rivals_that_agree_count_together_against_a_part(tmp_path: Path) -> None:
    rivals = tuple((f"2023/{n}", -1.0) for n in range(3))
    reading = line("2024/7", status=CORRECTED, margin=1.6, rivals=rivals, edits=((0, "Z", "2"),), cost=1.0)
    fields = result(template(tmp_path, FIELDS), {"a": [(reading,)]}).fields
    assert fields["year"][0].status is FieldStatus.DOUBTFUL


@pytest.mark.parametrize(
    ("status", "cost", "edits"),
    [
        (DOUBTFUL, 40.0, ((0, "X", "2"),)),
        (INVALID, 0.0, ()),
        (DOUBTFUL, 1.0, tuple((n, "X", "2") for n in range(6))),
    ],
)
def test_no_part_of_a_dear_or_invalid_reading_is_surer(
    tmp_path: Path, status: object, cost: float, edits: tuple[tuple[int, str, str], ...]
) -> None:
    reading = line(
        "2024/O7",
        status=status,
        confidence=0.5,
        margin=0.1,
        rivals=(("2024/07", -1.0),),
        cost=cost,
        edits=edits,
    )
    fields = result(template(tmp_path, FIELDS), {"a": [(reading,)]}).fields
    assert fields["year"][0].status is fields["a"][0].status
    assert fields["year"][0].confidence == 0.5


def test_without_rivals_a_part_is_worth_what_its_line_is(tmp_path: Path) -> None:
    fields = result(
        template(tmp_path, FIELDS), {"a": [(line("2024/7", status=OK, confidence=0.93, margin=9.0),)]}
    ).fields
    assert fields["year"][0].confidence == 0.93
