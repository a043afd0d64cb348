"""How commands print data."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from segocr.cli.output import Format, formats, print_mapping, print_rows

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
