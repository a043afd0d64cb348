"""Guest side of training: runs alone in the torch environment, from a request file.

    <environment>/bin/python -I yolo.py fetch yolo11n-seg.pt weights.pt
    <environment>/bin/python -I yolo.py train request.json
    <environment>/bin/python -I yolo.py export weights.pt model.pt model.onnx 640
    <environment>/bin/python -I yolo.py torchscript model.pt model.torchscript 640
    <environment>/bin/python -I yolo.py average one.pt other.pt mean.pt

Progress goes to stdout as one JSON object a line; everything the framework prints goes to stderr.
Only the standard library, torch and ultralytics are imported, so the file needs nothing of segocr around it.
"""

import ctypes
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

# Facts of pictures, not of one machine: what a shipped checkpoint may say about how it was made.
KEPT_ARGS = (
    "task",
    "imgsz",
    "epochs",
    "batch",
    "optimizer",
    "lr0",
    "lrf",
    "cos_lr",
    "seed",
    "rect",
    "overlap_mask",
    "mask_ratio",
)
CHECKPOINTS = ("last", "best")
KEPT = "-kept.pt"
SECONDS_BETWEEN_REPORTS = 5.0


@contextmanager
def private_stdout() -> Iterator[TextIO]:
    """Give the real stdout, and let everything else that prints there reach stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as real:
        os.dup2(2, 1)
        yield real


def report(stream: TextIO, **what: object) -> None:
    """Write one progress line."""
    stream.write(json.dumps(what) + "\n")
    stream.flush()


def use_bfloat16_on_cpu() -> None:
    """Run the forward pass in bfloat16 on a CPU that has it; the loss stays in float32.

    Forward and backward of yolo11n-seg at 640 took 0.12 instead of 0.39 s a picture. ultralytics offers
    bfloat16 on CUDA only. The class is changed, not the model, so that checkpoints stay plain.
    """
    import torch
    from torch.utils._pytree import tree_map
    from ultralytics.nn.tasks import BaseModel

    def to_float(value: Any) -> Any:
        return value.float() if torch.is_tensor(value) and value.dtype == torch.bfloat16 else value

    def loss(self: Any, batch: dict[str, Any], preds: Any = None) -> Any:
        if getattr(self, "criterion", None) is None:
            self.criterion = self.init_criterion()
        if preds is None:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.training):
                preds = self.forward(batch["img"])
            preds = tree_map(to_float, preds)
        return self.criterion(preds, batch)

    BaseModel.loss = loss


def has_bfloat16() -> bool:
    """Tell whether this CPU multiplies bfloat16 in hardware."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False


def leave_with_parent() -> None:
    """End with the process that started this one, however that ends (prctl(2), Linux)."""
    set_parent_death_signal = 1
    parent = os.getppid()
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:  # it was faster
        os._exit(1)


def fetch(name: str, target: Path) -> bool:
    """Download pretrained weights of ultralytics; False where its hub cannot be reached."""
    from ultralytics.utils import ONLINE
    from ultralytics.utils.downloads import attempt_download_asset

    if not ONLINE:
        return False
    scratch = target.with_name(name)
    try:
        found = Path(attempt_download_asset(scratch, retry=0))
    except (OSError, RuntimeError):  # its ConnectionError is an OSError
        return False
    if found.is_file():
        found.replace(target)
    return target.is_file()


def chosen_device(asked: str) -> str:
    """Return the device as ultralytics names it; ``auto`` is the first CUDA one, else the CPU."""
    import torch

    if asked == "auto":
        return "0" if torch.cuda.is_available() else "cpu"
    return asked.removeprefix("cuda:")


def keep_checkpoints(trainer: Any) -> None:
    """Copy what ultralytics has just written, whole or not at all: it overwrites in place."""
    folder = Path(trainer.last).parent
    for name in CHECKPOINTS:
        source, kept = folder / f"{name}.pt", folder / f"{name}{KEPT}"
        if source.exists() and not (kept.exists() and kept.stat().st_mtime_ns >= source.stat().st_mtime_ns):
            scratch = folder / f"{name}.copy"
            shutil.copyfile(source, scratch)
            scratch.replace(kept)


