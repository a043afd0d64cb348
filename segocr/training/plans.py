"""How training pictures are made from labelled ones: four plans, of which the kind of photo decides.

    ready    the pictures as they are, only shrunk: there are many, or ``segocr synth`` made them
    scans    flat pages that nearly fill the picture, nearly level
    photos   labelled photos, seen from nearer, farther and other sides
    camera   flat pages laid on other pictures and photographed at any angle

Picture number ``n`` of a plan depends on the seed and ``n`` only. All pictures of a plan have one size:
pictures of many sizes are not shuffled in rectangular batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

import cv2
import numpy as np

from segocr.geometry import minimum_rectangle, quad_size
from segocr.synthesis.backgrounds import draw_background, read_picture, surface
from segocr.synthesis.light import Light, photograph
from segocr.synthesis.scenes import CameraRecipe, Outline, Picture, Scene, lay_page, shrink
from segocr.synthesis.views import Cutting, ViewRecipe, cut_out, make_view, mosaic
from segocr.training.labels import LabelledPage, padded

TRAINING_LIGHT = Light(
    darkest=0.5, gain=(0.6, 1.15), tint=0.08, blur=(0.3, 1.5), noise=(1.0, 9.0), jpeg=(50, 95)
)
# Page scales of training recipes are shares of the largest that fits.
TRAINING_CAMERA = CameraRecipe(
    size=(1200, 900),
    page_scale=(0.42, 0.8),
    angle=45.0,
    any_angle=0.2,
    corner_shift=0.05,
    off_centre=0.9,
    light=TRAINING_LIGHT,
)
# The page fills the photo: lines are long, and anything but steep.
TRAINING_NEAR = replace(TRAINING_CAMERA, page_scale=(0.77, 1.0), angle=8.0, any_angle=0.0, upside_down=0.1)
TRAINING_VIEW = ViewRecipe(light=TRAINING_LIGHT)
# Most photos show a whole car or desk; these show little but the target.
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
_FINER = 15 / 8
"""Photos are made so many times larger than the model sees them, and shrunk at the end."""
_THIN, _WIDENED = 10.0, 0.3
_GREY = 114
Recipe = TypeVar("Recipe", CameraRecipe, ViewRecipe)


class Kind(StrEnum):
    """What the documents of a template look like, and so how training pictures are made."""

    READY = "ready"
    SCANS = "scans"
    PHOTOS = "photos"
    CAMERA = "camera"


class Plan(Protocol):
    """How training pictures are made from labelled ones."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the model's order."""

    @property
    def padding(self) -> float:
        """Every outline is widened by this share of its height."""

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number``; the same arguments give the same picture."""


@dataclass(frozen=True, slots=True)
class ReadyPlan:
    """Pictures stay as they are, shrunk into one size.

    Attributes:
        classes: The model's classes.
        size: Of the pictures written.
        padding: Every outline is widened by this share of its height.
    """

    classes: tuple[str, ...]
    size: tuple[int, int] = (640, 640)
    padding: float = 0.0

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number``; ``photos`` are not needed."""
        rng = np.random.default_rng([seed, number])
        page = _widened(pages[number % len(pages)], self.padding)
        return fitted(Scene(read_picture(page.path), page.outlines, np.eye(3)), self.size, _shrinking(rng))


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """Scanned pages of many shapes stay scans: nearly level, nearly filling the picture.

    Attributes:
        classes: The model's classes.
        padding: Every outline is widened by this share of its height.
        tilted: Share of pages turned by up to five times the recipe's angle.
        recipe: How they are seen.
    """

    classes: tuple[str, ...]
    padding: float = 0.0
    tilted: float = 0.15
    recipe: CameraRecipe = TRAINING_PAPER

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number``; what the page leaves free is white, grey or drawn, not of ``photos``."""
        rng = np.random.default_rng([seed, number])
        page = _widened(pages[number % len(pages)], self.padding)
        recipe = replace(self.recipe, angle=self.recipe.angle * (5 if rng.random() < self.tilted else 1))
        ground = surface(self.recipe.size, rng)
        if rng.random() < 0.8:
            ground[:] = _GREY if rng.random() < 0.5 else rng.integers(200, 256)
        return lay_fitted(page, ground, recipe, rng)


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """Flat pages become photos, laid on other pictures.

    Attributes:
        classes: The model's classes.
        long_side: Of the pictures written, pixels.
        flat: Share of pages without a background (scans).
        near: Share of the others that nearly fill the photo.
        drawn: Share of drawn backgrounds.
        padding: Every outline is widened by this share of its height.
        recipe: How the photos are taken.
        near_recipe: How those are taken that nearly fill the photo.
    """

    classes: tuple[str, ...]
    long_side: int = 640
    flat: float = 0.3
    near: float = 0.2
    drawn: float = 0.3
    padding: float = 0.3
    recipe: CameraRecipe = TRAINING_CAMERA
    near_recipe: CameraRecipe = TRAINING_NEAR

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number`` of a page, on one of ``photos`` or on a drawn surface."""
        rng = np.random.default_rng([seed, number])
        page = _widened(pages[number % len(pages)], self.padding)
        if rng.random() < self.flat:
            picture = photograph(read_picture(page.path), self.recipe.light, rng)
            scene = Scene(picture, page.outlines, np.eye(3))
        else:
            recipe = self.near_recipe if rng.random() < self.near else self.recipe
            scene = lay_fitted(page, draw_background(photos, recipe.size, rng, self.drawn), recipe, rng)
        width, height = self.recipe.size
        size = (
            round(self.long_side * width / max(width, height)),
            round(self.long_side * height / max(width, height)),
        )
        return fitted(scene, size, _shrinking(rng))


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """Labelled photos become other views of the same.

    Attributes:
        classes: The model's classes.
        long_side: Of the pictures written, pixels.
        padding: Every outline is widened by this share of its height.
        near: Share of pictures that show little but the target.
        pasted: Chance of each further target pasted in.
        mosaics: Share of pictures that hold four views.
        recipe: How the views are taken.
        near_recipe: How the near ones are taken.
    """

    classes: tuple[str, ...]
    long_side: int = 640
    padding: float = 0.0
    near: float = 0.2
    pasted: float = 0.4
    mosaics: float = 0.1
    recipe: ViewRecipe = TRAINING_VIEW
    near_recipe: ViewRecipe = TRAINING_CLOSE_UP

    def make(self, number: int, pages: Sequence[LabelledPage], photos: Sequence[Path], seed: int) -> Scene:
        """Make picture ``number``; ``photos`` are not needed, what the photo leaves free is drawn."""
        rng = np.random.default_rng([seed, number])
        recipe = self.near_recipe if rng.random() < self.near else self.recipe
        if rng.random() < self.mosaics:
            picked = [number, *rng.integers(len(pages), size=3)]
            scene = mosaic([self._view(pages, int(one), recipe, rng) for one in picked], recipe.size)
        else:
            scene = self._view(pages, number, recipe, rng)
        return shrink(scene, self.long_side, _shrinking(rng))

    def _view(
        self, pages: Sequence[LabelledPage], number: int, recipe: ViewRecipe, rng: np.random.Generator
    ) -> Scene:
        page = _widened(pages[number % len(pages)], self.padding)
        if not page.outlines:
            return fitted(Scene(read_picture(page.path), (), np.eye(3)), recipe.size, cv2.INTER_AREA)
        cuttings: list[Cutting] = []
        others = [other for other in pages if other.outlines]
        while len(cuttings) < recipe.pasted and rng.random() < self.pasted:
            other = _widened(others[int(rng.integers(len(others)))], self.padding)
            cuttings.append(cut_out(read_picture(other.path), other.outlines[0]))
        ground = surface(recipe.size, rng)
        return make_view(read_picture(page.path), page.outlines, ground, cuttings, recipe, rng)


