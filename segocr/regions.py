"""Regions: the instances that a segmentation engine found on a page."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Region:
    """One found instance.

    Attributes:
        page: 1-based page number.
        class_name: The model's class.
        score: 0–1, the engine's own.
        polygon: ``float32 (n, 2)``, n ≥ 3, pixels of the upright page, origin top-left, y down. One that
            encloses no area (``geometry.is_flat``) is not cut out.
        lines: ``float64 (4, 2)`` each, TL, TR, BR, BL in reading direction: its lines of text, where the
            engine knows them.
        lattices: Of each line, the compact posteriors of its strip with the usual margins if the engine has
            read it, else empty; none at all from engines that do not read.
        cut: How it was cut out of its line, where that leaves a doubt (``deciding.doubts``), else empty.
    """

    page: int
    class_name: str
    score: float
    polygon: NDArray[np.float32]
    lines: tuple[NDArray[np.float64], ...] = field(default=(), compare=False)
    lattices: tuple[bytes, ...] = field(default=(), compare=False, repr=False)
    cut: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.polygon.ndim != 2 or self.polygon.shape[1] != 2 or len(self.polygon) < 3:
            raise ValueError(f"a region's polygon is (n >= 3, 2), not {self.polygon.shape}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a region's score lies in 0–1, not {self.score}")
        if self.lattices and len(self.lattices) != len(self.lines):
            raise ValueError(f"a region of {len(self.lines)} lines, {len(self.lattices)} of them read")
