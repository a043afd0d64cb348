"""Damaged copies of labelled documents: blur, low resolution, noise, each at fixed levels.

The damage is measured in the heights of the lines that the labels mark, because a blur of two pixels hides
small print and leaves large print as it is. It is done to the whole picture, so that finding suffers as
reading does. One seed; the same document is damaged the same way whichever others are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from segocr.evaluation.labels import Label, LabelledDocument
from segocr.synthesis.backgrounds import Picture, read_picture

SEED = 20260102


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to a picture, in this order.

    Attributes:
        name: For tables.
        line: Pixels; the picture is shrunk until its labelled lines are so high, and never enlarged.
        blur: Gaussian, sigma in line heights.
        noise: Gaussian, sigma in grey levels (of 256), the same in all channels.
    """

    name: str
    line: float | None = None
    blur: float = 0.0
    noise: float = 0.0


CLEAN = Damage("clean")
DAMAGES = (
    CLEAN,
    Damage("blur 1", blur=0.06),
    Damage("blur 2", blur=0.09),
    Damage("low resolution 1", line=12.0),
    Damage("low resolution 2", line=8.0),
    Damage("noise 1", line=24.0, noise=30.0),
    Damage("noise 2", line=24.0, noise=60.0),
)


def damage_documents(
    documents: Sequence[LabelledDocument], damage: Damage, folder: Path
) -> list[LabelledDocument]:
    """Write damaged copies, with the labels moved along.

    Args:
        documents: Labelled pictures.
        damage: What to do to them; ``CLEAN`` gives the documents themselves.
        folder: Where the copies are written, as PNG; it must be there.

    Raises:
        UsageError: A picture cannot be opened.
    """
    return [
        document if damage == CLEAN else _damaged(document, damage, folder / f"{place:04d}.png")
        for place, document in enumerate(documents)
    ]


def _damaged(document: LabelledDocument, damage: Damage, path: Path) -> LabelledDocument:
    rng = np.random.default_rng([SEED, *document.id.encode()])
    height = line_height(document.labels)
    scale = min(1.0, damage.line / height) if damage.line else 1.0
    picture = spoil(read_picture(document.path), damage, height, rng)
    written, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert written
    path.write_bytes(data.tobytes())
    size = (picture.shape[1], picture.shape[0])
    labels = tuple(_scaled(label, scale) for label in document.labels)
    return LabelledDocument(document.id, path, size, labels)


def spoil(picture: Picture, damage: Damage, height: float, rng: np.random.Generator) -> Picture:
    """Damage a picture.

    Args:
        picture: ``uint8 (H, W, 3)`` BGR.
        damage: What to do.
        height: Of its lines, in pixels.
        rng: Draws the noise.

    Returns:
        ``uint8 (h, w, 3)``, smaller where the damage asks for it.
    """
    scale = min(1.0, damage.line / height) if damage.line else 1.0
    if scale < 1.0:
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if damage.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), damage.blur * height * scale), np.uint8)
    if damage.noise:
        noise = rng.normal(0.0, damage.noise, picture.shape[:2])[..., None]
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return picture


def line_height(labels: Iterable[Label]) -> float:
    """Return the median height of the labelled lines in pixels: of each, the short side of its rectangle."""
    heights = [
        min(cv2.minAreaRect(polygon.astype(np.float32))[1]) for label in labels for polygon in label.polygons
    ]
    return max(1.0, float(np.median(heights))) if heights else 32.0


def _scaled(label: Label, scale: float) -> Label:
    return Label(
        label.class_name,
        label.value,
        tuple(polygon * scale for polygon in label.polygons),
        tuple(polygon * scale for polygon in label.alternatives),
        label.scored,
    )
