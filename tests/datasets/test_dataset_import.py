"""Labels of other programs keep their polygons; a mistake is told by its place, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from foreign_labels import (
    coco_file,
    draw_picture,
    labelled_folder,
    labelled_row,
    labelme_file,
    write_json,
    yolo_folder,
)

from segocr import cli
from segocr.datasets.importing import Kind, import_labels, kind_of
from segocr.datasets.readers.reading import rectangle_points, rotated
from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels

TURNED = [[117.32, 35], [82.68, 15], [72.68, 32.32], [107.32, 52.32]]


def imported(source: Path, out: Path, **more: Any) -> list[Any]:
    import_labels(source, out, **more)
    return read_labels(out, None)


def test_labelme_polygons_rectangles_and_lines_of_one_field(tmp_path: Path) -> None:
    shapes = [
        {"label": "date", "shape_type": "rectangle", "points": [[60, 30], [10, 20]], "description": "1 May"},
        {"label": "addr", "points": [[1, 1], [50, 1], [50, 9]], "group_id": 4, "description": "Road 1"},
        {"label": "addr", "points": [[1, 11], [50, 11], [50, 19]], "group_id": 4, "description": "Town"},
        {"label": "plate", "shape_type": "rotation", "points": TURNED},
    ]
    labelme_file(tmp_path / "in", shapes)
    assert kind_of(tmp_path / "in") is Kind.LABELME
    (one,) = imported(tmp_path / "in", tmp_path / "out")
    assert [(label.class_name, label.value, len(label.polygons)) for label in one.labels] == [
        ("date", "1 May", 1), ("addr", "Road 1 Town", 2), ("plate", "", 1),
    ]  # fmt: skip
    assert one.labels[0].polygons[0].tolist() == [[10, 20], [60, 20], [60, 30], [10, 30]]
    assert one.labels[2].polygons[0].tolist() == TURNED
    assert (one.size, one.split, one.path.is_file()) == ((200, 100), "train", True)


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (("Road 1\nTown", "Road 1\nTown"), "Road 1 Town"),
        (("Road 1\nTown", "Road 1 Town"), "Road 1 Town"),
        (("Road 1 Town", ""), "Road 1 Town"),
        (("No", "No", "Road"), "No No Road"),
    ],
)
def test_labelme_lines_that_all_carry_the_whole_value_say_it_once(
    tmp_path: Path, texts: tuple[str, ...], value: str
) -> None:
    shapes = [
        {"label": "addr", "points": [[1, y], [50, y], [50, y + 8]], "group_id": 4, "description": text}
        for y, text in enumerate(texts)
    ]
    labelme_file(tmp_path / "in", shapes)
    (one,) = imported(tmp_path / "in", tmp_path / "out")
    assert [(label.value, len(label.polygons)) for label in one.labels] == [(value, len(texts))]


def test_a_rectangle_that_cvat_turned_becomes_its_polygon(tmp_path: Path) -> None:
    # 40 × 20 about (95, 33.66), turned by 30° clockwise; the box and the segmentation are not turned.
    box = [75, 23.66, 40, 20]
    upright = [75, 23.66, 115, 23.66, 115, 43.66, 75, 43.66]
    expected = [[82.68, 15], [117.32, 35], [107.32, 52.32], [72.68, 32.32]]
    for number, segmentation in enumerate(([], [upright])):
        annotation = {
            "bbox": box,
            "segmentation": segmentation,
            "attributes": {"rotation": 30.0, "text": "9"},
        }
        source = coco_file(tmp_path / f"in{number}", [annotation])
        (one,) = imported(source, tmp_path / f"out{number}", renamed={"total €": "total"})
        assert (one.labels[0].class_name, one.labels[0].value) == ("total", "9")
        np.testing.assert_allclose(one.labels[0].polygons[0], expected, atol=0.02)


def test_coco_masks_plain_and_packed_have_the_outline_of_their_pixels(tmp_path: Path) -> None:
    # Columns 10 to 19, rows 5 to 24: run lengths column by column.
    runs = [10 * 100 + 5] + [20, 80] * 9 + [20, 180 * 100 + 75]
    mask = np.zeros((100, 200), np.uint8)
    mask[5:25, 10:20] = 1
    packed = _packed(runs)
    for number, counts in enumerate((runs, packed)):
        annotation = {"segmentation": {"counts": counts, "size": [100, 200]}, "bbox": [10, 5, 10, 20]}
        (one,) = imported(coco_file(tmp_path / f"in{number}", [annotation]), tmp_path / f"out{number}")
        (polygon,) = one.labels[0].polygons
        assert cv2.contourArea(polygon.astype(np.float32)) == mask.sum()
        assert (polygon.min(axis=0).tolist(), polygon.max(axis=0).tolist()) == ([10, 5], [20, 25])


def run_lengths(mask: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Write a mask as COCO does: column by column, outside first."""
    flat = np.concatenate([[0], mask.T.ravel(), [0]])
    ends = [0, *np.flatnonzero(np.diff(flat)).tolist(), mask.size]
    counts = np.diff(ends).tolist()
    return {"counts": counts if counts[-1] else counts[:-1], "size": list(mask.shape)}


