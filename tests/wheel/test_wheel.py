"""The wheel holds all that segocr needs: installed elsewhere, it makes rows of documents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from segocr.environments.locate import State, resolve, status_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("segocr", "flows", "db", "templates")
ENVIRONMENTS = ("open", "openvino", "validate")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")

Segocr = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built of: building writes into it."""
    folder = tmp_path_factory.mktemp("sources")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, sources)
    [wheel] = folder.glob("segocr-*.whl")
    return wheel


def pip(*words: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of an own environment with the wheel in it; the other packages are those of this one."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    [packages] = (folder / "lib").glob("python3*/site-packages")
    # A path in a .pth file is searched, but .pth files in it (such as an editable install's) do not count.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    return python


@pytest.fixture(scope="module")
def segocr(
    python: Path, require: Callable[[str, object, str], None], tmp_path_factory: pytest.TempPathFactory
) -> Segocr:
    """The installed command, run in a folder that is nowhere near the sources."""
    built = all(status_of(name).state is State.BUILT for name in ENVIRONMENTS)
    require("environments", built, "the environments of the default engines are not built: segocr env create")
    folder = tmp_path_factory.mktemp("somewhere")
    for name in ENVIRONMENTS:
        link = folder / "home" / "environments" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(resolve(name).parents[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SEGOCR"))}
    environment = kept | {"SEGOCR_HOME": str(folder / "home")}
    (folder / "scans").mkdir()

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [python.with_name("segocr"), *arguments]
        return subprocess.run(
            command, cwd=folder / "scans", capture_output=True, text=True, env=environment, timeout=300
        )

    return run


def files_in(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for name in PACKAGES
        for path in (folder / name).rglob("*")
        if path.is_file()
    }


def test_every_file_is_in_the_wheel(sources: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if ".dist-info/" not in name}
    assert files_in(sources) == held


def test_nothing_is_imported_from_the_sources(python: Path, tmp_path: Path) -> None:
    program = "import db, flows, segocr; print(db.__file__, flows.__file__, segocr.__file__)"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert all(Path(file).is_relative_to(python.parents[1]) for file in done.stdout.split())


def test_the_installed_command_makes_rows_of_documents(segocr: Segocr, python: Path) -> None:
    assert "Usage: segocr" in segocr("--help").stdout
    made = segocr("init", ".")
    assert made.returncode == 0, made.stderr
    listed = json.loads(segocr("template", "list", "--json").stdout)
    assert {row["template"] for row in listed} >= {"license_plate", "passport", "receipt"}
    assert all(Path(row["file"]).is_relative_to(python.parents[1].resolve()) for row in listed)
    checked = segocr("template", "check")
    assert checked.returncode == 0, checked.stderr
    samples = next(Path(row["file"]).parent for row in listed if row["template"] == "passport") / "golden"
    done = segocr("extract", samples / "images" / "passport-1.jpg", "--template", "passport", "--json")
    assert done.returncode == 0, done.stderr
    [record] = json.loads(done.stdout)
    assert record["fields"]["document_number"]["value"] == "525DJGHFU"
    answer = segocr("query", "select document_number from passport", "--json")
    assert json.loads(answer.stdout) == [{"document_number": "525DJGHFU"}]
