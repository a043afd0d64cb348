"""Licence plates of invented places in three fashions: wide European, Brazilian grey, small American."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.specimens.lettering import Colour, text_width, write, write_centred
from segocr.synthesis.specimens.specimen import DrawnField, Specimen

Picture = NDArray[np.uint8]

_BLACK: Colour = (28, 26, 26)
# Real registrations avoid the letters that look like digits.
_LETTERS = list("ABCDEFGHJKLMNPRSTUVWXYZ")


def _letters(count: int, rng: np.random.Generator) -> str:
    return "".join(rng.choice(_LETTERS, count))


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(str(d) for d in rng.integers(0, 10, count))


def _blank(size: tuple[int, int], colour: Colour, border: Colour) -> Picture:
    """Draw an empty plate: sheet metal, pressed border, four screws."""
    width, height = size
    plate = np.full((height, width, 3), colour, np.uint8)
    cv2.rectangle(plate, (6, 6), (width - 7, height - 7), border, 6, cv2.LINE_AA)
    for x in (width // 4, 3 * width // 4):
        cv2.circle(plate, (x, 18), 7, (130, 130, 130), -1, cv2.LINE_AA)
    return plate


def _labelled(plate: Picture, value: str) -> Specimen:
    height, width = plate.shape[:2]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    return Specimen(plate, (DrawnField("plate", value, (whole,)),))


def draw_european(rng: np.random.Generator) -> Specimen:
    """Draw 520×113 mm at 2 pixels a millimetre: blue band at the left, black on white."""
    place, digits, tail = _letters(2, rng), _digits(3, rng), _letters(2, rng)
    plate = _blank((1040, 226), (238, 240, 240), _BLACK)
    cv2.rectangle(plate, (9, 9), (100, 216), (150, 60, 20), -1)
    for k in range(12):
        turn = k * np.pi / 6
        cv2.circle(
            plate,
            (int(54 + 28 * np.sin(turn)), int(72 + 28 * np.cos(turn))),
            5,
            (60, 210, 250),
            -1,
            cv2.LINE_AA,
        )
    write_centred(plate, "UTO", (54, 190), 44, (240, 240, 240), "sans-bold")
    text = f"{place}-{digits}{tail}"
    left = 100 + (940 - text_width(text, 196, "narrow-bold")) // 2
    write(plate, text, (left, 180), 196, _BLACK, "narrow-bold")
    return _labelled(plate, f"{place}{digits}{tail}")


def draw_brazilian(rng: np.random.Generator) -> Specimen:
    """Draw 400×130 mm at 2 pixels a millimetre: grey, the town above, three letters and four digits."""
    letters, digits = _letters(3, rng), _digits(4, rng)
    plate = _blank((800, 260), (200, 204, 204), _BLACK)
    cv2.rectangle(plate, (180, 12), (620, 60), (220, 222, 222), -1)
    write_centred(plate, "UT - NOVA ILHA", (400, 52), 40, _BLACK, "narrow-bold")
    write_centred(plate, f"{letters}-{digits}", (400, 220), 190, _BLACK, "narrow-bold")
    return _labelled(plate, f"{letters}{digits}")


def draw_american(rng: np.random.Generator) -> Specimen:
    """Draw 12×6 inches at 50 pixels an inch: the state's name above, a motto below."""
    text = f"{_letters(3, rng)}-{_digits(4, rng)}"
    ink: Colour = [(110, 40, 20), (30, 40, 120), (40, 40, 40)][int(rng.integers(3))]
    plate = _blank((600, 300), (236, 238, 236), ink)
    write_centred(plate, "NEW UTOPIA", (300, 66), 48, ink, "serif-bold")
    write_centred(plate, text, (300, 210), 126, ink, "narrow-bold")
    write_centred(plate, "LAND OF NO PLACE", (300, 276), 32, ink, "sans-bold")
    return _labelled(plate, text.replace("-", ""))
