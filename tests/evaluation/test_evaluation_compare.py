from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from evaluation_samples import box, document, label

from segocr.evaluation.compare import Comparison, comparison_of, form_of_label, value_of_label
from segocr.evaluation.labels import read_labels
from segocr.evaluation.outcomes import FieldRule
from segocr.evaluation.run import field_rules
from segocr.templates import FieldSpec, load_template

TODAY = dt.date(2026, 5, 4)


def rule(kind: str, comparison: Comparison | None = None, name: str = "x", **more: Any) -> FieldRule:
    spec = FieldSpec(name, name, kind, **more)
    return FieldRule(spec, comparison or comparison_of(spec), TODAY)


MONEY, GERMAN = rule("money"), rule("money", locale="de")
DATE = rule("date", formats=("dd.MM.yyyy", "dd/MM/yy"))
BORN = rule("date", formats=("dd.MM.yy",), bounds=("1950-01-01", "2005-12-31"))
STATE = rule("enum", enum={"BEZAHLT": "paid", "OFFEN": "open"})


@pytest.mark.parametrize(
    ("how", "labelled", "read", "right"),
    [
        (rule("text"), "ABC  Sdn\nBhd", "abc sdn bhd", True),
        (rule("text"), "ABC", "AB C", False),
        (rule("text", Comparison.ALPHANUMERIC), "mvf-4551", "MVF 4551", True),
        (rule("text", Comparison.ALPHANUMERIC), "O1", "01", False),
        (rule("text", Comparison.EXACT), "P<UTO", "P<UT0", False),
        (MONEY, "RM 11.80", "11.80", True),
        (MONEY, "1,007.50", "1007.5", True),
        (MONEY, "0", "0.00", True),
        (MONEY, "-1.73", "1.73", False),
        (DATE, "11/02/18", "2018-02-11", True),
        (DATE, "(06/12/2016)", "2016-12-06", True),
        (DATE, "6 Dec 2016", "2016-12-06", True),
        (DATE, "12/28/2017", "2017-12-28", True),
        (DATE, "2018-02-11", "2018-11-02", False),
        (rule("date", formats=("yyMMdd",), century="past"), "490312", "1949-03-12", True),
        (BORN, "05.06.60", "1960-06-05", True),
        (BORN, "5/6/60", "1960-06-05", True),
        (rule("time", formats=("h:mm a",)), "5:30 PM", "17:30:00", True),
        (rule("time", formats=("h:mm a",)), "17:30", "17:30:00", True),
        (rule("boolean"), "Yes", "true", True),
        (rule("boolean"), "false", "true", False),
        (STATE, "BEZAHLT", "paid", True),
        (STATE, "paid", "paid", True),
        (STATE, "OFFEN", "paid", False),
        (STATE, "bezalt", "paid", False),
    ],
)
def test_what_counts_as_the_same(how: FieldRule, labelled: str, read: str, right: bool) -> None:
    assert how.right(labelled, read) is right


@pytest.mark.parametrize(
    ("labelled", "value"),
    [
        ("(6,40)", "-6.40"), ("(23.926,22)", "-23926.22"), ("\u22125.367,40", "-5367.40"),
        ("\u20135,00", "-5.00"), ("6,40-", "-6.40"), ("- 2,05", "-2.05"), ("EUR 1.234", "1234"),
        ("1.234", "1234"), ("1.234.567", "1234567"), ("12,345", "12.345"), ("-6.40", "-6.40"),
        ("12.5", "12.5"), ("six", None), ("1,007.50", None),
    ],
)  # fmt: skip
def test_a_label_of_a_number_is_read_as_the_field_reads_print(labelled: str, value: str | None) -> None:
    assert value_of_label(labelled, GERMAN.spec, TODAY) == value
    if value is not None and value.startswith("-"):
        assert GERMAN.right(labelled, value)
        assert not GERMAN.right(labelled, value[1:])


def test_a_label_with_the_fields_decimals_only_as_a_plain_number_is_one() -> None:
    litres = FieldSpec("litres", "litres", "decimal", locale="de", decimals=3)
    assert value_of_label("1.234", litres, TODAY) == "1.234"
    assert value_of_label("1.234,500", litres, TODAY) == "1234.500"


def test_the_kind_follows_from_name_and_type_unless_chosen() -> None:
    assert comparison_of(FieldSpec("mrz_line1", "mrz_line1", "text")) is Comparison.EXACT
    assert comparison_of(FieldSpec("plate", "plate", "enum")) is Comparison.VALUE
    assert comparison_of(DATE.spec) is Comparison.VALUE
    assert comparison_of(DATE.spec, {"x": Comparison.EXACT}) is Comparison.EXACT


def test_every_labelled_date_and_total_is_understood(data: Path) -> None:
    labels = [label for one in read_labels(data / "receipts", None) for label in one.labels]
    for name, form in (("date", r"20\d\d-\d\d-\d\d"), ("total", r"-?\d+(\.\d+)?")):
        spec = load_template("receipt").fields[name]
        found = [
            form_of_label(label.value, spec, Comparison.VALUE, TODAY)
            for label in labels
            if label.class_name == name
        ]
        assert len(found) > 500
        assert [value for value in found if not re.fullmatch(form, value)] == []


def test_labels_are_normalised_as_the_template_normalises_what_it_reads(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        "template: bill\nversion: 1\nfields:\n"
        "  iban: {checks: [iban], ignore_spaces: true, normalise: [remove_spaces]}\n"
        "  payee: {normalise: [collapse_spaces]}\n"
    )
    one = document(label("", box(0, 0), name="iban"), label("", box(0, 90), name="payee"))
    iban, payee = field_rules(load_template(tmp_path), [one])
    assert iban.right("DE30 0000 0637 2065 4788 44", "DE30000006372065478844")
    assert not iban.right("DE30 0000 0637 2065 4788 44", "DE30000006372065478845")
    assert payee.right("OLD  HARBOUR", "old harbour")
    assert not payee.right("OLD HARBOUR", "OLDHARBOUR")


def test_what_is_read_is_not_normalised_a_second_time() -> None:
    doubled = rule("text", normalise=({"replace": {"1": "11"}},))
    assert doubled.right("A1", "A11")
    assert not doubled.right("A1", "A1")
