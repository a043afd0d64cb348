"""Prepared training pictures: small scenes with YOLO labels, drawn once and kept by their origin.

A prepared folder is what ultralytics reads: ``data.yaml``, ``images/<split>/*.jpg`` and
``labels/<split>/*.txt``; its ``val`` is what a training is watched on. It gets its name when it is whole.
"""

from __future__ import annotations

import functools
import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from segocr.diskroom import require_room
from segocr.synthesis.scenes import Scene
from segocr.training.data import TrainingData
from segocr.training.labels import LabelledPage, yolo_lines
from segocr.training.plans import CameraPlan, Plan, ReadyPlan, canvas

_SCENES_WATCHED = 5
"""Of each page held back, where pages are photographed."""
_BYTES_A_PIXEL = 0.5
_RUN_BYTES = 200_000_000
"""What a training writes besides pictures: checkpoints."""
_LESS = "make room, name another folder with --work, or draw fewer pictures with --count"

Counted = Callable[[int, int], None]
"""Called with (pictures written, pictures in all)."""


def prepare(
    data: TrainingData,
    plan: Plan,
    photos: Sequence[Path],
    root: Path,
    count: int,
    *,
    processes: int = 2,
    progress: Counted = lambda _, __: None,
) -> Path:
    """Write the pictures that a model is trained and watched on; those of the same request are taken again.

    Args:
        data: Labelled pages.
        plan: How pictures are made from them.
        photos: Backgrounds for plans that need some.
        root: Where prepared folders lie.
        count: Pictures to train on.
        processes: How many draw at once.
        progress: Called after every few pictures.

    Returns:
        The folder's ``data.yaml``.

    Raises:
        ConfigurationError: ``disk-full``: there is no room for the pictures.
        UsageError: A background cannot be opened.
    """
    said = [data.digest, repr(plan), count, [[path.name, path.stat().st_size] for path in photos]]
    folder = root / hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
    if (folder / "data.yaml").is_file():
        return folder / "data.yaml"
    scene = plan.make(0, data.seen, photos, 0)
    pictures = count * round(scene.size[0] * scene.size[1] * _BYTES_A_PIXEL)
    require_room(root, pictures + _RUN_BYTES, hint=_LESS)
    scratch = root / f"{folder.name}.new"
    shutil.rmtree(scratch, ignore_errors=True)
    watched, watching = _watched(data, plan, scene.size)
    write_pictures(data.watched, photos, watching, scratch, "val", range(watched), 1, processes)
    write_pictures(data.seen, photos, plan, scratch, "train", range(count), 0, processes, progress)
    write_data_yaml(scratch, plan.classes, folder)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    return folder / "data.yaml"


def _watched(data: TrainingData, plan: Plan, size: tuple[int, int]) -> tuple[int, Plan]:
    """Return how many pictures a training is watched on, and how they are made: as real ones come."""
    if isinstance(plan, CameraPlan):
        return _SCENES_WATCHED * len(data.watched), plan
    return len(data.watched), ReadyPlan(plan.classes, canvas(data.watched, max(size)), plan.padding)


def write_scene(scene: Scene, folder: Path, split: str, name: str, classes: Sequence[str]) -> None:
    """Write a scene as ``images/<split>/<name>.jpg`` and ``labels/<split>/<name>.txt`` under ``folder``."""
    height, width = scene.picture.shape[:2]
    image, label = folder / "images" / split / f"{name}.jpg", folder / "labels" / split / f"{name}.txt"
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    _, coded = cv2.imencode(".jpg", scene.picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    image.write_bytes(coded.tobytes())
    label.write_text("\n".join(yolo_lines(scene.outlines, (width, height), classes)) + "\n", encoding="utf-8")


def write_data_yaml(folder: Path, classes: Sequence[str], later: Path | None = None) -> Path:
    """Write the ``data.yaml`` that names splits and classes (JSON is YAML).

    Args:
        folder: Where it is written.
        classes: In the model's order.
        later: What the folder will be called.
    """
    path = folder / "data.yaml"
    splits = {"path": str((later or folder).resolve()), "train": "images/train", "val": "images/val"}
    path.write_text(json.dumps({**splits, "names": dict(enumerate(classes))}), encoding="utf-8")
    return path


def _write_number(
    number: int,
    pages: Sequence[LabelledPage],
    photos: Sequence[Path],
    plan: Plan,
    seed: int,
    folder: Path,
    split: str,
) -> None:
    cv2.setNumThreads(1)
    write_scene(plan.make(number, pages, photos, seed), folder, split, f"{number:06d}", plan.classes)


def write_pictures(
    pages: Sequence[LabelledPage],
    photos: Sequence[Path],
    plan: Plan,
    folder: Path,
    split: str,
    numbers: range,
    seed: int,
    processes: int = 2,
    progress: Counted = lambda _, __: None,
) -> None:
    """Write the pictures of ``numbers`` and their labels under ``folder``, in several processes."""
    work = functools.partial(
        _write_number, pages=pages, photos=photos, plan=plan, seed=seed, folder=folder, split=split
    )
    # Not by fork: OpenCV's threads may hold a lock that the child would wait for forever.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(work, numbers, chunksize=8), start=1):
            progress(done, len(numbers))
