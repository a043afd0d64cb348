"""What more labelled pages would bring, told from the learning curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_MORE = 20
"""Pages that people label in one go."""


def expected_gain(curve: Sequence[tuple[int, float]], more: int = _MORE) -> float | None:
    """Return how much larger the share right is expected to be with `more` pages, 0–1.

    Errors of learners fall as a power of the number of examples (Cortes et al., Learning Curves, NIPS 1993);
    the power is fitted to the curve. A rising error, by chance, is taken for a level one.

    Args:
        curve: (pages, share right), ascending.
        more: Pages added to the last one's.

    Returns:
        The gain; None with fewer than two points, or where nothing is wrong.
    """
    pages = np.array([count for count, _ in curve], np.float64)
    errors = 1 - np.array([share for _, share in curve])
    if len(curve) < 2 or errors[-1] <= 0:
        return None
    # A point without an error would say that the error falls to nothing at once; half a value is not much.
    slope = np.polyfit(np.log(pages), np.log(np.maximum(errors, 1e-3)), 1)[0]
    return float(errors[-1] * (1 - ((pages[-1] + more) / pages[-1]) ** min(slope, 0.0)))
