"""``make demo``, twice in one folder: real hosts, models, Prefect server and database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from segocr.environments.locate import State, status_of

ROOT = Path(__file__).parents[2]
MODELS = [ROOT / "templates" / name / "model.onnx" for name in ("passport", "license_plate")]


def processes_marked(mark: str) -> list[str]:
    """Command lines of the processes that inherited a variable."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_samples_become_rows_a_second_time_too_and_nothing_is_left_running(
    tmp_path: Path, require: Callable[[str, object, str], None]
) -> None:
    for name in ("open", "openvino", "validate"):
        require(name, status_of(name).state is State.BUILT, f"segocr env create {name}")
    models = [path for path in MODELS if path.is_file()]
    require("models", models, "templates/passport and templates/license_plate have no model.onnx yet")
    expected = {
        field["value"][:9].rstrip("<") if field["class"] == "mrz_line2" else field["value"]
        for model in models
        for line in (model.parent / "golden" / "fields.jsonl").read_text("utf-8").splitlines()
        for field in json.loads(line)["fields"]
        if field["class"] in ("mrz_line2", "plate")
    }
    mark = uuid.uuid4().hex
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-m", "flows.demo", str(tmp_path / "demo")],
            cwd=ROOT,
            env=os.environ | {"SEGOCR_TEST_MARK": mark},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert run.returncode == 0, run.stderr[-2000:]
        assert processes_marked(mark) == []
        found = {value for value in expected if value in run.stdout.replace("-", "")}
        assert len(found) >= 0.75 * len(expected), sorted(expected - found)
    assert "segocr query" in run.stdout
    report = (tmp_path / "demo" / "report.html").read_text("utf-8")
    assert all(
        image.name in report for model in models for image in (model.parent / "golden/images").iterdir()
    )
    assert list((tmp_path / "demo" / "overlays").glob("*.jpg"))
    assert not [path for path in (tmp_path / "demo" / "inbox").rglob("*") if path.is_file()]
