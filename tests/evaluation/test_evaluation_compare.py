from __future__ import annotations

import re
from pathlib import Path

import pytest

from segocr.evaluation.compare import Comparison, comparison_of, normal_form
from segocr.evaluation.labels import read_labels


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        (Comparison.WORDS, "ABC  Sdn\nBhd", "abc sdn bhd", True),
        (Comparison.WORDS, "ABC", "AB C", False),
        (Comparison.ALPHANUMERIC, "mvf-4551", "MVF 4551", True),
        (Comparison.ALPHANUMERIC, "O1", "01", False),
        (Comparison.EXACT, "P<UTO", "P<UT0", False),
        (Comparison.NUMBER, "RM 11.80", "11.8", True),
        (Comparison.NUMBER, "1,007.50", "1007.50", True),
        (Comparison.NUMBER, "1.007,50", "1007.50", True),
        (Comparison.NUMBER, "0", "0.00", True),
        (Comparison.NUMBER, "-1.73", "1.73", False),
        (Comparison.DATE, "11/02/18", "2018-02-11", True),
        (Comparison.DATE, "(06/12/2016)", "6 Dec 2016", True),
        (Comparison.DATE, "12/28/2017", "2017-12-28", True),
        (Comparison.DATE, "2018-02-11", "2018-11-02", False),
    ],
)
def test_what_counts_as_the_same(kind: Comparison, one: str, other: str, same: bool) -> None:
    assert (normal_form(one, kind) == normal_form(other, kind)) is same


def test_the_kind_follows_from_name_and_type_unless_chosen() -> None:
    assert comparison_of("mrz_line1", "text") is Comparison.EXACT
    assert comparison_of("due", "date") is Comparison.DATE
    assert comparison_of("due", "date", {"due": Comparison.EXACT}) is Comparison.EXACT


def test_every_labelled_date_and_total_is_understood(data: Path) -> None:
    labels = [label for one in read_labels(data / "receipts", None) for label in one.labels]
    dates = [normal_form(label.value, Comparison.DATE) for label in labels if label.class_name == "date"]
    totals = [normal_form(label.value, Comparison.NUMBER) for label in labels if label.class_name == "total"]
    assert len(dates) > 500 and len(totals) > 500
    assert [day for day in dates if not re.fullmatch(r"20\d\d-\d\d-\d\d", day)] == []
    assert [total for total in totals if not re.fullmatch(r"-?[\d.]+(E\+\d+)?", total)] == []
