"""What made a result is told by the code itself: an edit of what decides changes every recipe."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segocr import codeversion
from segocr.codeversion import constraints_code, deciding_code, reading_code

DIGESTS = (constraints_code, deciding_code, reading_code)


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], set[str]]]:
    """Give a function that adds a line to a copy of a source file and says which digests that changes."""
    source = tmp_path / "segocr"
    shutil.copytree(codeversion._SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(codeversion, "_SOURCE", source)

    def digests() -> dict[str, str]:
        for function in DIGESTS:
            function.cache_clear()
        return {function.__name__: function() for function in DIGESTS}

    def change(name: str) -> set[str]:
        before = digests()
        with (source / name).open("a") as file:
            file.write("\nANOTHER = 1\n")
        after = digests()
        return {key for key, digest in after.items() if digest != before[key]}

    yield change
    for function in DIGESTS:
        function.cache_clear()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("constraints/scores.py", {"constraints_code", "deciding_code"}),
        ("constraints/checks/mrz.py", {"constraints_code", "deciding_code"}),
        ("preferences.py", {"deciding_code"}),
        ("candidates.py", {"deciding_code"}),
        ("fields.py", {"deciding_code"}),
        ("acceptance.py", {"deciding_code"}),
        ("readingorder.py", {"deciding_code"}),
        ("validators/dates.py", {"deciding_code"}),
        ("crops.py", {"reading_code"}),
        ("recognition.py", {"reading_code"}),
        ("steps/ocr/strips.py", {"reading_code"}),
        ("reports/html.py", set()),
        ("cli/replay.py", set()),
    ],
)
def test_an_edit_changes_what_it_decides(
    edit: Callable[[str], set[str]], name: str, changes: set[str]
) -> None:
    assert edit(name) == changes


def test_every_file_that_is_named_exists() -> None:
    for name in (*codeversion._DECIDING, *codeversion._READING):
        assert (codeversion._SOURCE / name).exists(), name
