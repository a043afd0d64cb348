"""Moving files without losing, replacing or following anything; each move can be repeated after a crash."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from segocr.inbox.nolinks import NotTheFile, folder_at, folder_of, open_at

PARTIAL = ".partial"
"""How the name of a copy ends that is not whole yet. Each copy has a name of its own: whoever else copies
the same file, because this process stood still for too long, neither writes into it nor calls it whole."""
_BLOCK = 1 << 20
_LONGEST_NAME = 255  # bytes; ext4, XFS, NTFS and SMB agree
_LONGEST_SUFFIX = 16  # bytes, with its dot
_NO_HARD_LINKS = (
    errno.EPERM, errno.EACCES, errno.EINVAL, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP,
)  # fmt: skip
"""What file systems and shares say that have no hard links, or not for this file."""
_MAKE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a file failed, as written beside it."""

    path: str
    sha256: str | None
    attempts: int
    code: str | None


def name_with_id(arrival: uuid.UUID, name: str) -> str:
    """Return ``<id>-<name>``, the name cut in front of its suffix where it would be too long."""
    stem, suffix = _split(name)
    room = _LONGEST_NAME - len(f"{arrival}-") - len(suffix)
    return f"{arrival}-{os.fsdecode(_cut(stem, room) + suffix)}"


def _numbered(name: str, number: int) -> str:
    """Return ``<stem> (<number>)<suffix>``, the stem cut where it would be too long."""
    stem, suffix = _split(name)
    mark = f" ({number})".encode()
    return os.fsdecode(_cut(stem, _LONGEST_NAME - len(mark) - len(suffix)) + mark + suffix)


def _split(name: str) -> tuple[bytes, bytes]:
    """Split a name in front of its suffix; what is too long for a suffix is none."""
    stem, suffix = os.path.splitext(os.fsencode(name))  # noqa: PTH122  # a Path takes no bytes
    return (stem, suffix) if len(suffix) <= _LONGEST_SUFFIX else (stem + suffix, b"")


def _cut(stem: bytes, room: int) -> bytes:
    """Cut to so many bytes, or up to 3 less so that no half character of UTF-8 is left at the cut."""
    if len(stem) <= room:
        return stem
    end = room
    while end > room - 3 and stem[end] & 0xC0 == 0x80:
        end -= 1
    return stem[:end]


