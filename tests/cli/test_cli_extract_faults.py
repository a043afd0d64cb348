"""What is no document's fault ends ``segocr extract`` with one clear error; nothing is blamed or lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from segocr.environments.locate import State, resolve, status_of

ROOT = Path(__file__).parents[2]
PLATE = ROOT / "templates" / "license_plate"
COUNT = 6
ONE_FIELD = "template: other\nversion: 1\nfields: {a: {}}\n"
FULL = """
import sys
from sqlalchemy import Engine, event
from segocr.cli import main
event.listen(Engine, "connect", lambda connection, _: connection.execute("pragma max_page_count = %d"))
sys.argv[0] = "segocr"
main()
"""

Segocr = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def workspace(tmp_path: Path, require: Callable[[str, object, str], None]) -> Path:
    """A workspace with documents, and a template without a model."""
    built = all(status_of(name).state is State.BUILT for name in ("open", "openvino", "validate"))
    require("environments", built, "the environments of the default engines are not built: segocr env create")
    (tmp_path / "segocr.toml").write_text("")
    (tmp_path / "in").mkdir()
    for number, sample in enumerate(sorted((PLATE / "golden" / "images").iterdir())[:COUNT]):
        shutil.copy(sample, tmp_path / "in" / f"{number}.jpg")
    (tmp_path / "templates" / "other").mkdir(parents=True)
    (tmp_path / "templates" / "other" / "template.yaml").write_text(ONE_FIELD)
    return tmp_path


@pytest.fixture
def segocr(workspace: Path) -> Segocr:
    def run(*arguments: str, program: str | None = None, **changes: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "SEGOCR_DATABASE_URL"}
        start = ["-m", "segocr.cli"] if program is None else ["-c", program]
        return subprocess.run(
            [sys.executable, *start, "extract", "in", "--json", *arguments],
            cwd=workspace, capture_output=True, text=True, env=environment | changes, timeout=300,
        )  # fmt: skip

    return run


def assert_one_error(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("segocr: ")
    assert len(done.stderr.strip().splitlines()) == 2  # what is wrong, and what to do
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_template_with_a_mistake(segocr: Segocr, workspace: Path) -> None:
    file = workspace / "templates" / "other" / "template.yaml"
    file.write_text(ONE_FIELD.replace("a: {}", "a: {patern: x}"))
    assert_one_error(segocr("-t", "other"), 4, f"{file}:3:14", "did you mean 'pattern'?")
    assert_one_error(segocr("-t", "in"), 4, "the folder has no template.yaml")


@pytest.mark.parametrize("kind", ["absent", "broken", "other"])
def test_a_model_that_is_absent_broken_or_of_another_kind(segocr: Segocr, workspace: Path, kind: str) -> None:
    model = workspace / "templates" / "other" / "model.onnx"
    if kind == "broken":
        model.write_bytes(b"no model")
    if kind == "other":
        library = resolve("openvino").parents[1] / "lib"
        [reader] = library.glob("*/site-packages/rapidocr/models/PP-OCRv6_rec_small.onnx")
        shutil.copy(reader, model)
    assert_one_error(segocr("-t", "other"), 5, "model.onnx")


def test_an_environment_that_is_absent_or_of_another_kind(segocr: Segocr, workspace: Path) -> None:
    absent = segocr("-t", "license_plate", SEGOCR_HOME=str(workspace / "nowhere"))
    assert_one_error(absent, 5, "the environment 'openvino'", "segocr env create openvino")
    (workspace / "segocr.toml").write_text('[environments.openvino]\npython = "/bin/cat"\n')
    other = segocr("-t", "license_plate")
    assert_one_error(other, 5, "does not start", "correct [environments.openvino] python in segocr.toml")


@pytest.mark.parametrize(
    ("url", "code", "word"),
    [
        ("postgresql://u:secret@127.0.0.1:1/n", 6, "cannot be reached"),
        ("sqlite:///in/0.jpg", 6, "cannot be understood"),
        ("mysql://u@h/n", 4, "'mysql' is not supported"),
    ],
)
def test_a_database_that_cannot_be_used(segocr: Segocr, url: str, code: int, word: str) -> None:
    done = segocr("-t", "license_plate", "--store", SEGOCR_DATABASE_URL=url)
    assert_one_error(done, code, word)
    assert "secret" not in done.stderr


def test_a_disk_that_fills_up_ends_the_run_and_a_new_one_finishes(segocr: Segocr, workspace: Path) -> None:
    assert segocr("-t", "license_plate", "--store", "--dpi", "100").returncode == 0
    database = workspace / "segocr.db"
    with sqlite3.connect(database) as connection:
        [pages] = connection.execute("pragma page_count").fetchone()
    connection.close()
    # Another resolution is another recipe: all documents are stored again, until nothing goes in any more.
    full = segocr("-t", "license_plate", "--store", program=FULL % (pages + 1))
    assert full.returncode == 6, full.stderr
    assert "full" in full.stderr
    assert "Traceback" not in full.stderr
    printed = json.loads(full.stdout or "[]")
    assert len(printed) < COUNT
    again = segocr("-t", "license_plate", "--store")
    assert again.returncode == 0, again.stderr
    assert f"stored {COUNT - len(printed)} record" in again.stderr
    assert len(json.loads(again.stdout)) == COUNT
