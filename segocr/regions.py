"""Regions: the instances that a segmentation engine found on a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Region:
    """One found instance.

    Attributes:
        page: 1-based page number.
        class_name: The model's class.
        score: 0–1, the engine's own.
        polygon: ``float32 (n, 2)``, n ≥ 3, pixels of the upright page, origin top-left, y down.
    """

    page: int
    class_name: str
    score: float
    polygon: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.polygon.ndim != 2 or self.polygon.shape[1] != 2 or len(self.polygon) < 3:
            raise ValueError(f"a region's polygon is (n >= 3, 2), not {self.polygon.shape}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a region's score lies in 0–1, not {self.score}")
