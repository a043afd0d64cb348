"""Where an ended arrival's file can lie for good: under its own name, or another if that is taken."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from segocr.inbox import moving
from segocr.inbox.arrivals import Arrival


def free_place(arrival: Arrival, here: Path, wanted: Path) -> Path:
    """Return the last place of a file that nothing else has taken; where it lies already, if it was moved.

    Args:
        arrival: Whose file it is.
        here: Where it was worked on; it is gone from there if a crash came after it was moved.
        wanted: The place it is to have; where other bytes stand, a number goes in front of the name.

    Raises:
        OSError: A folder cannot be looked into.
    """
    if not is_there(here):
        return moved_to(arrival, wanted.parent) or wanted
    place, number = wanted, 1
    while _is_taken(place, here):
        number += 1
        # In front: behind a long name it would be cut off.
        place = wanted.with_name(moving.name_with_id(arrival.id, f"{number}-{arrival.name}"))
    return place


def moved_to(arrival: Arrival, folder: Path) -> Path | None:
    """Return where in a folder a file lies that was moved there before a crash; None: it was not.

    Raises:
        OSError: The folder cannot be looked into.
    """
    moved = sorted(folder.glob(f"{arrival.id}-*"))
    return next((place for place in moved if _is_of(arrival, place)), None)


def is_there(path: Path) -> bool:
    """Whether anything has a name, be it a link that leads nowhere."""
    return _found(path) is not None


def _found(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _is_of(arrival: Arrival, place: Path) -> bool:
    """Whether the arrival's bytes lie there; those that were never hashed are known by size and time."""
    found = place.lstat()
    if not stat.S_ISREG(found.st_mode):
        return False
    if arrival.sha256 is None:
        return (found.st_size, found.st_mtime_ns) == (arrival.size, arrival.mtime_ns)
    return _digest(place) == arrival.sha256


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a file; None if this user may not read it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        return None


def _is_taken(place: Path, here: Path) -> bool:
    """Whether something else stands there than what a crash left of this very file."""
    found = _found(place)
    if found is None:
        return False
    if not stat.S_ISREG(found.st_mode):  # a folder, a link, a pipe: not to be opened
        return True
    other = _digest(place)
    return other is None or other != _digest(here)
