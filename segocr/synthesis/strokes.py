"""A print like OCR-B, drawn by strokes of one width: what machine-readable zones are printed in.

OCR-B (ISO 1073-2) is a print of round-ended strokes of one width at a fixed pitch. The paths here were drawn
for this project after that description; they are near it, and need no font file.

A path is written as SVG does: M moves, L draws a line, Q a curve (control point, end). x is 0 to 4, y is 0 at
the top of capitals to 6 at the base line.
"""

from __future__ import annotations

import re
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

CAPITAL = 6.0
"""Height of capitals in units of the paths."""
PITCH = 6.9
WEIGHT = 0.7
_WIDTH = 0.88
_LEFT = (PITCH - 4 * _WIDTH) / 2
_CURVE_STEPS = np.linspace(0, 1, 9)[1:, None]
_O = "M2 0Q4 0 4 3Q4 6 2 6Q0 6 0 3Q0 0 2 0"
_P = "M0 6L0 0L2.2 0Q4 0 4 1.7Q4 3.4 2.2 3.4L0 3.4"
_C = "M4 .7Q3.3 0 2.4 0Q0 0 0 3Q0 6 2.4 6Q3.3 6 4 5.3"
PATHS = {
    "A": "M0 6L2 0L4 6M.7 4.1L3.3 4.1",
    "B": "M0 0L0 6L2.4 6Q4 6 4 4.4Q4 2.9 2.4 2.9L0 2.9M0 0L2.1 0Q3.6 0 3.6 1.45Q3.6 2.9 2.1 2.9",
    "C": _C,
    "D": "M0 0L0 6L1.6 6Q4 6 4 3Q4 0 1.6 0L0 0",
    "E": "M3.9 0L0 0L0 6L3.9 6M0 2.9L3 2.9",
    "F": "M3.9 0L0 0L0 6M0 2.9L3 2.9",
    "G": _C + "L4 3.3L2.4 3.3",
    "H": "M0 0L0 6M4 0L4 6M0 2.9L4 2.9",
    "I": "M.6 0L3.4 0M.6 6L3.4 6M2 0L2 6",
    "J": "M1.4 0L3.6 0L3.6 4Q3.6 6 1.9 6Q.6 6 .2 5.1",
    "K": "M0 0L0 6M4 0L0 3.4M1.3 2.4L4 6",
    "L": "M0 0L0 6L3.8 6",
    "M": "M0 6L0 0L2 3.4L4 0L4 6",
    "N": "M0 6L0 0L4 6L4 0",
    "O": _O,
    "P": _P,
    "Q": _O + "M2.3 4.3L4 6.4",
    "R": _P + "M1.8 3.4L4 6",
    "S": "M3.8 .8Q3.1 0 2 0Q.2 0 .2 1.5Q.2 2.6 2 2.9Q4 3.2 4 4.5Q4 6 2 6Q.8 6 0 5.2",
    "T": "M0 0L4 0M2 0L2 6",
    "U": "M0 0L0 4Q0 6 2 6Q4 6 4 4L4 0",
    "V": "M0 0L2 6L4 0",
    "W": "M0 0L.9 6L2 2L3.1 6L4 0",
    "X": "M0 0L4 6M4 0L0 6",
    "Y": "M0 0L2 3L4 0M2 3L2 6",
    "Z": "M.2 0L4 0L0 6L4 6",
    "0": "M2 0Q3.6 0 3.6 3Q3.6 6 2 6Q.4 6 .4 3Q.4 0 2 0",
    "1": "M.7 1.2L2.3 0L2.3 6",
    "2": "M.3 1.2Q.8 0 2 0Q3.8 0 3.8 1.6Q3.8 2.6 2.6 3.8L.2 6L4 6",
    "3": "M.4 0L3.7 0L1.8 2.4Q4 2.4 4 4.2Q4 6 1.9 6Q.6 6 0 5.2",
    "4": "M2.4 0L0 4.2L4 4.2M3 2.4L3 6",
    "5": "M3.7 0L.6 0L.6 2.6Q1.2 2.3 2 2.3Q4 2.3 4 4.1Q4 6 1.8 6Q.7 6 0 5.3",
    "6": "M2.9 0Q0 1.8 0 4.2Q0 6 2 6Q4 6 4 4.3Q4 2.6 2.2 2.6Q.8 2.6 .1 3.8",
    "7": "M.2 0L3.9 0Q1.8 3 1.6 6",
    "8": "M2 0Q3.6 0 3.6 1.4Q3.6 2.8 2 2.8Q.4 2.8 .4 1.4Q.4 0 2 0"
         "M2 2.8Q4 2.8 4 4.4Q4 6 2 6Q0 6 0 4.4Q0 2.8 2 2.8",
    "9": "M1.1 6Q4 4.2 4 1.8Q4 0 2 0Q0 0 0 1.7Q0 3.4 1.8 3.4Q3.2 3.4 3.9 2.2",
    "<": "M4 1.1L.3 3.4L4 5.7",
    " ": "",
}  # fmt: skip


def draw_strokes(text: str, size: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Draw one line of text by strokes.

    Args:
        text: Characters of ``PATHS``.
        size: Height of capitals, pixels.

    Returns:
        The ink, ``uint8 (H, W)``, 255 where it is full; and where the base line begins in it, (x, y).

    Raises:
        KeyError: A character that has no path.
    """
    unit, room = size / CAPITAL, size // 2 + 2
    ink = np.zeros((size + 2 * room, round(PITCH * unit * len(text)) + 2 * room), np.uint8)
    for place, character in enumerate(text):
        for path in _points(character):
            at = (path * (_WIDTH, 1) + (_LEFT + place * PITCH, 0)) * unit + room
            drawn = np.round(at * 16).astype(np.int32)
            cv2.polylines(ink, [drawn], False, 255, max(round(WEIGHT * unit), 1), cv2.LINE_AA, shift=4)
    return ink, (room, room + size)


@cache
def _points(character: str) -> tuple[NDArray[np.float64], ...]:
    """Return the lines of a character, each ``(n, 2)`` in units of the paths."""
    lines: list[list[NDArray[np.float64]]] = []
    for command, numbers in re.findall(r"([MLQ])([\d. ]+)", PATHS[character]):
        points = np.array([float(number) for number in numbers.split()]).reshape(-1, 2)
        if command == "M":
            lines.append([points])
        elif command == "L":
            lines[-1].append(points)
        else:
            start, t = lines[-1][-1][-1], _CURVE_STEPS
            lines[-1].append((1 - t) ** 2 * start + 2 * t * (1 - t) * points[0] + t**2 * points[1])
    return tuple(np.concatenate(line) for line in lines)