def last_checkpoint(folder: Path) -> Path | None:
    """Return the checkpoint that a killed training goes on from, whole; None if there is none."""
    for name in CHECKPOINTS:
        kept = folder / f"{name}{KEPT}"
        if kept.exists():
            shutil.copyfile(kept, folder / f"{name}.pt")
    last = folder / "last.pt"
    return last if last.exists() else None


def is_finished(checkpoint: Path) -> bool:
    """Tell whether a checkpoint is of the last epoch: the training was killed after it."""
    import torch

    content = torch.load(checkpoint, map_location="cpu", weights_only=False)
    return bool(content["epoch"] < 0 or content["epoch"] + 1 >= content["train_args"]["epochs"])


def train(request: dict[str, Any], stream: TextIO) -> None:
    """Train as a request says; an unfinished run is resumed from its last whole epoch.

    Args:
        request: ``run`` (folder), ``data`` (data.yaml), ``start`` (.pt or .yaml), ``threads``, and
            ``settings``, which go to ultralytics unchanged, but for ``device`` and ``amp``; ``workers`` that
            load pictures are added where they say none.
        stream: Where progress lines go.
    """
    import torch
    from ultralytics import YOLO
    from ultralytics.engine import trainer as engine
    from ultralytics.utils.plotting import plot_results

    threads, settings = int(request["threads"]), dict(request["settings"])
    torch.set_num_threads(threads)
    settings["device"] = device = chosen_device(settings["device"])
    settings["amp"] = device != "cpu"
    # On a CPU one process keeps up with the training; a GPU waits for as many as there are.
    settings.setdefault("workers", 1 if device == "cpu" else threads)
    # Its check downloads another model; where it cannot, it fails.
    engine.check_amp = lambda model: True
    if device == "cpu" and has_bfloat16():
        use_bfloat16_on_cpu()
    run = Path(request["run"])
    checkpoint = last_checkpoint(run / "weights")
    if checkpoint is None or not is_finished(checkpoint):
        model = YOLO(str(checkpoint or request["start"]), task="segment")
        # Set here, because ultralytics chooses its own number of threads when it is imported.
        model.add_callback("on_train_start", lambda trainer: torch.set_num_threads(threads))
        model.add_callback("on_model_save", keep_checkpoints)
        for event, callback in Watch(stream).callbacks().items():
            model.add_callback(event, callback)
        if checkpoint is not None:
            settings["resume"] = True
        model.train(data=request["data"], project=str(run.parent), name=run.name, exist_ok=True, **settings)
    plot_results(file=run / "results.csv")
    report(stream, trained=str(run / "weights" / "best.pt"), device=device)


class Watch:
    """Reports where a training stands: every few seconds within an epoch, and after each."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.began = self.told = time.monotonic()
        self.passed, self.step = -1, 0

    def callbacks(self) -> dict[str, Any]:
        """Return what to call, by the event's name in ultralytics."""
        return {
            "on_train_start": self.started,
            "on_train_batch_end": self.step_ended,
            "on_train_epoch_end": self.pass_ended,
            "on_fit_epoch_end": self.epoch_ended,
        }

    def started(self, trainer: Any) -> None:
        """Note when the first epoch begins."""
        self.began = self.told = time.monotonic()

    def step_ended(self, trainer: Any) -> None:
        """Report within an epoch, not too often."""
        self.step += 1
        if time.monotonic() - self.told >= SECONDS_BETWEEN_REPORTS:
            self.tell(trainer, trainer.epoch + self.step / len(trainer.train_loader), {})

    def pass_ended(self, trainer: Any) -> None:
        """Note that an epoch's pictures have been seen."""
        self.passed, self.step = trainer.epoch, 0

    def epoch_ended(self, trainer: Any) -> None:
        """Report after an epoch, with its metrics."""
        # The framework also calls this after a last look at its best weights, which is no epoch.
        if trainer.epoch == self.passed:
            self.passed = -1
            metrics = {key: round(float(value), 4) for key, value in trainer.metrics.items()}
            self.tell(trainer, trainer.epoch + 1, metrics)

    def tell(self, trainer: Any, done: float, metrics: dict[str, float]) -> None:
        """Report ``done`` epochs, the rest's time by the rate since the start or the resumption."""
        self.told = time.monotonic()
        each = (self.told - self.began) / max(done - trainer.start_epoch, 1e-3)
        left = round(each * max(trainer.epochs - done, 0))
        report(self.stream, epoch=round(done, 2), epochs=trainer.epochs, seconds_left=left, metrics=metrics)


