"""Labels far off any picture are told by their line; those that are only odd can still be evaluated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels


def written(folder: Path, polygons: object, **more: object) -> Path:
    field = {"class": "total", "value": "1.00", "polygons": polygons}
    row = {"id": "x", "split": "val", "image": "x.jpg", "width": 10, "height": 5, "fields": [field], **more}
    (folder / "x.jpg").write_bytes(b"a picture")
    (folder / "fields.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return folder


@pytest.mark.parametrize("far", [1e300, -1e7, 10**400])
def test_a_corner_far_off_is_told_by_its_line(tmp_path: Path, far: float) -> None:
    folder = written(tmp_path, [[[0, 0], [far, 0], [4, 2]]])
    with pytest.raises(UsageError) as caught:
        read_labels(folder, None)
    assert f"{folder / 'fields.jsonl'}:1" in str(caught.value)


def test_an_endless_picture_is_told_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"fields\.jsonl:1"):
        read_labels(written(tmp_path, [], width=float("inf")), None)


@pytest.mark.parametrize("polygons", [[], [[[0, 0], [2, 2], [4, 4]]], [[[-3, -3], [20, 0], [20, 9]]]])
def test_values_without_a_whole_outline_can_be_compared(tmp_path: Path, polygons: object) -> None:
    (document,) = read_labels(written(tmp_path, polygons), None)
    assert document.labels[0].value == "1.00"
