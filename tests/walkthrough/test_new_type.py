"""docs/new-template.md in small: invoices, which no template knows, become rows, and labels for more."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segocr import cli
from segocr.environments.locate import State, status_of
from segocr.evaluation.compare import comparison_of, form_of_label
from segocr.templates import FieldSpec, load_template

Require = Callable[[str, object, str], None]
Capture = pytest.CaptureFixture[str]

LABELLED, NEW = 8, 4
TODAY = dt.date.today()


def run(capsys: Capture, *words: str) -> str:
    capsys.readouterr()
    assert cli.run(list(words)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


@pytest.fixture
def workspace(tmp_path: Path, require: Require, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("open", "openvino", "validate"):
        require(name, status_of(name).state is State.BUILT, f"segocr env create {name}")
    draw = [
        sys.executable,
        "-m",
        "segocr.synthesis.specimens",
        "invoice",
        "--into",
        str(tmp_path / "invoices"),
    ]
    counts = ["--count", str(LABELLED + NEW), "--labelled", str(LABELLED)]
    subprocess.run([*draw, *counts], check=True, timeout=120)
    assert cli.run(["init", str(tmp_path / "office")]) == 0
    monkeypatch.chdir(tmp_path / "office")
    return tmp_path / "office"


def truth(folder: Path) -> dict[str, dict[str, str]]:
    rows = [json.loads(line) for line in (folder / "fields.jsonl").read_text("utf-8").splitlines()]
    return {
        Path(row["image"]).name: {field["class"]: field["value"] for field in row["fields"]} for row in rows
    }


def same(spec: FieldSpec, one: object, other: str) -> bool:
    if one is None:
        return False
    texts = [str(one), other]
    if spec.name == "iban":
        texts = ["".join(text.split()) for text in texts]
    said, wanted = (form_of_label(text, spec, comparison_of(spec), TODAY) for text in texts)
    return said == wanted


def test_pages_nobody_has_a_template_for_become_rows_and_then_labels(
    workspace: Path, tmp_path: Path, capsys: Capture
) -> None:
    labelled, new = tmp_path / "invoices" / "labelled", tmp_path / "invoices" / "new"
    file = Path(run(capsys, "template", "new", "invoice", "--data", str(labelled)).strip())
    fields = load_template(file.parent).fields
    assert list(fields) == ["number", "date", "total", "iban"]
    assert (fields["date"].type, fields["total"].type) == ("date", "money")
    assert all(spec.constraint is not None for spec in fields.values())

    trained = json.loads(
        run(capsys, "train", "invoice", "--engine", "textlines", "--data", str(labelled), "--json")
    )
    assert trained["pages"] == LABELLED
    assert trained["labels without a text line"] == 0

    run(capsys, "extract", str(new), "--template", "invoice")
    query = "select file, number, date, total, iban, number_status from invoice"
    rows: list[dict[str, Any]] = json.loads(run(capsys, "query", query, "--json"))
    wanted = truth(new)
    assert {Path(row["file"]).name for row in rows} == set(wanted)
    right = [
        same(fields[field], row[field], value)
        for row in rows
        for field, value in wanted[Path(row["file"]).name].items()
    ]
    assert len(right) == 4 * NEW
    assert sum(right) >= 0.85 * len(right)

    told = json.loads(
        run(capsys, "dataset", "autolabel", "invoice", str(new), "--out", str(tmp_path / "more"),
            "--with", str(labelled), "--json")
    )  # fmt: skip
    assert told["by_hand"] == LABELLED
    assert len(told["labelled"]) + len(told["left_out"]) == NEW
    assert len(told["labelled"]) >= NEW // 2
    made = truth(tmp_path / "more")
    for one in told["labelled"]:
        name = Path(one["id"]).name
        for field, value in wanted[f"{name}.jpg"].items():
            assert same(fields[field], made[f"images_{name}.jpg"][field], value)
    assert all(Path(sheet).is_file() for sheet in told["sheets"])
    run(capsys, "dataset", "check", str(tmp_path / "more"), "--template", "invoice")