def test_the_parts_of_a_mask_are_lines_in_reading_order_without_specks(tmp_path: Path) -> None:
    mask = np.zeros((100, 200), np.uint8)
    mask[60:80, 10:150] = 1  # the second line
    mask[20:40, 90:160] = 1  # the first one, in two words
    mask[22:42, 10:80] = 1
    mask[90:91, 10:180] = 1  # a rule of one pixel's height is a part, too
    mask[5:7, 5:7] = 1  # a speck
    annotation = {"segmentation": run_lengths(mask), "bbox": [0, 0, 1, 1]}
    (one,) = imported(coco_file(tmp_path / "in", [annotation]), tmp_path / "out")
    lines = [[*line.min(axis=0).tolist(), *line.max(axis=0).tolist()] for line in one.labels[0].polygons]
    assert lines == [[10, 22, 80, 42], [90, 20, 160, 40], [10, 60, 150, 80], [10, 90, 180, 91]]


def test_the_outline_of_a_mask_with_a_corner_inside_has_its_area(tmp_path: Path) -> None:
    mask = np.zeros((100, 200), np.uint8)
    mask[10:90, 10:30] = 1
    mask[70:90, 10:150] = 1
    annotation = {"segmentation": run_lengths(mask), "bbox": [0, 0, 1, 1]}
    (one,) = imported(coco_file(tmp_path / "in", [annotation]), tmp_path / "out")
    area = cv2.contourArea(one.labels[0].polygons[0].astype(np.float32))
    assert abs(area - int(mask.sum())) <= 1


@pytest.mark.parametrize("turn", [-30.0, 0.0, 30.0])
def test_the_polygons_of_a_field_are_ordered_along_their_own_lines(tmp_path: Path, turn: float) -> None:
    boxes = [(60, 40, 30, 8), (100, 40, 30, 8), (60, 55, 80, 8)]
    lines = [rotated(rectangle_points(*box, "here"), turn, (100, 50)).round(2) for box in boxes]
    annotation = {"segmentation": [line.ravel().tolist() for line in lines[::-1]], "bbox": [0, 0, 1, 1]}
    (one,) = imported(coco_file(tmp_path / "in", [annotation]), tmp_path / "out")
    assert [line.tolist() for line in one.labels[0].polygons] == [line.tolist() for line in lines]


def _packed(runs: list[int]) -> str:
    """Pack run lengths as COCO's maskApi.c does (rleToString)."""
    text = ""
    for place, run in enumerate(runs):
        value = run - (runs[place - 2] if place > 2 else 0)
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            text += chr((bits | 0x20 if more else bits) + 48)
    return text


