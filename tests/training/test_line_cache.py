"""Lines that were read once are taken from the cache, until anything that they are made by is another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr.textlines.lines import TextLine
from segocr.training.heads import cache
from segocr.training.heads.cache import LineCache

PICTURE = np.zeros((40, 60, 3), np.uint8)
LINE = TextLine(
    np.array([[1.0, 2], [50, 2], [50, 20], [1, 20]]), 0.9, "AB", 0.8, np.array([0, 0.5, 1.0]), b"x"
)


def test_lines_are_kept_by_picture_model_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LineCache(tmp_path, "model").put(PICTURE, [LINE])
    [kept] = LineCache(tmp_path, "model").get(PICTURE) or []
    assert (kept.text, kept.score, kept.confidence, kept.lattice) == ("AB", 0.9, 0.8, b"x")
    np.testing.assert_array_equal(kept.quad, LINE.quad)
    assert LineCache(tmp_path, "model").get(PICTURE + 1) is None
    assert LineCache(tmp_path, "another").get(PICTURE) is None
    assert LineCache(tmp_path, "model", areas=True).get(PICTURE) is None
    monkeypatch.setattr(cache, "lines_code", lambda: "other code")
    assert LineCache(tmp_path, "model").get(PICTURE) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    LineCache(tmp_path, "model").put(PICTURE, [LINE])
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:20])
    assert LineCache(tmp_path, "model").get(PICTURE) is None
