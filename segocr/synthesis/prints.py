"""How a labelled line is printed: which typeface, how large, in which colour, how sharp.

The line's text is known, so each typeface draws it, and the one whose drawing lies best over the picture is
taken. Size and stretch follow from the ink's extent, the colour is that of the fullest ink, and the blur
makes drawn edges as steep as printed ones.

Coordinates: the *strip* is the line's quad seen from the front, at the page's resolution, with room around.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.geometry import Matrix, Points, homography, minimum_rectangle, order_corners, quad_size, rectangle
from segocr.synthesis.typefaces import Ink, Typeface, ink_box, known_only

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]
Box = tuple[float, float, float, float]

_ROOM = 0.35
"""Seen around the quad, in line heights."""
_CLEAR = 0.5
"""From this share of the darkest ink on, a pixel is ink."""
_FULLEST = 0.15
"""Share of the clear ink that its colour is taken from."""
_BLURS = (0.0, 0.5, 0.8, 1.2, 1.7)
_STRETCHES = (0.55, 1.8)
_COMPARED = (48, 1200)
"""Height and greatest width in pixels at which drawings are compared."""
_DRAWN_FINER = 2.0
"""Letters are drawn so many times larger than they are printed."""


@dataclass(frozen=True, slots=True)
class LinePrint:
    """How one line is printed.

    Attributes:
        quad: The label's corners on the page, TL, TR, BR, BL.
        matrix: ``(3, 3)``, from the strip's pixels to the page's.
        size: Of the strip, (width, height); the quad lies in its middle.
        box: Where the label lies in the strip: left, top, right, bottom.
        ink: Where the printed text lies in the strip: left, top, right, bottom.
        face: The typeface.
        face_size: Font size to draw in, pixels.
        fit: ``(3, 3)``, from the drawing, its base line's start at the origin, to the strip.
        colour: Of the ink, BGR.
        blur: Standard deviation, pixels of the strip.
        likeness: Correlation of drawing and picture, less a penalty for a strange width; at most 1.
        text: What the line says, as it is spelled.
    """

    quad: Points
    matrix: Matrix
    size: tuple[int, int]
    box: Box
    ink: Box
    face: Typeface
    face_size: int
    fit: Matrix
    colour: tuple[float, float, float]
    blur: float
    likeness: float
    text: str

    def drawn(self, text: str, squeeze: float = 1.0, shift: float = 0.0) -> tuple[Plane, Box | None]:
        """Draw another text as this line is printed.

        Args:
            text: Without line breaks.
            squeeze: Factor on its width.
            shift: To the right, pixels of the strip.

        Returns:
            How much ink lies on each pixel of the strip, ``float32 (H, W)``, 0–1; and the ink's box.
        """
        drawing, start = self.face.ink(text, self.face_size)
        return _placed(drawing, self.onto(start, squeeze, shift), self.size, self.blur)

    def onto(self, start: tuple[int, int], squeeze: float = 1.0, shift: float = 0.0) -> Matrix:
        """Return the matrix from a drawing whose base line begins at ``start`` to the strip."""
        left = self.ink[0]
        squeezed = np.array([[squeeze, 0, left * (1 - squeeze) + shift], [0, 1, 0], [0, 0, 1]])
        result: Matrix = squeezed @ self.fit @ _moved(-start[0], -start[1])
        return result


LEAST_LIKENESS = 0.3
"""Below it, the typeface that fits best fits badly: a logo, a plate's frame, or other text than labelled."""
_UNFIT = (-2.0, Typeface(""), 0, np.eye(3), "")


def line_quad(polygon: Points) -> Points:
    """Return the quad of a line's label: its own corners, or the smallest rectangle around it.

    Raises:
        ValueError: It has no area.
    """
    return order_corners(polygon) if len(polygon) == 4 else minimum_rectangle(polygon)


def match_print(
    page: Picture, polygon: Points, spellings: Sequence[str], faces: Sequence[Typeface]
) -> LinePrint | None:
    """Find out how a labelled line is printed.

    Args:
        page: ``uint8 (H, W, 3)``, BGR.
        polygon: ``(n, 2)`` of the line's label, in its pixels.
        spellings: What the line says, in one or several ways; the one that fits best is taken.
        faces: To choose from.

    Returns:
        None where no ink is seen, or no typeface knows the text.
    """
    quad = line_quad(polygon)
    width, height = quad_size(quad)
    if min(width, height) < 4:
        return None
    room = max(_ROOM * height, 3.0)
    size = round(width + 2 * room), round(height + 2 * room)
    box = (room, room, room + width, room + height)
    matrix = homography(rectangle(width, height) + room, quad)
    seen = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    strip = np.asarray(seen, np.uint8)
    plane = seen_ink(strip, height)
    ink = _printed_box(plane, box, height)
    if ink is None:
        return None
    fits = [
        (*_fitted(face, text, ink, plane), text) for text in spellings for face in known_only(faces, text)
    ]
    likeness, face, face_size, fit, text = max(fits, key=lambda one: one[0], default=_UNFIT)
    if likeness <= _UNFIT[0]:
        return None
    colour = _colour(strip, plane, ink)
    blur = _blur(strip, face.ink(text, face_size), fit, colour)
    return LinePrint(quad, matrix, size, box, ink, face, face_size, fit, colour, blur, likeness, text)