def strip(weights: Path, target: Path) -> None:
    """Write a checkpoint without optimiser, folders of this machine and other things of one training run."""
    import torch

    checkpoint = torch.load(weights, map_location="cpu", weights_only=False)
    model = (checkpoint.get("ema") or checkpoint["model"]).half()
    model.criterion = None
    for parameter in model.parameters():
        parameter.requires_grad = False
    arguments = checkpoint.get("train_args", {})
    kept = {key: arguments[key] for key in KEPT_ARGS if key in arguments}
    model.args = kept
    model.yaml.pop("yaml_file", None)
    model.pt_path = None
    torch.save(
        {"epoch": -1, "model": model, "ema": None, "optimizer": None, "train_args": kept,
         "version": checkpoint["version"], "license": checkpoint.get("license")},
        target,
    )  # fmt: skip


def average(one: Path, other: Path, target: Path) -> None:
    """Write the mean of two checkpoints, of which one was trained on from the other.

    The mean of two such weights often finds more than both (Wortsman et al. 2022, "Model soups").
    """
    import torch

    first, second = (torch.load(path, map_location="cpu", weights_only=False) for path in (one, other))
    # A finished training keeps its averaged weights as the model itself.
    models = [(checkpoint.get("ema") or checkpoint["model"]).float() for checkpoint in (first, second)]
    states = [model.state_dict() for model in models]
    mean = {
        key: (value + states[1][key]) / 2 if value.is_floating_point() else states[1][key]
        for key, value in states[0].items()
    }
    models[1].load_state_dict(mean)
    torch.save(second, target)


def export(weights: Path, target: Path, exported: Path, image_size: int) -> None:
    """Write the shipped pair: a stripped ``.pt``, and from it an ``.onnx`` with free height and width."""
    import onnx
    from ultralytics import YOLO

    strip(weights, target)
    made = YOLO(str(target)).export(format="onnx", imgsz=image_size, dynamic=True, simplify=True, opset=17)
    graph = onnx.load(made)
    # Half a megabyte of written-out shapes that every runtime works out for itself.
    del graph.graph.value_info[:]
    onnx.save(graph, exported)
    if Path(made).resolve() != exported.resolve():
        Path(made).unlink()


def torchscript(weights: Path, target: Path, image_size: int) -> None:
    """Write a model as TorchScript, for pictures of ``image_size`` by ``image_size``."""
    from ultralytics import YOLO

    made = Path(YOLO(str(weights)).export(format="torchscript", imgsz=image_size))
    made.replace(target)


def main() -> None:
    """Do what the command line asks for."""
    leave_with_parent()
    verb, *words = sys.argv[1:]
    with private_stdout() as stream:
        if verb == "train":
            train(json.loads(Path(words[0]).read_text(encoding="utf-8")), stream)
        elif verb == "fetch":
            report(stream, fetched=fetch(words[0], Path(words[1])))
        elif verb == "average":
            average(*map(Path, words))
        elif verb == "torchscript":
            torchscript(Path(words[0]), Path(words[1]), int(words[2]))
        else:
            export(Path(words[0]), Path(words[1]), Path(words[2]), int(words[3]))
        report(stream, done=verb)


if __name__ == "__main__":
    main()
