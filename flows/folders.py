"""Folders by their times of change, which also tell where the kernel tells of no events (NFS, SMB)."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path


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
