"""Labels that somebody has are never lost: a folder is made again from the same source, or added to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from foreign_labels import coco_file, draw_picture, labelled_folder, labelled_row, labelme_file, write_json

from segocr import cli
from segocr.datasets.importing import import_labels
from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels

TRIANGLE = [{"label": "a", "points": [[1, 1], [9, 1], [9, 9]]}]


def test_labels_that_were_corrected_are_not_replaced(tmp_path: Path) -> None:
    labelme_file(tmp_path / "in", TRIANGLE)
    import_labels(tmp_path / "in", tmp_path / "out")
    labels = tmp_path / "out" / "fields.jsonl"
    corrected = labels.read_text().replace('"value": ""', '"value": "by hand"')
    labels.write_text(corrected)
    for force in (False, True):
        with pytest.raises(UsageError, match="changed since") as caught:
            import_labels(tmp_path / "in", tmp_path / "out", force=force)
        assert (caught.value.code, labels.read_text()) == ("folder-taken", corrected)
    assert "--add" in (caught.value.hint or "")


def test_labels_of_another_source_are_not_replaced(tmp_path: Path) -> None:
    labelme_file(tmp_path / "one" / "in", TRIANGLE)
    labelled_folder(tmp_path / "two" / "in", [labelled_row("b")])
    import_labels(tmp_path / "one" / "in", tmp_path / "out")
    with pytest.raises(UsageError, match="other labels"):
        import_labels(tmp_path / "two" / "in", tmp_path / "out")
    assert [one.id for one in read_labels(tmp_path / "out", None)] == ["a b"]


def test_labels_without_a_word_of_how_they_were_made_are_not_replaced(tmp_path: Path) -> None:
    labelme_file(tmp_path / "in", TRIANGLE)
    out = labelled_folder(tmp_path / "out", [labelled_row("mine")])
    for made in (None, '{"by": "segocr dataset import"}', "["):
        if made is not None:
            (out / "made.json").write_text(made)
        with pytest.raises(UsageError, match="holds labels"):
            import_labels(tmp_path / "in", out, force=True)
        assert [one.id for one in read_labels(out, None)] == ["mine"]


def test_documents_are_added_beside_those_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled_folder(tmp_path / "one", [labelled_row("a", mark="kept")])
    labelled_folder(tmp_path / "two", [labelled_row("a", seed=5), labelled_row("b", seed=6)])
    words = ["--out", str(tmp_path / "out"), "--add"]
    assert cli.run(["dataset", "import", str(tmp_path / "one"), *words]) == 0
    labels = tmp_path / "out" / "fields.jsonl"
    labels.write_text(labels.read_text().replace("1.00", "1.01"))
    assert cli.run(["dataset", "import", str(tmp_path / "two"), *words]) == 0
    # Once more: the pictures are known, the correction and what else a line says stay.
    capsys.readouterr()
    assert cli.run(["dataset", "import", str(tmp_path / "one"), str(tmp_path / "two"), *words]) == 0
    assert "3 documents have pictures that" in " ".join(capsys.readouterr().err.split())
    documents = read_labels(tmp_path / "out", None)
    assert [(one.id, one.labels[0].value) for one in documents] == [
        ("a", "1.01"), ("a-2", "1.00"), ("b", "1.00"),
    ]  # fmt: skip
    assert len({one.path.read_bytes() for one in documents}) == 3
    assert json.loads(labels.read_text().splitlines()[0])["mark"] == "kept"


def test_a_mistake_adds_nothing(tmp_path: Path) -> None:
    labelled_folder(tmp_path / "out", [labelled_row("a")])
    before = (tmp_path / "out" / "fields.jsonl").read_bytes()
    labelme_file(tmp_path / "in", [{"label": "a", "points": [[1, 1]]}])
    with pytest.raises(UsageError, match="three or more"):
        import_labels(tmp_path / "in", tmp_path / "out", add=True)
    assert (tmp_path / "out" / "fields.jsonl").read_bytes() == before
    assert not (tmp_path / "out" / "images").exists()


def test_several_labelled_folders_become_one(tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two")):
        labelled_folder(tmp_path / name, [labelled_row("a", seed=number, split=name)])
    imported = import_labels(tmp_path / "one", tmp_path / "out", more=[tmp_path / "two"])
    assert (imported.kind, imported.documents) == ("labelled", 2)
    documents = read_labels(tmp_path / "out", None)
    assert [(one.id, one.split) for one in documents] == [("a", "one"), ("a-2", "two")]
    with pytest.raises(UsageError, match="is that of"):
        import_labels(tmp_path / "one", tmp_path / "twice", more=[tmp_path / "one"])


def test_roboflows_folder_of_splits_is_imported_whole(tmp_path: Path) -> None:
    sides = {"train": "train", "valid": "val", "test": "test"}
    for seed, name in enumerate(sides):
        file = coco_file(tmp_path / "in" / name, [{"bbox": [10, 10, 20, 20]}])
        content = json.loads(file.read_text())
        content["images"][0]["file_name"] = f"{name}_a.png"
        file.unlink()
        write_json(tmp_path / "in" / name / "_annotations.coco.json", content)
        draw_picture(tmp_path / "in" / name / f"{name}_a.png", seed)
    import_labels(tmp_path / "in", tmp_path / "out")
    documents = read_labels(tmp_path / "out", None)
    assert {one.id: one.split for one in documents} == {f"{name}_a": side for name, side in sides.items()}


@pytest.mark.parametrize(("split", "near"), [("validation", "val"), ("training", "train"), ("tain", "train")])
def test_a_split_that_training_would_pass_over_is_refused(tmp_path: Path, split: str, near: str) -> None:
    labelled_folder(tmp_path / "in", [labelled_row("a")])
    with pytest.raises(UsageError, match=f"did you mean '{near}'"):
        import_labels(tmp_path / "in", tmp_path / "out", split=split)
    import_labels(tmp_path / "in", tmp_path / "out", split="golden")


def test_labels_go_out_for_correction_and_come_back_beside_the_others(tmp_path: Path) -> None:
    rows = [labelled_row("sure"), labelled_row("b/unsure", image="b.png", split="review")]
    lines = [[[10, y], [60, y], [60, y + 9], [10, y + 9]] for y in (10, 20)]
    rows[1]["fields"].append({"class": "place", "value": "ROAD 1 TOWN", "polygons": lines})
    labelled_folder(tmp_path / "more", rows)
    words = ["--out", str(tmp_path / "correct")]
    assert cli.run(["dataset", "export", str(tmp_path / "more"), "--split", "review", *words]) == 0
    file = tmp_path / "correct" / "b_unsure.json"
    file.write_text(file.read_text().replace("1.00", "1.01"))
    labelled_folder(tmp_path / "hand", [labelled_row("mine", seed=9)])
    import_labels(tmp_path / "correct", tmp_path / "hand", add=True)
    mine, back = read_labels(tmp_path / "hand", None)
    assert (mine.id, back.id, back.split) == ("mine", "b_unsure", "train")
    assert [(one.value, len(one.polygons)) for one in back.labels] == [("1.01", 1), ("ROAD 1 TOWN", 2)]
    assert cli.run(["dataset", "export", str(tmp_path / "more"), *words]) == 2
