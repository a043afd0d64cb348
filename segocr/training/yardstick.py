"""The pages that a finished model is measured on, and the pictures that pages are laid on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels
from segocr.synthesis.backgrounds import read_picture, surface
from segocr.synthesis.scenes import CameraRecipe, cover
from segocr.training.data import TrainingData
from segocr.training.labels import LabelledPage
from segocr.training.plans import Kind, lay_fitted

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
_DRAWN = 8
_SCENES_A_PAGE = 2
_RECIPE = CameraRecipe(page_scale=(0.6, 0.9))


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The pages that models are compared on.

    Attributes:
        name: ``val``, or ``held back`` where nobody labelled any ``val``.
        pages: The pages; with camera photos of them where the template's documents are photographed.
        digest: Of their labels and pictures.
    """

    name: str
    pages: Sequence[LabelledPage]
    digest: str


def backdrops(folder: Path | None, split: str) -> list[Path]:
    """Return the pictures of a folder that pages are laid on.

    Args:
        folder: Labelled photos (``fields.jsonl``, whose splits are kept apart) or any pictures, of which
            every fifth is kept for measuring; None gives none.
        split: ``train`` or ``val``.

    Raises:
        UsageError: ``no-backgrounds``: it holds no pictures.
    """
    if folder is None:
        return []
    if (folder / "fields.jsonl").is_file():
        return [document.path for document in read_labels(folder, split)]
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if len(found) < 2:
        raise UsageError(f"{folder} holds {len(found)} pictures to lay pages on", code="no-backgrounds")
    return found[::5] if split == "val" else [path for number, path in enumerate(found) if number % 5]


def make_yardstick(data: TrainingData, kind: Kind, photos: Sequence[Path], work: Path) -> Yardstick:
    """Return the pages that a model is measured on: ``val``, else those held back from ``train``.

    Args:
        data: The labelled documents.
        kind: Of camera documents, photos are measured too, drawn from a fixed seed.
        photos: Backgrounds that training has not seen; none: surfaces are drawn.
        work: Where photos are written.
    """
    name, pages = ("val", data.val) if data.val else ("held back", data.watched)
    digest = data.val_digest if data.val else data.digest
    if kind is not Kind.CAMERA:
        return Yardstick(name, pages, digest)
    folder = work / "yardsticks" / digest[:16]
    grounds = list(photos) or _drawn(folder)
    scenes = [scene for page in pages for scene in _photographed(page, grounds, folder)]
    return Yardstick(f"{name}, flat and photographed", (*pages, *scenes), digest)


def _drawn(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"ground-{number}.png" for number in range(_DRAWN)]
    for path in paths:
        cv2.imwrite(str(path), surface((1600, 1200), rng))
    return paths


def _photographed(page: LabelledPage, photos: Sequence[Path], folder: Path) -> list[LabelledPage]:
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    name = list(hashlib.sha256(page.id.encode()).digest()[:8])
    for number in range(_SCENES_A_PAGE):
        rng = np.random.default_rng([number, *name])
        ground = cover(read_picture(photos[int(rng.integers(len(photos)))]), _RECIPE.size)
        scene = lay_fitted(page, ground, _RECIPE, rng)
        path = folder / f"{page.path.stem}-{number}.png"
        cv2.imwrite(str(path), scene.picture)
        made.append(replace(page, id=path.stem, path=path, size=scene.size, outlines=scene.outlines))
    return made
