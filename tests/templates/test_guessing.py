"""What a draft makes of labelled values: no field that refuses one of them, and nothing out of nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr import cli
from segocr.templates import Template
from segocr.templates.draft import draft_text
from segocr.templates.guessing import Shown, guess
from segocr.templates.load import compile_source
from segocr.templates.source import parse_source

IBANS = (
    "DE30 0000 0637 2065 4788 44", "IE59 UTOP 3322 0170 5015 63", "GB90 UTOP 8291 4464 8191 32",
    "NL31 UTOP 9105 6905 36", "AT34 0000 3433 3436 7032",
)  # fmt: skip


def template_of(*values: str) -> Template:
    text = draft_text("lease", {"a": Shown(values, len(values))}, None, len(values))
    return compile_source(parse_source(text, Path("template.yaml")))


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (("02/03/2025", "31/12/2024"), "type: date"),
        (("4 May 2025", "12 March 2024"), "type: date"),
        (("1,234.50", "EUR 7.00", "12.99 EUR"), "type: money"),
        (IBANS, "checks: [iban]"),
        (("INV-00001", "INV-20417", "RE-2025-0001", "RE-2026-1", "INV-7"), "pattern:"),
        (("OLD HARBOUR BOOKS", "GREEN LANTERN CAFE", "A", "B", "C"), "type: text"),
        ((), "type: text"),
    ],
)
def test_the_kind_of_a_field_is_guessed_from_its_labels(values: tuple[str, ...], first: str) -> None:
    assert guess(Shown(values, 1), 2)[0].startswith(first)


def test_formats_cover_all_days_and_the_day_comes_before_the_month() -> None:
    assert guess(Shown(("02/03/2025", "2025-03-31"), 2), 3)[1] == "formats: [dd/MM/yyyy, yyyy-MM-dd]"
    assert guess(Shown(("02/28/2025", "12/30/2024"), 2), 3)[1] == "formats: [MM/dd/yyyy]"


def test_decimal_commas_are_told_and_mixed_signs_are_no_amounts() -> None:
    assert "locale: de" in guess(Shown(("1.234,50", "7,00"), 2), 3)
    assert guess(Shown(("1,234.50", "7,00"), 2), 3)[0].startswith("type: text")


@pytest.mark.parametrize(
    ("values", "more"),
    [
        (("1.234,50", "6.665,08-", "(152,97)", "\u22125.367,40", "–5,00", "3,00 EUR"), ["locale: de"]),
        (("1,234.50", "(0.99)", "$7.00", "-RM 3.20"), ["locale: en"]),
        (("1 234,50", "-7,00"), ["locale: fr"]),
        (("1'234.50", "CHF 7.00"), ["locale: de-CH"]),
        (("1.234,50", "- 2,05"), ["locale: de", "ignore_spaces: true"]),
    ],
)
def test_amounts_are_known_however_they_are_printed(values: tuple[str, ...], more: list[str]) -> None:
    assert guess(Shown(values, 1), 2) == ["type: money", *more]
    constraint = template_of(*values).fields["a"].constraint
    assert constraint is not None
    assert all(constraint.accepts("".join(v.split()) if len(more) > 1 else v) for v in values)


def test_numbers_without_decimals_are_no_amounts() -> None:
    assert guess(Shown(("1234", "17", "3.5"), 1), 2)[0].startswith("type: text")


def test_one_label_unlike_nineteen_is_told_and_does_not_lose_the_type() -> None:
    days = [f"{day:02d}/03/2025" for day in range(1, 20)]
    lines = guess(Shown((*days, "n/a"), 20), 21)
    assert lines[:2] == ["type: date", "formats: [dd/MM/yyyy]"]
    assert lines[2].startswith("# unlike that, of the labels: 'n/a'; mistyped")
    assert guess(Shown((*days[:4], "n/a"), 5), 6)[0].startswith("type: text")
    ibans = [*IBANS, *IBANS, IBANS[0].replace("44", "45")]
    lines = guess(Shown(tuple(ibans), 11), 12)
    assert lines[0] == "checks: [iban]"
    assert "DE30 0000 0637 2065 4788 45" in lines[-1]
    assert template_of(*days, "n/a\u2028").fields["a"].type == "date"


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (("69.019,4", "7,5", "12.345,25", "0,5", "3,0"), ["type: decimal", "locale: de"]),
        (("69,019.4", "7.5", "12", "0.5", "3.0"), ["type: decimal", "locale: en"]),
        (("1.234", "2.500", "3.125", "4.000", "0.500"), None),
        (("12", "345", "7", "8901", "22"), None),
        (("01-Mar-2025", "31-Dec-2024"), ["type: date", "formats: [dd-MMM-yyyy]"]),
        (
            ("4539578763621486", "4485275742308327", "4716461583322103", "5436031030606378", "49927398716"),
            ["checks: [luhn]"],
        ),
        (tuple(f"{n:017d}{-sum((3, 1)[at % 2] * int(c) for at, c in enumerate(f'{n:017d}')) % 10}"
               for n in range(5)), ["checks: [sscc]"]),
    ],
)  # fmt: skip
def test_decimals_months_in_letters_and_numbers_with_check_digits(
    values: tuple[str, ...], lines: list[str] | None
) -> None:
    found = guess(Shown(values, 1), 2)
    assert found == lines if lines else found[0].startswith(("type: text", "pattern:"))


def test_names_of_fields_keep_their_letters_without_the_accents() -> None:
    shown = dict.fromkeys(("Zähler Nr", "N° de série", "Größe", "Łódź", "日付"), Shown((), 0))
    text = draft_text("meter", shown, None, 1)
    names = [line.strip(" :") for line in text.splitlines() if line.startswith("  ") and line.endswith(":")]
    assert names == ["zaehler_nr", "n_de_serie", "groesse", "lodz", "field"]


def test_a_few_labels_make_no_pattern_and_no_check() -> None:
    assert guess(Shown(IBANS[:3], 3), 4)[0].startswith("type: text")


def test_lines_instances_and_required_are_what_the_labels_show() -> None:
    lines = guess(Shown(("A", "B"), 2, several=True, many_lines=True), 2)
    assert {"lines: many", "instances: all", "required: true"} <= set(lines)
    assert not {"lines: many", "instances: all", "required: true"} & set(guess(Shown(("A", "B"), 2), 3))


SHAPES = st.from_regex(r"[A-Z]{1,3}[-/. ]?[0-9]{1,6}([-/.][0-9]{2})?", fullmatch=True)


@given(st.lists(st.one_of(SHAPES, st.text(max_size=12)), min_size=1, max_size=9))
def test_any_labels_make_a_field_that_loads_and_accepts_each_of_them(values: list[str]) -> None:
    values = [value.strip() for value in values if value.strip()]
    spec = template_of(*values).fields["a"]
    if spec.pattern is not None and spec.constraint is not None:
        assert all(spec.constraint.accepts(value) for value in values)


def test_a_draft_looks_at_labelled_pages_of_train_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for number, (split, value) in enumerate(
        (("train", "1.50"), ("train", "2.50"), ("val", "n/a"), (None, ""))
    ):
        (tmp_path / f"{number}.png").touch()
        field = {"class": "total", "value": value, "polygons": [[[0, 0], [9, 0], [9, 9]]]}
        row = {"id": str(number), "split": split, "image": f"{number}.png", "width": 9, "height": 9}
        rows.append({**row, "fields": [field] if value else []})
    (tmp_path / "fields.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["template", "new", "bill", "--data", str(tmp_path), "--to", str(tmp_path / "made")]
    assert cli.run(words) == 0
    assert "1 of 3 pages have no label: left out" in capsys.readouterr().err
    text = (tmp_path / "made" / "bill" / "template.yaml").read_text()
    assert "guessed from 2 labelled documents" in text
    assert "type: money" in text
    assert "required: true" in text