def seen_ink(strip: Picture, height: float) -> Plane:
    """Return how much ink, darker or lighter than the paper, is seen on each pixel: ``float32 (H, W)``, 0–1.

    Strokes are what a closing (or opening) with a kernel wider than a stroke removes.
    """
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)
    side = max(round(height * 0.7), 5) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    low, paper, high = np.percentile(grey, (3, 50, 97))
    way = cv2.MORPH_TOPHAT if high - paper > 1.5 * (paper - low) else cv2.MORPH_BLACKHAT
    hat = np.asarray(cv2.morphologyEx(grey, way, kernel), np.float32)
    return np.asarray(np.clip(hat / max(float(np.percentile(hat, 98)), 8.0), 0, 1), np.float32)


def _printed_box(plane: Plane, box: Box, height: float) -> Box | None:
    """Return the box of the clear ink in a label, and a little around it."""
    reach = 0.12 * height
    left, top = max(round(box[0] - reach), 0), max(round(box[1] - reach), 0)
    right, bottom = round(box[2] + reach), round(box[3] + reach)
    found = ink_box(np.asarray(plane[top:bottom, left:right] * 255, np.uint8), round(255 * _CLEAR))
    if found is None or found[2] - found[0] < 0.3 * (box[2] - box[0]) or found[3] - found[1] < 0.3 * height:
        return None
    return left + found[0], top + found[1], left + found[2], top + found[3]


def _fitted(face: Typeface, text: str, ink: Box, plane: Plane) -> tuple[float, Typeface, int, Matrix]:
    """Lay a typeface's drawing of the text over the ink, and say how alike they are."""
    tall = ink[3] - ink[1]
    trial, _ = face.ink(text, 100)
    extent = ink_box(trial)
    if extent is None:
        return _UNFIT[:4]
    size = max(round(100 * tall * _DRAWN_FINER / (extent[3] - extent[1])), 8)
    drawing, start = face.ink(text, size)
    extent = ink_box(drawing)
    if extent is None:
        return _UNFIT[:4]
    across = (ink[2] - ink[0]) / (extent[2] - extent[0])
    down = tall / (extent[3] - extent[1])
    fit = (
        _moved(ink[0], ink[1])
        @ np.diag([across, down, 1.0])
        @ _moved(start[0] - extent[0], start[1] - extent[1])
    )
    drawn, _ = _placed(drawing, fit @ _moved(-start[0], -start[1]), (plane.shape[1], plane.shape[0]), 0.5)
    stretch = across / down
    unlike = 0.25 * abs(float(np.log(stretch))) if _STRETCHES[0] < stretch < _STRETCHES[1] else 1.0
    return _correlation(drawn, plane) - unlike, face, size, fit


def _correlation(one: Plane, other: Plane) -> float:
    height, width = one.shape
    scale = _COMPARED[0] / height
    if scale < 1 or width * scale > _COMPARED[1]:
        scale = min(scale, _COMPARED[1] / width)
        size = max(round(width * scale), 8), max(round(height * scale), 8)
        one, other = (np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_AREA), np.float32)
                      for p in (one, other))  # fmt: skip
    first, second = one - one.mean(), other - other.mean()
    return float((first * second).sum() / max(float(np.sqrt((first**2).sum() * (second**2).sum())), 1e-6))


def _colour(strip: Picture, plane: Plane, ink: Box) -> tuple[float, float, float]:
    """Return the colour BGR of the fullest ink in a box."""
    left, top, right, bottom = (round(edge) for edge in ink)
    part, full = strip[top:bottom, left:right], plane[top:bottom, left:right]
    clear = full > _CLEAR
    darkest = full >= np.quantile(full[clear], 1 - _FULLEST)
    blue, green, red = np.median(part[clear & darkest], axis=0)
    return float(blue), float(green), float(red)


def _blur(
    strip: Picture, drawing: tuple[Ink, tuple[int, int]], fit: Matrix, colour: tuple[float, float, float]
) -> float:
    """Return the blur with which drawn edges are as steep as the printed ones."""
    paper = np.median(strip.reshape(-1, 3), axis=0).astype(np.float32)
    steepness = _steepness(strip.astype(np.float32))
    best = (np.inf, 0.0)
    for blur in _BLURS:
        share, _ = _placed(drawing[0], fit @ _moved(-drawing[1][0], -drawing[1][1]), _size(strip), blur)
        alpha = share[..., None]
        drawn = paper * (1 - alpha) + np.array(colour, np.float32) * alpha
        best = min(best, (abs(_steepness(drawn) - steepness), blur))
    return best[1]


def _steepness(picture: NDArray[np.float32]) -> float:
    """Return the steepness of a picture's steepest edges, in grey levels a pixel."""
    grey = picture.mean(axis=2)
    steps = np.concatenate([np.abs(np.diff(grey, axis=0)).ravel(), np.abs(np.diff(grey, axis=1)).ravel()])
    return float(np.quantile(steps, 0.97))


def _size(plane: NDArray[np.generic]) -> tuple[int, int]:
    return plane.shape[1], plane.shape[0]


def _placed(drawing: Ink, onto: Matrix, size: tuple[int, int], blur: float) -> tuple[Plane, Box | None]:
    # The matrix maps pixel edges, OpenCV samples at centres: half a pixel of each.
    centred = _moved(-0.5, -0.5) @ onto @ _moved(0.5, 0.5)
    laid = cv2.warpPerspective(drawing, centred, size, flags=cv2.INTER_LINEAR)
    found = ink_box(np.asarray(laid, np.uint8))
    share = np.asarray(laid, np.float32) / np.float32(255)
    if blur > 0:
        share = np.asarray(cv2.GaussianBlur(share, (0, 0), blur), np.float32)
    return share.astype(np.float32), None if found is None else (found[0], found[1], found[2], found[3])


def _moved(x: float, y: float) -> Matrix:
    return np.array([[1.0, 0, x], [0, 1.0, y], [0, 0, 1.0]])
