"""A host keeps its last models loaded, and uses none whose files were replaced."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from segocr.steps.modelfiles import Loaded


@pytest.fixture
def loads() -> list[str]:
    """What was loaded, in order."""
    return []


@pytest.fixture
def loaded(loads: list[str]) -> Loaded[int]:
    def load(name: str) -> int:
        loads.append(Path(name).name)
        return len(loads)

    return Loaded(load, 2)


def test_a_model_is_loaded_once_and_those_used_last_stay(loaded: Loaded[int], loads: list[str]) -> None:
    assert [loaded.get(name) for name in ("a", "a", "b", "a", "c", "a", "b")] == [1, 1, 2, 1, 3, 1, 4]
    assert loads == ["a", "b", "c", "b"]


def replaced_in_place(file: Path) -> None:
    file.write_bytes(b"another model")


def replaced_by_rename(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    os.utime(other, ns=(1, file.stat().st_mtime_ns + 1))
    other.replace(file)


def removed(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("change", [replaced_in_place, replaced_by_rename, removed])
@pytest.mark.parametrize(
    ("model", "file"),
    [
        ("model.onnx", "model.onnx"),
        ("model.xml", "model.bin"),
        ("folder", "folder/rec.onnx"),
        ("folder", "folder/rec/inference.pdmodel"),
    ],
)
def test_a_model_whose_files_were_replaced_is_loaded_again(
    loaded: Loaded[int], tmp_path: Path, model: str, file: str, change: Callable[[Path], None]
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    for name in {model, file} - {"folder"}:
        (tmp_path / name).write_bytes(b"a model")
    assert [loaded.get(str(tmp_path / model)) for _ in range(2)] == [1, 1]
    change(tmp_path / file)
    assert [loaded.get(str(tmp_path / model)) for _ in range(2)] == [2, 2]
