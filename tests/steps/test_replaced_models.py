"""A model that is replaced while a run uses it: none of what the new one says is taken for the old one's."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import segocr
from segocr.errors import ModelError
from segocr.extraction import Progress
from segocr.records import Record
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentModel
from segocr.steps.modelfiles import digest_files
from segocr.templates.load import shipped_folder

PAGE = np.full((64, 64, 3), 255, np.uint8)
PLATES = shipped_folder() / "license_plate"
PASSPORT = shipped_folder() / "passport"


class RunsCode:
    """What a pickle may hold."""

    def __init__(self, proof: Path) -> None:
        self._proof = proof

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self._proof),)


def put_hostile(file: Path, proof: Path) -> None:
    new = file.with_name("new.pt")
    with zipfile.ZipFile(new, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps(RunsCode(proof)))
        archive.writestr("x/version", "3")
    new.replace(file)


def test_a_pickle_that_took_the_place_of_a_trusted_one_is_not_loaded(
    environment: Callable[[str], Path], tmp_path: Path
) -> None:
    environment("torch")
    file, proof = tmp_path / "model.pt", tmp_path / "it-ran"
    shutil.copy(PLATES / "model.pt", file)
    model = SegmentModel("ultralytics", file, digest=digest_files([file]))
    with Steps(shared=False) as steps:
        assert steps.load(model).digest == model.digest
        put_hostile(file, proof)
        for _ in range(2):
            with pytest.raises(ModelError, match="replaced while it was in use") as caught:
                steps.segment([PAGE], model)
            assert caught.value.code == "model-changed"
        with pytest.raises(ModelError) as caught:
            steps.load(replace(model, digest=None))
        assert caught.value.code == "model-untrusted"
        assert not proof.exists()
        with pytest.raises(ModelError):
            steps.load(replace(model, digest=digest_files([file])))
        assert proof.exists()  # so the file is what this test takes it for


def test_an_ocr_model_that_was_replaced_reads_nothing(
    steps: Steps, environment: Callable[[str], Path], tmp_path: Path
) -> None:
    library = environment("openvino").parents[1] / "lib"
    [found] = library.glob("*/site-packages/rapidocr/models/PP-OCRv6_rec_small.onnx")
    shutil.copy(found, tmp_path)
    model = OcrModel("openvino", str(tmp_path))
    model = replace(model, digest=steps.load(model).digest)
    assert len(steps.read([PAGE], [[None]], model)) == 1
    (tmp_path / "keys.txt").write_text("other characters")
    with pytest.raises(ModelError):
        steps.read([PAGE], [[None]], model)


def test_a_run_ends_where_its_model_is_replaced_and_all_its_records_are_of_the_old_one(
    steps: Steps, tmp_path: Path
) -> None:
    shutil.copy(PLATES / "model.onnx", tmp_path)
    text = "template: car\nversion: 1\nsegment: {engines: [openvino]}\nfields: {plate: {}}\n"
    (tmp_path / "template.yaml").write_text(text)
    for number in range(30):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((64, 64 + number, 3), 255, np.uint8))
    before = digest_files([tmp_path / "model.onnx"])

    def swap(progress: Progress) -> None:
        if progress.done == 1:
            shutil.copy(PASSPORT / "model.onnx", tmp_path / "new")
            (tmp_path / "new").replace(tmp_path / "model.onnx")

    records: list[Record] = []
    made = segocr.extract(
        sorted(tmp_path.glob("*.png")), template=tmp_path, settings=Settings(), steps=steps, progress=swap
    )
    with pytest.raises(ModelError) as caught:
        records.extend(made)
    assert (caught.value.code, caught.value.message.split(" was ")[0]) == (
        "model-changed",
        str(tmp_path / "model.onnx"),
    )
    assert 0 < len(records) < 30
    assert {record.recipe.models["model.onnx"] for record in records} == {before}
