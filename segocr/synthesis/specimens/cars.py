"""Cars seen from behind, drawn from polygons with light on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.specimens.lettering import Colour

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a car stands in a picture: the middle of its wheels' line and its width, pixels."""

    x: float
    ground: float
    width: float

    def at(self, points: Sequence[tuple[float, float]]) -> Points:
        """Take points in car widths (x from the middle, y upwards from the ground) to pixels, ``(n, 2)``."""
        return np.array([[self.x + x * self.width, self.ground - y * self.width] for x, y in points])


def fill(picture: Picture, polygon: Points, top: Colour, bottom: Colour, *, soft: float = 0.0) -> None:
    """Fill a polygon ``(n, 2)`` with a colour from `top` to `bottom`; `soft` blurs its edge, pixels."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [polygon.astype(np.int32)], 255, cv2.LINE_AA)
    if soft:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
    first, last = polygon[:, 1].min(), polygon[:, 1].max()
    share = np.clip((np.arange(picture.shape[0]) - first) / max(last - first, 1), 0, 1)[:, None]
    colour = np.array(top) * (1 - share) + np.array(bottom) * share
    alpha = mask[..., None].astype(np.float32) / 255
    picture[:] = (picture * (1 - alpha) + colour[:, None, :] * alpha + 0.5).astype(np.uint8)


def rounded(points: Points, *, corner: float = 0.18) -> Points:
    """Round a polygon's corners: each becomes a short curve over `corner` of its sides."""
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    curve = []
    for p, a, b in zip(points, before, after, strict=True):
        start, end = p + (a - p) * corner, p + (b - p) * corner
        curve += [(1 - t) ** 2 * start + 2 * t * (1 - t) * p + t**2 * end for t in np.linspace(0, 1, 7)]
    return np.array(curve)


def _mirrored(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Complete a right half (from bottom to top) with its mirror image."""
    return [*points, *((-x, y) for x, y in reversed(points))]


def _darker(colour: Colour, factor: float) -> Colour:
    return (
        int(min(colour[0] * factor, 255)),
        int(min(colour[1] * factor, 255)),
        int(min(colour[2] * factor, 255)),
    )


def _wheels_and_shadow(picture: Picture, stand: Stand) -> None:
    shadow = stand.at([(-0.56, 0.03), (0.56, 0.03), (0.6, -0.07), (-0.6, -0.07)])
    fill(picture, shadow, (26, 26, 28), (44, 44, 46), soft=stand.width * 0.02)
    for side in (-1, 1):
        tyre = stand.at([(side * 0.47, 0.0), (side * 0.47, 0.2), (side * 0.34, 0.2), (side * 0.34, 0.0)])
        fill(picture, rounded(tyre), (22, 22, 22), (44, 42, 40))


def _body(picture: Picture, stand: Stand, paint: Colour) -> None:
    cabin = stand.at(_mirrored([(0.47, 0.52), (0.36, 0.79), (0.28, 0.83)]))
    fill(picture, rounded(cabin), _darker(paint, 1.5), _darker(paint, 0.9))
    glass = stand.at(_mirrored([(0.4, 0.545), (0.31, 0.765)]))
    fill(picture, rounded(glass), (150, 140, 126), (40, 36, 34))
    sheen = stand.at([(-0.2, 0.55), (-0.05, 0.76), (0.06, 0.76), (-0.06, 0.55)])
    fill(picture, sheen, (176, 168, 156), (70, 64, 60), soft=stand.width * 0.012)
    lower = stand.at(_mirrored([(0.46, 0.12), (0.5, 0.3), (0.5, 0.46), (0.46, 0.55)]))
    fill(picture, rounded(lower), _darker(paint, 1.35), _darker(paint, 0.55))
    bumper = stand.at(_mirrored([(0.47, 0.1), (0.5, 0.26)]))
    fill(picture, rounded(bumper), _darker(paint, 1.1), _darker(paint, 0.4))
    skirt = stand.at(_mirrored([(0.4, 0.08), (0.43, 0.13)]))
    fill(picture, skirt, (36, 36, 36), (20, 20, 20))


def _lights(picture: Picture, stand: Stand) -> None:
    for side in (-1, 1):
        lamp = stand.at([(side * 0.49, 0.36), (side * 0.49, 0.49), (side * 0.32, 0.47), (side * 0.35, 0.37)])
        fill(picture, rounded(lamp), (70, 60, 215), (30, 16, 120))
        inner = stand.at([(side * 0.46, 0.38), (side * 0.46, 0.41), (side * 0.36, 0.41), (side * 0.37, 0.38)])
        fill(picture, rounded(inner), (200, 200, 235), (120, 130, 220))
        mirror = stand.at(
            [(side * 0.42, 0.56), (side * 0.42, 0.62), (side * 0.52, 0.63), (side * 0.52, 0.57)]
        )
        fill(picture, rounded(mirror), (60, 60, 60), (26, 26, 26))
    brake = stand.at([(-0.09, 0.775), (-0.09, 0.79), (0.09, 0.79), (0.09, 0.775)])
    fill(picture, brake, (60, 50, 190), (40, 24, 130))


def draw_car(picture: Picture, stand: Stand, paint: Colour) -> None:
    """Draw a car from behind into a picture, in place; the place for its plate is left to the caller."""
    _wheels_and_shadow(picture, stand)
    _body(picture, stand, paint)
    _lights(picture, stand)
    middle = stand.at([(0.0, 0.5)])[0].astype(int)
    cv2.circle(
        picture, (int(middle[0]), int(middle[1])), int(stand.width * 0.022), (190, 190, 186), -1, cv2.LINE_AA
    )
    cv2.circle(
        picture, (int(middle[0]), int(middle[1])), int(stand.width * 0.014), (90, 90, 90), 3, cv2.LINE_AA
    )
