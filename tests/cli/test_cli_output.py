"""How commands print data."""

from __future__ import annotations

import csv
import io
import json
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from segocr.cli import run
from segocr.cli.output import PIPED_WIDTH, Format, formats, note, print_json, print_mapping, print_rows

ROWS = [("=cmd()", 1, None), ("a\x1b[31m[b]x", 2.5, True), ("二\nlines", Decimal("-1.50"), date(2026, 3, 1))]
COLUMNS = ["name", "number", "other"]


def test_json_is_typed_and_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, ROWS, Format.JSON)
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert json.loads(text)[0] == {"name": "=cmd()", "number": 1, "other": None}
    assert json.loads(text)[2] == {"name": "二\nlines", "number": "-1.50", "other": "2026-03-01"}


def test_jsonl_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, ROWS, Format.JSONL)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == [row[0] for row in ROWS]


def test_csv_has_no_formula_and_keeps_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, ROWS, Format.CSV)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert rows[0] == COLUMNS
    assert rows[1] == ["'=cmd()", "1", ""]
    assert rows[2] == ["a\\e[31m[b]x", "2.5", "true"]
    assert rows[3] == ["二\nlines", "-1.50", "2026-03-01"]


def test_a_number_in_csv_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["n"], [(1234567.89,), (0.1 + 0.2,), (1.0,), (1e300,)], Format.CSV)
    assert capsys.readouterr().out.split() == ["n", "1234567.89", "0.30000000000000004", "1", "1e+300"]


def test_an_amount_in_a_table_keeps_its_digits(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["n"], [(1234567.89,), (-12345.67,), (2 / 3,)], Format.TABLE)
    assert capsys.readouterr().out.split()[2:] == ["1234567.89", "-12345.67", "0.666667"]


def test_a_decimal_in_a_table_keeps_its_digits(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["n"], [(123.4567,), (0.1 + 0.2,), (1.0,), (0.000012345678,)], Format.TABLE)
    assert capsys.readouterr().out.split()[2:] == ["123.4567", "0.3", "1", "1.2345678e-05"]


def test_long_numbers_keep_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = [2**63 - 1, 1.2345678901234568e16, Decimal("12345678901234.5678"), Decimal("1E+3")]
    for output in (Format.TABLE, Format.CSV):
        print_rows(["n"], [(number,) for number in numbers], output)
        printed = capsys.readouterr().out.split()[-4:]
        assert printed == ["9223372036854775807", "1.2345678901234568e+16", "12345678901234.5678", "1000"]


def test_a_small_negative_number_in_csv_is_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["n"], [(-1.25e-05,)], Format.CSV)
    assert capsys.readouterr().out == "n\n-1.25e-05\n"


def test_many_rows_are_one_json_value(capsys: pytest.CaptureFixture[str]) -> None:
    for rows in ([], ROWS[:1], ROWS, [({"deep": [1, {"x": "a\nb"}]}, [], None)]):
        print_rows(COLUMNS, rows, Format.JSON)
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
        streamed, _, whole = capsys.readouterr().out.partition("]\n[" if rows else "[]\n")
        assert f"{streamed}]\n" == f"[{whole}" if rows else whole == "[]\n"


@pytest.mark.parametrize("output", [Format.JSON, Format.JSONL, Format.CSV, Format.TABLE])
def test_columns_of_one_name_are_all_kept(output: Format, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["a", "a", "a_2", "a", "b", ""], [(11, 12, 13, 14, 15, 16)], output)
    text = capsys.readouterr().out
    places = [text.index(name) for name in ("a", "a_3", "a_2", "a_4", "b")]
    assert places == sorted(places)
    assert all(str(number) in text for number in range(11, 17))
    if output is Format.JSONL:
        assert json.loads(text) == {"a": 11, "a_3": 12, "a_2": 13, "a_4": 14, "b": 15, "": 16}


def test_rows_that_fit_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["name", "text"], [("x", "word " * 40), ("y", "short")], Format.TABLE)
    assert capsys.readouterr().out.startswith("name   text")


def test_rows_too_wide_to_read_are_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"column_{place}" for place in range(30)]
    rows = [["two\nlines \x1b[31m", None, *range(28)], [*range(28), True, "x" * 500]]
    print_rows(columns, rows, Format.TABLE)
    lines = capsys.readouterr().out.split("\n")
    assert lines[:3] == ["column_0   two", "           lines \\e[31m", "column_1   "]
    assert lines[30:33] == ["column_29  27", "", "column_0   0"]
    assert lines[-3:] == ["column_28  yes", "column_29  " + "x" * 500, ""]


