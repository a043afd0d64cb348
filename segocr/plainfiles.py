"""Small files that people write: read whole, and only if they are files.

A pipe would be waited for until somebody writes to it, a device has no end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


class FileTooLarge(OSError):
    """A file has more bytes than what it is for may have."""


def read_plain(path: Path, most: int) -> bytes:
    """Return a regular file's content.

    Args:
        path: The file; a link stands for the one that it leads to.
        most: Bytes that it may have.

    Raises:
        FileTooLarge: It has more.
        OSError: It is absent, no file or cannot be read.
    """
    with open(path, "rb", opener=_unwaited) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        content = stream.read(most + 1)
    if len(content) > most:
        raise FileTooLarge(errno.EFBIG, f"it is larger than {most >> 10} KiB", str(path))
    return content


def _unwaited(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
