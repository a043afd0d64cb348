"""Foreign text is harmless in terminals, JSON and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr.reports.printable import csv_cell, json_text, one_line, printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller 日本 Ω", "Müller 日本 Ω"),
        ("a\x1b[31mred", "a\\e[31mred"),
        ("bell\x07", "bell\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202etxt.exe", "abc\\u{202e}txt.exe"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("two\nlines", "two\nlines"),
        ("back\rover", "back\\rover"),
        ("name\udcff", "name\\u{dcff}"),
    ],
)
def test_printable_escapes_what_a_terminal_obeys(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_one_line_has_no_line_feed() -> None:
    assert one_line("a\nb") == "a\\nb"


@given(st.text(st.characters(codec=None), max_size=40))
def test_printable_text_holds_no_control_or_format_character(text: str) -> None:
    left = {unicodedata.category(character) for character in printable(text)} - {"Cn", "Co", "Zl", "Zp"}
    kept = {c for c in printable(text) if unicodedata.category(c) in ("Cc", "Cs")}
    assert kept <= {"\n"}
    assert not {"Cs"} & left
    assert "\u202e" not in printable(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=cmd()", "'=cmd()"),
        ("+49 30", "'+49 30"),
        ("-1+2", "'-1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\t=1", "\\t=1"),
        ("＝1+1", "'＝1+1"),
        ("-12.50", "-12.50"),
        ("+3", "+3"),
        ("12.50", "12.50"),
        ("receipt", "receipt"),
    ],
)
def test_csv_cells_are_no_formulas_and_numbers_stay(text: str, expected: str) -> None:
    assert csv_cell(text) == expected


@given(st.text(st.characters(codec=None), max_size=40))
def test_json_keeps_its_meaning_and_is_printable(text: str) -> None:
    serialised = json_text(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(serialised) == {"text": text}
    assert printable(serialised) == serialised
    serialised.encode("utf-8")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_csv_cells_never_start_a_formula_in_a_parsed_file(texts: list[str]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([csv_cell(text) for text in texts])
    cells = next(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert not any(cell.startswith(("=", "@", "\t", "\r")) for cell in cells)
