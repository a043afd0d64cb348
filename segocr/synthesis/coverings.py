"""What lies on a page or falls on it in a photo: fingers, cards, coins, shadows, glare.

Each is drawn into a picture ``uint8 (H, W, 3)`` in place, and says which pixels can no longer be read.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.geometry import Points

Picture = NDArray[np.uint8]
Mask = NDArray[np.uint8]

_UNREADABLE = 0.55
"""From this share of glare on, print is gone."""


def cover_partly(picture: Picture, rng: np.random.Generator) -> Mask:
    """Draw one or two coverings, from the edges or anywhere.

    Args:
        picture: Changed in place.
        rng: The only source of chance.

    Returns:
        ``uint8 (H, W)``, 255 where nothing can be read any more.
    """
    hidden = np.zeros(picture.shape[:2], np.uint8)
    kinds = (_finger, _card, _coin, _shadow, _glare)
    for _ in range(int(rng.integers(1, 3))):
        kinds[int(rng.integers(len(kinds)))](picture, hidden, rng)
    return hidden


def hidden_share(hidden: Mask, polygon: Points) -> float:
    """Return which share of a polygon's area is hidden, 0–1."""
    filled = np.zeros(hidden.shape, np.uint8)
    cv2.fillPoly(filled, [np.round(polygon).astype(np.int32)], 255)
    area = int(np.count_nonzero(filled))
    return int(np.count_nonzero(filled & hidden)) / area if area else 0.0


def _finger(picture: Picture, hidden: Mask, rng: np.random.Generator) -> None:
    """Draw a finger that reaches in from an edge."""
    height, width = picture.shape[:2]
    tip, root = _from_edge(width, height, rng, reach=0.22)
    thick = round(rng.uniform(0.05, 0.08) * min(width, height))
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, tip, root, 255, thick, cv2.LINE_AA)
    skin = np.array([120, 150, 205]) * rng.uniform(0.45, 1.05) + rng.uniform(-12, 12, 3)
    shade = cv2.GaussianBlur(mask, (0, 0), thick / 3).astype(np.float32)[..., None] / 255
    _lay(picture, mask, np.clip(skin * (0.55 + 0.5 * shade), 0, 255))
    np.maximum(hidden, mask, out=hidden)


def _card(picture: Picture, hidden: Mask, rng: np.random.Generator) -> None:
    """Lay the corner of another paper over the edge."""
    height, width = picture.shape[:2]
    tip, root = _from_edge(width, height, rng, reach=0.16)
    side = rng.uniform(0.25, 0.5) * min(width, height)
    along = np.array(root, np.float64) - tip
    along /= max(float(np.linalg.norm(along)), 1e-6)
    across = np.array([-along[1], along[0]])
    corners = np.array([tip - across * side / 2, tip + across * side / 2])
    paper = np.concatenate([corners, corners[::-1] + along * max(width, height)])
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(paper * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    _darken(picture, np.roll(mask, (5, 4), (0, 1)), 0.35, 6)
    _lay(picture, mask, np.broadcast_to(rng.uniform(60, 245, 3), picture.shape))
    np.maximum(hidden, mask, out=hidden)


def _coin(picture: Picture, hidden: Mask, rng: np.random.Generator) -> None:
    """Lay a coin or a sticker anywhere."""
    height, width = picture.shape[:2]
    centre = int(rng.uniform(0.05, 0.95) * width), int(rng.uniform(0.05, 0.95) * height)
    radius = round(rng.uniform(0.018, 0.04) * min(width, height))
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, centre, radius, 255, -1, cv2.LINE_AA)
    _darken(picture, np.roll(mask, (3, 3), (0, 1)), 0.4, 3)
    _lay(picture, mask, np.broadcast_to(np.array([110, 160, 190]) * rng.uniform(0.5, 1.25), picture.shape))
    np.maximum(hidden, mask, out=hidden)


def _shadow(picture: Picture, hidden: Mask, rng: np.random.Generator) -> None:
    """Let a soft shadow fall; everything stays readable."""
    height, width = picture.shape[:2]
    corners = rng.uniform(-0.4, 1.4, (3, 2)) * (width, height)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255)
    _darken(picture, mask, rng.uniform(0.2, 0.5), 0.02 * width)


def _glare(picture: Picture, hidden: Mask, rng: np.random.Generator) -> None:
    """Let a lamp be mirrored: white in the middle, softer around."""
    height, width = picture.shape[:2]
    y, x = np.ogrid[:height, :width]
    spread = rng.uniform(0.015, 0.06, 2) * min(width, height)
    at = rng.uniform(0.1, 0.9, 2) * (width, height)
    share = np.exp(-(((x - at[0]) / spread[0]) ** 2) - ((y - at[1]) / spread[1]) ** 2).astype(np.float32)
    share = np.minimum(share * rng.uniform(0.5, 1.3), 1.0)[..., None]
    picture[:] = np.clip(picture * (1 - share) + 255 * share, 0, 255).astype(np.uint8)
    np.maximum(hidden, np.where(share[..., 0] > _UNREADABLE, 255, 0).astype(np.uint8), out=hidden)


def _from_edge(
    width: int, height: int, rng: np.random.Generator, reach: float
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return a point near an edge, at most ``reach`` of the short side inside, and one far outside it."""
    size, short = np.array([width, height]), min(width, height)
    axis, far = int(rng.integers(2)), int(rng.integers(2))
    tip = rng.uniform(0.05, 0.95, 2) * size
    tip[axis] = size[axis] - rng.uniform(0.03, reach) * short if far else rng.uniform(0.03, reach) * short
    root = tip + rng.uniform(-0.5, 0.5, 2) * short
    root[axis] = size[axis] + 0.6 * short if far else -0.6 * short
    return (int(tip[0]), int(tip[1])), (int(root[0]), int(root[1]))


def _lay(picture: Picture, mask: Mask, colour: NDArray[np.float64]) -> None:
    share = mask.astype(np.float32)[..., None] / 255
    picture[:] = np.clip(picture * (1 - share) + colour * share, 0, 255).astype(np.uint8)


def _darken(picture: Picture, mask: Mask, depth: float, soft: float) -> None:
    share = cv2.GaussianBlur(mask, (0, 0), max(soft, 1.0)).astype(np.float32)[..., None] / 255
    picture[:] = (picture * (1 - depth * share)).astype(np.uint8)
