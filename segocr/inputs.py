"""The documents that paths name: files, folders and patterns; the same for the command line and Python."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from segocr.errors import UsageError
from segocr.wildcards import match

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".bmp", ".pdf"}
)
"""Of what can be opened. Of a folder, files with these are taken; a file that is named itself always is."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was found.

    Attributes:
        files: In the order of the paths, sorted within folders. What folders and patterns stand for comes
            once, a file that is named itself as often as it is.
        others: How many files in the folders are no documents by their names.
        linked: How many links to folders, in the folders or below the ``**`` of patterns, were not followed.
    """

    files: tuple[Path, ...]
    others: int = 0
    linked: int = 0


def find_inputs(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Inputs:
    """Find the documents that paths name.

    A folder stands for the documents in it and below, hidden ones left out; links to files count as files,
    also those that lead nowhere (their records fail), links to folders are not followed. A folder that cannot
    be listed stands for itself (its record fails). A text such as ``in/**/*.jpg``, where no file has that
    name, is a pattern and stands for each path that it matches; its ``**`` does not follow links, either.
    Anything else stands for itself, there or not.

    Args:
        paths: One or several. Only texts are taken for patterns, a ``Path`` never is.

    Raises:
        UsageError: A pattern matches nothing, or a text is not how a file is named: empty, an address, ``-``.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    files: list[Path] = []
    known: set[Path] = set()
    stood_for: set[Path] = set()
    links: set[Path] = set()
    others = 0
    for path, named in _matched(paths, links):
        if named and not path.is_dir():
            new = [] if path in stood_for else [path]
        else:
            inside = _in_folder(path) if path.is_dir() else _Inside([path])
            others += inside.others
            links.update(inside.links)
            new = [file for file in inside.files if file not in known]
            stood_for.update(new)
        files += new
        known.update(new)
    return Inputs(tuple(files), others, len(links))


def _matched(paths: Iterable[str | os.PathLike[str]], links: set[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield paths, and whether they were named, not matched; keep the links that patterns passed over."""
    for path in paths:
        if not isinstance(path, str) or os.path.lexists(path):
            yield Path(path), True
            continue
        _refuse_what_names_no_file(path)
        if not glob.has_magic(path):
            yield Path(path), True
            continue
        found = match(path)
        if not found.paths:
            raise UsageError(f"no file matches {path!r}", hint="check the pattern, or name a folder")
        links.update(found.links)
        yield from ((each, False) for each in sorted(found.paths))


def _refuse_what_names_no_file(text: str) -> None:
    if not text:
        raise UsageError(
            "an empty path names no file",
            hint="perhaps a variable of the shell is empty; the current folder is '.'",
        )
    if text == "-":
        raise UsageError(
            "documents are not read from standard input", hint="write it to a file and name that"
        )
    if _ADDRESS.match(text):
        raise UsageError(
            f"{text!r} is an address, not a file", hint="download the document, then name its file"
        )


@dataclass(frozen=True, slots=True)
class _Inside:
    files: list[Path]
    others: int = 0
    links: frozenset[Path] = frozenset()


def _in_folder(folder: Path) -> _Inside:
    files: list[Path] = []
    links: set[Path] = set()
    others = 0

    def keep(error: OSError) -> None:
        files.append(Path(error.filename))

    for place, folders, names in os.walk(folder, onerror=keep):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links.update(path for name in folders if (path := Path(place, name)).is_symlink())
        visible = [Path(place, name) for name in names if not name.startswith(".")]
        documents = [path for path in visible if path.suffix.lower() in SUFFIXES]
        files += documents
        others += len(visible) - len(documents)
    return _Inside(sorted(files), others, frozenset(links))
