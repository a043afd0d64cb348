"""What documents lie on: wood, cloth, paper; and what lies about beside them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.specimens.lettering import Colour, write

Picture = NDArray[np.uint8]
Size = tuple[int, int]


def noise(size: Size, cells: Size, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return smooth noise ``float32 (H, W)``, deviation near 1, with `cells` (across, down) bumps."""
    coarse = rng.standard_normal((cells[1], cells[0]), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)


def tinted(shade: NDArray[np.float32], colour: Colour) -> Picture:
    """Return a picture of one colour (BGR) whose brightness is multiplied by `shade` (H, W)."""
    return np.clip(shade[..., None] * np.array(colour, np.float32), 0, 255).astype(np.uint8)


def wood(size: Size, rng: np.random.Generator) -> Picture:
    """Draw boards: long grain, rings, dark joints."""
    width, height = size
    grain = noise(size, (6, height // 4), rng) * 0.05 + noise(size, (3, 40), rng) * 0.07
    rings = np.sin(noise(size, (3, 9), rng) * 9) * 0.05
    tone = [(52, 92, 148), (70, 120, 170), (38, 60, 96), (110, 150, 190)][int(rng.integers(4))]
    picture = tinted(np.float32(1) + grain + rings.astype(np.float32), tone)
    board = int(rng.integers(200, 420))
    for y in range(int(rng.integers(board)), height, board):
        cv2.line(picture, (0, y), (width, y + int(rng.integers(-3, 4))), tuple(c // 3 for c in tone), 3)
    return picture


def cloth(size: Size, rng: np.random.Generator) -> Picture:
    """Draw woven cloth with folds, plain or checked."""
    width, height = size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    weave = (np.sin(x * 1.6) + np.sin(y * 1.6)) * 0.04
    folds = noise(size, (4, 3), rng) * 0.09
    colour: Colour = tuple(int(c) for c in rng.integers(50, 190, 3))  # type: ignore[assignment]
    shade = np.float32(1) + weave + folds
    if rng.random() < 0.5:
        gap = float(rng.uniform(70, 160))
        shade -= 0.16 * ((x % gap < gap * 0.3).astype(np.float32) + (y % gap < gap * 0.3))
    return tinted(shade.astype(np.float32), colour)


def stone(size: Size, rng: np.random.Generator) -> Picture:
    """Draw a speckled worktop."""
    fine = rng.standard_normal((size[1], size[0]), dtype=np.float32) * 0.09
    shade = np.float32(1) + fine + noise(size, (120, 90), rng) * 0.06 + noise(size, (5, 4), rng) * 0.05
    level = int(rng.integers(90, 190))
    speckled = tinted(shade.astype(np.float32), (level, level + 4, level + 8))
    return np.asarray(cv2.GaussianBlur(speckled, (0, 0), 0.8), np.uint8)


def draw_sheet(picture: Picture, rng: np.random.Generator) -> None:
    """Lay a sheet of printed paper somewhere, partly outside: text that belongs to no field."""
    height, width = picture.shape[:2]
    sheet = np.full((700, 520, 3), int(rng.integers(215, 246)), np.uint8)
    words = ["minutes of the meeting", "agenda", "item", "see page", "and the others", "harbour", "no change"]
    for row in range(int(rng.integers(8, 18))):
        text = " ".join(words[int(i)] for i in rng.integers(0, len(words), int(rng.integers(1, 4))))
        write(sheet, text[:38], (40, 70 + row * 34), 22, (70, 70, 70), "sans")
    turn = cv2.getRotationMatrix2D((260, 350), float(rng.uniform(-180, 180)), float(rng.uniform(0.7, 1.1)))
    turn[:, 2] += (rng.choice([0.04, 0.96]) * width - 260, rng.uniform(0, 1) * height - 350)
    mask = cv2.warpAffine(np.full(sheet.shape[:2], 255, np.uint8), turn, (width, height))
    laid = cv2.warpAffine(sheet, turn, (width, height))
    shadow = cv2.GaussianBlur(np.roll(mask, (6, 5), (0, 1)), (0, 0), 7).astype(np.float32) / 255
    darkened = picture * (1 - 0.45 * shadow[..., None])
    picture[:] = np.where(mask[..., None] > 127, laid, darkened.astype(np.uint8))


def draw_things(picture: Picture, rng: np.random.Generator) -> None:
    """Put a cup, a pen and some coins near the edges."""
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 6))):
        centre = (
            int(rng.uniform(0, 1) * width),
            int(rng.choice([rng.uniform(0, 0.12), rng.uniform(0.9, 1)]) * height),
        )
        radius = int(rng.integers(22, 34))
        cv2.circle(picture, (centre[0] + 4, centre[1] + 5), radius, (35, 35, 40), -1, cv2.LINE_AA)
        cv2.circle(picture, centre, radius, (90, 150, 190), -1, cv2.LINE_AA)
        cv2.circle(picture, centre, radius - 5, (120, 180, 215), 2, cv2.LINE_AA)
    cup = (int(rng.choice([0.03, 0.97]) * width), int(rng.uniform(0.1, 0.9) * height))
    cv2.circle(picture, (cup[0] + 12, cup[1] + 14), 150, (30, 30, 34), -1, cv2.LINE_AA)
    for radius, colour in ((150, (232, 232, 228)), (132, (196, 198, 196)), (124, (22, 38, 62))):
        cv2.circle(picture, cup, radius, colour, -1, cv2.LINE_AA)
    start = np.array([rng.uniform(0, 1) * width, rng.choice([0.03, 0.97]) * height])
    end = start + rng.uniform(-1, 1, 2) * (420, 60)
    for thick, colour in ((20, (30, 30, 34)), (15, (120, 50, 30)), (4, (190, 120, 90))):
        cv2.line(picture, _whole(start), _whole(end), colour, thick, cv2.LINE_AA)


def _whole(point: NDArray[np.float64]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def desk(size: Size, rng: np.random.Generator) -> Picture:
    """Draw a table top with paper and things on it, ``uint8 (H, W, 3)``."""
    picture = [wood, cloth, stone][int(rng.integers(3))](size, rng)
    for _ in range(int(rng.integers(1, 4))):
        draw_sheet(picture, rng)
    draw_things(picture, rng)
    return picture
