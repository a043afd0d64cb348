"""What a camera does to a picture: uneven light, blur, noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Light:
    """Ranges of what light and camera do; the defaults are the recipe of the labelled data's README.

    Attributes:
        darkest: Factor on the dark side of the gradient, at the strongest.
        gain: Factor on everything.
        tint: How far the factor of a single channel is from 1.
        blur: Standard deviation, pixels.
        noise: Standard deviation, grey levels.
        jpeg: Quality, 1 to 100.
    """

    darkest: float = 0.75
    gain: tuple[float, float] = (1.0, 1.0)
    tint: float = 0.0
    blur: tuple[float, float] = (0.4, 1.1)
    noise: tuple[float, float] = (2.0, 7.0)
    jpeg: tuple[int, int] = (70, 90)


def gradient(size: tuple[int, int], darkest: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a light factor (H, W) that falls from 1 to at least ``darkest`` towards a random side."""
    width, height = size
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * np.linspace(-1, 1, width, dtype=np.float32)
    down = np.sin(angle) * np.linspace(-1, 1, height, dtype=np.float32)
    slope = across[None, :] + down[:, None]
    slope = (slope - slope.min()) / max(float(np.ptp(slope)), 1e-6)
    return np.asarray(1 - slope * (1 - rng.uniform(darkest, 1.0)), dtype=np.float32)


def photograph(picture: Picture, light: Light, rng: np.random.Generator) -> Picture:
    """Photograph a picture (H, W, 3): gradient, blur, noise and JPEG, in the order a camera has them."""
    height, width = picture.shape[:2]
    factor = gradient((width, height), light.darkest, rng) * np.float32(rng.uniform(*light.gain))
    channels = (1 + rng.uniform(-light.tint, light.tint, 3)).astype(np.float32)
    even = picture.astype(np.float32) * factor[..., None] * channels
    lit = np.asarray(cv2.GaussianBlur(even, (0, 0), rng.uniform(*light.blur)), dtype=np.float32)
    lit = lit + rng.standard_normal(lit.shape, dtype=np.float32) * np.float32(rng.uniform(*light.noise))
    quality = int(rng.integers(light.jpeg[0], light.jpeg[1] + 1))
    return through_jpeg(np.clip(lit, 0, 255).astype(np.uint8), quality)


def through_jpeg(picture: Picture, quality: int) -> Picture:
    """Compress and decompress a picture at a JPEG quality of 1 to 100."""
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
