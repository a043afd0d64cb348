"""Moving files without losing, replacing or following anything; each move can be repeated after a crash."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".partial"
"""A copy that is not whole yet."""
_LONGEST_NAME = 255  # bytes; ext4, XFS, NTFS and SMB agree
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class NotTheFile(OSError):
    """What stands under the path is no regular file any more."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a file failed, as written beside it."""

    path: str
    sha256: str | None
    attempts: int
    code: str | None


def name_with_id(arrival: uuid.UUID, name: str) -> str:
    """Return ``<id>-<name>``, the name cut in front of its suffix where it would be too long."""
    room = _LONGEST_NAME - len(f"{arrival}-")
    raw = os.fsencode(name)
    if len(raw) > room:
        stem, dot, suffix = raw.rpartition(b".")
        tail = dot + suffix if dot and len(suffix) < 16 else b""
        raw = (stem if tail else raw)[: room - len(tail)] + tail
        # Do not leave half a character at the cut.
        raw = raw.decode("utf-8", "ignore").encode() or b"file"
    return f"{arrival}-{os.fsdecode(raw)}"


@contextmanager
def _folder_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """Open the folder of ``root/path`` step by step, following no link; yield its descriptor and the name."""
    *folders, name = path.split("/")
    if name in ("", ".", "..") or ".." in folders:
        raise NotTheFile(errno.EINVAL, "the path leaves the inbox", path)
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(folder, _OPEN_FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor, name
    finally:
        os.close(descriptor)


def why_unreadable(root: Path, path: str) -> str | None:
    """Return ``unreadable`` if the file cannot be opened now, else None."""
    try:
        with _folder_of(root, path) as (folder, name):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            os.close(os.open(name, flags, dir_fd=folder))
    except OSError:
        return "unreadable"
    return None


def take(root: Path, path: str, target: Path) -> None:
    """Move ``root/path`` to ``target``, a place that only this move uses.

    Raises:
        FileNotFoundError: It is in neither place.
        NotTheFile: It is no regular file, or its folder was replaced by a link.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with _folder_of(root, path) as (folder, name):
            _take_from(folder, name, target)
    except FileNotFoundError:
        if not target.exists():  # else an earlier run moved it, and stopped before saying so
            with suppress(OSError):
                target.parent.rmdir()
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotTheFile(error.errno, "its folder is a link", path) from error
        raise


def remove(root: Path, path: str) -> None:
    """Remove ``root/path``, if it is there; no link is followed on the way."""
    with suppress(OSError), _folder_of(root, path) as (folder, name):
        os.unlink(name, dir_fd=folder)


def _take_from(folder: int, name: str, target: Path) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        raise NotTheFile(errno.EINVAL, "not a regular file", name)
    if target.exists():
        # Copied by a run that stopped before it removed the original; or a new file of that name, then left.
        if _digest(target) == _digest_at(folder, name):
            os.unlink(name, dir_fd=folder)
        return
    try:
        os.rename(name, target, src_dir_fd=folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with os.fdopen(_open_at(folder, name), "rb") as source:
            _copy(source, target)
        os.unlink(name, dir_fd=folder)


def _open_at(folder: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)


def _digest_at(folder: int, name: str) -> bytes:
    with os.fdopen(_open_at(folder, name), "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _copy(source: BinaryIO, target: Path) -> None:
    """Copy to a neighbour's name, sync, then give it its own: a half copy is never taken for a whole one."""
    partial = target.with_name(PARTIAL)
    try:
        with partial.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
            sink.flush()
            os.fsync(sink.fileno())
    except OSError:  # a full disk: what was written is given back
        partial.unlink(missing_ok=True)
        raise
    found = os.fstat(source.fileno())
    os.utime(partial, ns=(found.st_atime_ns, found.st_mtime_ns))
    partial.rename(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def settle_in(source: Path, target: Path) -> None:
    """Move a file to its last place, whose name holds its id; it is there already after a crash.

    Raises:
        FileExistsError: Other bytes stand there; they are not replaced.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.exists():
        if source.exists() and source != target:
            if _digest(source) != _digest(target):
                raise FileExistsError(errno.EEXIST, "another file stands there", str(target))
            source.unlink()
        return
    if source.exists():
        _move_new(source, target)


def _move_new(source: Path, target: Path) -> None:
    """Move where nothing stands; by a hard link where the file system has them, since it never replaces."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno == errno.EXDEV:
            with source.open("rb") as file:
                _copy(file, target)
        elif target.exists():
            raise FileExistsError(errno.EEXIST, "another file stands there", str(target)) from error
        else:
            source.rename(target)
            return
    source.unlink()


def return_to(source: Path, root: Path, path: str) -> Path:
    """Put a file back under its inbox; where a new file has its name it gets a number before the suffix."""
    wanted = root / path
    target, number = wanted, 1
    while True:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _move_new(source, target)
        except FileExistsError:
            number += 1
            target = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        else:
            return target


def write_reasons(path: Path, reasons: Reasons) -> None:
    """Write why a file failed beside it, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(reasons), indent=2) + "\n", encoding="utf-8")
    partial.rename(path)


def remove_empty(folder: Path) -> None:
    """Remove a folder that has nothing in it any more."""
    with suppress(OSError):
        folder.rmdir()
