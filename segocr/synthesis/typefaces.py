"""Typefaces that text is redrawn in: the installed fonts, OpenCV's own, and strokes like OCR-B.

Which fonts a machine has decides what can be matched; the built-in ones are always there. A typeface draws
*ink*: ``uint8 (H, W)``, 255 where it is full, with the place where the base line begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.strokes import PATHS, draw_strokes

Ink = NDArray[np.uint8]

STROKES, BUILT_IN = "strokes", "sans"
FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
)
_SUFFIXES = {".ttf", ".otf"}
# Symbols and the many weights of one family say little, and each costs time.
_PASSED_OVER = ("math", "symbol", "emoji", "icon", "dingbat", "extralight", "light", "thin", "cjk")
_MOST = 48


@dataclass(frozen=True, slots=True)
class Typeface:
    """One way to draw letters.

    Attributes:
        source: A font file's path, ``sans`` for OpenCV's own font, or ``strokes`` for the one like OCR-B.
        weight: Of OpenCV's own font (100–900); 0 for the font file's own.
    """

    source: str
    weight: int = 0

    def draws(self, text: str) -> bool:
        """Whether it knows every character; font files are only known not to beyond Latin ones."""
        if self.source == STROKES:
            return all(character in PATHS for character in text)
        return bool(text.strip())

    def ink(self, text: str, size: int) -> tuple[Ink, tuple[int, int]]:
        """Draw one line.

        Args:
            text: Without line breaks.
            size: Font size in pixels (of the strokes: height of capitals).

        Returns:
            The ink, and where the base line begins in it, (x, y).
        """
        if self.source == STROKES:
            return draw_strokes(text, size)
        face = _face(self.source)
        _, _, width, _ = cv2.getTextSize((1, 1), text, (0, 0), face, size, self.weight)
        drawn = np.zeros((2 * size + 2, width + 2 * size, 3), np.uint8)
        start = (size, round(size * 1.4))
        cv2.putText(drawn, text, start, (255, 255, 255), face, size, self.weight)
        return np.ascontiguousarray(drawn[..., 0]), start


@cache
def _face(source: str) -> cv2.FontFace:
    return cv2.FontFace(source)


def find_typefaces(folders: Iterable[Path] = FOLDERS) -> tuple[Typeface, ...]:
    """Return the typefaces of this machine, always in the same order; built-in ones first.

    Args:
        folders: Where font files lie, at any depth.
    """
    found = [Typeface(STROKES), *(Typeface(BUILT_IN, weight) for weight in (400, 700))]
    for folder in folders:
        files = sorted(path for path in folder.expanduser().glob("**/*") if path.suffix.lower() in _SUFFIXES)
        found += [Typeface(str(path)) for path in files if not _passed_over(path.name)]
    return tuple(found[:_MOST])


def _passed_over(name: str) -> bool:
    return any(word in name.lower() for word in _PASSED_OVER)


def ink_box(ink: Ink, least: int = 96) -> tuple[int, int, int, int] | None:
    """Return (left, top, right, bottom) of the ink, right and bottom excluded; None where there is none."""
    rows, columns = np.flatnonzero((ink > least).any(axis=1)), np.flatnonzero((ink > least).any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def known_only(faces: Sequence[Typeface], text: str) -> list[Typeface]:
    """Return the typefaces that can draw a text."""
    return [face for face in faces if face.draws(text)]
