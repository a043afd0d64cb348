"""Orchestrator's side of training: requests to the guest in the torch environment, its progress, the export.

The torch environment is a parameter (its interpreter), so nothing here imports a framework.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segocr.errors import ConfigurationError, ModelError, SegocrError
from segocr.training import yolo

GUEST = Path(yolo.__file__)
ARCHITECTURE = "yolo11n-seg"
PRETRAINED = f"{ARCHITECTURE}.pt"
FROM_SCRATCH = f"{ARCHITECTURE}.yaml"


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What is chosen for one training.

    Attributes:
        image_size: Long side of the pictures the model sees, pixels.
        epochs: Passes over the prepared pictures; with ``hours`` the number that fits is taken instead.
        hours: Longest time, or None.
        batch: Pictures a step.
        patience: Epochs without a better result after which it ends; 0: never early.
        learning_rate: Of AdamW at its highest; it falls along a cosine.
        mirrored: Chance that a picture is mirrored; 0 where the text's direction matters.
        frozen: How many of the network's first layers stay as they are; it saves a third of a CPU's work.
        seed: Of everything drawn while training.
        threads: Of the CPU; on a GPU, processes that load pictures.
        device: ``auto`` (the first CUDA device, else the CPU), ``cpu`` or ``cuda:N``.
    """

    image_size: int = 640
    epochs: int = 10
    hours: float | None = None
    batch: int = 16
    patience: int = 0
    learning_rate: float = 0.0015
    mirrored: float = 0.0
    frozen: int = 0
    seed: int = 0
    threads: int = 2
    device: str = "auto"

    def for_ultralytics(self) -> dict[str, object]:
        """Return the framework's own settings; the prepared pictures hold all turning and bending already."""
        still = dict.fromkeys(("mosaic", "flipud", "degrees", "perspective", "shear", "close_mosaic"), 0)
        colour = {"hsv_h": 0.03, "hsv_s": 0.5, "hsv_v": 0.3}
        return {
            **still,
            **colour,
            **({"time": self.hours} if self.hours else {}),
            "device": self.device,
            "imgsz": self.image_size,
            "epochs": self.epochs,
            "batch": self.batch,
            "nbs": self.batch,
            "optimizer": "AdamW",
            "lr0": self.learning_rate,
            "lrf": 0.02,
            "cos_lr": True,
            "warmup_epochs": 0.3,
            "warmup_bias_lr": 0.01,
            "fliplr": self.mirrored,
            "translate": 0.05,
            "scale": 0.2,
            "seed": self.seed,
            "freeze": self.frozen or None,
            "rect": True,
            "channels_last": True,
            "plots": False,
            "patience": self.patience,
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands.

    Attributes:
        epoch: How many are done; a fraction within an epoch.
        epochs: In all, unless it ends early.
        seconds_left: By the rate since it was started or resumed.
        metrics: The framework's, on the pictures held back; empty within an epoch.
    """

    epoch: float
    epochs: int
    seconds_left: int
    metrics: dict[str, float]


def train_yolo(
    python: Path,
    data: Path,
    run: Path,
    start: Path | str,
    settings: TrainingSettings,
    on_progress: Callable[[Progress], None],
) -> Path:
    """Train, or go on with a training that was killed, and return the best weights.

    Args:
        python: Interpreter of the torch environment.
        data: ``data.yaml`` of a prepared folder.
        run: Folder of this training; where it holds an unfinished one, that is resumed.
        start: Weights to start from, or a model's name (``yolo11n-seg.yaml``: from scratch).
        settings: What is chosen for it.
        on_progress: Called after every epoch.

    Raises:
        ModelError: ``training-failed``, its hint with the end of what the framework printed.
    """
    request = run.parent / f"{run.name}.json"
    run.parent.mkdir(parents=True, exist_ok=True)
    places = {"run": str(run.resolve()), "data": str(data.resolve()), "start": str(start)}
    asked = {**places, "threads": settings.threads, "settings": settings.for_ultralytics()}
    request.write_text(json.dumps(asked, indent=1), encoding="utf-8")
    for line in _guest(python, ["train", str(request)], run.parent / f"{run.name}.log"):
        if "epoch" in line:
            on_progress(Progress(**line))
    return run / "weights" / "best.pt"


def export_yolo(python: Path, weights: Path, folder: Path, image_size: int = 640) -> tuple[Path, Path]:
    """Write ``model.pt`` (nothing of this machine in it) and ``model.onnx`` (free height and width).

    Raises:
        ModelError: ``training-failed``, its hint with the end of what the framework printed.
    """
    targets = folder / "model.pt", folder / "model.onnx"
    words = ["export", str(weights), *map(str, targets), str(image_size)]
    _run(python, words, weights.parent / "export.log")
    return targets


def average_yolo(python: Path, one: Path, other: Path, target: Path) -> Path:
    """Write the mean of two checkpoints of one training line, and return its path.

    Raises:
        ModelError: ``training-failed``, its hint with the end of what the framework printed.
    """
    _run(python, ["average", str(one), str(other), str(target)], target.parent / "export.log")
    return target


def export_torchscript(python: Path, weights: Path, target: Path, image_size: int) -> Path:
    """Write a model as TorchScript, for square pictures of ``image_size`` pixels.

    Raises:
        ModelError: ``training-failed``, its hint with the end of what the framework printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        # The framework writes beside the weights, which may lie where nothing may be written.
        copy = Path(shutil.copy(weights, folder))
        words = ["torchscript", str(copy), str(Path(folder) / "made"), str(image_size)]
        _run(python, words, Path(folder) / "export.log")
        shutil.copyfile(Path(folder) / "made", target)
    return target


def fetch_pretrained(python: Path, folder: Path) -> Path | None:
    """Return ultralytics' pretrained weights, downloaded once to ``folder``; None where they cannot be had.

    ``YOLO_OFFLINE=1`` in the surroundings forbids the download.
    """
    target = folder / PRETRAINED
    if not target.is_file():
        if os.environ.get("YOLO_OFFLINE", "").lower() in ("1", "true", "yes"):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        words = ["fetch", PRETRAINED, str(target.resolve())]
        for _ in _guest(python, words, folder / "fetch.log", offline=False):
            pass
    return target if target.is_file() else None


def framework_versions(python: Path) -> dict[str, str]:
    """Return the versions of torch, ultralytics and onnx in an environment."""
    names = ("torch", "ultralytics", "onnx")
    program = f"import json, importlib.metadata as m; print(json.dumps({{n: m.version(n) for n in {names}}}))"
    done = subprocess.run([str(python), "-I", "-c", program], capture_output=True, text=True, check=True)
    versions: dict[str, str] = json.loads(done.stdout)
    return versions


def _run(python: Path, words: list[str], log: Path) -> None:
    for _ in _guest(python, words, log):
        pass


def _guest(python: Path, words: list[str], log: Path, *, offline: bool = True) -> Iterator[dict[str, Any]]:
    """Run the guest; yield its progress lines, keep what the framework prints in ``log``."""
    # Its settings file and downloads belong to the run, not to the user's home.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # A training shares its machine: threads that wait sleep, and large tensors lie in large pages.
    polite = {"OMP_WAIT_POLICY": "PASSIVE", "THP_MEM_ALLOC_ENABLE": "1"}
    own = {"YOLO_CONFIG_DIR": str(log.parent.resolve()), "YOLO_AUTOINSTALL": "false"}
    surroundings = {**polite, **kept, **own, **({"YOLO_OFFLINE": "1"} if offline else {})}
    with (
        log.open("a", encoding="utf-8") as errors,
        subprocess.Popen(
            [str(python), "-I", str(GUEST), *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=surroundings,
        ) as process,
    ):
        for line in process.stdout or ():
            yield json.loads(line)
    if process.returncode != 0:
        raise _failed(process.returncode, log)


def _failed(status: int, log: Path) -> SegocrError:
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    if "No space left on device" in tail:
        return ConfigurationError(
            f"the disk of {log.parent} is full",
            code="disk-full",
            hint="make room, then start the same training again: it goes on from its last epoch",
        )
    if status == -signal.SIGKILL:
        return ModelError(
            "the framework's process was killed, perhaps because the memory was full",
            code="training-failed",
            hint="start the same training again, it goes on; a smaller --batch takes less memory",
        )
    return ModelError(
        f"the framework ended with status {status}",
        code="training-failed",
        hint=f"everything it printed is in {log}; it ends with:\n{tail.strip()}",
    )
