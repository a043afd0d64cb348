"""A model works at the size that it was trained at: whoever says another one is told, before and after."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from segocr import cli
from segocr.cli.train import engine_said
from segocr.errors import ModelError
from segocr.templates import load_template, shipped_folder
from segocr.training.install import require_better
from segocr.training.making import other_size
from segocr.training.measure import RegionScore
from segocr.training.yardstick import Yardstick

PLATES = shipped_folder() / "license_plate"


def test_another_size_than_the_templates_is_told_with_the_line_to_write() -> None:
    template = load_template(PLATES)
    assert other_size(480, template) == ""
    said = other_size(640, template)
    assert "write image_size: 640 into segment of" in said
    assert str(template.file) in said


def test_a_model_that_finds_nothing_at_another_size_is_not_told_to_train_longer_first(tmp_path: Path) -> None:
    nothing = RegionScore(labelled=4, found=0, named=0, spurious=0)
    yardstick = Yardstick("val", (), "")
    with pytest.raises(ModelError) as caught:
        require_better(nothing, None, yardstick, tmp_path, "write image_size: 640; ")
    assert (caught.value.hint or "").startswith("write image_size: 640; train longer")


def test_a_template_that_looks_at_another_size_than_its_model_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(PLATES, tmp_path / "license_plate", ignore=shutil.ignore_patterns("golden"))
    file = tmp_path / "license_plate" / "template.yaml"
    assert cli.run(["template", "check", str(file.parent)]) == 0
    assert "pixels" not in capsys.readouterr().err
    file.write_text(file.read_text("utf-8").replace("image_size: 480", "image_size: 640"), encoding="utf-8")
    assert cli.run(["template", "check", str(file.parent)]) == 0
    assert "trained at 480 pixels, and will find less at 640" in " ".join(capsys.readouterr().err.split())


def test_heads_are_listed_beside_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["model", "list", str(PLATES), "--json"]) == 0
    rows = {row["file"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {"head.npz", "model.onnx", "model.pt"}
    assert rows["head.npz"]["classes"] == "plate"
    assert rows["head.npz"]["data"].endswith(" pages")


def test_a_template_whose_head_comes_first_is_said_to_go_on_using_it(tmp_path: Path) -> None:
    receipt, plates = (load_template(shipped_folder() / name) for name in ("receipt", "license_plate"))
    assert "write engines: [openvino, ultralytics, textlines]" in engine_said(receipt, receipt.folder)
    assert engine_said(receipt, tmp_path) == ""
    assert engine_said(plates, plates.folder) == ""
