"""Text drawn with real fonts, and where its ink came to lie."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.errors import UsageError

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]
Colour = tuple[int, int, int]

FONTS = {
    "ocr-b": "opentype/ocr-b/OCRB.otf",
    "sans": "truetype/liberation/LiberationSans-Regular.ttf",
    "sans-bold": "truetype/liberation/LiberationSans-Bold.ttf",
    "narrow-bold": "truetype/liberation/LiberationSansNarrow-Bold.ttf",
    "serif-bold": "truetype/liberation/LiberationSerif-Bold.ttf",
    "mono": "truetype/liberation/LiberationMono-Regular.ttf",
    "mono-bold": "truetype/liberation/LiberationMono-Bold.ttf",
}
OWN = {"plain": ("uni", 400), "light": ("sans", 320), "round": ("sans", 400), "strong": ("sans", 650)}
"""OpenCV's own fonts with their weights: the same on every machine, installed or not."""
_FOLDER = Path("/usr/share/fonts")
# Ink fainter than this is the edge of a stroke, and no part of what a person would call the text.
_INK = 96


@cache
def _face(font: str) -> cv2.FontFace:
    if font in OWN:
        return cv2.FontFace(OWN[font][0])
    path = _FOLDER / FONTS[font]
    if not path.is_file():
        raise UsageError(
            f"the font {path.name} is not installed", hint="apt-get install -y fonts-ocr-b fonts-liberation"
        )
    return cv2.FontFace(str(path))


def _weight(font: str) -> int:
    """Return the weight to draw with; 0 for a font file's own."""
    return OWN[font][1] if font in OWN else 0


def text_width(text: str, size: int, font: str) -> int:
    """Return how many pixels wide `text` is at a font size in pixels."""
    return int(cv2.getTextSize((1, 1), text, (0, 0), _face(font), size, _weight(font))[2])


def write(picture: Picture, text: str, at: tuple[int, int], size: int, colour: Colour, font: str) -> Points:
    """Write one line into a picture.

    Args:
        picture: ``uint8 (H, W, 3)``, changed in place.
        text: One line.
        at: Left end of the base line (x, y), pixels.
        size: Font size, pixels.
        colour: BGR.
        font: A key of ``FONTS`` or ``OWN``.

    Returns:
        The rectangle around the ink, ``(4, 2)``, corners TL, TR, BR, BL.

    Raises:
        UsageError: The font is not installed.
        ValueError: The text leaves the picture or has no ink.
    """
    # The rows that the line can reach: a whole page for each line would take longer than all the rest.
    first, last = max(0, at[1] - 2 * size), at[1] + 2 * size
    band = picture[first:last]
    ink = np.zeros(band.shape, np.uint8)
    cv2.putText(ink, text, (at[0], at[1] - first), (255, 255, 255), _face(font), size, _weight(font))
    alpha = ink[..., :1].astype(np.float32) / 255
    band[:] = (band * (1 - alpha) + np.array(colour, np.float32) * alpha + 0.5).astype(np.uint8)
    rows = np.flatnonzero((ink[..., 0] > _INK).any(axis=1))
    columns = np.flatnonzero((ink[..., 0] > _INK).any(axis=0))
    if not rows.size or columns[0] == 0 or columns[-1] == picture.shape[1] - 1:
        raise ValueError(f"{text!r} does not fit at {at}")
    left, top, right, bottom = columns[0], first + rows[0], columns[-1] + 1, first + rows[-1] + 1
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def write_centred(
    picture: Picture, text: str, middle: tuple[int, int], size: int, colour: Colour, font: str
) -> Points:
    """Write one line whose base line's middle is `middle`; otherwise as ``write``."""
    return write(
        picture, text, (middle[0] - text_width(text, size, font) // 2, middle[1]), size, colour, font
    )


def write_to_right(
    picture: Picture, text: str, end: tuple[int, int], size: int, colour: Colour, font: str
) -> Points:
    """Write one line whose base line ends at `end`; otherwise as ``write``."""
    return write(picture, text, (end[0] - text_width(text, size, font), end[1]), size, colour, font)
