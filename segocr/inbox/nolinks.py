"""Files below a folder that others write in, reached without following a link of theirs.

A path is walked step by step, each folder opened relative to the one before: whoever puts a link in the place
of a sub-folder, at whatever moment, does not lead this user's rights elsewhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened: no link is followed, no pipe waited for."""
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class NotTheFile(OSError):
    """What stands under the path is not the file that was seen there: a link, a pipe, or it changed."""


@contextmanager
def folder_at(root: Path, folders: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """Open a folder below a root step by step, following no link below it; yield its descriptor.

    Args:
        root: May be, or lie behind, a link: it is this user's own choice. Others write only below it.
        folders: The names on the way.
        make: Whether folders that lack are made.

    Raises:
        NotTheFile: A link or a file stands in the place of a folder, or the way leaves the root.
        OSError: A folder is absent, or this user may not open it.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = _step(descriptor, folder, make)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _step(descriptor: int, folder: str, make: bool) -> int:
    if folder in ("", ".", ".."):
        raise NotTheFile(errno.EINVAL, "the path leaves the inbox", folder)
    if make:
        with suppress(FileExistsError):
            os.mkdir(folder, dir_fd=descriptor)  # a Path takes no descriptor
    try:
        return os.open(folder, _OPEN_FOLDER, dir_fd=descriptor)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotTheFile(error.errno, "its folder is a link", folder) from error
        raise


@contextmanager
def folder_of(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Open the folder of ``root/path`` as ``folder_at`` does; yield its descriptor and the file's name."""
    *folders, name = path.split("/")
    if name in ("", ".", ".."):
        raise NotTheFile(errno.EINVAL, "the path leaves the inbox", path)
    with folder_at(root, folders, make=make) as descriptor:
        yield descriptor, name


def look(root: Path, path: str) -> os.stat_result:
    """Return what is known of ``root/path``; no link is followed."""
    with folder_of(root, path) as (folder, name):
        return os.stat(name, dir_fd=folder, follow_symlinks=False)


def is_gone(root: Path, path: str) -> bool:
    """Whether nothing stands at ``root/path`` for sure; where this user may not look, something may."""
    try:
        look(root, path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def why_unreadable(root: Path, path: str) -> str | None:
    """Return ``unreadable`` if the file cannot be opened now, else None."""
    try:
        with folder_of(root, path) as (folder, name):
            os.close(os.open(name, OPEN_FILE, dir_fd=folder))
    except OSError:
        return "unreadable"
    return None


def open_at(folder: int | None, name: str | Path) -> BufferedReader:
    """Open a regular file, no link and no pipe.

    Raises:
        NotTheFile: It is none.
    """
    try:
        descriptor = os.open(name, OPEN_FILE, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise NotTheFile(error.errno, "not a regular file", str(name)) from error
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise NotTheFile(errno.EINVAL, "not a regular file", str(name))