def test_coco_ids_that_are_given_twice_are_refused(tmp_path: Path) -> None:
    twice = [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}]
    draw_picture(tmp_path / "in" / "images" / "b.png", 1)
    with pytest.raises(UsageError, match=r"image 1: two images have this id"):
        import_labels(coco_file(tmp_path / "in", [], images=twice), tmp_path / "out")
    names = [{"id": 3, "name": "total"}, {"id": 3, "name": "date"}]
    with pytest.raises(UsageError, match=r"'total' and 'date' have the same id, 3"):
        import_labels(coco_file(tmp_path / "in", [], categories=names), tmp_path / "out")


@pytest.mark.parametrize("box", [[10, 10, 0, 0], [10, 10, 20, -5], [10, 10, float("nan"), 5], [10, 10, 5]])
def test_a_box_without_area_is_refused(tmp_path: Path, box: list[float]) -> None:
    source = coco_file(tmp_path / "in", [{"bbox": box, "segmentation": None}])
    with pytest.raises(UsageError, match=r"annotation 7: (a rectangle has no area|.*finite|'bbox')"):
        import_labels(source, tmp_path / "out")


def test_yolo_polygons_boxes_and_splits(tmp_path: Path) -> None:
    lines = "0 0.1 0.1 0.3 0.1 0.3 0.3\n\n1 0.5 0.5 0.2 0.4\n"
    (one,) = imported(yolo_folder(tmp_path / "in", lines), tmp_path / "out")
    assert [label.class_name for label in one.labels] == ["date", "total"]
    np.testing.assert_allclose(one.labels[0].polygons[0], [[20, 10], [60, 10], [60, 30]])
    np.testing.assert_allclose(one.labels[1].polygons[0], [[80, 30], [120, 30], [120, 70], [80, 70]])
    assert one.split == "val"


def test_a_yolo_split_may_be_a_list_of_pictures(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path / "in", "0 0.5 0.5 0.2 0.2")
    for seed, name in enumerate("bcd", start=1):
        draw_picture(folder / "valid" / "images" / f"{name}.png", seed)
    (folder / "data.yaml").write_text("path: .\nnames: [date]\ntrain: train.txt\nval: [valid/val.txt]\n")
    (folder / "train.txt").write_text("./valid/images/a.png\n\ndata/valid/images/b.png\n")
    (folder / "valid" / "val.txt").write_text(f"images/c.png\n{folder / 'valid' / 'images' / 'd.png'}\n")
    documents = imported(folder, tmp_path / "out")
    assert [(one.id, one.split, len(one.labels)) for one in documents] == [
        ("train/valid/images/a", "train", 1), ("train/valid/images/b", "train", 0),
        ("val/images/c", "val", 0), ("val/images/d", "val", 0),
    ]  # fmt: skip
    (folder / "train.txt").write_text("valid/images/a.png\nvalid/images/e.png\n")
    with pytest.raises(UsageError, match=r"train.txt:2: there is no picture 'valid/images/e.png'"):
        import_labels(folder, tmp_path / "other")
    (folder / "train.txt").unlink()
    with pytest.raises(UsageError, match=r"there is no folder and no list 'train.txt'"):
        import_labels(folder, tmp_path / "other")


def test_a_picture_without_a_yolo_file_is_a_document_without_labels(tmp_path: Path) -> None:
    draw_picture(yolo_folder(tmp_path / "in", "0 0.5 0.5 0.2 0.2") / "valid" / "images" / "b.png", 1)
    documents = imported(tmp_path / "in", tmp_path / "out")
    assert [len(one.labels) for one in documents] == [1, 0]


