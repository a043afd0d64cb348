from __future__ import annotations

import json
from pathlib import Path

import pytest

from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels

ROW = {
    "id": "x", "split": "val", "image": "x.jpg", "width": 10, "height": 5,
    "fields": [{"class": "total", "value": "1.00", "polygons": [[[0, 0], [4, 0], [4, 2]]]}],
}  # fmt: skip


def written(folder: Path, *lines: str) -> Path:
    (folder / "x.jpg").write_bytes(b"a picture")
    (folder / "fields.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_reads_values_polygons_and_what_is_not_scored(tmp_path: Path) -> None:
    field = {**ROW["fields"][0], "match": "subset", "alt_polygons": [[[5, 0], [9, 0], [9, 2]]]}  # type: ignore[dict-item]
    (one,) = read_labels(written(tmp_path, json.dumps({**ROW, "fields": [field]})), "val")
    (label,) = one.labels
    assert (one.id, one.size, label.value, label.scored) == ("x", (10, 5), "1.00", False)
    assert label.alternatives[0].tolist() == [[5, 0], [9, 0], [9, 2]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        (json.dumps({**ROW, "image": "y.jpg"}), "y.jpg is not there"),
        (json.dumps({key: ROW[key] for key in ROW if key != "width"}), "'width' is missing"),
        (json.dumps({**ROW, "height": 0}), "10 × 0"),
        (json.dumps({**ROW, "fields": [{"class": "total", "value": 1, "polygons": []}]}), "are texts"),
        (
            json.dumps({**ROW, "fields": [{"class": "t", "value": "", "polygons": [[[0, 0], [1, 1]]]}]}),
            "three or more",
        ),
    ],
)
def test_a_wrong_line_is_named_by_file_and_line(tmp_path: Path, line: str, reason: str) -> None:
    folder = written(tmp_path, json.dumps(ROW), line)
    with pytest.raises(UsageError, match=reason) as caught:
        read_labels(folder, None)
    assert f"{folder / 'fields.jsonl'}:2" in str(caught.value)


def test_a_wrong_line_is_told_whatever_its_split(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"fields\.jsonl:2: 'image' is missing"):
        read_labels(written(tmp_path, json.dumps(ROW), '{"id": 1}'), "val")


def test_only_the_pictures_that_are_asked_for_must_be_there(tmp_path: Path) -> None:
    elsewhere = json.dumps({**ROW, "split": "train", "image": "y.jpg"})
    assert len(read_labels(written(tmp_path, json.dumps(ROW), elsewhere), "val")) == 1
    with pytest.raises(UsageError, match=r"fields\.jsonl:2: the picture .*y\.jpg is not there"):
        read_labels(tmp_path, "train")


def test_documents_without_a_split_are_told_of(tmp_path: Path) -> None:
    bare = json.dumps({key: ROW[key] for key in ROW if key != "split"})
    with pytest.raises(UsageError, match=r"of split 'val'; documents without a split: 2"):
        read_labels(written(tmp_path, bare, bare), "val")
    with pytest.raises(UsageError, match=r"'test'; its splits: val; documents without a split: 1"):
        read_labels(written(tmp_path, bare, json.dumps(ROW)), "test")
    assert len(read_labels(tmp_path, None)) == 2
    with pytest.raises(UsageError, match="holds no document"):
        read_labels(written(tmp_path, ""), None)


def test_an_unknown_split_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'test'; its splits: val"):
        read_labels(written(tmp_path, json.dumps(ROW)), "test")


def test_reads_the_labelled_documents(data: Path) -> None:
    counts = {name: len(read_labels(data / name, "val")) for name in ("receipts", "plates", "passports")}
    assert counts == {"receipts": 60, "plates": 45, "passports": 21}