def plan_for(
    kind: Kind,
    classes: tuple[str, ...],
    pages: Sequence[LabelledPage],
    image_size: int,
    padding: float,
    angle: float | None = None,
) -> Plan:
    """Return the plan of a kind, its pictures as large as the model sees them and as tall as the pages.

    Args:
        kind: What the documents look like.
        classes: The model's classes.
        pages: The labelled pages.
        image_size: Long side of the pictures, pixels.
        padding: Every outline is widened by this share of its height, see ``padding_for``.
        angle: Largest turn to either side, degrees; None: as is usual for the kind.
    """
    size = canvas(pages, image_size)
    if kind is Kind.READY:
        return ReadyPlan(classes, size, padding)
    if kind is Kind.SCANS:
        return ScanPlan(classes, padding, recipe=_sized(TRAINING_PAPER, size, angle))
    if kind is Kind.CAMERA:
        # Turned pages need room at all sides, so photos of tall pages are taken as those of wide ones.
        photo = round(image_size * _FINER), round(image_size * _FINER * 0.75)
        far, near = (_sized(recipe, photo, angle) for recipe in (TRAINING_CAMERA, TRAINING_NEAR))
        return CameraPlan(classes, image_size, padding=padding, recipe=far, near_recipe=near)
    view = round(size[0] * 1.5), round(size[1] * 1.5)
    far_view, near_view = (_sized(one, view, angle) for one in (TRAINING_VIEW, TRAINING_CLOSE_UP))
    return ViewPlan(classes, image_size, padding, recipe=far_view, near_recipe=near_view)


