"""Which code made a result: digests of segocr's own source files, so that nobody has to count versions.

A recipe changes when what decides changes, and so does what is cached of it. Two halves, because replaying
repeats the second alone: from a page to lattices (``reading_code``), from lattices to values
(``deciding_code``). What is kept of either has a digest of the part that makes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_SOURCE = Path(__file__).parent
_CONSTRAINTS = ("constraints",)
_DECIDING = (
    *_CONSTRAINTS, "validators", "deciding", "overlaps.py", "readings.py", "fields.py", "steps/validate",
    "templates/implied.py", "templates/fieldspecs.py", "templates/spec.py", "templates/written.py",
)  # fmt: skip
_READING = (
    "geometry.py", "overlaps.py", "finding", "crops.py", "reading", "readings.py", "pipeline.py", "textlines",
    "steps/open", "steps/ocr", "steps/segment", "steps/openvino_models.py",
)  # fmt: skip
_LINES = (
    *_CONSTRAINTS, "geometry.py", "crops.py",
    "textlines/layout.py", "textlines/lines.py", "textlines/mending.py",
    "steps/ocr", "steps/openvino_models.py", "training/heads/cache.py",
)  # fmt: skip


@cache
def constraints_code() -> str:
    """Return the SHA-256 of what compiles and searches constraints, 64 hexadecimal digits."""
    return _digest(_CONSTRAINTS)


@cache
def deciding_code() -> str:
    """Return the SHA-256 of what makes values of lattices."""
    return _digest(_DECIDING)


@cache
def reading_code() -> str:
    """Return the SHA-256 of what makes lattices of pages."""
    return _digest(_READING)


@cache
def lines_code() -> str:
    """Return the SHA-256 of what finds, reads and keeps a page's lines for the training of heads."""
    return _digest(_LINES)


def _digest(names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for path in _files(names):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(_SOURCE).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _files(names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        path = _SOURCE / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.is_file() else []
