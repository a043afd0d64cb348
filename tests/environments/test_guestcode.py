"""What hosts are given of segocr is all that it needs of segocr."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from segocr.environments.guestcode import guest_code


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that hosts have on their path, made anew."""
    monkeypatch.setenv("SEGOCR_HOME", str(tmp_path))
    (tmp_path / "environments").mkdir()
    guest_code.cache_clear()
    yield guest_code()[0]
    guest_code.cache_clear()


def _imported(file: Path) -> Iterator[str]:
    """Yield the modules of segocr that a file imports anywhere, late imports in functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module != "segocr", f"{file}: name the module whole"
            names = [node.module or ""]
        yield from (name for name in names if name.split(".")[0] == "segocr")


def test_guest_modules_import_of_segocr_only_what_is_copied_with_them(copied: Path) -> None:
    files = {file.relative_to(copied) for file in copied.rglob("*.py")}
    lacking = [
        f"{file} needs {name}"
        for file in sorted(files)
        for name in _imported(copied / file)
        if not {Path(*name.split(".")).with_suffix(".py"), Path(*name.split("."), "__init__.py")} & files
    ]
    assert Path("segocr/validators/own_process.py") in files
    assert lacking == []
