"""Guest side of training: runs alone in the torch environment, from a request file.

    <environment>/bin/python -I yolo.py train request.json
    <environment>/bin/python -I yolo.py export weights.pt model.pt model.onnx 640
    <environment>/bin/python -I yolo.py average one.pt other.pt mean.pt
    <environment>/bin/python -I yolo.py predict request.json

Progress goes to stdout as one JSON object a line; everything the framework prints goes to stderr.
Only the standard library, torch and ultralytics are imported, so the file needs nothing of segocr around it.
"""

import json
import os
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


def train(request: dict[str, Any], stream: TextIO) -> None:
    """Train as a request says; an unfinished run is resumed from its last whole epoch.

    Args:
        request: ``run`` (folder), ``data`` (data.yaml), ``start`` (.pt or .yaml), ``threads``, and
            ``settings``, which go to ultralytics unchanged.
        stream: Where progress lines go.
    """
    import torch
    from ultralytics import YOLO

    threads = int(request["threads"])
    torch.set_num_threads(threads)
    if request["settings"].get("device") == "cpu" and has_bfloat16():
        use_bfloat16_on_cpu()
    run = Path(request["run"])
    last = run / "weights" / "last.pt"
    resume = last.exists()
    model = YOLO(str(last) if resume else request["start"], task="segment")
    began, passed = time.monotonic(), -1

    def pass_ended(trainer: Any) -> None:
        nonlocal passed
        passed = trainer.epoch

    def epoch_ended(trainer: Any) -> None:
        # The framework also calls this after a last look at its best weights, which is no epoch.
        if trainer.epoch != passed:
            return
        done, epochs = trainer.epoch + 1, trainer.epochs
        each = (time.monotonic() - began) / max(done - trainer.start_epoch, 1)
        metrics = {key: round(float(value), 4) for key, value in trainer.metrics.items()}
        report(stream, epoch=done, epochs=epochs, seconds_left=round(each * (epochs - done)), metrics=metrics)

    # Set here, because ultralytics chooses its own number of threads when it is imported.
    model.add_callback("on_train_start", lambda trainer: torch.set_num_threads(threads))
    model.add_callback("on_train_epoch_end", pass_ended)
    model.add_callback("on_fit_epoch_end", epoch_ended)
    settings = {**request["settings"], "resume": True} if resume else request["settings"]
    model.train(data=request["data"], project=str(run.parent), name=run.name, exist_ok=True, **settings)
    report(stream, trained=str(run / "weights" / "best.pt"))


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


def predict(request: dict[str, Any], stream: TextIO) -> None:
    """Report the regions of every picture: class, score, and polygon in the picture's pixels.

    Args:
        request: ``weights``, ``pictures`` (paths), ``image_size``, ``threads``.
        stream: Where the regions go, a line a picture.
    """
    import torch
    from ultralytics import YOLO

    torch.set_num_threads(int(request["threads"]))
    model = YOLO(request["weights"], task="segment")
    for path in request["pictures"]:
        (result,) = model.predict(path, imgsz=request["image_size"], device="cpu", verbose=False)
        polygons = result.masks.xy if result.masks is not None else []
        found = zip(result.boxes.cls.tolist(), result.boxes.conf.tolist(), polygons, strict=True)
        regions = [
            (result.names[int(number)], score, polygon.tolist())
            for number, score, polygon in found
            if len(polygon) > 2
        ]
        report(stream, picture=path, regions=regions)


def main() -> None:
    """Do what the command line asks for."""
    os.environ.setdefault("YOLO_OFFLINE", "1")
    with private_stdout() as stream:
        verb, *words = sys.argv[1:]
        if verb == "train":
            train(json.loads(Path(words[0]).read_text(encoding="utf-8")), stream)
        elif verb == "average":
            average(*map(Path, words))
            report(stream, averaged=words[2])
        elif verb == "predict":
            predict(json.loads(Path(words[0]).read_text(encoding="utf-8")), stream)
        else:
            export(Path(words[0]), Path(words[1]), Path(words[2]), int(words[3]))
            report(stream, exported=words[2])


if __name__ == "__main__":
    main()
