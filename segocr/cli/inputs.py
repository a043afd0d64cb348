"""The documents that a command line names: files, folders and patterns."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from segocr.errors import UsageError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif", ".bmp", ".pdf"}
)
"""Files in folders and patterns are taken by these; a file that is named itself is always taken."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was found.

    Attributes:
        files: In the order of the command line, sorted within folders, each once.
        others: Files in the folders that are no documents by their names.
    """

    files: tuple[Path, ...]
    others: int


def find_inputs(paths: Iterable[str]) -> Inputs:
    """Find the documents that paths name.

    A folder stands for the documents in it and below, hidden ones left out; a pattern such as ``in/**/*.jpg``
    (where the shell did not expand it) for what it matches; anything else for itself, there or not.

    Raises:
        UsageError: A pattern matches nothing.
    """
    found: dict[Path, None] = {}
    others = 0
    for text in paths:
        path = Path(text)
        if path.is_dir():
            documents, rest = _in_folder(path)
            others += rest
            found.update(dict.fromkeys(documents))
        elif not path.exists() and glob.has_magic(text):
            found.update(dict.fromkeys(_matching(text)))
        else:
            found[path] = None
    return Inputs(tuple(found), others)


def _in_folder(folder: Path) -> tuple[list[Path], int]:
    below = [
        path for path in folder.rglob("*") if not path.is_dir() and not _hidden(path.relative_to(folder))
    ]
    documents = sorted(path for path in below if path.suffix.lower() in SUFFIXES)
    return documents, len(below) - len(documents)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _matching(pattern: str) -> list[Path]:
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise UsageError(f"no file matches {pattern!r}", hint="check the pattern, or name a folder")
    return files
