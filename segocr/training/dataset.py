"""Prepared training pictures: labelled pages become small scenes with YOLO labels, drawn from one seed.

A prepared folder is what ultralytics reads: ``data.yaml``, ``images/<split>/*.jpg`` and
``labels/<split>/*.txt``. Picture number ``n`` depends on the seed and ``n`` only, so the work can be
shared or resumed.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from segocr.synthesis.backgrounds import draw_background, read_picture, surface
from segocr.synthesis.light import Light, photograph
from segocr.synthesis.scenes import CameraRecipe, Outline, Scene, lay_page, shrink
from segocr.synthesis.views import Cutting, ViewRecipe, cut_out, make_view, mosaic
from segocr.training.labels import LabelledPage, padded, yolo_lines

TRAINING_LIGHT = Light(
    darkest=0.5, gain=(0.6, 1.15), tint=0.08, blur=(0.3, 1.5), noise=(1.0, 9.0), jpeg=(50, 95)
)
TRAINING_CAMERA = CameraRecipe(
    size=(1200, 900),
    page_scale=(0.36, 0.68),
    angle=45.0,
    any_angle=0.2,
    corner_shift=0.05,
    off_centre=0.9,
    light=TRAINING_LIGHT,
)
# The page fills the picture, as in a scan: lines are long, and anything but steep.
TRAINING_SCAN = replace(TRAINING_CAMERA, page_scale=(0.66, 0.86), angle=8.0, any_angle=0.0, upside_down=0.1)
TRAINING_VIEW = ViewRecipe(light=TRAINING_LIGHT)
# Most photos show a whole car; these show little but the target.
TRAINING_CLOSE_UP = ViewRecipe(zoom=(1.5, 6.0), widest=0.8, pasted=0, light=TRAINING_LIGHT)

TRAINING_PAPER = CameraRecipe(
    size=(544, 896),
    page_scale=(0.82, 1.0),
    angle=3.0,
    upside_down=0.05,
    corner_shift=0.008,
    off_centre=1.0,
    light=Light(darkest=0.75, gain=(0.7, 1.15), tint=0.05, blur=(0.2, 0.8), noise=(0.0, 6.0), jpeg=(50, 95)),
)


class Plan(Protocol):
    """How training pictures are made from labelled ones."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the model's order."""

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number``; the same arguments give the same picture."""


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """Flat pages become photos, laid on other pictures; all come out ``long_side`` wide and of one height.

    Attributes:
        classes: The model's classes.
        long_side: Of the pictures written, pixels.
        flat: Share of pages without a background (scans).
        drawn: Share of drawn backgrounds.
        padding: Every outline is widened by this share of its height: an MRZ line is under two pixels of the
            model's masks otherwise.
        recipe: How the photos are taken.
    """

    classes: tuple[str, ...]
    long_side: int = 640
    flat: float = 0.2
    drawn: float = 0.3
    padding: float = 0.3
    recipe: CameraRecipe = TRAINING_CAMERA

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number`` of a page, on one of ``photos`` or on a drawn surface."""
        rng = np.random.default_rng([seed, number])
        page = pages[number % len(pages)]
        picture = read_picture(page.path)
        outlines = tuple(Outline(one.name, padded(one.polygon, self.padding)) for one in page.outlines)
        if rng.random() < self.flat:
            scene = Scene(photograph(picture, self.recipe.light, rng), outlines, np.eye(3))
        else:
            background = draw_background(photos, self.recipe.size, rng, self.drawn)
            scene = lay_page(picture, outlines, background, self.recipe, rng)
        # Engines shrink in different ways, so the model sees both.
        small = shrink(scene, self.long_side, cv2.INTER_AREA if rng.random() < 0.5 else cv2.INTER_LINEAR)
        width, height = self.recipe.size
        return fill_below(small, round(self.long_side * height / width))


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """Labelled photos become other views of the same.

    Attributes:
        classes: The model's classes.
        long_side: Of the pictures written, pixels.
        pasted: Chance of each further target pasted in.
        mosaics: Share of pictures that hold four views.
        recipe: How the views are taken.
    """

    classes: tuple[str, ...]
    long_side: int = 640
    pasted: float = 0.4
    mosaics: float = 0.1
    recipe: ViewRecipe = TRAINING_VIEW

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number``; ``photos`` are not needed, what the photo leaves free is drawn."""
        rng = np.random.default_rng([seed, number])
        if rng.random() < self.mosaics:
            picked = [number, *rng.integers(len(pages), size=3)]
            scene = mosaic([self._view(pages, int(one), rng) for one in picked], self.recipe.size)
        else:
            scene = self._view(pages, number, rng)
        return shrink(scene, self.long_side, cv2.INTER_AREA if rng.random() < 0.5 else cv2.INTER_LINEAR)

    def _view(self, pages: Sequence[LabelledPage], number: int, rng: np.random.Generator) -> Scene:
        page = pages[number % len(pages)]
        cuttings: list[Cutting] = []
        while rng.random() < self.pasted and len(cuttings) < self.recipe.pasted:
            other = pages[int(rng.integers(len(pages)))]
            cuttings.append(cut_out(read_picture(other.path), other.outlines[0]))
        ground = surface(self.recipe.size, rng)
        return make_view(read_picture(page.path), page.outlines, ground, cuttings, self.recipe, rng)


@dataclass(frozen=True, slots=True)
class PaperPlan:
    """Scanned pages of many shapes stay scans: nearly level, nearly filling a picture of one size.

    One size, because pictures of many sizes are not shuffled in rectangular batches.

    Attributes:
        classes: The model's classes.
        tilted: Share of pages turned by up to five times the recipe's angle.
        recipe: How they are seen; its page scale is a share of the largest that fits.
    """

    classes: tuple[str, ...]
    tilted: float = 0.15
    recipe: CameraRecipe = TRAINING_PAPER

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number``; ``photos`` are not needed, what the page leaves free is white, grey or drawn."""
        rng = np.random.default_rng([seed, number])
        page = pages[number % len(pages)]
        width, height = self.recipe.size
        fit = min(width / page.size[0], height / page.size[1])
        # Shrunk before it is turned: turning samples single pixels.
        whole = Scene(read_picture(page.path), page.outlines, np.eye(3))
        small = shrink(whole, round(max(page.size) * fit), cv2.INTER_AREA)
        recipe = replace(self.recipe, angle=self.recipe.angle * (5 if rng.random() < self.tilted else 1))
        ground = surface(self.recipe.size, rng)
        if rng.random() < 0.8:
            ground[:] = 114 if rng.random() < 0.5 else rng.integers(200, 256)
        return lay_page(small.picture, small.outlines, ground, recipe, rng)


