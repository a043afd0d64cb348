"""The fault campaign in short: six faults, and every file ends as it should."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from segocr.environments.locate import resolve
from segocr.errors import EnvironmentMissing

ROOT = Path(__file__).parents[2]
FAULTS = ("extract", "host", "sweep", "serve", "disk", "clock")
"""The keeper and Prefect's server die with `serve` here; alone they do in the long campaign."""


def test_what_is_dropped_while_everything_fails_is_neither_lost_nor_twice(
    tmp_path: Path, require: Callable[..., None]
) -> None:
    try:
        for name in ("open", "openvino", "validate"):
            resolve(name)
    except EnvironmentMissing as error:
        require("environments", False, str(error))
    words = ["--files", "40", "--seconds", "10", "--templates", "license_plate", "--plain", "0.8"]
    faults = ["--kills", str(len(FAULTS)), "--targets", *FAULTS]
    done = subprocess.run(
        [sys.executable, "-m", "bench.chaos", *words, *faults, "--folder", str(tmp_path / "chaos")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    log = (tmp_path / "chaos" / "serve.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stderr + done.stdout + log[-5000:]
    result = json.loads(done.stdout)
    wrong = {name: result[name] for name in ("lost", "twice", "silent", "left", "running")}
    assert wrong == {"lost": 0, "twice": 0, "silent": 0, "left": 0, "running": 0}
    assert result["records"] == result["files"] - result["broken"] - result["copies"]
    assert result["kills"] == dict.fromkeys(FAULTS, 1)
