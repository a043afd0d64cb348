"""``segocr dataset check`` lists every mistake at once; ``split`` keeps together what belongs together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from foreign_labels import draw_picture, labelled_folder, labelled_row

from segocr import cli
from segocr.datasets.checking import check_labels
from segocr.datasets.likeness import difference_hash, groups, near_pairs
from segocr.datasets.splitting import split_labels
from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels
from segocr.synthesis.backgrounds import read_picture


def codes(folder: Path, classes: tuple[str, ...] | None = None) -> list[tuple[str, int]]:
    """Return the code and line of every finding."""
    return [
        (one.code, int((one.place + ":0").split(":")[1])) for one in check_labels(folder, classes).findings
    ]


def moved(row: dict, x: float, y: float) -> dict:  # type: ignore[type-arg]
    polygons = [[[px + x, py + y] for px, py in polygon] for polygon in row["fields"][0]["polygons"]]
    return {**row, "fields": [{**row["fields"][0], "polygons": polygons}]}


def test_a_good_folder_has_no_findings(tmp_path: Path) -> None:
    rows = [labelled_row("a"), labelled_row("b", split="val")]
    checked = check_labels(labelled_folder(tmp_path, rows), ("total",))
    assert (checked.findings, checked.splits, checked.labels) == ((), {"train": 1, "val": 1}, {"total": 2})


def test_every_mistake_is_found_with_its_line(tmp_path: Path) -> None:
    flat = labelled_row("flat")
    flat["fields"][0]["polygons"] = [[[1, 1], [5, 1], [9, 1]]]
    rows = [
        labelled_row("good"),
        labelled_row("empty", fields=[]),
        moved(labelled_row("outside"), 500, 0),
        moved(labelled_row("edge"), -20, 0),
        flat,
        labelled_row("odd", fields=[{**labelled_row("odd")["fields"][0], "class": "totl", "value": ""}]),
        labelled_row("large", width=300),
        labelled_row("broken"),
        labelled_row("good", image="again.png"),
    ]
    labelled_folder(tmp_path, rows)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    with (tmp_path / "fields.jsonl").open("a") as file:
        file.write('{"id": 1}\n')
    assert sorted(codes(tmp_path, ("total", "date"))) == [
        ("broken-picture", 8), ("malformed", 10), ("never-labelled", 0), ("no-area", 5), ("no-labels", 2),
        ("no-value", 6), ("other-size", 7), ("outside", 3), ("over-edge", 4), ("same-id", 9),
        ("unknown-class", 6),
    ]  # fmt: skip


def test_duplicates_across_splits_by_bytes_and_by_likeness(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.png", 1, (800, 400))
    shutil.copyfile(tmp_path / "a.png", tmp_path / "same.png")
    picture = cv2.resize(read_picture(tmp_path / "a.png"), (200, 100), interpolation=cv2.INTER_AREA)
    dark = np.clip(picture * 0.8 + 9, 0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "alike.jpg"), dark, [cv2.IMWRITE_JPEG_QUALITY, 60])
    rows = [
        labelled_row("a", width=800, height=400),
        labelled_row("same", width=800, height=400, split="val"),
        labelled_row("alike", image="alike.jpg", split="val"),
        labelled_row("other", seed=9),
    ]
    found = codes(labelled_folder(tmp_path, rows))
    assert found == [("duplicate-across-splits", 2), ("near-duplicate-across-splits", 3)]


def test_the_command_draws_a_sheet_and_fails_on_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = labelled_folder(tmp_path / "in", [labelled_row("a"), moved(labelled_row("b"), 900, 0)])
    sheet = tmp_path / "sheet.png"
    assert cli.run(["dataset", "check", str(folder), "--sheet", str(sheet), "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert (said["errors"], said["findings"][0]["code"]) == (1, "outside")
    drawn = read_picture(sheet)
    assert drawn.shape[1] == 2 * 420
    assert (drawn == (60, 60, 230)).all(axis=2).sum() > 50  # the outline's colour
    assert cli.run(["dataset", "check", str(folder), "--sheet", str(tmp_path / "sheet.gif")]) == 2


def test_an_empty_file_is_an_error_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "fields.jsonl").write_text("\n")
    assert codes(tmp_path) == [("empty", 0)]
    with pytest.raises(UsageError, match="no document"):
        split_labels(tmp_path)


def test_groups_senders_and_near_duplicates_stay_on_one_side(tmp_path: Path) -> None:
    rows = []
    for number in range(24):
        row = labelled_row(f"r{number}", seed=number // 2)  # two of one picture
        row["fields"][0]["value"] = f"Shop {number // 6}."  # six of one sender
        rows.append(row)
    rows += [labelled_row(f"g{number}", group=f"page {number % 4}", seed=100 + number) for number in range(8)]
    folder = labelled_folder(tmp_path, rows)
    division = split_labels(folder, share=0.3, seed=1, by=["total"])
    assert division.groups == 5  # four senders; the others all have the total 1.00
    documents = read_labels(folder, None)
    for name in {label.value for one in documents for label in one.labels}:
        assert len({one.split for one in documents if one.labels[0].value == name}) == 1
    assert sum(one.split == "val" for one in documents) in (6, 8)
    with pytest.raises(UsageError, match="divided already"):
        split_labels(folder)
    again = split_labels(folder, share=0.3, seed=1, force=True)
    assert again.groups == 12 + 4


def test_the_same_seed_divides_alike(tmp_path: Path) -> None:
    sides = []
    for place, seed in enumerate((3, 3, 4)):
        folder = labelled_folder(tmp_path / str(place), [labelled_row(f"r{n}", seed=n) for n in range(20)])
        split_labels(folder, seed=seed)
        sides.append([one.split for one in read_labels(folder, None)])
    assert sides[0] == sides[1] != sides[2]
    assert sides[0].count("val") == 4


def test_one_group_cannot_be_divided(tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path, [labelled_row(f"r{n}", group="one") for n in range(3)])
    with pytest.raises(UsageError, match=r"3 documents .* form 1 groups"):
        split_labels(folder)
    assert {one.split for one in read_labels(folder, None)} == {"train"}


def test_hashes_of_unlike_pictures_are_far_apart(tmp_path: Path) -> None:
    hashes = [difference_hash(read_picture(draw_picture(tmp_path / f"{n}.png", n))) for n in range(6)]
    assert near_pairs(hashes, 40) == []
    assert near_pairs([hashes[0], hashes[1], hashes[0]]) == [(0, 2, 0)]


def test_groups_join_through_others() -> None:
    assert groups(5, [(3, 1)], [(1, "x"), (4, "x"), (0, "y"), (2, "z")]) == [0, 1, 2, 1, 1]