def test_label_studio_turns_rectangles_in_pixels_about_their_corner(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.png")
    value = {"x": 30, "y": 20, "width": 20, "height": 20, "rotation": 90, "rectanglelabels": ["total"]}
    results = [
        {"id": "r", "type": "rectanglelabels", "value": value},
        {"id": "r", "type": "textarea", "value": {"text": [" 1.00 "]}},
    ]
    task = {"id": 5, "data": {"image": "/data/upload/1/1a2b3c4d-a.png"}, "annotations": [{"result": results}]}
    source = write_json(tmp_path / "export.json", [task])
    assert kind_of(source) is Kind.LABEL_STUDIO
    (one,) = imported(source, tmp_path / "out")
    # 40 × 20 pixels from (60, 20); turned by a right angle it hangs down from there, to the left.
    np.testing.assert_allclose(one.labels[0].polygons[0], [[60, 20], [60, 60], [40, 60], [40, 20]], atol=1e-9)
    assert one.labels[0].value == "1.00"


def test_the_labelled_format_keeps_what_its_lines_say(tmp_path: Path) -> None:
    row = labelled_row("x/1", region="eu", image="x.png")
    row["fields"][0]["line_polygon"] = [[0, 10], [90, 10], [90, 30], [0, 30]]
    import_labels(labelled_folder(tmp_path / "in", [row]), tmp_path / "out", renamed={"total": "sum"})
    (line,) = (tmp_path / "out" / "fields.jsonl").read_text().splitlines()
    made = json.loads(line)
    assert (made["region"], made["image"], made["fields"][0]["class"]) == ("eu", "images/x_1.png", "sum")
    assert made["fields"][0]["line_polygon"][1] == [90, 10]


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"label": "a", "shape_type": "circle", "points": [[1, 1], [2, 2]]}, "'circle' outlines no region"),
        ({"label": "a", "points": [[1, 1], [2, 2]]}, "three or more points"),
        ({"label": "a", "points": [[1, 1], [2, 2], [3, None]]}, "list of numbers|finite"),
        ({"label": "a", "shape_type": "rectangle", "points": [[1, 1], [1, 9]]}, "no area: 0 × 8 at 1, 1"),
        ({"label": " ", "points": [[1, 1], [2, 2], [3, 1]]}, "no name of a class"),
        ({"points": [[1, 1], [2, 2], [3, 1]]}, "'label' is missing"),
        (
            {"label": "a", "shape_type": "rotation", "points": [[1, 1], [300, 1], [300, 9], [1, 9]]},
            "leaves its picture",
        ),
    ],
)
def test_a_wrong_shape_is_told_by_file_and_number(tmp_path: Path, shape: dict[str, Any], reason: str) -> None:
    path = labelme_file(tmp_path / "in", [{"label": "ok", "points": [[1, 1], [9, 1], [9, 9]]}, shape])
    with pytest.raises(UsageError, match=reason) as caught:
        import_labels(tmp_path / "in", tmp_path / "out")
    assert caught.value.message.startswith(f"{path}: shape 2:")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2 0.1 0.1 0.2 0.2", "'2' is no number of a class; they are 0, 1"),
        ("0 0.1 0.1 0.3 0.1 0.3", "even number"),
        ("0 20 10 60 10 60 30", "probably pixels"),
        ("0 a b c d", "numbers"),
        ("0 0.5 0.5 0 0.1", "no area"),
    ],
)
def test_a_wrong_yolo_line_is_told_by_file_and_line(tmp_path: Path, line: str, reason: str) -> None:
    yolo_folder(tmp_path / "in", f"1 0.5 0.5 0.2 0.2\n{line}\n")
    with pytest.raises(UsageError, match=reason) as caught:
        import_labels(tmp_path / "in", tmp_path / "out")
    assert "a.txt:2:" in caught.value.message


