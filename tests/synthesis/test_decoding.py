"""What a head or a model learns from looks like what extraction will look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.errors import UsageError
from segocr.synthesis.backgrounds import read_picture

INK = np.full((40, 60), 255, np.uint8)
INK[10:20, 5:30] = 0


def written(path: Path, picture: NDArray[np.generic]) -> Path:
    assert cv2.imwrite(str(path), picture)
    return path


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_what_is_transparent_is_white(tmp_path: Path, suffix: str) -> None:
    black = np.zeros((40, 60, 4), np.uint8)
    black[..., 3] = 255 - INK
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == "webp" else []
    path = tmp_path / f"a.{suffix}"
    assert cv2.imwrite(str(path), black, options)
    np.testing.assert_array_equal(read_picture(path), np.dstack([INK] * 3))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_grey_of_more_bits_is_as_light_as_it_is_meant(tmp_path: Path, suffix: str, bits: int) -> None:
    deep = (INK.astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)
    np.testing.assert_array_equal(read_picture(written(tmp_path / f"a.{suffix}", deep))[..., 0], INK)


def test_colour_of_sixteen_bits_keeps_its_high_byte(tmp_path: Path) -> None:
    deep = np.dstack([INK.astype(np.uint16) * 257] * 3)
    np.testing.assert_array_equal(read_picture(written(tmp_path / "a.png", deep))[..., 1], INK)


def test_samples_that_are_no_whole_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a picture that can be opened"):
        read_picture(written(tmp_path / "a.tif", INK.astype(np.float32) / 255))
