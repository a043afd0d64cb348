"""Labels and pictures are checked before hours are spent: each mistake is told with file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from segocr.errors import UsageError
from segocr.training.data import read_training_data

SQUARE = [[10, 10], [90, 10], [90, 30], [10, 30]]
ODD = 'Größe #1, "x" {y}'


def write(
    folder: Path, count: int = 3, change: Callable[[list[dict[str, Any]]], None] = lambda _: None
) -> Path:
    """Write labelled pictures of 120 by 80 pixels, the last of split val."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for number in range(count):
        image = f"images/{number}.png"
        cv2.imwrite(str(folder / image), np.full((80, 120, 3), 10 * number, np.uint8))
        fields = [{"class": ODD, "value": "x", "polygons": [SQUARE]}]
        split = "val" if number == count - 1 else "train"
        rows.append(
            {"id": str(number), "split": split, "image": image, "width": 120, "height": 80, "fields": fields}
        )
    change(rows)
    (folder / "fields.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return folder


def test_one_class_with_an_odd_name_is_enough(tmp_path: Path) -> None:
    data = read_training_data(write(tmp_path / "a"), (ODD,))
    assert (len(data.seen), len(data.watched), len(data.val)) == (1, 1, 1)
    assert data.seen[0].outlines[0].name == ODD


def test_a_single_page_is_trained_on_and_watched(tmp_path: Path) -> None:
    def all_train(rows: list[dict[str, Any]]) -> None:
        rows[0]["split"] = "train"

    data = read_training_data(write(tmp_path / "a", 1, all_train), (ODD,))
    assert data.seen == data.watched
    assert data.val == ()


def test_a_tenth_is_held_back_but_nothing_that_alone_shows_a_class(tmp_path: Path) -> None:
    def rare(rows: list[dict[str, Any]]) -> None:
        rows[10]["fields"].append({"class": "rare", "value": "y", "polygons": [SQUARE]})

    data = read_training_data(write(tmp_path / "a", 22, rare), (ODD, "rare"))
    assert [page.id for page in data.watched] == ["0", "10", "20"]
    assert {page.id for page in data.seen} & {"0", "10", "20"} == {"10"}


def test_pages_of_one_group_stay_on_one_side(tmp_path: Path) -> None:
    def grouped(rows: list[dict[str, Any]]) -> None:
        for number, row in enumerate(rows):
            row["group"] = f"sender {number % 4}"

    data = read_training_data(write(tmp_path / "a", 9, grouped), (ODD,))
    assert [page.id for page in data.watched] == ["0", "4"]
    assert [page.id for page in data.seen] == ["1", "2", "3", "5", "6", "7"]


def test_of_many_pictures_of_one_page_a_tenth_is_held_back(tmp_path: Path) -> None:
    def of_one_page(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["group"], row["split"] = "the page", "train"

    data = read_training_data(write(tmp_path / "a", 20, of_one_page), (ODD,))
    assert [page.id for page in data.watched] == ["0", "10"]
    assert len(data.seen) == 18


def test_labels_of_other_classes_are_left_out_and_counted(tmp_path: Path) -> None:
    def other(rows: list[dict[str, Any]]) -> None:
        rows[0]["fields"].append({"class": "stamp", "value": "", "polygons": [SQUARE]})

    data = read_training_data(write(tmp_path / "a", 3, other), (ODD,))
    assert data.left_out == {"stamp": 1}
    assert {one.name for page in (*data.seen, *data.watched) for one in page.outlines} == {ODD}


def test_pages_without_any_label_are_left_out_unless_they_are_said_to_show_nothing(tmp_path: Path) -> None:
    def half(rows: list[dict[str, Any]]) -> None:
        for row in rows[::2]:
            row["fields"] = []

    folder = write(tmp_path / "a", 9, half)
    data = read_training_data(folder, (ODD,))
    assert {page.id for page in (*data.seen, *data.watched)} == {"1", "3", "5", "7"}
    assert data.unlabelled == "5 of 9 pages have no label: left out"
    every = read_training_data(folder, (ODD,), negatives=True)
    assert (len(every.seen) + len(every.watched), len(every.val), every.unlabelled) == (8, 1, "")


def test_pictures_drawn_of_a_page_stay_on_its_side(tmp_path: Path) -> None:
    def drawn(rows: list[dict[str, Any]]) -> None:
        rows[5]["group"], rows[7]["group"] = "0", "1"

    data = read_training_data(write(tmp_path / "a", 9, drawn), (ODD,))
    assert [page.id for page in data.watched] == ["0", "5"]


def test_the_digest_is_that_of_the_content_alone(tmp_path: Path) -> None:
    one = read_training_data(write(tmp_path / "a"), (ODD,))
    moved = read_training_data(write(tmp_path / "b", 3, lambda rows: rows.reverse()), (ODD,))
    changed = read_training_data(write(tmp_path / "c", 3, lambda rows: _move(rows[0])), (ODD,))
    assert (one.digest, one.val_digest) == (moved.digest, moved.val_digest)
    assert one.digest != changed.digest
    assert one.val_digest == changed.val_digest


def _move(row: dict[str, Any]) -> None:
    row["fields"][0]["polygons"] = [[[x + 5, y] for x, y in SQUARE]]


def _shrunk(rows: list[dict[str, Any]]) -> None:
    rows[1]["width"] = 240


def _outside(rows: list[dict[str, Any]]) -> None:
    rows[1]["fields"][0]["polygons"] = [[[x + 200, y] for x, y in SQUARE]]


def _flat(rows: list[dict[str, Any]]) -> None:
    rows[1]["fields"][0]["polygons"] = [[[10, 10], [90, 10], [50, 10]]]


def _gone(rows: list[dict[str, Any]]) -> None:
    rows[1]["image"] = "images/gone.png"


def _no_class(rows: list[dict[str, Any]]) -> None:
    del rows[1]["fields"][0]["class"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_shrunk, "the labels are for 240 × 80 pixels, 1.png has 120 × 80"),
        (_outside, "lies outside the picture"),
        (_flat, "has no area"),
        (_gone, "gone.png is not there"),
        (_no_class, "'class' is missing"),
    ],
)
def test_a_label_that_does_not_fit_is_told_with_its_line(
    tmp_path: Path, change: Callable[[list[dict[str, Any]]], None], said: str
) -> None:
    folder = write(tmp_path / "a", 3, change)
    with pytest.raises(UsageError) as caught:
        read_training_data(folder, (ODD,))
    assert caught.value.message.startswith(f"{folder / 'fields.jsonl'}:2: ")
    assert said in caught.value.message


def test_a_broken_picture_is_told_with_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path / "a")
    content = (folder / "images/1.png").read_bytes()
    (folder / "images/1.png").write_bytes(content[:40])
    with pytest.raises(UsageError, match=r"fields.jsonl:2: .*1.png is not a picture") as caught:
        read_training_data(folder, (ODD,))
    assert caught.value.code == "unreadable-picture"


def test_a_class_without_labels_and_an_empty_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no document of train has a label of class 'total'; labelled is "):
        read_training_data(write(tmp_path / "a"), (ODD, "total"))
    (tmp_path / "a/fields.jsonl").write_text("\n")
    with pytest.raises(UsageError, match="holds no document"):
        read_training_data(tmp_path / "a", (ODD,))
