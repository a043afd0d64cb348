"""Looking through an inbox: the files that could be taken, their markers, and sub-folders that are closed."""

from __future__ import annotations

import fnmatch
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from segocr.inbox.arrivals import Sighting
from segocr.inbox.nolinks import NotTheFile, folder_at
from segocr.inbox.places import MARKER, Inbox
from segocr.service.logs import tell

_log = logging.getLogger("segocr.inbox")
MAX_DEPTH = 100
"""Levels of sub-folders that are looked into: the way to each is walked anew, so that no link is followed."""
_told_closed: dict[str, frozenset[str]] = {}
"""By inbox, the sub-folders of which this process has said that they cannot be listed."""


def scan(inbox: Inbox, on_closed: Callable[[str], None] | None = None) -> Iterator[Sighting]:
    """Yield the regular files below an inbox; links, pipes, devices and ignored names are passed over.

    Args:
        inbox: The folder.
        on_closed: Called with each sub-folder, relative to the inbox, that this user may not list, or that
            lies too deep.

    Raises:
        OSError: The inbox itself cannot be listed.
    """
    ignored = re.compile("|".join(map(fnmatch.translate, inbox.ignore)) or r"(?!)", re.IGNORECASE).match
    closed = on_closed or (lambda folder: None)
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            files, folders = _look_into(inbox.folder, below, ignored)
        except (FileNotFoundError, NotTheFile):
            if not below:
                raise  # else a sub-folder that vanished
        except OSError:
            if not below:
                raise
            closed(below)
        else:
            yield from files
            for folder in folders:
                (closed if folder.count("/") >= MAX_DEPTH else pending.append)(folder)


def _look_into(root: Path, below: str, ignored: Callable[[str], object]) -> tuple[list[Sighting], list[str]]:
    """Return the files and the folders in one folder of an inbox, reached without following a link."""
    files: list[Sighting] = []
    folders: list[str] = []
    way = below.split("/") if below else []
    with folder_at(root, way) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            if ignored(entry.name):
                continue
            path = f"{below}/{entry.name}" if below else entry.name
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.is_file(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    files.append(Sighting(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    return files, folders


def take_out_markers(sightings: dict[str, Sighting]) -> set[str]:
    """Take the markers out of the sightings; return the paths that they call whole.

    A marker that is older than its file speaks of what stood there before. Its file may have been given a
    time in the future, or by another clock: then the file system's own times of both count. A file with the
    name of a marker is none if it has a marker itself.
    """
    markers: dict[str, Sighting] = {}
    for path in sorted((path for path in sightings if path.endswith(MARKER)), key=len, reverse=True):
        if path + MARKER not in markers:
            markers[path] = sightings[path]
    for path in markers:
        del sightings[path]
    files = {path: sightings.get(path.removesuffix(MARKER)) for path in markers}
    return {
        file.path
        for path, file in files.items()
        if file is not None
        and (markers[path].mtime_ns >= file.mtime_ns or markers[path].ctime_ns >= file.ctime_ns)
    }


def tell_closed(inbox: Inbox, closed: Sequence[str]) -> None:
    """Log which sub-folders are not looked into; each once, since sweeps follow each other within seconds."""
    for folder in sorted(set(closed) - _told_closed.get(inbox.key, frozenset())):
        deep = folder.count("/") >= MAX_DEPTH
        why = f"lies more than {MAX_DEPTH} levels deep" if deep else "cannot be listed"
        event = f"the sub-folder {folder!r} {why}: what is in it is not taken"
        tell(_log, logging.WARNING, event, code="unreadable", inbox=inbox.key)
    _told_closed[inbox.key] = frozenset(closed)
