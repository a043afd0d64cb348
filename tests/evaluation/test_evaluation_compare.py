from __future__ import annotations

import re
from pathlib import Path

import pytest
from evaluation_samples import box, document, label

from segocr.evaluation.compare import Comparison, comparison_of, normal_form
from segocr.evaluation.labels import read_labels
from segocr.evaluation.run import field_rules
from segocr.templates import load_template


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


def test_labels_are_normalised_as_the_template_normalises_what_it_reads(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        "template: bill\nversion: 1\nfields:\n"
        "  iban: {checks: [iban], ignore_spaces: true, normalise: [remove_spaces]}\n"
        "  payee: {normalise: [collapse_spaces]}\n"
    )
    one = document(label("", box(0, 0), name="iban"), label("", box(0, 90), name="payee"))
    iban, payee = field_rules(load_template(tmp_path), [one])
    assert iban.same("DE30 0000 0637 2065 4788 44", "DE30000006372065478844")
    assert not iban.same("DE30 0000 0637 2065 4788 44", "DE30000006372065478845")
    assert payee.same("OLD  HARBOUR", "old harbour")
    assert not payee.same("OLD HARBOUR", "OLDHARBOUR")
