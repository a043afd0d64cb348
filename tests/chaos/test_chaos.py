"""The fault campaign in short: the service is killed in four places, and every file ends as it should."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from segocr.environments.locate import resolve
from segocr.errors import EnvironmentMissing

ROOT = Path(__file__).parents[2]


def test_what_is_dropped_while_processes_are_killed_is_neither_lost_nor_twice(
    tmp_path: Path, require: Callable[..., None]
) -> None:
    try:
        for name in ("open", "openvino", "validate"):
            resolve(name)
    except EnvironmentMissing as error:
        require("environments", False, str(error))
    words = ["--files", "30", "--kills", "4", "--seconds", "10", "--templates", "license_plate"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.chaos", *words, "--folder", str(tmp_path / "chaos")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    log = (tmp_path / "chaos" / "serve.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stderr + done.stdout + log[-5000:]
    result = json.loads(done.stdout)
    wrong = {name: result[name] for name in ("lost", "twice", "silent", "left", "running")}
    assert wrong == {"lost": 0, "twice": 0, "silent": 0, "left": 0, "running": 0}
    assert result["records"] == result["files"] - result["broken"] - result["copies"]
    assert sum(result["kills"].values()) == 4
