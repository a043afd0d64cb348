"""Processor time of processes and of what they started: a measure that a busy machine disturbs little."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from segocr.bench.memory import descendants


def processor_seconds(roots: Iterable[int]) -> float:
    """Return the user and system time so far of processes and of those below them that still run."""
    return sum(own_seconds(process) for root in roots for process in (root, *descendants(root)))


def own_seconds(process: int) -> float:
    """Return the user and system time so far of one process alone; 0 if it is gone."""
    try:
        words = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    # Words 14 and 15 of proc(5) are utime and stime; two stand before the closing parenthesis.
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
