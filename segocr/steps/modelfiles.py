"""Model files inside a host: found, digested, refused with a clear reason. Guest code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from segocr.steps.protocol import Refusal


def require_file(path: Path, suffixes: tuple[str, ...], engine: str) -> Path:
    """Return the path if it is a file that the engine can take.

    Raises:
        Refusal: ``model-absent`` or ``model-kind``.
    """
    if not path.is_file():
        raise Refusal("model", "model-absent", f"the model {path} does not exist")
    if path.suffix not in suffixes:
        raise Refusal(
            "model", "model-kind", f"{path.name}: the engine {engine} takes {' or '.join(suffixes)} files"
        )
    return path


def digest_files(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of files' contents, in order, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in paths:
        stat = path.stat()
        digest.update(_digest_one(path, stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()


@lru_cache(maxsize=64)
def _digest_one(path: Path, size: int, changed: int) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