def take(root: Path, path: str, target: Path, on_block: Callable[[], object] = bool) -> None:
    """Move ``root/path`` to ``target``, a place that only moves of this file use.

    Of two processes that do so at once one has its way; for the other it counts as moved.

    Args:
        root: The inbox.
        path: The file, relative to it.
        target: Where it is to lie.
        on_block: Called for each block that is copied: across file systems that can take very long.

    Raises:
        FileNotFoundError: It is in neither place.
        NotTheFile: It is no regular file, its folder was replaced by a link, or it changed while it was
            copied; it stays where it is.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with folder_of(root, path) as (folder, name):
            _take_from(folder, name, target, on_block)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and target.exists():
            return  # an earlier run moved it, and stopped before saying so
        remove_empty(target.parent)
        raise


def remove_marker(root: Path, path: str, suffix: str) -> None:
    """Remove the marker of a file that was taken; call it only when the file is safe.

    After a crash between the two, it is called again. Until then somebody may have dropped a new file of that
    name, and its own marker: the marker stays if it is not older than the file that stands there.
    """
    with suppress(OSError), folder_of(root, path) as (folder, name):
        made = os.stat(name + suffix, dir_fd=folder, follow_symlinks=False).st_mtime_ns
        with suppress(FileNotFoundError):
            if made >= os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns:
                return
        os.unlink(name + suffix, dir_fd=folder)


def _take_from(folder: int, name: str, target: Path, on_block: Callable[[], object]) -> None:
    if target.exists():
        _remove_copied(folder, name, target)
        return
    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise NotTheFile(errno.EINVAL, "not a regular file", name)
    try:
        os.rename(name, target, src_dir_fd=folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _take_a_copy(folder, name, target, on_block)


def _remove_copied(folder: int, name: str, target: Path) -> None:
    """Remove what a run copied that stopped then; what is, or may be, a new file of that name is left."""
    with suppress(NotTheFile, PermissionError), open_at(folder, name) as source:
        found = _state(os.fstat(source.fileno()))
        if hashlib.file_digest(source, "sha256").digest() == _digest(target):
            _remove_same(folder, name, found, found.size)


def _take_a_copy(folder: int, name: str, target: Path, on_block: Callable[[], object]) -> None:
    with open_at(folder, name) as source, folder_at(target.parent, ()) as work:
        found = _state(os.fstat(source.fileno()))
        partial = _new_partial(work, "")
        size = _copy(source, work, partial, on_block)
        try:
            _rename_new(work, partial, work, target.name)
        except FileExistsError:  # who had it in hand before was not dead, and was quicker
            os.unlink(partial, dir_fd=work)
            _remove_copied(folder, name, target)
            return
        os.fsync(work)
        try:
            _remove_same(folder, name, found, size)
        except (NotTheFile, PermissionError):
            target.unlink()
            raise  # after any other error the original may be gone: the copy is compared with it next time


@dataclass(frozen=True, slots=True)
class _State:
    """What tells whether a file is another one, or has other bytes."""

    device: int
    inode: int
    size: int
    mtime_ns: int


def _state(found: os.stat_result) -> _State:
    return _State(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _remove_same(folder: int, name: str, expected: _State, copied: int) -> None:
    """Remove a file of which so many bytes were copied, if it is still as it was before that.

    Raises:
        NotTheFile: It is another one, or changed; it stays.
    """
    # What remains: bytes written between these two calls, or later by a program that has the file open and
    # was still for all of settle_seconds, are lost. No call removes a file on condition that it is unchanged.
    found = _state(os.stat(name, dir_fd=folder, follow_symlinks=False))
    if found != expected or copied != expected.size:
        raise NotTheFile(errno.EBUSY, "it changed while it was copied", name)
    os.unlink(name, dir_fd=folder)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _new_partial(folder: int, start: str) -> str:
    """Return a name for a new copy, and remove what a run left of the same file that stopped.

    If that one still runs, it finds its own copy gone, and gives up.
    """
    for name in os.listdir(folder):
        if name.startswith(start) and name.endswith(PARTIAL):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
    return f"{start}{uuid.uuid4().hex}{PARTIAL}"


def _copy(source: BinaryIO, folder: int, name: str, on_block: Callable[[], object] = bool) -> int:
    """Copy to a new file that has not its last name yet, and sync it; return how many bytes it has."""
    found = os.fstat(source.fileno())
    mode = 0o600 | stat.S_IMODE(found.st_mode) & 0o666
    with os.fdopen(os.open(name, _MAKE_FILE, mode, dir_fd=folder), "wb") as sink:
        try:
            _pour(source, sink, on_block)
            os.utime(sink.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
            os.fsync(sink.fileno())
        except BaseException:  # a full disk, a database that is away: what was written is given back
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            raise
        return sink.tell()


def _pour(source: BinaryIO, sink: BinaryIO, on_block: Callable[[], object]) -> None:
    while block := source.read(_BLOCK):
        sink.write(block)
        on_block()
    sink.flush()


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
        with folder_at(target.parent, ()) as folder:
            _move_new(source, folder, target.name)


def _move_new(source: Path, folder: int, name: str) -> None:
    """Move where nothing stands, across file systems too.

    Raises:
        FileExistsError: Something stands there.
    """
    try:
        _rename_new(None, source, folder, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # A start that only this source has, hidden from scans: others may write in this folder.
        partial = _new_partial(folder, f".{hashlib.sha256(os.fsencode(source)).hexdigest()[:16]}-")
        with open_at(None, source) as file:
            _copy(file, folder, partial)
        try:
            _rename_new(folder, partial, folder, name)
        except OSError:
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)
            raise
        os.fsync(folder)
        source.unlink(missing_ok=True)


def _rename_new(before: int | None, source: str | Path, folder: int, name: str) -> None:
    """Rename where nothing stands; by a hard link where the file system has them: it never replaces."""
    try:
        os.link(source, name, src_dir_fd=before, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, "another file stands there", name) from error
        os.rename(source, name, src_dir_fd=before, dst_dir_fd=folder)
        return
    with suppress(FileNotFoundError):  # two who moved the same file: its new name stands
        os.unlink(source, dir_fd=before)


def return_to(source: Path, root: Path, path: str) -> Path:
    """Put a file back under its inbox; where a new file has its name it gets a number before the suffix.

    No link is followed below the inbox. Where something else has taken the place of its sub-folder, or this
    user may not write there, it goes to the inbox's top folder: there it settles again, as if dropped anew.

    Returns:
        Where it lies now.

    Raises:
        OSError: It could not be put there either; it stays where it is.
    """
    root.mkdir(parents=True, exist_ok=True)
    try:
        return root / _return_below(source, root, path)
    except (NotTheFile, PermissionError):
        return root / _return_below(source, root, path.rpartition("/")[2])


def _return_below(source: Path, root: Path, path: str) -> str:
    with folder_of(root, path, make=True) as (folder, name):
        free, number = name, 1
        while True:
            try:
                _move_new(source, folder, free)
            except FileExistsError:
                number += 1
                free = _numbered(name, number)
            else:
                return path.removesuffix(name) + free


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
