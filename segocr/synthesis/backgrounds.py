"""What a page lies on: photos from a folder, and surfaces drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.errors import UsageError
from segocr.synthesis.decoding import decoded

Picture = NDArray[np.uint8]


def read_picture(path: Path) -> Picture:
    """Read a trusted training picture as ``uint8 (H, W, 3)`` BGR, as extraction would see it.

    Raises:
        UsageError: ``unreadable-picture``, it cannot be opened as a picture.
    """
    picture = decoded(path.read_bytes())
    if picture is None:
        raise UsageError(
            f"{path} is not a picture that can be opened",
            code="unreadable-picture",
            hint="Remove it or repair it.",
        )
    return picture


def surface(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Draw a surface of ``size``: a colour with grain, perhaps stripes or print on it."""
    coarse = rng.normal(0, rng.uniform(2, 25), (int(rng.integers(2, 24)), int(rng.integers(2, 24)), 3))
    drawn = cv2.resize(coarse.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    drawn = drawn + rng.uniform(20, 240, 3).astype(np.float32)
    picture = np.clip(drawn, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        draw_stripes(picture, rng)
    if rng.random() < 0.5:
        draw_print(picture, rng)
    return picture


def draw_stripes(picture: Picture, rng: np.random.Generator) -> None:
    """Draw up to forty straight lines across a picture, like boards, cloth or ruled paper."""
    height, width = picture.shape[:2]
    direction, gap = rng.uniform(0, np.pi), rng.uniform(15, 120)
    step = np.array([-np.sin(direction), np.cos(direction)]) * gap
    reach = np.array([np.cos(direction), np.sin(direction)]) * (width + height)
    colour = tuple(int(value) for value in rng.integers(0, 256, 3))
    for number in range(-20, 20):
        middle = np.array([width, height]) / 2 + step * number
        ends = [tuple(int(v) for v in middle + sign * reach) for sign in (-1, 1)]
        cv2.line(picture, ends[0], ends[1], colour, int(rng.integers(1, 6)))


def draw_print(picture: Picture, rng: np.random.Generator) -> None:
    """Draw some blocks of printed text that is not a field of any template."""
    letters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<.,- ")
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 8))):
        scale = rng.uniform(0.4, 1.6)
        x, y = int(rng.uniform(-0.2, 0.8) * width), int(rng.uniform(0, 1) * height)
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        for row in range(int(rng.integers(1, 7))):
            text = "".join(rng.choice(letters, int(rng.integers(5, 60))))
            place = (x, y + int(row * 34 * scale))
            font, thick = int(rng.integers(0, 5)), int(rng.integers(1, 3))
            cv2.putText(picture, text, place, font, scale, colour, thick, cv2.LINE_AA)


def draw_background(
    photos: Sequence[Path], size: tuple[int, int], rng: np.random.Generator, drawn: float = 0.0
) -> Picture:
    """Return one of ``photos``, or in a share ``drawn`` of the calls (always without photos) a surface."""
    if not photos or rng.random() < drawn:
        return surface(size, rng)
    return read_picture(photos[int(rng.integers(len(photos)))])