def test_labels_of_another_size_and_broken_pictures_are_refused(tmp_path: Path) -> None:
    labelme_file(tmp_path / "in", [], imageWidth=100, imageHeight=200)
    with pytest.raises(UsageError, match=r"100 × 200 pixels, a b.png has 200 × 100"):
        import_labels(tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / "a b.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"cannot be opened|can be opened") as caught:
        import_labels(tmp_path / "in", tmp_path / "out")
    assert caught.value.code == "unreadable-picture"
    (tmp_path / "in" / "a b.png").unlink()
    with pytest.raises(UsageError, match=r"'a b.png' is not below"):
        import_labels(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize(
    ("size", "reason"),
    [({"width": "200", "height": 100}, "idth' is '200', which it cannot"), ({"height": None}, None)],
)
def test_a_size_is_two_numbers_or_is_not_stated(
    tmp_path: Path, size: dict[str, Any], reason: str | None
) -> None:
    images = [{"id": 1, "file_name": "a.png", **size}]
    source = coco_file(tmp_path / "coco", [], images=images)
    shapes = {f"image{key.title()}": value for key, value in size.items()}
    labelme_file(tmp_path / "labelme", [], **{"imageWidth": None, **shapes})
    for one in (source, tmp_path / "labelme"):
        if reason is None:
            assert len(imported(one, tmp_path / f"out-{one.name}")) == 1
        else:
            with pytest.raises(UsageError, match=reason):
                import_labels(one, tmp_path / "out")


def test_other_json_among_labelme_files_is_passed_over_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelme_file(tmp_path / "in", [{"label": "a", "points": [[1, 1], [9, 1], [9, 9]]}])
    write_json(tmp_path / "in" / "a" / "classes.json", {"a": 1})
    write_json(tmp_path / "in" / "z.json", ["a"])
    assert kind_of(tmp_path / "in") is Kind.LABELME
    assert cli.run(["dataset", "import", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "classes.json is no labels and is passed over, and so are 1 more" in said
    assert [one.id for one in read_labels(tmp_path / "out", None)] == ["a b"]
    write_json(tmp_path / "in" / "z.json", {"imagePath": "a b.png"})
    with pytest.raises(UsageError, match=r"z.json: 'shapes' is missing"):
        import_labels(tmp_path / "in", tmp_path / "other")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    labelme_file(tmp_path / "in", [{"label": "a", "points": [[1, 1], [9, 1], [9, 9]]}])
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError) as caught:
        import_labels(tmp_path / "in", out)
    assert (caught.value.code, [one.name for one in out.iterdir()]) == ("folder-taken", ["thesis.txt"])
    import_labels(tmp_path / "in", out, force=True)
    assert (out / "thesis.txt").read_text() == "years of work"
    assert len(read_labels(out, None)) == 1
    with pytest.raises(UsageError, match="made from"):
        import_labels(tmp_path / "in", tmp_path, force=True)


def test_a_folder_made_before_is_made_again(tmp_path: Path) -> None:
    labelme_file(tmp_path / "in", [{"label": "a", "points": [[1, 1], [9, 1], [9, 9]]}])
    import_labels(tmp_path / "in", tmp_path / "out")
    import_labels(tmp_path / "in", tmp_path / "out", split="val")
    assert [one.split for one in read_labels(tmp_path / "out", None)] == ["val"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in", "out"]


def test_the_command_says_what_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = coco_file(tmp_path / "in", [{"bbox": [1, 1, 9, 9], "segmentation": []}])
    arguments = [str(source), "--out", str(tmp_path / "out"), "--class", "total €=total", "--json"]
    assert cli.run(["dataset", "import", *arguments]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["format"], said["documents"], said["labels"]) == ("coco", 1, {"total": 1})
    assert cli.run(["dataset", "import", str(tmp_path / "nothing"), "--out", str(tmp_path / "no")]) == 2
    assert cli.run(["dataset", "import", str(source), "--out", str(tmp_path / "no"), "--class", "x"]) == 2


def test_yolo_labels_beside_pictures_and_below_a_folder_named_images_are_found(tmp_path: Path) -> None:
    outer = tmp_path / "images" / "set"
    draw_picture(outer / "train" / "a.png")
    (outer / "train" / "a.txt").write_text("0 0.5 0.5 0.2 0.2")
    (outer / "data.yaml").write_text("names: [date]\ntrain: train\n")
    (one,) = imported(outer, tmp_path / "out")
    assert len(one.labels) == 1


def test_yolo_labels_without_a_picture_are_told(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path / "in", "0 0.5 0.5 0.2 0.2")
    for name, text in (("photo", "1 0.5 0.5 0.2 0.2"), ("classes", "date\ntotal"), ("empty", "")):
        (folder / "valid" / "labels" / f"{name}.txt").write_text(text)
    (said,) = import_labels(folder, tmp_path / "out").passed_over
    assert said.startswith("1 files of labels are passed over, no picture of theirs is read: photo.txt (")