def test_a_row_that_would_be_a_page_high_is_a_block(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("x" * 5000, "line\n" * 1000):
        print_rows(["n", "text"], [(1, "short"), (2, text)], Format.TABLE)
        assert capsys.readouterr().out.startswith("n     1\ntext  short\n\nn     2\ntext  ")


def test_no_row_of_many_columns_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([f"column_{place}" for place in range(30)], [], Format.TABLE)
    assert capsys.readouterr() == ("", "no rows\n")
    print_rows(["a", "b"], [], Format.TABLE)
    assert capsys.readouterr().out.startswith("a   b")


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        [("short", 1, ""), ("word " * 60, -2.5, None), ("二" * 90, "x\n\ny", "z" * 200)],
        [(None, True, 7)],
    ],
    ids=["narrow", "folded", "one"],
)
def test_a_table_of_many_rows_looks_like_one_of_few(
    rows: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["name", "a long name", "other"]
    print_rows(names, rows, Format.TABLE)
    few = capsys.readouterr().out
    monkeypatch.setattr("segocr.cli.output._MANY", 0)
    print_rows(names, rows, Format.TABLE)
    many = capsys.readouterr().out
    if max(map(cell_len, few.splitlines())) < PIPED_WIDTH:
        assert many == few
    else:  # of what is folded, the columns' shares of the width may differ
        assert max(map(cell_len, many.splitlines())) <= PIPED_WIDTH
        assert "".join(many.split()).count("二") == 90


def test_a_table_of_many_rows_is_printed_in_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.process_time()
    print_rows(["n", "file"], ((n, f"{n}.jpg") for n in range(30_000)), Format.TABLE)
    assert time.process_time() - began < 5  # Rich takes half a millisecond a row
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 30_002
    assert {len(line) for line in lines} == {len("29999   29999.jpg")}


def test_a_table_takes_no_markup_from_data(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, ROWS, Format.TABLE)
    text = capsys.readouterr().out
    assert "a\\e[31m[b]x" in text
    assert "\x1b" not in text


def test_a_mapping_is_lines_or_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    print_mapping({"a": 1, "long": "x\ny"})
    assert capsys.readouterr().out == "a     1\nlong  x\n      y\n"
    print_mapping({"a": Path("/x")}, Format.JSON)
    assert json.loads(capsys.readouterr().out) == {"a": "/x"}


@pytest.mark.parametrize(("arguments", "expected"), [([], "table"), (["--json"], "json"), (["--csv"], "csv")])
def test_formats_give_one_parameter(arguments: list[str], expected: str) -> None:
    @click.command()
    @formats(Format.TABLE, Format.JSON, Format.CSV)
    def command(output: Format) -> None:
        assert isinstance(output, Format)
        click.echo(output.value)

    assert CliRunner().invoke(command, arguments).output == expected + "\n"


@pytest.mark.parametrize("second", ["--csv", "--table"])
def test_two_formats_are_a_mistake_and_one_twice_is_none(second: str) -> None:
    @click.command()
    @formats(Format.TABLE, Format.JSON, Format.CSV)
    def command(output: Format) -> None:
        click.echo(output.value)

    for arguments in (["--json", second], [second, "--json"]):
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 2
        assert f"{arguments[0]} and {arguments[1]} exclude each other" in result.output
    assert CliRunner().invoke(command, ["--json", "--json"]).output == "json\n"


def test_a_file_that_is_named_like_a_message_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    forged = "a.jpg: extracted\nsegocr: the disk is full, run: rm"
    note(f"{forged}: failed", "look at it\nor not")
    assert capsys.readouterr().err.splitlines() == [
        "a.jpg: extracted\\nsegocr: the disk is full, run: rm: failed",
        "  look at it",
        "  or not",
    ]
    assert run([forged]) == 2
    assert sum(line.startswith("segocr:") for line in capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("kind", [Format.TABLE, Format.CSV])
def test_a_file_name_with_a_line_feed_breaks_no_row(kind: Format, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(["file", "state"], [(Path("a\nb.jpg"), "failed")], kind)
    assert "a\\nb.jpg" in capsys.readouterr().out