def fill_below(scene: Scene, height: int) -> Scene:
    """Add grey below a scene up to ``height``: pictures of one size train rectangular and still shuffled."""
    missing = height - scene.picture.shape[0]
    if missing <= 0:
        return scene
    grey = np.full((missing, scene.picture.shape[1], 3), 114, np.uint8)
    return replace(scene, picture=np.vstack([scene.picture, grey]))


def write_photos(
    pages: Sequence[LabelledPage], folder: Path, split: str, classes: Sequence[str], long_side: int
) -> None:
    """Write labelled photos as they are, only shrunk: what a model is checked on while it trains."""
    for number, page in enumerate(pages):
        scene = shrink(Scene(read_picture(page.path), page.outlines, np.eye(3)), long_side)
        write_scene(scene, folder, split, f"{number:06d}", classes)


def write_scene(scene: Scene, folder: Path, split: str, name: str, classes: Sequence[str]) -> None:
    """Write a scene as ``images/<split>/<name>.jpg`` and ``labels/<split>/<name>.txt`` under ``folder``."""
    height, width = scene.picture.shape[:2]
    image, label = folder / "images" / split / f"{name}.jpg", folder / "labels" / split / f"{name}.txt"
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    _, coded = cv2.imencode(".jpg", scene.picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    image.write_bytes(coded.tobytes())
    label.write_text("\n".join(yolo_lines(scene.outlines, (width, height), classes)) + "\n", encoding="utf-8")


def write_data_yaml(folder: Path, classes: Sequence[str]) -> Path:
    """Write the ``data.yaml`` that names splits and classes (JSON is YAML)."""
    path = folder / "data.yaml"
    splits = {"path": str(folder.resolve()), "train": "images/train", "val": "images/val"}
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
) -> None:
    """Write the training pictures of ``numbers`` and their labels under ``folder``, in several processes."""
    work = functools.partial(
        _write_number, pages=pages, photos=photos, plan=plan, seed=seed, folder=folder, split=split
    )
    # Not by fork: OpenCV's threads may hold a lock that the child would wait for forever.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for _ in pool.map(work, numbers, chunksize=16):
            pass
    write_data_yaml(folder, plan.classes)
