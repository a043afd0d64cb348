"""Which files a command line names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segocr.cli.inputs import find_inputs
from segocr.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.jpg", "a.PNG", "sub/c.pdf", "notes.txt", ".hidden.jpg", ".git/d.jpg", "sub/Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str) -> list[str]:
    return [str(path) for path in find_inputs(paths).files]


def test_a_folder_is_its_documents_sorted_and_the_others_are_counted(folder: Path) -> None:
    assert names(".") == ["a.PNG", "b.jpg", "sub/c.pdf"]
    assert find_inputs(["."]).others == 2


def test_a_named_file_is_taken_whatever_its_name(folder: Path) -> None:
    assert names("notes.txt", "missing.jpg") == ["notes.txt", "missing.jpg"]


def test_a_pattern_is_expanded(folder: Path) -> None:
    assert names("*.jpg") == ["b.jpg"]
    assert names("**/*.pdf") == ["sub/c.pdf"]


def test_a_pattern_without_match_is_a_usage_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="no file matches"):
        find_inputs(["*.tiff"])


def test_a_file_with_the_letters_of_a_pattern_is_itself(folder: Path) -> None:
    (folder / "x[1].jpg").write_bytes(b"x")
    assert names("x[1].jpg") == ["x[1].jpg"]


def test_a_file_named_twice_comes_once(folder: Path) -> None:
    assert names("b.jpg", ".") == ["b.jpg", "a.PNG", "sub/c.pdf"]


def test_pipes_are_listed_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "p.jpg")
    assert "p.jpg" in names(".")
