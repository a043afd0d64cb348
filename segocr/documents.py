"""Documents: the bytes of one file, known by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from segocr.errors import DocumentError
from segocr.inbox.nolinks import OPEN_FILE, folder_of

_BLOCK = 1 << 20
_KINDS = {
    stat.S_IFDIR: "a folder, no file",
    stat.S_IFIFO: "a pipe, no file",
    stat.S_IFSOCK: "a socket, no file",
    stat.S_IFCHR: "a device, no file",
    stat.S_IFBLK: "a device, no file",
    stat.S_IFLNK: "a link, no file",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One file's content.

    Attributes:
        path: Where it was found (what a person sees; never trusted).
        sha256: Digest of its bytes, 64 lower-case hexadecimal digits: the document's identity.
        size: Length in bytes.
    """

    path: Path
    sha256: str
    size: int


@contextmanager
def opened(path: Path, *, below: Path | None = None, follow_links: bool = False) -> Iterator[int]:
    """Open a regular file for reading, never waiting for a pipe.

    Args:
        path: The file.
        below: A folder on the way to it that others write in: no link of theirs is followed below it, in the
            place of a sub-folder either, whatever ``follow_links`` says.
        follow_links: Whether a link stands for the file that it leads to. What somebody else dropped may be
            a link to a file that only this user may read; what this user named is meant.

    Yields:
        The file descriptor, closed on leaving.

    Raises:
        DocumentError: ``not-found``, ``not-a-file`` (folder, pipe, device, socket, link) or ``no-access``.
    """
    try:
        descriptor = _open(path, below, follow_links)
    except FileNotFoundError as error:
        what = "file that the link leads to" if path.is_symlink() else "file"
        raise DocumentError(f"the {what} does not exist", code="not-found") from error
    except PermissionError as error:
        raise DocumentError("the file may not be read by this user", code="no-access") from error
    except OSError as error:
        raise DocumentError(_what_stands_at(path, error), code="not-a-file") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise DocumentError(f"this is {_KINDS.get(stat.S_IFMT(mode), 'no file')}", code="not-a-file")
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path, below: Path | None, follow_links: bool) -> int:
    if below is None:
        return os.open(path, OPEN_FILE & ~os.O_NOFOLLOW if follow_links else OPEN_FILE)
    with folder_of(below, str(path.relative_to(below))) as (folder, name):
        return os.open(name, OPEN_FILE, dir_fd=folder)


def _what_stands_at(path: Path, error: OSError) -> str:
    try:
        kind = _KINDS.get(stat.S_IFMT(path.lstat().st_mode))
    except OSError:
        kind = None
    return f"this is {kind} ({error.strerror})" if kind else f"this is no file ({error.strerror})"


def hashed(path: Path, descriptor: int, *, max_bytes: int) -> Document:
    """Hash an open file from its start.

    Raises:
        DocumentError: ``empty`` for 0 bytes; ``too-large`` above the limit; ``unreadable``: the disk fails.
    """
    size = os.fstat(descriptor).st_size
    if size == 0:
        raise DocumentError("the file is empty (0 bytes)", code="empty")
    if size > max_bytes:
        raise DocumentError(
            f"the file has {size / 1e6:.0f} MB, the limit is {max_bytes / 1e6:.0f} MB",
            code="too-large",
            hint="raise limits.file_mb in segocr.toml if this is wanted",
        )
    digest = hashlib.sha256()
    try:
        while block := os.read(descriptor, _BLOCK):
            digest.update(block)
    except OSError as error:
        raise DocumentError(f"the file cannot be read ({error.strerror})", code="unreadable") from error
    return Document(path=path, sha256=digest.hexdigest(), size=size)
