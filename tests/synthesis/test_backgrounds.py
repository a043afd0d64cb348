"""What pages are laid on: photos, or a drawn surface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.errors import UsageError
from segocr.synthesis.backgrounds import draw_background


def test_a_background_that_is_no_picture_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"broken\.jpg"):
        draw_background([broken], (64, 64), np.random.default_rng(0))


def test_without_photos_a_surface_is_drawn() -> None:
    drawn = draw_background([], (64, 48), np.random.default_rng(0))
    assert drawn.shape == (48, 64, 3)
    assert drawn.std() > 0
