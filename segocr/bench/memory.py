"""Memory: proportional set size (PSS) of a process and of everything that it started."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """PSS in MB (10⁶ bytes): of the orchestrating process, and of the processes below it."""

    orchestrator: float
    hosts: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.orchestrator + self.hosts


def measure(process: int) -> Memory:
    """Add up the PSS of a process and of its descendants; one that ends meanwhile counts nothing.

    Pages that several processes share are counted once, in equal parts (``smaps_rollup`` of proc(5)).
    """
    below = sum(pss(other) for other in descendants(process))
    return Memory(pss(process), below)


def pss(process: int) -> float:
    """Return the PSS of one process in MB; 0 if it is gone."""
    try:
        text = (_PROC / str(process) / "smaps_rollup").read_text("ascii")
    except OSError:
        return 0.0
    kilobytes = next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
    return kilobytes * 1024 / 1e6


def descendants(process: int) -> Iterator[int]:
    """Yield the processes that a process started, and those that they started."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                # The name in parentheses may hold anything; the parent is the second word after it.
                parent = int((folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(folder.name))
    waiting = list(children.get(process, ()))
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(children.get(one, ()))


class Peak:
    """Samples a process tree in a thread while a block runs, and keeps the largest sum.

    Args:
        process: The tree's root.
        interval: Seconds between samples; one takes a few milliseconds of processor time.
    """

    def __init__(self, process: int, interval: float = 0.25) -> None:
        self._process = process
        self._interval = interval
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak", daemon=True)
        self.memory = Memory(0.0, 0.0)

    def __enter__(self) -> Peak:
        """Begin to sample."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take a last sample and end."""
        self._done.set()
        self._thread.join()
        self._keep()

    def _sample(self) -> None:
        while not self._done.wait(self._interval):
            self._keep()

    def _keep(self) -> None:
        now = measure(self._process)
        if now.total > self.memory.total:
            self.memory = now
