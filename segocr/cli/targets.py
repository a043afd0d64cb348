"""Where commands may write reports and pictures: not over documents, nor among them.

A shell that expands ``--report scans/*.jpg`` names the first document there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from segocr.errors import UsageError
from segocr.inputs import SUFFIXES
from segocr.reports.html import is_report

_HINT = "name the report's own file, such as --report report.html"


def check_report(path: Path) -> None:
    """Refuse to write a report where it would replace something else, or cannot be written.

    Raises:
        UsageError: There is no such folder, the name is a document's, or what is there is no file (a pipe, a
            terminal), or a file that is neither empty nor a report.
    """
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--report {path}: there is no folder {path.parent}", hint=f"mkdir -p {path.parent}")
    if path.suffix.lower() in SUFFIXES:
        raise UsageError(f"--report {path}: a document is called so, not a report", hint=_HINT)
    if path.exists() and not path.is_file():  # opening a pipe waits for whoever writes into it
        raise UsageError(f"--report {path}: a report is a file, and that is none", hint=_HINT)
    if path.exists() and not (path.stat().st_size == 0 or is_report(path)):  # mktemp makes empty ones
        raise UsageError(f"--report {path}: what is there is no report, and is not replaced", hint=_HINT)


def check_overlays(folder: Path, paths: Iterable[str], files: Iterable[Path]) -> None:
    """Refuse a folder for overlays whose pictures would be read as documents the next time.

    Args:
        folder: Where overlays go.
        paths: What was named to be read.
        files: The documents that it stands for.

    Raises:
        UsageError: The folder holds one of the documents, or lies in a folder that is read.
    """
    place = folder.resolve()
    read = [Path(path).resolve() for path in paths if Path(path).is_dir()]
    if any(place.is_relative_to(top) for top in read) or place in {file.parent.resolve() for file in files}:
        raise UsageError(
            f"--overlay {folder}: overlays among the documents would be read as documents the next time",
            hint="name a folder outside of those that are read",
        )
