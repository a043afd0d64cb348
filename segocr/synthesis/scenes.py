"""A flat labelled page becomes a photo: laid on a background, turned, seen in perspective, badly lit.

The polygons follow the page exactly, because picture and polygons go through the same 3×3 matrix.
Everything is drawn from one ``numpy.random.Generator``, so a seed gives the same scene again.
Coordinates: pixels, origin top-left, y down. Pictures: ``uint8 (H, W, 3)``, BGR. Sizes: (width, height).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.geometry import Matrix, Points, homography, rectangle, transform
from segocr.synthesis.light import Light, photograph

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Outline:
    """One labelled region: its class and its polygon ``(n, 2)`` in pixels of the picture it belongs to."""

    name: str
    polygon: Points


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, its outlines, and the matrix ``(3, 3)`` that took the source's pixels to the picture's."""

    picture: Picture
    outlines: tuple[Outline, ...]
    matrix: Matrix

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self.picture.shape[1], self.picture.shape[0]


@dataclass(frozen=True, slots=True)
class CameraRecipe:
    """Ranges from which a scene is drawn; the defaults are the recipe of the labelled data's README.

    Attributes:
        size: Of the photo.
        page_scale: Factor on the page's own width.
        angle: Largest turn to either side, degrees.
        upside_down: Share of scenes turned by another 180°.
        any_angle: Share of scenes turned by anything, instead of by at most ``angle``.
        corner_shift: How far a corner moves in x and y, as a share of the page's width in the photo.
        off_centre: Share of the free room around the page that its place may use.
        light: What light and camera do.
    """

    size: tuple[int, int] = (1600, 1200)
    page_scale: tuple[float, float] = (0.57, 0.82)
    angle: float = 40.0
    upside_down: float = 0.2
    any_angle: float = 0.0
    corner_shift: float = 0.04
    off_centre: float = 0.5
    light: Light = field(default_factory=Light)


def rotation(degrees: float) -> Matrix:
    """Return the ``(2, 2)`` matrix that turns column vectors clockwise on the screen (y is down)."""
    turn = np.deg2rad(degrees)
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def cover(background: Picture, size: tuple[int, int]) -> Picture:
    """Scale and cut a background so that it fills ``size``."""
    width, height = size
    scale = max(width / background.shape[1], height / background.shape[0])
    # Rounded up, so that no row or column is missing at the edge.
    wide, high = int(np.ceil(background.shape[1] * scale)), int(np.ceil(background.shape[0] * scale))
    scaled = cv2.resize(background, (wide, high), interpolation=cv2.INTER_LINEAR)
    left, top = (wide - width) // 2, (high - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width], dtype=np.uint8)


def draw_corners(page_size: tuple[int, int], recipe: CameraRecipe, rng: np.random.Generator) -> Points:
    """Draw where the page's corners TL, TR, BR, BL lie in the photo, ``(4, 2)``.

    A page that fits into the photo lies wholly inside it.
    """
    width = page_size[0] * rng.uniform(*recipe.page_scale)
    angle = rng.uniform(-recipe.angle, recipe.angle)
    if rng.random() < recipe.any_angle:
        angle = rng.uniform(-180.0, 180.0)
    if rng.random() < recipe.upside_down:
        angle += 180.0
    flat = rectangle(width, width * page_size[1] / page_size[0])
    moved = flat @ rotation(angle).T + rng.uniform(-1, 1, (4, 2)) * recipe.corner_shift * width
    photo = np.array(recipe.size, dtype=np.float64)
    low, high = moved.min(axis=0), moved.max(axis=0)
    room = np.maximum(photo - (high - low), 0) * recipe.off_centre
    corners: Points = moved + (photo - low - high) / 2 + rng.uniform(-0.5, 0.5, 2) * room
    return corners


def paste(page: Picture, matrix: Matrix, ground: Picture) -> Picture:
    """Draw a page on ``ground`` through ``matrix``, with smooth edges; what falls outside is cut."""
    # The matrix maps pixel edges; OpenCV samples at pixel centres, half a pixel further.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], dtype=np.float64)
    centred = np.linalg.inv(half) @ matrix @ half
    size = (ground.shape[1], ground.shape[0])
    drawn = cv2.warpPerspective(page, centred, size, flags=cv2.INTER_LINEAR)
    full = np.full(page.shape[:2], 255, np.uint8)
    mask = cv2.warpPerspective(full, centred, size, flags=cv2.INTER_LINEAR)
    alpha = mask[..., None].astype(np.uint16)
    mixed: Picture = ((drawn * alpha + ground * (255 - alpha)) // 255).astype(np.uint8)
    return mixed


def moved_outlines(outlines: Sequence[Outline], matrix: Matrix) -> tuple[Outline, ...]:
    """Take outlines through a perspective matrix."""
    return tuple(Outline(one.name, transform(matrix, one.polygon)) for one in outlines)


def lay_page(
    page: Picture,
    outlines: Sequence[Outline],
    background: Picture,
    recipe: CameraRecipe,
    rng: np.random.Generator,
    *,
    lay_on: Callable[[Picture], None] = lambda _: None,
) -> Scene:
    """Lay a flat page on a background and photograph it.

    Args:
        page: The flat page.
        outlines: Its labelled regions, in pixels of ``page``.
        background: Any picture; it is scaled and cut to the photo's size.
        recipe: The ranges that angle, size, light and so on are drawn from.
        rng: The only source of chance.
        lay_on: Draws into the scene what lies on the page, before the photo is taken.
    """
    size = (page.shape[1], page.shape[0])
    matrix = homography(rectangle(*size), draw_corners(size, recipe, rng))
    photo = paste(page, matrix, cover(background, recipe.size))
    lay_on(photo)
    return Scene(photograph(photo, recipe.light, rng), moved_outlines(outlines, matrix), matrix)


def shrink(scene: Scene, long_side: int, interpolation: int = cv2.INTER_AREA) -> Scene:
    """Make a scene smaller so that its long side is ``long_side`` pixels; a smaller scene stays as it is."""
    width, height = scene.size
    factor = long_side / max(height, width)
    if factor >= 1:
        return scene
    size = (round(width * factor), round(height * factor))
    scale = np.diag([size[0] / width, size[1] / height, 1.0])
    picture = np.asarray(cv2.resize(scene.picture, size, interpolation=interpolation), dtype=np.uint8)
    return Scene(picture, moved_outlines(scene.outlines, scale), scale @ scene.matrix)


def clip_polygon(polygon: Points, size: tuple[int, int]) -> tuple[Points, float]:
    """Cut a convex polygon ``(n, 2)`` to a picture of ``size``.

    Returns:
        What is inside, ``(m, 2)``, and its share of the whole area; nothing inside gives ``(0, 2)`` and 0.
    """
    whole = float(cv2.contourArea(polygon.astype(np.float32)))
    frame = rectangle(*size).astype(np.float32)
    area, inside = cv2.intersectConvexConvex(polygon.astype(np.float32), frame)
    if inside is None or whole <= 0:
        return np.empty((0, 2)), 0.0
    return inside.reshape(-1, 2).astype(np.float64), float(area) / whole
