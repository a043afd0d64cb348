"""A host keeps its last models loaded, and uses none whose files were replaced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from segocr.steps.modelfiles import Loaded, digest_files, digest_of_one, exactly
from segocr.steps.protocol import Refusal


@pytest.fixture
def loads() -> list[str]:
    """What was loaded, in order."""
    return []


@pytest.fixture
def loaded(loads: list[str]) -> Loaded[int]:
    def load(name: str, _: str | None) -> int:
        loads.append(Path(name).name)
        return len(loads)

    return Loaded(load, str, 2)


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


def replaced_with_its_times_kept(file: Path) -> None:
    before = file.stat()
    file.write_bytes(bytes(before.st_size))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_that_claims_to_be_as_old_as_the_one_before_is_another(
    loaded: Loaded[int], tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"a model")
    digests = [loaded.get(str(file)), digest_files([file])]
    replaced_with_its_times_kept(file)
    assert loaded.get(str(file)) != digests[0]
    assert digest_files([file]) != digests[1] == digest_of_one(hashlib.sha256(b"a model").hexdigest())


def test_another_model_than_the_one_wanted_is_refused(loaded: Loaded[int]) -> None:
    assert [loaded.get("a"), loaded.get("a", "1")] == [1, 1]
    with pytest.raises(Refusal, match="a was replaced while it was in use") as caught:
        loaded.get("a", "2")
    assert caught.value.code == "model-changed"
    assert loaded.get("a", "1") == 1


def test_a_model_that_is_replaced_while_it_is_loaded_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"a model")

    def load(name: str, _: str | None) -> int:
        file.write_bytes(b"another one")
        return 1

    models = Loaded(load, str, 2)
    with pytest.raises(Refusal, match="while it was being loaded"):
        models.get(str(file))


def test_a_copy_is_of_the_bytes_wanted_or_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "model.pt"
    file.write_bytes(b"trusted")
    wanted = digest_files([file])
    with exactly(file, wanted) as copy:
        file.write_bytes(b"another")
        assert copy.read_bytes() == b"trusted"
        assert copy.parent.stat().st_mode & 0o777 == 0o700
    assert not copy.exists()
    with pytest.raises(Refusal) as caught, exactly(file, wanted):
        pass
    assert caught.value.code == "model-changed"
