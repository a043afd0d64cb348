"""A network in parts finds what the whole network finds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def both_ways(
    environment: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, float, list[Path]], dict[str, Any]]:
    cache = tmp_path_factory.mktemp("compiled")
    script = Path(__file__).with_name("whole_and_parts.py")

    def find(template: str, confidence: float, pictures: list[Path]) -> dict[str, Any]:
        model = ROOT / "templates" / template / "model.onnx"
        command = [environment("openvino"), "-I", script, ROOT, cache, model, str(confidence), *pictures]
        done = subprocess.run(command, check=True, capture_output=True, timeout=120)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return find


@pytest.mark.parametrize("confidence", [0.25, 0.005])
@pytest.mark.parametrize("template", ["license_plate", "passport"])
def test_a_network_in_parts_finds_what_the_whole_finds(
    both_ways: Callable[..., dict[str, Any]], template: str, confidence: float
) -> None:
    """With a low confidence there are candidates at the borders, on all levels, and far apart."""
    pictures = sorted((ROOT / "templates" / template / "golden" / "images").iterdir())[:4]
    answers = both_ways(template, confidence, pictures)
    assert answers["parts"]["in_parts"]
    assert not answers["whole"]["in_parts"]
    assert sum(map(len, answers["whole"]["pages"])) >= len(pictures)
    for parts, whole in zip(answers["parts"]["pages"], answers["whole"]["pages"], strict=True):
        assert [kind for kind, _, _ in parts] == [kind for kind, _, _ in whole]
        for (_, score, polygon), (_, other_score, other) in zip(parts, whole, strict=True):
            assert score == pytest.approx(other_score, abs=1e-4)
            areas = [cv2.contourArea(np.array(points, np.float32)) for points in (polygon, other)]
            assert areas[0] == pytest.approx(areas[1], rel=0.01, abs=4.0)


def test_a_page_without_candidates_has_no_regions(
    both_ways: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.png"
    cv2.imwrite(str(empty), np.full((300, 400, 3), 128, np.uint8))
    answers = both_ways("passport", 0.25, [empty])
    assert answers["parts"]["in_parts"]
    assert answers["parts"]["pages"] == answers["whole"]["pages"] == [[]]
