"""One process that keeps others running: started in order, restarted with back-off, ended in reverse order.

Standard library only: the process that must not fall over has little in it that could.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from segocr.service.logs import tell

_log = logging.getLogger("segocr.serve")
_SHORTEST_PAUSE = 0.2
_LONGEST_PAUSE = 30.0
_SOUND_SECONDS = 60.0
"""A child that ran for so long was well: its next restart comes at once."""
_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def noted_signals(*numbers: int) -> Iterator[int]:
    """Turn signals into bytes, their numbers, on a descriptor to read from, for a ``with`` block.

    For the main thread; nothing is interrupted.
    """
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before_descriptor = signal.set_wakeup_fd(writer)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield reader
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_descriptor)
        os.close(reader)
        os.close(writer)


def drained(descriptor: int) -> bytes:
    """Return what waits on a non-blocking descriptor, perhaps nothing."""
    try:
        return os.read(descriptor, 4096)
    except BlockingIOError:
        return b""


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running.

    Attributes:
        name: For the log.
        command: Its words.
        environment: All of its variables.
        first: Further words for its first start only.
        log: Where what it prints goes; None: where this process prints.
        descriptors: Open files that it inherits.
        stop_seconds: How long it may take to end when told to, before it is killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    first: Sequence[str] = ()
    log: Path | None = None
    descriptors: tuple[int, ...] = ()
    stop_seconds: float = 15.0


class _Place:
    """Where one child runs, or waits to be started again."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        self._starts = 0
        self._pause = _SHORTEST_PAUSE
        self._started = 0.0

    def start(self) -> None:
        """Start it, with the words of the first start if it is that."""
        child = self.child
        words = [*child.command, *(child.first if self._starts == 0 else ())]
        with ExitStack() as stack:
            try:
                output = None if child.log is None else stack.enter_context(child.log.open("ab"))
                self.process = subprocess.Popen(
                    words,
                    env=dict(child.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output or 2,
                    stderr=output,
                    pass_fds=child.descriptors,
                    start_new_session=True,  # a Ctrl-C is for the supervisor, which ends the others in order
                )
            except OSError as error:  # no memory, no process numbers, a full disk: they pass
                self._again(0.0)
                tell(_log, logging.ERROR, "not started", child=child.name, why=error.strerror)
                return
        self._starts += 1
        self._started = time.monotonic()
        tell(_log, logging.INFO, "started", child=child.name, pid=self.process.pid, start=self._starts)

    def reap(self) -> None:
        """Notice that it ended, and say when it is to be started again."""
        if self.process is None or self.process.poll() is None:
            return
        self._again(time.monotonic() - self._started)
        tell(_log, logging.WARNING, "ended", child=self.child.name, pid=self.process.pid,
             status=self.process.returncode, again_in=f"{self._pause:g}s")  # fmt: skip
        self.process = None

    def _again(self, lasted: float) -> None:
        sound = lasted > _SOUND_SECONDS
        self._pause = _SHORTEST_PAUSE if sound else min(self._pause * 2, _LONGEST_PAUSE)
        self.due = time.monotonic() + self._pause

    def end(self, hurry: Callable[[], bool]) -> None:
        """Tell it to end and wait until it is gone; kill it when it takes too long or there is a hurry."""
        if self.process is None:
            return
        self.process.terminate()
        deadline = time.monotonic() + self.child.stop_seconds
        while self.process.poll() is None:
            if hurry() or time.monotonic() > deadline:
                tell(_log, logging.WARNING, "killed", child=self.child.name, pid=self.process.pid)
                self.process.kill()
                self.process.wait()
        tell(_log, logging.INFO, "stopped", child=self.child.name, status=self.process.returncode)
        self.process = None


class Supervisor:
    """Keeps children running until SIGINT or SIGTERM; a second one of these kills all that still run.

    Args:
        children: In the order of their start; they end in reverse. Each has to end with this process by
            itself (``segocr.parentdeath``), should this one be killed.
        started: Called with a child's name whenever that was started.
    """

    def __init__(self, children: Sequence[Child], started: Callable[[str], None] = lambda _: None) -> None:
        self._started = started
        self._places = [_Place(child) for child in children]

    def run(self) -> None:
        """Start the children and keep them running; returns when all have ended. For the main thread."""
        with noted_signals(signal.SIGCHLD, *_ENDING) as reader:
            try:
                while not self._told_to_end(reader, self._start_due()):
                    for place in self._places:
                        place.reap()
            finally:
                tell(_log, logging.INFO, "stopping")
                self._end_all(reader)

    def _end_all(self, reader: int) -> None:
        """End the children in reverse order; once told a second time, kill this one and all that are left."""
        hurried = False

        def hurry() -> bool:
            nonlocal hurried
            hurried = hurried or self._told_to_end(reader, 0.5)
            return hurried

        for place in reversed(self._places):
            place.end(hurry)

    def _start_due(self) -> float | None:
        """Start what is due; return the seconds until the next one is, None if all run."""
        now = time.monotonic()
        waits = []
        for place in self._places:
            if place.process is None and place.due <= now:
                place.start()
                if place.process is not None:
                    self._started(place.child.name)
            elif place.process is None:
                waits.append(place.due - now)
        return min(waits, default=None)

    def _told_to_end(self, reader: int, seconds: float | None) -> bool:
        """Wait for signals; say whether one of them asks for the end."""
        if not select.select([reader], [], [], seconds)[0]:
            return False
        return any(number in _ENDING for number in drained(reader))
