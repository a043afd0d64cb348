"""Model files inside a host: found, digested, refused with a clear reason. Guest code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from segocr.steps.protocol import Refusal

Model = TypeVar("Model")
_State = tuple[tuple[str, int, int], ...]


class Loaded(Generic[Model]):
    """The models that a host keeps loaded: the last few, and each as its files are now.

    Args:
        load: Loads a model by what names it: a file, a folder, or a name that an engine knows.
        most: How many stay.
    """

    def __init__(self, load: Callable[[str], Model], most: int) -> None:
        self._load = load
        self._most = most
        self._models: dict[str, tuple[_State, Model]] = {}

    def get(self, name: str) -> Model:
        """Return a model, loaded if it is not, or if its files were replaced since.

        Raises:
            Refusal: As loading does.
        """
        state = _state_of(Path(name))
        known = self._models.pop(name, None)
        if known is None or known[0] != state:
            known = None  # its memory is needed for the one that takes its place
            if len(self._models) >= self._most:
                del self._models[next(iter(self._models))]
            known = (state, self._load(name))
        self._models[name] = known
        return known[1]


def _state_of(path: Path) -> _State:
    """Return what changes when a model's file, those beside it, or those in its folder are replaced."""
    if not path.is_absolute():  # a name; its files come with the environment
        return ()
    files = [*path.glob("*"), *path.glob("*/*")] if path.is_dir() else [path, path.with_suffix(".bin")]
    found = []
    for file in sorted(files):
        try:
            stat = file.stat()
        except OSError:
            continue
        found.append((str(file), stat.st_size, stat.st_mtime_ns))
    return tuple(found)


def require_file(path: Path, suffixes: tuple[str, ...], engine: str) -> Path:
    """Return the path if it is a file that the engine can take.

    Raises:
        Refusal: ``model-absent`` or ``model-kind``.
    """
    if not path.is_file():
        raise Refusal("model", "model-absent", f"the model {path} does not exist")
    if path.suffix not in suffixes:
        raise Refusal(
            "model", "model-kind", f"{path}: the engine {engine} takes {' or '.join(suffixes)} files"
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
