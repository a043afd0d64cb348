"""``segocr train --engine textlines``: drawn receipts become a head, and a better one stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from segocr import cli
from segocr.environments.locate import State, status_of
from segocr.templates import shipped_folder
from segocr.textlines.head import load_head

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def labelled(tmp_path: Path, require: Callable[[str, object, str], None]) -> Path:
    """Four drawn receipts to learn from."""
    require("openvino", status_of("openvino").state is State.BUILT, "segocr env create openvino")
    shutil.copytree(shipped_folder() / "receipt" / "golden", tmp_path / "labelled")
    labels = tmp_path / "labelled" / "fields.jsonl"
    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()][:4]
    labels.write_text("\n".join(json.dumps({**row, "split": "train"}) for row in rows), encoding="utf-8")
    return tmp_path / "labelled"


def train(labelled: Path, *more: str) -> int:
    folder = labelled.parent
    where = ["--out", str(folder / "made"), "--work", str(folder / "lines")]
    words = ["train", "receipt", "--engine", "textlines", "--data", str(labelled), *where]
    return cli.run([*words, "--json", *more])


def test_pages_become_a_head_and_fewer_pages_do_not_replace_it(labelled: Path, capsys: Capture) -> None:
    assert train(labelled) == 0
    printed = json.loads(capsys.readouterr().out)
    head = load_head(labelled.parent / "made" / "head.npz")
    assert head.card.classes == ("company", "date", "address", "total")
    assert head.card.pages == printed["pages"] == 4
    assert sum(right for right, _ in head.card.about["expected"].values()) >= 8
    labels = labelled / "fields.jsonl"
    labels.write_text("\n".join(labels.read_text("utf-8").splitlines()[:3]), encoding="utf-8")
    assert train(labelled) == 5
    assert "learned from 4 pages; these are 3" in capsys.readouterr().err
    assert load_head(labelled.parent / "made" / "head.npz").card.pages == 4
    assert train(labelled, "--force") == 0
    assert load_head(labelled.parent / "made" / "head.npz").card.pages == 3
    assert [path.name for path in (labelled.parent / "made").iterdir()] == ["head.npz"]


def test_options_of_the_other_engine_are_refused(labelled: Path, capsys: Capture) -> None:
    assert train(labelled, "--epochs", "3") == 2
    assert "does not take --epochs" in capsys.readouterr().err
