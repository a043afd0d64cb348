"""A page with its labels becomes a picture as cameras and scanners take them, and the labels follow.

    flat     as it is, with a camera's light, blur and noise
    scans    nearly level, nearly filling the picture
    photos   a labelled photo, seen from nearer, farther and other sides
    camera   laid on another picture, turned to any angle, in perspective; one in five as a scan

Units and conventions are those of ``segocr.synthesis.scenes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from segocr.evaluation.labels import Label
from segocr.geometry import Points, convex_hull
from segocr.synthesis.backgrounds import draw_background
from segocr.synthesis.coverings import Mask, cover_partly, hidden_share
from segocr.synthesis.light import Light, photograph
from segocr.synthesis.scenes import CameraRecipe, Outline, Picture, Scene, clip_polygon, lay_page, shrink
from segocr.synthesis.specimens.surfaces import cloth, draw_things, stone, wood
from segocr.synthesis.views import ViewRecipe, make_view

_HARD = Light(darkest=0.5, gain=(0.6, 1.15), tint=0.08, blur=(0.3, 1.3), noise=(1.0, 8.0), jpeg=(50, 95))
_SOFT = Light(darkest=0.8, gain=(0.8, 1.1), tint=0.04, blur=(0.2, 0.7), noise=(0.5, 5.0), jpeg=(60, 95))
_CAMERA = CameraRecipe(page_scale=(0.5, 0.95), angle=40.0, corner_shift=0.05, off_centre=0.9, light=_HARD)
_SCAN = CameraRecipe(
    page_scale=(0.86, 1.0), angle=2.5, upside_down=0.0, corner_shift=0.006, off_centre=1.0, light=_SOFT
)
_ANY_ANGLE = 0.25
_SCANNED = 0.2
"""Share of the pages that fill their picture although most are photographed: a model that learned from photos
of 20 passports alone found 94 % of the lines in other photos of such, and none on flat pages."""
_WHOLE, _SEEN = 0.985, 0.4
"""Of an outline this share must be seen for its text to be read, and for it to be a label at all."""
_TOUCHED = 0.01


class Manner(StrEnum):
    """How pages are seen."""

    FLAT = "flat"
    SCANS = "scans"
    PHOTOS = "photos"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class PhotoRecipe:
    """How pictures are taken.

    Attributes:
        manner: How pages are seen.
        long_side: Of the pictures, pixels; a flat page is only ever shrunk to it.
        covered: Share of pictures in which something lies on the page or falls on it.
        angle: Largest usual turn to either side, degrees; None: as the manner has it.
        backgrounds: Pictures that pages are laid on; where there are none, surfaces are drawn.
    """

    manner: Manner = Manner.CAMERA
    long_side: int = 1600
    covered: float = 0.25
    angle: float | None = None
    backgrounds: tuple[Path, ...] = ()


def take_photo(
    page: Picture, labels: Sequence[Label], recipe: PhotoRecipe, rng: np.random.Generator
) -> tuple[Picture, tuple[Label, ...]]:
    """Take a photo of a page.

    Args:
        page: ``uint8 (H, W, 3)``.
        labels: In its pixels.
        recipe: How.
        rng: The only source of chance.

    Returns:
        The photo, and the labels in its pixels. What is seen in part only is marked as not to be scored,
        what is hardly seen is no label.

    Raises:
        UsageError: A background cannot be opened.
    """
    outlines = [Outline(one.class_name, p) for one in labels for p in (*one.polygons, *one.alternatives)]
    covering = _Covering(recipe.covered, rng)
    scene = _scene(page, outlines, recipe, covering, rng)
    return scene.picture, _labels_in(scene, labels, covering.hidden)


class _Covering:
    """Lays something on the scene, sometimes, and keeps what it hides."""

    def __init__(self, share: float, rng: np.random.Generator) -> None:
        self.rng = np.random.default_rng(rng.integers(2**63))
        self.wanted = rng.random() < share
        self.hidden: Mask | None = None

    def __call__(self, picture: Picture) -> None:
        if self.wanted:
            self.hidden = cover_partly(picture, self.rng)


def _scene(
    page: Picture,
    outlines: Sequence[Outline],
    recipe: PhotoRecipe,
    covering: _Covering,
    rng: np.random.Generator,
) -> Scene:
    whole = shrink(Scene(page, tuple(outlines), np.eye(3)), 2 * recipe.long_side)
    if recipe.manner is Manner.FLAT or (recipe.manner is Manner.PHOTOS and not outlines):
        flat = shrink(whole, recipe.long_side)
        seen = flat.picture.copy()
        covering(seen)
        return Scene(photograph(seen, _SOFT, rng), flat.outlines, flat.matrix)
    if recipe.manner is Manner.PHOTOS:
        size = _fitting(whole.size, recipe.long_side)
        view = ViewRecipe(size, pasted=0, light=_HARD)
        view = view if recipe.angle is None else replace(view, angle=recipe.angle)
        ground = _ground((), size, rng)
        return make_view(whole.picture, whole.outlines, ground, (), view, rng, lay_on=covering)
    if recipe.manner is Manner.CAMERA and rng.random() < _SCANNED:
        recipe = replace(recipe, manner=Manner.SCANS)
    if recipe.manner is Manner.SCANS:
        return _laid(whole, _SCAN, _fitting(whole.size, recipe.long_side), recipe, covering, rng)
    wide = (recipe.long_side, round(recipe.long_side * 0.75))
    upright = whole.size[1] > whole.size[0] and rng.random() < 0.6
    camera = replace(_CAMERA, upside_down=0.15)
    if rng.random() < _ANY_ANGLE:
        camera = replace(camera, angle=180.0, upside_down=0.0)
        # Turned by anything it is to lie in the photo all the same.
        across = float(np.hypot(*whole.size))
        share = min(wide) / across / min(wide[0] / max(whole.size), wide[1] / min(whole.size))
        camera = replace(camera, page_scale=(0.75 * min(share, 1.0), min(share, 1.0)))
    return _laid(whole, camera, wide[::-1] if upright else wide, recipe, covering, rng)


def _laid(
    page: Scene,
    camera: CameraRecipe,
    size: tuple[int, int],
    recipe: PhotoRecipe,
    covering: _Covering,
    rng: np.random.Generator,
) -> Scene:
    """Lay a page into a photo of ``size``, its scale a share of the largest that fits."""
    angle = camera.angle if recipe.angle is None else min(recipe.angle, 180.0)
    fit = min(size[0] / page.size[0], size[1] / page.size[1])
    # Shrunk before it is turned: turning samples single pixels.
    small = shrink(page, round(max(page.size) * min(fit * camera.page_scale[1], 1.0)))
    rest = fit * page.size[0] / small.size[0]
    scales = camera.page_scale[0] * rest, camera.page_scale[1] * rest
    camera = replace(camera, size=size, angle=angle, page_scale=scales)
    if recipe.manner is Manner.SCANS:
        ground = np.full((size[1], size[0], 3), int(rng.choice([0, 30, 128, 235, 255])), np.uint8)
    else:
        ground = _ground(recipe.backgrounds, size, rng)
    return lay_page(small.picture, small.outlines, ground, camera, rng, lay_on=covering)


def _ground(photos: Sequence[Path], size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Return what a page lies on: one of the photos, or a drawn surface."""
    if photos or rng.random() < 0.4:
        return draw_background(photos, size, rng, 0.2)
    ground = (wood, cloth, stone)[int(rng.integers(3))](size, rng)
    draw_things(ground, rng)
    return ground


