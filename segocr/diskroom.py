"""Whether a disk has room for what is to be written, asked before hours are spent."""

from __future__ import annotations

import shutil
from pathlib import Path

from segocr.errors import ConfigurationError

_SPARE = 1.1


def require_room(target: Path, needed: int, *, hint: str) -> None:
    """Refuse to write what the disk has no room for.

    Args:
        target: Where it would lie; itself or a folder above it exists.
        needed: Bytes; a tenth more must be free.
        hint: What to do where they are not.

    Raises:
        ConfigurationError: ``disk-full``.
    """
    target = target.resolve()
    there = next(folder for folder in (target, *target.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < needed * _SPARE:
        raise ConfigurationError(
            f"{there} has {free / 1e6:.0f} MB free; about {needed / 1e6:.0f} MB would be written",
            code="disk-full",
            hint=hint,
        )
