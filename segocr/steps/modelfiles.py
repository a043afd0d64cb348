"""Model files inside a host: found, digested, refused with a clear reason. Guest code."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from segocr.steps.protocol import Refusal

Model = TypeVar("Model")
_Stamp = tuple[int, int, int, int]
_State = tuple[tuple[str, _Stamp], ...]


class Loaded(Generic[Model]):
    """The models that a host keeps loaded: the last few, and each as its files are now.

    Args:
        load: Loads a model by what names it: a file, a folder, or a name that an engine knows; and by the
            digest that it is to have (None: whatever is there).
        digest_of: Says which one a loaded model has.
        most: How many stay.
    """

    def __init__(
        self, load: Callable[[str, str | None], Model], digest_of: Callable[[Model], str], most: int
    ) -> None:
        self._load = load
        self._digest_of = digest_of
        self._most = most
        self._models: dict[str, tuple[_State, Model]] = {}

    def get(self, name: str, wanted: str | None = None) -> Model:
        """Return a model, loaded if it is not, or if its files were replaced since.

        Args:
            name: What names it.
            wanted: The digest that it is to have; None: whatever is there.

        Raises:
            Refusal: As loading does; ``model-changed`` if it is not the one wanted, or was replaced while it
                was loaded, so that nobody knows what its digest was taken of.
        """
        state = _state_of(Path(name))
        known = self._models.pop(name, None)
        if known is None or known[0] != state:
            known = None  # its memory is needed for the one that takes its place
            if len(self._models) >= self._most:
                del self._models[next(iter(self._models))]
            known = (state, self._load(name, wanted))
            if _state_of(Path(name)) != state:
                raise Refusal("model", "model-changed", f"{name} was replaced while it was being loaded")
        self._models[name] = known
        require_digest(name, self._digest_of(known[1]), wanted)
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
        found.append((str(file), _stamp(stat)))
    return tuple(found)


def _stamp(stat: os.stat_result) -> _Stamp:
    """Return what tells a file from one that took its place; the time of a change of it cannot be set."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


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
        digest.update(_digest_one(path, _stamp(path.stat())))
    return digest.hexdigest()


def digest_of_one(sha256: str) -> str:
    """Return what ``digest_files`` says of one file that has this SHA-256."""
    return hashlib.sha256(bytes.fromhex(sha256)).hexdigest()


@lru_cache(maxsize=64)
def _digest_one(path: Path, stamp: _Stamp) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def require_digest(name: str, digest: str, wanted: str | None) -> None:
    """Refuse a model whose digest is not the one wanted (None: any is).

    Raises:
        Refusal: ``model-changed``.
    """
    if wanted is not None and digest != wanted:
        raise Refusal("model", "model-changed", f"{name} was replaced while it was in use")


@contextmanager
def exactly(path: Path, wanted: str) -> Iterator[Path]:
    """Give a copy that nobody else writes to of a file whose bytes are those wanted, and of no other.

    Args:
        path: The file; it may be replaced at any moment.
        wanted: What ``digest_files`` says of the bytes.

    Raises:
        Refusal: ``model-changed``.
    """
    with tempfile.TemporaryDirectory(prefix="segocr-model-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        require_digest(str(path), digest_files([copy]), wanted)
        yield copy