def _fitting(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    factor = long_side / max(size)
    return round(size[0] * factor), round(size[1] * factor)


def _labels_in(scene: Scene, labels: Sequence[Label], hidden: Mask | None) -> tuple[Label, ...]:
    """Give labels the outlines that they have in a scene, in order."""
    outlines = iter(scene.outlines)
    found = []
    for label in labels:
        moved = [next(outlines).polygon for _ in label.polygons]
        also = [next(outlines).polygon for _ in label.alternatives]
        lines = [_seen(polygon, scene.size, hidden) for polygon in moved]
        places = tuple(polygon for polygon, _ in lines if polygon is not None)
        if places:
            others = tuple(p for p, _ in (_seen(p, scene.size, hidden) for p in also) if p is not None)
            scored = label.scored and all(whole for _, whole in lines)
            found.append(replace(label, polygons=places, alternatives=others, scored=scored))
    return tuple(found)


def _seen(polygon: Points, size: tuple[int, int], hidden: Mask | None) -> tuple[Points | None, bool]:
    """Return what is seen of an outline, None if too little is; and whether its text can be read."""
    inside, share = polygon, 1.0
    if (polygon < 0).any() or (polygon > size).any():
        inside, share = clip_polygon(polygon if len(polygon) == 4 else convex_hull(polygon), size)
    lost = hidden_share(hidden, polygon) if hidden is not None else 0.0
    if share * (1 - lost) < _SEEN or len(inside) < 3:
        return None, False
    return inside, share >= _WHOLE and lost <= _TOUCHED
