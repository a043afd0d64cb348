"""What types say about their texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from segocr.constraints import compile_constraint
from segocr.templates import FieldSpec, load_template
from segocr.templates.implied import number_pattern
from segocr.validators.currencies import (
    BEFORE_ONLY,
    CHANGING_AFTER,
    NAMES,
    changes_amount,
    is_currency,
)
from segocr.validators.numbers import decimal_from, locale_named, money_from

MONEY = compile_constraint(number_pattern("money", "en"))


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("12.50", True),
        ("RM 12.50", True),
        ("RM12.50", True),
        ("Rs. 100", False),  # currencies are written in capitals
        ("RS. 100", True),
        ("12.50 zł", True),
        ("Kč 12.50", True),
        ("12.50元", True),
        ("12.50 ł", False),
        ("US$ 8", True),
        ("12.50 EUR", True),
        ("12.500 OMR", True),
        ("12.5 M", True),
        ("12.5 Mio.", True),
        ("12.50 CR", True),
        ("DUE 33.80", False),  # a label
        ("12.50 T", False),  # a rate of tax
        ("R 12.50", True),
        ("12.50 R", False),
        ("-$8.00", True),
        ("1,234.50-", True),
        ("(12.50)", True),
        ("RM (12.50)", True),
        ("($12.50)", True),
        ("(12.50", False),
        ("12.50)", False),
        ("\N{EN DASH}12.50", True),
        ("\N{MINUS SIGN}12.50", True),
        ("RM \N{EN DASH}12.50", True),
        ("1 234.50", False),  # in English no space stands between groups
        # A 0, 1 or 2 beside the amount is a digit, not a currency that looks like one.
        ("12.5O", False),
        ("I4.85", False),
        ("Z5.00", False),
        ("RMI4.90", False),
        ("RMZ1.80", False),
    ],
)
def test_an_amount_may_name_its_currency_but_its_digits_are_digits(text: str, accepted: bool) -> None:
    assert MONEY.accepts(text) is accepted


@pytest.mark.parametrize("word", sorted(NAMES | BEFORE_ONLY | CHANGING_AFTER))
def test_every_word_of_an_amount_names_its_currency_or_leaves_it_without_a_value(word: str) -> None:
    for text, before in ((f"{word} 12.50", True), (f"12.50 {word}", False)):
        beside_digits = word[-1] if before else word[0] if len(word) < 3 else ""
        if is_currency(word, before=before) or changes_amount(word, before=before):
            assert MONEY.accepts(text) is (beside_digits not in (*"OIZ",))
            assert is_currency(word, before=before) is not changes_amount(word, before=before)
        else:
            assert not MONEY.accepts(text)


@pytest.mark.parametrize(
    ("decimals", "accepted", "refused"),
    [
        (2, ["10.00", "RM 1,234.50", "$8.20"], ["1000", "10", "43.7", "12.500", "10."]),
        (0, ["1000", "RM 1,234"], ["10.00", "10."]),
        (3, ["12.500 OMR"], ["12.50"]),
    ],
)
def test_amounts_have_as_many_decimals_as_their_author_says(
    decimals: int, accepted: list[str], refused: list[str]
) -> None:
    constraint = compile_constraint(number_pattern("money", "en", decimals))
    assert all(map(constraint.accepts, accepted))
    assert not any(map(constraint.accepts, refused))
    assert compile_constraint(number_pattern("decimal", "de", 2)).accepts("1.234,50")


@pytest.mark.parametrize("kind", ["integer", "decimal", "money"])
@pytest.mark.parametrize("text", ["-12", "12-", "\N{EN DASH}12", "\N{MINUS SIGN}12", "(12)"])
def test_what_is_read_as_a_negative_number_is_converted_to_one(kind: str, text: str) -> None:
    assert compile_constraint(number_pattern(kind, "en")).accepts(text)
    assert money_from(text, locale_named("en")) == decimal_from(text, locale_named("en")) == -12


def field(folder: Path, body: str) -> FieldSpec:
    file = folder / "template.yaml"
    file.write_text(f"template: thing\nversion: 1\nfields:\n  a: {body}\n")
    return load_template(folder).fields["a"]


def test_only_days_within_the_bounds_of_a_date_are_read(tmp_path: Path) -> None:
    body = "{type: date, formats: [dd/MM/yyyy, d/M/yy], bounds: ['1999-12-30', '2024-02-29']}"
    constraint = field(tmp_path, body).constraint
    assert constraint is not None
    assert all(map(constraint.accepts, ["30/12/1999", "31/12/1999", "29/02/2024", "29/2/24"]))
    assert not any(map(constraint.accepts, ["29/12/1999", "01/03/2024", "29/02/2023", "1/1/25"]))


def test_a_preferred_text_must_be_an_allowed_one_too(tmp_path: Path) -> None:
    spec = field(tmp_path, "{lookup: [ABC, DEF, '123'], prefer: ['[A-Z]{3}']}")
    assert spec.preferred is not None
    assert [text for text in ("ABC", "XYZ", "123") if spec.preferred.accepts(text)] == ["ABC"]
    spec = field(tmp_path, "{type: date, formats: [dd/MM/yyyy], prefer: ['.*/20../?.*', '[0-9/]*20[0-9]+']}")
    assert spec.preferred is not None
    assert spec.preferred.accepts("28/02/2024")
    assert not spec.preferred.accepts("31/02/2024")
