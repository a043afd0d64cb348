"""Label Studio's regions are put together of their results, and are for the picture as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from foreign_labels import draw_picture, write_json

from segocr import cli
from segocr.datasets.importing import import_labels
from segocr.errors import UsageError
from segocr.evaluation.labels import Label, read_labels

BOX = {"x": 10, "y": 20, "width": 30, "height": 10, "rotation": 0}
CORNERS = [[20, 20], [80, 20], [80, 30], [20, 30]]
MADE = {"original_width": 200, "original_height": 100, "image_rotation": 0}


def result(kind: str, name: str | None = "a", /, **value: Any) -> dict[str, Any]:
    """Return a result of a region of id ``name``."""
    own = {} if name is None else {"id": name}
    return {**own, "type": kind, "value": {**BOX, **value}, **MADE}


def export(folder: Path, *results: dict[str, Any]) -> Path:
    """Write an export of one picture with these results."""
    draw_picture(folder / "a.png")
    return write_json(
        folder / "export.json", [{"data": {"ocr": "a.png"}, "annotations": [{"result": results}]}]
    )


def labels(folder: Path, *results: dict[str, Any]) -> tuple[Label, ...]:
    import_labels(export(folder / "in", *results), folder / "out")
    (document,) = read_labels(folder / "out", None)
    return document.labels


@pytest.mark.parametrize("outline", ["rectangle", "polygon"])
def test_its_ocr_template_has_outline_label_and_text_in_results_of_one_id(
    tmp_path: Path, outline: str
) -> None:
    percent = [[10, 20], [40, 20], [40, 30], [10, 30]]
    shape = {"points": percent} if outline == "polygon" else {}
    parts = [result(outline, **shape), result("labels", labels=["total"]), result("textarea", text=["11.80"])]
    (label,) = labels(tmp_path, *parts)
    assert (label.class_name, label.value) == ("total", "11.80")
    assert [line.tolist() for line in label.polygons] == [CORNERS]


@pytest.mark.parametrize(
    ("text", "value"),
    [("11.80", "11.80"), (["11.80"], "11.80"), (["Road 1", "Town\n"], "Road 1 Town"), ([], "")],
)
def test_a_text_is_a_string_or_a_list_of_lines(tmp_path: Path, text: Any, value: str) -> None:
    parts = [result("rectanglelabels", rectanglelabels=["total"]), result("textarea", text=text)]
    assert [label.value for label in labels(tmp_path, *parts)] == [value]


def test_what_labels_no_region_is_passed_over_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = export(
        tmp_path / "in",
        result("rectanglelabels", rectanglelabels=["total"]),
        result("rectanglelabels", "b", rectanglelabels=["date", "due"]),
        result("rectangle", "c"),
        result("textarea", "c", text=["not a field"]),
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"},
        {"type": "rating", "id": "d", "value": {"rating": 4}},
        {"type": "number", "id": "a", "value": {"number": 4}},
    )
    assert cli.run(["dataset", "import", str(source), "--out", str(tmp_path / "out")]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "passed over: number 1, region without a label 1, relation 1, rating 1" in said
    (document,) = read_labels(tmp_path / "out", None)
    assert [label.class_name for label in document.labels] == ["total", "date", "due"]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (
            [{"original_width": 100, "original_height": 200}],
            "labels are for 100 × 200 pixels, a.png has 200 × 100",
        ),
        ([{"image_rotation": 90}], "turned by 90°"),
        ([{"type": "brushlabels", "value": {"brushlabels": ["total"]}}], "'brushlabels' outlines no region"),
        ([{}, result("textarea", text=["1"]), result("textarea", text=["2"])], "two texts, '1' and '2'"),
        ([{}, result("textarea", text=5)], "'text' is 5"),
        ([{"type": None}], "'type' is None"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, parts: list[dict[str, Any]], reason: str) -> None:
    first = result("rectanglelabels", rectanglelabels=["total"]) | parts[0]
    with pytest.raises(UsageError, match=f"task 1: .*{reason}"):
        labels(tmp_path, first, *parts[1:])
    assert not (tmp_path / "out").exists()


def both(name: str, to: str) -> list[dict[str, Any]]:
    """Return the results of one region of a picture."""
    parts = [result("rectanglelabels", name, rectanglelabels=[name]), result("textarea", name, text=[name])]
    return [{**part, "to_name": to} for part in parts]


def test_each_picture_of_a_task_gets_its_own_results(tmp_path: Path) -> None:
    for seed, name in enumerate(("thumb", "front", "back")):
        draw_picture(tmp_path / f"{name}.png", seed)
    data = {"thumb": "thumb.png", "front": "front.png", "back": "back.png"}
    task = {"id": 4, "data": data, "annotations": [{"result": [*both("a", "front"), *both("b", "back")]}]}
    import_labels(write_json(tmp_path / "e.json", [task]), tmp_path / "out")
    documents = read_labels(tmp_path / "out", None)
    assert [(one.id, one.group, [label.value for label in one.labels]) for one in documents] == [
        ("front", "task 4", ["a"]), ("back", "task 4", ["b"]),
    ]  # fmt: skip
    task["annotations"] = [{"result": both("a", "image")}]
    with pytest.raises(UsageError, match="results are for 'image', and the pictures are 'thumb', 'front'"):
        import_labels(write_json(tmp_path / "e.json", [task]), tmp_path / "other")


def test_the_annotation_marked_as_true_counts_whoever_came_last(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.png")
    good, bad = ({"result": both(name, "ocr"), "ground_truth": name == "good"} for name in ("good", "bad"))
    for given in ([good, bad], [bad, good]):
        task = {"data": {"ocr": "a.png"}, "annotations": given}
        out = tmp_path / f"out{given.index(good)}"
        import_labels(write_json(tmp_path / "e.json", [task]), out)
        assert [label.value for label in read_labels(out, None)[0].labels] == ["good"]


def test_a_signed_address_names_a_picture(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.png")
    task = {"data": {"ocr": "https://b.s3.example/x/a.png?X-Sign=1/2"}, "annotations": []}
    import_labels(write_json(tmp_path / "e.json", [task]), tmp_path / "out")
    assert len(read_labels(tmp_path / "out", None)) == 1
