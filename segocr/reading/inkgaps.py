"""Where words of a line of print end: columns without ink that are wide enough for a space."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_INK = 0.4
"""A column holds ink if its contrast is this share of that of the strongest columns."""


def gaps(strip: NDArray[np.uint8], share: float) -> list[tuple[int, int]]:
    """Return the gaps of a strip, left to right, as (first column, column after the last).

    Args:
        strip: ``uint8 (h, w, 3)`` BGR of one line; what is free at either end of it counts, too.
        share: How wide they are at least, in heights of the strip; two columns in any case.
    """
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY).astype(np.int16)
    contrast = np.ptp(grey, axis=0)
    inked = contrast > _INK * max(float(np.percentile(contrast, 90)), 1.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[1], inked, [1]])))
    least = max(2, round(share * strip.shape[0]))
    runs = zip(edges[::2], edges[1::2], strict=True)
    return [(int(first), int(last)) for first, last in runs if last - first >= least]
