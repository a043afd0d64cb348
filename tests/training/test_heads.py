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


def test_labels_off_the_text_foreign_classes_and_single_pages_are_told(
    labelled: Path, capsys: Capture
) -> None:
    labels = labelled / "fields.jsonl"
    row = json.loads(labels.read_text("utf-8").splitlines()[0])
    nowhere = [[[4, 4], [60, 4], [60, 18], [4, 18]]]
    date = next(field for field in row["fields"] if field["class"] == "date")
    row["fields"] += [{**date, "value": "01/01/2001", "polygons": nowhere}]
    row["fields"] += [{"class": "täx #1", "value": "3", "polygons": nowhere}]
    labels.write_text(json.dumps(row), encoding="utf-8")
    assert train(labelled) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["labels without a text line"] == 1
    assert "one page is too few to leave some out" in told.err
    assert "1 labels are of class 'täx #1'" in told.err
    assert f"{labelled / row['image']}: no text line was found where date ('01/01/2001')" in told.err
    assert (labelled.parent / "lines" / "labels-without-a-line.jpg").stat().st_size > 1000


def test_mistakes_in_labels_are_told_with_their_line_before_a_page_is_read(
    labelled: Path, capsys: Capture
) -> None:
    labels = labelled / "fields.jsonl"
    first, second, *_ = labels.read_text("utf-8").splitlines()
    picture = labelled / json.loads(second)["image"]
    picture.write_bytes(picture.read_bytes()[:3000])
    assert train(labelled) == 2
    assert f"{labels}:2: {picture} is not a picture that can be opened" in capsys.readouterr().err
    row = json.loads(first)
    kept = [field for field in row["fields"] if field["class"] != "total"]
    labels.write_text(json.dumps({**row, "fields": kept}), encoding="utf-8")
    assert train(labelled) == 2
    assert "no document of train has a label of class 'total'" in capsys.readouterr().err
    assert not (labelled.parent / "lines").exists()


def test_without_pages_a_head_knows_the_patterns_and_a_model_is_refused(
    labelled: Path, capsys: Capture
) -> None:
    made = labelled.parent / "made"
    words = ["train", "receipt", "--engine", "textlines", "--out", str(made), "--work", str(made / "lines")]
    assert cli.run([*words, "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["pages"] == 0
    assert "the fields' patterns and nothing else" in told.err
    assert load_head(made / "head.npz").forest is None
    assert cli.run(["train", "receipt"]) == 2
    assert "Missing option '--data'" in capsys.readouterr().err
