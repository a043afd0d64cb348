"""Training in the torch environment, on tiny pictures: it ends, survives a kill, and ships clean files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from segocr.environments.locate import State, status_of
from segocr.errors import ModelError
from segocr.geometry import rectangle
from segocr.synthesis.backgrounds import surface
from segocr.synthesis.scenes import Outline, Scene
from segocr.templates.classes import model_classes
from segocr.training.dataset import write_data_yaml, write_scene
from segocr.training.train import (
    Progress,
    TrainingSettings,
    average_yolo,
    export_yolo,
    train_yolo,
)

SETTINGS = TrainingSettings(image_size=64, epochs=3, batch=4, threads=1)
TRAINING = """
import sys
from pathlib import Path
from segocr.training.train import TrainingSettings, train_yolo
python, data, run = map(Path, sys.argv[1:])
settings = TrainingSettings(image_size=64, epochs=3, batch=4, threads=1)
train_yolo(python, data, run, "yolo11n-seg.yaml", settings, lambda done: print(done.epoch, flush=True))
"""


@pytest.fixture(scope="module")
def python(require: Callable[[str, object, str], None]) -> Path:
    """The interpreter of the torch environment."""
    status = status_of("torch")
    built = status.python is not None and status.state in (State.BUILT, State.EXTERNAL)
    require("torch", built, "the torch environment is not built; run segocr env create torch")
    assert status.python is not None
    return status.python


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A prepared folder of eight tiny pictures."""
    rng = np.random.default_rng(0)
    for number in range(8):
        picture = surface((64, 64), rng)
        quad = rectangle(30, 12) + rng.integers(2, 30, 2)
        cv2.fillPoly(picture, [quad.astype(np.int32)], (255, 255, 255))
        scene = Scene(picture, (Outline("bär 1", quad),), np.eye(3))
        for split in ("train", "val"):
            write_scene(scene, tmp_path / "prepared", split, f"{number}", ("bär 1",))
    return write_data_yaml(tmp_path / "prepared", ("bär 1",))


def test_a_killed_training_goes_on_and_ships_a_pair_without_traces_of_its_machine(
    python: Path, prepared: Path, tmp_path: Path
) -> None:
    run = tmp_path / "runs" / "first"
    words = [sys.executable, "-c", TRAINING, str(python), str(prepared), str(run)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as first:
        assert first.stdout is not None
        assert next(line for line in first.stdout if float(line) >= 1) == "1\n"
        os.killpg(first.pid, signal.SIGKILL)
    # A kill in the middle of writing leaves a torn checkpoint.
    last = run / "weights" / "last.pt"
    last.write_bytes(last.read_bytes()[:1000])
    seen: list[Progress] = []
    best = train_yolo(python, prepared, run, "yolo11n-seg.yaml", SETTINGS, seen.append)
    assert seen[0].epoch > 1
    assert seen[-1].epoch == seen[-1].epochs == 3
    assert seen[-1].seconds_left == 0
    mean = average_yolo(python, best, run / "weights" / "last.pt", tmp_path / "mean.pt")
    weights, onnx = export_yolo(python, mean, tmp_path, image_size=64)
    with zipfile.ZipFile(weights) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for trace in (str(tmp_path), str(Path.home()), str(python.parents[1])):
        assert trace.encode() not in content + onnx.read_bytes()
    assert model_classes(weights) == model_classes(onnx) == ("bär 1",)


def test_a_training_that_cannot_start_says_what_the_framework_said(python: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        train_yolo(python, tmp_path / "nowhere.yaml", tmp_path / "run", "yolo11n-seg.yaml", SETTINGS, print)
    assert "\n" not in caught.value.message
    first, *tail = str(caught.value.hint).splitlines()
    assert str(tmp_path / "run.log") in first
    assert "nowhere" in "\n".join(tail)


def test_settings_reach_the_framework(python: Path, prepared: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(image_size=64, epochs=1, batch=4, threads=1, mirrored=0.25, frozen=2)
    train_yolo(python, prepared, tmp_path / "run", "yolo11n-seg.yaml", settings, lambda _: None)
    used = (tmp_path / "run" / "args.yaml").read_text("utf-8")
    asked = json.loads((tmp_path / "run.json").read_text("utf-8"))["settings"]
    assert asked["fliplr"] == 0.25
    assert "fliplr: 0.25" in used
    assert "freeze: 2" in used
    assert "optimizer: AdamW" in used
