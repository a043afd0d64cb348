"""Pages: upright pictures of a document, made by the ``open`` host (foreign bytes are decoded there only)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Page:
    """One upright page.

    Attributes:
        number: 1-based place in the document.
        image: ``uint8 (H, W, 3)`` BGR.
        dpi: Resolution if the file or the rendering states one.
    """

    number: int
    image: NDArray[np.uint8]
    dpi: float | None = None

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"a page is uint8 (H, W, 3), not {self.image.dtype} {self.image.shape}")

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.image.size // 3

    @property
    def info(self) -> PageInfo:
        """What is kept of a page when its pixels are gone."""
        height, width = self.image.shape[:2]
        return PageInfo(self.number, width, height, self.dpi)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """A page without its pixels: number (1-based), width and height in pixels, dpi if known."""

    number: int
    width: int
    height: int
    dpi: float | None
