"""When to look at the inboxes again: at the interval, when a folder changed, and often while files settle.

Folders are watched by their time of change, which also works where the kernel tells of no events (NFS, SMB).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from segocr.settings import Settings

_GLANCE = 0.5
"""Seconds between two looks at the folders' times."""
_SHARE = 200
"""Looking takes at most one part in so many of the time."""
_FASTEST, _SLOW = 0.1, 5.0


class Folders:
    """Folders and all below them, by their times of change.

    Attributes:
        cost: Seconds that the last look took.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [str(root) for root in roots]
        self._known: dict[str, tuple[int, list[str]]] = {}
        self.cost = 0.0

    def changed(self) -> bool:
        """Say whether an entry came or went in any of them since the last call; the first says yes."""
        begin = time.monotonic()
        before, self._known = self._known, {}
        for root in self._roots:
            self._look(root, before)
        self.cost = time.monotonic() - begin
        return {folder: known[0] for folder, known in before.items()} != {
            folder: known[0] for folder, known in self._known.items()
        }

    def _look(self, root: str, before: dict[str, tuple[int, list[str]]]) -> None:
        pending = [root]
        while pending:
            folder = pending.pop()
            try:
                moment = Path(folder).stat(follow_symlinks=folder == root).st_mtime_ns
                known = before.get(folder)
                below = known[1] if known and known[0] == moment else _folders_in(folder)
            except OSError:  # it is gone, or not this user's: the sweep says so
                continue
            self._known[folder] = (moment, below)
            pending += below


def _folders_in(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [
            entry.path
            for entry in entries
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
        ]


class Pace:
    """Says when the next sweep is due.

    Args:
        settings: Of a workspace: intervals and settling times of its inboxes.
    """

    def __init__(self, settings: Settings) -> None:
        self._interval = min((inbox.interval for inbox in settings.inbox), default=30.0)
        self._settle = min((inbox.settle_seconds for inbox in settings.inbox), default=5.0)
        self._next = 0.0
        self._moved = 0.0

    def due(self) -> bool:
        """Say whether a sweep is due, whatever the folders say."""
        return time.monotonic() >= self._next

    def swept(self, waiting: int, cost: float, *, moving: bool) -> None:
        """Note a sweep.

        Args:
            waiting: How many files still settle.
            cost: Seconds it took.
            moving: Whether files came, went or were claimed.
        """
        now = time.monotonic()
        if moving:
            self._moved = now
        pause = self._interval
        if waiting:
            quiet = now - self._moved > 2 * self._settle + _SLOW
            often = max(_FASTEST, min(0.5, self._settle / 4))
            pause = min(self._interval, max(_SLOW if quiet else often, 20 * cost))
        self._next = now + pause

    def pause(self, cost: float) -> float:
        """Return the seconds to wait before the next look, which takes ``cost`` seconds."""
        glance = max(_GLANCE, _SHARE * cost)
        return max(0.0, min(glance, self._next - time.monotonic()))
