"""Makes the shipped models, step by step: ``python -m segocr.training VERB TEMPLATE …``.

    prepare passport --data DIR --work DIR --count 2400        pictures and labels, from one seed
    train passport --python PY --work DIR --name first --start yolo11n-seg.yaml --epochs 9 --hours 0.75
    average passport --python PY --weights ONE.pt --start OTHER.pt --work MEAN.pt
    export passport --python PY --weights DIR/best.pt --templates templates
    measure passport --python PY --templates templates --data DIR --history history.json

``PY`` is the interpreter of the torch environment. A training that was killed goes on when started again.
``measure`` prints region recall on ``val`` and writes ``model.json``, with the history of the training in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import cv2

from segocr.synthesis.camera import camera_scenes
from segocr.synthesis.scenes import Outline
from segocr.training.dataset import (
    TRAINING_CLOSE_UP,
    TRAINING_SCAN,
    ScenePlan,
    ViewPlan,
    write_photos,
    write_pictures,
)
from segocr.training.labels import LabelledPage, padded, read_labels
from segocr.training.measure import RegionScore, region_score
from segocr.training.shipped import PADDING, PLANS, describe_model
from segocr.training.train import (
    Progress,
    TrainingSettings,
    average_yolo,
    export_yolo,
    framework_versions,
    predict_yolo,
    train_yolo,
)

# Countries of `train` whose pages are held back: a training is watched on layouts that it does not see.
HELD_BACK = ("IRL", "IDN")


def prepare(template: str, data: Path, work: Path, count: int) -> None:
    """Write the pictures that a template's model is trained and watched on, all from ``train``."""
    folder, plan = work / template, PLANS[template]
    if template == "receipt":
        pages = read_labels(data / "receipts", "train")
        seen = [page for number, page in enumerate(pages) if number % 10]
        write_photos(pages[::10], folder, "val", plan.classes, plan.recipe.size[1])
        write_pictures(seen, [], plan, folder, "train", range(count), 0)
        return
    photos = read_labels(data / "plates", "train")
    if template == "passport":
        pages = read_labels(data / "passports", "train")
        held = [page for page in pages if page.id.startswith(HELD_BACK)]
        seen = [page for page in pages if not page.id.startswith(HELD_BACK)]
        grounds = [photo.path for photo in photos]
        write_pictures(held, grounds, plan, folder, "val", range(100), 1)
        write_pictures(seen, grounds, plan, folder, "train", range(count), 0)
        scans = ScenePlan(plan.classes, flat=0.6, recipe=TRAINING_SCAN)
        write_pictures(seen, grounds, scans, folder, "train", range(count, count + count // 2), 0)
    else:
        write_photos(photos[::10], folder, "val", plan.classes, 640)
        seen = [photo for number, photo in enumerate(photos) if number % 10]
        write_pictures(seen, [], plan, folder, "train", range(count), 0)
        near = ViewPlan(plan.classes, mosaics=0.0, recipe=TRAINING_CLOSE_UP)
        write_pictures(seen, [], near, folder, "train", range(count, count + count // 4), 0)


def measure(python: Path, weights: Path, pages: list[LabelledPage], image_size: int) -> RegionScore:
    """Find the regions of labelled pictures and compare them with their labels."""
    found = list(predict_yolo(python, weights, [page.path for page in pages], image_size))
    return region_score([page.outlines for page in pages], found)


def passport_pages(data: Path, folder: Path) -> dict[str, list[LabelledPage]]:
    """Return the ``val`` pages as they are and as camera photos (written to ``folder``), labels padded."""
    photos = [photo.path for photo in read_labels(data / "plates", "val")]
    flat, camera = [], []
    for page in read_labels(data / "passports", "val"):
        outlines = tuple(Outline(one.name, padded(one.polygon, PADDING["passport"])) for one in page.outlines)
        flat.append(LabelledPage(page.id, page.path, page.size, outlines))
        for number, scene in enumerate(camera_scenes(page.id, page.path, outlines, photos)):
            path = folder / f"{page.id.replace('/', '_')}_{number}.png"
            cv2.imwrite(str(path), scene.picture)
            camera.append(LabelledPage(path.stem, path, scene.size, scene.outlines))
    return {"flat": flat, "camera": camera}


def measure_all(
    template: str, python: Path, weights: Path, data: Path, image_size: int
) -> dict[str, dict[str, float]]:
    """Return region recall at a mask IoU of 0.5, and its counts, on every ``val`` set of a template."""
    with tempfile.TemporaryDirectory() as folder:
        sets = (
            passport_pages(data, Path(folder))
            if template == "passport"
            else {"photos": read_labels(data / "plates", "val")}
        )
        scores = {name: measure(python, weights, pages, image_size) for name, pages in sets.items()}
    return {f"val, {name}": {"recall": round(one.recall, 4), **asdict(one)} for name, one in scores.items()}


def show(progress: Progress) -> None:
    """Print where a training stands."""
    masks = progress.metrics.get("metrics/mAP50(M)", 0.0)
    left = progress.seconds_left / 60
    print(
        f"epoch {progress.epoch} of {progress.epochs}, mask mAP50 {masks:.3f}, {left:.0f} min left",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m segocr.training", description="Make the shipped models.")
    parser.add_argument("verb", choices=("prepare", "train", "average", "export", "measure"))
    parser.add_argument("template", choices=tuple(PLANS))
    for name in ("data", "work", "python", "weights", "templates", "history"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--name", default="run")
    parser.add_argument("--start", default="yolo11n-seg.yaml")
    parser.add_argument("--count", type=int, default=2400)
    parser.add_argument("--image-size", type=int, default=640)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--learning-rate", type=float, default=0.0015)
    parser.add_argument("--frozen", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args(arguments)
    if asked.verb == "prepare":
        prepare(asked.template, asked.data, asked.work, asked.count)
    elif asked.verb == "train":
        settings = TrainingSettings(
            asked.image_size,
            asked.epochs,
            asked.hours,
            learning_rate=asked.learning_rate,
            mirrored=0.5 if asked.template == "license_plate" else 0.0,
            frozen=asked.frozen,
            threads=asked.threads,
        )
        prepared = asked.work / asked.template / "data.yaml"
        print(
            train_yolo(asked.python, prepared, asked.work / "runs" / asked.name, asked.start, settings, show)
        )
    elif asked.verb == "average":
        average_yolo(asked.python, asked.weights, Path(asked.start), asked.work)
    elif asked.verb == "export":
        export_yolo(asked.python, asked.weights, asked.templates / asked.template, asked.image_size)
    else:
        folder = asked.templates / asked.template
        metrics = measure_all(asked.template, asked.python, folder / "model.pt", asked.data, asked.image_size)
        print(json.dumps(metrics, indent=1))
        history = json.loads(asked.history.read_text("utf-8"))
        versions = framework_versions(asked.python)
        describe_model(asked.template, folder, asked.image_size, versions, history, metrics)


if __name__ == "__main__":
    main(sys.argv[1:])
