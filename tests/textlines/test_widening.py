"""Of a line a field's value is read whole, and labels are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.geometry import rectangle
from segocr.templates import load_template
from segocr.textlines.features import look_at
from segocr.textlines.lines import TextLine
from segocr.textlines.parts import spans_of
from segocr.training.heads.train import train_on

AMOUNT = "{type: money, decimals: 2}"
SPACES = "{type: money, decimals: 2, ignore_spaces: true}"
GOODS = "{pattern: '([0-9]+ x )?[A-Z]+ [0-9]+[.][0-9]{2}', instances: all}"
DATE = "{type: date, formats: [dd/MM/yyyy, d/M/yyyy, dd/MM/yy]}"


def part(folder: Path, field: str, text: str, wide: tuple[int, ...] = (), *, probable: float = 1.0) -> str:
    """Return what is read of a line for a field.

    Args:
        folder: For the template.
        field: As written there.
        text: As read without a constraint.
        wide: Places of spaces that are five characters wide.
        probable: How probably the line is the field's.
    """
    (folder / "template.yaml").write_text(f"template: thing\nversion: 1\nfields:\n  a: {field}\n")
    template = load_template(folder)
    widths = np.array([5.0 if place in wide else 1.0 for place in range(len(text))])
    bounds = np.concatenate([[0.0], np.cumsum(widths) / widths.sum()])
    lines = [TextLine(rectangle(200.0, 20.0), 1.0, text, 1.0, bounds)]
    head = train_on(template, [], ocr=("0" * 64, "model"), python=Path("python")).head
    told = np.full((1, 2), probable, np.float32)
    spans = spans_of(template, look_at(template, lines), lines, told, head)
    (span,) = spans["a"]
    return text if span is None else text[slice(*span)]


@pytest.mark.parametrize("field", [AMOUNT, SPACES])
@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("", "1 234.50"),
        ("TOTAL ", "1 234.50"),
        ("TOTAL: ", "12 345 678.00"),
        ("", "1, 234.50"),
        ("", "- 12.50"),
        ("", "\N{EN DASH} 12.50"),
        ("TOTAL ", "(12.50)"),
        ("TOTAL ", "( 12.50 )"),
        ("TOTAL ", "(12.50"),
        ("TOTAL ", "12.50)"),
    ],
)
def test_digits_signs_and_brackets_of_an_amount_are_read_with_it(
    tmp_path: Path, field: str, label: str, value: str
) -> None:
    assert part(tmp_path, field, label + value) == value


@pytest.mark.parametrize("field", [AMOUNT, SPACES])
@pytest.mark.parametrize(
    ("before", "value", "behind"),
    [
        ("TOTAL ", "12.50", ""),
        ("CASH ", "12.50", ""),
        ("TOTAL : ", "12.50", ""),
        # A minus, or what parts the two (``test_doubts``).
        ("TOTAL - ", "12.50", ""),
        ("AMOUNT DUE - ", "RM 12.50", ""),
        ("TOTAL \N{EN DASH} ", "$12.50", ""),
        ("TOTAL (RM) ", "12.50", ""),
        ("TOTAL (2) ", "12.50", ""),
        ("QTY 2 ", "12.50", ""),
        ("1. ", "234.50", ""),
        ("2 x ", "12.50", ""),
        ("0 ", "120.00", ""),
        ("*", "12.50", ""),
        ("@6% ", "12.50", ""),
        ("", "12.50", " 8%"),
        ("", "12.50", " - CASH"),
        ("(incl. GST ", "0.71", ")"),
        ("TOTAL DUE ", "33.80", ""),
        ("TOTAL INCL. GST ", "33.80", ""),
        ("TAX ", "1.20", ""),
        ("", "2.49", " B"),
        ("NET ", "10.00", " T"),
        ("TOTAL ", "EUR 12.50", " A"),
    ],
)
def test_labels_and_other_numbers_beside_an_amount_are_not(
    tmp_path: Path, field: str, before: str, value: str, behind: str
) -> None:
    assert part(tmp_path, field, before + value + behind) == value


@pytest.mark.parametrize(
    "field", [AMOUNT, SPACES, "{type: money, decimals: 2, pattern: '[0-9]+[.][0-9]{2}'}"]
)
@pytest.mark.parametrize(
    "value", ["12.50 CR", "DR 12.50", "DB 12.50", "Cr. 12.50", "12.50 M", "12.50 Mio.", "12.50 p", "12.50CR"]
)
def test_letters_that_make_it_another_amount_are_read_with_it(tmp_path: Path, field: str, value: str) -> None:
    assert part(tmp_path, field, f"TOTAL {value}").startswith(value[:6])
    assert part(tmp_path, field, f"TOTAL {value}") != "12.50"


def test_columns_are_parted_by_wide_spaces(tmp_path: Path) -> None:
    assert part(tmp_path, AMOUNT, "5 123.50") == "5 123.50"
    assert part(tmp_path, AMOUNT, "5 123.50", wide=(1,)) == "123.50"


@pytest.mark.parametrize("count", ["6 x ", "6 \N{MULTIPLICATION SIGN} ", "6 X ", "6x ", "6x", "6 "])
def test_a_misread_beginning_that_the_pattern_knows_is_read_with_the_rest(tmp_path: Path, count: str) -> None:
    assert part(tmp_path, GOODS, f"{count}BREAD 15.75") == f"{count}BREAD 15.75"


@pytest.mark.parametrize("label", ["1. ", "1) ", "NO: ", "x "])
def test_a_beginning_that_it_does_not_know_is_a_label(tmp_path: Path, label: str) -> None:
    assert part(tmp_path, GOODS, f"{label}BREAD 15.75") == "BREAD 15.75"


@pytest.mark.parametrize(
    ("before", "value", "behind"),
    [
        ("Date: ", "12/03/2018", " 14:22"),
        ("14:22 ", "12/03/2018", ""),
        ("", "12/03/18", " 14:22"),
        ("DATE - ", "12/03/2018", ""),
        ("", "1 2/03/2018", ""),
    ],
)
def test_a_time_beside_a_date_is_not_a_part_of_it(
    tmp_path: Path, before: str, value: str, behind: str
) -> None:
    assert part(tmp_path, DATE, before + value + behind) == value


def test_what_satisfies_check_digits_is_whole(tmp_path: Path) -> None:
    field = "{pattern: '[0-9]{13,19}', checks: [luhn]}"
    assert part(tmp_path, field, "4111111111111111 12") == "4111111111111111"
    assert part(tmp_path, "{pattern: '[0-9]{13,19}'}", "4111111111111111 12") == "4111111111111111 12"


@pytest.mark.parametrize(("field", "text"), [(GOODS, "6 STRAßE 1 BREAD 15.75"), ("{pattern: ' +'}", "- -")])
def test_no_text_is_too_strange(tmp_path: Path, field: str, text: str) -> None:
    assert part(tmp_path, field, text) in text


def test_a_line_that_its_field_does_not_take_is_not_looked_at_any_closer(tmp_path: Path) -> None:
    assert part(tmp_path, AMOUNT, "1 234.50", probable=0.02) == "1 234.50"
    assert part(tmp_path, AMOUNT, "1 234.50", probable=0.01) == "234.50"


UNSIGNED = "{type: money, decimals: 2, pattern: '[0-9]{1,3}(,[0-9]{3})*[.][0-9]{2}'}"


@pytest.mark.parametrize(
    "value", ["-12.50", "- 12.50", "12.50-", "(12.50)", "( 1,012.50 )", "\N{MINUS SIGN}12.50"]
)
def test_a_number_is_read_with_the_sign_that_its_own_pattern_forgets(tmp_path: Path, value: str) -> None:
    assert part(tmp_path, UNSIGNED, value) == value
    if not value.startswith("- "):
        assert part(tmp_path, UNSIGNED, f"Rabatt {value}") != "12.50"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("IBAN DE33 9688 0979 5879 0637 43", "DE33 9688 0979 5879 0637 43"),
        ("DE33 9688 0979 5879 0637 4355 9", "DE33 9688 0979 5879 0637 4355 9"),
        ("DE33 9688 0979 5879 0637 BIC UTOPXX", "DE33 9688 0979 5879 0637 BIC"),
        ("DE33 9688 0979 5879 0637 12.50", "DE33 9688 0979 5879 0637"),
        # Without spaces it is a part of something longer: one character more makes it doubtful.
        ("DE33968809795879063743", "DE3396880979587906374"),
    ],
)
def test_groups_that_a_pattern_is_too_short_for_are_read_with_it(
    tmp_path: Path, text: str, read: str
) -> None:
    assert part(tmp_path, "{pattern: '[A-Z]{2}[0-9]{18}', ignore_spaces: true}", text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("RECEIPT #:CS00241867 DATE:02/02/2018", "02/02/2018"),
        ("Date:02/02/2018", "02/02/2018"),
        # A part of something longer is read with a character of that, which is dear to leave out.
        ("Date: 02/02/201813:48:37", "02/02/20181"),
        ("REG#19-21/05/2018 11:59", "9-21/05/2018"),
        ("102/02/2018", "102/02/2018"),
    ],
)
def test_a_date_in_a_line_is_read_without_the_line(tmp_path: Path, text: str, read: str) -> None:
    assert part(tmp_path, "{type: date, formats: [dd/MM/yyyy]}", text) == read
