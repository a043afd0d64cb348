"""A picture that labels name is found wherever it lies, and none is taken for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from foreign_labels import coco_file, draw_picture, labelme_file, write_json

from segocr.datasets.importing import import_labels
from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels


def images(*names: str) -> dict[str, Any]:
    """Return what a COCO file says of pictures."""
    return {"images": [{"id": number, "file_name": name} for number, name in enumerate(names, start=1)]}


def task(given: str, *results: dict[str, Any]) -> dict[str, Any]:
    """Return one task of Label Studio, with its picture and results."""
    return {"id": len(given), "data": {"ocr": given}, "annotations": [{"result": list(results)}]}


def ids(source: Path, out: Path, **more: Any) -> list[str]:
    import_labels(source, out, **more)
    return [document.id for document in read_labels(out, None)]


@pytest.mark.parametrize(
    ("given", "there"),
    [("scan-1.png", "1.png"), ("images/train/a.png", "images/val/a.png"), ("train/a.png", "a.png")],
)
def test_another_picture_is_not_taken_for_one_that_is_missing(tmp_path: Path, given: str, there: str) -> None:
    source = coco_file(tmp_path / "in", [], **images(given))
    draw_picture(tmp_path / "in" / there)
    with pytest.raises(UsageError, match=rf"image 1: the picture '{given}' is not below"):
        import_labels(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "given",
    ["a.png", "deep/a.png", "in/deep/a.png", "/home/x/a.png", "C:\\x\\a.png", "../x/a.png", "s3://x/a.png"],
)
def test_a_picture_is_found_at_any_depth_and_by_the_path_of_another_machine(
    tmp_path: Path, given: str
) -> None:
    source = coco_file(tmp_path / "in", [], **images(given))
    (tmp_path / "in" / "deep").mkdir()
    (tmp_path / "in" / "images" / "a.png").rename(tmp_path / "in" / "deep" / "a.png")
    assert len(ids(source, tmp_path / "out")) == 1


def test_a_picture_belongs_to_one_document(tmp_path: Path) -> None:
    source = coco_file(tmp_path / "coco", [], **images("/train/a.png", "/val/a.png"))
    with pytest.raises(UsageError, match=r"image 2: its picture .*a.png is that of .*image 1, too"):
        import_labels(source, tmp_path / "out")
    first = labelme_file(tmp_path / "labelme", [])
    first.with_name("c.json").write_bytes(first.read_bytes())
    with pytest.raises(UsageError, match=r"c.json: its picture .*a b.png is that of .*a b.json, too"):
        import_labels(tmp_path / "labelme", tmp_path / "out")


@pytest.mark.parametrize(
    "given",
    [
        "/data/upload/3/0a1b2c3d-Gr%C3%B6%C3%9Fe%201.png",
        "/data/upload/3/0a1b2c3d-Größe 1.png",
        "/data/local-files/?d=up/Gr%C3%B6%C3%9Fe%201.png",
        "https://example.com/Gr%C3%B6%C3%9Fe%201.png",
    ],
)
def test_label_studio_encodes_names_and_puts_digits_before_them(tmp_path: Path, given: str) -> None:
    draw_picture(tmp_path / "in" / "up" / "Größe 1.png")
    source = write_json(tmp_path / "in" / "export.json", [task(given)])
    assert ids(source, tmp_path / "out") == ["up/Größe 1"]


def test_label_studio_pictures_of_one_name_have_ids_of_their_own(tmp_path: Path) -> None:
    for seed, folder in enumerate("bc"):
        draw_picture(tmp_path / folder / "x.png", seed)
    tasks = [task(f"/data/local-files/?d={folder}/x.png") for folder in "bc"]
    source = write_json(tmp_path / "export.json", tasks)
    assert ids(source, tmp_path / "out") == ["b/x", "c/x"]
    apart = [tmp_path / "b", tmp_path / "c"]
    assert ids(source, tmp_path / "out", pictures=apart) == ["x", "x-2"]
