"""How much of each other two quads cover. By OpenCV; ``geometry`` is for guests too, and needs numpy only."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from segocr.geometry import Points, polygon_area


def shared_part(a: Points, b: Points, of: Callable[[float, float], float] = min) -> float:
    """Return the area that two convex quads share, as a part of one's area, 0–1.

    Args:
        a: ``(4, 2)`` corners.
        b: ``(4, 2)`` corners.
        of: Chooses between their areas: of the smaller one, or of the larger one (``max``).
    """
    if (a.max(axis=0) <= b.min(axis=0)).any() or (a.min(axis=0) >= b.max(axis=0)).any():
        return 0.0
    shared, _ = cv2.intersectConvexConvex(a.astype(np.float32), b.astype(np.float32))
    return float(shared) / max(of(polygon_area(a), polygon_area(b)), 1e-9)
