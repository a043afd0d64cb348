"""A labelled photo becomes another view of the same: nearer, farther, turned, with more targets pasted in.

Units and conventions are those of ``segocr.synthesis.scenes``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from segocr.geometry import Matrix, Points, homography, rectangle, transform
from segocr.synthesis.light import Light, photograph
from segocr.synthesis.scenes import Outline, Picture, Scene, moved_outlines, paste, rotation


@dataclass(frozen=True, slots=True)
class ViewRecipe:
    """Ranges from which a view is drawn.

    Attributes:
        size: Of the view.
        zoom: Factor on the size at which the photo just fits the view.
        widest: A target's largest width, as a share of the view's.
        angle: Largest turn to either side, degrees; most are small.
        corner_shift: How far a corner moves in x and y, as a share of the photo's width in the view.
        pasted: Largest number of targets from other photos.
        light: What light and camera do.
    """

    size: tuple[int, int] = (960, 720)
    zoom: tuple[float, float] = (0.65, 2.2)
    widest: float = 0.6
    angle: float = 30.0
    corner_shift: float = 0.05
    pasted: int = 2
    light: Light = field(default_factory=Light)


@dataclass(frozen=True, slots=True)
class Cutting:
    """A target cut out of another photo: its picture, and its outline in the picture's pixels."""

    picture: Picture
    outline: Outline


def draw_view(
    photo_size: tuple[int, int], target: Points, recipe: ViewRecipe, rng: np.random.Generator
) -> Matrix:
    """Draw the matrix ``(3, 3)`` from photo to view; the middle of ``target (n, 2)`` stays inside it."""
    photo, view = np.array(photo_size, dtype=np.float64), np.array(recipe.size, dtype=np.float64)
    zoom = float(np.min(view / photo) * np.exp(rng.uniform(*np.log(recipe.zoom))))
    zoom = min(zoom, recipe.widest * view[0] / max(float(np.ptp(target[:, 0])), 1.0))
    angle = float(np.clip(rng.normal(0, recipe.angle / 2.5), -recipe.angle, recipe.angle))
    flat = (rectangle(*photo_size) - photo / 2) * zoom
    corners = flat @ rotation(angle).T + rng.uniform(-1, 1, (4, 2)) * recipe.corner_shift * photo[0] * zoom
    middle = transform(homography(rectangle(*photo_size), corners), target.mean(axis=0, keepdims=True))[0]
    wished = middle + view / 2 + rng.uniform(-0.3, 0.3, 2) * view
    corners = corners + np.clip(wished, 0.12 * view, 0.88 * view) - middle
    return homography(rectangle(*photo_size), corners)


def cut_out(picture: Picture, outline: Outline, margin: float = 0.08) -> Cutting:
    """Cut a target and a margin (a share of its height) out of a photo."""
    low, high = outline.polygon.min(axis=0), outline.polygon.max(axis=0)
    room = margin * (high[1] - low[1])
    left, top = np.maximum(np.floor(low - room), 0).astype(int)
    right, bottom = np.ceil(high + room).astype(int)
    return Cutting(
        picture[top:bottom, left:right].copy(), Outline(outline.name, outline.polygon - (left, top))
    )


def paste_cutting(scene: Scene, cutting: Cutting, recipe: ViewRecipe, rng: np.random.Generator) -> Scene:
    """Paste a target at a drawn place of a view; where that place is taken, the view stays as it is."""
    size = (cutting.picture.shape[1], cutting.picture.shape[0])
    seen = draw_view(size, cutting.outline.polygon, _cutting_recipe(recipe, size[0], rng), rng)
    middle = transform(seen, np.array([size]) / 2)[0]
    shift = np.eye(3)
    shift[:2, 2] = rng.uniform(0.1, 0.9, 2) * recipe.size - middle
    matrix = shift @ seen
    (outline,) = moved_outlines([cutting.outline], matrix)
    if any(_touch(outline.polygon, one.polygon) for one in scene.outlines):
        return scene
    return Scene(paste(cutting.picture, matrix, scene.picture), (*scene.outlines, outline), scene.matrix)


def _cutting_recipe(recipe: ViewRecipe, width: int, rng: np.random.Generator) -> ViewRecipe:
    # A target pasted much larger than it was photographed is a blur that no photo shows.
    wide = min(np.exp(rng.uniform(np.log(35), np.log(260))), 1.5 * width)
    zoom = float(wide / recipe.size[0])
    return ViewRecipe(recipe.size, (zoom, zoom), 1.0, recipe.angle, recipe.corner_shift, 0, recipe.light)


def _touch(one: Points, other: Points) -> bool:
    low = np.maximum(one.min(axis=0), other.min(axis=0))
    high = np.minimum(one.max(axis=0), other.max(axis=0))
    return bool((high > low).all())


def make_view(
    photo: Picture,
    outlines: Sequence[Outline],
    ground: Picture,
    cuttings: Sequence[Cutting],
    recipe: ViewRecipe,
    rng: np.random.Generator,
    *,
    lay_on: Callable[[Picture], None] = lambda _: None,
) -> Scene:
    """Make another view of a photo, with targets of other photos pasted in.

    Args:
        photo: The labelled photo.
        outlines: Its targets, at least one, in pixels of ``photo``.
        ground: A picture of the view's size, seen where the photo ends.
        cuttings: Targets to paste; as many as ``recipe.pasted`` at most are taken.
        recipe: The ranges of everything drawn.
        rng: The only source of chance.
        lay_on: Draws into the view what stands before it, before the photo is taken.
    """
    size = (photo.shape[1], photo.shape[0])
    target = outlines[int(rng.integers(len(outlines)))].polygon
    matrix = draw_view(size, target, recipe, rng)
    scene = Scene(paste(photo, matrix, ground), moved_outlines(outlines, matrix), matrix)
    for cutting in cuttings[: recipe.pasted]:
        scene = paste_cutting(scene, cutting, recipe, rng)
    lay_on(scene.picture)
    return Scene(photograph(scene.picture, recipe.light, rng), scene.outlines, matrix)


def mosaic(scenes: Sequence[Scene], size: tuple[int, int]) -> Scene:
    """Put four scenes of one size in two rows and columns, together of ``size``."""
    width, height = size[0] // 2, size[1] // 2
    picture = np.zeros((height * 2, width * 2, 3), np.uint8)
    outlines: list[Outline] = []
    for number, scene in enumerate(scenes):
        left, top = number % 2 * width, number // 2 * height
        scale = np.array([width / scene.picture.shape[1], height / scene.picture.shape[0]])
        small = cv2.resize(scene.picture, (width, height), interpolation=cv2.INTER_AREA)
        picture[top : top + height, left : left + width] = small
        outlines.extend(Outline(one.name, one.polygon * scale + (left, top)) for one in scene.outlines)
    return Scene(picture, tuple(outlines), np.eye(3))