def _sized(recipe: Recipe, size: tuple[int, int], angle: float | None) -> Recipe:
    return replace(recipe, size=size, angle=recipe.angle if angle is None else angle)


def canvas(pages: Sequence[LabelledPage], image_size: int) -> tuple[int, int]:
    """Return the (width, height) of a picture with the pages' usual shape, both multiples of 32."""
    shape = float(np.median([width / height for width, height in (page.size for page in pages)]))
    short = int(np.ceil(image_size * min(shape, 1 / shape) / 32) * 32)
    return (short, image_size) if shape < 1 else (image_size, short)


def padding_for(pages: Sequence[LabelledPage], image_size: int) -> float:
    """Return by which share of their height outlines are widened: thin ones by 0.3, others not at all.

    The model's masks have a quarter of the pictures' resolution. Of a line that is under ten pixels high they
    have one or two, and lose it where it is tilted.
    """
    heights = [
        quad_size(minimum_rectangle(one.polygon))[1] * image_size / max(page.size)
        for page in pages
        for one in page.outlines
    ]
    return _WIDENED if heights and float(np.median(heights)) < _THIN else 0.0


def _widened(page: LabelledPage, share: float) -> LabelledPage:
    return replace(page, outlines=tuple(Outline(o.name, padded(o.polygon, share)) for o in page.outlines))


def lay_fitted(page: LabelledPage, ground: Picture, recipe: CameraRecipe, rng: np.random.Generator) -> Scene:
    """Lay a page on ``ground`` and photograph it, its scale a share of the largest that fits."""
    fit = min(ground.shape[1] / page.size[0], ground.shape[0] / page.size[1])
    # Shrunk before it is turned: turning samples single pixels.
    whole = Scene(read_picture(page.path), page.outlines, np.eye(3))
    small = shrink(whole, round(max(page.size) * fit), cv2.INTER_AREA)
    rest = fit * page.size[0] / small.size[0]
    scale = recipe.page_scale[0] * rest, recipe.page_scale[1] * rest
    return lay_page(small.picture, small.outlines, ground, replace(recipe, page_scale=scale), rng)


def _shrinking(rng: np.random.Generator) -> int:
    # Engines shrink in different ways, so the model sees both.
    return cv2.INTER_AREA if rng.random() < 0.5 else cv2.INTER_LINEAR


def fitted(scene: Scene, size: tuple[int, int], interpolation: int = cv2.INTER_AREA) -> Scene:
    """Shrink a scene so that it fits into ``size``, and add grey to the right and below up to it."""
    width, height = scene.size
    factor = min(size[0] / width, size[1] / height, 1.0)
    small = shrink(scene, round(max(width, height) * factor), interpolation)
    picture = np.full((size[1], size[0], 3), _GREY, np.uint8)
    high, wide = min(small.size[1], size[1]), min(small.size[0], size[0])
    picture[:high, :wide] = small.picture[:high, :wide]
    return Scene(picture, small.outlines, small.matrix)
